"""What a log means, made anew from it and the books: the same effects that the door makes event by event.

An effect is what one event does for one promise: it begins something owed, answers it or calls it off, or is counted. An event has
none to many of them. Two forms of one thing: matters in which nothing was corrected are answered by one query over the whole log; the
few in which something was are walked event by event. A law holds both equal to what the door has made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb
import polars as pl

from torni.core.deadlines import working_day_after
from torni.core.querying import querying
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
_MADE: dict[str, Any] = {
    "position": pl.Int64, "promise": pl.String, "what": pl.String, "day": pl.Date, "unit": pl.String, "municipality": pl.String,
    "known_on": pl.Date, "total": pl.Int64, "met": pl.Int64, "late": pl.Int64, "began": pl.Int64,
}  # fmt: skip
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
    with querying(MEMORY, ordered=False) as connection:
        connection.execute(f"CREATE VIEW log AS SELECT * FROM {listed(parts)}")
        connection.execute("CREATE VIEW born AS SELECT position, born FROM log WHERE born IS NOT NULL")
        connection.execute("CREATE VIEW expected AS SELECT position, expected FROM log WHERE expected IS NOT NULL")
        lay(connection, "corrections", corrections.select(list(CORRECTIONS)))
        make(connection, books)
        return summed(connection)


MEMORY = "2GB"  # over four million events half of it takes a tenth longer, four times as much no less


def listed(parts: Sequence[Path]) -> str:
    """Parquet files as a table in SQL."""
    files = ", ".join(f"'{str(p).replace(chr(39), chr(39) * 2)}'" for p in parts)
    return f"read_parquet([{files}])"


def lay(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """A frame as a table of the connection: by a file, for row by row takes a hundred times as long."""
    with TemporaryDirectory(prefix="torni-lay-") as folder:
        frame.write_parquet(path := Path(folder) / "rows.parquet", compression="lz4")
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM {listed([path])}")


def frame_of(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    """What a query gives, by a file too."""
    with TemporaryDirectory(prefix="torni-lay-") as folder:
        path = Path(folder) / "rows.parquet"
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION lz4_raw)")
        return pl.read_parquet(path)


def make(connection: duckdb.DuckDBPyConnection, books: Sequence[Stretch]) -> None:
    """The table `made` of every effect, from `log` (COLUMNS without the two), `born`, `expected` (by position) and `corrections`.

    Columns: position (of the event whose effect it is), promise, what (began, answered, called off, counted), day, unit, municipality, known_on, total, met,
    late, began (the position of what was answered). What is taken back is a row of its own, with its sums turned round.
    """
    _read(connection, books)
    connection.execute(_STEPS)
    lay(connection, "walked", pl.DataFrame(list(_walked(connection)), schema=_MADE, orient="row"))
    connection.execute("CREATE VIEW made AS FROM simple UNION ALL FROM walked")


def summed(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The tally's rows (see TALLY) of what was made."""
    return frame_of(connection, _SUMMED)


def _read(connection: duckdb.DuckDBPyConnection, books: Sequence[Stretch]) -> None:
    """What the books say of each type of event on its days."""
    names = {rule.promise for _, _, b in books for rules in (b.openings, b.answers, b.countings) for rule in rules} or {
        ""
    }
    listed_names = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(names))
    connection.execute(f"CREATE TYPE promise_name AS ENUM ({listed_names})")  # sorted as numbers
    for name, columns, rows in (
        ("opening", "promise promise_name, service text, type text, days int, age_below int, age_at_least int, months int, working int",
         [(s, u, o.promise, o.service, o.type, o.days, o.age_below, o.age_at_least, o.months, o.working) for s, u, b in books for o in b.openings]),
        ("answer", "promise promise_name, type text, called_off bool", [(s, u, a.promise, a.type, a.called_off) for s, u, b in books for a in b.answers]),
        ("counting", "promise promise_name, service text, type text, how text, threshold bigint",
         [(s, u, c.promise, c.service, c.type, c.how, c.threshold) for s, u, b in books for c in b.countings]),
    ):  # fmt: skip
        connection.execute(f"CREATE TABLE {name} (since date, until date, {columns})")
        if rows:
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    working = {o.working for _, _, b in books for o in b.openings if o.working is not None}
    counted = "SELECT DISTINCT day FROM log WHERE type IN (SELECT type FROM opening WHERE working IS NOT NULL)"
    days = [day for (day,) in connection.execute(counted).fetchall()] if working else []
    dues = [(n, day, working_day_after(day, n)) for n in working for day in days]
    schema = {"working": pl.Int32, "day": pl.Date, "due": pl.Date}
    lay(connection, "working_due", pl.DataFrame(dues, schema=schema, orient="row"))


