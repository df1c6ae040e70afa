"""Is a share that was promised surely not kept? Many series of so many missed of so many, each day with what came.

While a series misses just the promised share, each day gives an e-value: how much likelier its misses are at a larger share.
Their Shiryaev-Roberts sum tells an alarm at the threshold A; the expected number of false alarms over T days is at most T / A,
of K series at K x A together T / A (Shiryaev 1963, Roberts 1966; the mixture of alternatives keeps it, for each one's sum
has mean T). Misses come in clusters, by nurse and by day: how much wider than chance they vary is learnt from each series
by days and by weeks, and the wider counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from torni.engines.rhythm.kernel import add, log_ratio, mixed, size_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TIMES = np.array([1.5, 3.0, 10.0])  # the alternatives: so many times the promised misses
ON_FREE_DAYS = 1 / 3  # of the weight, what is laid on missing at weekends and holidays only
MOST_A_DAY = 12.0  # the most that one day may say (log): no alarm rests on one day alone
WARM_DAYS = 7  # days with something due before anything is told
_MEMORY = 60.0  # days that the learning of the spread looks back
_BEFORE = 1.6, 10.0  # the spread believed before anything has come, and the days that this weighs
_LIKE_OTHERS = 40.0  # days of its own that a series' spread is weighed against the others' of its pool
_MOST_UNLIKE = 1.3  # of the others' spread: what varies more than this is not chance, it is what is looked for
_MOST_TOLD = 4.0
_SUSPECT = 4.0
_WIDE = 3.0  # a day farther than this from the usual teaches only as much as this


@dataclass(eq=False)
class ShareWatch:
    """The state after some days, one row a series; `step` takes the next day. Copy it to try days that may still change.

    `log_sum` (series, alternatives): the evidence. `began` (series, alternatives): the day on which it last began anew. `told`:
    the day of the alarm that stands, or -1. `rate`, `by_day`, `by_week`: the usual share of misses, and how much wider than
    chance days and weeks vary.
    """

    promised: Floats
    threshold: float
    day: int
    log_sum: Floats
    began: Ints
    told: Ints
    told_began: Ints
    rate: Floats
    weight: Floats
    by_day: Floats
    by_week: Floats
    week: Floats
    seen: Ints
    after: Floats
    pool: Ints

    def copy(self) -> ShareWatch:
        return ShareWatch(
            self.promised, self.threshold, self.day, self.log_sum.copy(), self.began.copy(), self.told.copy(), self.told_began.copy(),
            self.rate.copy(), self.weight.copy(), self.by_day.copy(), self.by_week.copy(), self.week.copy(), self.seen.copy(),
            self.after.copy(), self.pool,
        )  # fmt: skip

    def step(self, total: Floats, missed: Floats, expected_late: Floats, free: bool) -> Bools:
        """One more day. Returns which series tell an alarm on it.

        `total`, `missed`: (series), what was due that day and what of it was missed; nothing is learnt where `total` is 0.
        `expected_late`: (series), the share of what was done that is not yet recorded, by how records have come before.
        `free`: a weekend or holiday.
        """
        out = np.zeros(len(self.promised), np.bool_)
        _step(
            self.day, total, missed, expected_late, free, self.promised, self.threshold, self.log_sum, self.began, self.told, self.told_began,
            self.rate, self.weight, self.by_day, self.by_week, self.week, self.seen, self.after, self.pool, _LOG_WEIGHTS, out,
        )  # fmt: skip
        self.day += 1
        return out


def share_watch(
    promised: Floats, *, false_alarms_a_year: float, series: int | None = None, pool: Ints | None = None
) -> ShareWatch:
    """A watch that knows nothing yet. `promised`: (series), the share that may be missed, above 0.

    `false_alarms_a_year`: the bound over all series together, or over so many `series` where others share it.
    """
    k = len(promised)
    alternatives = 2 * len(TIMES)
    threshold = float(np.log((series or max(k, 1)) * 365.0 / false_alarms_a_year))
    return ShareWatch(
        np.asarray(promised, float), threshold, 0, np.full((k, alternatives), -1e3), np.zeros((k, alternatives), np.int64),
        np.full(k, -1), np.full(k, -1), np.zeros(k), np.zeros(k), np.zeros((k, 2)), np.zeros((k, 2)), np.zeros((k, 3)),
        np.zeros(k, np.int64), np.zeros((k, 2)), np.zeros(k, np.int64) if pool is None else pool,
    )  # fmt: skip


_LOG_WEIGHTS = np.log(
    np.concatenate(
        [np.full(len(TIMES), (1 - ON_FREE_DAYS) / len(TIMES)), np.full(len(TIMES), ON_FREE_DAYS / len(TIMES))]
    )
)


@nb.njit(cache=True)
def spread(by: Any, before: float, weighs: float) -> float:
    """How much wider than chance, from the sum of squares and how many: never less than chance."""
    return max(1.0, (by[0] + before * weighs) / (by[1] + weighs))


@nb.njit(cache=True)
def of_so_many(wide: float, n: float) -> float:
    """How much wider than chance of so many, where of very many it is `wide`: one alone cannot cluster."""
    return 1.0 + (wide - 1.0) * max(n - 1.0, 0.0) / (max(n - 1.0, 0.0) + wide)


@nb.njit(cache=True)
def due_a_day(weight: float, seen: int, fade: float) -> float:
    """How many are due a day, from the fading sum over the days seen."""
    return weight * (1.0 - fade) / max(1.0 - fade**seen, 1.0 - fade)


@nb.njit(cache=True)
def _step(
    day: int, total: Any, missed: Any, expected_late: Any, free: bool, promised: Any, threshold: float, log_sum: Any, began: Any, told: Any,
    told_began: Any, rate: Any, weight: Any, by_day: Any, by_week: Any, week: Any, seen: Any, after: Any, pool: Any, log_weights: Any, out: Any,
) -> None:  # fmt: skip
    k = len(promised)
    fade = 1.0 - 1.0 / _MEMORY
    pooled = np.zeros((int(pool.max()) + 1 if k else 0, 4))
    for i in range(k):  # none that is suspected makes the others look wide: it may be the one that is looked for
        if told[i] >= 0 or mixed(log_sum[i], log_weights) > _SUSPECT:
            continue
        n = due_a_day(weight[i], seen[i], fade)
        large = n / (n + 2.0)
        pooled[pool[i], 0] += large * min(by_day[i, 0], _MOST_TOLD * by_day[i, 1])
        pooled[pool[i], 1] += large * by_day[i, 1]
        pooled[pool[i], 2] += large * min(by_week[i, 0], _MOST_TOLD * by_week[i, 1])
        pooled[pool[i], 3] += large * by_week[i, 1]
    for i in range(k):
        if total[i] <= 0.0:
            continue
        seen[i] += 1
        mean = total[i] * (promised[i] + expected_late[i] * (1.0 - promised[i]))
        usual_day = spread(pooled[pool[i], :2], _BEFORE[0], _BEFORE[1])
        usual_week = max(usual_day, spread(pooled[pool[i], 2:], _BEFORE[0], _BEFORE[1]))
        own_day = min(spread(by_day[i], usual_day, _LIKE_OTHERS), _MOST_UNLIKE * usual_day)
        own_week = min(spread(by_week[i], usual_week, _LIKE_OTHERS / 4), _MOST_UNLIKE * usual_week)
        in_week = 7.0 * due_a_day(weight[i], seen[i] - 1, fade)
        wide = max(of_so_many(own_day, total[i]), of_so_many(own_week, max(in_week, total[i])))
        size = size_of(mean, mean * max(wide, 1.0 + 1e-6))
        suspect = False
        if told[i] < 0:
            if seen[i] > WARM_DAYS:
                for a in range(len(TIMES)):
                    times = min(TIMES[a], 0.95 * total[i] / mean)  # more than all cannot be missed
                    if times < 1.05:
                        continue
                    log_e = min(log_ratio(missed[i], mean, size, times), MOST_A_DAY)
                    for j in range(a, 2 * len(TIMES) if free else len(TIMES), len(TIMES)):
                        if log_sum[i, j] < 0.0:
                            began[i, j] = day
                        log_sum[i, j] = add(log_sum[i, j], log_e)
            both = mixed(log_sum[i], log_weights)
            suspect = both > _SUSPECT
            if both >= threshold:
                out[i] = True
                told[i] = day
                best = 0
                for j in range(len(log_sum[i])):
                    if log_sum[i, j] + log_weights[j] > log_sum[i, best] + log_weights[best]:
                        best = j
                told_began[i] = began[i, best]
                log_sum[i, :] = -1e3
                after[i, :] = 0.0
        else:  # an alarm stands until the last four weeks keep the promise again
            gone = 1.0 - 1.0 / 28.0
            after[i, 0] = after[i, 0] * gone + missed[i]
            after[i, 1] = after[i, 1] * gone + mean
            if day - told[i] >= 28 and after[i, 0] <= after[i, 1]:
                told[i] = -1
        # what is usual here, and how wide it varies, learnt from days that nothing is suspected of
        usual = (rate[i] + 20.0 * promised[i] / 3.0) / (weight[i] + 20.0)
        due = total[i] * (usual + expected_late[i] * (1.0 - usual))
        if not suspect and told[i] < 0 and due > 0.0:
            square = min((missed[i] - due) ** 2 / due, max(_WIDE * _WIDE * own_day, 4.0 / due))
            by_day[i, 0] = by_day[i, 0] * fade + square
            by_day[i, 1] = by_day[i, 1] * fade + 1.0
            week[i, 0] += missed[i]
            week[i, 1] += due
            week[i, 2] += 1.0
            if week[i, 2] >= 7.0:
                square = min(
                    (week[i, 0] - week[i, 1]) ** 2 / week[i, 1], max(_WIDE * _WIDE * own_week, 4.0 / week[i, 1])
                )
                by_week[i, 0] = by_week[i, 0] * (fade**7) + square
                by_week[i, 1] = by_week[i, 1] * (fade**7) + 1.0
                week[i, :] = 0.0
        if not suspect:
            rate[i] = rate[i] * fade + max(missed[i] - total[i] * expected_late[i], 0.0)
            weight[i] = weight[i] * fade + total[i]
