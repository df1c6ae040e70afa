"""Changed promises held against what has really happened: the sums of those whose events now do something else are made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import polars as pl

from torni.core.language import Message
from torni.facts.book import Answer, Book, Counting, Opening
from torni.facts.effects import Stretch, make, summed
from torni.facts.opening import Connection
from torni.facts.past import only, past, tell_born, tell_expected
from torni.promises.finding import Finding
from torni.promises.sums import Effects
from torni.services.door_book import within
from torni.services.library import Library
from torni.supervision.known_sums import Moment, owed_of, sums_of, units
from torni.supervision.measure import gathered, measure_gathered

UNTOLD = Message("what has happened does not tell what this change would do")
Charge = Callable[[str, Mapping[str, Any]], int | None]  # what a charge should be, of a service and by what it tells
# What an event must tell to be counted so; what has ended or been called off may well be nothing.
_TELLS = {"at_least": ("quantity",), "exact": ("cents", "expected"), "ratio": ("quantity", "of_quantity"), "sum": ("cents",), "limit": ("quantity",), "minus": None}  # fmt: skip


def measured_anew(
    connection: Connection,
    before: Library,
    after: Library,
    now: Moment,
    *,
    residents: int,
    charge: Charge | None = None,
) -> list[Finding]:
    """The promises of `after` about what happens, as they would be found at the moment had they been promised all along.

    Only sums are read of promises whose events do what they do by `before`; of others the log is read (`torni.facts.past`). What the log
    cannot tell is unknown: whose events have never come, or without what is counted. `charge`: by `after`; None where charges cannot be
    reckoned. Does not consider that those who promise would have done otherwise.
    """
    register = units(connection)
    g = gathered(connection, after, now, register)
    known = effects_of(before)
    changed = {name: done for name, done in effects_of(after).items() if known.get(name) != done}
    names = list(changed)
    untold: set[str] = set()
    if changed:
        tally, untold = done_by(connection, changed, upto=now.position, charge=charge)
        of_made = {w.key for w in g.windows if w.promise in changed}
        again = sums_of(tally, g.today, [w for w in g.windows if w.key in of_made], g.last)
        owed = owed_of(tally.filter(pl.col("promise").is_in(list(g.owing))), g.today).filter(pl.col("open") != 0)
        g = replace(
            g, summed=pl.concat([g.summed.filter(~pl.col("key").is_in(list(of_made))), again]),
            owed=pl.concat([g.owed.filter(~pl.col("promise").is_in(names)), owed]),
        )  # fmt: skip
    found = measure_gathered(after, register, g, residents=residents)
    return [
        replace(f, state="unknown", value=None, low=0.0, high=1.0, missing=(UNTOLD,), by={}, long={})
        if f.id in untold
        else f
        for f in found
    ]


def effects_of(library: Library) -> dict[str, Effects]:
    """What events do for each promise by the library."""
    return {
        f"{s.id}.{p.id}": p.effects(f"{s.id}.{p.id}", s.id, lambda x: within(library, x))
        for s, p in library.of_events()
    }


def done_by(
    connection: Connection, promises: Mapping[str, Effects], *, upto: int, charge: Charge | None = None
) -> tuple[pl.DataFrame, set[str]]:
    """What the whole log does for the promises by these effects, as rows of the tally, and the promises of which it does not tell."""
    stretch: Stretch = (date.min, date.max, _book(promises.values(), charge))
    with past(connection, upto=upto) as log:
        only(log, {t for done in promises.values() for t in _types(done)})
        tell_born(connection, log, [stretch])
        tell_expected(log, [stretch])
        make(log, [stretch])
        untold = {name for name, done in promises.items() if not _told(log, done)}
        return summed(log), untold


def _book(promises: Iterable[Effects], charge: Charge | None) -> Book:
    done = list(promises)
    return Book(
        date.min, {}, tuple(o for d in done for o in d.openings), tuple(a for d in done for a in d.answers),
        tuple(c for d in done for c in d.countings), {}, charge or (lambda service, data: None),
    )  # fmt: skip


def _types(done: Effects) -> set[str]:
    kinds: tuple[Opening | Answer | Counting, ...] = (*done.openings, *done.answers, *done.countings)
    return {x.type for x in kinds}


def _told(log: duckdb.DuckDBPyConnection, done: Effects) -> bool:
    """Has each type of event come that the promise stands on, with what is counted of it?"""
    there = "SELECT 1 FROM log l LEFT JOIN expected x ON x.position = l.position WHERE type = $type"
    asked = [(there + " AND matter IS NOT NULL AND service = $service", o.type, o.service) for o in done.openings]
    asked += [(there + " AND $service IS NOT NULL", a.type, "") for a in done.answers if not a.called_off]
    for c in done.countings:
        columns = _TELLS.get(c.how, ())
        if columns is not None:
            told = "".join(f" AND {column} IS NOT NULL" for column in columns)
            asked.append((f"{there} AND service = $service{told}", c.type, c.service))
    return all(
        log.execute(query + " LIMIT 1", {"type": type_, "service": service}).fetchone()
        for query, type_, service in asked
    )