# What each event begins and answers, one row for each promise; `opens` 1 or 0, so that an event answers before it begins.
# An opening counts where none stands before it, and an answer where one does. Of matters opened twice before an answer (`doubled`) it is
# the first that is answered: they are paired once more, without those that do not count.
_STEPS = """
CREATE TABLE correction AS SELECT c.*, e.matter FROM corrections c JOIN log e ON e.position = c.replaces;
CREATE TABLE twisted AS SELECT matter FROM correction WHERE matter IS NOT NULL
UNION SELECT l.matter FROM log l SEMI JOIN corrections USING (position) WHERE l.matter IS NOT NULL;
CREATE VIEW opened AS
SELECT l.position, l.matter, o.promise, 1::tinyint AS opens, coalesce((l.day + to_months(o.months) + to_days(o.days))::date, w.due, l.due) AS due,
  l.known_on, l.day, coalesce(l.unit, '') AS unit, coalesce(l.municipality, '') AS municipality, false AS called_off
FROM log l JOIN opening o ON o.type = l.type AND o.service = l.service AND l.day >= o.since AND l.day < o.until
LEFT JOIN working_due w ON w.working = o.working AND w.day = l.day
LEFT JOIN born b ON b.position = l.position
WHERE l.matter IS NOT NULL AND coalesce(l.day + to_days(o.days), w.due, l.due) IS NOT NULL
  AND (o.age_below IS NULL OR b.born + to_years(o.age_below) > l.day) AND (o.age_at_least IS NULL OR b.born + to_years(o.age_at_least) <= l.day);
CREATE TABLE step AS
FROM opened
UNION ALL
SELECT l.position, l.matter, a.promise, 0::tinyint, NULL, l.known_on, l.day, NULL, NULL, a.called_off
FROM log l JOIN answer a ON a.type = l.type AND l.day >= a.since AND l.day < a.until
WHERE l.matter IS NOT NULL;
CREATE TABLE met AS
SELECT *, lag(opens) OVER w AS before, lag(position) OVER w AS began, lag(due) OVER w AS owed_on, lag(unit) OVER w AS owed_unit, lag(municipality) OVER w AS owed_municipality
FROM step WHERE matter NOT IN (SELECT matter FROM twisted) WINDOW w AS (PARTITION BY promise, matter ORDER BY position, opens);
CREATE TABLE doubled AS SELECT DISTINCT promise, matter FROM met WHERE opens = 1 AND before = 1;
CREATE VIEW paired AS
SELECT position, promise, opens, due, day, unit, municipality, known_on, called_off, began, owed_on, owed_unit, owed_municipality
FROM met ANTI JOIN doubled USING (promise, matter) WHERE (opens = 1 AND before IS DISTINCT FROM 1) OR (opens = 0 AND before = 1)
UNION ALL
SELECT position, promise, opens, due, day, unit, municipality, known_on, called_off, lag(position) OVER w, lag(due) OVER w, lag(unit) OVER w, lag(municipality) OVER w
FROM met SEMI JOIN doubled USING (promise, matter) WHERE (opens = 1 AND before IS DISTINCT FROM 1) OR (opens = 0 AND before = 1)
WINDOW w AS (PARTITION BY promise, matter ORDER BY position, opens);
CREATE VIEW counted AS
SELECT l.position, c.promise, coalesce(l.due, l.day) AS day, coalesce(l.unit, '') AS unit, coalesce(l.municipality, '') AS municipality, l.known_on,
  CASE c.how WHEN 'ratio' THEN l.of_quantity WHEN 'limit' THEN l.quantity WHEN 'at_least' THEN 1 WHEN 'exact' THEN 1 WHEN 'demand' THEN 1 ELSE 0 END AS total,
  CASE c.how WHEN 'at_least' THEN (l.quantity >= c.threshold)::int WHEN 'exact' THEN (l.cents = x.expected)::int WHEN 'ratio' THEN l.quantity
    WHEN 'sum' THEN l.cents WHEN 'plus' THEN 1 WHEN 'minus' THEN -1 ELSE 0 END AS met
FROM log l JOIN counting c ON c.type = l.type AND c.service = l.service AND l.day >= c.since AND l.day < c.until
LEFT JOIN expected x ON x.position = l.position
WHERE (c.how <> 'exact' OR x.expected IS NOT NULL) AND (c.how <> 'at_least' OR l.quantity IS NOT NULL);
CREATE VIEW simple AS
SELECT position, promise::text AS promise, CASE WHEN opens = 1 THEN 'began' WHEN called_off THEN 'called off' ELSE 'answered' END AS what,
  CASE WHEN opens = 1 THEN due ELSE owed_on END AS day, CASE WHEN opens = 1 THEN unit ELSE owed_unit END AS unit,
  CASE WHEN opens = 1 THEN municipality ELSE owed_municipality END AS municipality, known_on,
  CASE WHEN opens = 1 THEN 1 WHEN called_off THEN -1 ELSE 0 END::bigint AS total, (opens = 0 AND NOT called_off AND day <= owed_on)::bigint AS met,
  (opens = 0 AND NOT called_off AND day > owed_on)::bigint AS late, CASE WHEN opens = 0 THEN began END AS began FROM paired
UNION ALL SELECT position, promise::text, 'counted', day, unit, municipality, known_on, total, met, 0, NULL FROM counted
UNION ALL SELECT n.position, n.promise::text, 'counted', n.day, n.unit, n.municipality, c.known_on, -n.total, -n.met, 0, NULL
FROM counted n JOIN correction c ON c.replaces = n.position"""

