"""What had been before each event in its calendar year: the order of time, how many times the service was given, what had been paid."""

from __future__ import annotations

from collections.abc import Sequence

from torni.engines.rules import sql
from torni.services.rules import Rules

PAID = "fees_paid_this_year_eur"
_ORDER = '"on", in_time, minute NULLS FIRST, billed, net, story, event'


def in_time(partition: str, key: str) -> str:
    """SQL of the place of an event in its day's order, where some have a time and some none, and of the latter those of the least
    `key` come first. An event with a time comes no later than the ones after it, so its place is the least of theirs."""
    after = f"min({key}) OVER (PARTITION BY {partition}, minute IS NULL ORDER BY minute DESC)"
    return f"CASE WHEN minute IS NULL THEN {key} ELSE {after} END"


def with_times(rules: Rules, delivered: Sequence[str], clients: Sequence[str]) -> tuple[str, list[str]]:
    """SQL of `delivered` with the fields that its formulas are counted by, and with `paid`, what had counted towards the ceiling in
    the year before the list; and the names of the columns of `delivered` with the counted fields.

    The first three doctor's visits of a calendar year are charged, so the fee of a visit asks how many there were before. A count that
    an event itself gives stands, and those after it go on from there. Else the person's earlier events of the same formula and year
    are counted, on from what `clients` tell of the year before the list: the row in force at the year's first event, of that year's
    first list, or that begins in the year. The order is that of days and times; of events without a time those come first that were
    charged, and those charged nothing last, so that how events are called decides nothing.
    """
    by: dict[str, list[str]] = {}
    for name, formula in rules.formulas.items():
        if formula.definition.counted_by:
            by.setdefault(formula.definition.counted_by, []).append(name)
    counts = []
    for name, formulas in by.items():
        column, before = sql.quoted(name), f"coalesce({_before(name, clients)}, 0) - 1"
        if name in delivered:
            told = f"last_value({column} - n IGNORE NULLS) OVER (PARTITION BY person, year, of ORDER BY n)"
            before = f"coalesce({told}, {before})"
        listed = ", ".join(f"'{n}'" for n in formulas)
        other = column if name in delivered else "NULL"
        counts.append(f"CAST(CASE WHEN of IN ({listed}) THEN n + {before} ELSE {other} END AS INTEGER) AS {column}")
    kept = [sql.quoted(c) for c in delivered if c not in by]
    paid = f"coalesce({_before(PAID, clients)}, 0) AS paid"
    numbered = f"""
        SELECT *, row_number() OVER (PARTITION BY person, year, of ORDER BY {_ORDER}) AS n,
            min("on") OVER (PARTITION BY person, year) AS first_on
        FROM (SELECT *, {in_time('person, "on", of', "billed")} AS in_time FROM ({_BILLED}))
    """
    return (
        f"SELECT {', '.join([*kept, *counts, paid])} FROM ({_with_clients(numbered, by, clients)})",
        [*(c for c in delivered if c not in by), *by],
    )


# billed: 0 where what names the event comes to more than nothing, 2 where a bill of nothing does, else 1
_BILLED = """
    SELECT d.*, year(d."on") AS year, replace(d.formula, '-', '_') AS of,
        CASE WHEN net > 0 THEN 0 WHEN net = 0 AND nothing THEN 2 ELSE 1 END AS billed, coalesce(net, 0) AS net, coalesce(story, []) AS story
    FROM delivered d LEFT JOIN (
        SELECT event, person, sum(amount_eur) AS net, bool_or(amount_eur = 0) AS nothing,
            list({'day': "on", 'amount': amount_eur} ORDER BY "on", amount_eur) AS story
        FROM charged WHERE event IS NOT NULL GROUP BY event, person
    ) USING (event, person)
"""


def _before(name: str, clients: Sequence[str]) -> str:
    return sql.quoted(f"{name} before") if name in clients else "NULL"


def _with_clients(numbered: str, by: Sequence[str] | dict[str, list[str]], clients: Sequence[str]) -> str:
    """The events with what their person's row told of the year before the list."""
    told = [name for name in (*by, PAID) if name in clients]
    if not told:
        return numbered
    columns = "".join(f", CASE WHEN {{}} THEN c.{sql.quoted(n)} END AS {sql.quoted(f'{n} before')}" for n in told)
    if "from" in clients:
        chosen = columns.replace("{}", 'year(c."from") = e.year')
        return f'SELECT e.*{chosen} FROM ({numbered}) e ASOF LEFT JOIN clients c ON e.person = c.person AND e.first_on >= c."from"'
    chosen = columns.replace("{}", "e.year = e.first_year")
    listed = f"SELECT *, min(year) OVER (PARTITION BY person) AS first_year FROM ({numbered})"
    return f"SELECT e.*{chosen} FROM ({listed}) e LEFT JOIN clients c ON e.person = c.person"
