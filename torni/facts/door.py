"""The only way into the log: a batch of events judged, stamped by the definitions, and written whole or not at all.

In one transaction, under the room's lock: what was received before is left out, what lacks something is refused with every
reason, what is right is written with what it begins, answers and counts for, and the state rows with it. A batch sent again
changes nothing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from torni.core import clock
from torni.core.faults import BadInput, bad_input
from torni.core.language import t
from torni.facts.book import Book, Books
from torni.facts.room import Connection

HELSINKI = ZoneInfo("Europe/Helsinki")
COLUMNS = (
    "line", "source", "id", "type", "at", "service", "unit", "client", "matter", "due", "quantity", "of_quantity", "cents",
    "data", "replaces_id", "expected", "day", "again",
)  # fmt: skip
_REGISTERS = frozenset({"resident.registered", "unit.opened"})
_PERMITS = frozenset({"representative.named", "representative.ended", "consent.given", "consent.withdrawn", "restriction.set", "restriction.lifted"})  # fmt: skip


@dataclass(frozen=True)
class Accepted:
    """What became of a batch: how many were written, how many were known already, and each refused line's reasons."""

    written: int
    repeated: int
    refused: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    position: int | None = None


class Door:
    """A connection's way into the log. `books(day)` gives the definitions of a day; use one door a connection."""

    def __init__(self, connection: Connection, books: Books) -> None:
        self.connection, self.books = connection, books
        self._loaded: Book | None = None
        with connection.transaction():
            connection.execute(statement("session"))

    def accept(
        self, events: pl.DataFrame | Sequence[Mapping[str, Any]], *, now: datetime | None = None, producer: str | None = None
    ) -> Accepted:  # fmt: skip
        """Write a batch: a frame, or mappings, with the columns of COLUMNS but line, expected, day and again;
        missing ones are empty.

        `now`: the moment of recording, for invented facts only; never earlier than the newest moment recorded. `producer`: whoever
        sends may speak of its units alone. Reasons for refusal are codes (`torni.facts.reasons`); an event of a day whose definitions
        are not known is refused alone. Concurrent doors wait for each other, at most as long as one batch takes.
        """
        if not len(events):
            return Accepted(0, 0)
        of_day = {day: self._book(day) for day in _days(events)}
        stretches = {book.since: book for book in of_day.values() if book}
        with self.connection.transaction():
            moment = self._lock(now)
            if len(stretches) == 1 and None not in of_day.values():
                return self._batch(events, next(iter(stretches.values())), moment, producer)
            written, repeated, position = 0, 0, None
            before, _rest = _chosen(events, {day for day, book in of_day.items() if book is None})
            refused: dict[int, tuple[str, ...]] = dict.fromkeys(before, ("no_definitions",))
            for _since, book in sorted(stretches.items()):
                lines, chosen = _chosen(events, {day for day, own in of_day.items() if own is book})
                part = self._batch(chosen, book, moment, producer)
                written, repeated = written + part.written, repeated + part.repeated
                refused |= {lines[line]: reasons for line, reasons in part.refused.items()}
                position = max(filter(None, (position, part.position)), default=None)
            return Accepted(written, repeated, dict(sorted(refused.items())), position)

    def _book(self, day: date) -> Book | None:
        """The definitions of a day, None where they are not known: an amount begins later, or its last known day has passed."""
        try:
            return self.books(day)
        except BadInput:
            return None

    def _lock(self, now: datetime | None) -> datetime:
        """The room's lock, and the moment of recording: it never goes back, whatever the clock does."""
        found = self.connection.execute(
            "UPDATE room SET recorded_at = greatest(recorded_at, %s) RETURNING recorded_at",
            [now or clock.now()],
        ).fetchone()
        if found is None:
            raise bad_input(
                t("the record room"), t("belongs to no region yet"), t("Start it with `torni demo` or `torni serve`.")
            )
        moment: datetime = found[0]
        return moment

    def _batch(self, events: pl.DataFrame | Sequence[Mapping[str, Any]], book: Book, now: datetime, producer: str | None) -> Accepted:  # fmt: skip
        run = self.connection.execute
        self._load(book)
        run("TRUNCATE arriving, judged, settled")
        with self.connection.cursor().copy(
            f"COPY arriving ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv)"
        ) as copy:  # fmt: skip
            for block in _csv(events, book):
                copy.write(block)
        types = _types(events)
        if types & _REGISTERS:
            run(statement("judge"), {"now": now, "registers": True, "producer": producer})
            run(statement("registers"))
        run(statement("judge"), {"now": now, "registers": False, "producer": producer})
        (upto,) = run("SELECT last_value FROM event_position").fetchone() or (0,)
        self._make_room(upto)
        if "replaces_id" in _names(events):
            run(statement("take_back"), {"now": now})
        run(statement("settle"))
        run(statement("open"))
        run(statement("settle"))
        run(statement("write"), {"now": now})
        if "case_manager.named" in types:
            run(statement("care"))
        if types & _PERMITS:
            run(statement("permit"))
        repeated, written, position = run(statement("counts")).fetchone() or (0, 0, None)
        run("SELECT pg_notify('torni_written', '')")
        refused = [] if written + repeated == len(events) else run(statement("refused")).fetchall()
        return Accepted(written, repeated, {line: tuple(reasons) for line, reasons in refused}, position)

    def _make_room(self, upto: int) -> None:
        if upto // 10_000_000 != getattr(self, "_part", None):
            self.connection.execute("SELECT room_for(%s)", [upto + 1_000_000])
            self._part = upto // 10_000_000

    def _load(self, book: Book) -> None:
        if self._loaded is book:
            return
        run = self.connection.execute
        run("TRUNCATE kinds, openings, answers, countings, versions")
        with self.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO kinds VALUES (%s, %s)", [(k, sorted(v)) for k, v in book.needs.items()])
            cursor.executemany(
                "INSERT INTO openings VALUES (%s, %s, %s, %s, %s, %s)",
                [(o.promise, o.service, o.type, o.days, o.age_below, o.age_at_least) for o in book.openings],
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
        self._loaded = book


@cache
def _statements() -> Mapping[str, str]:
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    parts = text.split("-- name: ")[1:]
    return {name.strip(): body.strip() for name, _, body in (p.partition("\n") for p in parts)}


def statement(name: str) -> Any:
    """A named statement of door.sql."""
    return _statements()[name]


def local_day(moment: datetime) -> date:
    return moment.astimezone(HELSINKI).date()


def _days(events: pl.DataFrame | Sequence[Mapping[str, Any]]) -> list[date]:
    """The Finnish days the events happened on; only the first and last matter where they are one stretch."""
    if isinstance(events, pl.DataFrame):
        return events["at"].dt.convert_time_zone("Europe/Helsinki").dt.date().unique().to_list()
    return list({local_day(e["at"]) for e in events})


def _chosen(events: Any, days: set[date]) -> tuple[list[int], Any]:
    """The events of these days, with the lines they stand on."""
    if isinstance(events, pl.DataFrame):
        local = pl.col("at").dt.convert_time_zone("Europe/Helsinki").dt.date()
        found = events.with_row_index("line").filter(local.is_in(list(days)))
        return found["line"].to_list(), found.drop("line")
    lines = [i for i, e in enumerate(events) if local_day(e["at"]) in days]
    return lines, [events[i] for i in lines]


def _names(events: pl.DataFrame | Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if isinstance(events, pl.DataFrame):
        return events.columns
    return {"replaces_id"} if any(e.get("replaces_id") for e in events) else ()


def _types(events: pl.DataFrame | Sequence[Mapping[str, Any]]) -> set[str]:
    if isinstance(events, pl.DataFrame):
        return set(events["type"].unique().to_list())
    return {e["type"] for e in events}


def _csv(events: pl.DataFrame | Sequence[Mapping[str, Any]], book: Book) -> Iterable[bytes]:
    """The batch as PostgreSQL's CSV, with what each charge should be."""
    if isinstance(events, pl.DataFrame):
        yield from _frame_csv(events, book)
        return
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    seen: set[tuple[str, str]] = set()
    for line, event in enumerate(events):
        data, key = event.get("data"), (event["source"], event["id"])
        expected = None
        if event["type"] in book.exact_types and event.get("service"):
            expected = book.expected(event["service"], data or {})
        writer.writerow(
            [
                line, event["source"], event["id"], event["type"], event["at"].astimezone(UTC).isoformat(),
                *(event.get(name) for name in COLUMNS[5:13]),
                None if data is None else json.dumps(data, ensure_ascii=False, sort_keys=True),
                event.get("replaces_id"), expected, local_day(event["at"]), key in seen,
            ]
        )  # fmt: skip
        seen.add(key)
    yield out.getvalue().encode()


def _frame_csv(events: pl.DataFrame, book: Book) -> Iterable[bytes]:
    missing = [pl.lit(None).alias(name) for name in COLUMNS[1:15] if name not in events.columns]
    whole = events.with_columns(missing)
    exact = whole.filter(pl.col("type").is_in(book.exact_types)).select("service", "data").unique()
    known = pl.DataFrame(
        [(s, d, book.expected(s, json.loads(d or "{}"))) for s, d in exact.iter_rows()],
        schema={"service": pl.String, "data": pl.String, "expected": pl.Int64}, orient="row",
    )  # fmt: skip
    if len(known):
        whole = whole.join(known, on=["service", "data"], how="left", maintain_order="left", nulls_equal=True)
    else:
        whole = whole.with_columns(pl.lit(None).alias("expected"))
    whole = whole.with_columns(
        pl.int_range(pl.len()).alias("line"), pl.struct("id", "source").is_first_distinct().not_().alias("again"),
        pl.col("at").dt.convert_time_zone("Europe/Helsinki").dt.date().alias("day"), pl.col("at").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    )  # fmt: skip
    for part in whole.select(COLUMNS).iter_slices(50_000):
        yield part.write_csv(include_header=False).encode()
