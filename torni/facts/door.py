"""The only way into the log: a batch of events judged, and written whole with what it means by the definitions.

In one transaction, under the room's lock: what was received before is left out, what lacks something is refused with every
reason, what is right is written, and with it what it begins, answers and counts for (its effects) and the state rows. A batch sent again
changes nothing. However a batch is cut, its events in the same order leave the same room: see `torni.facts.cutting`.

What the database itself will not hold is refused alone, whatever it is. The connection, not the door, remembers what has been
prepared on it: a transaction that is undone undoes that too.
"""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import psycopg

from torni.core.deadlines import working_day_after
from torni.core.faults import BadInput, bad_input
from torni.core.language import t
from torni.facts import recording
from torni.facts.book import WIDEST, Book, Books
from torni.facts.cutting import cut
from torni.facts.leaves import tail_hash
from torni.facts.opening import Connection
from torni.facts.registers import REGISTERS, RESIDENT, TYPES, UNIT, renew
from torni.facts.senders import Sender, part_of

HELSINKI = ZoneInfo("Europe/Helsinki")
COLUMNS = (
    "line", "source", "id", "type", "at", "service", "unit", "client", "matter", "due", "quantity", "of_quantity", "cents",
    "data", "replaces_id", "expected", "day", "file_row", "salt",
)  # fmt: skip
LAST_YEAR = 2200  # no calendar is reckoned beyond: what is to come is refused
_PARTS = 10_000_000  # positions in a partition of the log
Events = pl.DataFrame | Sequence[Mapping[str, Any]]
# what one event of a batch can meet in the database: refused alone. Anything else is the room's own trouble.
_MET = (
    psycopg.DataError, psycopg.IntegrityError, psycopg.errors.StatementTooComplex, psycopg.errors.ProgramLimitExceeded
)  # fmt: skip


@dataclass(frozen=True)
class Accepted:
    """What became of a batch: how many were written, how many were known already, and each refused line's reasons."""

    written: int
    repeated: int
    refused: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    position: int | None = None


@dataclass(frozen=True)
class _By:
    """Who sends a batch: the producer whose units alone it may speak of, whose part it sends for, and what is stamped on each event."""

    producer: str | None
    sending: str
    stamp: str | None


