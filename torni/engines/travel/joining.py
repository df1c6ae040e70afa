"""Where a home or a unit meets the road, and what the leg between them costs.

The one rule: a leg goes over the ground that one stands on, to the nearest road of one's own piece of the network. To
another piece it goes on foot where streets lead there that shut the mode, and at the mode's pace over a gap of the map.
A network of main roads alone tells by what it lacks nothing of the ground: there a leg goes to the nearest six points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import FORBIDDEN, Arcs, Floats, Mode, RoadGraph
from torni.engines.travel.on_foot import OnFoot
from torni.engines.travel.pieces import Flags, Numbers, Side, joinable
from torni.engines.travel.samples import NEAR_M, Box, Found, Places, nowhere, put

SAMPLE_M = 500.0  # main roads are met at points this far apart along each edge
STREET_SAMPLE_M = (
    50.0  # streets, which are all drawn: one goes out to the nearest, and to none farther by more than this
)
UNREACHED = np.int64(FORBIDDEN)
JOINED, OVER_GAP, ON_FOOT, APART = range(4)


@dataclass(frozen=True, eq=False)
class Joints:
    """Ways from points to the network: `node[i, j]` is reached from (or reaches) point i in `leg_ds[i, j]`.

    A leg of `UNREACHED` is none. Where streets are drawn, of each point too: `ground` that it stands on, `piece` of the
    mode there, `away_m` to its nearest road, and `how` it meets the network: JOINED, OVER_GAP, ON_FOOT or APART (none).
    """

    node: npt.NDArray[np.int32]
    leg_ds: Numbers
    ground: Numbers | None = None
    piece: Numbers | None = None
    away_m: Floats | None = None
    how: Numbers | None = None


class RoadsToJoin:
    """The points where the network may be met by one mode, asked for any number of homes and units.

    `around_x`, `around_y`: where most questions will be; the answers do not depend on them.
    """

    def __init__(self, graph: RoadGraph, mode: Mode, network: Arcs, around_x: Floats, around_y: Floats) -> None:
        self._graph, self._mode, self._arcs = graph, mode, network
        self._sides = dict(zip((True, False), joinable(graph, network, mode.piece_km * 1000), strict=True))
        self._box: Box | None = None
        if len(around_x):
            west, south, east, north = around_x.min(), around_y.min(), around_x.max(), around_y.max()
            self._box = (west - NEAR_M, south - NEAR_M, east + NEAR_M, north + NEAR_M)
        self._places: dict[tuple[Side, tuple[int, ...]], Places] = {}
        self._main: dict[tuple[Side, int], int] = {}
        self._on_foot: dict[tuple[Side, int], OnFoot] = {}
        if graph.ground is not None and graph.land is not None:
            self._ground, self._land = graph.ground[graph.tail], graph.land[graph.tail]
            self._standing = _Standing(graph, self._sides[True].road, mode.piece_km * 1000, self._box)

    def leaving(self, x: Floats, y: Floats) -> Joints:
        """From homes to nodes: the joining leg, then along the edge in its allowed direction."""
        return self._join(x, y, self._mode.within_cell_km * 1000, leaving=True)

    def arriving(self, x: Floats, y: Floats) -> Joints:
        """From nodes to units."""
        return self._join(x, y, 0.0, leaving=False)

    def _join(self, x: Floats, y: Floats, shortest_m: float, *, leaving: bool) -> Joints:
        side = self._sides[leaving]
        if self._graph.ground is None:
            return Joints(*self._legs(self._at(side).nearest(x, y), shortest_m, leaving))
        ground, away = self._standing.under(x, y)
        own, over_gap = nowhere(len(x)), nowhere(len(x))
        main = np.full(len(x), -1, np.int64)
        for one, here in _groups(ground):
            if (side.road & (self._ground == one)).any():
                put(own, here, self._own(side, one, x[here], y[here]))
                main[here] = self._main_of(side, one)
        got, first = np.isfinite(own[0][:, 0]), own[2][:, 0]
        loose = got & ~side.usable[first]
        # Streets lead from the loose piece to a network, and shut the mode; or a gap of the map parts the two.
        led = loose & self._lands_with_network(side)[self._land[first]]
        walks = self._walks(side, own, led, leaving, np.inf)
        # Nobody may walk there either, but those who live behind their own gate or road.
        private = led & (walks[1].min(axis=1) >= UNREACHED)
        for one, here in _groups(np.where(((loose & ~led) | private) & (main >= 0), ground, -1)):
            put(over_gap, here, self._over_gap(side, one, x[here], y[here]))
        aside = got & ~loose & (side.piece[first] != main)
        blocks = [
            self._legs(own, shortest_m, leaving), self._legs(over_gap, shortest_m, leaving, private), walks,
            self._walks(side, own, aside, leaving, self._mode.gap_km * 1000),
        ]  # fmt: skip
        legs = [leg for _, leg in blocks]
        beyond = (legs[1].min(axis=1) < UNREACHED) | (walks[1].min(axis=1) < UNREACHED)
        how = np.select([~got, ~loose, ~beyond, led], [APART, JOINED, APART, ON_FOOT], OVER_GAP)
        kept = [i for i, leg in enumerate(legs) if i == 0 or (leg < UNREACHED).any()]
        node = np.concatenate([blocks[i][0] for i in kept], axis=1)
        leg = np.concatenate([legs[i] for i in kept], axis=1)
        return Joints(node, leg, ground, np.where(got, side.joined[first], -1), away, how)

    def _own(self, side: Side, ground: int, x: Floats, y: Floats) -> Found:
        """The nearest points of the piece that each stands on."""
        found = self._at(side, ground).nearest(x, y)
        first = side.piece[found[2][:, 0]]
        mixed = ((side.piece[found[2]] != first[:, None]) & np.isfinite(found[0])).any(axis=1)
        for one, here in _groups(np.where(mixed, first, -1)):
            put(found, here, self._at(side, ground, one).nearest(x[here], y[here]))
        return _no_farther(found)

    def _over_gap(self, side: Side, ground: int, x: Floats, y: Floats) -> Found:
        """The nearest points of the network that is nearest on the ground."""
        found = nowhere(len(x))
        for one, here in _groups(side.piece[self._at(side, ground, -1).nearest(x, y)[2][:, 0]]):
            put(found, here, self._at(side, ground, one).nearest(x[here], y[here]))
        return _no_farther(found)

    def _walks(
        self, side: Side, own: Found, here: Flags, leaving: bool, most_m: float
    ) -> tuple[npt.NDArray[np.int32], Numbers]:
        """On foot to a network from a loose piece, or to the ground's main one from another that is near it."""
        node, leg = np.zeros((len(here), 2), np.int32), np.full((len(here), 2), UNREACHED)
        if here.any():
            distance, fraction, edge = (part[here, 0] for part in own)
            far = len(self._main) if np.isfinite(most_m) else -1
            if (side, far) not in self._on_foot:
                edges = np.flatnonzero(side.usable & (self._mains(side) if far >= 0 else True))
                goal = np.zeros(self._graph.nodes, bool)
                goal[self._graph.tail[edges]] = goal[self._graph.head[edges]] = True
                self._on_foot[side, far] = OnFoot(self._graph, goal, self._mode, leaving=leaving)
            node[here], leg[here] = self._on_foot[side, far].legs(distance, edge, fraction, self._mode, most_m)
        return node, leg

    def _lands_with_network(self, side: Side) -> Flags:
        """By land, whether it has any network of the mode."""
        out = np.zeros(int(self._land.max(initial=0)) + 1, bool)
        out[self._land[side.usable]] = True
        return out

    def _mains(self, side: Side) -> Flags:
        """The edges of every ground's main network, of the grounds that were asked for."""
        mains = [(g, piece) for (s, g), piece in self._main.items() if s is side and piece >= 0]
        out = np.zeros(len(self._ground), bool)
        for ground, piece in mains:
            out |= (self._ground == ground) & (side.piece == piece)
        return out

    def _main_of(self, side: Side, ground: int) -> int:
        """The number of the longest network on a ground; -1 for none."""
        if (side, ground) not in self._main:
            usable = np.flatnonzero(side.usable & (self._ground == ground))
            names, number = np.unique(side.piece[usable], return_inverse=True)
            metres = np.bincount(number, self._graph.length_m[usable], len(names))
            self._main[side, ground] = int(names[metres.argmax()]) if len(names) else -1
        return self._main[side, ground]

    def _at(self, side: Side, *which: int) -> Places:
        """Where one may join: any network; any road of a ground; of its pieces one, or with -1 any network."""
        if (side, which) not in self._places:
            edges = side.road & (self._ground == which[0]) if which else side.usable
            if len(which) > 1:
                edges = edges & (side.usable if which[1] < 0 else side.piece == which[1])
            step = SAMPLE_M if self._graph.ground is None else STREET_SAMPLE_M
            self._places[side, which] = Places(self._graph, edges, self._box, step)
        return self._places[side, which]

    def _legs(
        self, found: Found, shortest_m: float, leaving: bool, on_foot: Flags | None = None
    ) -> tuple[npt.NDArray[np.int32], Numbers]:
        distance, fraction, edge = found
        got = np.isfinite(distance)
        metres = np.where(got, distance, 0.0)
        leg = self._mode.leg_ds(np.maximum(metres, shortest_m))
        if on_foot is not None and on_foot.any():
            leg[on_foot] = np.maximum(leg, self._mode.walk_ds(metres))[on_foot]
        leg = np.where(got, leg, UNREACHED)
        forward, backward = self._arcs.forward_ds[edge].astype(np.int64), self._arcs.backward_ds[edge].astype(np.int64)
        if leaving:
            to_head, to_tail = _part(forward, 1 - fraction), _part(backward, fraction)
        else:
            to_head, to_tail = _part(backward, 1 - fraction), _part(forward, fraction)
        node = np.concatenate([self._graph.tail[edge], self._graph.head[edge]], axis=1)
        total = np.concatenate([leg + to_tail, leg + to_head], axis=1)
        return node.astype(np.int32), np.minimum(total, UNREACHED)


