"""Has a number suddenly changed? Many series of daily counts, each against what its own past and the calendar let expect.

What is expected is a log-linear sum learnt day by day, causally: the series' level (which may drift), its weekdays, days off
and their neighbours, school holidays and season, on top of a shape that is given (one year cannot teach its own season), and
what all series of its group do together, so that an epidemic or a holiday nobody knew of is nobody's change.
Of what is left, each day gives an e-value for each alternative (so many times the expected): its mean is 1 while
nothing has changed, in counts as widely spread as this series' own days and weeks are. Their Shiryaev-Roberts sum tells an
alarm at A; over T days the expected number of false ones is at most T / A, of K series at K x A together T / A.
After an alarm the level is learnt anew: the change is told once, and then it is what is normal.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torni.engines.rhythm.evidence import NONE, added, log_ratio, mixed, size_of, spread, threshold

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TIMES = np.array([1.25, 1.5, 2.0, 3.0, 0.75, 0.5, 0.25])  # the alternatives: so many times the expected
FALLS = 1 / 5  # of the weight, what is laid on falls: they are fewer, and what is missing is often only a record
MOST_A_DAY = 8.0  # the most that one day may say (log): a single strange day is no change
FADING = 0.03  # what a day takes from the evidence (log): what comes so slowly is a drift, not a sudden change
WARM_DAYS = 42
SILENT_AT, SILENT_FOR = 15.0, 5  # nothing where so many are expected is a record that is missing, for so many days
LATER = (
    14  # how widely a series varies is learnt so many days late, so that a change does not hide itself by widening it
)
TOGETHER, LASTS = 0.02, 0.98  # how much all may move together in a day (log), and how much of it is left the day after
_CLIPPED = 2.0  # no single series says more than this of what all do together
_YOUNG = 14  # days before a series says anything of the others, or of how widely it varies
_MEMORY = 60.0
_BEFORE, _BEFORE_DAYS = 1.5, 10.0
_LIKE_OTHERS = 30.0
_SUSPECT = 1 / 3  # of the threshold: from here on the level learns at a quarter of its pace
_WIDE = 3.0
_LOG_WEIGHTS = np.log(np.where(TIMES > 1, (1 - FALLS) / np.sum(TIMES > 1), FALLS / np.sum(TIMES < 1)))


@dataclass(eq=False)
class ChangeWatch:
    """The state after some days, one row a series; `step` takes the next day. Copy it to try days that may still change.

    `m`, `p`: the expectation's coefficients, mean (series, terms) and covariance. `together` (groups), `others` (series): what a group's series
    do together (log) and its variance, by all and by all but the one. `log_sum`, `rise`, `began`: the evidence of each
    alternative, what of it has come since it was last nought (Page's sum), and the day on which that was. `told`, `told_began`: the newest alarm's day, and when its change probably
    began; -1 for none. `expected`, `size`: of the day that was taken last.
    """

    group: Ints
    drift: Floats
    anew: float
    threshold: float
    day: int
    m: Floats
    p: Floats
    together: Floats
    others: Floats
    log_sum: Floats
    rise: Floats
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
        return deepcopy(self)

    def step(
        self, came: Floats, terms: Floats, *, shape: Floats | float = 0.0, late: Floats | float = 0.0, restless: float = 1.0,
        doubt: Floats | float = 0.0,
    ) -> Bools:  # fmt: skip
        """One more day. Returns which series tell an alarm on it.

        `came`: (series), the counts, nan where not known. `terms`: (terms), the day's terms, the first is 1. `shape`: the given
        shape's logarithm. `late`: the share not yet recorded, by how records have come before. `restless`: how many times
        the usual all may move (variance; an epidemic's season). `doubt`: how far off what is expected may be on such a day
        beside what the learning knows (relative standard deviation; days near holidays).
        """
        day, self.day = self.day, self.day + 1
        known = ~np.isnan(came)
        came = np.where(known, came, 0.0)
        offset = np.broadcast_to(shape, came.shape) + np.log(np.maximum(1.0 - np.asarray(late, float), 0.02))
        first = known & (self.seen == 0)
        self.m[first, 0] = np.log(came[first] + 0.5) - offset[first]
        self.p[:, 0, 0] += self.drift**2 * restless
        px = self.p @ terms
        unsure = px @ terms
        eta = offset + self.m @ terms
        wide = self._wide()
        self._move_together(came, known, eta, unsure, wide, restless)
        moved = np.where(self.group >= 0, self.others[:, 0], 0.0)
        offset, eta = offset + moved, eta + moved
        mean = np.exp(np.minimum(eta, 30.0))
        variance = wide * mean + (unsure + np.square(doubt)) * mean**2
        self.expected, self.size = mean, size_of(mean, np.maximum(variance, mean * (1.0 + 1e-6)))
        self.seen += known
        self.silent = np.where(known, np.where((came == 0.0) & (mean >= SILENT_AT), self.silent + 1, 0), self.silent)
        counts = known & ~((self.silent > 0) & (self.silent <= SILENT_FOR))
        out, suspect = self._weigh(
            day, counts & (self.seen > WARM_DAYS) & ((self.told < 0) | (day - self.told >= LATER)), came
        )
        far = _WIDE * np.sqrt(np.maximum(variance, 1.0))
        young = (self.seen <= WARM_DAYS) | ((self.told >= 0) & (day - self.told < LATER))
        taught = np.where(young, came, np.clip(came, mean - far, mean + far))
        px[out] += self.anew**2 * (np.arange(len(terms)) == 0) * terms[0]
        unsure = np.where(out, unsure + self.anew**2 * terms[0] ** 2, unsure)
        self._learn(counts, px, unsure, eta, taught, wide * np.where(suspect, 4.0, 1.0))
        self._learn_spread(day, counts, out, came, mean, unsure, wide)
        return out

    def _wide(self) -> Floats:
        """(series): how much wider than chance the days vary, or the weeks if they are wider; believed of the group's others."""
        like_day = like_week = np.full(len(self.group), _BEFORE)
        if len(self.together) and (self.group >= 0).any():
            rows, own = self.group[self.group >= 0], self.group >= 0
            of_days, of_weeks = (
                spread(
                    np.column_stack([np.bincount(rows, by[own, c], len(self.together)) for c in (0, 1)]),
                    _BEFORE,
                    _BEFORE_DAYS,
                )
                for by in (self.by_day, self.by_week)
            )
            like_day = np.where(own, of_days[self.group], _BEFORE)
            like_week = np.where(own, np.maximum(of_days, of_weeks)[self.group], _BEFORE)
        return np.maximum(
            spread(self.by_day, like_day, _LIKE_OTHERS), spread(self.by_week, like_week, _LIKE_OTHERS / 4)
        )

    def _move_together(
        self, came: Floats, known: Bools, eta: Floats, unsure: Floats, wide: Floats, restless: float
    ) -> None:
        """What all of a group do together, for each series by the others: of clipped surprises, so that no single one can move it far."""
        grouped = self.group >= 0
        if not grouped.any():
            return
        g = np.where(grouped, self.group, 0)
        for state in (self.together, self.others):
            state[:, 0] *= LASTS
            state[:, 1] = state[:, 1] * LASTS**2 + TOGETHER**2 * restless
        mean = np.exp(np.minimum(eta + self.together[g, 0], 30.0))
        variance = np.maximum(wide * mean + unsure * mean**2, 1e-300)
        says = grouped & known & (self.seen >= _YOUNG) & ~((came == 0.0) & (mean >= SILENT_AT))
        surprise = np.clip((came - mean) / np.sqrt(variance), -_CLIPPED, _CLIPPED)
        score = np.where(says, surprise * mean / np.sqrt(variance), 0.0)
        weight = np.where(says, mean**2 / variance, 0.0)
        of_all = np.bincount(g[grouped], score[grouped], len(self.together))
        weighs = np.bincount(g[grouped], weight[grouped], len(self.together))
        rest = weighs[g] - weight
        score = of_all[g] - score + rest * (self.together[g, 0] - self.others[:, 0])
        for state, told, sure in ((self.others, score, rest), (self.together, of_all, weighs)):
            precision = 1.0 / state[:, 1] + sure
            state[:, 0] += told / precision
            state[:, 1] = 1.0 / precision

    def _weigh(self, day: int, rows: Bools, came: Floats) -> tuple[Bools, Bools]:
        """The day's evidence added: which tell an alarm, and which are suspected of a change."""
        log_e = np.minimum(log_ratio(came, self.expected, self.size, TIMES), MOST_A_DAY)
        self.began = np.where(rows[:, None] & (self.rise <= 0.0), day, self.began)
        self.rise = np.where(rows[:, None], np.maximum(self.rise, 0.0) + log_e, self.rise)
        self.log_sum = np.where(rows[:, None], added(self.log_sum - FADING, log_e), self.log_sum)
        both = mixed(self.log_sum, _LOG_WEIGHTS)
        out: Bools = rows & (both >= self.threshold)
        suspect: Bools = rows & (both > self.threshold * _SUSPECT) & ~out
        self.told_began[out] = self.began[out, np.argmax(self.log_sum[out], axis=1)]
        self.told[out] = day
        self.log_sum[out] = NONE
        self.rise[out] = 0.0
        self.p[out, 0, 0] += self.anew**2
        return out, suspect

    def _learn(self, rows: Bools, px: Floats, unsure: Floats, eta: Floats, came: Floats, wide: Floats) -> None:
        """The counts into the expectation. The most likely value along the day's own direction is found by Newton's steps, so
        that a count far from the expected cannot throw the coefficients past what it says."""
        at = eta.copy()
        v = np.maximum(unsure, 1e-12)
        for _ in range(8):
            mean = np.exp(np.minimum(at, 30.0))
            step = ((came - mean) / wide - (at - eta) / v) / (mean / wide + 1.0 / v)
            at += np.clip(step, -1.5, 1.5)
        weight = np.exp(np.minimum(at, 30.0)) / wide
        self.m += np.where(rows, (at - eta) / v, 0.0)[:, None] * px
        gain = np.where(rows, weight / (1.0 + v * weight), 0.0)
        self.p -= gain[:, None, None] * px[:, :, None] * px[:, None, :]

    def _learn_spread(
        self, day: int, rows: Bools, out: Bools, came: Floats, mean: Floats, unsure: Floats, wide: Floats
    ) -> None:
        slot, left = day % LATER, 1.0 - 1.0 / _MEMORY
        for state, column, weighs, fade in (
            (self.by_day, 0, _LIKE_OTHERS, left),
            (self.by_week, 1, _LIKE_OTHERS / 4, left**5),
        ):
            square = self.held[:, slot, column]
            most = np.maximum(_WIDE**2 * spread(state, _BEFORE, weighs), 4.0 / mean)
            taken = rows & (square >= 0.0)
            state[taken] = (state * fade + np.column_stack([np.minimum(square, most), np.ones_like(square)]))[taken]
        self.held[rows, slot] = -1.0
        self.held[out], self.week[out] = -1.0, 0.0
        rows = rows & ~out & (self.seen > _YOUNG) & (mean > 0.05)
        usual = mean + unsure * mean**2 / wide
        self.held[rows, slot, 0] = ((came - mean) ** 2 / usual)[rows]
        self.week += rows[:, None] * np.column_stack([came - mean, usual, np.ones_like(mean)])
        over = rows & (self.week[:, 2] >= 5.0)
        self.held[over, slot, 1] = self.week[over, 0] ** 2 / self.week[over, 1]
        self.week[over] = 0.0


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
    `drift`: how much the level moves in a day (log), one or one a series. `false_alarms_a_year`: the bound over all series
    together, or over so many `series` where others share it. `anew`: how far from the old the level may be after an alarm.
    """
    k, n = len(group), believed.shape[-1]
    p = np.zeros((k, n, n))
    p[:, np.arange(n), np.arange(n)] = believed**2
    groups = int(group.max(initial=-1)) + 1
    return ChangeWatch(
        group, np.broadcast_to(np.asarray(drift, float), (k,)).copy(), anew, threshold(series or k, false_alarms_a_year), 0, np.zeros((k, n)), p,
        np.zeros((groups, 2)), np.zeros((k, 2)), np.full((k, len(TIMES)), NONE), np.zeros((k, len(TIMES))), np.zeros((k, len(TIMES)), np.int64), np.full(k, -1),
        np.full(k, -1), np.zeros((k, 2)), np.zeros((k, 2)), np.zeros((k, 3)), np.full((k, LATER, 2), -1.0), np.zeros(k, np.int64),
        np.zeros(k, np.int64), np.zeros(k), np.zeros(k),
    )  # fmt: skip
