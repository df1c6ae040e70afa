"""The yearly ceiling over fees in the order of days: what each event leaves to pay after those before it."""

from __future__ import annotations


def to_pay(
    events: str,
    *,
    limit: str = "limit_eur",
    counted: str = "counted_eur",
    fee: str = "fee_eur",
    order: str = "day, event",
    already: str = "0",
) -> str:
    """SQL (DuckDB) that adds `to_pay` to every row of `events`.

    `events`: a table or a query in brackets with person, year, the columns of `order` (which must leave no two alike), `fee` (what the
    rule gives; missing stays missing), `counted` (what counts towards the ceiling of the later ones; usually the fee, or
    what was really charged), and `limit` (missing: no ceiling; the fee is paid whole and counts for nothing), and
    `already`, what had been paid in the year before the first of its rows. Each of them may be a column or an expression; the sort carries the columns, so fewer and narrower is faster.
    """
    return f"""
        SELECT * EXCLUDE (before), CASE WHEN {limit} IS NULL OR {fee} IS NULL THEN {fee} WHEN before >= {limit} THEN 0
            WHEN {fee} > {limit} - before THEN {limit} - before ELSE {fee} END AS to_pay
        FROM (SELECT *, coalesce(sum(CASE WHEN {limit} IS NOT NULL THEN {counted} ELSE 0 END) OVER (
            PARTITION BY person, year ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) + {already} AS before FROM {events})
    """
