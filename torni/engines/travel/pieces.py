"""Where a mode's network may be joined: not on loose pieces of the map, and not across the water to an island.

A map has pieces that nothing joins: a yard behind a gate, a path that ends in a field, a street that one may leave and
not enter. Whoever joins such a piece goes nowhere, so homes and units join the network around it. An island is no such
piece: it has a ferry, of whatever kind, and whoever is there stays there unless the mode may board. What only a foot
bridge or a path joins to the rest is left and entered on foot, to where the mode's connected network begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.spatial import cKDTree

from torni.engines.travel.graph import FERRY, FORBIDDEN, Arcs, RoadGraph, closed_bits

Flags = npt.NDArray[np.bool_]
QUAY_M = 200.0  # a ferry that ends as near to a road as this is at that road's shore (assumed)


@dataclass(frozen=True, eq=False)
class Joinable:
    """`leaving`, `arriving`: edges where a home, or a unit, may meet the network. `land`: edges on a land that
    is no loose piece, whoever may use them. `shore`: by node, the number of the land that it is on, where a ferry lands there; -1 elsewhere. Two
    shores are parted by water. `piers`: nodes where a ferry ends far from any road: shores without roads.
    `apart`: by node, the number of its piece where walkers alone get from it to a network of the mode, else -1; `on_foot`:
    by node, the land that walkers cover without a ferry, -1 without a network; both None where no piece is such."""

    leaving: Flags
    arriving: Flags
    land: Flags
    shore: npt.NDArray[np.int64]
    piers: npt.NDArray[np.int64]
    apart: npt.NDArray[np.int64] | None = None
    on_foot: npt.NDArray[np.int64] | None = None


def joinable(graph: RoadGraph, network: Arcs, piece_m: float) -> Joinable:
    """Edges of the connected network of one mode.

    The network proper is every strongly connected part of at least `piece_m` of road; one may leave from where one
    gets to it, and arrive where one gets from it. What is outside and weakly connected over at least `piece_m`, or is
    an island, is a network of its own. Where all is shorter than that, the longest piece is the network.
    Not considered: water that no ferry crosses, for the map's waters are not read.
    """
    n = graph.nodes
    there, back = network.forward_ds < FORBIDDEN, network.backward_ds < FORBIDDEN
    ferry = np.array([name == FERRY for name in graph.classes])[graph.road_class] | (graph.fixed_s > 0)
    road = (there | back) & ~ferry
    length = np.where(road, graph.length_m, 0).astype(float)
    _, strong = connected_components(_matrix(n, network.tail, network.head), connection="strong")
    inner = strong[graph.tail] == strong[graph.head]
    proper = (np.bincount(strong[graph.tail][inner], length[inner], n) >= piece_m)[strong]
    land, shore, piers = _shores(graph, ferry)
    land_m = np.bincount(land[graph.tail[~ferry]], graph.length_m[~ferry], int(land.max()) + 1)
    firm = ~ferry & ((shore >= 0) | (land_m >= piece_m)[land])[graph.tail]
    if proper.all():
        return Joinable(road, road, firm, shore, piers)
    apart, on_foot = _apart_on_foot(graph, network, piece_m) or (None, None)
    ends = []
    for tail, head in ((network.head, network.tail), (network.tail, network.head)):
        good = _reached(n, tail, head, proper)
        ends.append(good | _own(graph, network, road, length, good, land, shore, piece_m))
    gets_there, got_from = ends
    leaving = road & ((there & gets_there[graph.head]) | (back & gets_there[graph.tail]))
    arriving = road & ((there & got_from[graph.tail]) | (back & got_from[graph.head]))
    return Joinable(leaving, arriving, firm, shore, piers, apart, on_foot)


def _apart_on_foot(
    graph: RoadGraph, network: Arcs, piece_m: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """`Joinable.apart` and `on_foot`; None where there is no such piece.

    On each land that walkers cover and where the mode has a piece of at least `piece_m` of road, its shorter pieces are apart; longer
    ones are networks of their own. Where a ferry is all that joins them, there is no such land: who drives waits for no
    boat that takes no cars.
    """
    n = graph.nodes
    foot = closed_bits(("walk",), forward=True, backward=True)
    ferry = np.array([name == FERRY for name in graph.classes])[graph.road_class] | (graph.fixed_s > 0)
    road = ((network.forward_ds < FORBIDDEN) | (network.backward_ds < FORBIDDEN)) & ~ferry
    walked = (graph.closed & foot != foot) & ~ferry
    if not (walked & ~road).any():
        return None
    _, piece = connected_components(_matrix(n, network.tail, network.head), connection="weak")
    _, land = connected_components(_matrix(n, graph.tail[walked | road], graph.head[walked | road]), directed=False)
    metres = np.bincount(piece[graph.tail[road]], graph.length_m[road], int(piece.max()) + 1)
    of_node = metres[piece]
    enough = np.zeros(int(land.max()) + 1, bool)
    enough[land[of_node >= piece_m]] = True
    apart = np.where(enough[land] & (of_node < piece_m) & (of_node > 0), piece, -1).astype(np.int64)
    return (apart, np.where(enough[land], land, -1).astype(np.int64)) if (apart >= 0).any() else None


def _matrix(n: int, tail: npt.NDArray[np.int32], head: npt.NDArray[np.int32]) -> csr_matrix:
    return csr_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=(n, n))


def _reached(n: int, tail: npt.NDArray[np.int32], head: npt.NDArray[np.int32], start: Flags) -> Flags:
    """Nodes that any of the starting ones reaches, they themselves too."""
    out = start.copy()
    first = np.flatnonzero(start)
    if len(first):
        tail = np.concatenate([tail, np.full(len(first), n)])
        head = np.concatenate([head, first])
        found = breadth_first_order(_matrix(n + 1, tail, head), n, directed=True, return_predecessors=False)
        out[found[found < n]] = True
    return out


def _shores(
    graph: RoadGraph, ferry: Flags
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """By node: which land it is on (whoever may use its roads), and the same where a ferry lands on it, else -1; and piers.

    A ferry that ends a little short of a road lands there all the same, though nobody may board it.
    """
    if not ferry.any():
        return np.zeros(graph.nodes, np.int64), np.full(graph.nodes, -1), np.empty(0, np.int64)
    _, land = connected_components(_matrix(graph.nodes, graph.tail[~ferry], graph.head[~ferry]), directed=False)
    landed = np.zeros(land.max() + 1, bool)
    landed[land[graph.tail[ferry]]] = landed[land[graph.head[ferry]]] = True
    piers = _loose_ends(graph, ferry)
    if len(piers) and len(on_land := _near(graph, ~ferry, piers)):
        roads = cKDTree(np.column_stack([graph.x[on_land], graph.y[on_land]]))
        metres, which = roads.query(np.column_stack([graph.x[piers], graph.y[piers]]))
        near = metres <= QUAY_M
        landed[land[on_land[which[near]]]] = True
        piers = piers[~near]
    return land.astype(np.int64), np.where(landed[land], land, -1).astype(np.int64), piers


def _near(graph: RoadGraph, roads: Flags, piers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Nodes of the roads that may be within `QUAY_M` of a pier: piers are few, and a tree of all nodes is slow."""
    touched = np.zeros(graph.nodes, bool)
    touched[graph.tail[roads]] = touched[graph.head[roads]] = True
    x, y = graph.x[piers], graph.y[piers]
    for at, ends in ((graph.x, x), (graph.y, y)):
        touched &= (at >= ends.min() - QUAY_M) & (at <= ends.max() + QUAY_M)
    inside = np.flatnonzero(touched)
    metres, _ = cKDTree(np.column_stack([x, y])).query(
        np.column_stack([graph.x[inside], graph.y[inside]]), distance_upper_bound=QUAY_M + 1
    )
    return np.asarray(inside[np.isfinite(metres)], np.int64)


