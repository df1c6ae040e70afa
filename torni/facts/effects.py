"""What a log means, made anew from it and the books: the same sums that the door and the fold make event by event.

Two forms of one thing. Matters in which nothing was corrected are answered by one query over the whole log; the few in which
something was are walked event by event. A law holds both equal to the room's own tallies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from torni.core.deadlines import working_day_after
from torni.facts.book import Book

# What the parts of a log must hold. `known_on`: the Finnish day on which the event was recorded, `day`: that of its own time.
# `expected`: what a charge should be, in cents. `born`: of the client. `municipality`: as the door writes it.
COLUMNS: dict[str, Any] = {
    "position": pl.Int64, "known_on": pl.Date, "day": pl.Date, "type": pl.String, "service": pl.String, "unit": pl.String,
    "matter": pl.String, "due": pl.Date, "quantity": pl.Int64, "of_quantity": pl.Int64, "cents": pl.Int64, "expected": pl.Int64,
    "municipality": pl.String, "born": pl.Date,
}  # fmt: skip
TALLY = {
    "promise": pl.String, "day": pl.Date, "known_on": pl.Date, "unit": pl.String, "municipality": pl.String, "total": pl.Int64,
    "met": pl.Int64, "late": pl.Int64,
}  # fmt: skip
CORRECTIONS = {"position": pl.Int64, "replaces": pl.Int64, "known_on": pl.Date}
Stretch = tuple[date, date, Book]  # from a day to before another, and what holds then


def stretches(books: Mapping[date, Book]) -> list[Stretch]:
    """The books of the days that are given, each with the days on which it holds; days between two of one book are that book's."""
    out: list[Stretch] = []
    for day, book in sorted(books.items(), key=lambda x: x[0]):
        if out and out[-1][2] is book:
            out[-1] = (out[-1][0], day + timedelta(days=1), book)
        else:
            out.append((day, day + timedelta(days=1), book))
    return out


def tally(parts: Sequence[Path], books: Sequence[Stretch], corrections: pl.DataFrame) -> pl.DataFrame:
    """The tally's rows (see TALLY) of a log in Parquet parts with COLUMNS: all that each day has been known to be, by unit and municipality.

    `corrections`: which events correct or withdraw which (see CORRECTIONS), by position. Events meet in the order of their positions, as at the door: what was begun is answered by what comes after. Not considered: what
    the door refuses or has received before, which is not in a log.
    """
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        _read(connection, parts, books)
        connection.execute("CREATE TABLE corrections (position bigint, replaces bigint, known_on date)")
        if len(corrections):
            connection.executemany(
                "INSERT INTO corrections VALUES (?, ?, ?)", corrections.select(list(CORRECTIONS)).rows()
            )
        connection.execute(_STEPS)
        connection.execute(_SIMPLE)
        connection.execute("CREATE TABLE walked AS SELECT * FROM summed LIMIT 0")
        rows = list(_walked(connection))
        if rows:
            connection.executemany("INSERT INTO walked VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        found = connection.execute(_ALL).fetchall()
    return pl.DataFrame(found, schema=TALLY, orient="row")


def _read(connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], books: Sequence[Stretch]) -> None:
    """The log, and what the books say of each type of event on its days."""
    files = ", ".join(f"'{str(p).replace(chr(39), chr(39) * 2)}'" for p in parts)
    connection.execute(f"CREATE VIEW log AS SELECT * FROM read_parquet([{files}])")
    for name, columns, rows in (
        ("opening", "promise text, service text, type text, days int, age_below int, age_at_least int, months int, working int",
         [(s, u, o.promise, o.service, o.type, o.days, o.age_below, o.age_at_least, o.months, o.working) for s, u, b in books for o in b.openings]),
        ("answer", "promise text, type text, called_off bool", [(s, u, a.promise, a.type, a.called_off) for s, u, b in books for a in b.answers]),
        ("counting", "promise text, service text, type text, how text, threshold bigint",
         [(s, u, c.promise, c.service, c.type, c.how, c.threshold) for s, u, b in books for c in b.countings]),
    ):  # fmt: skip
        connection.execute(f"CREATE TABLE {name} (since date, until date, {columns})")
        if rows:
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.execute("CREATE TABLE working_due (working int, day date, due date)")
    working = {
        (o.working, s + timedelta(days=i))
        for s, u, b in books
        for o in b.openings
        if o.working is not None
        for i in range((u - s).days)
    }
    if working:
        connection.executemany(
            "INSERT INTO working_due VALUES (?, ?, ?)", [(n, day, working_day_after(day, n)) for n, day in working]
        )


# What each event begins and answers, one row for each promise; `opens` 1 or 0, so that an event answers before it begins.
_STEPS = """
CREATE TABLE correction AS SELECT c.*, e.matter FROM corrections c JOIN log e ON e.position = c.replaces;
CREATE TABLE twisted AS SELECT matter FROM correction WHERE matter IS NOT NULL
UNION SELECT l.matter FROM log l SEMI JOIN corrections USING (position) WHERE l.matter IS NOT NULL;
CREATE TABLE step AS
SELECT l.position, l.matter, o.promise, 1::tinyint AS opens, coalesce((l.day + to_months(o.months) + to_days(o.days))::date, w.due, l.due) AS due,
  l.known_on, l.day, coalesce(l.unit, '') AS unit, coalesce(l.municipality, '') AS municipality, false AS called_off
FROM log l JOIN opening o ON o.type = l.type AND o.service = l.service AND l.day >= o.since AND l.day < o.until
LEFT JOIN working_due w ON w.working = o.working AND w.day = l.day
WHERE l.matter IS NOT NULL AND coalesce(l.day + to_days(o.days), w.due, l.due) IS NOT NULL
  AND (o.age_below IS NULL OR l.born + to_years(o.age_below) > l.day) AND (o.age_at_least IS NULL OR l.born + to_years(o.age_at_least) <= l.day)
UNION ALL
SELECT l.position, l.matter, a.promise, 0::tinyint, NULL, l.known_on, l.day, NULL, NULL, a.called_off
FROM log l JOIN answer a ON a.type = l.type AND l.day >= a.since AND l.day < a.until
WHERE l.matter IS NOT NULL"""

