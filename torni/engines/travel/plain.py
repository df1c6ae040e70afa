"""Travel times by SciPy's Dijkstra: quick to start, the oracle of the fast engine, and equal to it to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import FORBIDDEN, Arcs
from torni.engines.travel.joining import Joints

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Costs = npt.NDArray[np.int64]


def backward_network(nodes: int, arcs: Arcs, units: Joints | None = None) -> csr_matrix:
    """The network turned round, each unit added as a last node: a search from a unit gives trips *to* it."""
    from scipy.sparse import csr_matrix

    tail, head, cost = arcs.head, arcs.tail, arcs.cost_ds.astype(np.int64)
    size = nodes
    if units is not None:
        count, choices = units.node.shape
        size += count
        open_leg = units.leg_ds.ravel() < FORBIDDEN
        tail = np.concatenate([tail, (nodes + np.repeat(np.arange(count), choices))[open_leg]])
        head = np.concatenate([head, units.node.ravel()[open_leg]])
        cost = np.concatenate([cost, np.maximum(units.leg_ds.ravel()[open_leg], 1)])
    # SciPy adds up parallel arcs; the cheapest must stand alone.
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    first = np.ones(len(tail), bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return csr_matrix((cost[first].astype(float), (tail[first], head[first])), shape=(size, size))


def nearest(network: csr_matrix, nodes: int, sources: npt.NDArray[np.int64]) -> tuple[Costs, npt.NDArray[np.int64]]:
    """Tenths of a second from every road node to the nearest of `sources` (rows of `network`), and which it is (-1 none)."""
    from scipy.sparse.csgraph import dijkstra

    if not len(sources):
        return np.full(nodes, FORBIDDEN, np.int64), np.full(nodes, -1, np.int64)
    distance, _, origin = dijkstra(network, indices=sources, min_only=True, return_predecessors=True)
    return _whole(distance[:nodes]), np.where(origin[:nodes] < 0, -1, origin[:nodes]).astype(np.int64)


def to_each(network: csr_matrix, nodes: int, sources: npt.NDArray[np.int64]) -> Costs:
    """Tenths of a second from every road node to each source: nodes x sources."""
    from scipy.sparse.csgraph import dijkstra

    distance = dijkstra(network, indices=sources)
    return _whole(np.atleast_2d(distance)[:, :nodes].T)


def _whole(distance: npt.NDArray[np.float64]) -> Costs:
    return np.where(np.isfinite(distance), distance, FORBIDDEN).astype(np.int64)
