"""How early a promise's break is told, and how seldom for nothing: `engines.margin` beside burn rates, on the same counts.

`python bench/margin.py [best | knows] [seeds [each]]`: so many seeds (from 201 on; the engine was tuned on 1 to 9, and its band after a look at 101 to 106), each with so many series of each of six
sorts (`bench/margin_series.py`). `best` looks for the best burn rate on the tuning seeds, `knows` tells what one would tell who knows the truth (slow).

A series is judged from its second year on, every second day, by what was counted up to the day. **Broken** as the tower tells it: below the target,
and by more than chance gives oftener than in 5 % (misses half as wide again as chance). **A break**: broken after two weeks without. **Foreseeable**:
one who knows the truth of the series two weeks before (the share, the drift that has begun, season, mood, spread; not what has not begun) gives a
break within 28 days an even chance or more; a sudden outage is none, nor what chance alone does. **Told**: a call stood on some day of the
fortnight that ends 14 days before. **False**: a call after whose first day 28 days go by without a break; calls less than two weeks apart are one. **Band**:
of the calls whose series broke within eight weeks, how many broke between the days that the call's first day named.

The burn rates are those of Google's SRE workbook (Alerting on SLOs, table 5-8), burn = missed / (allowed x due). In hours they are 14.4 over 1 h and 5 min,
6 over 6 h and 30 min, 3 over 1 day and 2 h, 1 over 3 days and 6 h. Days are the least that daily counts tell, so
  as they are    3 over 1 day; 1 over 3 days and the last day
  as days        hours taken as days, of a window of 28 days: 2 % of the budget in an hour of a month is 14.4; here 14.4 over 1 day, 6 over 3 days and
                 the last, 3 over 7 days and 1, 1 over 14 days and 3
  best           the pair of windows and the burn that tells as many of the foreseeable on the tuning seeds as ours, with the fewest false
  gone in 28     what is left of the budget divided by the last week's excess of it: all is gone within 28 days
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import numpy.typing as npt

from bench.margin_series import DAYS, SIZES, SORTS, Made, days, make
from torni.core.calendar import day_off
from torni.engines.margin import HORIZON, Limits, ahead, shares
from torni.supervision.margins import CALL_DAYS, PATHS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
FEW, SPREAD = 0.05, 1.5
FROM, UNTIL, EVERY = 365, DAYS - 57, 2
SOON, LEAD, WITHIN, REST = 28, 14, 28, 14
BEGINS, ENDS = 0.18, 0.06  # as definitions/parameters/rhythm.yaml


def say(what: str = "") -> None:
    print(what, flush=True)


def sums(counts: Floats, window: int) -> Floats:
    """(series, days): over the days up to each."""
    total = np.cumsum(np.pad(counts, ((0, 0), (window, 0))), axis=1)
    return np.asarray(total[:, window:] - total[:, :-window])


@dataclass
class Truth:
    """`broken` (series, days); `breaks`: series and day of each judged; `foreseen`: which of them are foreseeable."""

    made: Made
    limits: list[Limits]
    broken: Bools
    breaks: list[tuple[int, int]]
    foreseen: list[bool] = field(default_factory=list)


def truth(made: Made) -> Truth:
    limits = [Limits(float(p), FEW, SPREAD) for p in made.promised]
    broken = np.zeros(made.total.shape, bool)
    for i, limit in enumerate(limits):
        n, k = (sums(c[i : i + 1], int(made.window[i]))[0] for c in (made.total, made.missed))
        broken[i] = (k > limit.most(n)) & (k > 0)
    breaks = [
        (i, int(d)) for i in range(len(limits)) for d in np.flatnonzero(broken[i])
        if FROM + 28 <= d < UNTIL + 28 and not broken[i, d - REST : d].any()
    ]  # fmt: skip
    out = Truth(made, limits, broken, breaks)
    out.foreseen = [of_one_who_knows(out, i, d - LEAD) >= 0.5 for i, d in breaks]
    return out


def of_one_who_knows(t: Truth, i: int, day: int, paths: int = 300) -> float:
    """The chance of a break within 28 days, by the truth of the series on the day."""
    m, chance = t.made, np.random.default_rng((i, day))
    off = np.array([day_off(d) for d in days()])
    window = int(m.window[i])
    level, mood = np.full(paths, m.level[i, day]), np.full(paths, m.mood[i, day])
    mean = m.level[i].mean() if m.sort[i] == "walk" else 0.0
    n = np.concatenate([m.total[i, : day + 1], m.due[i, day + 1 : day + 1 + SOON]])
    y = np.zeros((paths, SOON))
    for h in range(SOON):
        d = day + 1 + h
        if m.sort[i] == "walk":
            level = level - 0.01 * (level - mean) + m.walk[i] * chance.standard_normal(paths)
        else:
            level = level + m.slope[i, day]
        left = m.mood_left[i]
        mood = left * mood + m.mood_sd[i] * np.sqrt(1 - left**2) * chance.standard_normal(paths)
        p = 1 / (1 + np.exp(-(level + mood + m.season[i, d] + m.off[i] * off[d])))
        count = chance.poisson(m.due[i, d] * chance.gamma(50, 1 / 50, paths))
        rho = (m.wide[i] - 1) / np.maximum(count - 1, m.wide[i])
        weigh = np.maximum((1 - rho) / np.maximum(rho, 1e-9), 1e-6)
        y[:, h] = chance.binomial(count, chance.beta(np.maximum(p * weigh, 1e-9), np.maximum((1 - p) * weigh, 1e-9)))
    broke = np.zeros(paths, bool)
    for h in range(SOON):
        d = day + 1 + h
        due = n[max(0, d - window + 1) : d + 1].sum()
        known = m.missed[i, max(0, d - window + 1) : day + 1].sum()
        k = known + y[:, max(0, h + 1 - window) : h + 1].sum(axis=1)
        broke |= (k > t.limits[i].most(np.array(due))) & (k > 0)
    return float(broke.mean())


@dataclass
class Told:
    """What the engine told on each judged day: (series, days judged), nan and -1 where the promise was broken."""

    within14: Floats
    within28: Floats
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    value_held: list[bool]


def told(t: Truth, paths: int = PATHS) -> Told:
    m, when = t.made, days()
    k = len(t.limits)
    state = shares(k, 1 - m.promised)
    judged = range(FROM, UNTIL, EVERY)
    out = Told(
        np.full((k, len(judged)), np.nan),
        np.full((k, len(judged)), np.nan),
        np.full((k, len(judged)), -1),
        np.full((k, len(judged)), -1),
        [],
    )
    at = 0
    for d in range(UNTIL):
        state.step(m.total[:, d], m.missed[:, d], when[d])
        if d not in judged:
            continue
        rows = np.flatnonzero(~t.broken[:, d])
        some = state.of(rows)
        found = ahead(
            some, [t.limits[i] for i in rows], m.window[rows].tolist(), m.total[rows, d - 99 : d + 1], m.missed[rows, d - 99 : d + 1],
            when[d + 1 : d + 1 + HORIZON], broken=np.zeros(len(rows), bool), paths=paths, bands=at % 28 == 0,
        )  # fmt: skip
        out.within14[rows, at], out.within28[rows, at] = found.within[:, LEAD - 1], found.within[:, SOON - 1]
        out.first[rows, at], out.last[rows, at] = found.first, found.last
        if at % 28 == 0:
            for j, i in enumerate(rows):
                w = int(m.window[i])
                n, y = (c[i, d + SOON - w + 1 : d + SOON + 1].sum() for c in (m.total, m.missed))
                if n >= 100:
                    out.value_held.append(
                        bool(found.low[j, SOON - 1] - 1e-9 <= 1 - y / n <= found.high[j, SOON - 1] + 1e-9)
                    )
        at += 1
    return out


@dataclass
class Score:
    """`told` of the foreseeable, and of all; `false` and `right` calls; `held`: the bands; by sort and by size."""

    foreseen: list[bool] = field(default_factory=list)
    every: list[bool] = field(default_factory=list)
    of: list[tuple[str, float]] = field(default_factory=list)  # of the foreseeable
    right: int = 0
    false: int = 0
    early: int = 0  # of the false, those that broke within eight weeks
    held: list[bool] = field(default_factory=list)
    held_of: list[tuple[str, float]] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    days: int = 0


def score(
    t: Truth, on: Bools, score: Score, band: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None
) -> Score:
    """`on`: (series, judged days), whether a call stands."""
    begins: dict[int, list[int]] = {}
    for i, d in t.breaks:
        begins.setdefault(i, []).append(d)
    of_day = lambda d: min((d - FROM) // EVERY, on.shape[1] - 1)  # noqa: E731
    for (i, d), foreseen in zip(t.breaks, t.foreseen, strict=True):
        found = bool(on[i, max(0, of_day(d - 2 * LEAD)) : of_day(d - LEAD) + 1].any())
        score.every.append(found)
        if foreseen:
            score.foreseen.append(found)
            score.of.append((t.made.sort[i], float(t.made.size[i])))
    for i in range(len(on)):
        quiet = REST
        for j, stands in enumerate(on[i]):
            d = FROM + j * EVERY
            if t.broken[i, d]:
                quiet = REST
                continue
            score.days += EVERY
            if stands and quiet >= REST:
                nearest = next((b - d for b in begins.get(i, ()) if b > d), 10_000)
                score.right += nearest <= WITHIN
                score.false += nearest > WITHIN
                score.early += WITHIN < nearest <= HORIZON
                if band is not None and nearest <= HORIZON:
                    first, last = band[0][i, j] + 1, band[1][i, j] + 1
                    score.held.append(bool(first <= nearest <= last))
                    score.held_of.append((t.made.sort[i], float(t.made.size[i])))
                    score.long.append(int(last - first))
            quiet = 0 if stands else quiet + EVERY
    return score


def standing(p: Floats, begins: float = BEGINS, ends: float = ENDS, days: int = CALL_DAYS) -> Bools:
    """A call begins at one chance and stands down to another, at most so many days without beginning anew (`torni.supervision.margins`)."""
    out = np.zeros(p.shape, bool)
    since = np.full(len(p), days)
    for j in range(p.shape[1]):
        chance = np.nan_to_num(p[:, j])
        since = np.where(chance >= begins, 0, np.where(chance < ends, days, since + EVERY))
        out[:, j] = since < days
    return out


def burn(t: Truth, window: int) -> Floats:
    n, y = sums(t.made.total, window), sums(t.made.missed, window)
    return np.asarray(np.where(n > 0, y / np.maximum(n * (1 - t.made.promised)[:, None], 1e-9), 0.0))


Rule = Callable[[Truth], Bools]


def pairs(*rules: tuple[float, int, int]) -> Rule:
    """Any of: so great a burn over the longer window and over the shorter."""
    return lambda t: np.logical_or.reduce([(burn(t, a) >= b) & (burn(t, c) >= b) for b, a, c in rules])


def gone(t: Truth) -> Bools:
    out = np.zeros(t.broken.shape, bool)
    for i, limit in enumerate(t.limits):
        w = int(t.made.window[i])
        n, y = (sums(c[i : i + 1], w)[0] for c in (t.made.total, t.made.missed))
        n7, y7 = (sums(c[i : i + 1], 7)[0] for c in (t.made.total, t.made.missed))
        left = limit.most(n) - y
        a_day = y7 / 7 - y / w  # what the window's misses grow by in a day
        out[i] = (a_day > 0) & (left < a_day * 28)
    return out


def judged(on: Bools) -> Bools:
    return on[:, FROM:UNTIL:EVERY]


RULES: dict[str, Rule] = {
    "as they are": pairs((3.0, 1, 1), (1.0, 3, 1)),
    "as days": pairs((14.4, 1, 1), (6.0, 3, 1), (3.0, 7, 1), (1.0, 14, 3)),
    "gone in 28": gone,
}

STRICTER = (0.4, 0.13)  # so that as many are told as by the burn rates "as days"
BEST = (0.85, 28, 3)  # by `python bench/margin.py best 5`, of those that tell nine of ten there


def share(found: Sequence[bool]) -> str:
    """So many per cent, and Wilson's 95 % of it."""
    n, z = max(len(found), 1), 1.96
    p = sum(found) / n
    middle, half = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n) / (1 + z * z / n),
    )
    return f"{100 * p:.0f} % ({100 * (middle - half):.0f}-{100 * (middle + half):.0f}) of {len(found)}"


