"""How well and how early sudden changes of daily counts are seen: `engines.rhythm` beside R's `surveillance`, in one run.

`python bench/rhythm.py [part ...]`: parts are noufaily, year, speed (all when none is named). The peers need `Rscript` with the
package surveillance (Debian: r-cran-surveillance), which is GPL: it is run as a program of its own, and never a part of the product.

Equal specificity: on series of other seeds in which nothing happens, each method's threshold is set, in each scenario on its own, to
so many false alarms a series and year (alarms less than two weeks apart are one), or to so many days without one. A change counts as
told when an alarm falls on a day of it, at most 28 days from its beginning. Ours counts falls as false alarms too, which the peers do
not look for. Intervals are of 95 % (Wilson's for shares, 1.96 standard errors for days). Ours is `change_watch` with each series on
its own, and the calendar with no season given: it learns what it knows from the same seven years (one year teaches little of it);
"days off out" leaves out days off in the week, as the peer by weekdays does. The peers:
  weekdays    farringtonFlexible, each weekday against its own past, days off left out of the past and not judged
  7 days      the same on sums of the last seven days, as the authors' own daily programs do
  glrnb       the package's sequential likelihood ratio; its usual mean is fitted on the first six years with our calendar's terms and a trend
  EARS        (our own year, for one year has no past years) C2 of four weeks, on each day over the mean of its weekday so far
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TextIO

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import numpy.typing as npt
import polars as pl

from bench import rhythm_farrington as farrington
from bench.memory import peak_mib
from bench.rhythm_series import DAYS, JUDGED, LASTING, SCENARIOS, TRANSIENT, WITHIN, make, off, terms
from torni.engines.rhythm import Calendar, believed, change_watch, share_watch
from torni.simulation.year.faults import PlantedFault
from torni.simulation.year.running import assembled

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
SEED = 20190215
NULL_SERIES, EVENT_SERIES = 32, 16  # in each scenario; of each kind of event
DRIFT = 0.003
TARGETS = (("alarms", 0.5), ("days", 0.01))
GRID = (1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 14.0, 20.0)  # our thresholds to begin from
HALVINGS = 3


def say(what: str = "") -> None:
    print(what, flush=True)


def episodes(alarms: Bools) -> int:
    """(days, series): how many runs of alarms, those less than two weeks apart being one."""
    count = 0
    for column in alarms.T:
        days = np.flatnonzero(column)
        count += int(len(days) > 0) + int((np.diff(days) >= 14).sum())
    return count


def rate(alarms: Bools, unit: str) -> float:
    """Alarms a series and year, or the share of days with one."""
    return episodes(alarms) / alarms.size * 365.0 if unit == "alarms" else float(alarms.mean())


def watched(counts: Floats, x: Floats, threshold: float, *, alone: bool = True, shaped: bool = False) -> Bools:
    """(days, series): our alarms; each series on its own, or all of one group."""
    k = counts.shape[1]
    group = np.full(k, -1 if alone else 0)
    watch = change_watch(group, believed=believed(part=not alone, shaped=shaped), drift=DRIFT, false_alarms_a_year=0.1)
    watch.threshold = threshold
    return np.array([watch.step(row, x[d]) for d, row in enumerate(counts)])


def lowest(score: Callable[[float], float], grid: Sequence[float], target: float, halvings: int = 0) -> float:
    """The grid's lowest threshold from which on the rate of false alarms is never above the target, halved nearer to the one before."""
    above = np.flatnonzero(np.array([score(t) for t in grid]) > target)
    if not len(above):
        return float(grid[0])
    low, high = float(grid[above[-1]]), float(grid[min(int(above[-1]) + 1, len(grid) - 1)])
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > target else (low, middle)
    return high


class Told:
    """Of so many changes, how many were told and after how many days."""

    def __init__(self) -> None:
        self.days: list[int] = []
        self.missed = 0

    def add(self, alarms: Bools, begins: Ints, ends: Ints, first: int = 0) -> None:
        for i, (a, b) in enumerate(zip(begins - first, ends - first, strict=True)):
            found = np.flatnonzero(alarms[a : b + 1, i])
            if len(found):
                self.days.append(int(found[0]))
            else:
                self.missed += 1

    def __add__(self, other: Told) -> Told:
        out = Told()
        out.days, out.missed = self.days + other.days, self.missed + other.missed
        return out

    def share(self) -> str:
        n = len(self.days) + self.missed
        p, z = len(self.days) / n, 1.96
        middle, half = (
            (p + z * z / 2 / n) / (1 + z * z / n),
            z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n) / (1 + z * z / n),
        )
        return f"{100 * p:3.0f} ({100 * (middle - half):.0f}-{100 * (middle + half):.0f})"

    def delay(self) -> str:
        """Days to the alarm, a change that was not told counting the whole time that it may take: so that missing more is no advantage."""
        days = np.r_[np.array(self.days, float), np.full(self.missed, float(WITHIN))]
        half = 1.96 * days.std() / np.sqrt(len(days))
        return f"{days.mean():4.1f}±{half:.1f}"


