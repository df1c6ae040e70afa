"""Lands and grounds of a street map: what one gets to over land, told from the streets alone, for waters are not read.

A land is what streets join, whoever may use them. Where a land is short and no ferry lands on it, a gap of the map may
part it from the next: within `gap_m` they are one ground. Two lands on which ferries land, or that are long, are never
made one: what parts them is water, or so much of the map that it cannot be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import RoadGraph
from torni.engines.travel.samples import along

QUAY_M = 200.0  # a ferry that ends as near to a road as this is at that road's shore (assumed)
STEP_M = 50.0  # how finely streets are looked at for gaps
ROUNDING_M = 1.0  # coordinates are whole metres once a network is kept

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grounds:
    """By node: `land` and `ground` as in `RoadGraph`. `over_gap`: lands that a gap of the map parts from the rest."""

    land: npt.NDArray[np.int32]
    ground: npt.NDArray[np.int32]
    over_gap: int


def grounds(graph: RoadGraph, land: Numbers, *, piece_m: float, gap_m: float) -> Grounds:
    """What is one ground. `land`: by node, the land of each; those of nodes that no street touches do not matter.

    Lands shorter than `piece_m` without a ferry join the nearest ground within `gap_m`, over others like them too.
    """
    ferry = graph.at_sea
    street = np.flatnonzero(~ferry)
    ashore = np.zeros(graph.nodes, bool)
    ashore[graph.tail[street]] = ashore[graph.head[street]] = True
    count = int(land.max(initial=-1)) + 1
    metres = np.bincount(land[graph.tail[street]], graph.length_m[street], count)
    landed = np.zeros(count, bool)
    ports = np.concatenate([graph.tail[ferry], graph.head[ferry]])
    landed[land[ports[ashore[ports]]]] = True
    piers = _loose_ends(graph, ferry, ashore)
    at_quay = _at_quay(graph, street, land, piers)
    landed[at_quay[at_quay >= 0]] = True
    anchor = landed | (metres >= piece_m)
    group = _over_gaps(graph, street, land, anchor, (metres > 0) & ~anchor, gap_m + ROUNDING_M)
    out_land = np.where(ashore, land, -1)
    out_land[piers] = np.where(at_quay >= 0, at_quay, count + np.arange(len(piers)))
    ground = np.where(out_land >= 0, np.concatenate([group, count + np.arange(len(piers))])[out_land], -1)
    joined = len(np.unique(land[graph.tail[street]])) - len(np.unique(group[land[graph.tail[street]]]))
    return Grounds(out_land.astype(np.int32), ground.astype(np.int32), joined)


def lands(nodes: int, tail: npt.NDArray[np.int32] | Numbers, head: npt.NDArray[np.int32] | Numbers) -> Numbers:
    """By node, the number of what these edges connect."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    matrix = csr_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=(nodes, nodes))
    return np.asarray(connected_components(matrix, directed=False)[1], np.int64)


def _over_gaps(graph: RoadGraph, street: Numbers, land: Numbers, anchor: Flags, small: Flags, gap_m: float) -> Numbers:
    """By land its group: each small one with the nearest others within the gap, nearest first, never two anchors."""
    from scipy.spatial import cKDTree

    parent = list(range(len(anchor)))
    if not small.any():
        return np.array(parent, np.int64)
    of_edge = land[graph.tail[street]]
    points, edge, _ = along(graph, street[small[of_edge]], STEP_M)
    mine = land[graph.tail[edge]]
    others, their_edge = _around(graph, street[~small[of_edge]], points, gap_m)
    theirs = land[graph.tail[their_edge]]
    tree = cKDTree(points)
    pairs: list[tuple[float, int, int]] = []
    if len(others):
        metres, which = cKDTree(others).query(points, distance_upper_bound=gap_m)
        pairs += zip(
            metres.tolist(), mine.tolist(), [int(theirs[w]) if w < len(theirs) else -1 for w in which], strict=True
        )
    near = tree.query_pairs(gap_m, output_type="ndarray")
    near = near[mine[near[:, 0]] != mine[near[:, 1]]]
    between = np.hypot(*(points[near[:, 0]] - points[near[:, 1]]).T)
    pairs += zip(between.tolist(), mine[near[:, 0]].tolist(), mine[near[:, 1]].tolist(), strict=True)
    holds = anchor.tolist()

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for distance, one, other in sorted(pairs):
        if distance <= gap_m and other >= 0:
            a, b = root(one), root(other)
            if a != b and not (holds[a] and holds[b]):
                parent[a] = b
                holds[b] = holds[a] or holds[b]
    return np.array([root(i) for i in range(len(parent))], np.int64)


def _around(
    graph: RoadGraph, street: Numbers, points: npt.NDArray[np.float64], gap_m: float
) -> tuple[npt.NDArray[np.float64], Numbers]:
    """Points of these streets that may be within the gap of some points: by squares, for a tree of all is slow."""
    west, south = points.min(axis=0) - gap_m
    east, north = points.max(axis=0) + gap_m
    tail, head = graph.tail[street], graph.head[street]
    box = np.ones(len(street), bool)
    for at, low, high in ((graph.x, west, east), (graph.y, south, north)):
        box &= (np.maximum(at[tail], at[head]) >= low) & (np.minimum(at[tail], at[head]) <= high)
    side = max(gap_m, 100.0)
    wide = int((east - west) // side) + 3
    high_up = int((north - south) // side) + 3
    marked = np.zeros((wide, high_up), bool)
    i, j = ((points - (west, south)) // side).astype(np.int64).T + 1
    for di in (-1, 0, 1):
        for dj in (-1, 0, 1):
            marked[np.clip(i + di, 0, wide - 1), np.clip(j + dj, 0, high_up - 1)] = True
    street = street[box]
    tail, head = graph.tail[street], graph.head[street]
    # A street no longer than a square is within the marked ones by an end; of a longer one all is looked at.
    near = graph.length_m[street] > side
    for end in (tail, head):
        a = np.clip((graph.x[end] - west) // side + 1, 0, wide - 1).astype(np.int64)
        b = np.clip((graph.y[end] - south) // side + 1, 0, high_up - 1).astype(np.int64)
        near |= marked[a, b]
    found, edge, _ = along(graph, street[near], STEP_M)
    return found, edge


def _loose_ends(graph: RoadGraph, ferry: Flags, ashore: Flags) -> Numbers:
    """Nodes that only a ferry touches, and from one side only: there it ends without meeting a road."""
    if not ferry.any():
        return np.empty(0, np.int64)
    ends = np.concatenate(
        [np.column_stack([graph.tail, graph.head])[ferry], np.column_stack([graph.head, graph.tail])[ferry]]
    )
    neighbours = np.bincount(np.unique(ends, axis=0)[:, 0], minlength=graph.nodes)
    return np.flatnonzero((neighbours == 1) & ~ashore)


def _at_quay(graph: RoadGraph, street: Numbers, land: Numbers, piers: Numbers) -> Numbers:
    """By pier, the land whose road is within `QUAY_M`, -1 for none: the ferry lands there, though nobody may board it."""
    from scipy.spatial import cKDTree

    out = np.full(len(piers), -1, np.int64)
    if len(piers):
        at = np.column_stack([graph.x[piers], graph.y[piers]])
        points, edge = _around(graph, street, at, QUAY_M)
        if len(points):
            metres, which = cKDTree(points).query(at, distance_upper_bound=QUAY_M)
            near = np.isfinite(metres)
            out[near] = land[graph.tail[edge[which[near]]]]
    return out
