"""Exact travel times on large road networks: a customizable contraction hierarchy, swept for many units at once.

The topology (METIS nested dissection, chordal completion) is made once a network; a set of costs is customised
on it in a fraction of a second (winter, a closed road, a stopped ferry); then one downward sweep answers every
node for 32 units together. Sums are whole tenths of a second, so the answers equal `plain`'s to the bit.

Method: Dibbelt, Strasser, Wagner, "Customizable Contraction Hierarchies", ACM JEA 2016; the restricted sweep is
the RPHAST of Delling, Goldberg, Werneck 2011. Measured alternatives: docs/decisions/0003-travel-engine.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import pymetis

from torni.engines.travel.graph import FORBIDDEN, Arcs, RoadGraph
from torni.engines.travel.joining import Joints

Ints = npt.NDArray[np.int32]
TOGETHER = 32  # trees a sweep carries together: 128 bytes a node


@dataclass(frozen=True, eq=False)
class Metric:
    """One cost set on a topology: `to_high[i]` climbs arc i, `to_low[i]` descends it."""

    to_high: Ints
    to_low: Ints


@dataclass(frozen=True, eq=False)
class Selection:
    """The part of the hierarchy that a set of target nodes needs, in sweeping order."""

    place: Ints  # rank -> row of the selection, -1 outside
    first: npt.NDArray[np.int64]
    above: Ints
    arc: npt.NDArray[np.int64]
    target_row: Ints


class Hierarchy:
    """The metric-independent part: elimination order and the arcs it implies."""

    def __init__(self, graph: RoadGraph) -> None:
        self.nodes = graph.nodes
        self.rank = graph.rank if graph.rank is not None else elimination_order(graph)
        low = np.minimum(self.rank[graph.tail], self.rank[graph.head])
        high = np.maximum(self.rank[graph.tail], self.rank[graph.head])
        real = low != high
        first, neighbour = _csr(self.nodes, low[real], high[real])
        self.first, self.above, self.parent = _eliminate(self.nodes, first, neighbour)

    def customise(self, arcs: Arcs) -> Metric:
        """Costs for every arc of the hierarchy. About a hundredth of a second per 100,000 nodes."""
        tail, head = self.rank[arcs.tail], self.rank[arcs.head]
        to_high = np.full(len(self.above), FORBIDDEN, np.int32)
        to_low = np.full(len(self.above), FORBIDDEN, np.int32)
        _place(self.first, self.above, tail, head, arcs.cost_ds, to_high, to_low)
        _customise(self.nodes, self.first, self.above, to_high, to_low)
        return Metric(to_high, to_low)

    def nearest(self, metric: Metric, units: Joints) -> tuple[Ints, Ints]:
        """Tenths of a second from every node to the nearest unit, and which unit (-1 none)."""
        time = np.full(self.nodes, FORBIDDEN, np.int32)
        unit = np.full(self.nodes, -1, np.int32)
        _nearest(
            self.nodes, self.first, self.above, self.parent, metric.to_high, metric.to_low,
            self.rank[units.node], units.leg_ds, time, unit,
        )  # fmt: skip
        return time[self.rank], unit[self.rank]

    def select(self, targets: npt.NDArray[np.int32]) -> Selection:
        """What the matrix needs for these target nodes; made once for all units."""
        rank = self.rank[targets]
        place, first, above, arc = _select(self.nodes, self.first, self.above, self.parent, rank)
        return Selection(place, first, above, arc, place[rank])

    def to_each(self, metric: Metric, selection: Selection, units: Joints) -> Ints:
        """Tenths of a second from every target to every unit: targets x units."""
        count = len(units.node)
        out = np.empty((len(selection.target_row), count), np.int32)
        climb = metric.to_high[selection.arc]
        scratch = np.full(self.nodes, FORBIDDEN, np.int32)
        rank = self.rank[units.node]
        for start in range(0, count, TOGETHER):
            part = slice(start, min(start + TOGETHER, count))
            width = TOGETHER if count > 1 else 1
            rows = np.full((len(selection.first) - 1, width), FORBIDDEN, np.int32)
            _climb_each(
                self.first, self.above, self.parent, metric.to_low, rank[part], units.leg_ds[part],
                selection.place, scratch, rows,
            )  # fmt: skip
            _sweep(selection.first, selection.above, climb, rows)
            out[:, part] = rows[selection.target_row, : part.stop - part.start]
        return np.minimum(out, FORBIDDEN)


def join_homes(leg_ds: Ints, where: npt.NDArray[np.int64], by_node: Ints) -> Ints:
    """Homes x units: the best over each home's joints of the leg and the road time from there."""
    out = np.full((len(leg_ds), by_node.shape[1]), FORBIDDEN, np.int32)
    _join(leg_ds, where, by_node, out)
    return out


