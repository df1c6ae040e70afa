"""The live part of the picture: every promise about what happens, at a moment, with what has changed since before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl

from torni.facts.fold import start_of
from torni.facts.opening import Connection
from torni.promises.finding import Finding, Level, State
from torni.services.library import Library
from torni.supervision.alerts import Alert, alerts
from torni.supervision.known_sums import Gathered, Moment, known_sums, moment, units
from torni.supervision.margins import foretold_on
from torni.supervision.measure import gathered, measure_gathered, measured
from torni.supervision.watch import seen_on

Libraries = Callable[[date], Library]


class Then(NamedTuple):
    """What a promise was found to be at an earlier moment."""

    value: float | None
    state: State


Before = Mapping[str, Mapping[str, Then]]  # of each earlier moment (yesterday, week_ago), each promise by its id


class Turned(NamedTuple):
    """What has broken since a moment, and what has been mended."""

    broke: tuple[Finding, ...]
    mended: tuple[Finding, ...]


@dataclass(frozen=True)
class Live:
    """`found`: every promise about what happens, in the sapluuna's order. `yesterday`, `week_ago`: what they were then, by id.

    `serving`: clients in each service with each producer (service, producer, how many), the services in the sapluuna's order, the
    greatest producer first. `register`: the units. `invented`: of an invented year, its seed and residents.
    """

    now: Moment
    found: tuple[Finding, ...]
    alerts: tuple[Alert, ...]
    yesterday: Mapping[str, Then]
    week_ago: Mapping[str, Then]
    serving: tuple[tuple[str, str, int], ...]
    register: pl.DataFrame
    invented: Mapping[str, Any] | None
    gathered: Gathered

    def of(self, promise_id: str) -> Finding | None:
        return next((f for f in self.found if f.id == promise_id), None)

    def count(self, state: str) -> int:
        return sum(f.state == state for f in self.found)

    @cached_property
    def unit_names(self) -> Mapping[str, str]:
        """A page names a hundred units: looked up once."""
        return dict(self.register.select("unit", "name").iter_rows())

    def place(self, level: Level | str, group: str, municipalities: Mapping[str, Any]) -> str:
        """A unit's or municipality's name; a producer is its own."""
        if level == "unit":
            return self.unit_names.get(group, group)
        if level == "municipality":
            name = municipalities.get(group)
            return str(name) if name is not None else group
        return group

    def change(self, promise_id: str) -> tuple[float | None, float | None]:
        """The value's change since yesterday and since a week ago, None where either is not known."""
        found = self.of(promise_id)
        now = found.value if found else None
        then = self.yesterday.get(promise_id), self.week_ago.get(promise_id)
        return tuple(None if now is None or v is None or v.value is None else now - v.value for v in then)  # type: ignore[return-value]

    def turned(self, then: Mapping[str, Then]) -> Turned:
        """What is broken now and was not then, and what was broken then and is kept now; both in the picture's order."""
        pairs = [(f, then[f.id].state) for f in self.found if f.id in then]
        return Turned(
            tuple(f for f, was in pairs if f.state == "broken" != was), tuple(f for f, was in pairs if was == "broken" and f.state == "kept")
        )  # fmt: skip


def live(
    connection: Connection, libraries: Libraries, *, residents: int, known: datetime | None = None,
    before: Before | None = None, kept: Gathered | None = None,
) -> Live | None:  # fmt: skip
    """The picture as known at a moment (now when not given); None when nothing had been recorded by then.

    `before`: the values of yesterday and of a week ago, where they are at hand (they do not change). `kept`: what an earlier
    picture rested on; what has come since is added to it. All is read as it was at one moment.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _live(connection, libraries, residents, known, before, kept)


def _live(
    connection: Connection, libraries: Libraries, residents: int, known: datetime | None,
    before: Before | None, kept: Gathered | None,
) -> Live | None:  # fmt: skip
    now = moment(connection, known)
    if now is None:
        return None
    library = libraries(now.today)
    register = units(connection)
    rests_on = gathered(connection, library, now, register, before=kept)
    foretold = foretold_on(connection, now.today)
    found = tuple(
        replace(f, margin=f.margin.with_foretold(foretold.get(f.id))) if f.margin else f
        for f in measure_gathered(library, register, rests_on, residents=residents)
    )
    told = tuple(alerts(found, seen_on(connection, now.today), dict(now.complete), now.today))
    serving = _serving(connection, library, now, register)
    then = before or before_of(connection, libraries, now, residents=residents)
    row = connection.execute("SELECT invented FROM room").fetchone()
    return Live(
        now, found, told, then["yesterday"], then["week_ago"], serving, register, row[0] if row else None, rests_on
    )


def before_of(
    connection: Connection, libraries: Libraries, now: Moment, *, residents: int
) -> dict[str, dict[str, Then]]:
    """What the promises were known to be at the end of yesterday, and of the same day a week ago; nothing where nothing was known yet."""
    return {
        "yesterday": then_of(connection, libraries, now, 0, residents=residents),
        "week_ago": then_of(connection, libraries, now, 6, residents=residents),
    }


def then_of(connection: Connection, libraries: Libraries, now: Moment, days: int, *, residents: int) -> dict[str, Then]:
    """The same at the end of the day so many days before yesterday, by that day's definitions."""
    then = moment(connection, start_of(now.today - timedelta(days=days)) - timedelta(microseconds=1))
    found = measured(connection, libraries(then.today), then, residents=residents) if then else []
    return {f.id: Then(f.value, f.state) for f in found}


def _serving(
    connection: Connection, library: Library, now: Moment, register: pl.DataFrame
) -> tuple[tuple[str, str, int], ...]:
    """Who has come into each service and not left it, by producer."""
    services = [s.id for s in library.services.values() if s.clients]
    rows = connection.execute(
        f"SELECT promise, unit, sum(met)::bigint FROM {known_sums(connection, now)} t WHERE promise = ANY (%(names)s) AND day <= %(today)s GROUP BY 1, 2",
        {"names": [f"{s}.clients" for s in services], "today": now.today},
    ).fetchall()
    producers = dict(register.select("unit", "producer").iter_rows())
    summed: dict[tuple[str, str], int] = {}
    for name, unit, count in rows:
        key = name.removesuffix(".clients"), producers.get(unit, "")
        summed[key] = summed.get(key, 0) + count
    found = [(service, producer, count) for (service, producer), count in summed.items() if count > 0]
    return tuple(sorted(found, key=lambda row: (services.index(row[0]), -row[2], row[1])))


def trend(
    connection: Connection, promise: str, until: date, *, now: Moment, weeks: int = 52
) -> list[tuple[date, int, int]]:
    """The promise's weeks up to a day: each week's last day, what was due in it, and what of that was done in time, as known
    at the moment."""
    rows = connection.execute(
        f"""
        SELECT %(until)s::date - 7 * ((%(until)s::date - day) / 7) AS week, sum(total)::bigint, sum(met)::bigint
        FROM {known_sums(connection, now)} t WHERE promise = %(promise)s AND day > %(first)s AND day <= %(until)s
        GROUP BY 1 ORDER BY 1
        """,
        {"until": until, "promise": promise, "first": until - timedelta(days=7 * weeks), "today": now.today},
    ).fetchall()
    return [(day, total, met) for day, total, met in rows]