def fitted_mean(counts: Floats, x: Floats) -> tuple[Floats, Floats]:
    """What glrnb takes as usual: the first six years' quasi-Poisson mean of the calendar's terms and a trend; (days, series), and the spread."""
    past = slice(0, DAYS - JUDGED)
    design = np.column_stack([x, np.arange(DAYS) / DAYS])
    design = design[:, design[past].any(axis=0)]
    beta, mu = np.zeros((counts.shape[1], design.shape[1])), counts[past].T + 0.1
    crossed = (design[past][:, :, None] * design[past][:, None, :]).reshape(DAYS - JUDGED, -1)
    for _ in range(12):  # weighted least squares again and again
        right = (mu * np.log(mu) + counts[past].T - mu) @ design[past]
        information = (mu @ crossed).reshape(-1, design.shape[1], design.shape[1]) + 1e-6 * np.eye(design.shape[1])
        beta = np.linalg.solve(information, right[:, :, None])[:, :, 0]
        mu = np.exp(np.clip(beta @ design[past].T, -10, 20))
    wide = np.maximum(
        ((counts[past].T - mu) ** 2 / np.maximum(mu, 1e-6)).sum(axis=1) / (DAYS - JUDGED - design.shape[1]), 1.0
    )
    mean = np.exp(np.clip(design[DAYS - JUDGED :] @ beta.T, -10, 20))
    return mean, (wide - 1.0) / np.maximum(mean.mean(axis=0), 1e-9)


