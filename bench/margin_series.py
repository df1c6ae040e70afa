"""Daily counts of what was due and missed, with breaks to be foretold in them, for `bench/margin.py`. Everything random comes from the seed.

Six sorts, three years each, in five sizes (3 to 1,000 due a day), promised shares of 90, 95 and 98 %, windows of 28 and 90 days:
  drift   quiet, then worse over one to seven months, so for one to three, then better again
  step    the same within a day: a producer stops, a rota fails
  season  worse each summer or winter, as much as to break it or not quite; small differences between the years
  cluster misses come in clusters of days (a mood of days and weeks) and of visits (two to four times chance); some drift
  walk    the share wanders by itself about a mean
  near    all the time near the most that is allowed, without drift: chance alone decides
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from torni.core.calendar import day_off

Floats = npt.NDArray[np.float64]

FIRST = date(2021, 1, 1)
DAYS = 3 * 365
SORTS = ("drift", "step", "season", "cluster", "walk", "near")
SIZES = (3.0, 10.0, 40.0, 200.0, 1000.0)
PROMISED = (0.90, 0.95, 0.98)


@dataclass(frozen=True)
class Made:
    """`total`, `missed`: (series, days). `eta`: the true log-odds of a miss without the mood and days off, `slope`: whither it goes of itself on the day
    (what has begun goes on; not what has not begun), `season`: its known part; `mood`, `mood_sd`, `off`, `wide`, `walk`: the rest of the truth."""

    sort: list[str]
    size: Floats
    promised: Floats
    window: npt.NDArray[np.int64]
    total: Floats
    missed: Floats
    due: Floats
    level: Floats
    slope: Floats
    season: Floats
    mood: Floats
    mood_sd: Floats
    mood_left: Floats
    off: Floats
    wide: Floats
    walk: Floats


def days() -> list[date]:
    return [FIRST + timedelta(days=i) for i in range(DAYS)]


def make(seed: int, each: int) -> Made:
    """`each`: how many series of each sort."""
    chance = np.random.default_rng(seed)
    when = days()
    off_day = np.array([day_off(d) for d in when])
    k = each * len(SORTS)
    sort = [SORTS[i % len(SORTS)] for i in range(k)]
    size = np.array([SIZES[(i // len(SORTS)) % len(SIZES)] for i in range(k)])
    promised = chance.choice(PROMISED, k)
    window = chance.choice([28, 28, 90], k)
    level, slope, season, mood = (np.zeros((k, DAYS)) for _ in range(4))
    due, total, missed = (np.zeros((k, DAYS)) for _ in range(3))
    mood_sd, mood_left, off, wide, walk = (np.zeros(k) for _ in range(5))
    for i in range(k):
        allowed = 1 - promised[i]
        wide[i] = chance.uniform(2, 4) if sort[i] == "cluster" else chance.uniform(1, 1.8)
        mood_sd[i] = chance.uniform(0.2, 0.5) if sort[i] == "cluster" else chance.choice([0.0, 0.1, 0.2])
        mood_left[i] = chance.uniform(0.75, 0.95)
        off[i] = chance.choice([0.0, 0.0, chance.uniform(-0.3, 0.6)])
        base = allowed * (chance.uniform(0.85, 1.05) if sort[i] == "near" else chance.uniform(0.4, 0.9))
        level[i] = _log_odds(base)
        if sort[i] in ("drift", "step", "cluster"):
            _segments(chance, level[i], slope[i], allowed, base, sort[i])
        elif sort[i] == "walk":
            walk[i] = chance.uniform(0.01, 0.03)
            at, mean = level[i, 0], level[i, 0]
            for d in range(DAYS):
                at += -0.01 * (at - mean) + walk[i] * chance.standard_normal()
                level[i, d] = at
        elif sort[i] == "season":
            peak = _log_odds(min(0.6, allowed * chance.uniform(0.9, 2.0))) - level[i, 0]
            top, narrow = (200 if chance.random() < 0.5 else 40), chance.uniform(1.0, 2.5)
            for year in range(4):
                height, at = peak * chance.uniform(0.85, 1.15), top + chance.normal(0, 7)
                turn = np.cos(np.clip((np.arange(DAYS) - at - 365.25 * year) / 365.25 * narrow, -0.5, 0.5) * 2 * np.pi)
                season[i] += height * (1 + turn) / 2
        noise = chance.standard_normal(DAYS) * mood_sd[i] * np.sqrt(1 - mood_left[i] ** 2)
        for d in range(1, DAYS):
            mood[i, d] = mood_left[i] * mood[i, d - 1] + noise[d]
        week = np.exp(chance.normal(0, 0.1, 7))
        closed = 0.0 if chance.random() < 0.5 else chance.uniform(0.3, 1.0)
        due[i] = size[i] * week[[d.weekday() for d in when]] * np.where(off_day, closed, 1.0)
        p = 1 / (1 + np.exp(-(level[i] + season[i] + mood[i] + off[i] * off_day)))
        n = chance.poisson(due[i] * chance.gamma(50, 1 / 50, DAYS))
        rho = (wide[i] - 1) / np.maximum(
            n - 1, wide[i]
        )  # of a beta-binomial whose variance is so many times a binomial's
        weigh = np.maximum((1 - rho) / np.maximum(rho, 1e-9), 1e-6)
        total[i], missed[i] = (
            n,
            chance.binomial(n, chance.beta(np.maximum(p * weigh, 1e-9), np.maximum((1 - p) * weigh, 1e-9))),
        )
    return Made(
        sort,
        size,
        promised,
        window,
        total,
        missed,
        due,
        level,
        slope,
        season,
        mood,
        mood_sd,
        mood_left,
        off,
        wide,
        walk,
    )


def _segments(
    chance: np.random.Generator, level: Floats, slope: Floats, allowed: float, base: float, sort: str
) -> None:
    """Worse for a while and better again, some times in the three years."""
    at = int(chance.integers(200, 420))
    quiet = level[0]
    while at < DAYS - 60:
        rise = 1 if sort == "step" else int(chance.integers(40, 200))
        top = _log_odds(min(0.6, allowed * chance.uniform(0.9, 2.2)))
        if top <= quiet:
            top = quiet + 0.2
        hold, back = int(chance.integers(30, 90)), int(chance.integers(20, 90))
        for d in range(at, min(at + rise, DAYS)):
            level[d] = quiet + (top - quiet) * (d - at + 1) / rise
            slope[d] = (top - quiet) / rise if rise > 1 else 0.0
        level[min(at + rise, DAYS) : at + rise + hold] = top
        for d in range(min(at + rise + hold, DAYS), min(at + rise + hold + back, DAYS)):
            level[d] = top + (quiet - top) * (d - at - rise - hold + 1) / back
            slope[d] = (quiet - top) / back
        at += rise + hold + back
        at += int(chance.integers(100, 250))


def _log_odds(p: float) -> float:
    return float(np.log(p / (1 - p)))
