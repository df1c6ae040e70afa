"""Covering people within a limit: the fewest sites for enough of them, or the most of them for so many sites.

Cells covered by the same sites are merged and sites that another one outdoes are dropped before HiGHS is asked, which
takes Keski-Suomi's 6,788 cells x 300 sites to a few hundred rows. Measured beside plain HiGHS and spopt in `bench/`.
"""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_matrix, hstack, identity, vstack

Floats = npt.NDArray[np.float64]
Cover = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """Chosen sites (their column numbers, rising), what they achieve, and how surely nothing is better.

    `value`: people covered (max_cover, fewest) or person-seconds (p_median). `cost`: of the chosen sites.
    `bound`: no choice at all can be better than this: fewest: cost; max_cover: people; p_median: person-seconds.
    `gap`: relative distance from the objective to `bound`; 0 is proven optimal. `feasible`: False when even all
    sites together are not enough.
    """

    sites: tuple[int, ...]
    value: float
    cost: float
    bound: float
    gap: float
    feasible: bool = True

    @property
    def proven(self) -> bool:
        return self.gap <= 1e-9


def fewest(
    cover: Cover, people: Floats, need: float, cost: Floats | None = None, *, quick: bool = False, seconds: float = 30.0
) -> Choice:
    """The least costly sites that cover at least `need` people.

    `cover[i, j]`: cell i is covered by site j. `people`: by cell. `cost`: by site, 1 each when not given.
    `quick`: the greedy answer only, its bound from the people alone. Ties break towards lower column numbers.
    """
    cost = np.ones(cover.shape[1]) if cost is None else np.asarray(cost, float)
    everything = float(people[cover.any(axis=1)].sum())
    slack = 1e-7 * max(1.0, float(people.sum()))
    if need <= slack:
        return Choice((), 0.0, 0.0, 0.0, 0.0)
    if everything < need - slack:
        return Choice((), everything, 0.0, math.inf, math.inf, feasible=False)
    small = _Reduced(cover, people, cost)
    start = small.greedy_until(need - slack)
    if quick:
        value, total = small.value(start), float(small.cost[start].sum())
        best_rate = float(((small.cover.T @ small.people) / small.cost).max())
        bound = min(total, need / best_rate)
        return Choice(small.names(start), value, total, bound, (total - bound) / total)
    if len(set(small.cost.tolist())) == 1:
        return _fewest_alike(small, start, need - slack, seconds)
    rows, columns = small.cover.shape
    model = _Model(rows, columns, small.cover)
    model.minimise(np.concatenate([small.cost, np.zeros(rows)]))
    # At least `need`: people are whole or fractional, so the solver's own tolerance is checked against exact sums.
    tightened = need
    for _ in range(5):
        solution = model.solve(
            np.concatenate([np.zeros(columns), small.people]), tightened, np.inf, start, small.cover, seconds
        )
        sites = np.flatnonzero(solution.x[:columns] > 0.5)
        value = small.value(sites)
        if value >= need - slack:
            break
        tightened += max(need - value, 1e-6)
    total = float(small.cost[sites].sum())
    whole = bool(np.all(cost == np.round(cost)))
    bound = math.ceil(solution.bound - 1e-6) if whole else solution.bound
    return Choice(small.names(sites), value, total, float(bound), max(0.0, (total - bound) / total) if total else 0.0)


def _fewest_alike(small: _Reduced, sites: npt.NDArray[np.int64], need: float, seconds: float) -> Choice:
    """Sites of one price: one fewer is tried until the most that so many can cover is proven too little.

    Asking for the most people with k sites is far easier for the solver than asking for the fewest sites.
    """
    price, bound = float(small.cost[0]), len(sites)
    deadline = clock.perf_counter() + seconds
    while len(sites) > 1:
        fewer = small.greedy_swap(len(sites) - 1)
        if small.value(fewer) < need:
            fewer, most = small.best(len(sites) - 1, fewer, max(0.1, deadline - clock.perf_counter()), need)
            if small.value(fewer) < need:
                bound = len(sites) if most < need else _too_few(small, need)
                break
        sites = fewer
    else:
        bound = 1
    cost = price * len(sites)
    return Choice(small.names(sites), small.value(sites), cost, price * bound, (len(sites) - bound) / len(sites))


