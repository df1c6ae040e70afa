"""Daily counts with known changes in them, in the manner of Noufaily et al. 2019, for `bench/rhythm.py`.

Noufaily, Morbey, Colón-González, Elliot, Smith, Lake, McCarthy: Comparison of statistical algorithms for daily syndromic
surveillance aberration detection. Bioinformatics 35(17). The parameters below are read from the authors' published programs
(AlgorithmComparison, `FarringtonFlex.R`): the sixteen signals' level, trend, season, week and dispersion; an outbreak of
Poisson(k x 7 x standard deviation of its first day) cases (k = 2, 3, 5, 10; x 5 where the week has five days), lognormal(0, 0.5)
in steps of a quarter a day; holidays that close the five-day systems, half as many again the day after, and double the
seven-day ones; yearly epidemics in three of the signals. The paper's own text was not at hand.

Ours, not theirs: the dates are real ones (2018-01-01 on) with Finland's days off, and a year of 365.25 days; where they divide
the counts by ten or a hundred, which leaves them less spread than chance, the mean is divided instead and the dispersion kept;
the yearly epidemic's size is a tenth of theirs in those (for the same reason); beginnings are drawn evenly from the last 49 weeks less 28 days;
the lasting changes of level. Everything random comes from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from torni.engines.rhythm import Calendar

Floats = npt.NDArray[np.float64]
FIRST = date(2018, 1, 1)  # a Monday
DAYS = 7 * 364
JUDGED = 49 * 7  # the last so many days are judged
WITHIN = 28  # days from the beginning within which a change is to be told
TRANSIENT, LASTING = (2.0, 3.0, 5.0, 10.0), (1.25, 1.5, 2.0)


@dataclass(frozen=True)
class Scenario:
    """exp(`level` + `trend` t + `season` harmonics (cos, sin; so many of them; shifted) + two of the `week`); variance `wide` x mean."""

    name: str
    open_days: int
    level: float
    trend: float
    season: tuple[float, float]
    harmonics: int
    shift: int
    week: tuple[float, float]
    wide: float
    epidemic: float = 0.0  # each winter's cases: so many times 15 standard deviations


_TENTH, _HUNDREDTH = float(np.log(0.1)), float(np.log(0.01))
SCENARIOS = (
    Scenario("5 days, 40, great season, epidemics", 5, 6 + _TENTH, 0, (0.3, 2), 1, -50, (0.3, 0.5), 1.5, 8),
    Scenario("5 days, 3, great season, epidemics", 5, 1, 0, (0.1, 2), 1, -50, (0.05, 0.05), 1, 50),
    Scenario("5 days, 40, growing, strong week", 5, 6 + _TENTH, 0.0001, (0, 0), 0, 0, (0.6, 0.9), 1.5),
    Scenario("5 days, 20, great season", 5, 3, 0, (1.5, 0.1), 1, -150, (0.2, 0.3), 1),
    Scenario("5 days, 20, slight season", 5, 3, 0, (0.2, 0.1), 1, -200, (0.05, 0.15), 1),
    Scenario("5 days, 150, slight season", 5, 5, 0, (0.2, 0.1), 1, 0, (0.05, 0.1), 1),
    Scenario("5 days, 2, two harmonics", 5, 0.5, 0, (0.4, 0), 2, 0, (0.05, 0.15), 1),
    Scenario("5 days, 80, season", 5, 9 + _HUNDREDTH, 0, (0.5, 0.2), 1, 0, (0.2, 0.5), 1),
    Scenario("7 days, 400, season, wide 2", 7, 6, 0, (0.2, 0.2), 1, 29, (0.5, 0.4), 2),
    Scenario("7 days, 2, great season", 7, 0.5, 0, (1.5, 1.4), 1, -167, (0.5, 0.4), 1),
    Scenario("7 days, 245, no season", 7, 5.5, 0, (0, 0), 0, 1, (0.3, 0.25), 1),
    Scenario("7 days, 7, no season", 7, 2, 0, (0, 0), 0, 1, (0.3, 0.25), 1),
    Scenario("7 days, 7 growing to 26, great season, wide 4", 7, 2, 0.0005, (0.8, 0.8), 1, 57, (0.8, 0.4), 4),
    Scenario("7 days, 1, strong week", 7, 0.05, 0, (0.01, 0.01), 4, -85, (1.8, 0.1), 1),
    Scenario("7 days, 20, great season, wide 4, epidemics", 7, 3, 0, (0.8, 0.6), 1, 29, (0.8, 0.4), 4, 8),
    Scenario("7 days, 400, strong week, wide 4", 7, 6, 0, (0, 0), 0, 1, (0.8, 0.4), 4),
)


@dataclass(frozen=True)
class Made:
    """`counts` (days, series); `begins`: each series' first changed day, -1 for none; `ends`: the last day on which an alarm counts."""

    counts: Floats
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