class _Standing:
    """Which ground a point stands on: that of the nearest road of the mode, or of any on a land that is no loose piece,
    or of a pier without a road."""

    def __init__(self, graph: RoadGraph, road: Flags, piece_m: float, box: Box | None) -> None:
        from scipy.spatial import cKDTree

        assert graph.land is not None and graph.ground is not None
        firm_edge = ~graph.at_sea & (graph.land[graph.tail] >= 0)
        land = graph.land[graph.tail]
        lands = int(graph.land.max(initial=0)) + 1
        firm = np.bincount(land[firm_edge], graph.length_m[firm_edge], lands) >= piece_m
        ports = np.concatenate([graph.tail[graph.at_sea], graph.head[graph.at_sea]])
        firm[graph.land[ports[graph.land[ports] >= 0]]] = True
        edges = road | (firm_edge & firm[land])
        self._ground = graph.ground[graph.tail]
        self._roads = Places(graph, edges, box, STREET_SAMPLE_M, choices=1)
        shore = np.zeros(graph.nodes, bool)
        shore[ports] = True
        shore[graph.tail[firm_edge]] = shore[graph.head[firm_edge]] = False
        piers = np.flatnonzero(shore & (graph.ground >= 0))
        self._pier_ground = graph.ground[piers]
        self._piers = cKDTree(np.column_stack([graph.x[piers], graph.y[piers]])) if len(piers) else None

    def under(self, x: Floats, y: Floats) -> tuple[Numbers, Floats]:
        metres, _, edge = self._roads.nearest(x, y)
        away = metres[:, 0]
        ground = np.where(np.isfinite(away), self._ground[edge[:, 0]], -1).astype(np.int64)
        if self._piers is not None:
            to_pier, pier = self._piers.query(np.column_stack([x, y]))
            ground = np.where(to_pier < away, self._pier_ground[pier], ground)
        return ground, away


