"""What had been before each event in its calendar year: the order of time, how many times the service was given, what had been paid."""

from __future__ import annotations

from collections.abc import Sequence

from torni.engines.rules import sql
from torni.services.rules import Rules

PAID = "fees_paid_this_year_eur"
_ORDER = '"on", in_time, minute NULLS FIRST, billed, net, story, event'
_YEAR = "PARTITION BY person, year, of"
_BEFORE = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"


def in_time(partition: str, key: str) -> str:
    """SQL of the place of an event in its day's order, where some have a time and some none, and of the latter those of the least
    `key` come first. An event with a time comes no later than the ones after it, so its place is the least of theirs."""
    after = f"min({key}) OVER (PARTITION BY {partition}, minute IS NULL ORDER BY minute DESC)"
    return f"CASE WHEN minute IS NULL THEN {key} ELSE {after} END"


def year_counts(rules: Rules) -> dict[str, list[str]]:
    """The fields that count a service within a calendar year, and the formulas that each counts."""
    by: dict[str, list[str]] = {}
    for name, formula in rules.formulas.items():
        if formula.definition.counted_by:
            by.setdefault(formula.definition.counted_by, []).append(name)
    return by


def with_times(
    rules: Rules, delivered: Sequence[str], clients: Sequence[str], charged: Sequence[str], *, free_from: int
) -> tuple[str, list[str]]:
    """SQL of `delivered` with the fields that its formulas are counted by, and with `paid`, what the person's row in force says had
    counted towards the ceiling in the year by the day that it begins, and that day, `paid_since`; and the names of the columns of
    `delivered` with the counted fields.

    So many visits of a calendar year may be charged (decree 912/1992, sections 7 and 11): those that were charged are counted
    first, in the order of time, so that one that was never billed takes no other's place. A count that an event itself gives stands, and
    those after it go on from there, all in the order of time. What `clients` tell of a year holds from the day that the row begins (of a
    table without `from`: of the list's first year), and what the list then adds goes on from it; where the list itself shows more,
    that stands. Of events without a time those come first that were charged, and those charged nothing last, so that how events are
    called decides nothing. Of the table `free` one that no charge is of and whose `free` is `free_from` or more takes no place: 2 it is
    free whatever had been before it, as of a minor, 1 it may be, 0 not. `uncharged` says of which no charge is.
    """
    by = year_counts(rules)
    told = [name for name in (*by, PAID) if name in clients]
    counts, more, own = [], [], []
    for name, formulas in by.items():
        column, before = sql.quoted(name), "0"
        listed = ", ".join(f"'{n}'" for n in formulas)
        if name in clients:
            more.append(f"{_stated(name)} - min(place) OVER ({_YEAR}, {_since(name)}) + 1 AS {_more(name)}")
            before = f"greatest(coalesce(max({_more(name)}) OVER ({_YEAR} ORDER BY turn), 0), 0)"
        before = f"{before} - 1"
        if name in delivered:
            own.append(f"(of IN ({listed}) AND {column} IS NOT NULL)")
            before = f"coalesce(last_value({column} - n IGNORE NULLS) OVER ({_YEAR} ORDER BY turn), {before})"
        other = column if name in delivered else "NULL"
        counts.append(f"CAST(CASE WHEN of IN ({listed}) THEN n + {before} ELSE {other} END AS INTEGER) AS {column}")
    kept = [sql.quoted(c) for c in delivered if c not in by]
    beside = 'uncharged = 1 AS uncharged, max("on") OVER (PARTITION BY person) AS last_on'
    paid = f"{_stated(PAID)} AS paid, {_since(PAID)} AS paid_since" if PAID in told else _NEVER_TOLD
    takes = f"CASE WHEN uncharged = 1 AND free >= {free_from} THEN 0 ELSE 1 END"
    in_order = f"""
        SELECT *, 1 + coalesce(sum(takes) OVER ({_YEAR} ORDER BY nth {_BEFORE}), 0) AS place FROM (
            SELECT *, row_number() OVER ({_YEAR} ORDER BY {_ORDER}) AS nth, min(year) OVER (PARTITION BY person) AS first_year
            FROM (SELECT *, {takes} AS takes, {in_time('person, "on", of', "billed")} AS in_time FROM ({_billed(charged)}))
        )
    """
    as_told = f"bool_or({' OR '.join(own)}) OVER ({_YEAR})" if own else "false"
    placed = f"SELECT *, {', '.join([*more, f'{as_told} AS as_told'])} FROM ({_with_clients(in_order, told, clients)})"
    ordered = f"SELECT *, row_number() OVER ({_YEAR} ORDER BY CASE WHEN as_told THEN 0 ELSE uncharged END, nth) AS turn FROM ({placed})"
    numbered = f"SELECT *, 1 + coalesce(sum(takes) OVER ({_YEAR} ORDER BY turn {_BEFORE}), 0) AS n FROM ({ordered})"
    return (
        f"SELECT {', '.join([*kept, *counts, paid, beside])} FROM ({numbered})",
        [*(c for c in delivered if c not in by), *by],
    )


