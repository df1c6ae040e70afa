"""What the log means by the definitions, held against the effects that the room has, and made anew where the definitions say another.

A promise that is new, or whose events do something else than before, is made of the whole past at once: what differs from the room's
effects is added, taken back or both, known from that moment on. What was shown before can be shown again as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from torni.core.faults import BadInput
from torni.facts.book import Answer, Book, Books, Counting, Opening
from torni.facts.door import local_day
from torni.facts.effects import Stretch, listed, make, stretches
from torni.facts.fold import CHANNEL, count, fold, level
from torni.facts.opening import Connection
from torni.facts.past import days_of, only, past, tell_born, tell_expected
from torni.facts.snapshot import PART, effects_part

_GROUP = "position, promise, what, day, unit, municipality, began"


@dataclass(frozen=True)
class Remade:
    """What became of a making: how many effects were added, and how many taken back."""

    promises: tuple[str, ...]
    added: int
    taken_back: int


def meanings(books: Mapping[date, Book]) -> dict[str, str]:
    """What the events of each promise do by the books of these days, as a mark: the same for the same."""
    told: dict[str, list[str]] = {}
    for day, book in sorted(books.items()):
        of: dict[str, list[Opening | Answer | Counting]] = {}
        rules: tuple[Opening | Answer | Counting, ...] = (*book.openings, *book.answers, *book.countings)
        for rule in rules:
            of.setdefault(rule.promise, []).append(rule)
        exact = {c.promise for c in book.countings if c.how == "exact"}
        for promise in {**told, **of}:
            text = repr(of.get(promise)) + (book.formulas if promise in exact else "")
            if not told.get(promise) or told[promise][-1].partition(" ")[2] != text:
                told.setdefault(promise, []).append(f"{day} {text}")
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] for name, lines in told.items()}


def known_meanings(connection: Connection) -> dict[str, str]:
    """With what meaning each promise's effects were last made of the whole log."""
    rows = connection.execute("SELECT DISTINCT ON (promise) promise, meaning FROM meant ORDER BY promise, number DESC")
    return dict(rows.fetchall())


def note_meanings(connection: Connection, told: Mapping[str, str], position: int) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO meant (promise, position, meaning) VALUES (%s, %s, %s)",
            [(name, position, meaning) for name, meaning in told.items()],
        )


