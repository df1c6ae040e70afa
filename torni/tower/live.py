"""The live part of the picture: every promise about what happens, at a moment, with what has changed since before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from torni.facts.fold import start_of
from torni.facts.room import Connection
from torni.promises.finding import Finding, Level
from torni.services.library import Library
from torni.supervision.alerts import Alert, alerts
from torni.supervision.margins import foretold_on
from torni.supervision.measure import gathered, measure_gathered, measured
from torni.supervision.moment import Gathered, Moment, known_sums, moment, units
from torni.supervision.watch import seen_on

Libraries = Callable[[date], Library]


@dataclass(frozen=True)
class Live:
    """`found`: every promise about what happens, in the sapluuna's order. `yesterday`, `week_ago`: their values then, by id.

    `serving`: clients in each service with each producer (service, producer, how many), the services in the sapluuna's order, the
    greatest producer first. `register`: the units. `invented`: of an invented year, its seed and residents.
    """

    now: Moment
    found: tuple[Finding, ...]
    alerts: tuple[Alert, ...]
    yesterday: Mapping[str, float | None]
    week_ago: Mapping[str, float | None]
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
        return tuple(None if now is None or v is None else now - v for v in then)  # type: ignore[return-value]


def live(
    connection: Connection, libraries: Libraries, *, residents: int, known: datetime | None = None,
    before: Mapping[str, Mapping[str, float | None]] | None = None, kept: Gathered | None = None,
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
    before: Mapping[str, Mapping[str, float | None]] | None, kept: Gathered | None,
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
) -> dict[str, dict[str, float | None]]:
    """The promises' values as they were known at the end of yesterday, and of the same day a week ago."""
    out: dict[str, dict[str, float | None]] = {}
    for name, days in (("yesterday", 0), ("week_ago", 6)):
        then = moment(connection, start_of(now.today - timedelta(days=days)) - timedelta(microseconds=1))
        found = measured(connection, libraries(then.today), then, residents=residents) if then else []
        out[name] = {f.id: f.value for f in found}
    return out


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
