"""From a loose piece of streets on foot to the network of a mode, along what walkers may use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import DECI, FORBIDDEN, Floats, Mode, RoadGraph, closed_bits


class OnFoot:
    """Walks to some nodes of a network (or from them), over land: who drives waits for no boat that takes no cars.

    `goal`: those nodes. Not considered: where walkers are led another way than the streets show.
    """

    def __init__(self, graph: RoadGraph, goal: npt.NDArray[np.bool_], mode: Mode, *, leaving: bool) -> None:
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import dijkstra

        self._graph, self._kmh = graph, min(mode.walking_kmh, mode.joining_kmh)
        n = graph.nodes
        ends = [graph.tail, graph.head]
        tails, heads, metres = [], [], []
        for along in (True, False):
            bit = closed_bits(("walk",), forward=along, backward=not along)
            # Between two nodes of the network one walks in no leg.
            may = ~graph.at_sea & (graph.closed & bit == 0) & ~(goal[graph.tail] & goal[graph.head])
            # Sought from the goal: against the walk where one leaves for it.
            start, end = ends if along is not leaving else ends[::-1]
            tails.append(start[may])
            heads.append(end[may])
            metres.append(graph.length_m[may])
        tail, head, length = np.concatenate(tails), np.concatenate(heads), np.concatenate(metres)
        order = np.lexsort((length, head, tail))
        tail, head, length = tail[order], head[order], length[order]
        # A matrix adds up parallel ways: only the shortest of them is kept.
        new = np.append(True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1]))[: len(tail)]
        tail, head, length = tail[new], head[new], length[new]
        touched = np.zeros(n, bool)
        touched[tail[goal[tail]]] = True
        first = np.flatnonzero(touched & goal)
        self._metres, self._goal = np.full(n, np.inf), np.full(n, -1, np.int64)
        if len(first):
            matrix = csr_matrix((length.astype(float), (tail, head)), shape=(n, n))
            found = dijkstra(matrix, indices=first, min_only=True, return_predecessors=True)
            self._metres, self._goal = found[0], found[2].astype(np.int64)
        self._metres[goal], self._goal[goal] = 0.0, np.flatnonzero(goal)

    def legs(self, away_m: Floats, edge: npt.NDArray[np.int64], fraction: Floats, mode: Mode, most_m: float = np.inf) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:  # fmt: skip
        """From points `away_m` beside an edge: by each of its ends the network's node, and the whole walk in tenths of a second."""
        length = self._graph.length_m[edge]
        node, cost = [], []
        for end, part in ((self._graph.tail[edge], fraction), (self._graph.head[edge], 1 - fraction)):
            metres = length * part + self._metres[end]
            walk = np.ceil(np.where(np.isfinite(metres), metres, 0.0) * (3.6 * DECI / self._kmh) - 1e-9).astype(
                np.int64
            )
            possible = np.isfinite(metres) & (metres + away_m <= most_m)
            node.append(np.where(possible, self._goal[end], 0))
            cost.append(np.where(possible, walk + mode.walk_ds(away_m), FORBIDDEN))
        return np.column_stack(node).astype(np.int32), np.column_stack(cost)
