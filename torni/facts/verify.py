"""Is the record room whole? The log unbroken, every state row explained by its event, every tally equal to its rebuild."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torni.core.language import Message
from torni.core.progress import each
from torni.facts.book import Books
from torni.facts.fold import FOLDED, SEALED
from torni.facts.meaning import compared
from torni.facts.opening import Connection
from torni.facts.registers import REGISTERS, Register, unlike


@dataclass(frozen=True)
class Check:
    """One thing verified. `wrong`: how many rows are not as they should be; `first`: where the first of them is."""

    name: str
    told: Message
    checked: int
    wrong: int
    first: str | None = None


def verify(connection: Connection, books: Books | None = None) -> list[Check]:
    """Every check, in a moment of its own: what is written meanwhile is not seen. Reads the whole log; changes nothing.

    `books`: the definitions, by which what the log means is made anew and held against the effects; without them that is not checked.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        meaning = [partial(_effects, connection, books)] if books else []
        checks = [
            *(partial(one, connection) for one in (_seals, _order)), *(partial(_state, connection, r) for r in REGISTERS), *meaning,
            *(partial(one, connection) for one in (_owed, _tally, _counted)),
        ]  # fmt: skip
        return [check() for check in each(checks, Message("Is the record room whole?"))]


def _seals(connection: Connection) -> Check:
    wrong, first, checked, after = 0, None, 0, 0
    for day, position, events, kept in connection.execute(
        "SELECT s.day, s.position, s.events, coalesce((SELECT r.hash FROM reseal r WHERE r.day = s.day ORDER BY erasure DESC LIMIT 1), s.hash) "
        "FROM seal s ORDER BY s.day"
    ).fetchall():
        found = connection.execute(SEALED, {"day": day, "after": after, "upto": position}).fetchone()
        checked += events
        if found is None or found[1] != events or found[2] != kept:
            wrong, first = wrong + 1, first or str(day)
        after = position
    return Check("log", Message("the log is unbroken: every sealed day's events are those that were sealed"), checked, wrong, first)  # fmt: skip


def _order(connection: Connection) -> Check:
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE recorded_at < before), min(position) FILTER (WHERE recorded_at < before) "
        "FROM (SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS before FROM event) e"
    ).fetchone()
    assert row is not None
    return Check("order", Message("moments of recording never go back"), row[0], row[1], row[2] and str(row[2]))


def _state(connection: Connection, register: Register) -> Check:
    told = {
        "client": Message("every row of residents is what the log has told of them"),
        "unit": Message("every row of units is what the log has told of them"),
        "care": Message("every case manager is the one that the log has named"),
        "permit": Message("every representative, consent and restriction is what the log has told"),
    }
    checked, wrong, first = unlike(connection, register)
    return Check(register.table, told[register.table], checked, wrong, None if first is None else str(first))


def _effects(connection: Connection, books: Books) -> Check:
    checked, wrong, first = compared(connection, books)
    return Check("effects", Message("what each event does for each promise is what the log and the definitions give"), checked, wrong, first)  # fmt: skip


def _owed(connection: Connection) -> Check:
    """What is owed, again from the effects: begun less answered."""
    row = connection.execute(
        """
        WITH again AS (
          SELECT coalesce(began, position) AS position, promise FROM effect WHERE what <> 'counted'
          GROUP BY 1, 2 HAVING sum(total - met - late) <> 0
        )
        SELECT (SELECT count(*) FROM owed), count(*), min(coalesce(a.position, o.position)) FROM again a
        FULL JOIN owed o ON o.position = a.position AND o.promise = a.promise
        WHERE a.position IS NULL OR o.position IS NULL
        """
    ).fetchone()
    assert row is not None
    return Check("owed", Message("what is owed is what the log has begun and not answered"), row[0], row[1], row[2] and str(row[2]))  # fmt: skip


def _tally(connection: Connection) -> Check:
    connection.execute("CREATE TEMP TABLE again (LIKE tally) ON COMMIT DROP")
    (upto,) = connection.execute("SELECT position FROM consumer WHERE name = 'tally'").fetchone() or (0,)
    connection.execute("INSERT INTO again (promise, day, known_on, unit, municipality, total, met, late) " + FOLDED, {"after": 0, "upto": upto})  # fmt: skip
    row = connection.execute(
        """
        WITH now_again AS (
          SELECT promise, day, unit, municipality, sum(total)::bigint AS total, sum(met)::bigint AS met, sum(late)::bigint AS late
          FROM again GROUP BY 1, 2, 3, 4)
        SELECT (SELECT count(*) FROM tally) + (SELECT count(*) FROM tally_now), count(*), min(promise || ' ' || day) FROM (
          (SELECT promise, day FROM (SELECT * FROM tally EXCEPT SELECT * FROM again) a WHERE (total, met, late) <> (0, 0, 0))
          UNION ALL (SELECT promise, day FROM (SELECT * FROM again EXCEPT SELECT * FROM tally) b WHERE (total, met, late) <> (0, 0, 0))
          UNION ALL (SELECT promise, day FROM (SELECT * FROM tally_now EXCEPT SELECT * FROM now_again) c WHERE (total, met, late) <> (0, 0, 0))
          UNION ALL (SELECT promise, day FROM (SELECT * FROM now_again EXCEPT SELECT * FROM tally_now) d WHERE (total, met, late) <> (0, 0, 0))) x
        """
    ).fetchone()
    assert row is not None
    return Check("tally", Message("every tally equals its rebuild from the log"), row[0], row[1], row[2])


def _counted(connection: Connection) -> Check:
    row = connection.execute("SELECT (SELECT position FROM consumer WHERE name = 'tally'), count(*), min(position) FROM missed").fetchone()  # fmt: skip
    assert row is not None
    return Check("counted", Message("every event of the log could be counted, and none was set aside"), row[0], row[1], row[2] and str(row[2]))  # fmt: skip