def elimination_order(graph: RoadGraph) -> Ints:
    """Nested dissection by METIS: `rank[node]`, low ranks are contracted first."""
    low, high = np.minimum(graph.tail, graph.head), np.maximum(graph.tail, graph.head)
    real = low != high
    pairs = np.unique(low[real].astype(np.int64) * graph.nodes + high[real])
    low, high = (pairs // graph.nodes).astype(np.int32), (pairs % graph.nodes).astype(np.int32)
    both_tail, both_head = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.argsort(both_tail, kind="stable")
    starts = np.searchsorted(both_tail[order], np.arange(graph.nodes + 1))
    _, rank = pymetis.nested_dissection(pymetis.CSRAdjacency(starts, both_head[order]))
    return np.asarray(rank, np.int32)


def _csr(n: int, low: Ints, high: Ints) -> tuple[npt.NDArray[np.int64], Ints]:
    pairs = np.unique(low.astype(np.int64) * n + high)
    return np.searchsorted(pairs // n, np.arange(n + 1)), (pairs % n).astype(np.int32)


@nb.njit(cache=True)
def _eliminate(n, first_in, neighbour):  # type: ignore[no-untyped-def]
    """Chordal completion in rank order: upward arcs sorted by head, and the elimination tree."""
    parent = np.full(n, -1, np.int32)
    child, sibling = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    mark = np.full(n, -1, np.int32)
    room = 2 * len(neighbour) + 16
    above = np.empty(room, np.int32)
    first = np.zeros(n + 1, np.int64)
    end = 0
    for v in range(n):
        start = end
        need = end + first_in[v + 1] - first_in[v]
        c = child[v]
        while c >= 0:
            need += first[c + 1] - first[c]
            c = sibling[c]
        if need > room:
            room = max(2 * room, need)
            larger = np.empty(room, np.int32)
            larger[:end] = above[:end]
            above = larger
        for k in range(first_in[v], first_in[v + 1]):
            u = neighbour[k]
            if mark[u] != v:
                mark[u] = v
                above[end] = u
                end += 1
        c = child[v]
        while c >= 0:
            for k in range(first[c], first[c + 1]):
                u = above[k]
                if u > v and mark[u] != v:
                    mark[u] = v
                    above[end] = u
                    end += 1
            c = sibling[c]
        first[v + 1] = end
        if end > start:
            above[start:end] = np.sort(above[start:end])
            p = above[start]
            parent[v] = p
            sibling[v] = child[p]
            child[p] = v
    return first, above[:end].copy(), parent


@nb.njit(cache=True)
def _place(first, above, tail, head, cost, to_high, to_low):  # type: ignore[no-untyped-def]
    for i in range(len(tail)):
        a, b = tail[i], head[i]
        if a == b:
            continue
        low, high = min(a, b), max(a, b)
        k = first[low] + np.searchsorted(above[first[low] : first[low + 1]], high)
        if a < b:
            to_high[k] = min(to_high[k], cost[i])
        else:
            to_low[k] = min(to_low[k], cost[i])


@nb.njit(cache=True)
def _customise(n, first, above, to_high, to_low):  # type: ignore[no-untyped-def]
    """Every lower triangle (v, x, y), lowest v first: a way over v is a way between x and y."""
    for v in range(n):
        end = first[v + 1]
        for i in range(first[v], end):
            x = above[i]
            up_x, down_x = to_high[i], to_low[i]
            k = first[x]
            for j in range(i + 1, end):
                y = above[j]
                while above[k] != y:
                    k += 1
                to_high[k] = min(to_high[k], down_x + to_high[j])
                to_low[k] = min(to_low[k], to_low[j] + up_x)


@nb.njit(cache=True)
def _nearest(n, first, above, parent, to_high, to_low, rank, leg, time, unit):  # type: ignore[no-untyped-def]
    on = np.zeros(n, np.uint8)
    for u in range(rank.shape[0]):
        for j in range(rank.shape[1]):
            v = rank[u, j]
            if leg[u, j] < FORBIDDEN:
                if leg[u, j] < time[v]:
                    time[v] = leg[u, j]
                    unit[v] = u
                while v >= 0 and on[v] == 0:
                    on[v] = 1
                    v = parent[v]
    for v in range(n):
        if on[v] and time[v] < FORBIDDEN:
            for i in range(first[v], first[v + 1]):
                t = time[v] + to_low[i]
                if t < time[above[i]]:
                    time[above[i]] = t
                    unit[above[i]] = unit[v]
    for v in range(n - 1, -1, -1):
        best, who = time[v], unit[v]
        for i in range(first[v], first[v + 1]):
            t = time[above[i]] + to_high[i]
            if t < best:
                best, who = t, unit[above[i]]
        time[v], unit[v] = best, who


@nb.njit(cache=True)
def _select(n, first, above, parent, targets):  # type: ignore[no-untyped-def]
    needed = np.zeros(n, np.uint8)
    for t in targets:
        v = t
        while v >= 0 and needed[v] == 0:
            needed[v] = 1
            v = parent[v]
    place = np.full(n, -1, np.int32)
    rows, arcs = 0, 0
    for v in range(n - 1, -1, -1):
        if needed[v]:
            place[v] = rows
            rows += 1
            arcs += first[v + 1] - first[v]
    new_first = np.zeros(rows + 1, np.int64)
    new_above, arc = np.empty(arcs, np.int32), np.empty(arcs, np.int64)
    row, end = 0, 0
    for v in range(n - 1, -1, -1):
        if needed[v]:
            for i in range(first[v], first[v + 1]):
                new_above[end] = place[above[i]]
                arc[end] = i
                end += 1
            row += 1
            new_first[row] = end
    return place, new_first, new_above, arc


@nb.njit(cache=True)
def _climb_each(first, above, parent, to_low, rank, leg, place, scratch, rows):  # type: ignore[no-untyped-def]
    """For each unit: all its ways up, then its column of the selection filled where the two meet."""
    n = len(parent)
    stamp = np.full(n, -1, np.int32)
    path = np.empty(n, np.int32)
    for u in range(rank.shape[0]):
        length = 0
        for j in range(rank.shape[1]):
            if leg[u, j] >= FORBIDDEN:
                continue
            v = rank[u, j]
            scratch[v] = min(scratch[v], leg[u, j])
            while v >= 0 and stamp[v] != u:
                stamp[v] = u
                path[length] = v
                length += 1
                v = parent[v]
        chain = np.sort(path[:length])
        for v in chain:
            t = scratch[v]
            if t < FORBIDDEN:
                for i in range(first[v], first[v + 1]):
                    x = above[i]
                    if t + to_low[i] < scratch[x]:
                        scratch[x] = t + to_low[i]
        for v in chain:
            if place[v] >= 0:
                rows[place[v], u] = scratch[v]
            scratch[v] = FORBIDDEN


@nb.njit(cache=True, fastmath=True)
def _sweep(first, above, climb, rows):  # type: ignore[no-untyped-def]
    width = rows.shape[1]
    for v in range(len(first) - 1):
        for i in range(first[v], first[v + 1]):
            x, w = above[i], climb[i]
            for k in range(width):
                rows[v, k] = min(rows[v, k], rows[x, k] + w)


@nb.njit(cache=True, fastmath=True)
def _join(leg, where, by_node, out):  # type: ignore[no-untyped-def]
    for i in range(leg.shape[0]):
        for c in range(leg.shape[1]):
            row, cost = where[i, c], leg[i, c]
            for u in range(out.shape[1]):
                out[i, u] = min(out[i, u], cost + by_node[row, u])
