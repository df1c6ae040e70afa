"""Keeping the tallies equal to the log: what is new is added, in one transaction with how far the log has been read.

A position is committed in its order (the door's lock), so what lies below the newest one has all been seen: each event is
added exactly once, whoever stops at whatever moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

import psycopg

from torni.facts.door import HELSINKI, statement
from torni.facts.opening import Connection

CHANNEL = "torni_mark"
FOLDED: str = statement("folded").rstrip(";")  # the sums of a stretch of the log, as rows of the tally
_FOLD = statement("fold").replace("SELECT * FROM folded", FOLDED)


@dataclass(frozen=True)
class Mark:
    """What had been folded at a moment."""

    at: datetime
    position: int


def fold(connection: Connection, *, upto: int | None = None, most: int = 1_000_000, tell: bool = True) -> Mark | None:
    """Add what is new (up to a position), at most so many events, and mark the moment. None when nothing is new. Tells those who listen.

    What cannot be counted (a sum that no number holds) is set aside in `uncounted`, and the rest goes on.
    """
    with connection.transaction():
        row = connection.execute("SELECT position FROM consumer WHERE name = 'tally' FOR UPDATE").fetchone()
        assert row is not None
        newest = connection.execute("SELECT max(position) FROM event").fetchone()
        after = row[0]
        upto = min((newest and newest[0]) or 0, after + most, upto or after + most)
        if upto <= after:
            return None
        if connection.execute("SELECT EXISTS (SELECT 1 FROM uncounted)").fetchone() == (True,):
            connection.execute(_TAKEN_BACK, [after, upto])
        count(connection, after, upto)
        connection.execute(
            "UPDATE consumer SET position = %s, level_at = clock_timestamp() WHERE name = 'tally'", [upto]
        )
        marked = connection.execute(
            "INSERT INTO mark (at, position) SELECT greatest(max(recorded_at), (SELECT max(at) FROM mark)), %(upto)s FROM event "
            "WHERE position > %(after)s AND position <= %(upto)s ON CONFLICT DO NOTHING RETURNING at",
            {"after": after, "upto": upto},
        ).fetchone()
        assert marked is not None
        if tell:
            connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(upto)])
        return Mark(marked[0], upto)


_TAKEN_BACK = (
    "INSERT INTO uncounted (position, why, takes_back) SELECT e.position, 'not counted', e.replaces FROM event e JOIN uncounted u ON u.position = e.replaces "
    "WHERE e.sign = -1 AND e.position > %s AND e.position <= %s ON CONFLICT DO NOTHING"
)


def count(connection: Connection, after: int, upto: int) -> None:
    """Add a stretch of the log to the tallies; where that fails its halves, down to the event that cannot be counted."""
    try:
        with connection.transaction():
            connection.execute(_FOLD, {"after": after, "upto": upto})
            return
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if upto - after == 1:
            connection.execute("INSERT INTO uncounted (position, why) VALUES (%s, %s)", [upto, type(error).__name__])
            return
    middle = (after + upto) // 2
    count(connection, after, middle)
    count(connection, middle, upto)


def level(connection: Connection) -> None:
    """Say that the tallies are level with the log: that nothing waits is progress too."""
    connection.execute("UPDATE consumer SET level_at = clock_timestamp() WHERE name = 'tally'")


def rebuild(connection: Connection) -> None:
    """Make the tallies from nothing but the effects. The marks stay: they tell what was shown."""
    with connection.transaction():
        row = connection.execute("SELECT position FROM consumer WHERE name = 'tally' FOR UPDATE").fetchone()
        newest = connection.execute("SELECT max(position) FROM event").fetchone()
        upto = max(
            (newest and newest[0]) or 0, row[0] if row else 0
        )  # what was made anew stands after the newest event
        connection.execute("TRUNCATE tally, tally_now")
        connection.execute("SET LOCAL work_mem = '256MB'")
        # made as a table first: only so does PostgreSQL read by several processes. A table's making binds no values.
        every = FOLDED.replace("%(after)s", "0").replace("%(upto)s", str(int(upto)))
        connection.execute(f"CREATE TEMP TABLE every ON COMMIT DROP AS {every}")
        connection.execute(
            "INSERT INTO tally (promise, day, known_on, unit, municipality, total, met, late) SELECT * FROM every"
        )
        connection.execute(
            "INSERT INTO tally_now SELECT promise, day, unit, municipality, sum(total), sum(met), sum(late) FROM every GROUP BY 1, 2, 3, 4"
        )
        connection.execute("UPDATE consumer SET position = %s WHERE name = 'tally'", [upto])
        connection.execute("ANALYZE tally, tally_now")


def position_at(connection: Connection, moment: datetime) -> int:
    """The last position recorded before the moment, 0 when there is none. Moments never go back, so it is a search."""
    row = connection.execute("SELECT min(position), max(position) FROM event").fetchone()
    if row is None or row[0] is None:
        return 0
    low, high = row[0] - 1, row[1]
    while low < high:  # the answer is in [low, high]
        middle = (low + high + 1) // 2
        found = connection.execute(
            "SELECT position, recorded_at FROM event WHERE position <= %s ORDER BY position DESC LIMIT 1", [middle]
        ).fetchone()
        if found is None or found[1] < moment:
            low = middle
        else:
            high = found[0] - 1
    return int(low)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(0), HELSINKI)
