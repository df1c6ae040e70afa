"""Does the tower see? The year's planted faults against what its alerts told, day by day, by what was known on each day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

import polars as pl

from torni.core.language import Message
from torni.core.progress import each
from torni.promises.sums import sums_of_moment
from torni.services.library import Library
from torni.simulation.year.changes import RecordingChange
from torni.simulation.year.faults import PlantedFault
from torni.simulation.year.log import Known
from torni.simulation.year.world import World
from torni.supervision.alerts import Alert, alerts
from torni.supervision.known_sums import last_days_of, sums_of
from torni.supervision.measure import measure_sums, windows_of
from torni.supervision.watch import Watch

_PROMISES = {
    "missed_weekends": "home_care.visits_made", "long_waits": "doctor_reception.young_in_time",
    "wrong_formula": "home_care.fee_by_formula", "never_billed": "doctor_reception.visits_billed",
    "understaffed": "elder_housing.staffed", "late_answers": "doctor_reception.complaints_answered",
    "full_list": "centre.list_has_room", "sudden_demand": "doctor_reception.demand", "outage": "",
}  # fmt: skip
_LEVELS = {
    "missed_weekends": "producer", "long_waits": "municipality", "wrong_formula": "municipality", "never_billed": "unit", "understaffed": "unit",
    "late_answers": "unit", "full_list": "unit", "sudden_demand": "municipality", "outage": "region",
}  # fmt: skip
WARM_DAYS = 28  # the year begins in the middle of things; alerts are read from here on
SAME_DAYS = 14  # an alert that comes again within so many days is the same one
SMALL = 15  # a share fault of fewer misses than this above what is promised, by the year's end, is too small to be told


@dataclass(frozen=True)
class Planted:
    """A fault and whether it was told: the first day of an alert for its own place, and that alert. `small`: it was too small for that.

    `missed` of `total` at its place from its day to the year's end, of faults that are shares.
    """

    fault: PlantedFault
    told_on: date | None
    alert: Alert | None
    small: bool = False
    missed: int = 0
    total: int = 0

    @property
    def days(self) -> int | None:
        return None if self.told_on is None else (self.told_on - self.fault.since).days

    @property
    def told(self) -> bool:
        return self.told_on is not None

    @property
    def overlooked(self) -> bool:
        return self.told_on is None and not self.small


@dataclass(frozen=True)
class Truth:
    """Every planted fault, and every alert that no fault (and no change of recording) explains, with its first day."""

    planted: tuple[Planted, ...]
    false: tuple[tuple[date, Alert], ...]

    @property
    def missed(self) -> int:
        return sum(p.overlooked for p in self.planted)

    def json(self, seed: int, residents: int) -> dict[str, Any]:
        return {
            "seed": seed, "residents": residents,
            "planted": [
                {
                    "kind": p.fault.kind, "where": p.fault.where, "from": str(p.fault.since), "found": p.told_on is not None, "too_small": p.small,
                    "days_to_detection": p.days, "finding": p.alert.id if p.alert else None,
                }
                for p in self.planted
            ],
            "missed": self.missed, "false": len(self.false),
            "false_alerts": [{"on": str(day), "kind": a.kind, "finding": a.id, "level": a.level, "where": a.where} for day, a in self.false],
        }  # fmt: skip


def truth(
    known: Known, world: World, faults: Sequence[PlantedFault], library: Callable[[date], Library], *,
    first: date, last: date, changes: Sequence[RecordingChange] = (),
) -> Truth:  # fmt: skip
    """Go through the year: each morning by what was known the evening before. An alert is true when a fault explains it, else
    false; it counts once, from the morning on which it is told to that on which it is gone."""
    tally, register, feeds = known.tally, known.units, known.feeds
    watch = Watch(tally.filter(pl.col("day") <= last), register, library(last + timedelta(days=1)))
    seen: list[tuple[date, Alert]] = []
    standing: dict[tuple[str, str, str, str], tuple[date, date | None]] = {}
    warm = first + timedelta(days=WARM_DAYS)
    for day in each([warm + timedelta(days=i) for i in range((last - warm).days + 1)], Message("Its mornings")):
        morning = day + timedelta(days=1)
        definitions = library(morning)
        told_by_then = tally.filter(pl.col("known_on") <= day)
        complete = {
            f: max(days) for f, all_days in feeds.items() if (days := [due for due, on in all_days if on <= day])
        }
        ends = last_days_of(morning, complete, register)
        summed = sums_of(told_by_then, morning, windows_of(definitions, morning), ends)
        sums = sums_of_moment(morning, register, ends, summed, _owed(told_by_then, morning))
        found = measure_sums(definitions, sums, residents=len(world.residents))
        for alert in alerts(found, watch.on(morning, ends), complete, morning):
            key = (alert.kind, alert.id, alert.level, alert.where)
            before = standing.get(key)
            if before is None or (day - before[0]).days > SAME_DAYS or _again(before[1], alert.since):
                seen.append((day, alert))
            standing[key] = day, alert.since
    planted = tuple(_sized(_found(f, seen), tally, register, library(last), last) for f in faults)
    explains = [_explained(f, world) for f in faults] + [_recorded_otherwise(c, world) for c in changes]
    false = [(on, a) for on, a in seen if not any(e(on, a) for e in explains)]
    return Truth(planted, tuple(false))


def _again(before: date | None, since: date | None) -> bool:
    """Is it told anew, for a later change than the one that was told before?"""
    return before is not None and since is not None and (since - before).days > SAME_DAYS


def _sized(p: Planted, tally: pl.DataFrame, register: pl.DataFrame, library: Library, last: date) -> Planted:
    """The fault with how large it became, where it is one of shares: what was missed at its place."""
    of = {f"{s.id}.{q.id}": q for s, q in library.of_events()}.get(_PROMISES[p.fault.kind])
    if of is None or of.watched is None or p.fault.kind == "wrong_formula":
        return p
    rows = tally.filter(
        (pl.col("promise") == _PROMISES[p.fault.kind]) & (pl.col("day") >= p.fault.since) & (pl.col("day") <= last) & (pl.col("known_on") <= last)
    ).join(register.select("unit", "producer"), on="unit", how="left").filter(pl.col(_LEVELS[p.fault.kind]) == p.fault.where)  # fmt: skip
    total, met = int(rows["total"].sum()), int(rows["met"].sum())
    small = total - met - total * (1 - of.watched) < SMALL
    return Planted(p.fault, p.told_on, p.alert, small and p.told_on is None, total - met, total)


def summary(found: Sequence[Truth]) -> dict[str, Any]:
    """Of many years: for each kind how many were planted, found and too small, and the median days to detection; false alerts by year."""
    kinds = dict.fromkeys(p.fault.kind for t in found for p in t.planted)
    out = {}
    for kind in kinds:
        mine = [p for t in found for p in t.planted if p.fault.kind == kind]
        days = [p.days for p in mine if p.days is not None]
        out[kind] = {
            "planted": len(mine), "found": len(days), "too_small": sum(p.small for p in mine), "missed": sum(p.overlooked for p in mine),
            "days": median(days) if days else None,
        }  # fmt: skip
    false = [len(t.false) for t in found]
    return {
        "years": len(found),
        "kinds": out,
        "false": sum(false),
        "most_false": max(false, default=0),
        "years_with_false": sum(n > 0 for n in false),
    }


def _found(fault: PlantedFault, seen: Iterable[tuple[date, Alert]]) -> Planted:
    mine = [
        (on, a)
        for on, a in seen
        if on >= fault.since and (a.kind == "records" if fault.kind == "outage" else a.id == _PROMISES[fault.kind] and a.level == _LEVELS[fault.kind])
        and (fault.kind in ("outage", "wrong_formula") or a.where == fault.where)
    ]  # fmt: skip
    on, alert = min(mine, key=lambda x: x[0], default=(None, None))
    return Planted(fault, on, alert)


def _explained(fault: PlantedFault, world: World) -> Callable[[date, Alert], bool]:
    """Whether an alert follows from the fault: its promise, at its place or a place that it is a part of."""
    places = _places(fault, world)

    def explains(on: date, alert: Alert) -> bool:
        if on < fault.since:
            return False
        if fault.kind == "outage":
            return alert.kind == "records"
        if (
            alert.level == "region"
        ):  # a place may be half of its region, whose own change is the same one, told soon after
            return alert.id == _PROMISES[fault.kind] and (on - fault.since).days <= WARM_DAYS
        return alert.id == _PROMISES[fault.kind] and (places is None or alert.where in places)

    return explains


def _recorded_otherwise(change: RecordingChange, world: World) -> Callable[[date, Alert], bool]:
    """Whether an alert follows from a unit's new way of recording: it is told of that unit, or of a place that it is a part of."""
    u = world.units.with_row_index("row").filter(
        (pl.col("unit") == change.where) | (pl.col("producer") == change.where)
    )
    rows = u["row"].to_list()
    served = world.residents.filter(pl.col("centre").is_in(rows) | pl.col("home_care_unit").is_in(rows))
    places = {change.where, *u["unit"], *u["producer"], *u["municipality"], *served["municipality"].unique()}

    def explains(on: date, alert: Alert) -> bool:
        return on >= change.since and alert.where in places and alert.kind == "demand"

    return explains