def _loose_ends(graph: RoadGraph, ferry: Flags) -> npt.NDArray[np.int64]:
    """Nodes that only a ferry touches, and from one side only: there it ends without meeting a road."""
    ashore = np.zeros(graph.nodes, bool)
    ashore[graph.tail[~ferry]] = ashore[graph.head[~ferry]] = True
    ends = np.concatenate(
        [np.column_stack([graph.tail, graph.head])[ferry], np.column_stack([graph.head, graph.tail])[ferry]]
    )
    neighbours = np.bincount(np.unique(ends, axis=0)[:, 0], minlength=graph.nodes)
    return np.flatnonzero((neighbours == 1) & ~ashore)


def _own(
    graph: RoadGraph, network: Arcs, road: Flags, length: npt.NDArray[np.float64], good: Flags,
    land: npt.NDArray[np.int64], shore: npt.NDArray[np.int64], piece_m: float,
) -> Flags:  # fmt: skip
    """Of the nodes that are not good: those of long pieces, of islands, and of the longest where none is good."""
    rest = ~good
    inside = rest[network.tail] & rest[network.head]
    _, piece = connected_components(
        _matrix(graph.nodes, network.tail[inside], network.head[inside]), connection="weak"
    )  # fmt: skip
    touching = road & (rest[graph.tail] | rest[graph.head])
    end = np.where(rest[graph.tail], graph.tail, graph.head)
    metres = np.bincount(piece[end[touching]], length[touching], int(piece.max()) + 1)
    has_good = np.bincount(land[good], minlength=int(land.max()) + 1) > 0
    island = (shore >= 0) & ~has_good[land]
    out = rest & ((metres >= piece_m)[piece] | island)
    if not good.any() and not out.any():
        out = rest & (piece == int(metres.argmax()))
    return np.asarray(out, bool)
