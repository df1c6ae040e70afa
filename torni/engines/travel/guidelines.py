"""Many guidelines on one stored matrix: from nearest and second nearest, a closure or an opening costs a glance.

A guideline is a set of units, a weight for every home and a limit. Kept for each: nearest and second-nearest time and
who is nearest; so a closure looks only at the homes it served, and an opening is one comparison a home.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coverage:
    """By guideline: weight within the limit, and weight x seconds over all homes."""

    covered: Floats
    travel: Floats


class Guidelines:
    """`seconds`: homes x units. `units[g]`: the guideline's unit columns. `weight`: guidelines x homes. `limit_s`: by guideline."""

    def __init__(
        self,
        seconds: Seconds,
        units: Sequence[npt.NDArray[np.int64]],
        weight: npt.NDArray[np.float32],
        limit_s: npt.NDArray[np.int64],
    ) -> None:
        self.first = np.concatenate([[0], np.cumsum([len(u) for u in units])]).astype(np.int64)
        self.unit = np.concatenate([*units, np.empty(0, np.int64)]).astype(np.int64)
        self.weight, self.limit = weight, np.asarray(limit_s, np.int64)
        shape = weight.shape
        self.nearest, self.second = np.empty(shape, np.uint16), np.empty(shape, np.uint16)
        self.who = np.empty(shape, np.int32)
        covered, travel = np.zeros(len(units)), np.zeros(len(units))
        _measure(
            seconds, self.first, self.unit, weight, self.limit, self.nearest, self.second, self.who, covered, travel
        )
        self.now = Coverage(covered, travel)
        # Homes by who serves them, so that a closure reads only its own.
        self.order, self.served = _by_server(self.who, self.first)

    def close(self, unit: int) -> Coverage:
        """Everything after closing one unit."""
        covered, travel = self.now.covered.copy(), self.now.travel.copy()
        _close(
            unit,
            self.first,
            self.unit,
            self.order,
            self.served,
            self.weight,
            self.limit,
            self.nearest,
            self.second,
            covered,
            travel,
        )
        return Coverage(covered, travel)

    def every_closure(self) -> tuple[Floats, Floats]:
        """For every unit slot (guideline by guideline, in its order): weight lost from within the limit, travel added."""
        lost, added = np.zeros(len(self.unit)), np.zeros(len(self.unit))
        _every_closure(self.first, self.weight, self.limit, self.nearest, self.second, self.who, lost, added)
        return lost, added

    def open(self, seconds: Seconds) -> Coverage:
        """Everything after opening one unit in every guideline, `seconds` from every home to it."""
        covered, travel = self.now.covered.copy(), self.now.travel.copy()
        _open(seconds, self.weight, self.limit, self.nearest, covered, travel)
        return Coverage(covered, travel)


@nb.njit(cache=True)
def _measure(seconds, first, unit, weight, limit, nearest, second, who, covered, travel):  # type: ignore[no-untyped-def]
    for i in range(seconds.shape[0]):
        row = seconds[i]
        for g in range(len(first) - 1):
            a, b, w = 65535, 65535, -1
            for k in range(first[g], first[g + 1]):
                t = int(row[unit[k]])
                if t < a:
                    b, a, w = a, t, k
                elif t < b:
                    b = t
            nearest[g, i], second[g, i], who[g, i] = a, b, w
            travel[g] += weight[g, i] * a
            if a <= limit[g]:
                covered[g] += weight[g, i]


@nb.njit(cache=True)
def _by_server(who, first):  # type: ignore[no-untyped-def]
    guidelines, homes = who.shape
    served = np.zeros(first[-1] + 1, np.int64)
    for g in range(guidelines):
        for i in range(homes):
            if who[g, i] >= 0:
                served[who[g, i] + 1] += 1
    served = np.cumsum(served)
    place = served[:-1].copy()
    order = np.empty(served[-1], np.int32)
    for g in range(guidelines):
        for i in range(homes):
            w = who[g, i]
            if w >= 0:
                order[place[w]] = i
                place[w] += 1
    return order, served


@nb.njit(cache=True)
def _close(which, first, unit, order, served, weight, limit, nearest, second, covered, travel):  # type: ignore[no-untyped-def]
    for g in range(len(first) - 1):
        for k in range(first[g], first[g + 1]):
            if unit[k] == which:
                for p in range(served[k], served[k + 1]):
                    i = order[p]
                    a, b = int(nearest[g, i]), int(second[g, i])
                    travel[g] += weight[g, i] * (b - a)
                    if a <= limit[g] and b > limit[g]:
                        covered[g] -= weight[g, i]


@nb.njit(cache=True)
def _every_closure(first, weight, limit, nearest, second, who, lost, added):  # type: ignore[no-untyped-def]
    for g in range(len(first) - 1):
        for i in range(weight.shape[1]):
            w = who[g, i]
            if w >= 0:
                a, b = int(nearest[g, i]), int(second[g, i])
                added[w] += weight[g, i] * (b - a)
                if a <= limit[g] and b > limit[g]:
                    lost[w] += weight[g, i]


@nb.njit(cache=True, fastmath=True)
def _open(seconds, weight, limit, nearest, covered, travel):  # type: ignore[no-untyped-def]
    for g in range(weight.shape[0]):
        gained, saved = np.float64(0), np.float64(0)
        for i in range(weight.shape[1]):
            a, t = np.int32(nearest[g, i]), np.int32(seconds[i])
            saved += weight[g, i] * max(a - t, 0)
            gained += weight[g, i] if (t <= limit[g]) & (a > limit[g]) else np.float32(0)
        covered[g] += gained
        travel[g] -= saved