def compared(
    connection: Connection, books: Books, *, promises: Collection[str] | None = None
) -> tuple[int, int, str | None]:
    """How many effects the log gives by the definitions, how many differ from the room's, and the first that does.

    `promises`: these alone. What was erased is left as it stands, and promises that the definitions have no more.
    """
    with differing(connection, books, promises=promises) as log:
        row = log.execute(
            "SELECT (SELECT count(*) FROM anew), (SELECT count(*) FROM differs), (SELECT min_by(promise || ' ' || position, position) FROM differs)"
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def made_anew(connection: Connection, books: Books, told: Mapping[str, str]) -> Remade:
    """Make these promises' effects of the whole log, and note their meanings (`told`). The door waits meanwhile.

    One transaction: what differs is written with a position of the log's own, and counted in the tallies from this moment on.
    """
    while fold(connection):
        pass
    with connection.transaction():
        recorded = connection.execute("SELECT nullif(recorded_at, '-infinity') FROM room FOR UPDATE").fetchone()
        while fold(connection):
            pass
        upto = _one(connection, "SELECT position FROM consumer WHERE name = 'tally' FOR UPDATE")
        if (
            recorded is None
            or recorded[0] is None
            or not _one(connection, "SELECT count(*) FROM (SELECT 1 FROM event LIMIT 1) e")
        ):
            note_meanings(connection, told, upto)
            return Remade(tuple(told), 0, 0)
        with differing(connection, books, promises=told) as log, TemporaryDirectory(prefix="torni-differs-") as folder:
            path = Path(folder) / "rows.csv"
            log.execute(
                f"COPY (SELECT sign, {_GROUP}, total, met, late FROM differs) TO '{path}' (FORMAT csv, HEADER false)"
            )
            run = connection.execute
            run(
                "CREATE TEMP TABLE differs ON COMMIT DROP AS SELECT sign, position, promise, what, day, unit, municipality, began, total, met, late FROM effect LIMIT 0"
            )
            with (
                connection.cursor().copy(
                    "COPY differs FROM STDIN (FORMAT csv, FORCE_NOT_NULL (unit, municipality))"
                ) as copy,
                path.open("rb") as file,
            ):
                while block := file.read(1 << 20):
                    copy.write(block)
        added, taken_back = run(
            "SELECT count(*) FILTER (WHERE sign = 1), count(*) FILTER (WHERE sign = -1) FROM differs"
        ).fetchone() or (0, 0)
        since = _one(connection, "SELECT nextval('event_position')") if added or taken_back else upto
        if since > upto:
            run(
                "INSERT INTO effect (position, since, sign, promise, what, day, unit, municipality, known_on, total, met, late, began, client) "
                "SELECT d.position, %s, d.sign, d.promise, d.what, d.day, d.unit, d.municipality, %s, d.sign * d.total, d.sign * d.met, d.sign * d.late, d.began, e.client "
                "FROM differs d JOIN event e ON e.position = d.position ORDER BY d.position",
                [since, local_day(recorded[0])],
            )
            _owed_again(connection, list(told))
            count(connection, since - 1, since)
            run("UPDATE consumer SET position = %s WHERE name = 'tally'", [since])
            level(connection)
            run("INSERT INTO mark (at, position) SELECT greatest(%s, max(at)), %s FROM mark", [recorded[0], since])
            run("SELECT pg_notify(%s, %s)", [CHANNEL, str(since)])
        run("DROP TABLE differs")
        note_meanings(connection, told, since)
    return Remade(tuple(told), added, taken_back)


def _owed_again(connection: Connection, promises: list[str]) -> None:
    """What is owed by the promises: what their effects have begun and not answered. What was erased stays as it is."""
    connection.execute("DELETE FROM owed WHERE promise = ANY (%s) AND matter NOT LIKE 'erased-%%'", [promises])
    connection.execute(
        "INSERT INTO owed (matter, promise, position, due, unit, client, municipality) "
        "SELECT e.matter, f.promise, e.position, f.day, nullif(f.unit, ''), e.client, nullif(f.municipality, '') FROM ("
        "SELECT promise, coalesce(began, position) AS position, day, unit, municipality FROM effect WHERE promise = ANY (%s) AND what <> 'counted' "
        "GROUP BY 1, 2, 3, 4, 5 HAVING sum(total - met - late) > 0) f JOIN event e ON e.position = f.position ON CONFLICT DO NOTHING",
        [promises],
    )


@contextmanager
def differing(
    connection: Connection, books: Books, *, promises: Collection[str] | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the effects made anew (`anew`) and what differs from the room's (`differs`: sign 1 where the room lacks it,
    -1 where it should not have it), each with its sums."""
    upto = _one(connection, "SELECT coalesce(max(position), 0) FROM event")
    last = max(upto, _one(connection, "SELECT coalesce(max(since), 0) FROM effect"))
    with past(connection, upto=upto) as log, TemporaryDirectory(prefix="torni-effects-") as folder:
        known = [_only(s, promises) for s in stretches(books_of_days(books, days_of(log)))]
        if promises is not None:
            only(log, {type_ for _, _, b in known for type_ in _types(b)})
        tell_born(connection, log, known)
        tell_expected(log, known)
        make(log, known)
        parts = []
        for first in range(0, last + 1, PART):
            parts.append(Path(folder) / f"effect_{first:012d}.parquet")
            effects_part(connection, first, min(first + PART - 1, last), whole=promises or ()).write_parquet(
                parts[-1], compression="lz4"
            )
        asked = {name for _, _, b in known for name in _promises(b)}
        names = ", ".join("'" + n.replace("'", "''") + "'" for n in sorted(asked)) or "NULL"
        log.execute(
            "CREATE TABLE erased AS SELECT position FROM part WHERE matter LIKE 'erased-%' OR id LIKE 'erased-%'"
        )
        summed = (
            f"SELECT {_GROUP}, sum(total)::bigint AS total, sum(met)::bigint AS met, sum(late)::bigint AS late FROM"
        )
        some = "GROUP BY ALL HAVING sum(total) <> 0 OR sum(met) <> 0 OR sum(late) <> 0"
        log.execute(f"CREATE TABLE anew AS {summed} made {some}")
        log.execute(
            f"CREATE TABLE kept AS {summed} {listed(parts)} WHERE promise IN ({names}) AND position NOT IN (SELECT position FROM erased) {some}"
        )
        log.execute(
            "CREATE TABLE differs AS SELECT 1 AS sign, * FROM (FROM anew EXCEPT FROM kept) a UNION ALL SELECT -1 AS sign, * FROM (FROM kept EXCEPT FROM anew) k"
        )
        yield log


def books_of_days(books: Books, days: Sequence[date]) -> dict[date, Book]:
    """The books of those days whose definitions are known: of others the door has let nothing in."""
    out: dict[date, Book] = {}
    for day in days:
        try:
            out[day] = books(day)
        except BadInput:
            continue
    return out


def _promises(book: Book) -> set[str]:
    return {o.promise for o in book.openings} | {a.promise for a in book.answers} | {c.promise for c in book.countings}


def _types(book: Book) -> set[str]:
    return {o.type for o in book.openings} | {a.type for a in book.answers} | {c.type for c in book.countings}


def _only(stretch: Stretch, promises: Collection[str] | None) -> Stretch:
    since, until, book = stretch
    if promises is None:
        return stretch
    openings = tuple(rule for rule in book.openings if rule.promise in promises)
    answers = tuple(rule for rule in book.answers if rule.promise in promises)
    countings = tuple(rule for rule in book.countings if rule.promise in promises)
    return since, until, Book(book.since, {}, openings, answers, countings, {}, book.expected)


def _one(connection: Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
