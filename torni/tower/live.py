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
from torni.promises.finding import LEVELS, Finding, Level, State
from torni.promises.small import Small, fewest, hidden, is_few
from torni.services.library import Library
from torni.supervision.alerts import Alert, alerts
from torni.supervision.known_sums import Gathered, Moment, known_sums, moment, moved, units
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
    greatest producer first; None: too few to be told. `register`: the units. `invented`: of an invented year, its seed and residents.
    `small`: what of this may be told to all (`for_all`). `untold`: of which promise, level and group nothing is told here.
    """

    now: Moment
    found: tuple[Finding, ...]
    alerts: tuple[Alert, ...]
    yesterday: Mapping[str, Then]
    week_ago: Mapping[str, Then]
    serving: tuple[tuple[str, str, int | None], ...]
    register: pl.DataFrame
    invented: Mapping[str, Any] | None
    gathered: Gathered
    small: Small
    untold: frozenset[tuple[str, str, str]] = frozenset()

    def of(self, promise_id: str) -> Finding | None:
        return next((f for f in self.found if f.id == promise_id), None)

    def count(self, state: str) -> int:
        return sum(f.state == state for f in self.found)

    @cached_property
    def for_all(self) -> Live:
        """The same without small numbers: for everybody who may not see them (`small_sums` of the table of rights)."""
        return self._without_few(frozenset())

    @cached_property
    def for_charges(self) -> Live:
        """The same, but for the sums of charges: for the controller."""
        return self._without_few(frozenset(f.id for f in self.found if f.promise.of_charges))

    def _without_few(self, whole: frozenset[str]) -> Live:
        found = tuple(f if f.id in whole else self.small.of(f) for f in self.found)
        untold = {(f.id, level, g.group) for f in found for level in LEVELS for g in (*f.groups(level), *f.long.get(level, ())) if g.hidden}  # fmt: skip
        about = {f.id for f in found if f.id not in whole and f.promise.people}
        few = (a for a in self.alerts if is_few(a.total, self.small.least) and (a.kind == "demand" or a.id in about))
        untold |= {(a.id, a.level, a.where) for a in few if a.level != "region"}
        told = tuple(a for a in self.alerts if (a.id, a.level, a.where) not in untold)
        return replace(self, found=found, alerts=told, serving=_served(self.serving, self.small.least), untold=frozenset(untold))  # fmt: skip

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
    clients = _clients(connection, library, now)
    producers = dict(register.select("unit", "producer").iter_rows())
    then = before or before_of(connection, libraries, now, residents=residents)
    row = connection.execute("SELECT invented FROM room").fetchone()
    return Live(
        now, found, told, then["yesterday"], then["week_ago"], _serving(library, clients, producers), register,
        row[0] if row else None, rests_on, Small(fewest(library), _people(clients, producers), producers),
    )  # fmt: skip


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


Clients = list[tuple[str, str, str, int]]  # service, unit, municipality, how many


def _clients(connection: Connection, library: Library, now: Moment) -> Clients:
    """Who has come into each service and not left it."""
    services = [s.id for s in library.services.values() if s.clients]
    rows = connection.execute(
        f"SELECT promise, unit, municipality, sum(met)::bigint FROM {known_sums(connection, now)} t WHERE promise = ANY (%(names)s) AND day <= %(today)s GROUP BY 1, 2, 3",
        {"names": [f"{s}.clients" for s in services], "today": now.today},
    ).fetchall()
    rows += (
        moved(connection, now)
        .filter(pl.col("promise").is_in([f"{s}.clients" for s in services]))
        .select("promise", "unit", "municipality", "met")
        .rows()
    )
    return [(name.removesuffix(".clients"), unit, place, count) for name, unit, place, count in rows]


def _serving(library: Library, clients: Clients, producers: Mapping[str, str]) -> tuple[tuple[str, str, int | None], ...]:  # fmt: skip
    """Clients by service and producer."""
    services = list(library.services)
    found = [(service, producer, count) for (service, producer), count in _summed(clients, lambda unit, _place: producers.get(unit) or "").items() if count > 0]  # fmt: skip
    return tuple(sorted(found, key=lambda row: (services.index(row[0]), -row[2], row[1])))


def _people(clients: Clients, producers: Mapping[str, str]) -> dict[tuple[str, Level], dict[str, int]]:
    """Clients by service, level and group."""
    of: dict[Level, Callable[[str, str], str]] = {
        "unit": lambda unit, _place: unit, "producer": lambda unit, _place: producers.get(unit) or "", "municipality": lambda _unit, place: place,
    }  # fmt: skip
    out: dict[tuple[str, Level], dict[str, int]] = {}
    for level, key in of.items():
        for (service, group), count in _summed(clients, key).items():
            out.setdefault((service, level), {})[group] = count
    return out


def _summed(clients: Clients, key: Callable[[str, str], str]) -> dict[tuple[str, str], int]:
    out: dict[tuple[str, str], int] = {}
    for service, unit, place, count in clients:
        out[service, key(unit, place)] = out.get((service, key(unit, place)), 0) + count
    return out


def _served(serving: tuple[tuple[str, str, int | None], ...], least: int) -> tuple[tuple[str, str, int | None], ...]:
    """Without the small numbers of each service."""
    untold: set[tuple[str, str]] = set()
    for service in {service for service, _producer, _count in serving}:
        untold |= hidden({(s, p): n for s, p, n in serving if s == service and n is not None}, least)
    return tuple((s, p, None if (s, p) in untold else n) for s, p, n in serving)


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
