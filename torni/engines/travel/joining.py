"""Where a home or a unit meets the road, and what the leg between them costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from torni.engines.travel.graph import FORBIDDEN, Arcs, Floats, Mode, RoadGraph
from torni.engines.travel.pieces import joinable

SAMPLE_M = 500.0  # roads are met at points this far apart along each edge
NEAR_M = 40_000.0  # roads this far around the homes are tried first; the others only for points that need them
CHOICES = 6  # nearest such points tried for every home and unit
UNREACHED = np.int64(FORBIDDEN)
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Joints:
    """Ways from points to the network: `node[i, j]` is reached from (or reaches) point i in `leg_ds[i, j]`.

    A leg of `UNREACHED` is none. `shore`: the land that each point is on where a ferry lands there, else -1. `apart`: the
    piece that each stands on where one comes from it to the network on foot, else -1.
    """

    node: npt.NDArray[np.int32]
    leg_ds: npt.NDArray[np.int64]
    shore: npt.NDArray[np.int64] | None = None
    apart: npt.NDArray[np.int64] | None = None


class RoadsToJoin:
    """The points where the network may be met by one mode, asked for any number of homes and units.

    A point stands on one shore, that of the nearest road of whatever kind or of a pier without any, and joins the roads of that shore only: what
    is across the water is reached by ferry. `around_x`, `around_y`: where most questions will be; the answers do not
    depend on them.
    """

    def __init__(self, graph: RoadGraph, mode: Mode, network: Arcs, around_x: Floats, around_y: Floats) -> None:
        self._graph, self._mode, self._arcs = graph, mode, network
        found = joinable(graph, network, mode.piece_km * 1000)
        self._usable = {True: found.leaving, False: found.arriving}
        self._same = np.array_equal(found.leaving, found.arriving)
        self._shore = found.shore[graph.tail]
        self._box: Box | None = None
        if len(around_x):
            west, south, east, north = around_x.min(), around_y.min(), around_x.max(), around_y.max()
            self._box = (west - NEAR_M, south - NEAR_M, east + NEAR_M, north + NEAR_M)
        self._land = _Places(graph, found.land, self._box, 1) if (self._shore >= 0).any() else None
        self._places: dict[tuple[bool, int], _Places] = {}
        # Numbered past the lands: nobody joins a road from there.
        self._piers = (
            cKDTree(np.column_stack([graph.x[found.piers], graph.y[found.piers]])) if len(found.piers) else None
        )
        self._first_pier = graph.nodes
        self._apart, self._on_foot = found.apart, found.on_foot
        self._around: _Places | None = None
        if found.on_foot is not None:
            road = ((network.forward_ds < FORBIDDEN) | (network.backward_ds < FORBIDDEN)) & (graph.fixed_s == 0)
            self._around = _Places(graph, road & (found.on_foot[graph.tail] >= 0), self._box, 1)

    def leaving(self, x: Floats, y: Floats) -> Joints:
        """From homes to nodes: the joining leg, then along the edge in its allowed direction."""
        return self._join(x, y, shortest_m=self._mode.within_cell_km * 1000, leaving=True)

    def arriving(self, x: Floats, y: Floats) -> Joints:
        """From nodes to units."""
        return self._join(x, y, shortest_m=0.0, leaving=False)

    def _join(self, x: Floats, y: Floats, *, shortest_m: float, leaving: bool) -> Joints:
        shore = np.full(len(x), -1, np.int64)
        if self._land is not None:
            metres, _, edge = self._land.nearest(x, y)
            shore = self._shore[edge[:, 0]]
            if self._piers is not None:
                to_pier, pier = self._piers.query(np.column_stack([x, y]))
                shore = np.where(to_pier < metres[:, 0], self._first_pier + pier, shore)
        distance, fraction, edge = _nowhere(len(x))
        apart = self._standing_apart(x, y)
        for one in np.unique(shore):
            here = shore == one
            distance[here], fraction[here], edge[here] = self._on(int(one), leaving).nearest(x[here], y[here])
        if apart is not None:
            walk = apart >= 0
            distance[walk], fraction[walk], edge[walk] = self._across(x[walk], y[walk], apart[walk], leaving)
        found = np.isfinite(distance)
        leg = self._mode.leg_ds(np.maximum(np.where(found, distance, 0.0), shortest_m))
        if apart is not None:
            leg[walk] = np.maximum(leg, self._mode.walk_ds(np.where(found, distance, 0.0)))[walk]
        leg = np.where(found, leg, UNREACHED)
        forward, backward = self._arcs.forward_ds[edge].astype(np.int64), self._arcs.backward_ds[edge].astype(np.int64)
        if leaving:
            to_head, to_tail = _part(forward, 1 - fraction), _part(backward, fraction)
        else:
            to_head, to_tail = _part(backward, 1 - fraction), _part(forward, fraction)
        node = np.concatenate([self._graph.tail[edge], self._graph.head[edge]], axis=1)
        total = np.concatenate([leg + to_tail, leg + to_head], axis=1)
        return Joints(node.astype(np.int32), np.minimum(total, UNREACHED), shore, apart)

    def _standing_apart(self, x: Floats, y: Floats) -> npt.NDArray[np.int64] | None:
        """For each point, the piece apart that its nearest road is on, else -1; None where no point stands so."""
        if self._around is None or self._apart is None or not len(x):
            return None
        apart = self._apart[self._graph.tail[self._around.nearest(x, y)[2][:, 0]]]
        return apart if (apart >= 0).any() else None

    def _across(
        self, x: Floats, y: Floats, apart: npt.NDArray[np.int64], leaving: bool
    ) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Where points on pieces apart meet a network of the land that they walk on."""
        distance, fraction, edge = _nowhere(len(x))
        assert self._apart is not None and self._on_foot is not None
        tail = self._graph.tail
        land_of = np.full(self._graph.nodes, -1)
        land_of[self._apart] = self._on_foot
        land = land_of[apart]
        for one in np.unique(land):
            key = (leaving or self._same, -2 - int(one))
            if key not in self._places:
                main = self._usable[key[0]] & (self._apart[tail] < 0) & (self._on_foot[tail] == one)
                self._places[key] = _Places(self._graph, main, self._box)
            here = land == one
            distance[here], fraction[here], edge[here] = self._places[key].nearest(x[here], y[here])
        return distance, fraction, edge

    def _on(self, shore: int, leaving: bool) -> _Places:
        """The roads that a point on this shore may join: the shore's own, and those on no known shore."""
        key = (leaving or self._same, shore)
        if key not in self._places:
            usable = self._usable[key[0]]
            own = usable if shore < 0 else usable & ((self._shore == shore) | (self._shore < 0))
            self._places[key] = _Places(self._graph, own, self._box)
        return self._places[key]