def _too_few(small: _Reduced, need: float) -> int:
    """A number of sites that cannot be beaten, from the people each covers alone."""
    gains = np.cumsum(np.sort(small.cover.T @ small.people)[::-1])
    return int(np.searchsorted(gains, need)) + 1


def max_cover(cover: Cover, people: Floats, count: int, *, quick: bool = False, seconds: float = 30.0) -> Choice:
    """The `count` sites that cover the most people. `cover` and `people` as in `fewest`."""
    count = min(count, cover.shape[1])
    everything = float(people[cover.any(axis=1)].sum())
    if count <= 0 or not cover.any():
        return Choice((), 0.0, 0.0, 0.0, 0.0)
    small = _Reduced(cover, people, np.ones(cover.shape[1]))
    start = small.greedy_swap(min(count, small.cover.shape[1]))
    if quick:
        value = small.value(start)
        gains = np.sort(small.cover.T @ small.people)[::-1][:count]
        bound = min(everything, float(gains.sum()))
        return Choice(small.names(start), value, float(len(start)), bound, (bound - value) / bound if bound else 0.0)
    sites, bound = small.best(count, start, seconds)
    value = small.value(sites)
    gap = max(0.0, (bound - value) / bound) if bound else 0.0
    return Choice(small.names(sites), value, float(len(sites)), max(bound, value), gap if gap > 1e-9 else 0.0)


class _Reduced:
    """The same problem with like cells merged and outdone sites dropped."""

    def __init__(self, cover: Cover, people: Floats, cost: Floats) -> None:
        keep = np.arange(cover.shape[1])
        for _ in range(2):
            merged, people = _merged(cover, people)
            better = _undominated(merged, cost)
            keep, cost = keep[better], cost[better]
            cover = merged[:, better]
        self.cover, self.people = _merged(cover, people)
        self._keep, self.cost = keep, cost

    def names(self, sites: npt.NDArray[np.int64]) -> tuple[int, ...]:
        return tuple(sorted(int(self._keep[s]) for s in sites))

    def value(self, sites: npt.NDArray[np.int64]) -> float:
        return float(self.people[self.cover[:, sites].any(axis=1)].sum()) if len(sites) else 0.0

    def greedy_until(self, need: float) -> npt.NDArray[np.int64]:
        """Best people per cost until enough are covered, then whatever has become needless is dropped."""
        open_people = self.people.copy()
        chosen: list[int] = []
        while self.value(np.array(chosen, np.int64)) < need:
            rate = (self.cover.T @ open_people) / self.cost
            best = int(rate.argmax())
            chosen.append(best)
            open_people[self.cover[:, best]] = 0
        for site in list(chosen):
            rest = [s for s in chosen if s != site]
            if rest and self.value(np.array(rest, np.int64)) >= need:
                chosen = rest
        return np.array(sorted(chosen), np.int64)

    def greedy_swap(self, count: int) -> npt.NDArray[np.int64]:
        """Greedy, then single swaps while they help: within 0.2 % of the best in all that was measured."""
        times = np.zeros(len(self.people), np.int64)
        chosen: list[int] = []
        for _ in range(count):
            best = int((self.cover.T @ np.where(times == 0, self.people, 0)).argmax())
            chosen.append(best)
            times += self.cover[:, best]
        improved = True
        while improved:
            improved = False
            for place, old in enumerate(chosen):
                without = times - self.cover[:, old]
                gain = self.cover.T @ np.where(without == 0, self.people, 0)
                best = int(gain.argmax())
                if gain[best] > gain[old] * (1 + 1e-12) + 1e-9:
                    chosen[place] = best
                    times = without + self.cover[:, best]
                    improved = True
        return np.array(sorted(set(chosen)), np.int64)

    def best(
        self, count: int, start: npt.NDArray[np.int64], seconds: float, enough: float = math.inf
    ) -> tuple[npt.NDArray[np.int64], float]:
        """The `count` sites that cover most, and the proven most; stops early once `enough` is covered."""
        rows, columns = self.cover.shape
        model = _Model(rows, columns, self.cover)
        model.minimise(np.concatenate([np.zeros(columns), -self.people]))
        row = np.concatenate([np.ones(columns), np.zeros(rows)])
        solution = model.solve(row, -np.inf, float(count), start, self.cover, seconds, target=-enough)
        return np.flatnonzero(solution.x[:columns] > 0.5), -solution.bound


