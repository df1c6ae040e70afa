"""What share is missed, and whither it goes: learnt day by day, causally, for many series at once.

The share's log-odds are a level that may drift (a slope that dies away) or jump, a mood that clusters misses over days, weekends and other
days off, and the season of the year. Nine filters a series go side by side (three sizes of mood, and calm, drifting or just having jumped),
mixed each day by how well they foretold (an interacting multiple model, Blom and Bar-Shalom 1988); each takes in a day's misses of so many at
the mode of its posterior, weighed by how much wider than chance the series' own days vary.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import numpy.typing as npt

from torni.core.calendar import day_off

Floats = npt.NDArray[np.float64]

LEVEL, SLOPE, MOOD, OFF, COS, SIN = range(6)
TERMS = 6
SLOPE_LEFT, MOOD_LEFT = 0.985, 0.88  # of slope and mood, the day after
MOODS = np.array([0.05, 0.2, 0.4])  # standard deviations of the mood, in log-odds
# calm, drifting, jumping: standard deviations of a day's change of the level and of its slope
LEVEL_SD, SLOPE_SD = np.array([0.002, 0.012, 0.15]), np.array([0.0002, 0.002, 0.002])
# how often in a day: drifting begins, it ends, a jump begins; one is taken to last some days, for only several days together tell it from chance
DRIFTS, CALMS, JUMPS, LANDS = 0.002, 0.01, 0.0006, 0.15
JUMP_SD = 0.6  # of a whole one
_MOOD_CHANGES = 0.002
_SD = np.array([0.9, 0.004, 0.3, 0.25, 0.25, 0.25])  # what is believed before anything has come
_NEWTON, _LONGEST = 6, 1.0
_MEMORY, _BEFORE, _WEIGHS = (
    90.0,
    1.3,
    15.0,
)  # of how widely days vary: days remembered, believed before, as so many days
_WIDE = 16.0
_TOTALS = 42.0  # days that the usual number due looks back


def _transitions() -> Floats:
    modes = np.array(
        [
            [1 - DRIFTS - JUMPS, DRIFTS, JUMPS],
            [CALMS, 1 - CALMS - JUMPS, JUMPS],
            [0.7 * LANDS, 0.3 * LANDS, 1 - LANDS],
        ]
    )
    moods = np.full((3, 3), _MOOD_CHANGES / 2) + np.eye(3) * (1 - 1.5 * _MOOD_CHANGES)
    return np.kron(moods, modes)


_T = _transitions()
_Q = np.zeros((9, TERMS))
_Q[:, LEVEL], _Q[:, SLOPE] = np.tile(LEVEL_SD**2, 3), np.tile(SLOPE_SD**2, 3)
_Q[:, MOOD] = np.repeat(MOODS**2 * (1 - MOOD_LEFT**2), 3)
_F = np.eye(TERMS)
_F[LEVEL, SLOPE], _F[SLOPE, SLOPE], _F[MOOD, MOOD] = 1.0, SLOPE_LEFT, MOOD_LEFT


def day_terms(day: date) -> Floats:
    """(TERMS): what of the day the log-odds of a miss are the sum over. The last of `off` tells its kind for the number due."""
    x = np.zeros(TERMS)
    turn = 2 * np.pi * day.timetuple().tm_yday / 365.25
    x[LEVEL] = x[MOOD] = 1.0
    x[OFF] = float(day_off(day))
    x[COS], x[SIN] = np.cos(turn), np.sin(turn)
    return x


def day_kind(day: date) -> int:
    """Which days are alike in how many are due: Monday to Friday, Saturday, Sunday or another day off."""
    weekday = day.weekday()
    return 6 if weekday < 5 and day_off(day) else weekday


@dataclass(eq=False)
class Shares:
    """The state after some days, one row a series; `step` takes the next day.

    `weight` (series, 9), `mean` (series, 9, TERMS), `cov`: the filters. `squares` (series, 3): of how widely days vary. `usual` (series, 7, 2): fading
    sums of what was due by the kind of day, and of days. `seen`: days with something due, `missed_in_all`, `total_in_all`.
    """

    weight: Floats
    mean: Floats
    cov: Floats
    squares: Floats
    usual: Floats
    seen: Floats
    total_in_all: Floats
    missed_in_all: Floats

    def copy(self) -> Shares:
        return deepcopy(self)

    def of(self, rows: npt.NDArray[np.int64]) -> Shares:
        """Only these series."""
        return Shares(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def wide(self) -> Floats:
        """(series): how many times a binomial's variance one day's misses vary, beside the mood."""
        s = self.squares
        out: Floats = np.clip((s[:, 0] - s[:, 2] + _BEFORE * _WEIGHS) / (s[:, 1] + _WEIGHS), 1.0, _WIDE)
        return out

    def step(self, total: Floats, missed: Floats, day: date) -> None:
        """One more day. `total`, `missed`: (series), what was due and what of it was missed; nothing due, or nan, teaches nothing."""
        x = day_terms(day)
        known = ~np.isnan(total) & ~np.isnan(missed)
        n, y = np.where(known, total, 0.0), np.where(known, missed, 0.0)
        self._predict()
        wide = self.wide
        m = self.mean @ x
        px = self.cov @ x
        v = px @ x
        self._widths(n, y, m, v)
        weighs, hits = (n / wide)[:, None], (y / wide)[:, None]
        eta = m.copy()
        for _ in range(_NEWTON):
            p = 1.0 / (1.0 + np.exp(-eta))
            slope = hits - weighs * p - (eta - m) / v
            eta = np.clip(eta + np.clip(slope / (weighs * p * (1 - p) + 1 / v), -_LONGEST, _LONGEST), -12.0, 12.0)
        p = 1.0 / (1.0 + np.exp(-eta))
        v_new = 1.0 / (weighs * p * (1 - p) + 1 / v)
        fit = hits * eta - weighs * np.logaddexp(0.0, eta) - (eta - m) ** 2 / (2 * v) + 0.5 * np.log(v_new / v)
        # the posterior leans: with few misses its mean lies below its mode, and taking the mode each day would foretell too many
        eta = eta - np.clip(0.5 * v_new**2 * weighs * p * (1 - p) * (1 - 2 * p), -_LONGEST, _LONGEST)
        due = (n > 0)[:, None]
        gain = px / v[:, :, None]
        self.mean = np.where(due[:, :, None], self.mean + gain * (eta - m)[:, :, None], self.mean)
        fall = gain[:, :, :, None] * gain[:, :, None, :] * (v - v_new)[:, :, None, None]
        self.cov = np.where(due[:, :, None, None], self.cov - fall, self.cov)
        told = np.log(np.maximum(self.weight, 1e-300)) + np.where(due, fit, 0.0)
        told = np.exp(told - told.max(axis=1, keepdims=True))
        self.weight = told / told.sum(axis=1, keepdims=True)
        kind = day_kind(day)
        left = 1.0 - 7.0 / _TOTALS
        self.usual[:, kind] = np.where(known[:, None], self.usual[:, kind] * left + np.column_stack([n, np.ones_like(n)]), self.usual[:, kind])  # fmt: skip
        self.seen += n > 0
        self.total_in_all += n
        self.missed_in_all += y

    def _predict(self) -> None:
        joint = self.weight[:, :, None] * _T  # from, to
        to = joint.sum(axis=1)
        share = joint / np.maximum(to, 1e-300)[:, None, :]
        mean = np.einsum("sij,sik->sjk", share, self.mean)
        apart = self.mean[:, :, None, :] - mean[:, None, :, :]
        cov = np.einsum("sij,sikl->sjkl", share, self.cov)
        cov += np.einsum("sij,sijk,sijl->sjkl", share, apart, apart, optimize=True)
        self.mean = mean @ _F.T
        self.cov = _F @ cov @ _F.T
        self.cov[:, :, np.arange(TERMS), np.arange(TERMS)] += _Q
        self.weight = to

    def _widths(self, n: Floats, y: Floats, m: Floats, v: Floats) -> None:
        """How widely the day's misses lie about what was foretold, beside what the learning itself did not know."""
        p = (self.weight / (1.0 + np.exp(-m))).sum(axis=1)
        chance = np.maximum(n * p * (1 - p), 1e-9)
        unsure = chance * (self.weight * v).sum(axis=1)
        rows = (n >= 2) & (self.seen > 14) & (chance > 0.03)
        square = np.minimum((y - n * p) ** 2 / chance, np.maximum(9.0 * (self.wide + unsure), 4.0 / chance))
        left = 1.0 - 1.0 / _MEMORY
        new = np.column_stack([square, np.ones_like(n), np.minimum(unsure, square)])
        self.squares = np.where(rows[:, None], self.squares * left + new, self.squares)

    def due(self, days: list[date]) -> Floats:
        """(series, days): how many are usually due on such days, by the weeks behind."""
        kinds = [day_kind(d) for d in days]
        usual = self.usual
        every = usual[:, :, 0].sum(axis=1) / np.maximum(usual[:, :, 1].sum(axis=1), 1e-9)
        unknown = usual[:, :, 1] < 0.5
        means = np.where(unknown, every[:, None], usual[:, :, 0] / np.maximum(usual[:, :, 1], 1e-9))
        return means[:, kinds]


def shares(series: int, allowed: Floats) -> Shares:
    """Nothing is known yet. `allowed`: (series), the share that may be missed: so many are believed to be missed, within a factor of three."""
    p = np.clip(np.asarray(allowed, float), 0.003, 0.9) * 0.8
    mean = np.zeros((series, 9, TERMS))
    mean[:, :, LEVEL] = np.log(p / (1 - p))[:, None]
    cov = np.zeros((series, 9, TERMS, TERMS))
    cov[:, :, np.arange(TERMS), np.arange(TERMS)] = _SD**2
    cov[:, :, MOOD, MOOD] = np.repeat(MOODS**2, 3)
    weight = np.tile(np.outer(np.array([0.4, 0.4, 0.2]), np.array([0.6, 0.4, 0.0])).ravel(), (series, 1))
    return Shares(
        weight,
        mean,
        cov,
        np.zeros((series, 3)),
        np.zeros((series, 7, 2)),
        np.zeros(series),
        np.zeros(series),
        np.zeros(series),
    )