_SUMMED = """
SELECT promise, day, known_on, unit, municipality, sum(total)::bigint AS total, sum(met)::bigint AS met, sum(late)::bigint AS late FROM made GROUP BY ALL ORDER BY ALL"""

_TWISTED = """
SELECT s.matter, s.position, NULL AS replaces, s.known_on, s.promise::text, s.opens, s.due, s.day, s.unit, s.municipality, s.called_off
FROM step s SEMI JOIN twisted USING (matter)
UNION ALL SELECT matter, position, replaces, known_on, NULL, -1, NULL, NULL, NULL, NULL, NULL FROM correction WHERE matter IS NOT NULL
ORDER BY 1, 2, 6"""


class _Owed(NamedTuple):
    position: int
    due: date
    unit: str
    municipality: str


class _Answered(NamedTuple):
    promise: str
    of: _Owed
    what: str
    total: int
    met: int
    late: int


def _walked(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The effects in the matters in which something was corrected: what is replaced is taken back, then its replacement meets what is."""
    matter = None
    rows: list[tuple[Any, ...]] = []
    for row in connection.execute(_TWISTED).fetchall():
        if row[0] != matter:
            yield from _matter(rows)
            matter, rows = row[0], []
        rows.append(row[1:])
    yield from _matter(rows)


def _matter(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Where the door would have refused a correction, for what it began had been answered or what it answered begun again, the promise
    was not there yet: then the answer goes with its opening, and the later opening with the earlier one that is owed again."""
    owed: dict[str, _Owed] = {}
    answered: dict[int, list[_Answered]] = {}
    for position, replaces, known_on, promise, opens, due, day, unit, municipality, called_off in rows:
        if opens == -1:
            for name, w in list(owed.items()):
                if w.position == replaces:
                    del owed[name]
                    yield _begun(name, w, known_on, -1)
            for by, found in answered.items():
                for a in [a for a in found if a.of.position == replaces]:
                    found.remove(a)
                    yield _answer(by, a, known_on, -1)
                    yield _begun(a.promise, a.of, known_on, -1)
            for a in answered.pop(replaces, ()):
                yield _answer(replaces, a, known_on, -1)
                if a.promise in owed:
                    yield _begun(a.promise, owed[a.promise], known_on, -1)
                owed[a.promise] = a.of
        elif opens == 0 and promise in owed:
            w = owed.pop(promise)
            sums = (-1, 0, 0) if called_off else (0, int(day <= w.due), int(day > w.due))
            a = _Answered(promise, w, "called off" if called_off else "answered", *sums)
            answered.setdefault(position, []).append(a)
            yield _answer(position, a, known_on, 1)
        elif opens == 1 and promise not in owed:
            owed[promise] = _Owed(position, due, unit, municipality)
            yield _begun(promise, owed[promise], known_on, 1)


def _begun(promise: str, w: _Owed, known_on: date, sign: int) -> tuple[Any, ...]:
    return w.position, promise, "began", w.due, w.unit, w.municipality, known_on, sign, 0, 0, None


def _answer(position: int, a: _Answered, known_on: date, sign: int) -> tuple[Any, ...]:
    w = a.of
    return position, a.promise, a.what, w.due, w.unit, w.municipality, known_on, sign * a.total, sign * a.met, sign * a.late, w.position  # fmt: skip
