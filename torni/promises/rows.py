"""The rows behind a promise's number: what is overdue, late, or not as it should be. Nobody's name, only what happened where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from torni.facts.fold import start_of
from torni.facts.room import Connection

MOST = 500


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


def counted(
    connection: Connection, asked: Asked, *, days: int, every: bool = False, of_nobody: bool = False
) -> list[Row]:
    """Events counted: those not met, or `every` one where it is their sum that matters; `of_nobody`: only those that tell of no client."""
    kinds = "true" if every else "counted_met < counted"
    found = connection.execute(
        f"""
        SELECT position, type, (at AT TIME ZONE 'Europe/Helsinki')::date, due, coalesce(unit, ''), coalesce(municipality, ''),
          quantity, of_quantity, cents, coalesce(definition, ''), NOT of_nobody FROM event
        WHERE counts = %(promise)s AND {kinds} AND position <= %(upto)s AND sign = 1
          AND at >= %(since)s AND (%(units)s::text[] IS NULL OR unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR municipality = %(municipality)s)
          {"AND of_nobody" if of_nobody else ""}
        ORDER BY at DESC LIMIT %(most)s
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
        SELECT e.position, e.type, (e.at AT TIME ZONE 'Europe/Helsinki')::date, e.owes_on, NULL::date, coalesce(e.unit, ''),
          coalesce(e.municipality, ''), coalesce(e.definition, ''), NOT e.of_nobody FROM owed o JOIN event e ON e.position = o.position
        WHERE o.promise = %(promise)s AND o.due > %(first)s AND o.due <= %(last)s
          AND (%(units)s::text[] IS NULL OR o.unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR o.municipality = %(municipality)s)
        """
        if not asked.past
        else """
        SELECT e.position, e.type, (e.at AT TIME ZONE 'Europe/Helsinki')::date, e.owes_on, NULL::date, coalesce(e.unit, ''),
          coalesce(e.municipality, ''), coalesce(e.definition, ''), NOT e.of_nobody FROM event e
        WHERE e.owes = %(promise)s AND e.owes_on > %(first)s AND e.owes_on <= %(last)s AND e.position <= %(upto)s AND e.sign = 1
          AND e.position > (SELECT coalesce(max(position), 0) FROM seal WHERE day < %(first)s::date - 400)
          AND coalesce(e.answered > %(upto)s, true)
          AND (%(units)s::text[] IS NULL OR e.unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR e.municipality = %(municipality)s)
        """
    )
    found = connection.execute(
        f"""
        SELECT *, false AS late FROM ({overdue}) x UNION ALL
        SELECT position, type, (at AT TIME ZONE 'Europe/Helsinki')::date, settles_on, (at AT TIME ZONE 'Europe/Helsinki')::date,
          coalesce(settles_unit, ''), coalesce(settles_municipality, ''), coalesce(definition, ''), NOT of_nobody, true FROM event
        WHERE settles = %(promise)s AND settled = 2 AND settles_on > %(first)s AND settles_on <= %(last)s AND sign = 1
          AND position <= %(upto)s AND (%(units)s::text[] IS NULL OR settles_unit = ANY (%(units)s))
          AND (%(municipality)s::text IS NULL OR settles_municipality = %(municipality)s)
        ORDER BY 4 DESC, 1 DESC LIMIT %(most)s
        """,
        asked.values(days),
    ).fetchall()
    return [
        Row(p, kind, at, due, done, ((done or asked.today) - due).days, u, m, None, None, None, d, "late" if late else "overdue", of)
        for p, kind, at, due, done, u, m, d, of, late in found
    ]  # fmt: skip
