"""Farrington's improved method (Noufaily et al. 2012) over many days and series at once, for `bench/rhythm.py`.

R's `surveillance` takes some 14 ms a day and series; a comparison needs a million of them. The same arithmetic in batches,
written from the papers: quasi-Poisson with ten season groups and a trend kept where it is significant and does not extrapolate,
past outbreaks weighed down by Anscombe's residuals, the last 26 weeks left out, a negative binomial's tail with the means
plugged in ("nbPlugin"). `bench/rhythm.py` holds it against the package's own answers in the same run.

Daily counts are given as the authors' daily programs give them to it: weekly sums of the seven days ending on the day (what
falls on a day off is replaced by the same weekday of the week before); or, without that delay, each weekday held against its own
past, days off left out. Both are in weeks, b = 5 years of 52, w = 3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
B, W, PERIODS, LEFT_OUT, YEAR = 5, 3, 10, 26, 52
REACH = B * YEAR + W  # weeks back


def groups() -> Ints:
    """(weeks of the reference): the season group of each week from REACH back to LEFT_OUT + 1 back; the last is the day's own."""
    out = np.full(REACH + 1, PERIODS - 1)
    for year in range(1, B + 1):
        at = YEAR * year  # weeks back
        between = YEAR - 2 * W - 1
        length, rest = divmod(between, PERIODS - 1)
        lengths = np.full(PERIODS - 1, length) + (np.arange(PERIODS - 1) < rest)
        out[at - W - np.arange(1, between + 1)] = np.repeat(np.arange(PERIODS - 1), lengths)
    return out[np.arange(REACH, LEFT_OUT, -1)]


def tails(past: Floats, now: Floats, *, left_out: int = LEFT_OUT, seasons: bool = True) -> Floats:
    """(days): the chance of as many or more. `past` (days, weeks): what came up to `left_out` + 1 weeks before, nan where left out."""
    out = np.empty(len(now))
    group = groups() if seasons else np.zeros(past.shape[1], np.int64)
    time = (np.arange(-past.shape[1], 0.0) - left_out) / YEAR
    for a in range(0, len(now), 1000):
        out[a : a + 1000] = _tails(past[a : a + 1000], now[a : a + 1000], group, time)
    return out


def _tails(past: Floats, now: Floats, group: Ints, time: Floats) -> Floats:
    known = ~np.isnan(past)
    y = np.where(known, past, 0.0)
    flat_mean, flat_wide, _ = _fitted(y, known, group, time, trend=False)
    mean, wide, p = _fitted(y, known, group, time, trend=True)
    trend = (p < 0.05) & (mean <= y.max(axis=1))
    mean, wide = np.where(trend, mean, flat_mean), np.where(trend, wide, flat_wide)
    out: Floats = np.where(
        wide > 1.0 + 1e-12,
        stats.nbinom.sf(now - 1, np.maximum(mean / np.maximum(wide - 1.0, 1e-12), 1e-12), 1.0 / wide),
        stats.poisson.sf(now - 1, mean),
    )
    return out


def _fitted(y: Floats, known: Bools, group: Ints, time: Floats, *, trend: bool) -> tuple[Floats, Floats, Floats]:
    """The day's mean and spread, and the trend's p-value."""
    n = known.sum(axis=1)
    free = n - (group.max() + 1) - trend
    prior = known.astype(float)
    mu, _, _, hat = _poisson(y, prior, group, time, trend=trend)
    wide = np.maximum((prior * (y - mu) ** 2 / mu).sum(axis=1) / free, 1.0)
    s = 1.5 * (np.cbrt(y) ** 2 * mu ** (-1 / 6) - np.sqrt(mu)) / np.sqrt(wide[:, None] * np.maximum(1 - hat, 1e-9))
    far = known & (s > 2.58)
    weights = np.where(far, np.where(far, s, 1.0) ** -2, prior)
    weights *= (n / weights.sum(axis=1))[:, None]
    mu, own, slope, _ = _poisson(y, weights, group, time, trend=trend)
    wide = np.maximum((weights * (y - mu) ** 2 / mu).sum(axis=1) / free, 1.0)
    of_test = (weights * ((y - mu) / mu) ** 2).sum(axis=1) / free  # as the package tests it
    z = slope[0] / np.sqrt(np.maximum(of_test * slope[1], 1e-300))
    return np.exp(np.minimum(own, 30.0)), wide, 2 * stats.t.sf(np.abs(z), free)


