"""The rows behind a promise's number: what is overdue, late, or not as it should be. Nobody's name, only what happened where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from torni.facts.fold import start_of
from torni.facts.opening import Connection

MOST = 500
# What had not been taken back by then.
_STANDS = "NOT EXISTS (SELECT 1 FROM effect u WHERE u.position = f.position AND u.promise = f.promise AND u.what = f.what AND u.day = f.day AND u.sign = -1 AND u.since > f.since AND u.since <= %(upto)s)"


@dataclass(frozen=True)
class Row:
    """One event. `state` is overdue, late, or other; `due` the day it was owed by; `days` how late; `of_person`: of a client."""

    position: int
    type: str
    at: date
    due: date | None
    done: date | None
    days: int | None
    unit: str
    municipality: str
    quantity: int | None
    of_quantity: int | None
    cents: int | None
    definition: str
    state: str
    of_person: bool


@dataclass(frozen=True)
class Asked:
    """Whose rows: of one promise up to the day `last`, at one unit, producer or municipality, as known at a moment.

    `units`: only of these, None of all; `upto`: the log's position; `past`: whether a later picture exists.
    """

    promise: str
    last: date
    today: date
    upto: int
    past: bool
    units: list[str] | None = None
    municipality: str | None = None

    def values(self, days: int) -> dict[str, object]:
        return {
            "units": self.units, "municipality": self.municipality, "promise": self.promise, "upto": self.upto, "last": self.last, "today": self.today,
            "since": start_of(self.last - timedelta(days=days + 1)), "first": self.last - timedelta(days=days), "most": MOST,
        }  # fmt: skip


def clients_unmet(connection: Connection, asked: Asked, *, days: int, of_sums: bool = False) -> int | None:
    """For how many clients something was not as promised in the days, each once; `of_sums`: of what is counted, else of what is owed. Only
    what the connection's asker sees rows of (None where nothing); of a municipality no client whose address is protected."""
    row = connection.execute(
        "SELECT clients_unmet(%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            asked.promise, of_sums, asked.last - timedelta(days=days), asked.last, asked.upto, asked.past, asked.units, asked.municipality,
        ],
    ).fetchone()  # fmt: skip
    return row[0] if row else None


def counted(
    connection: Connection, asked: Asked, *, days: int, every: bool = False, of_nobody: bool = False
) -> list[Row]:
    """Events counted: those not met, or `every` one where it is their sum that matters; `of_nobody`: only those that tell of no client."""
    kinds = "true" if every else "f.met < f.total"
    found = connection.execute(
        f"""
        SELECT e.position, e.type, (e.at AT TIME ZONE 'Europe/Helsinki')::date, e.due, coalesce(e.unit, ''), coalesce(e.municipality, ''),
          e.quantity, e.of_quantity, e.cents, coalesce(e.definition, ''), NOT e.of_nobody FROM effect f JOIN event e ON e.position = f.position
        WHERE f.promise = %(promise)s AND f.what = 'counted' AND f.sign = 1 AND {kinds} AND f.since <= %(upto)s AND {_STANDS}
          AND e.at >= %(since)s AND (%(units)s::text[] IS NULL OR e.unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR e.municipality = %(municipality)s)
          {"AND e.of_nobody" if of_nobody else ""}
        ORDER BY e.at DESC LIMIT %(most)s
        """,
        asked.values(days),
    ).fetchall()
    return [
        Row(p, kind, at, due, None, None, u, m, q, oq, c, d, "other", of)
        for p, kind, at, due, u, m, q, oq, c, d, of in found
    ]


def owed(connection: Connection, asked: Asked, *, days: int) -> list[Row]:
    """What is overdue (never answered by the moment), and what was answered late."""
    overdue = (
        """
        SELECT o.position, o.due FROM owed o WHERE o.promise = %(promise)s AND o.due > %(first)s AND o.due <= %(last)s
          AND (%(units)s::text[] IS NULL OR o.unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR o.municipality = %(municipality)s)
        """
        if not asked.past
        else """
        SELECT coalesce(f.began, f.position), f.day FROM effect f
        WHERE f.promise = %(promise)s AND f.what <> 'counted' AND f.day > %(first)s AND f.day <= %(last)s AND f.since <= %(upto)s
          AND f.since > (SELECT coalesce(max(position), 0) FROM seal WHERE day < %(first)s::date - 400)
          AND (%(units)s::text[] IS NULL OR f.unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR f.municipality = %(municipality)s)
        GROUP BY 1, 2 HAVING sum(f.total - f.met - f.late) > 0
        """
    )
    found = connection.execute(
        f"""
        SELECT e.position, e.type, (e.at AT TIME ZONE 'Europe/Helsinki')::date, x.due, NULL::date, coalesce(e.unit, ''), coalesce(e.municipality, ''),
          coalesce(e.definition, ''), NOT e.of_nobody, false AS late FROM ({overdue}) x (position, due) JOIN event e ON e.position = x.position
        UNION ALL
        SELECT e.position, e.type, (e.at AT TIME ZONE 'Europe/Helsinki')::date, f.day, (e.at AT TIME ZONE 'Europe/Helsinki')::date,
          f.unit, f.municipality, coalesce(e.definition, ''), NOT e.of_nobody, true FROM effect f JOIN event e ON e.position = f.position
        WHERE f.promise = %(promise)s AND f.late > 0 AND f.day > %(first)s AND f.day <= %(last)s AND f.sign = 1 AND f.since <= %(upto)s AND {_STANDS}
          AND (%(units)s::text[] IS NULL OR f.unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR f.municipality = %(municipality)s)
        ORDER BY 4 DESC, 1 DESC LIMIT %(most)s
        """,
        asked.values(days),
    ).fetchall()
    return [
        Row(p, kind, at, due, done, ((done or asked.today) - due).days, u, m, None, None, None, d, "late" if late else "overdue", of)
        for p, kind, at, due, done, u, m, d, of, late in found
    ]  # fmt: skip
