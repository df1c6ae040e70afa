"""Which roads are the network of a mode: where a home or a unit may join it, and which pieces are loose.

A map holds loose pieces: yards, closed roads, streets that nobody can leave, islands. A network is a connected piece of
at least `piece_m` of road, and whatever leads to it; on a ground without one its longest piece is the network, so that
those who live there reach one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import FORBIDDEN, Arcs, RoadGraph

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
MOTORWAY = "motorway"


@dataclass(frozen=True, eq=False)
class Side:
    """Of one direction, by edge. `road`: where one may stand and join. `usable`: on the network. `piece`: the number of
    the connected piece, those that get to no network apart from each network's. `joined`: the same by any direction."""

    road: Flags
    usable: Flags
    piece: Numbers
    joined: Numbers


def joinable(graph: RoadGraph, network: Arcs, piece_m: float) -> tuple[Side, Side]:
    """The roads of one mode, for leaving a home and for arriving at a unit.

    One may leave from where one gets to a network and arrive where one gets from it. Nobody joins a motorway between its
    ramps, unless there is no other road. Where every road is shorter than `piece_m`, the longest piece of each ground is
    its network. Not considered: water that neither a ferry nor the lack of streets shows.
    """
    from scipy.sparse.csgraph import connected_components

    n = graph.nodes
    there, back = network.forward_ds < FORBIDDEN, network.backward_ds < FORBIDDEN
    road = (there | back) & ~graph.at_sea
    motorway = np.array([name == MOTORWAY for name in graph.classes])[graph.road_class]
    joins = road & ~motorway if (road & ~motorway).any() else road
    length = np.where(road, graph.length_m, 0).astype(float)
    _, strong = connected_components(_matrix(n, network.tail, network.head), connection="strong")
    inner = strong[graph.tail] == strong[graph.head]
    proper = (np.bincount(strong[graph.tail][inner], length[inner], n) >= piece_m)[strong]
    _, weak = connected_components(_matrix(n, network.tail, network.head), connection="weak")
    joined = weak[graph.tail].astype(np.int64)
    if proper.all():
        side = Side(joins, joins, joined, joined)
        return side, side
    sides = []
    for tail, head, ahead, behind in (
        (network.head, network.tail, graph.head, graph.tail), (network.tail, network.head, graph.tail, graph.head)
    ):  # fmt: skip
        good = _reached(n, tail, head, proper)
        rest, piece = _rest(graph, network, length, good, piece_m)
        good |= rest
        usable = joins & ((there & good[ahead]) | (back & good[behind]))
        end = np.where(good[graph.tail], graph.head, graph.tail)
        sides.append(Side(joins, usable, np.where(usable, joined, n + piece[end]), joined))
    return sides[0], sides[1]


def _matrix(n: int, tail: npt.NDArray[np.int32], head: npt.NDArray[np.int32]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=(n, n))


def _reached(n: int, tail: npt.NDArray[np.int32], head: npt.NDArray[np.int32], start: Flags) -> Flags:
    """Nodes that any of the starting ones reaches, they themselves too."""
    from scipy.sparse.csgraph import breadth_first_order

    out = start.copy()
    first = np.flatnonzero(start)
    if len(first):
        tail = np.concatenate([tail, np.full(len(first), n)])
        head = np.concatenate([head, first])
        found = breadth_first_order(_matrix(n + 1, tail, head), n, directed=True, return_predecessors=False)
        out[found[found < n]] = True
    return out


def _rest(
    graph: RoadGraph, network: Arcs, length: npt.NDArray[np.float64], good: Flags, piece_m: float
) -> tuple[Flags, Numbers]:
    """Of the nodes that get to no network: those of pieces that are networks of their own, and every one's piece."""
    from scipy.sparse.csgraph import connected_components

    rest = ~good
    inside = rest[network.tail] & rest[network.head]
    _, piece = connected_components(
        _matrix(graph.nodes, network.tail[inside], network.head[inside]), connection="weak"
    )  # fmt: skip
    touching = (length > 0) & (rest[graph.tail] | rest[graph.head])
    end = np.where(rest[graph.tail], graph.tail, graph.head)[touching]
    metres = np.bincount(piece[end], length[touching], int(piece.max()) + 1)
    own = metres >= piece_m
    ground = graph.ground if graph.ground is not None else np.zeros(graph.nodes, np.int32)
    served = np.zeros(int(ground.max()) + 1, bool)
    served[ground[(good | own[piece]) & (ground >= 0)]] = True
    lacking = end[(ground[end] >= 0) & ~served[ground[end]]]
    longest = lacking[np.lexsort((-piece[lacking], metres[piece[lacking]], ground[lacking]))]
    last = np.append(ground[longest][1:] != ground[longest][:-1], True)[: len(longest)]
    own[piece[longest[last]]] = True
    return np.asarray(rest & own[piece], bool), piece.astype(np.int64)