def _groups(names: Numbers) -> Iterator[tuple[int, Flags]]:
    """Each name from 0 on, and where it stands."""
    for one in np.unique(names):
        if one >= 0:
            yield int(one), names == one


def _no_farther(found: Found) -> Found:
    """Without the points that are farther than the nearest by more than a sampling step: beside it, not beyond it."""
    distance = found[0]
    distance[distance > distance[:, :1] + STREET_SAMPLE_M] = np.inf
    return found


def _part(cost: npt.NDArray[np.int64], share: Floats) -> npt.NDArray[np.int64]:
    """A share of an edge's cost, rounded up; an end that coincides with the sample is free even on a closed way."""
    part = np.ceil(cost * share - 1e-9).astype(np.int64)
    return np.where(share == 0, 0, np.where(cost >= FORBIDDEN, UNREACHED, part))


@dataclass(frozen=True, eq=False)
class DirectTrips:
    """Trips short enough to go without the network, as a sparse list: home, unit, cost."""

    home: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]
    cost_ds: npt.NDArray[np.int64]


def direct_trips(
    home_x: Floats, home_y: Floats, unit_x: Floats, unit_y: Floats, mode: Mode, homes_at: Joints, units_at: Joints
) -> DirectTrips:
    """Trips within `mode.direct_km`.

    Where streets are drawn, those over one ground that are no longer than the two legs to the streets that they spare:
    what lies beyond the nearest street is gone to by the streets.
    """
    from scipy.spatial import cKDTree

    if mode.direct_km <= 0 or not len(unit_x) or not len(home_x):
        none = np.empty(0, np.int64)
        return DirectTrips(none, none, none)
    units = cKDTree(np.column_stack([unit_x, unit_y]))
    homes = cKDTree(np.column_stack([home_x, home_y]))
    pairs = homes.sparse_distance_matrix(units, mode.direct_km * 1000, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    if homes_at.ground is not None and units_at.ground is not None:
        assert homes_at.away_m is not None and units_at.away_m is not None
        spared = homes_at.away_m[pairs["i"]] + units_at.away_m[pairs["j"]] + STREET_SAMPLE_M
        same = (homes_at.ground[pairs["i"]] == units_at.ground[pairs["j"]]) & (homes_at.ground[pairs["i"]] >= 0)
        pairs = pairs[same & (pairs["v"] <= spared)]
    cost = mode.leg_ds(np.maximum(pairs["v"], mode.within_cell_km * 1000))
    if homes_at.piece is not None and units_at.piece is not None:
        here = homes_at.piece[pairs["i"]]
        parted = (here != units_at.piece[pairs["j"]]) | (here < 0)
        cost = np.where(parted, np.maximum(cost, mode.walk_ds(pairs["v"])), cost)
    return DirectTrips(pairs["i"].astype(np.int64), pairs["j"].astype(np.int64), cost)
