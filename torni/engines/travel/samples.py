"""Points along roads in a tree: which of them are nearest to any home or unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import Floats, RoadGraph

NEAR_M = 40_000.0  # roads this far around the homes are tried first; the others only for points that need them
CHOICES = 6  # nearest such points tried for every home and unit
Box = tuple[float, float, float, float]
Found = tuple[Floats, Floats, npt.NDArray[np.int64]]  # distance, fraction along the edge, edge; inf where none


def nowhere(points: int) -> Found:
    """No road to join: what fewer than the choices asked for are filled up with."""
    shape = (points, CHOICES)
    return np.full(shape, np.inf), np.zeros(shape), np.zeros(shape, np.int64)


def put(found: Found, here: npt.NDArray[np.bool_], part: Found) -> None:
    """Write what was found for some of the points into the whole."""
    for whole, some in zip(found, part, strict=True):
        whole[here] = some


def along(
    graph: RoadGraph, edges: npt.NDArray[np.int64], step_m: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], Floats]:
    """Points every `step_m` along some edges, both ends included: coordinates, the edge and the fraction of each."""
    tail = graph.tail[edges]
    dx, dy = graph.x[graph.head[edges]] - graph.x[tail], graph.y[graph.head[edges]] - graph.y[tail]
    pieces = np.maximum(1, np.ceil(np.hypot(dx, dy) / step_m)).astype(np.int64)
    count = pieces + 1
    which = np.repeat(np.arange(len(edges)), count)
    fraction = (np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)) / pieces[which]
    start = tail[which]
    points = np.column_stack([graph.x[start] + dx[which] * fraction, graph.y[start] + dy[which] * fraction])
    return points, edges[which], fraction


class Places:
    """The points of some edges that are nearest to any point: sought near the homes, and farther only where needed."""

    def __init__(
        self, graph: RoadGraph, usable: npt.NDArray[np.bool_], box: Box | None, step_m: float, choices: int = CHOICES
    ) -> None:
        self._graph, self._usable, self._box, self._choices, self._step = graph, usable, box, choices, step_m
        self._all: _Samples | None = None
        self._near: _Samples | None = None
        if box is not None:
            west, south, east, north = box
            inside = (graph.x >= west) & (graph.x <= east) & (graph.y >= south) & (graph.y <= north)
            near = usable & (inside[graph.tail] | inside[graph.head])
            enough = near.sum() >= CHOICES
            self._near = _Samples(graph, np.flatnonzero(near), choices, step_m) if enough else None

    def nearest(self, x: Floats, y: Floats) -> Found:
        """Distance, fraction and edge of the nearest samples: from the near roads where they surely are all of them."""
        if self._near is not None and self._box is not None:
            distance, fraction, edge = self._near.query(x, y)
            west, south, east, north = self._box
            # Every sample outside the box's roads is farther than the box's edge, less one sampling step.
            to_edge = np.minimum.reduce([x - west, east - x, y - south, north - y]) - self._step
            if (distance[:, self._choices - 1] <= to_edge).all():
                return distance, fraction, edge
        if self._all is None:
            self._all = _Samples(self._graph, np.flatnonzero(self._usable), self._choices, self._step)
        return self._all.query(x, y)


class _Samples:
    """Points along some edges in a tree: a rough one where only the nearest is asked for."""

    def __init__(self, graph: RoadGraph, edges: npt.NDArray[np.int64], choices: int, step_m: float) -> None:
        from scipy.spatial import cKDTree

        points, self.edge, self.fraction = along(graph, edges, step_m)
        self.choices = min(choices, len(self.edge))
        self.tree = cKDTree(points, balanced_tree=choices > 1, compact_nodes=choices > 1)

    def query(self, x: Floats, y: Floats) -> Found:
        distance, fraction, edge = nowhere(len(x))
        if choices := self.choices:
            near, sample = self.tree.query(np.column_stack([x, y]), k=choices)
            sample = sample.reshape(len(x), choices)
            distance[:, :choices] = near.reshape(len(x), choices)
            fraction[:, :choices], edge[:, :choices] = self.fraction[sample], self.edge[sample]
        return distance, fraction, edge