class _Places:
    """The points of some edges that are nearest to any point: sought near the homes, and farther only where needed."""

    def __init__(
        self, graph: RoadGraph, usable: npt.NDArray[np.bool_], box: Box | None, choices: int = CHOICES
    ) -> None:
        self._graph, self._usable, self._box, self._choices = graph, usable, box, choices
        self._all: _Samples | None = None
        self._near: _Samples | None = None
        if box is not None:
            west, south, east, north = box
            inside = (graph.x >= west) & (graph.x <= east) & (graph.y >= south) & (graph.y <= north)
            near = usable & (inside[graph.tail] | inside[graph.head])
            self._near = _Samples(graph, np.flatnonzero(near), choices) if near.sum() >= CHOICES else None

    def nearest(self, x: Floats, y: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Distance, fraction and edge of the nearest samples: from the near roads where they surely are all of them."""
        if self._near is not None and self._box is not None:
            distance, fraction, edge = self._near.query(x, y)
            west, south, east, north = self._box
            # Every sample outside the box's roads is farther than the box's edge, less one sampling step.
            to_edge = np.minimum.reduce([x - west, east - x, y - south, north - y]) - SAMPLE_M
            if (distance[:, self._choices - 1] <= to_edge).all():
                return distance, fraction, edge
        if self._all is None:
            self._all = _Samples(self._graph, np.flatnonzero(self._usable), self._choices)
        return self._all.query(x, y)


class _Samples:
    """Points every 500 m along some edges, both ends included, in a tree: a rough one where only the nearest is asked for."""

    def __init__(self, graph: RoadGraph, edges: npt.NDArray[np.int64], choices: int) -> None:
        dx = graph.x[graph.head[edges]] - graph.x[graph.tail[edges]]
        dy = graph.y[graph.head[edges]] - graph.y[graph.tail[edges]]
        pieces = np.maximum(1, np.ceil(np.hypot(dx, dy) / SAMPLE_M)).astype(np.int64)
        count = pieces + 1
        which = np.repeat(np.arange(len(edges)), count)
        step = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        self.fraction = step / pieces[which]
        self.edge = edges[which]
        self.choices = min(choices, len(self.edge))
        tail = graph.tail[self.edge]
        self.tree = cKDTree(
            np.column_stack([graph.x[tail] + dx[which] * self.fraction, graph.y[tail] + dy[which] * self.fraction]),
            balanced_tree=choices > 1, compact_nodes=choices > 1,
        )  # fmt: skip

    def query(self, x: Floats, y: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        distance, fraction, edge = _nowhere(len(x))
        if choices := self.choices:
            near, sample = self.tree.query(np.column_stack([x, y]), k=choices)
            sample = sample.reshape(len(x), choices)
            distance[:, :choices] = near.reshape(len(x), choices)
            fraction[:, :choices], edge[:, :choices] = self.fraction[sample], self.edge[sample]
        return distance, fraction, edge


def _nowhere(points: int) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """No road to join: what fewer than the choices asked for are filled up with."""
    shape = (points, CHOICES)
    return np.full(shape, np.inf), np.zeros(shape), np.zeros(shape, np.int64)


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
    """Trips within `mode.direct_km`, none of them over the water between two shores."""
    if mode.direct_km <= 0 or not len(unit_x) or not len(home_x):
        none = np.empty(0, np.int64)
        return DirectTrips(none, none, none)
    units = cKDTree(np.column_stack([unit_x, unit_y]))
    homes = cKDTree(np.column_stack([home_x, home_y]))
    pairs = homes.sparse_distance_matrix(units, mode.direct_km * 1000, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    if homes_at.shore is not None and units_at.shore is not None:
        here, there = homes_at.shore[pairs["i"]], units_at.shore[pairs["j"]]
        pairs = pairs[(here == there) | (here < 0) | (there < 0)]
    cost = mode.leg_ds(np.maximum(pairs["v"], mode.within_cell_km * 1000))
    parted = _pieces(homes_at)[pairs["i"]] != _pieces(units_at)[pairs["j"]]
    cost = np.where(parted, np.maximum(cost, mode.walk_ds(pairs["v"])), cost)
    return DirectTrips(pairs["i"].astype(np.int64), pairs["j"].astype(np.int64), cost)


def _pieces(points: Joints) -> npt.NDArray[np.int64]:
    """The piece apart that each point is on; -1 for the network around."""
    return np.full(len(points.node), -1, np.int64) if points.apart is None else points.apart