def _merged(cover: Cover, people: Floats) -> tuple[Cover, Floats]:
    """One row for all cells covered by exactly the same sites; rows that nobody covers are left out."""
    packed = np.packbits(cover, axis=1)
    whole = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, group = np.unique(whole, return_index=True, return_inverse=True)
    weight = np.bincount(group.ravel(), weights=people, minlength=len(first)).astype(float)
    rows = cover[first]
    keep = rows.any(axis=1) & (weight > 0)
    return rows[keep], weight[keep]


def _undominated(cover: Cover, cost: Floats) -> npt.NDArray[np.int64]:
    """Sites of which no other covers all the same cells at no greater cost (of equals the first stays)."""
    matrix = cover.astype(np.float32)
    shared = matrix.T @ matrix
    size = np.diag(shared)
    keep = []
    for j in range(len(size)):
        all_mine = shared[j] >= size[j]
        cheaper = (cost < cost[j]) | (
            (cost == cost[j]) & ((size > size[j]) | ((size == size[j]) & (np.arange(len(size)) < j)))
        )
        if size[j] > 0 and not (all_mine & cheaper & (cost <= cost[j])).any():
            keep.append(j)
    return np.array(keep, np.int64)


# One thread and no restarts: the same answer every time; the start is good enough that HiGHS's own heuristics only cost.
_OPTIONS = (
    ("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 1e-6),
    ("mip_heuristic_effort", 0.0), ("mip_detect_symmetry", False), ("mip_allow_restart", False),
)  # fmt: skip


@dataclass(frozen=True)
class _Solution:
    x: Floats
    bound: float


class _Model:
    """min c'(x, y): y_i <= sum of the x_j that cover i, and one row over all; x binary, y in 0..1."""

    def __init__(self, rows: int, columns: int, cover: Cover) -> None:
        self.rows, self.columns = rows, columns
        self.link = hstack([csc_matrix(cover.astype(float)), -identity(rows, format="csc")])

    def minimise(self, objective: Floats) -> None:
        self.objective = objective

    def solve(
        self,
        row: Floats,
        low: float,
        high: float,
        start: npt.NDArray[np.int64],
        cover: Cover,
        seconds: float,
        target: float = -math.inf,
    ) -> _Solution:
        matrix = vstack([self.link, csc_matrix(row[None, :])]).tocsc()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns + self.rows, self.rows + 1
        lp.col_cost_ = self.objective
        lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.ones(lp.num_col_)
        lp.row_lower_ = np.concatenate([np.zeros(self.rows), [low]])
        lp.row_upper_ = np.concatenate([np.full(self.rows, np.inf), [high]])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        lp.integrality_ = [highspy.HighsVarType.kInteger] * self.columns + [
            highspy.HighsVarType.kContinuous
        ] * self.rows
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (*_OPTIONS, ("time_limit", seconds)):
            solver.setOptionValue(option, value)
        if math.isfinite(target):
            solver.setOptionValue("objective_target", target)
        solver.passModel(lp)
        known = highspy.HighsSolution()
        x = np.zeros(lp.num_col_)
        x[start] = 1
        x[self.columns :] = cover[:, start].any(axis=1) if len(start) else 0
        known.col_value = x.tolist()
        solver.setSolution(known)
        solver.run()
        found = np.array(solver.getSolution().col_value)
        if not len(found):
            found = x
        return _Solution(found, float(solver.getInfo().mip_dual_bound))