def in_r(folder: str) -> None:
    done = subprocess.run(
        ["Rscript", str(ROOT / "bench" / "rhythm_farrington.R"), folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"Rscript: {done.stderr}")
    if done.stdout.strip():
        say(done.stdout.strip())


def glr(counts: Floats, mean: Floats, alpha: Floats) -> Floats:
    """(days, series): the package's statistic."""
    return through_r("glr", x=counts, mean=mean, alpha=alpha)


def through_r(what: str, **given: Floats) -> Floats:
    with tempfile.TemporaryDirectory() as folder:
        for name, values in given.items():
            np.savetxt(f"{folder}/{what}_{name}.csv", values, delimiter=",", fmt="%.7g")
        in_r(folder)
        out: Floats = np.loadtxt(f"{folder}/{what}_out.csv", delimiter=",", ndmin=2)
    return out


def held_against_the_package(values: list[Floats]) -> None:
    """The batches' tail chances against the package's own, a few days of each scenario."""
    rows, ours = [], []
    for k, v in enumerate(values):
        for day in (DAYS - 4, DAYS - 90 - 8 * k):
            for j in range(2):
                row = v[day - 7 * np.arange(farrington.REACH + 4, -1, -1), j]
                if not np.isnan(row[-1]) and row[-1] > 0:
                    rows.append(row)
                    ours.append(
                        farrington.tails(row[None, 4 : 4 + farrington.REACH - farrington.LEFT_OUT], row[None, -1])[0]
                    )
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(f"{folder}/check.csv", np.array(rows).T, delimiter=",", fmt="%g")
        path = Path(f"{folder}/check.csv")
        path.write_text(path.read_text().replace("nan", "NA"))
        in_r(folder)
        theirs = np.genfromtxt(f"{folder}/check_out.csv", delimiter=",")
    say(
        f"batches against the package, {len(ours)} days: tails differ by at most {np.nanmax(np.abs(theirs - np.array(ours))):.1e}"
    )


METHODS = ("ours", "ours, days off out", "weekdays", "7 days", "glrnb")
KINDS = [("outbreak", k) for k in TRANSIENT] + [("level", t) for t in LASTING]
Compared = dict[tuple[str, str, tuple[str, float]], Told]


def of_peers(
    null: Floats, changed: Floats, begins: Ints, ends: Ints, x: Floats
) -> tuple[dict[str, tuple[Floats, Floats]], list[Floats]]:
    """Each peer's statistic of the null series and of the changed, the higher the stranger; and series for the check of the batches."""
    first, holidays = DAYS - JUDGED, off(x)
    days = np.concatenate([np.arange(a, b + 1) for a, b in zip(begins, ends, strict=True)])
    series = np.repeat(np.arange(len(begins)), ends - begins + 1)
    all_days, all_series = (
        a.ravel() for a in np.meshgrid(np.arange(first, DAYS), np.arange(NULL_SERIES), indexing="ij")
    )
    scores: dict[str, tuple[Floats, Floats]] = {}  # of the null series and of the changed, the higher the stranger
    checks = []
    for method, prepared in (("weekdays", farrington.by_weekday), ("7 days", farrington.by_seven_days)):
        values = prepared(null, holidays)
        checks.append(values[:, :2])
        quiet = -np.log(np.maximum(farrington.judged(values, all_days, all_series), 1e-300)).reshape(JUDGED, -1)
        strange = np.zeros((JUDGED, len(begins)))
        strange[days - first, series] = -np.log(
            np.maximum(farrington.judged(prepared(changed, holidays), days, series), 1e-300)
        )
        scores[method] = quiet, strange
    counts = np.concatenate([null, changed], axis=1)
    both = glr(counts[first:], *fitted_mean(counts, x))
    scores["glrnb"] = both[:, :NULL_SERIES], both[:, NULL_SERIES:]
    return scores, checks


def compared(n: int) -> tuple[int, Compared, dict[tuple[str, str], tuple[float, float]], list[Floats]]:
    """One scenario: what each method told of each kind of change; its threshold and false alarms; and series to be checked by."""
    x = terms()
    holidays = off(x)
    first = DAYS - JUDGED
    null = make(SCENARIOS[n], (SEED, n, 0), NULL_SERIES, holidays)
    events = [
        make(
            SCENARIOS[n], (SEED, n, 1, i), EVENT_SERIES, holidays,
            transient=size if kind == "outbreak" else 0.0, times=size if kind == "level" else 1.0,
        )
        for i, (kind, size) in enumerate(KINDS)
    ]  # fmt: skip
    changed = np.concatenate([m.counts for m in events], axis=1)
    begins, ends = np.concatenate([m.begins for m in events]), np.concatenate([m.ends for m in events])
    scores, checks = of_peers(null.counts, changed, begins, ends, x)

    def left(counts: Floats, method: str) -> Floats:
        return farrington.by_weekday(counts, holidays) if method != "ours" else counts

    @cache
    def quiet_of_ours(threshold: float, method: str) -> Bools:
        return watched(left(null.counts, method), x, threshold)[first:]

    out: Compared = {}
    used: dict[tuple[str, str], tuple[float, float]] = {}
    for unit, target in TARGETS:
        for method in METHODS:
            if method.startswith("ours"):
                at = lowest(lambda t: rate(quiet_of_ours(t, method), unit), GRID, target, HALVINGS)
                alarms, false = watched(left(changed, method), x, at)[first:], rate(quiet_of_ours(at, method), unit)
            else:
                quiet, strange = scores[method]
                grid = np.unique(np.quantile(quiet[quiet > 0], 1 - np.geomspace(0.2, 1e-5, 80)))
                at = lowest(lambda t: rate(quiet > t, unit), list(grid), target)
                alarms, false = strange > at, rate(quiet > at, unit)
            used[unit, method] = at, false
            for i, (kind, m) in enumerate(zip(KINDS, events, strict=True)):
                told = out[unit, method, kind] = Told()
                told.add(alarms[:, i * EVENT_SERIES : (i + 1) * EVENT_SERIES], m.begins, m.ends, first)
    return n, out, used, checks


def noufaily() -> None:
    with ProcessPoolExecutor(2) as pool:
        found = []
        for n, out, used, checks in pool.map(compared, range(len(SCENARIOS))):
            found.append((out, used, checks))
            print(
                SCENARIOS[n].name,
                {k: f"{at:.1f} {false:.3g}" for k, (at, false) in used.items()},
                file=sys.stderr,
                flush=True,
            )
            for group in ("outbreak", "level"):
                line(
                    group,
                    [sum((out["alarms", m, k] for k in KINDS if k[0] == group), Told()) for m in METHODS],
                    sys.stderr,
                )
    held_against_the_package([c for _, _, checks in found for c in checks])
    for unit, target in TARGETS:
        what = (
            f"{target:g} false alarms a series and year"
            if unit == "alarms"
            else f"an alarm on {100 * target:g} % of quiet days"
        )
        say(f"\nAt {what}: share told in % (95 %), and days to the alarm, one not told counting {WITHIN}")
        say(f"{'':<52}" + "".join(f"{m:<24}" for m in METHODS))
        say(
            f"{'false, measured':<52}"
            + "".join(f"{np.mean([u[unit, m][1] for _, u, _ in found]):<24.3g}" for m in METHODS)
        )
        for kind in KINDS:
            label = (
                f"outbreak of {kind[1]:g} x 7 standard deviations"
                if kind[0] == "outbreak"
                else f"level x {kind[1]:g} from a day on"
            )
            line(label, [sum((out[unit, m, kind] for out, _, _ in found), Told()) for m in METHODS])
        for group in ("outbreak", "level"):
            mine = [k for k in KINDS if k[0] == group]
            line(
                f"all: {group}", [sum((out[unit, m, k] for out, _, _ in found for k in mine), Told()) for m in METHODS]
            )
            for scenario, (out, _, _) in zip(SCENARIOS, found, strict=True):
                line(f"  {group}: {scenario.name}", [sum((out[unit, m, k] for k in mine), Told()) for m in METHODS])
        say("  our thresholds: " + " ".join(f"{u[unit, 'ours'][0]:.1f}" for _, u, _ in found))


def line(label: str, told: Sequence[Told], file: TextIO | None = None) -> None:
    print(f"{label[:51]:<52}" + "".join(f"{f'{t.share()} {t.delay()}':<24}" for t in told), file=file, flush=True)


RESIDENTS, YEARS = 20_000, 6  # so many years with nothing planted, and as many with demand planted
FROM = 17 * 7  # the day of the year from which alarms are counted
PLACES = {
    0: 130,
    1: 160,
    3: 200,
    7: 240,
    12: 280,
}  # the municipality by size -> the day of the year on which its demand grows to 1.7 times


def own_counts(seed: int, *, planted: bool) -> tuple[list[date], Floats, list[int]]:
    """The invented year's new needs of a doctor's reception: its days, (days, municipalities) by size, and their residents."""
    first = date(2025, 11, 22)
    dates = [first + timedelta(days=d) for d in range(366)]
    year, _ = assembled("keski-suomi", seed=seed, residents=RESIDENTS, first=first, planted=False)
    size = year.world.residents.group_by("municipality").len().sort("len", "municipality", descending=[True, False])
    places = size["municipality"].to_list()
    faults = tuple(
        PlantedFault("sudden_demand", places[i], first + timedelta(days=d)) for i, d in PLACES.items() if planted
    )
    year = replace(year, faults=faults, **({"changes": ()} if hasattr(year, "changes") else {}))
    out = np.zeros((len(dates), len(places)))
    home = year.world.residents.select(
        "client", pl.col("municipality").replace_strict(places, list(range(len(places)))).alias("place")
    )
    for _, events in year.days(first, dates[-1]):
        made = events.filter((pl.col("type") == "contact.made") & (pl.col("service") == "doctor_reception")).join(
            home, on="client"
        )
        if "replaces_id" in made.columns:
            made = made.filter(pl.col("replaces_id").is_null())
        on = (made["at"].dt.convert_time_zone("Europe/Helsinki").dt.date() - first).dt.total_days().to_numpy()
        keep = (on >= 0) & (on < len(dates))
        np.add.at(out, (on[keep], made["place"].to_numpy()[keep]), 1.0)
    return dates, out, size["len"].to_list()


def own_scores(counts: Floats, x: Floats) -> dict[str, Floats]:
    """The peers' statistics, the higher the stranger, 0 on closed days."""
    closed = (x[:, 6] == 1.0) | (x[:, 7] == 1.0)
    values = farrington.by_weekday(counts, closed)
    weeks = np.array([values[d - 7 * np.arange(16, 4, -1)] for d in range(16 * 7, len(counts))])
    usual = np.vstack(
        [
            np.ones((16 * 7, counts.shape[1])),
            np.nanmean(np.where(np.isnan(weeks).all(axis=1, keepdims=True), 1.0, weeks), axis=1),
        ]
    )
    usual = np.maximum(usual, 0.05)
    open_days = np.flatnonzero(~closed & (np.arange(len(counts)) >= 16 * 7))
    wide = np.maximum(
        (((counts - usual) ** 2 - usual)[open_days]).sum(axis=0) / (usual[open_days] ** 2).sum(axis=0), 0.0
    )
    out = {"weekdays": -np.log(np.maximum(farrington.by_recent_weeks(counts, closed), 1e-300))}
    for name, found in (
        ("glrnb", glr(counts[open_days], usual[open_days], wide)),
        ("EARS", through_r("ears", x=counts[open_days] / usual[open_days] * usual[open_days].mean(axis=0))),
    ):
        out[name] = np.zeros(counts.shape)
        out[name][open_days] = np.maximum(found, 0.0)
    return out


def own_year() -> None:
    methods = ("ours", "ours, alone", "weekdays", "glrnb", "EARS")
    quiet: dict[str, list[Any]] = {m: [] for m in methods}
    changed: dict[str, list[Any]] = {m: [] for m in methods}
    for planted, into in ((False, quiet), (True, changed)):
        for n in range(YEARS):
            dates, counts, sizes = own_counts(100 + n + 50 * planted, planted=planted)
            x = np.array([Calendar().terms(d) for d in dates])
            for method, score in own_scores(counts, x).items():
                into[method].append(score[FROM:])
            for method, alone in (("ours", False), ("ours, alone", True)):
                into[method].append((counts, x, alone))
    say(
        f"\n{YEARS} invented years of {RESIDENTS} residents, contacts to a doctor's reception by municipality, from {FROM} days on; demand x 1.7 in "
        f"{len(PLACES)} municipalities of {', '.join(str(sizes[i]) for i in PLACES)} residents (as in the last)"
    )
    begins = np.array(list(PLACES.values()))
    for unit, target in TARGETS:
        what = (
            f"{target:g} false alarms a series and year"
            if unit == "alarms"
            else f"an alarm on {100 * target:g} % of quiet days"
        )
        say(f"\nAt {what}")
        told: dict[str, list[Told]] = {}
        false = []
        for method in methods:
            if method.startswith("ours"):

                def alarms(t: float, years: list[Any]) -> list[Bools]:
                    return [watched(c, x, t, alone=alone, shaped=True)[FROM:] for c, x, alone in years]

                grid, halvings = list(GRID), HALVINGS
            else:

                def alarms(t: float, years: list[Any]) -> list[Bools]:
                    return [score > t for score in years]

                values = np.concatenate([q.ravel() for q in quiet[method]])
                grid = list(np.unique(np.quantile(values[values > 0], 1 - np.geomspace(0.2, 1e-5, 80))))
                halvings = 0
            of_years = lambda t: float(np.mean([rate(a, unit) for a in alarms(t, quiet[method])]))  # noqa: E731
            at = lowest(of_years, grid, target, halvings)
            false.append(of_years(at))
            told[method] = [Told() for _ in PLACES]
            for found in alarms(at, changed[method]):
                for i, place in enumerate(PLACES):
                    told[method][i].add(found[:, [place]], begins[[i]], begins[[i]] + WITHIN - 1, FROM)
        say(f"{'':<52}" + "".join(f"{m:<24}" for m in methods))
        say(f"{'false, measured':<52}" + "".join(f"{f:<24.3g}" for f in false))
        for i, place in enumerate(PLACES):
            line(f"municipality of {sizes[place]} residents", [told[m][i] for m in methods])
        line("all", [sum(told[m], Told()) for m in methods])


def speed() -> None:
    """One day's step of 10,000 series, wall milliseconds, and what the state takes."""
    k, chance, x = 10_000, np.random.default_rng(SEED), terms()
    change = change_watch(np.arange(k) % 500, believed=believed(part=True), drift=DRIFT, false_alarms_a_year=0.1)
    share = share_watch(np.full(k, 0.1), false_alarms_a_year=0.1)
    for watch, name in ((change, "change_watch"), (share, "share_watch")):
        took = []
        for d in range(60):
            came = chance.poisson(20.0, k).astype(float)
            began = time.perf_counter()
            if watch is change:
                change.step(came, x[d])
            else:
                share.step(came, chance.binomial(came.astype(int), 0.08).astype(float))
            took.append(1000 * (time.perf_counter() - began))
        state = sum(v.nbytes for v in vars(watch).values() if isinstance(v, np.ndarray)) / 2**20
        took = sorted(took[-15:])
        say(
            f"{name}, a day of {k} series: least {took[0]:.1f} ms, median {took[7]:.1f} ms; the state takes {state:.1f} MiB"
        )
    say(f"peak of the process {peak_mib()} MiB")


PARTS = {"noufaily": noufaily, "year": own_year, "speed": speed}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