_NEVER_TOLD = "CAST(NULL AS DECIMAL(18,2)) AS paid, CAST(NULL AS DATE) AS paid_since"


def _billed(charged: Sequence[str]) -> str:
    """`delivered` with what the charges that name the event tell of it. `billed`: 0 where they come to more than nothing, 2 where a bill
    of nothing does, else 1. `uncharged`: 0 where they come to more than nothing, or none names it and a bill of its day may be its, else
    1. A bill that a credit may take back is none."""
    formula = "formula" if "formula" in charged else "CAST(NULL AS VARCHAR) AS formula"
    return f"""
        SELECT d.*, year(d."on") AS year, replace(d.formula, '-', '_') AS of, coalesce(net, 0) AS net, coalesce(story, []) AS story,
            CASE WHEN net > 0 THEN 0 WHEN net = 0 AND nothing THEN 2 ELSE 1 END AS billed,
            CASE WHEN net > 0 OR (net IS NULL AND loose IS NOT NULL
                AND (list_contains(loose, '') OR list_contains(loose, replace(d.formula, '-', '_')))) THEN 0 ELSE 1 END AS uncharged
        FROM (SELECT d.*, coalesce(f.free, 0) AS free FROM delivered d LEFT JOIN free f USING (event)) d LEFT JOIN (
            SELECT event, person, sum(amount_eur) AS net, bool_or(amount_eur = 0) AS nothing,
                list({{'day': "on", 'amount': amount_eur}} ORDER BY "on", amount_eur) AS story
            FROM charged WHERE event IS NOT NULL GROUP BY event, person
        ) USING (event, person) LEFT JOIN (
            SELECT person, "on", list(DISTINCT coalesce(formula, '')) AS loose FROM (
                SELECT *, sum(sign(amount_eur)) OVER (PARTITION BY person, abs(amount_eur)) AS more_bills FROM (
                    SELECT person, "on", amount_eur, {formula} FROM charged
                    WHERE event IS NULL OR event NOT IN (SELECT event FROM delivered)
                )
            ) WHERE amount_eur > 0 AND more_bills > 0 GROUP BY person, "on"
        ) USING (person, "on")
    """


def _stated(name: str) -> str:
    return sql.quoted(f"{name} stated")


def _since(name: str) -> str:
    return sql.quoted(f"{name} since")


def _more(name: str) -> str:
    return sql.quoted(f"{name} more")


def _with_clients(in_order: str, told: Sequence[str], clients: Sequence[str]) -> str:
    """The events with what their person's rows tell of the year: of each field the row that began last and that tells it."""
    if "from" not in clients:
        first = ", ".join(
            f"CASE WHEN e.year = e.first_year THEN c.{sql.quoted(n)} END AS {_stated(n)}, CAST(NULL AS DATE) AS {_since(n)}"
            for n in told
        )
        return (
            f"SELECT e.*, {first} FROM ({in_order}) e LEFT JOIN clients c ON e.person = c.person" if told else in_order
        )
    for name in told:
        column = sql.quoted(name)
        in_order = f"""
            SELECT e.*, CASE WHEN year(c."from") = e.year THEN c.{column} END AS {_stated(name)},
                CASE WHEN year(c."from") = e.year THEN c."from" END AS {_since(name)}
            FROM ({in_order}) e ASOF LEFT JOIN (SELECT person, "from", {column} FROM clients WHERE {column} IS NOT NULL) c
            ON e.person = c.person AND e."on" >= c."from"
        """
    return in_order