# A turn of a matter ends with an answer; in it the first opening counts, and the answer if anything was opened.
_SIMPLE = """
CREATE TABLE summed AS
WITH turns AS (
  SELECT *, coalesce(sum(1 - opens) OVER (PARTITION BY promise, matter ORDER BY position, opens ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS turn
  FROM step WHERE matter NOT IN (SELECT matter FROM twisted)
), pairs AS (
  SELECT promise, arg_min({'due': due, 'known_on': known_on, 'unit': unit, 'municipality': municipality}, position) FILTER (WHERE opens = 1) AS o,
    any_value({'known_on': known_on, 'day': day, 'called_off': called_off}) FILTER (WHERE opens = 0) AS a
  FROM turns GROUP BY promise, matter, turn HAVING count(*) FILTER (WHERE opens = 1) > 0
), counted AS (
  SELECT c.promise, coalesce(l.due, l.day) AS day, l.known_on, coalesce(l.unit, '') AS unit, coalesce(l.municipality, '') AS municipality, l.position,
    CASE c.how WHEN 'ratio' THEN l.of_quantity WHEN 'limit' THEN l.quantity WHEN 'at_least' THEN 1 WHEN 'exact' THEN 1 WHEN 'demand' THEN 1 ELSE 0 END AS total,
    CASE c.how WHEN 'at_least' THEN (l.quantity >= c.threshold)::int WHEN 'exact' THEN (l.cents = l.expected)::int WHEN 'ratio' THEN l.quantity
      WHEN 'sum' THEN l.cents WHEN 'plus' THEN 1 WHEN 'minus' THEN -1 ELSE 0 END AS met
  FROM log l JOIN counting c ON c.type = l.type AND c.service = l.service AND l.day >= c.since AND l.day < c.until
    AND (c.how <> 'exact' OR l.expected IS NOT NULL) AND (c.how <> 'at_least' OR l.quantity IS NOT NULL)
)
SELECT promise, o.due AS day, o.known_on AS known_on, o.unit AS unit, o.municipality AS municipality, count(*) AS total, 0::hugeint AS met, 0::hugeint AS late
FROM pairs GROUP BY ALL
UNION ALL SELECT promise, o.due, a.known_on, o.unit, o.municipality, -sum(a.called_off::int), sum((NOT a.called_off AND a.day <= o.due)::int),
  sum((NOT a.called_off AND a.day > o.due)::int) FROM pairs WHERE a IS NOT NULL GROUP BY ALL
UNION ALL SELECT promise, day, known_on, unit, municipality, sum(total), sum(met), 0 FROM counted GROUP BY ALL
UNION ALL SELECT n.promise, n.day, c.known_on, n.unit, n.municipality, -sum(n.total), -sum(n.met), 0
FROM counted n JOIN correction c ON c.replaces = n.position GROUP BY ALL"""

_ALL = """
SELECT promise, day, known_on, unit, municipality, sum(total)::bigint, sum(met)::bigint, sum(late)::bigint
FROM (FROM summed UNION ALL FROM walked) GROUP BY ALL ORDER BY ALL"""

_TWISTED = """
SELECT s.matter, s.position, NULL AS replaces, s.known_on, s.promise, s.opens, s.due, s.day, s.unit, s.municipality, s.called_off
FROM step s SEMI JOIN twisted USING (matter)
UNION ALL SELECT matter, position, replaces, known_on, NULL, -1, NULL, NULL, NULL, NULL, NULL FROM correction WHERE matter IS NOT NULL
ORDER BY 1, 2, 6"""


class _Owed(NamedTuple):
    position: int
    due: date
    unit: str
    municipality: str


def _walked(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The sums of the matters in which something was corrected: what is replaced is taken back, then its replacement meets what is."""
    matter = None
    rows: list[tuple[Any, ...]] = []
    for row in connection.execute(_TWISTED).fetchall():
        if row[0] != matter:
            yield from _matter(rows)
            matter, rows = row[0], []
        rows.append(row[1:])
    yield from _matter(rows)


def _matter(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    owed: dict[str, _Owed] = {}
    begun: dict[int, list[str]] = {}
    answered: dict[int, list[tuple[str, _Owed, int, int, int]]] = {}
    for position, replaces, known_on, promise, opens, due, day, unit, municipality, called_off in rows:
        if opens == -1:
            for name in begun.pop(replaces, ()):
                if name in owed and owed[name].position == replaces:
                    w = owed.pop(name)
                    yield name, w.due, known_on, w.unit, w.municipality, -1, 0, 0
            for name, w, total, met, late in answered.pop(replaces, ()):
                owed[name] = w
                yield name, w.due, known_on, w.unit, w.municipality, -total, -met, -late
        elif opens == 0 and promise in owed:
            w = owed.pop(promise)
            sums = (-1, 0, 0) if called_off else (0, int(day <= w.due), int(day > w.due))
            answered.setdefault(position, []).append((promise, w, *sums))
            yield promise, w.due, known_on, w.unit, w.municipality, *sums
        elif opens == 1 and promise not in owed:
            owed[promise] = _Owed(position, due, unit, municipality)
            begun.setdefault(position, []).append(promise)
            yield promise, due, known_on, unit, municipality, 1, 0, 0
