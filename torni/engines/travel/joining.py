"""Where a home or a unit meets the road, and what the leg between them costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from torni.engines.travel.graph import FORBIDDEN, Arcs, Floats, Mode, RoadGraph

SAMPLE_M = 500.0  # roads are met at points this far apart along each edge
NEAR_M = 40_000.0  # roads this far around the homes are tried first; the others only for points that need them
CHOICES = 6  # nearest such points tried for every home and unit
UNREACHED = np.int64(FORBIDDEN)


@dataclass(frozen=True, eq=False)
class Joints:
    """Ways from points to the network: `node[i, j]` is reached from (or reaches) point i in `leg_ds[i, j]`."""

    node: npt.NDArray[np.int32]
    leg_ds: npt.NDArray[np.int64]


class RoadsToJoin:
    """The points where the network may be met by one mode, asked for any number of homes and units.

    `around_x`, `around_y`: where most questions will be; the answers do not depend on them.
    """

    def __init__(self, graph: RoadGraph, mode: Mode, network: Arcs, around_x: Floats, around_y: Floats) -> None:
        self._graph, self._mode, self._arcs = graph, mode, network
        self._usable = (network.forward_ds < FORBIDDEN) & (graph.fixed_s == 0)
        self._samples: _Samples | None = None
        if len(around_x):
            self._box = (
                around_x.min() - NEAR_M,
                around_y.min() - NEAR_M,
                around_x.max() + NEAR_M,
                around_y.max() + NEAR_M,
            )
            west, south, east, north = self._box
            x, y = graph.x, graph.y
            inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
            near = self._usable & (inside[graph.tail] | inside[graph.head])
            self._near = _Samples(graph, np.flatnonzero(near)) if near.sum() >= CHOICES else None
        else:
            self._near = None

    def _nearest(self, x: Floats, y: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Distance, fraction and edge of the nearest samples: from the near roads where they surely are all of them."""
        if self._near is not None:
            distance, fraction, edge = self._near.query(x, y)
            west, south, east, north = self._box
            # Every sample outside the box's roads is farther than the box's edge, less one sampling step.
            to_edge = np.minimum.reduce([x - west, east - x, y - south, north - y]) - SAMPLE_M
            if (distance[:, -1] <= to_edge).all():
                return distance, fraction, edge
        if self._samples is None:
            self._samples = _Samples(self._graph, np.flatnonzero(self._usable))
        return self._samples.query(x, y)

    def leaving(self, x: Floats, y: Floats) -> Joints:
        """From homes to nodes: the joining leg, then along the edge in its allowed direction."""
        return self._join(x, y, shortest_m=self._mode.within_cell_km * 1000, leaving=True)

    def arriving(self, x: Floats, y: Floats) -> Joints:
        """From nodes to units."""
        return self._join(x, y, shortest_m=0.0, leaving=False)

    def _join(self, x: Floats, y: Floats, *, shortest_m: float, leaving: bool) -> Joints:
        distance, fraction, edge = self._nearest(x, y)
        leg = self._mode.leg_ds(np.maximum(distance, shortest_m))
        forward, backward = self._arcs.forward_ds[edge].astype(np.int64), self._arcs.backward_ds[edge].astype(np.int64)
        if leaving:
            to_head, to_tail = _part(forward, 1 - fraction), _part(backward, fraction)
        else:
            to_head, to_tail = _part(backward, 1 - fraction), _part(forward, fraction)
        node = np.concatenate([self._graph.tail[edge], self._graph.head[edge]], axis=1)
        total = np.concatenate([leg + to_tail, leg + to_head], axis=1)
        return Joints(node.astype(np.int32), np.minimum(total, UNREACHED))


class _Samples:
    """Points every 500 m along some edges, both ends included, in a tree."""

    def __init__(self, graph: RoadGraph, edges: npt.NDArray[np.int64]) -> None:
        dx = graph.x[graph.head[edges]] - graph.x[graph.tail[edges]]
        dy = graph.y[graph.head[edges]] - graph.y[graph.tail[edges]]
        pieces = np.maximum(1, np.ceil(np.hypot(dx, dy) / SAMPLE_M)).astype(np.int64)
        count = pieces + 1
        which = np.repeat(np.arange(len(edges)), count)
        step = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        self.fraction = step / pieces[which]
        self.edge = edges[which]
        tail = graph.tail[self.edge]
        self.tree = cKDTree(
            np.column_stack([graph.x[tail] + dx[which] * self.fraction, graph.y[tail] + dy[which] * self.fraction])
        )

    def query(self, x: Floats, y: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        choices = min(CHOICES, len(self.edge))
        distance, sample = self.tree.query(np.column_stack([x, y]), k=choices)
        sample = sample.reshape(len(x), choices)
        return distance.reshape(len(x), choices), self.fraction[sample], self.edge[sample]


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


def direct_trips(home_x: Floats, home_y: Floats, unit_x: Floats, unit_y: Floats, mode: Mode) -> DirectTrips:
    if mode.direct_km <= 0 or not len(unit_x) or not len(home_x):
        none = np.empty(0, np.int64)
        return DirectTrips(none, none, none)
    units = cKDTree(np.column_stack([unit_x, unit_y]))
    homes = cKDTree(np.column_stack([home_x, home_y]))
    pairs = homes.sparse_distance_matrix(units, mode.direct_km * 1000, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    cost = mode.leg_ds(np.maximum(pairs["v"], mode.within_cell_km * 1000))
    return DirectTrips(pairs["i"].astype(np.int64), pairs["j"].astype(np.int64), cost)
