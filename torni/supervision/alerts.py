"""What must be looked at: promises surely broken for someone, demand that suddenly changed, records that have stopped coming.

An alert is told only when chance alone would hardly give it (`watch`): a unit that misses by luck is not disturbed. What a unit
meets or does not (staffing, lists, supervision visits, spending, fees to the cent) is told where it does not. Where records
are missing nothing is held against anybody: that is told as missing records instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from torni.promises.finding import LEVELS, Finding, Level
from torni.promises.sums import HARDLY, LONG_DAYS, chance_of
from torni.supervision.watch import Sighting


@dataclass(frozen=True)
class Alert:
    """`kind` promise, demand or records; `id` the promise, `service.demand`, or the feed; `where` at which level.

    `value` and `target` as in the finding (of demand: contacts a week since the change and before it). `missed` of `total`
    (of records: the days missing). `days`: over how many days up to `until` its numbers are, None where they are as they stand that day. `since`: the day it was told, `began`: from which day its numbers are, where it is watched day by day (of records: the first day missing).
    """

    kind: Literal["promise", "demand", "records"]
    id: str
    level: Level | Literal["region"]
    where: str
    value: float | None
    target: float | None
    total: int
    missed: int
    since: date | None = None
    began: date | None = None
    days: int | None = None
    until: date | None = None


def alerts(found: Sequence[Finding], seen: Sequence[Sighting], feeds: dict[str, date], today: date) -> list[Alert]:
    """`seen`: what the watch tells this morning. `feeds`: each feed's last complete day."""
    of = {f.id: f for f in found}
    return [
        *_records(feeds, today),
        *(a for f in found for a in _broken(f, [s for s in seen if s.id == f.id])),
        *(_changed(s) for s in seen if s.id not in of),
    ]


def silent(feeds: dict[str, date], today: date) -> list[str]:
    """Feeds of which a whole day is missing."""
    return sorted(feed for feed, day in feeds.items() if (today - day).days >= 2)


def _records(feeds: dict[str, date], today: date) -> list[Alert]:
    return [
        Alert(
            "records",
            feed,
            "region",
            feed,
            None,
            None,
            0,
            (today - feeds[feed]).days,
            began=feeds[feed] + timedelta(days=1),
        )
        for feed in silent(feeds, today)
    ]


def _broken(f: Finding, seen: Sequence[Sighting]) -> list[Alert]:
    by = f.promise.alerts_by
    if by == "whole":
        whole = Alert("promise", f.id, "region", "", f.value, f.target, int(f.total), 0, until=f.last)
        return [whole] if f.state == "broken" else []
    if by == "watch":
        return [
            Alert(
                "promise",
                f.id,
                s.level,
                s.where,
                1 - s.missed / s.total if s.total else None,
                f.target,
                s.total,
                s.missed,
                s.since,
                s.began,
                s.days,
                f.last,
            )
            for s in seen
        ]
    out: dict[tuple[Level, str], Alert] = {}
    plain = by == "units"  # a unit meets it or does not
    levels: tuple[Level, ...] = ("unit",) if plain else LEVELS
    for tables, days in ((f.by, f.promise.alert_days), (f.long, LONG_DAYS)):
        for level in levels:
            for g in tables.get(level, ()):
                if g.kept is not False:
                    break  # the worst come first
                missed = g.total - g.met
                if (level, g.group) not in out and (plain or chance_of(g.total, missed, f.target) < HARDLY):
                    out[level, g.group] = Alert("promise", f.id, level, g.group, g.value, f.target, g.total, missed, days=days, until=f.last)  # fmt: skip
    return list(out.values())


def _changed(s: Sighting) -> Alert:
    return Alert("demand", s.id, s.level, s.where, s.total * 7 / s.days, s.before, s.total, 0, s.since, s.began)
