"""p-median: the sites that make everybody's travel least in all, proven by a Lagrangian branch and bound.

Greedy and swaps give the answer within a fraction of a per cent in milliseconds; subgradient bounds fix most sites
open or closed; what is left is branched on. Bounds that decide anything are summed in float64.
"""

from __future__ import annotations

import heapq
import time as clock

import numba as nb
import numpy as np
import numpy.typing as npt

from torni.engines.siting.cover import Choice

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-9


def p_median(
    seconds: npt.NDArray[np.uint16], people: Floats, count: int, *, quick: bool = False, limit_s: float = 30.0
) -> Choice:  # fmt: skip
    """The `count` sites of least total travel.

    `seconds[i, j]`: from cell i to site j (65535 counts as 65535 seconds: far, but finite). `people`: by cell.
    `value` and `bound` are person-seconds. Ties break towards the first found. `limit_s`: after it the gap is reported.
    """
    keep = people > 0
    count = min(count, seconds.shape[1])
    if not keep.any() or count < 1:
        return Choice((), 0.0, 0.0, 0.0, 0.0)
    times, weight = _merged(seconds[keep], people[keep])
    weighted = np.ascontiguousarray(times * weight[:, None])
    sites, upper = _local(weighted, _greedy(weighted, count))
    if quick or count == seconds.shape[1]:
        lower = float(weighted.min(axis=1).sum())
        return _choice(sites, upper, lower)
    rng = np.random.default_rng(0)
    for _ in range(6):
        shaken = sites.copy()
        others = np.setdiff1d(np.arange(weighted.shape[1]), sites)
        change = min(max(1, count // 4), len(others))
        shaken[rng.choice(count, change, replace=False)] = rng.choice(others, change, replace=False)
        tried, value = _local(weighted, shaken)
        if value < upper * (1 - 1e-12):
            sites, upper = tried, value
    return _Search(weighted, count, sites, upper, limit_s).run()


def _merged(seconds: npt.NDArray[np.uint16], people: Floats) -> tuple[Floats, Floats]:
    """One row for all cells that are equally far from every site."""
    rows = np.ascontiguousarray(seconds)
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, group = np.unique(whole, return_index=True, return_inverse=True)
    return rows[first].astype(float), np.bincount(group.ravel(), weights=people).astype(float)


def _choice(sites: npt.NDArray[np.int64], upper: float, lower: float) -> Choice:
    gap = max(0.0, (upper - lower) / upper) if upper else 0.0
    return Choice(
        tuple(sorted(int(s) for s in sites)), upper, float(len(sites)), lower, gap if gap > TOLERANCE else 0.0
    )


class _Search:
    """Branch and bound over sites fixed open (1), closed (dropped) or free (0)."""

    def __init__(
        self, weighted: Floats, count: int, sites: npt.NDArray[np.int64], upper: float, limit_s: float
    ) -> None:
        self.weighted, self.count, self.sites, self.upper = weighted, count, sites, upper
        self.narrow = weighted.astype(np.float32)
        self.deadline = clock.perf_counter() + limit_s
        self.heap: list[
            tuple[float, int, npt.NDArray[np.int64], npt.NDArray[np.int8], npt.NDArray[np.float32], Floats]
        ] = []
        self.made = 0

    def run(self) -> Choice:
        best, second = _two_best(self.weighted, self.sites)
        start = ((best + second) / 2).astype(np.float32)
        columns = np.arange(self.weighted.shape[1])
        self._bound(columns, np.zeros(len(columns), np.int8), start, iterations=1500, step=1.5, above=-np.inf)
        lower = self.heap[0][0] if self.heap else self.upper
        while self.heap:
            lower, _, columns, state, prices, often = heapq.heappop(self.heap)
            if lower >= self.upper * (1 - TOLERANCE) or clock.perf_counter() > self.deadline:
                break
            free = np.flatnonzero(state == 0)
            branch = free[np.argmin(np.abs(often[free] - 0.5))]
            opened = state.copy()
            opened[branch] = 1
            rest = np.arange(len(columns)) != branch
            self._bound(columns, opened, prices, iterations=120, step=0.25, above=lower)
            self._bound(columns[rest], state[rest], prices, iterations=120, step=0.25, above=lower)
        else:
            lower = self.upper
        return _choice(self.sites, self.upper, min(lower, self.upper))

    def _bound(self, columns: npt.NDArray[np.int64], state: npt.NDArray[np.int8], prices: npt.NDArray[np.float32],
               *, iterations: int, step: float, above: float) -> None:  # fmt: skip
        """Bound one node, take what it finds, and keep it for branching unless it is settled."""
        if len(columns) <= self.count:
            if len(columns) == self.count:
                self._try(columns)
            return
        part = np.ascontiguousarray(self.narrow[:, columns])
        prices, often, found = _subgradient(
            part, self.count, state, prices.copy(), self.upper, iterations, step, 30 if iterations > 500 else 8
        )
        reduced, constant = _reduced_costs(np.ascontiguousarray(self.weighted[:, columns]), prices.astype(np.float64))
        order_key = np.where(state == 1, -np.inf, reduced)
        order = np.argsort(order_key, kind="stable")
        lower = max(above, constant + float(reduced[order[: self.count]].sum()))
        self._try(columns[found])
        if lower >= self.upper * (1 - TOLERANCE):
            return
        # A free site whose forced opening (or closing) already costs more than the best known is settled.
        free = state == 0
        last_in, first_out = reduced[order[self.count - 1]], reduced[order[self.count]]
        closed = free & (reduced > last_in) & (lower + reduced - last_in > self.upper)
        opened = free & (reduced < first_out) & (lower - reduced + first_out > self.upper) & ~closed
        state = np.where(opened, np.int8(1), state)[~closed]
        columns, often = columns[~closed], often[~closed]
        if (state == 1).sum() >= self.count:
            if (state == 1).sum() == self.count:
                self._try(columns[state == 1])
            return
        if len(columns) <= self.count or not (state == 0).any():
            if len(columns) == self.count:
                self._try(columns)
            return
        self.made += 1
        heapq.heappush(self.heap, (lower, self.made, columns, state, prices, often))

    def _try(self, sites: npt.NDArray[np.int64]) -> None:
        tried, value = _local(self.weighted, np.asarray(sites, np.int64).copy())
        if value < self.upper * (1 - 1e-12):
            self.sites, self.upper = tried, value


@nb.njit(cache=True)
def _greedy(weighted, count):  # type: ignore[no-untyped-def]
    cells, sites = weighted.shape
    best = np.full(cells, np.inf)
    chosen = np.empty(count, np.int64)
    used = np.zeros(sites, np.bool_)
    for k in range(count):
        total = np.zeros(sites)
        for i in range(cells):
            for j in range(sites):
                total[j] += min(best[i], weighted[i, j])
        pick = -1
        for j in range(sites):
            if not used[j] and (pick < 0 or total[j] < total[pick]):
                pick = j
        chosen[k] = pick
        used[pick] = True
        for i in range(cells):
            best[i] = min(best[i], weighted[i, pick])
    return chosen


@nb.njit(cache=True)
def _local(weighted, chosen):  # type: ignore[no-untyped-def]
    """Best single swap until none helps (Whitaker's fast interchange). Returns sites and their total."""
    cells, sites = weighted.shape
    count = len(chosen)
    inside = np.full(sites, -1, np.int64)
    for k in range(count):
        inside[chosen[k]] = k
    first, second = np.empty(cells), np.empty(cells)
    who = np.empty(cells, np.int64)
    while True:
        total = 0.0
        for i in range(cells):
            a, b, w = np.inf, np.inf, -1
            for k in range(count):
                t = weighted[i, chosen[k]]
                if t < a:
                    b, a, w = a, t, k
                elif t < b:
                    b = t
            first[i], second[i], who[i] = a, b, w
            total += a
        gain = np.zeros(sites)
        loss = np.zeros((sites, count))
        base = np.zeros(count)
        for i in range(cells):
            a, b, w = first[i], second[i], who[i]
            base[w] += b - a
            for j in range(sites):
                t = weighted[i, j]
                if t < a:
                    gain[j] += a - t
                    loss[j, w] -= b - a
                elif t < b:
                    loss[j, w] -= b - t
        best, out, into = total * 1e-12 + 1e-9, -1, -1
        for j in range(sites):
            if inside[j] < 0:
                for k in range(count):
                    better = gain[j] - base[k] - loss[j, k]
                    if better > best:
                        best, out, into = better, k, j
        if out < 0:
            return chosen, total
        inside[chosen[out]] = -1
        inside[into] = out
        chosen[out] = into


def _two_best(weighted: Floats, sites: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    of = weighted[:, sites]
    if of.shape[1] == 1:
        return of[:, 0], weighted.max(axis=1)
    two = np.partition(of, 1, axis=1)
    return two[:, 0], two[:, 1]


@nb.njit(cache=True)
def _reduced_costs(weighted, prices):  # type: ignore[no-untyped-def]
    """In float64: each site's reduced cost under these prices, and the sum of prices."""
    reduced = np.zeros(weighted.shape[1])
    constant = 0.0
    for i in range(weighted.shape[0]):
        constant += prices[i]
        for j in range(weighted.shape[1]):
            reduced[j] += min(weighted[i, j] - prices[i], 0.0)
    return reduced, constant


@nb.njit(cache=True, fastmath=True)
def _subgradient(weighted, count, state, prices, upper, iterations, step, patience):  # type: ignore[no-untyped-def]
    """Better prices by subgradient steps; how often each site was chosen; the best sites met on the way."""
    cells, sites = weighted.shape
    best_bound, best_cost = -1e30, 1e30  # finite: fastmath may not see infinities
    best_prices = prices.copy()
    reduced = np.empty(sites, np.float32)
    key = np.empty(sites, np.float64)
    often = np.zeros(sites)
    found = np.arange(count)
    slope = np.zeros(cells, np.float32)
    stalled, counted = 0, 0
    for it in range(iterations):
        reduced[:] = 0
        bound = 0.0
        for i in range(cells):
            price = prices[i]
            bound += price
            for j in range(sites):
                reduced[j] += min(weighted[i, j] - price, np.float32(0))
        for j in range(sites):
            key[j] = reduced[j] if state[j] == 0 else -1e30
        order = np.argsort(key)[:count]
        for j in order:
            bound += reduced[j]
        if bound > best_bound + 1e-7 * abs(best_bound):
            best_bound = bound
            best_prices[:] = prices
            stalled = 0
        else:
            stalled += 1
            if stalled >= patience:
                step *= 0.7
                stalled = 0
                prices[:] = best_prices
        if it >= iterations // 2:
            counted += 1
            for j in order:
                often[j] += 1
        if it % 5 == 0:
            cost = 0.0
            for i in range(cells):
                least = weighted[i, order[0]]
                for j in order:
                    least = min(least, weighted[i, j])
                cost += least
            if cost < best_cost:
                best_cost = cost
                found = order.copy()
        if best_bound >= upper:
            break
        norm = 0.0
        for i in range(cells):
            served = 0
            for j in order:
                if weighted[i, j] < prices[i]:
                    served += 1
            slope[i] = 1 - served + np.float32(0.75) * slope[i]  # a part of the last direction damps zigzagging
            norm += slope[i] * slope[i]
        if norm == 0 or step < 0.001:
            break
        length = np.float32(step * (1.01 * upper - bound) / norm)
        for i in range(cells):
            prices[i] += length * slope[i]
    return best_prices, often / max(counted, 1), found
