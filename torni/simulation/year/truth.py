"""Does the tower see? The year's planted faults against what its alerts told, day by day, by what was known on each day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from torni.facts.room import Connection
from torni.services.library import Library
from torni.simulation.year.faults import Fault
from torni.simulation.year.world import World
from torni.supervision.alerts import Alert, alerts, demand_of
from torni.supervision.measure import measure, windows_of
from torni.supervision.moment import last_days_of, sums_of, units

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


@dataclass(frozen=True)
class Planted:
    """A fault and whether it was told: the first day of an alert for its own place, and that alert."""

    fault: Fault
    told_on: date | None
    alert: Alert | None

    @property
    def days(self) -> int | None:
        return None if self.told_on is None else (self.told_on - self.fault.since).days


@dataclass(frozen=True)
class Truth:
    """Every planted fault, and every alert that no fault explains, with its first day."""

    planted: tuple[Planted, ...]
    false: tuple[tuple[date, Alert], ...]

    @property
    def missed(self) -> int:
        return sum(p.told_on is None for p in self.planted)

    def json(self, seed: int, residents: int) -> dict[str, Any]:
        return {
            "seed": seed, "residents": residents,
            "planted": [
                {
                    "kind": p.fault.kind, "where": p.fault.where, "from": str(p.fault.since), "found": p.told_on is not None,
                    "days_to_detection": p.days, "finding": p.alert.id if p.alert else None,
                }
                for p in self.planted
            ],
            "missed": self.missed, "false": len(self.false),
            "false_alerts": [{"on": str(day), "kind": a.kind, "finding": a.id, "level": a.level, "where": a.where} for day, a in self.false],
        }  # fmt: skip


def truth(
    connection: Connection, world: World, faults: Sequence[Fault], library: Callable[[date], Library], *,
    first: date, last: date, told: Callable[[date], None] | None = None,
) -> Truth:  # fmt: skip
    """Go through the year: each morning by what was known the evening before. An alert is true when a fault explains it, else false: counted once for its place."""
    tally = _tally(connection)
    register = units(connection)
    feeds = _feeds(connection)
    seen: dict[tuple[str, str, str, str], tuple[date, Alert]] = {}
    day = first + timedelta(days=WARM_DAYS)
    while day <= last:
        morning = day + timedelta(days=1)
        definitions = library(morning)
        known = tally.filter(pl.col("known_on") <= day)
        complete = {
            f: max(days) for f, all_days in feeds.items() if (days := [due for due, on in all_days if on <= day])
        }
        ends = last_days_of(morning, complete, register)
        summed = sums_of(known, morning, windows_of(definitions, morning), ends)
        found = measure(
            definitions, morning, register, ends, summed, _owed(known, morning), residents=len(world.residents)
        )
        end = ends.filter(pl.col("unit") == "")["last"].item()
        for alert in alerts(found, demand_of(known, definitions, morning, end), complete, morning):
            seen.setdefault((alert.kind, alert.id, alert.level, alert.where), (day, alert))
        if told:
            told(day)
        day += timedelta(days=1)
    planted = tuple(_found(f, seen.values()) for f in faults)
    explains = [_explained(f, world) for f in faults]
    false = [(on, a) for on, a in seen.values() if not any(e(on, a) for e in explains)]
    return Truth(planted, tuple(false))


def _found(fault: Fault, seen: Any) -> Planted:
    mine = [
        (on, a)
        for on, a in seen
        if on >= fault.since and (a.kind == "records" if fault.kind == "outage" else a.id == _PROMISES[fault.kind] and a.level == _LEVELS[fault.kind])
        and (fault.kind in ("outage", "wrong_formula") or a.where == fault.where)
    ]  # fmt: skip
    on, alert = min(mine, key=lambda x: x[0], default=(None, None))
    return Planted(fault, on, alert)


def _explained(fault: Fault, world: World) -> Callable[[date, Alert], bool]:
    """Whether an alert follows from the fault: its promise, at its place or a place that it is a part of."""
    places = _places(fault, world)

    def explains(on: date, alert: Alert) -> bool:
        if on < fault.since:
            return False
        if fault.kind == "outage":
            return alert.kind == "records"
        return alert.id == _PROMISES[fault.kind] and (places is None or alert.where in places)

    return explains


def _places(fault: Fault, world: World) -> set[str] | None:
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


def _tally(connection: Connection) -> pl.DataFrame:
    rows = connection.execute(
        "SELECT promise, day, known_on, unit, municipality, total, met, late FROM tally"
    ).fetchall()
    return pl.DataFrame(
        rows, orient="row",
        schema={
            "promise": pl.String, "day": pl.Date, "known_on": pl.Date, "unit": pl.String, "municipality": pl.String, "total": pl.Int64,
            "met": pl.Int64, "late": pl.Int64,
        },
    )  # fmt: skip


def _feeds(connection: Connection) -> Mapping[str, list[tuple[date, date]]]:
    out: dict[str, list[tuple[date, date]]] = {}
    for feed, due, on in connection.execute(
        "SELECT data->>'producer', due, (recorded_at AT TIME ZONE 'Europe/Helsinki')::date FROM event "
        "WHERE type = 'feed.complete' AND client IS NULL AND unit IS NULL"
    ).fetchall():
        out.setdefault(feed, []).append((due, on))
    return out


def _owed(known: pl.DataFrame, today: date) -> pl.DataFrame:
    left = pl.col("total") - pl.col("met") - pl.col("late")
    return known.filter(pl.col("promise") == "elder_housing.supervised").group_by("promise", "unit", "municipality").agg(
        left.sum().alias("open"), left.filter(pl.col("day") < today).sum().alias("overdue")
    )  # fmt: skip
