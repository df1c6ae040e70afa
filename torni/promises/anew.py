"""What events did for a promise, made anew from the log: so that a changed or a new promise is held against what really happened.

The rows are the tally's: promise, day, known_on, unit, municipality, total, met, late. The whole past is read, set by set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from torni.core.deadlines import working_day_after
from torni.facts.book import Opening
from torni.facts.room import Connection

TALLY = {
    "promise": pl.String, "day": pl.Date, "known_on": pl.Date, "unit": pl.String, "municipality": pl.String, "total": pl.Int64, "met": pl.Int64, "late": pl.Int64,
}  # fmt: skip
_DAY = "(e.at AT TIME ZONE 'Europe/Helsinki')::date"
_LIVE = "e.position <= %(upto)s AND e.sign = 1 AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = e.position AND d.position <= %(upto)s)"


@dataclass(frozen=True)
class Past:
    """The log up to a position, for one promise of a service."""

    connection: Connection
    upto: int
    name: str
    service: str

    def days_of(self, type_: str) -> list[date]:
        """The days on which events of the type happened."""
        query = f"SELECT DISTINCT {_DAY} FROM event e WHERE e.type = %s AND e.service = %s"
        return [day for (day,) in self.connection.execute(query, [type_, self.service]).fetchall()]

    def rows(self, query: str, **values: object) -> pl.DataFrame:
        found = self.connection.execute(
            query, {"upto": self.upto, "promise": self.name, "service": self.service, **values}
        )
        return pl.DataFrame(found.fetchall(), schema=TALLY, orient="row")


def answered(past: Past, opening: Opening, answers: Sequence[str], called_off: Sequence[str] = ()) -> pl.DataFrame:
    """What the opening begins, answered by the first of these events in its matter. What is owed already is not begun again."""
    days = past.days_of(opening.type) if opening.working is not None else []
    return past.rows(
        f"""
        WITH told AS (
          SELECT e.position, e.matter, coalesce(e.unit, '') AS unit, coalesce(e.municipality, '') AS municipality, {_DAY} AS day,
            coalesce(({_DAY} + make_interval(months => %(months)s, days => %(days)s))::date, w.due, e.due) AS due,
            e.type = %(opened_by)s AND e.service = %(service)s
              AND (%(below)s::int IS NULL OR coalesce(c.born + make_interval(years => %(below)s) > {_DAY}, false))
              AND (%(at_least)s::int IS NULL OR coalesce(c.born + make_interval(years => %(at_least)s) <= {_DAY}, false)) AS opens,
            e.type = ANY (%(types)s) AS closes, e.type = ANY (%(off)s) AS off
          FROM event e LEFT JOIN LATERAL (
            SELECT x.born FROM client x WHERE x.client = e.client AND x.valid_from <= {_DAY} ORDER BY x.valid_from DESC, x.position DESC LIMIT 1
          ) c ON %(of_ages)s AND e.type = %(opened_by)s
          LEFT JOIN unnest(%(on)s::date[], %(dues)s::date[]) w (day, due) ON w.day = {_DAY}
          WHERE e.type = ANY (%(types)s || %(opened_by)s::text) AND e.matter IS NOT NULL AND {_LIVE}
        ), inside AS (
          SELECT *, lag(opens AND NOT closes) OVER m AS owed_already,
            min(position) FILTER (WHERE closes) OVER (PARTITION BY matter ORDER BY position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS closed_by
          FROM told WHERE opens OR closes WINDOW m AS (PARTITION BY matter ORDER BY position)
        )
        SELECT %(promise)s, o.due, o.due, o.unit, o.municipality, count(*) FILTER (WHERE c.off IS NOT TRUE),
          count(*) FILTER (WHERE NOT c.off AND c.day <= o.due), count(*) FILTER (WHERE NOT c.off AND c.day > o.due)
        FROM inside o LEFT JOIN told c ON c.position = o.closed_by
        WHERE o.opens AND o.due IS NOT NULL AND o.owed_already IS NOT TRUE
        GROUP BY o.due, o.unit, o.municipality
        """,
        opened_by=opening.type, days=opening.days, months=opening.months, below=opening.age_below, at_least=opening.age_at_least,
        of_ages=opening.age_below is not None or opening.age_at_least is not None,
        on=days, dues=[working_day_after(day, opening.working or 0) for day in days],
        types=[*answers, *called_off], off=list(called_off),
    )  # fmt: skip


def reached(past: Past, type_: str, threshold: int) -> pl.DataFrame:
    """Events of a type that tell a quantity, and those of them whose quantity reaches the threshold."""
    return past.rows(
        f"""
        SELECT %(promise)s, coalesce(e.due, {_DAY}), coalesce(e.due, {_DAY}), coalesce(e.unit, ''), coalesce(e.municipality, ''), count(*),
          count(*) FILTER (WHERE e.quantity >= %(threshold)s), 0
        FROM event e WHERE e.type = %(type)s AND e.service = %(service)s AND e.quantity IS NOT NULL AND {_LIVE} GROUP BY 2, 4, 5
        """,
        type=type_, threshold=threshold,
    )  # fmt: skip
