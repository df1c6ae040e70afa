"""Indicators measured on a snapshot of the log: one definition, one SQL text, the same answers on DuckDB and on Spark.

Each is told for the region and for every municipality, for four quarters of 91 days up to the last complete day. What was taken back
is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import polars as pl

from torni.core.faults import BadInput
from torni.core.querying import querying
from torni.engines.rules import tree
from torni.engines.rules.lowering import lower
from torni.engines.rules.sql import expression
from torni.engines.rules.wording import Scope
from torni.services.indicator import Indicator, Side
from torni.services.library import Library

QUARTERS, DAYS = 4, 91
REGION = ""  # the municipality of a row that tells of the whole region
Dialect = Literal["duckdb", "spark"]
SCHEMA = {"indicator": pl.String, "period": pl.Int64, "municipality": pl.String, "numerator": pl.Int64, "denominator": pl.Int64, "behind": pl.Int64, "value": pl.Float64}  # fmt: skip


@dataclass(frozen=True)
class Period:
    """A stretch of days, ends included."""

    first: date
    last: date


def periods(last: date) -> tuple[Period, ...]:
    """The four quarters up to a day, the newest last."""
    ends = [last - timedelta(days=DAYS * i) for i in reversed(range(QUARTERS))]
    return tuple(Period(end - timedelta(days=DAYS - 1), end) for end in ends)


def measure(folder: Path, library: Library, last: date) -> pl.DataFrame:
    """Every indicator of the library on the snapshot in the folder (one with persons): the columns of SCHEMA.

    `period` numbers the quarters up to `last`, 3 the newest; `municipality` is REGION for the whole. `value` is null where nothing
    can be told: nothing to divide by, or no event of which a median could be taken. `behind`: of how many persons the value
    is made (what tells of no client counts as one), so that figures of a few can be left out.
    """
    with querying() as connection:
        for what in ("event", "effect"):
            files = f"{str(folder).replace(chr(39), chr(39) * 2)}/{what}_*.parquet"
            connection.execute(f"CREATE VIEW {what}s AS SELECT * FROM read_parquet('{files}')")
        return told(library, last, lambda query: connection.execute(query).fetchall(), dialect="duckdb")


def told(library: Library, last: date, run: Any, *, dialect: Dialect) -> pl.DataFrame:
    """The same by any engine that has the snapshot as `events` and `effects`: `run(query)` gives its rows."""
    rows = []
    for name, indicator in library.indicators.items():
        for period, municipality, numerator, denominator, behind in run(
            query(indicator, library, periods(last), dialect=dialect)
        ):
            n, d = (None if v is None else int(v) for v in (numerator, denominator))
            rows.append((name, int(period), municipality, n, d, int(behind), _value(indicator, n, d)))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("indicator", "period", "municipality")


def query(indicator: Indicator, library: Library, over: Sequence[Period], *, dialect: Dialect) -> str:
    """The indicator as one query over `events` and `effects`: period, municipality (REGION for the whole), numerator, denominator, behind."""
    parts = [f"n AS ({_side(indicator.numerator, library, over, dialect)})"]
    if indicator.denominator is None:
        return f"WITH {_standing(over, _asks_answers(indicator))}, {parts[0]} SELECT period, municipality, value, 1 AS denominator, behind FROM n"
    behind = "coalesce(n.behind, 0)" if indicator.denominator.measure == "residents" else "d.behind"
    parts.append(f"d AS ({_side(indicator.denominator, library, over, dialect)})")
    return (
        f"WITH {_standing(over, _asks_answers(indicator))}, {', '.join(parts)} SELECT d.period, d.municipality, coalesce(n.value, 0) AS numerator, d.value AS denominator, {behind} AS behind "
        "FROM d LEFT JOIN n ON n.period = d.period AND n.municipality = d.municipality"
    )


def faults(library: Library) -> list[str]:
    """What cannot be read of the indicators' conditions, each with its place."""
    out = []
    for name, indicator in library.indicators.items():
        for label, side in (("numerator", indicator.numerator), ("denominator", indicator.denominator)):
            if side and side.where:
                found = lower(side.where, Scope(_fields(library)), where=f"indicators.{name}.{label}.where")
                if isinstance(found, list):
                    out += [f"{f.where}: {f.what} {f.remedy}" for f in found]
    return out


def _asks_answers(indicator: Indicator) -> bool:
    """Does the indicator ask what an event answered? Where it does not, that is not joined to the whole log."""
    sides = [side for side in (indicator.numerator, indicator.denominator) if side]
    return any(s.of == "waited_days" or s.measure == "unanswered" or "settled" in (s.where or "") for s in sides)


