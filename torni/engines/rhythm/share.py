"""Is a share that was promised surely not kept? Many series of so many missed of so many, each day with what came.

While a series misses just the promised share, each day gives an e-value: how much likelier its misses are at a larger share.
Their Shiryaev-Roberts sum tells an alarm at the threshold A; the expected number of false alarms over T days is at most T / A,
of K series at K x A together T / A (Shiryaev 1963, Roberts 1966; the mixture of alternatives keeps it, for each one's sum
has mean T). Misses come in clusters, by nurse and by day: how much wider than chance they vary is learnt from each series
and those like it, by days and by weeks, and the wider counts.
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

TIMES = np.array([1.5, 3.0, 10.0])  # the alternatives: so many times the promised misses
ON_FREE_DAYS = 1 / 3  # of the weight, what is laid on missing at weekends and holidays only
MOST_A_DAY = 12.0  # the most that one day may say (log): no alarm rests on one day alone
WARM_DAYS = 7  # days with something due before anything is told
STANDS_DAYS = 28  # an alarm stands at least so long, and until as many days keep the promise again
_MEMORY = 60.0  # days that the learning looks back
_BEFORE, _BEFORE_DAYS = 1.6, 10.0  # the spread believed before anything has come, and the days that this weighs
_LIKE_OTHERS = 40.0  # days of its own that a series' spread is weighed against the others' of its pool
_MOST_UNLIKE = 1.3  # of the others' spread: what varies more than this is not chance, it is what is looked for
_MOST_TOLD = 4.0  # a series teaches the others no wider spread than this
_SUSPECT = 4.0  # evidence (log) from which on a series teaches nothing
_WIDE = 3.0  # a day farther than this from the usual teaches only as much as this
_LOG_WEIGHTS = np.log(np.repeat([1 - ON_FREE_DAYS, ON_FREE_DAYS], len(TIMES)) / len(TIMES))


@dataclass(eq=False)
class ShareWatch:
    """The state after some days, one row a series; `step` takes the next day. Copy it to try days that may still change.

    `promised`: the share that may be missed. `log_sum`, `rise`, `began` (series, alternatives): the evidence; what of it has come
    since it was last nought (Page's sum), and the day on which that was. `told`, `told_began`: the day of the alarm that stands and when what it tells of began, or -1.
    """

    promised: Floats
    pool: Ints
    threshold: float
    day: int
    log_sum: Floats
    rise: Floats
    began: Ints
    told: Ints
    told_began: Ints
    missed: Floats  # the fading sums from which what is usual is learnt
    total: Floats
    pace: Floats  # what is due a day, fading by the calendar
    by_day: Floats  # squares, how many
    by_week: Floats
    week: Floats  # missed, expected, days of the week that is going on
    seen: Ints
    after: Floats  # missed and promised since an alarm, fading

    def copy(self) -> ShareWatch:
        return deepcopy(self)

    def step(self, total: Floats, missed: Floats, *, late: Floats | float = 0.0, free: bool = False) -> Bools:
        """One more day. Returns which series tell an alarm on it.

        `total`, `missed`: (series), what was due that day and what of it was missed; a series with nothing due stays as it is.
        `late`: the share of what was done that is not yet recorded, by how records have come before. `free`: a weekend or
        holiday.
        """
        day, self.day = self.day, self.day + 1
        due = total > 0.0
        late = np.broadcast_to(np.asarray(late, float), total.shape)
        self.seen += due
        self.pace = self.pace * (1.0 - 1.0 / _MEMORY) + total
        mean = np.where(due, total * (self.promised + late * (1.0 - self.promised)), 1.0)
        own_day, own_week, wide = self._spreads(total)
        log_e = self._log_e(total, missed, mean, wide)
        weighs = due & (self.told < 0) & (self.seen > WARM_DAYS)
        for j in range(2 if free else 1):
            part = slice(j * len(TIMES), (j + 1) * len(TIMES))
            anew = weighs[:, None] & (self.rise[:, part] <= 0.0)
            self.began[:, part] = np.where(anew, day, self.began[:, part])
            self.rise[:, part] = np.where(
                weighs[:, None], np.maximum(self.rise[:, part], 0.0) + log_e, self.rise[:, part]
            )
            self.log_sum[:, part] = np.where(
                weighs[:, None], added(self.log_sum[:, part], log_e), self.log_sum[:, part]
            )
        both = mixed(self.log_sum, _LOG_WEIGHTS)
        suspect = both > _SUSPECT
        out: Bools = weighs & (both >= self.threshold)
        self._stands(day, due & (self.told >= 0), missed, mean)
        self._tell(day, out)
        self._learn(due & ~suspect, total, missed, late, own_day, own_week)
        return out

    def _spreads(self, total: Floats) -> tuple[Floats, Floats, Floats]:
        """(series): how much wider than chance days and weeks vary, and the wider of them for as many as are due today."""
        a_day = self.total / _MEMORY / np.maximum(1.0 - (1.0 - 1.0 / _MEMORY) ** self.seen, 1.0 / _MEMORY)
        a_week = 7.0 * self.pace / _MEMORY / (1.0 - (1.0 - 1.0 / _MEMORY) ** self.day)
        teaches = (a_day / (a_day + 2.0)) * ((self.told < 0) & (mixed(self.log_sum, _LOG_WEIGHTS) <= _SUSPECT))
        pools = int(self.pool.max()) + 1 if len(self.pool) else 0

        def usual(by: Floats) -> Floats:
            squares = np.bincount(self.pool, teaches * np.minimum(by[:, 0], _MOST_TOLD * by[:, 1]), pools)
            counted = np.bincount(self.pool, teaches * by[:, 1], pools)
            return spread(np.column_stack([squares, counted]), _BEFORE, _BEFORE_DAYS)[self.pool]

        usual_day = usual(self.by_day)
        usual_week = np.maximum(usual_day, usual(self.by_week))
        own_day = np.minimum(spread(self.by_day, usual_day, _LIKE_OTHERS), _MOST_UNLIKE * usual_day)
        own_week = np.minimum(spread(self.by_week, usual_week, _LIKE_OTHERS / 4), _MOST_UNLIKE * usual_week)
        return own_day, own_week, np.maximum(_of(own_day, total), _of(own_week, np.maximum(a_week, total)))

    def _log_e(self, total: Floats, missed: Floats, mean: Floats, wide: Floats) -> Floats:
        size = size_of(mean, mean * np.maximum(wide, 1.0 + 1e-6))
        times = np.minimum(TIMES, 0.95 * (total / mean)[:, None])  # more than all cannot be missed
        log_e = np.where(times < 1.05, 0.0, log_ratio(missed, mean, size, np.maximum(times, 1.05)))
        return np.minimum(log_e, MOST_A_DAY)

    def _stands(self, day: int, rows: Bools, missed: Floats, mean: Floats) -> None:
        """An alarm ends when four weeks have kept the promise again."""
        left = 1.0 - 1.0 / STANDS_DAYS
        came = np.column_stack([missed, mean])
        self.after = np.where(rows[:, None], self.after * left + came, self.after)
        ended = rows & (day - self.told >= STANDS_DAYS) & (self.after[:, 0] <= self.after[:, 1])
        self.told[ended] = self.told_began[ended] = -1

    def _tell(self, day: int, rows: Bools) -> None:
        best = np.argmax(self.log_sum + _LOG_WEIGHTS, axis=1)
        self.told_began[rows] = self.began[rows, best[rows]]
        self.told[rows] = day
        self.log_sum[rows] = NONE
        self.rise[rows] = 0.0
        self.after[rows] = 0.0

    def _learn(
        self, rows: Bools, total: Floats, missed: Floats, late: Floats, own_day: Floats, own_week: Floats
    ) -> None:
        """What is usual here and how wide it varies, from days that nothing is suspected of."""
        left = 1.0 - 1.0 / _MEMORY
        usual = (self.missed + 20.0 * self.promised / 3.0) / (self.total + 20.0)
        expected = np.maximum(total * (usual + late * (1.0 - usual)), 1e-12)
        calm = rows & (self.told < 0)
        square = np.minimum((missed - expected) ** 2 / expected, np.maximum(_WIDE**2 * own_day, 4.0 / expected))
        self.by_day = np.where(
            calm[:, None], self.by_day * left + np.column_stack([square, np.ones_like(square)]), self.by_day
        )
        self.week += calm[:, None] * np.column_stack([missed, expected, np.ones_like(expected)])
        over = calm & (self.week[:, 2] >= 7.0)
        wanted = np.maximum(self.week[:, 1], 1e-12)
        square = np.minimum((self.week[:, 0] - wanted) ** 2 / wanted, np.maximum(_WIDE**2 * own_week, 4.0 / wanted))
        self.by_week = np.where(
            over[:, None], self.by_week * left**7 + np.column_stack([square, np.ones_like(square)]), self.by_week
        )
        self.week[over] = 0.0
        self.missed = np.where(rows, self.missed * left + np.maximum(missed - total * late, 0.0), self.missed)
        self.total = np.where(rows, self.total * left + total, self.total)


def share_watch(
    promised: Floats, *, false_alarms_a_year: float, series: int | None = None, pool: Ints | None = None
) -> ShareWatch:
    """A watch that knows nothing yet. `promised`: (series), the share that may be missed, above 0.

    `false_alarms_a_year`: the bound over all series together, or over so many `series` where others share it. `pool`: (series), which
    are alike: how wide one varies is believed of the others.
    """
    k, n = len(promised), len(_LOG_WEIGHTS)
    return ShareWatch(
        np.asarray(promised, float), np.zeros(k, np.int64) if pool is None else pool, threshold(series or k, false_alarms_a_year), 0,
        np.full((k, n), NONE), np.zeros((k, n)), np.zeros((k, n), np.int64), np.full(k, -1), np.full(k, -1), np.zeros(k), np.zeros(k), np.zeros(k), np.zeros((k, 2)),
        np.zeros((k, 2)), np.zeros((k, 3)), np.zeros(k, np.int64), np.zeros((k, 2)),
    )  # fmt: skip


def _of(wide: Floats, n: Floats) -> Floats:
    """How much wider than chance of so many, where of very many it is `wide`: one alone cannot cluster."""
    others = np.maximum(n - 1.0, 0.0)
    return 1.0 + (wide - 1.0) * others / (others + wide)