def line(name: str, s: Score) -> None:
    years = s.days / 365
    say(
        f"{name:<16} told {share(s.foreseen):<24} of all {share(s.every):<24} false {s.false} ({s.false / years:.2f} a year), "
        f"of them {s.early} broke within eight weeks; right {s.right}"
    )


def by(of: Sequence[tuple[str, float]], found: Sequence[bool], which: int, names: Sequence[Any]) -> str:
    return "; ".join(f"{n} {share([f for o, f in zip(of, found, strict=True) if o[which] == n])}" for n in names)


def compare(seeds: Sequence[int], each: int) -> None:
    ours, stricter, even, held, peers = Score(), Score(), Score(), [], {name: Score() for name in (*RULES, "best")}
    for seed in seeds:
        t = truth(make(seed, each))
        found = told(t)
        held += found.value_held
        score(t, standing(found.within28), ours, (found.first, found.last))
        score(t, standing(found.within28, *STRICTER), stricter)
        score(t, standing(found.within28, 0.5, 0.5), even, (found.first, found.last))
        for name, rule in {**RULES, "best": pairs(BEST)}.items():
            score(t, judged(rule(t)), peers[name])
        print(f"seed {seed}: {len(t.breaks)} breaks, {sum(t.foreseen)} foreseeable", file=sys.stderr, flush=True)
    say(
        f"{len(seeds)} seeds, {6 * each * len(seeds)} series, {ours.days / 365:.0f} judged years not broken; {len(ours.every)} breaks, {len(ours.foreseen)} foreseeable"
    )
    line("ours", ours)
    line("ours, stricter", stricter)
    for name, s in peers.items():
        line(name, s)
    say(f"the band held {share(ours.held)}; it is {np.median(ours.long):.0f} days long in the middle")
    say(
        f"called from an even chance on, as told in a sentence without the chance: held {share(even.held)}, {np.median(even.long):.0f} days long in the middle"
    )
    say(f"the value in 28 days within its 90 %: {share(held)}")
    say("told, by sort: " + by(ours.of, ours.foreseen, 0, SORTS))
    say("told, by due a day: " + by(ours.of, ours.foreseen, 1, SIZES))
    say("band, by sort: " + by(ours.held_of, ours.held, 0, SORTS))
    say("band, by due a day: " + by(ours.held_of, ours.held, 1, SIZES))