class Door:
    """A connection's way into the log. `books(day)` gives the definitions of a day; use one door a connection."""

    def __init__(self, connection: Connection, books: Books) -> None:
        self.connection, self.books = connection, books

    def accept(
        self, events: Events, *, now: datetime | None = None, producer: str | None = None, sender: Sender | None = None
    ) -> Accepted:
        """Write a batch: a frame, or mappings, with the columns of COLUMNS but line, expected, day and salt; missing ones are empty.

        `now`: the moment of recording, for invented facts only; never earlier than the newest moment recorded. `producer`: whoever
        sends may speak of its units alone. `sender`: stamped on each event, and held to the types that it may send; None where it is not known: of the organiser's own,
        unless a `producer` speaks. Reasons for refusal are codes (`torni.facts.reasons`); an event of a day whose definitions
        are not known is refused alone, and so is one that the database will not hold. Concurrent doors wait for each other, at most
        as long as one batch takes.
        """
        if not len(events):
            return Accepted(0, 0)
        written, repeated, position = 0, 0, None
        refused: dict[int, tuple[str, ...]] = {}
        with self.connection.transaction():
            moment = self._lock(now)
            stamp = json.dumps(sender.told(), ensure_ascii=False) if sender else None
            sending = part_of(sender, producer)
            for lines, part, book in self._parts(events):
                if book is None:
                    refused |= dict.fromkeys(lines, ("no_definitions",))
                    continue
                done = self._taken(part, book, moment, _By(producer, sending, stamp))
                written, repeated = written + done.written, repeated + done.repeated
                refused |= {lines[line]: reasons for line, reasons in done.refused.items()}
                position = max(filter(None, (position, done.position)), default=None)
        return Accepted(written, repeated, dict(sorted(refused.items())), position)

    def _parts(self, events: Events) -> Iterator[tuple[Sequence[int], Events, Book | None]]:
        """The batch in parts of one book each, and each cut where an event looks back at another of the batch."""
        of_day = {day: self.book(day) for day in _days(events)}
        for lines, chosen, book in _by_book(events, of_day):
            for start, end in cut(chosen, self.connection) if book else ((0, len(chosen)),):
                yield lines[start:end], chosen[start:end], book

    def book(self, day: date) -> Book | None:
        """The definitions of a day, None where they are not known: an amount begins later, or its last known day has passed."""
        try:
            return self.books(day)
        except BadInput:
            return None

    def _lock(self, now: datetime | None) -> datetime:
        """The room's lock, and the moment of recording: it never goes back or leaps, whatever the clock does."""
        moment = recording.lock(self.connection, now)
        if moment is None:
            raise bad_input(
                t("the record room"), t("belongs to no region yet"), t("Start it with `torni demo` or `torni serve`.")
            )
        return moment

    def _taken(self, events: Events, book: Book, now: datetime, by: _By) -> Accepted:
        """A part written; where the database will not hold it, its halves, down to the event that cannot be held."""
        try:
            with self.connection.transaction():
                return self._batch(events, book, now, by)
        except _MET as error:
            if len(events) == 1:
                return Accepted(
                    0, 0, {0: ("against_a_rule" if isinstance(error, psycopg.IntegrityError) else "cannot_be_held",)}
                )
        half = len(events) // 2
        first = self._taken(events[:half], book, now, by)
        second = self._taken(events[half:], book, now, by)
        refused = {**first.refused, **{half + line: reasons for line, reasons in second.refused.items()}}
        return Accepted(
            first.written + second.written, first.repeated + second.repeated, refused, second.position or first.position
        )

    def _batch(self, events: Events, book: Book, now: datetime, by: _By) -> Accepted:
        run = self.connection.execute
        judging = {"now": now, "producer": by.producer, "sending": by.sending}
        self._prepare(book)
        if run(statement("left")).fetchone() == (True,):  # by an earlier part of this transaction
            run("TRUNCATE arriving, judged, beginning, begun, settled")
        with self.connection.cursor().copy(
            f"COPY arriving ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv)"
        ) as copy:  # fmt: skip
            for block in _csv(events, book):
                copy.write(block)
        types, replacing = _types(events), _replaces(events)
        self._count_working_days(events, book, types)
        if types & {RESIDENT, UNIT}:
            run(statement("judge"), {**judging, "registers": True})
            renew(self.connection, tuple(r for r in REGISTERS if types & {RESIDENT, UNIT} & set(r.types)))
        run(statement("judge"), {**judging, "registers": False})
        self._make_room()
        if replacing:
            types |= {type_ for (type_,) in run(statement("replaced")).fetchall()}
            run(statement("take_back"), {"now": now, "known_on": local_day(now), "sender": by.stamp})
        if types & {o.type for o in book.openings}:
            run(statement("begin"))
        for number in range(1, (run(statement("rounds")).fetchone() or (0,))[0] + 1):
            run(statement("settle"), {"round": number})
            run(statement("open"), {"round": number})
        told = {TYPES[type_] for type_ in types if type_ in TYPES and (replacing or type_ not in (RESIDENT, UNIT))}
        renew(self.connection, tuple(r for r in REGISTERS if r in told))
        run(statement("write"), {"now": now, "sender": by.stamp})
        run(statement("mean"), {"known_on": local_day(now)})
        repeated, written, position = run(statement("counts")).fetchone() or (0, 0, None)
        run("SELECT pg_notify('torni_written', '')")
        refused = [] if written + repeated == len(events) else run(statement("refused")).fetchall()
        return Accepted(written, repeated, {line: tuple(reasons) for line, reasons in refused}, position)

    def _count_working_days(self, events: Events, book: Book, types: set[str]) -> None:
        """The days due of what the batch begins in working days: the calendar of holidays is here, not in the database."""
        counts = {o.working for o in book.openings if o.working is not None and o.type in types}
        if not counts:
            return
        days = [day for day in _days(events) if day.year < LAST_YEAR]
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO working_dues VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [(count, day, working_day_after(day, count)) for count in counts for day in days],
            )

    def _make_room(self) -> None:
        """A partition for what comes next, where it is not there yet."""
        self.connection.execute(
            f"SELECT room_for(last_value + 1000000) FROM event_position WHERE to_regclass('event_' || lpad(((last_value + 1000000) / {_PARTS})::text, 4, '0')) IS NULL"
        )

    def _prepare(self, book: Book) -> None:
        """The connection's own tables, filled with the book. The connection says which it holds: a door that remembered it itself
        would go on believing so after the transaction that filled them was undone."""
        run = self.connection.execute
        if run("SELECT current_setting('torni.book', true)").fetchone() == (book.mark,):
            return
        run(statement("session"))
        run("TRUNCATE kinds, openings, answers, countings, versions")
        touching = {o.type for o in book.openings} | {a.type for a in book.answers}
        naming = book.naming
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO kinds VALUES (%s, %s, %s, %s, %s, %s, %s, int8range(%s, %s, '[]'), int8range(%s, %s, '[]'), int8range(%s, %s, '[]'), int4range(%s, %s, '[]'))",
                [
                    (
                        k,
                        sorted(v),
                        k in touching,
                        k in book.of_nobody,
                        naming.get(k, []),
                        sorted(book.senders.get(k, ())),
                        k in book.of_sent,
                        *b.quantity,
                        *b.of_quantity,
                        *b.cents,
                        *b.due_days,
                    )
                    for k, v in book.needs.items()
                    for b in [book.bounds.get(k, WIDEST)]
                ],
            )
            cursor.executemany(
                "INSERT INTO openings VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (o.promise, o.service, o.type, o.days, o.age_below, o.age_at_least, o.months, o.working)
                    for o in book.openings
                ],
            )
            cursor.executemany(
                "INSERT INTO answers VALUES (%s, %s, %s)", [(a.promise, a.type, a.called_off) for a in book.answers]
            )
            cursor.executemany(
                "INSERT INTO countings VALUES (%s, %s, %s, %s, %s)",
                [(c.promise, c.service, c.type, c.how, c.threshold) for c in book.countings],
            )
            cursor.executemany("INSERT INTO versions VALUES (%s, %s)", list(book.definitions.items()))
        for name in ("kinds", "openings", "answers", "countings", "versions"):
            run(f"ANALYZE {name}")
        run("SELECT set_config('torni.book', %s, false)", [book.mark])