def _places(fault: PlantedFault, world: World) -> set[str] | None:
    u, people = world.units, world.residents
    if fault.kind in ("wrong_formula", "outage"):
        return None
    if fault.kind == "missed_weekends":
        mine = u.filter((pl.col("producer") == fault.where) & (pl.col("kind") == "home_care"))
        return {fault.where, *mine["unit"].to_list(), *mine["municipality"].to_list()}
    if fault.kind in ("long_waits", "sudden_demand"):
        rows = people.filter(pl.col("municipality") == fault.where)["centre"].unique().to_list()
        return {fault.where, *(u["unit"][r] for r in rows), *(u["producer"][r] for r in rows)}
    row = u.with_row_index("row").filter(pl.col("unit") == fault.where).row(0, named=True)
    homes = people.filter(pl.col("centre") == row["row"])["municipality"].unique().to_list()
    return {fault.where, row["producer"], row["municipality"], *homes}


def _owed(known: pl.DataFrame, today: date) -> pl.DataFrame:
    left = pl.col("total") - pl.col("met") - pl.col("late")
    return known.filter(pl.col("promise") == "elder_housing.supervised").group_by("promise", "unit", "municipality").agg(
        left.sum().alias("open"), left.filter(pl.col("day") < today).sum().alias("overdue")
    )  # fmt: skip
