"""Is the record room whole? The log unbroken, every state row explained by its event, every tally equal to its rebuild."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torni.core.language import Message
from torni.core.progress import each
from torni.facts import merkle
from torni.facts.book import Books
from torni.facts.fold import FOLDED
from torni.facts.leaves import event_leaf
from torni.facts.meaning import compared
from torni.facts.opening import Connection
from torni.facts.registers import REGISTERS, Register, unlike
from torni.facts.rights import NOTED
from torni.facts.sealing import FIRST, event_leaves, noted_leaf, seals, tail_holds


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
        connection.execute("SET LOCAL timezone = 'UTC'")  # moments are hashed as they are written in it
        meaning = [partial(_effects, connection, books)] if books else []
        checks = [
            *(partial(one, connection) for one in (_log, _noted, _order)), *(partial(_state, connection, r) for r in REGISTERS), *meaning,
            *(partial(one, connection) for one in (_effects_rows, _owed, _tally, _counted)),
        ]  # fmt: skip
        return [check() for check in each(checks, Message("Is the record room whole?"))]


def _log(connection: Connection) -> Check:
    """Each sealed day's tree made again from its events and from what was noted of other tables; then what came after the last seal."""
    told = Message(
        "the log is unbroken: each sealed day's events are those that were sealed, and those after are as the door wrote them"
    )
    wrong, checked, after, noted = [], 0, FIRST, FIRST
    for one in seals(connection):
        leaves = event_leaves(connection, after, one.position)
        root = merkle.root([*leaves, noted_leaf(connection, noted, one.noted)])
        if not one.held or len(leaves) != one.events or root != one.root or one.leaf != one.hash:
            wrong.append(str(one.day))
        checked += len(leaves)
        after, noted = one.position, one.noted
    if not tail_holds(connection, after, -FIRST - 1) or connection.execute("SELECT 1 FROM tail WHERE position <= %s", [after]).fetchone():  # fmt: skip
        wrong.append(str(max(after, 0) + 1))
    row = connection.execute(_ERASED).fetchone()
    assert row is not None
    if row[0]:
        wrong += [str(row[1])] * row[0]
    return Check("log", told, checked, len(wrong), wrong[0] if wrong else None)


# What is left of an erased event is as the erasure left it, and an erasure says why.
_ERASED = f"""
SELECT count(*), min(l.position) FROM (SELECT DISTINCT ON (position) position, leaf, erasure FROM leaf WHERE position IS NOT NULL ORDER BY position, number DESC) l
LEFT JOIN event e ON e.position = l.position
WHERE e.position IS NULL OR l.leaf IS DISTINCT FROM {event_leaf()} OR NOT EXISTS (SELECT 1 FROM erasure x WHERE x.number = l.erasure)"""


def _noted(connection: Connection) -> Check:
    """Every row of every table that is only added to has its note, every note its row, and what was taken away an erasure that says why."""
    checked, wrong, first = 0, 0, None
    for name in NOTED:
        row = connection.execute(_NOTED.replace("@table@", name), {"name": name}).fetchone()
        assert row is not None
        checked, wrong = checked + row[0], wrong + row[1]
        first = first or (name if row[1] else None)
    row = connection.execute(
        "SELECT count(*) FROM leaf l WHERE name <> ALL (%s) AND name <> 'event' OR (instead IS NULL) <> (erasure IS NULL) OR (instead IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.number = l.erasure))",
        [list(NOTED)],
    ).fetchone()
    assert row is not None
    told = Message(
        "every row that is only ever added, such as a reading, a sign-in or a role, is there as it was written"
    )
    return Check("kept", told, checked, wrong + row[0], first or ("leaf" if row[0] else None))


_NOTED = """
WITH now AS MATERIALIZED (SELECT leaf_of(%(name)s, to_jsonb(x)) AS leaf FROM @table@ x), live AS MATERIALIZED (
  SELECT leaf FROM leaf l WHERE name = %(name)s AND leaf IS NOT NULL AND NOT EXISTS (SELECT 1 FROM leaf i WHERE i.instead = l.leaf AND i.name = l.name))
SELECT (SELECT count(*) FROM now), (SELECT count(*) FROM (SELECT leaf FROM now EXCEPT ALL SELECT leaf FROM live) a)
  + (SELECT count(*) FROM (SELECT leaf FROM live EXCEPT ALL SELECT leaf FROM now) b)"""


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


def _effects_rows(connection: Connection) -> Check:
    """What an effect holds besides its sums: from which position it is known, the day of that, and whose it is; these the events tell."""
    row = connection.execute(
        """
        SELECT count(*), count(*) FILTER (WHERE wrong), min(position) FILTER (WHERE wrong) FROM (
          SELECT f.position, e.position IS NULL OR f.client IS DISTINCT FROM e.client OR abs(f.sign) <> 1
            OR CASE WHEN s.position IS NULL THEN NOT EXISTS (SELECT 1 FROM meant m WHERE m.position = f.since)
              ELSE f.known_on IS DISTINCT FROM (s.recorded_at AT TIME ZONE 'Europe/Helsinki')::date
                OR CASE WHEN s.replaces IS NOT NULL AND s.sign = -1 THEN f.sign <> -1 OR f.position <> s.replaces ELSE f.sign <> 1 OR f.position <> f.since END
              END AS wrong
          FROM effect f LEFT JOIN event e ON e.position = f.position LEFT JOIN event s ON s.position = f.since) x
        """
    ).fetchone()
    assert row is not None
    told = Message("every effect is known from the event that brought it, and is of its client")
    return Check("effect rows", told, row[0], row[1], row[2] and str(row[2]))


def _owed(connection: Connection) -> Check:
    """What is owed, every column of it, again from the effects: begun less answered."""
    row = connection.execute(
        """
        WITH again AS MATERIALIZED (
          SELECT e.matter, f.promise, e.position, f.day AS due, nullif(f.unit, '') AS unit, e.client, nullif(f.municipality, '') AS municipality FROM (
            SELECT promise, coalesce(began, position) AS position, day, unit, municipality FROM effect WHERE what <> 'counted'
            GROUP BY 1, 2, 3, 4, 5 HAVING sum(total - met - late) <> 0) f LEFT JOIN event e ON e.position = f.position
        ), differ AS (
          (SELECT * FROM again EXCEPT ALL SELECT matter, promise, position, due, unit, client, municipality FROM owed)
          UNION ALL (SELECT matter, promise, position, due, unit, client, municipality FROM owed EXCEPT ALL SELECT * FROM again))
        SELECT (SELECT count(*) FROM owed), count(*), min(position) FROM differ
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