def _poisson(
    y: Floats, weights: Floats, group: Ints, time: Floats, *, trend: bool
) -> tuple[Floats, Floats, tuple[Floats, Floats], Floats]:
    """Weighted least squares again and again. The design is one column a season group and time, so that its normal equations are
    solved by hand. Returns the means, the day's own level (log), the trend and its variance (of spread 1), and the hat values."""
    in_group = np.eye(group.max() + 1)[group]
    mu = y + 0.1
    eta = np.log(mu)
    before = np.full(len(y), np.inf)
    for _ in range(25):
        w = weights * mu
        right = w * eta + weights * (y - mu)
        total = w @ in_group + 1e-9
        middle = (w * time) @ in_group / total
        level = right @ in_group / total
        across = w @ time**2 - (middle**2 * total).sum(axis=1) + 1e-9
        slope = (right @ time - (middle * total * level).sum(axis=1)) / across if trend else np.zeros(len(y))
        level -= middle * slope[:, None]
        eta = np.clip(level[:, group] + slope[:, None] * time, -20.0, 20.0)
        mu = np.exp(eta)
        deviance = -2 * (weights * (y * eta - mu)).sum(axis=1)
        if np.all(np.abs(deviance - before) < 1e-8 * (np.abs(deviance) + 0.1)):
            break
        before = deviance
    hat = w * (1.0 / total[:, group] + ((time - middle[:, group]) ** 2 / across[:, None] if trend else 0.0))
    return mu, level[:, -1], (slope, 1.0 / across), hat


def by_weekday(counts: Floats, off: Bools) -> Floats:
    """The counts as each weekday is held against its own past: nan on days off."""
    return np.where(off[:, None], np.nan, counts)


def by_seven_days(counts: Floats, off: Bools) -> Floats:
    """The sum of the seven days up to each; a day off counts as the same weekday of the week before."""
    filled = counts.copy()
    for day in np.flatnonzero(off):
        if day >= 7:
            filled[day] = filled[day - 7]
    total = np.cumsum(filled, axis=0)
    out: Floats = total.copy()
    out[7:] -= total[:-7]
    out[:6] = np.nan
    return out


def judged(values: Floats, days: Ints, series: Ints) -> Floats:
    """The tail chance of each day and series named; 1 where the day is left out or fewer than five came in its last four weeks."""
    now = values[days, series]
    past = values[days[:, None] - 7 * np.arange(REACH, LEFT_OUT, -1), series[:, None]]
    few = values[days[:, None] - 7 * np.arange(4), series[:, None]].sum(axis=1) < 5
    out = np.ones(len(now))
    use = ~np.isnan(now) & ~few & (now > 0)
    out[use] = tails(past[use], now[use])
    return out


def by_recent_weeks(counts: Floats, off: Bools) -> Floats:
    """(days, series): the tail chance where there is but one year: each weekday against the same of the 5th to 16th week before."""
    days, values = np.arange(16 * 7, len(counts)), by_weekday(counts, off)
    past = values[days[:, None] - 7 * np.arange(16, 4, -1)].transpose(0, 2, 1).reshape(-1, 12)
    now = values[days].ravel()
    out = np.ones(len(now))
    use = (now > 0) & (np.nansum(past, axis=1) > 0) & ((~np.isnan(past)).sum(axis=1) > 6)
    out[use] = tails(past[use], now[use], left_out=4, seasons=False)
    return np.vstack([np.ones((16 * 7, counts.shape[1])), out.reshape(len(days), -1)])