def dates() -> list[date]:
    return [FIRST + timedelta(days=d) for d in range(DAYS)]


def terms() -> Floats:
    """(days, terms): what the product's calendar says of each day, no season given."""
    return np.array([Calendar().terms(d) for d in dates()])


def off(x: Floats) -> npt.NDArray[np.bool_]:
    """(days): a day off that is no Sunday nor Saturday."""
    weekday = np.arange(DAYS) % 7
    out: npt.NDArray[np.bool_] = (x[:, 7] == 1.0) & (weekday < 5)
    return out


def make(
    scenario: Scenario,
    seed: tuple[int, ...],
    series: int,
    holidays: npt.NDArray[np.bool_],
    *,
    transient: float = 0.0,
    times: float = 1.0,
) -> Made:
    """So many series, each with one change of the kind named, or none."""
    chance = np.random.default_rng(seed)
    s, days = scenario, np.arange(DAYS, dtype=float)
    turn = 2 * np.pi * (days + s.shift) / 365.25
    log_mean = s.level + s.trend * days
    for j in range(1, s.harmonics + 1):
        log_mean += s.season[0] * np.cos(j * turn) + s.season[1] * np.sin(j * turn)
    for j in range(1, 3):
        log_mean += s.week[0] * np.cos(2 * np.pi * j * (days + 1) / 7) + s.week[1] * np.sin(
            2 * np.pi * j * (days + 1) / 7
        )
    mean = np.exp(log_mean)
    weekday = np.arange(DAYS) % 7
    opened = np.ones(DAYS)
    if s.open_days == 5:
        opened = np.where(holidays, 0.0, np.where(np.r_[False, holidays[:-1]], 1.5, 1.0)) * (weekday < 5)
    else:
        opened = np.where(holidays, 2.0, 1.0)
    rate = np.repeat((mean * opened)[:, None], series, axis=1)
    begins, ends = np.full(series, -1), np.full(series, -1)
    extra = np.zeros((DAYS, series))
    changed = transient > 0 or times != 1.0
    for i in range(series):
        if s.epidemic:
            for year in range(7):
                start = year * 364 + int(chance.integers(0, 28))
                cases = chance.poisson(15 * s.epidemic * np.sqrt(s.wide * mean[start]))
                _spread(extra[:, i], chance, start, int(cases), 0.02, s.open_days, opened)
        if not changed:
            continue
        begin = int(chance.integers(DAYS - JUDGED, DAYS - WITHIN))
        while opened[begin] == 0.0:
            begin += 1
        begins[i], ends[i] = begin, min(begin + WITHIN - 1, DAYS - 1)
        if transient:
            cases = max(2, int(chance.poisson(transient * s.open_days * np.sqrt(s.wide * mean[begin]))))
            alone = np.zeros(DAYS)
            _spread(alone, chance, begin, cases, 0.25, s.open_days, opened)
            ends[i] = min(ends[i], int(np.flatnonzero(alone).max(initial=begin)))
            extra[:, i] += alone
        else:
            rate[begin:, i] *= times
    if s.wide > 1.0:
        counts = chance.negative_binomial(np.maximum(rate / (s.wide - 1.0), 1e-9), 1.0 / s.wide).astype(float)
        counts[rate == 0.0] = 0.0
    else:
        counts = chance.poisson(rate).astype(float)
    return Made(counts + extra, begins, ends)


def _spread(
    out: Floats, chance: np.random.Generator, start: int, cases: int, step: float, open_days: int, opened: Floats
) -> None:
    """The cases by days: lognormal, on open days only; in the seven-day systems twice as many at weekends."""
    day = start + (chance.lognormal(0.0, 0.5, cases) / step).astype(int)
    if open_days == 5:
        for _ in range(6):
            day = np.where((day < DAYS) & (opened[np.minimum(day, DAYS - 1)] == 0.0), day + 1, day)
    many = np.bincount(day[day < DAYS], minlength=DAYS)[:DAYS].astype(float)
    if open_days == 7:
        many *= np.where(np.arange(DAYS) % 7 >= 5, 2.0, 1.0)
    out += many