@cache
def _statements() -> Mapping[str, str]:
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").replace("@hash@", tail_hash())
    parts = text.split("-- name: ")[1:]
    return {name.strip(): body.strip() for name, _, body in (p.partition("\n") for p in parts)}


def statement(name: str) -> Any:
    """A named statement of door.sql."""
    return _statements()[name]


def local_day(moment: datetime) -> date:
    return moment.astimezone(HELSINKI).date()


def _days(events: Events) -> list[date]:
    """The Finnish days the events happened on."""
    if isinstance(events, pl.DataFrame):
        return events["at"].dt.convert_time_zone("Europe/Helsinki").dt.date().unique().to_list()
    return list({local_day(e["at"]) for e in events})


def _by_book(events: Events, of_day: Mapping[date, Book | None]) -> Iterator[tuple[Sequence[int], Events, Book | None]]:
    """The batch in parts of one book each: a frame's stretches of days, other events' runs as they come; and their lines."""
    books = {id(book): book for book in of_day.values()}
    if len(books) == 1:
        yield range(len(events)), events, next(iter(books.values()))
        return
    if isinstance(events, pl.DataFrame):
        local = pl.col("at").dt.convert_time_zone("Europe/Helsinki").dt.date()
        for book in sorted(books.values(), key=lambda b: b.since if b else date.min):
            found = events.with_row_index("line").filter(
                local.is_in([day for day, own in of_day.items() if own is book])
            )
            yield found["line"].to_list(), found.drop("line"), book
        return
    start = 0
    own = [of_day[local_day(e["at"])] for e in events]
    for end in range(1, len(events) + 1):
        if end == len(events) or own[end] is not own[start]:
            yield range(start, end), events[start:end], own[start]
            start = end


def _replaces(events: Events) -> bool:
    if isinstance(events, pl.DataFrame):
        return "replaces_id" in events.columns and events["replaces_id"].null_count() < len(events)
    return any(e.get("replaces_id") for e in events)


def _types(events: Events) -> set[str]:
    if isinstance(events, pl.DataFrame):
        return set(events["type"].unique().to_list())
    return {e["type"] for e in events}


def _csv(events: Events, book: Book) -> Iterable[bytes]:
    """The batch as PostgreSQL's CSV, with what each charge should be."""
    if isinstance(events, pl.DataFrame):
        yield from _frame_csv(events, book)
        return
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line, (event, salt) in enumerate(zip(events, _salts(len(events)), strict=True)):
        data = event.get("data")
        expected = None
        if event["type"] in book.exact_types and event.get("service"):
            expected = book.expected(event["service"], data or {})
        writer.writerow(
            [
                line, event["source"], event["id"], event["type"], event["at"].astimezone(UTC).isoformat(),
                *(event.get(name) for name in COLUMNS[5:13]),
                None if data is None else json.dumps(data, ensure_ascii=False, sort_keys=True),
                event.get("replaces_id"), expected, local_day(event["at"]), event.get("file_row"), salt,
            ]
        )  # fmt: skip
    yield out.getvalue().encode()


def _salts(count: int) -> list[str]:
    """So many random salts as text: made here at once, they cost a tenth of what the database takes for its own."""
    drawn = secrets.token_hex(16 * count)
    return [drawn[i : i + 32] for i in range(0, len(drawn), 32)]


def with_expected(events: pl.DataFrame, book: Book) -> pl.DataFrame:
    """The events with `expected`: what each charge should be by the book, in cents; None where that cannot be told."""
    exact = events.filter(pl.col("type").is_in(book.exact_types)).select("service", "data").unique()
    known = pl.DataFrame(
        [(s, d, book.expected(s, json.loads(d or "{}"))) for s, d in exact.iter_rows()],
        schema={"service": pl.String, "data": pl.String, "expected": pl.Int64}, orient="row",
    )  # fmt: skip
    if len(known):
        return events.join(known, on=["service", "data"], how="left", maintain_order="left", nulls_equal=True)
    return events.with_columns(pl.lit(None, pl.Int64).alias("expected"))


def _frame_csv(events: pl.DataFrame, book: Book) -> Iterable[bytes]:
    missing = [pl.lit(None).alias(name) for name in (*COLUMNS[1:15], "file_row") if name not in events.columns]
    whole = with_expected(events.with_columns(missing), book)
    whole = whole.with_columns(
        pl.int_range(pl.len()).alias("line"),
        pl.col("at").dt.convert_time_zone("Europe/Helsinki").dt.date().alias("day"), pl.col("at").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"),
        pl.Series("salt", _salts(len(whole)), pl.String),
    )  # fmt: skip
    for part in whole.select(COLUMNS).iter_slices(50_000):
        yield part.write_csv(include_header=False).encode()