def _standing(over: Sequence[Period], answers: bool) -> str:
    """What still stands of the log, in the periods (the period is null outside them); with what each answered: in time (1), late (2)
    or called off (3), of several promises the best, and which event had begun it."""
    when = " ".join(f"WHEN e.day BETWEEN DATE '{p.first}' AND DATE '{p.last}' THEN {i}" for i, p in enumerate(over))
    undone = "e.sign = 1 AND NOT EXISTS (SELECT 1 FROM events u WHERE u.sign = -1 AND u.replaces = e.position)"
    if not answers:
        return f"standing AS (SELECT e.*, CASE {when} END AS period FROM events e WHERE {undone})"
    return (
        "answering AS (SELECT position, max(began) AS began, min(CASE WHEN what = 'called off' THEN 3 WHEN late > 0 THEN 2 ELSE 1 END) AS settled "
        "FROM effects WHERE what IN ('answered', 'called off') AND sign = 1 GROUP BY position), "
        f"standing AS (SELECT e.*, a.began, a.settled, CASE {when} END AS period FROM events e LEFT JOIN answering a ON a.position = e.position WHERE {undone})"
    )


def _side(side: Side, library: Library, over: Sequence[Period], dialect: Dialect) -> str:
    if side.measure == "residents":
        ends = " UNION ALL ".join(f"SELECT {i} AS number, DATE '{p.last}' AS last" for i, p in enumerate(over))
        return _grouped(
            "count(DISTINCT e.client)",
            f"standing e JOIN ({ends}) p ON e.day <= p.last",
            "e.type = 'resident.registered'",
            "p.number",
        )
    assert side.where is not None
    node = lower(side.where, Scope(_fields(library)), where="where")
    if isinstance(node, list):
        raise BadInput(*node)
    column = f"e.{side.of}"
    source = "standing e"
    where = "e.period IS NOT NULL AND " + expression(node, dialect, column=lambda name: f"e.{name}")
    if side.of == "waited_days":
        source += " JOIN events b ON b.position = e.began"
        column = "date_diff('day', b.day, e.day)" if dialect == "duckdb" else "datediff(e.day, b.day)"
    if side.measure == "unanswered":
        where += (
            " AND EXISTS (SELECT 1 FROM effects f WHERE f.position = e.position AND f.what = 'began' AND f.sign = 1) "
            "AND NOT EXISTS (SELECT 1 FROM standing a WHERE a.began = e.position)"
        )
    counted = {
        "count": "count(*)", "unanswered": "count(*)", "clients": "count(DISTINCT e.client)", "sum": f"CAST(sum({column}) AS BIGINT)",
        "median": f"percentile_disc(0.5) WITHIN GROUP (ORDER BY {column})", "p90": f"percentile_disc(0.9) WITHIN GROUP (ORDER BY {column})",
    }[side.measure]  # fmt: skip
    return _grouped(counted, source, where, "e.period")


def _grouped(counted: str, source: str, where: str, period: str) -> str:
    """Each period's value of the whole and of every municipality, and of how many persons it is made."""
    behind = "count(DISTINCT e.client) + count(CASE WHEN e.client IS NULL THEN 1 END) AS behind"
    one = f"SELECT {period} AS period, '{REGION}' AS municipality, {counted} AS value, {behind} FROM {source} WHERE {where} GROUP BY {period}"
    each = (
        f"SELECT {period} AS period, e.municipality, {counted} AS value, {behind} FROM {source} WHERE {where} AND e.municipality IS NOT NULL "
        f"GROUP BY {period}, e.municipality"
    )
    return f"{one} UNION ALL {each}"


def _fields(library: Library) -> Mapping[str, tree.Field]:
    """What a condition may ask of an event."""
    most = 10**12
    return {
        "type": tree.Field("type", "code", codes=tuple(library.event_kinds), code_list="event types"),
        "service": tree.Field("service", "code", codes=tuple(library.services), code_list="services"),
        "quantity": tree.Field("quantity", "whole", -most, most),
        "of_quantity": tree.Field("of_quantity", "whole", -most, most),
        "cents": tree.Field("cents", "whole", -most, most),
        "settled": tree.Field("settled", "whole", 1, 3),
    }


def _value(indicator: Indicator, numerator: int | None, denominator: int | None) -> float | None:
    if numerator is None or not denominator:
        return None
    return float(Decimal(numerator) / Decimal(denominator) * indicator.times)
