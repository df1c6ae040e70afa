"""Has a number suddenly changed? Many series of daily counts, each against what its own past and the calendar let expect.

What is expected is a log-linear sum learnt day by day, causally: the series' level (which may drift), its weekdays, days off
and their eves, school holidays and season, on top of a shape that is given (one year cannot teach its own season), and
what all series of its group do together that day, so that an epidemic or a holiday nobody knew of is nobody's change.
Of what is left, each day gives an e-value for each alternative (so many times the expected): its mean is 1 while
nothing has changed, in counts as widely spread as this series' own days and weeks are. Their Shiryaev-Roberts sum tells an
alarm at A; over T days the expected number of false ones is at most T / A, of K series at K x A together T / A.
After an alarm the level is learnt anew: the change is told once, and then it is what is normal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from torni.engines.rhythm.kernel import add, learn, log_ratio, mixed, size_of
from torni.engines.rhythm.share import spread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TIMES = np.array([1.25, 1.5, 2.0, 3.0, 0.75, 0.5, 0.25])  # the alternatives: so many times the expected
MOST_A_DAY = 8.0  # the most that one day may say (log): a single strange day is no change
WARM_DAYS = 42
SILENT_AT, SILENT_FOR = 15.0, 5  # nothing where so many are expected is a record that is missing, for so many days
LATER = 14
FADING = 0.03  # what a day takes from the evidence (log): what comes so slowly is a drift, not a sudden change
_MEMORY = 60.0
_BEFORE = 1.5, 10.0
_LIKE_OTHERS = 30.0
_WIDE = 3.0
_TOGETHER = 0.02, 0.98  # how much all together may move in a day, and how much of it is left the day after
_LOG_WEIGHTS = np.log(np.full(len(TIMES), 1.0 / len(TIMES)))


@dataclass(eq=False)
class ChangeWatch:
    """The state after some days, one row a series; `step` takes the next day.

    `m`, `p`: the expectation's coefficients, mean and covariance (series, terms). `together`: what each group's series do together (log), its
    variance; `others`: for each series the same by the others. `log_sum`, `began`: the evidence of each alternative and the day on which it last began anew. `told`,
    `told_began`, `told_times`: the newest alarm's day, when the change probably began, and how many times the expected came.
    """

    group: Ints
    threshold: float
    drift: Floats
    anew: float
    day: int
    m: Floats
    p: Floats
    together: Floats
    others: Floats
    log_sum: Floats
    began: Ints
    told: Ints
    told_began: Ints
    by_day: Floats
    by_week: Floats
    week: Floats
    held: Floats
    seen: Ints
    silent: Ints
    expected: Floats
    size: Floats

    def copy(self) -> ChangeWatch:
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return ChangeWatch(
            **{k: v.copy() if isinstance(v, np.ndarray) and k not in ("group", "drift") else v for k, v in kept.items()}
        )

    def step(
        self, came: Floats, terms: Floats, shape: Floats, late: Floats, *, restless: float = 1.0, alone: bool = False
    ) -> Bools:
        """One more day. Returns which series tell an alarm on it; `expected` and `size` are then that day's.

        `came`: (series), the counts, nan where it is not known. `terms`: (terms), the day's terms, the first is 1.
        `shape`: (series), the given shape's logarithm. `late`: (series), the share not yet recorded, by how records have come
        before. `restless`: how many times the usual drift of the level (an epidemic's season).
        """
        out = np.zeros(len(self.group), np.bool_)
        _step(
            self.day, came, terms, shape, late, restless, self.group, self.threshold, self.drift, self.anew, self.m, self.p, self.together,
            self.others, self.log_sum, self.began, self.told, self.told_began, self.by_day, self.by_week, self.week, self.held, self.seen, self.silent,
            self.expected, self.size, _LOG_WEIGHTS, out,
        )  # fmt: skip
        self.day += 1
        return out


def change_watch(
    group: Ints,
    *,
    believed: Floats,
    drift: Floats | float,
    false_alarms_a_year: float,
    series: int | None = None,
    anew: float = 1.0,
) -> ChangeWatch:
    """A watch that knows nothing yet. `group`: (series), whose series move together; -1 for a series of its own.

    `believed`: (terms) or (series, terms), how far from 0 each coefficient may be (standard deviation), the first the level's.
    `drift`: how much the level moves in a day (log), one or one a series. `anew`: how far the level may be from the old after an alarm.
    """
    k, n = len(group), believed.shape[-1]
    p = np.zeros((k, n, n))
    p[:, np.arange(n), np.arange(n)] = believed**2
    threshold = float(np.log((series or max(k, 1)) * 365.0 / false_alarms_a_year))
    groups = int(group.max()) + 1 if k else 0
    step = np.broadcast_to(np.asarray(drift, float) ** 2, (k,)).copy()
    return ChangeWatch(
        group, threshold, step, anew, 0, np.zeros((k, n)), p, np.zeros((max(groups, 1), 2)), np.zeros((k, 2)), np.full((k, len(TIMES)), -1e3),
        np.zeros((k, len(TIMES)), np.int64), np.full(k, -1), np.full(k, -1), np.zeros((k, 2)), np.zeros((k, 2)), np.zeros((k, 3)),
        np.full((k, LATER, 2), -1.0), np.zeros(k, np.int64), np.zeros(k, np.int64), np.zeros(k), np.zeros(k),
    )  # fmt: skip


@nb.njit(cache=True)
def _step(
    day: int, came: Any, terms: Any, shape: Any, late: Any, restless: float, group: Any, threshold: float, drift: Any, anew: float, m: Any,
    p: Any, together: Any, others: Any, log_sum: Any, began: Any, told: Any, told_began: Any, by_day: Any, by_week: Any, week: Any, held: Any, seen: Any,
    silent: Any, expected: Any, size: Any, log_weights: Any, out: Any,
) -> None:  # fmt: skip
    k, n = m.shape
    fade = 1.0 - 1.0 / _MEMORY
    eta, own, wide, score, weight = np.zeros(k), np.zeros(k), np.zeros(k), np.zeros(k), np.zeros(k)
    pooled = np.zeros((len(together), 4))
    for i in range(k):
        if group[i] >= 0:
            pooled[group[i], :2] += by_day[i]
            pooled[group[i], 2:] += by_week[i]
    # what each series lets expect of itself
    for i in range(k):
        if seen[i] == 0 and not math.isnan(came[i]):  # the level begins where the first day is
            m[i, 0] = math.log(came[i] + 0.5) - shape[i]
        p[i, 0, 0] += drift[i] * restless
        e = shape[i] + math.log(max(1.0 - late[i], 0.02))
        v = 0.0
        for a in range(n):
            if terms[a] != 0.0:
                e += m[i, a] * terms[a]
                for b in range(n):
                    v += terms[a] * p[i, a, b] * terms[b]
        eta[i], own[i] = e, v
        day_like, week_like = _BEFORE[0], _BEFORE[0]
        if group[i] >= 0:
            day_like = spread(pooled[group[i], :2], _BEFORE[0], _BEFORE[1])
            week_like = max(day_like, spread(pooled[group[i], 2:], _BEFORE[0], _BEFORE[1]))
        wide[i] = max(spread(by_day[i], day_like, _LIKE_OTHERS), spread(by_week[i], week_like, _LIKE_OTHERS / 4))
    # what all of a group do together, for each series by the others: clipped, so that no single one can move it far
    for g in range(len(together)):
        together[g, 0] *= _TOGETHER[1]
        together[g, 1] = together[g, 1] * _TOGETHER[1] ** 2 + _TOGETHER[0] ** 2 * restless
        all_score, all_weight = 0.0, 0.0
        for i in range(k):
            score[i], weight[i] = 0.0, 0.0
            if group[i] != g or math.isnan(came[i]) or seen[i] < 14:
                continue
            mean = math.exp(min(eta[i] + together[g, 0], 30.0))
            variance = wide[i] * mean + own[i] * mean * mean
            if variance <= 0.0 or (came[i] == 0.0 and mean >= SILENT_AT):
                continue
            surprise = (came[i] - mean) / math.sqrt(variance)
            score[i] = max(-2.0, min(2.0, surprise)) * mean / math.sqrt(variance)
            weight[i] = mean * mean / variance
            all_score += score[i]
            all_weight += weight[i]
        for i in range(k):
            if group[i] != g:
                continue
            others[i, 0] *= _TOGETHER[1]
            others[i, 1] = others[i, 1] * _TOGETHER[1] ** 2 + _TOGETHER[0] ** 2 * restless
            rest = all_weight - weight[i]
            moved = all_score - score[i] + rest * (together[g, 0] - others[i, 0])
            others[i, 0] += moved / (1.0 / others[i, 1] + rest)
            others[i, 1] = 1.0 / (1.0 / others[i, 1] + rest)
        together[g, 0] += all_score / (1.0 / together[g, 1] + all_weight)
        together[g, 1] = 1.0 / (1.0 / together[g, 1] + all_weight)
    for i in range(k):
        offset = shape[i] + math.log(max(1.0 - late[i], 0.02))
        if group[i] >= 0:
            offset += others[i, 0]
            eta[i] += others[i, 0]
        mean = math.exp(min(eta[i], 30.0))
        expected[i] = mean
        variance = wide[i] * mean + own[i] * mean * mean
        size[i] = size_of(mean, max(variance, mean * (1.0 + 1e-6)))
        if math.isnan(came[i]):
            continue
        seen[i] += 1
        silent[i] = silent[i] + 1 if came[i] == 0.0 and mean >= SILENT_AT else 0
        if 0 < silent[i] <= SILENT_FOR:
            continue
        both = -1e300
        if seen[i] > WARM_DAYS:
            for a in range(len(TIMES)):
                if log_sum[i, a] < 0.0:
                    began[i, a] = day
                log_e = min(log_ratio(came[i], mean, size[i], TIMES[a]), MOST_A_DAY)
                log_sum[i, a] = add(log_sum[i, a] - FADING, log_e)
            both = mixed(log_sum[i], log_weights)
        suspect = both > threshold / 3
        if both >= threshold:
            out[i] = True
            told[i] = day
            best = 0
            for a in range(len(TIMES)):
                if log_sum[i, a] > log_sum[i, best]:
                    best = a
            told_began[i] = began[i, best]
            log_sum[i, :] = -1e3
            p[i, 0, 0] += anew * anew
            week[i, :] = 0.0
            suspect = False
        sure = math.sqrt(max(variance, 1.0))
        taught = (
            came[i]
            if seen[i] <= WARM_DAYS or day - told[i] < 14
            else max(mean - _WIDE * sure, min(mean + _WIDE * sure, came[i]))
        )
        learn(m[i], p[i], terms, taught, offset, wide[i] * (4.0 if suspect else 1.0))
        # how widely it varies is learnt two weeks late, so that a change does not hide itself by widening what is usual
        slot = day % LATER
        if held[i, slot, 0] >= 0.0:
            own_wide = spread(by_day[i], _BEFORE[0], _LIKE_OTHERS)
            by_day[i, 0] = by_day[i, 0] * fade + min(held[i, slot, 0], max(_WIDE * _WIDE * own_wide, 4.0 / mean))
            by_day[i, 1] = by_day[i, 1] * fade + 1.0
        if held[i, slot, 1] >= 0.0:
            own_wide = spread(by_week[i], _BEFORE[0], _LIKE_OTHERS / 4)
            by_week[i, 0] = by_week[i, 0] * fade**5 + min(held[i, slot, 1], max(_WIDE * _WIDE * own_wide, 4.0 / mean))
            by_week[i, 1] = by_week[i, 1] * fade**5 + 1.0
        held[i, slot, :] = -1.0
        if out[i]:
            held[i, :, :] = -1.0
        elif seen[i] > 14 and mean > 0.05:
            usual = mean + own[i] * mean * mean / wide[i]
            held[i, slot, 0] = (came[i] - mean) ** 2 / usual
            week[i, 0] += came[i] - mean
            week[i, 1] += usual
            week[i, 2] += 1.0
            if week[i, 2] >= 5.0:
                held[i, slot, 1] = week[i, 0] ** 2 / week[i, 1]
                week[i, :] = 0.0