def best(seeds: Sequence[int], each: int) -> None:
    """The burn rate that tells nine of ten of the foreseeable on the tuning seeds with the fewest false calls."""
    truths = [truth(make(seed, each)) for seed in seeds]
    found = []
    for long in (3, 7, 14, 21, 28):
        for short in (1, 3, 7, 14):
            for rate in (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.1, 1.25) if short <= long else ():
                s = Score()
                for t in truths:
                    score(t, judged(pairs((rate, long, short))(t)), s)
                found.append((sum(s.foreseen) / len(s.foreseen), s.false, (rate, long, short)))
    for wanted in (0.85, 0.9, 0.95):
        say(f"{wanted}: {min((f for f in found if f[0] >= wanted), key=lambda f: f[1])}")


def knows(seeds: Sequence[int], each: int) -> None:
    """What one who knows the truth of each series would tell, calling from an even chance on: nobody can do better."""
    s = Score()
    for seed in seeds:
        t = truth(make(seed, each))
        p = np.full((len(t.limits), len(range(FROM, UNTIL, EVERY))), np.nan)
        for i in range(len(t.limits)):
            for j, d in enumerate(range(FROM, UNTIL, EVERY)):
                if not t.broken[i, d]:
                    p[i, j] = of_one_who_knows(t, i, d, 100)
        score(t, standing(p, 0.5, 0.5 / 3), s)
    line("knows", s)


if __name__ == "__main__":
    asked = sys.argv[1:]
    part = asked.pop(0) if asked and not asked[0].isdigit() else "compare"
    count, each = (int(a) for a in (asked + ["6", "10"][len(asked) :]))
    {"compare": compare, "best": best, "knows": knows}[part](
        range(201, 201 + count) if part != "best" else range(1, 1 + count), each
    )
