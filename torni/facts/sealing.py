"""Sealing: each recorded day's events become a tree of hashes whose root, with the days before, stands for all that has been written.

A day's tree has a leaf for each event, and as its last one a hash of what was noted of all other tables since the seal before. The seals
are the leaves of the tree of days, whose root is signed and told outside (`torni.facts.checkpoint`). Nothing is ever sealed anew: an
erased event's hash stays in the tree (`leaf`), and its salt is gone with its content.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from torni.facts import merkle
from torni.facts.door import local_day
from torni.facts.fold import position_at, start_of
from torni.facts.leaves import event_leaf, tail_hash
from torni.facts.opening import Connection, last_recorded

FIRST = -(2**63)  # before whatever position or number a row may be given: nothing stands before the first seal unseen


@dataclass(frozen=True)
class Seal:
    """A day's seal. `position`: of its last event; `noted`: up to which number of `leaf`; `held`: whether what was sealed was what the
    door had written. `hash`: of its line, as the tree of days has it."""

    day: date
    position: int
    events: int
    noted: int
    root: bytes
    held: bool
    hash: bytes = b""

    @property
    def line(self) -> str:
        told = f"{self.day} {self.position} {self.events} {self.noted} {self.root.hex()}"
        return told if self.held else f"{told} broken"

    @property
    def leaf(self) -> bytes:
        return merkle.leaf(self.line.encode())


def seals(connection: Connection) -> list[Seal]:
    """Every seal, in the order of its day."""
    rows = connection.execute("SELECT day, position, events, noted, root, held, hash FROM seal ORDER BY day").fetchall()
    return [Seal(*row) for row in rows]


def seal(connection: Connection) -> int:
    """Seal every recorded day that is over. Returns how many.

    A day is over when a later one has been recorded: moments never go back, so no door can still write into it.
    """
    done = 0
    with connection.transaction():
        connection.execute("SELECT position FROM consumer WHERE name = 'tally' FOR UPDATE")  # one seals at a time
        recorded = last_recorded(connection)
        if recorded is None:  # an empty room, where a year is only just being made
            return 0
        newest = local_day(recorded)
        last = connection.execute("SELECT position, noted FROM seal ORDER BY day DESC LIMIT 1").fetchone() or (
            FIRST,
            FIRST,
        )
        after, noted = last
        upto_noted = None
        while True:
            first = connection.execute(
                "SELECT recorded_at FROM event WHERE position > %s ORDER BY position LIMIT 1", [after]
            ).fetchone()
            if first is None or local_day(first[0]) >= newest:
                return done
            if upto_noted is None:
                upto_noted = _newest_noted(connection)
            day = local_day(first[0])
            upto = position_at(connection, start_of(day + timedelta(days=1)))
            leaves = event_leaves(connection, after, upto)
            found = Seal(
                day,
                upto,
                len(leaves),
                upto_noted,
                merkle.root([*leaves, noted_leaf(connection, noted, upto_noted)]),
                tail_holds(connection, after, upto),
            )
            connection.execute(
                "INSERT INTO seal (day, position, events, noted, root, held, hash) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [found.day, found.position, found.events, found.noted, found.root, found.held, found.leaf],
            )
            connection.execute("DELETE FROM tail WHERE position <= %s", [upto])
            after, noted = upto, upto_noted
            done += 1


def _newest_noted(connection: Connection) -> int:
    """The last number below which none is still being written: whoever writes one now is waited for."""
    row = connection.execute("SELECT newest_noted()").fetchone()
    return int(row[0]) if row else 0


def event_leaves(connection: Connection, after: int, upto: int) -> list[bytes]:
    """The leaves of a stretch of the log, of an erased event the one that it had before."""
    row = connection.execute(_LEAVES, {"after": after, "upto": upto}).fetchone()
    told = bytes(row[0]) if row else b""
    return [told[i : i + 32] for i in range(0, len(told), 32)]


_LEAVES = f"""
SELECT coalesce(string_agg(CASE WHEN f.instead IS NULL THEN {event_leaf()} ELSE f.instead END, ''::bytea ORDER BY e.position), '') FROM event e
LEFT JOIN (SELECT DISTINCT ON (position) position, instead FROM leaf WHERE position > %(after)s AND position <= %(upto)s ORDER BY position, number) f
  ON f.position = e.position
WHERE e.position > %(after)s AND e.position <= %(upto)s"""


def noted_leaf(connection: Connection, after: int, upto: int) -> bytes:
    """The last leaf of a day's tree: of what was noted of all other tables."""
    row = connection.execute(
        "SELECT sha256(coalesce(string_agg(sha256(convert_to(concat_ws(' ', number, name, coalesce(encode(leaf, 'hex'), '-'), coalesce(encode(instead, 'hex'), '-'), "
        "coalesce(erasure::text, '-'), coalesce(position::text, '-')), 'UTF8')), ''::bytea ORDER BY number), '')) FROM leaf WHERE number > %s AND number <= %s",
        [after, upto],
    ).fetchone()
    assert row is not None
    return merkle.leaf(f"kept {upto} {row[0].hex()}".encode())


def tail_holds(connection: Connection, after: int, upto: int) -> bool:
    """Are the events of a stretch that is not sealed yet those that the door has written?"""
    return connection.execute(_TAIL, {"after": after, "upto": upto}).fetchone() == (True,)


_TAIL = f"""
SELECT (SELECT (count(*), coalesce(bit_xor({tail_hash()}), 0)) FROM event WHERE position > %(after)s AND position <= %(upto)s)
  = (SELECT (coalesce(sum(events), 0)::bigint, coalesce(bit_xor(hash), 0)) FROM tail WHERE position > %(after)s AND position <= %(upto)s)"""
