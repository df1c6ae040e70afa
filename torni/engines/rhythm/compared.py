"""How one series' share of misses changed over a day, against how those of comparable series did over the same days.

The change of one unit is held against the changes of the others: their mean is what would have come anyway, and how far they lie from one another tells
how far a change comes by itself (random effects, DerSimonian and Laird 1986). It is a comparison, not a trial: see `torni.supervision.afterwards`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FEWEST_DUE, FEWEST_OTHERS = 30, 4  # with less due before or after, or fewer others that have as much, nothing is told
CHANCE = 0.95


class Counts(NamedTuple):
    """What was due and missed before a day, and from it on."""

    due: int
    missed: int
    due_after: int
    missed_after: int

    @property
    def enough(self) -> bool:
        return min(self.due, self.due_after) >= FEWEST_DUE


@dataclass(frozen=True)
class Compared:
    """Shares of misses before and after, of the one and on the mean of the others; the difference of the two changes with its range."""

    before: float
    after: float
    others_before: float
    others_after: float
    others: int
    difference: float
    low: float
    high: float


def compared(one: Counts, others: list[Counts], *, spread: float) -> Compared | None:
    """None where too few were due, or too few others are comparable. `spread`: how many times a binomial's variance the misses vary.

    Does not consider why anything changed. Errors: none; negative counts are taken as none.
    """
    told = [c for c in others if c.enough]
    if not one.enough or len(told) < FEWEST_OTHERS:
        return None
    from scipy.special import stdtrit  # its import is a good part of a stored answer's time

    change, variance = _change(np.array([one], float), spread)
    rows = np.array(told, float)
    changes, variances = _change(rows, spread)
    between = _between(changes, variances)
    weights = 1.0 / (variances + between)
    mean = float((weights * changes).sum() / weights.sum())
    error = float(np.sqrt(variance[0] + between + 1.0 / weights.sum()))
    difference = float(change[0]) - mean
    width = float(stdtrit(len(told) - 1, 0.5 + CHANCE / 2)) * error
    sums = rows.sum(axis=0)
    return Compared(
        one.missed / one.due, one.missed_after / one.due_after, float(sums[1] / sums[0]), float(sums[3] / sums[2]), len(told),
        difference, difference - width, difference + width,
    )  # fmt: skip


def _change(rows: Floats, spread: float) -> tuple[Floats, Floats]:
    """(rows): the change of the share, and its variance; shares are drawn a little towards a half, so that none missed is not surely none."""
    due, after = np.maximum(rows[:, 0], 1.0), np.maximum(rows[:, 2], 1.0)
    missed, missed_after = np.clip(rows[:, 1], 0.0, due), np.clip(rows[:, 3], 0.0, after)
    p, q = (missed + 0.5) / (due + 1.0), (missed_after + 0.5) / (after + 1.0)
    return missed_after / after - missed / due, spread * (p * (1.0 - p) / due + q * (1.0 - q) / after)


def _between(changes: Floats, variances: Floats) -> float:
    """The variance of the changes beyond chance, by their moments; never below none."""
    weights = 1.0 / variances
    mean = (weights * changes).sum() / weights.sum()
    beyond = (weights * (changes - mean) ** 2).sum() - (len(changes) - 1)
    return max(0.0, float(beyond / (weights.sum() - (weights**2).sum() / weights.sum())))
