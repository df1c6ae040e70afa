"""A room's log as the making anew reads it: the snapshot's parts that are kept, the rest brought from the room.

What was erased keeps the meaning that it had: its rows tell no longer what they meant, so they are not read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from torni.core.querying import querying
from torni.facts.book import Book
from torni.facts.effects import MEMORY, Stretch, lay, listed
from torni.facts.opening import Connection
from torni.facts.snapshot import brought, kept_folder

READ = (
    "position", "known_on", "day", "type", "service", "unit", "client", "matter", "due", "quantity", "of_quantity", "cents", "data",
)  # fmt: skip


@contextmanager
def past(
    connection: Connection, *, upto: int, types: Collection[str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with `log`, `corrections` and `born` of the room up to a position, ready for `torni.facts.effects.make` once what
    charges should be is told (`tell_expected`). By who may see the whole log."""
    with TemporaryDirectory(prefix="torni-past-") as folder, querying(MEMORY, ordered=False) as made:
        parts = brought(connection, Path(folder), kept_folder(connection), upto=upto)
        made.execute(f"CREATE VIEW part AS FROM {listed(parts)} WHERE position <= {int(upto)}")
        _places(connection, made)
        only(made, None)
        made.execute(
            "CREATE TABLE corrections AS SELECT position, replaces, known_on FROM part WHERE replaces IS NOT NULL AND sign = 1"
        )
        made.execute("CREATE TABLE expected (position bigint, expected bigint)")
        made.execute("CREATE TABLE born (position bigint, born date)")
        yield made


def only(made: duckdb.DuckDBPyConnection, types: Collection[str] | None) -> None:
    """Of the log only events of these types (None: all) are looked at from now on. A few types are read once and kept: each step looks again."""
    told = "" if types is None else f"AND s.type IN ({', '.join(map(_quoted, sorted(types))) or 'NULL'})"
    rows = (
        f"SELECT {', '.join(f's.{c}' for c in READ)}, CASE WHEN p.position IS NULL THEN s.municipality ELSE p.municipality END AS municipality "
        f"FROM part s LEFT JOIN place p ON p.position = s.position WHERE s.sign = 1 AND coalesce(s.matter NOT LIKE 'erased-%', true) AND s.id NOT LIKE 'erased-%' {told}"
    )
    if types is not None:
        made.execute(f"CREATE TABLE chosen AS {rows}")
        rows = "FROM chosen"
    made.execute(f"CREATE OR REPLACE VIEW log AS {rows}")


def tell_born(connection: Connection, made: duckdb.DuckDBPyConnection, books: Sequence[Stretch]) -> None:
    """When each client was born, as the register said when the event came; of the events for which a book asks it."""
    types = {o.type for _, _, b in books for o in b.openings if o.age_below is not None or o.age_at_least is not None}
    if not types:
        return
    rows = connection.execute("SELECT client, valid_from, position, born FROM client").fetchall()
    names = {"client": pl.Int64, "valid_from": pl.Date, "position": pl.Int64, "born": pl.Date}
    register = pl.DataFrame(rows, schema=names, orient="row")
    lay(made, "register", register)
    made.execute(
        "INSERT INTO born SELECT l.position, arg_max({'born': c.born}, {'valid_from': c.valid_from, 'position': c.position}).born FROM log l "
        f"JOIN register c ON c.client = l.client AND c.valid_from <= l.day AND c.position < l.position WHERE l.type IN ({', '.join(map(_quoted, sorted(types)))}) GROUP BY 1"
    )


def tell_expected(made: duckdb.DuckDBPyConnection, books: Sequence[Stretch]) -> None:
    """What each charge should be by the books: reckoned once for charges that tell the same."""
    for since, until, book in books:
        if not book.exact_types:
            continue
        stretch = (
            f"FROM log WHERE type IN ({', '.join(map(_quoted, sorted(book.exact_types)))}) AND service IS NOT NULL "
            f"AND day >= DATE '{since}' AND day < DATE '{until}'"
        )
        known = _expected(made.execute(f"SELECT DISTINCT service, data {stretch}").fetchall(), book)
        lay(made, "known", known)
        made.execute(
            f"INSERT INTO expected SELECT l.position, k.expected FROM (SELECT position, service, data {stretch}) l "
            "JOIN known k ON k.service = l.service AND k.data IS NOT DISTINCT FROM l.data"
        )


def _expected(charges: Sequence[tuple[str, str | None]], book: Book) -> pl.DataFrame:
    rows = [(s, d, book.expected(s, json.loads(d or "{}"))) for s, d in charges]
    schema: Mapping[str, Any] = {"service": pl.String, "data": pl.String, "expected": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("expected").is_not_null())


def _places(connection: Connection, made: duckdb.DuckDBPyConnection) -> None:
    """The municipalities that the snapshot leaves out, or left out when it was written: of clients whose address is or was protected."""
    rows = connection.execute(
        "SELECT position, municipality FROM event WHERE client IN (SELECT client FROM client WHERE protected)"
    ).fetchall()
    lay(made, "place", pl.DataFrame(rows, schema={"position": pl.Int64, "municipality": pl.String}, orient="row"))


def days_of(made: duckdb.DuckDBPyConnection) -> list[date]:
    """The days on which something happened."""
    return [day for (day,) in made.execute("SELECT DISTINCT day FROM log ORDER BY 1").fetchall()]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
