"""Which promises about what happens hold: each one measured on the sums known at a moment, by unit, producer and municipality."""

from __future__ import annotations

from datetime import date

import polars as pl

from torni.facts.opening import Connection
from torni.promises.finding import Finding, Level
from torni.promises.rows import Asked, Row
from torni.promises.sums import Sums, sums_of_moment
from torni.promises.window import Window
from torni.services.library import Library
from torni.supervision.known_sums import Gathered, Moment, gather, units


def measured(connection: Connection, library: Library, now: Moment, *, residents: int) -> list[Finding]:
    """Every promise about what happens, in the sapluuna's order, as known at the moment. `residents`: of the region."""
    register = units(connection)
    return measure_gathered(library, register, gathered(connection, library, now, register), residents=residents)


def gathered(
    connection: Connection, library: Library, now: Moment, register: pl.DataFrame, *, before: Gathered | None = None
) -> Gathered:
    """What the measuring of the library's promises rests on at the moment; see `gather`."""
    owing = [f"{s.id}.{p.id}" for s, p in library.of_events() if p.begins]
    return gather(connection, now, windows_of(library, now.today), owing, register, before=before)


def measure_gathered(library: Library, register: pl.DataFrame, g: Gathered, *, residents: int) -> list[Finding]:
    """The measuring itself: a pure function of the sums. `register`: the units; see `torni.supervision.known_sums`."""
    return measure_sums(library, sums_of_moment(g.today, register, g.last, g.summed, g.owed), residents=residents)


def measure_sums(library: Library, sums: Sums, *, residents: int) -> list[Finding]:
    """The same of sums by level."""
    return [promise.find(service.id, sums, library, residents=residents) for service, promise in library.of_events()]


def windows_of(library: Library, today: date) -> list[Window]:
    """What the measuring asks to be summed."""
    return [w for s, p in library.of_events() for w in p.windows(f"{s.id}.{p.id}", today, library)]


def rows_behind(
    connection: Connection, f: Finding, now: Moment, register: pl.DataFrame, level: Level | None = None, group: str = ""
) -> list[Row]:
    """At most `torni.promises.rows.MOST` rows, newest first, as the connection's asker may see them (`torni.facts.access`). `level` and
    `group` narrow to one unit, producer or municipality."""
    return f.promise.rows(connection, _asked(f, now, register, level, group))


def clients_behind(
    connection: Connection, f: Finding, now: Moment, register: pl.DataFrame, level: Level | None = None, group: str = ""
) -> int | None:
    """For how many clients the promise was not kept, each once, of the same narrowing; None where it is not about clients or is not told."""
    return f.promise.clients_unmet(connection, _asked(f, now, register, level, group))


def _asked(f: Finding, now: Moment, register: pl.DataFrame, level: Level | None, group: str) -> Asked:
    chosen = (
        register.filter(pl.col("producer") == group)["unit"].to_list()
        if level == "producer"
        else ([group] if level == "unit" else None)
    )
    place = group if level == "municipality" else None
    return Asked(f.id, f.last, now.today, now.position, now.past, chosen, place)
