"""What the rule gives each delivered event, as SQL: its fee on its day, and whether another fee may be the right one.

Decree 912/1992 takes no fee of a minor, and of doctor's visits and serial treatments only so many a calendar year, of those that were
charged. So a fee may hang on what the tables do not tell: whether an earlier visit could be charged at all, and, where an age is told
without its day, whether the birthday was after the visit. Then the fee is not known, and no verdict is passed on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from torni.engines.rules import sql
from torni.engines.rules.tree import Field
from torni.services.rules import Reckoning, Rules, parameter_numbers

Columns = Mapping[str, list[str]]
AGE = "age"
NO_EVENTS = (
    'SELECT event, person, "on", minute, formula, CAST(NULL AS DECIMAL(18,2)) AS rule_eur, CAST(NULL AS DECIMAL(9,2)) AS ceiling, '
    "CAST(NULL AS DATE) AS month, paid, paid_since, false AS doubtful FROM joined"
)


def most(counter: str) -> str:
    """The column of a counted field where every earlier one that may have been charged is counted."""
    return sql.quoted(f"{counter} most")


def free(rules: Rules, name: str, first: date, last: date, columns: Columns) -> str:
    """Events of one formula over one stretch that it may give nothing whatever had been before them.

    2: it does, as of a minor. 1: it may, for a fact is missing, or the person may have been a year younger than is told.
    """
    formula = rules.formulas.get(name.replace("-", "_"))
    counter = formula.definition.counted_by if formula else None
    if formula is None or counter is None:
        return "SELECT event, 0 AS free FROM facts WHERE false"
    known = {*columns["clients"], *columns["delivered"]}
    amount, younger = (
        amount_sql(formula, rules.fields, known, {counter: "0", **age}) for age in ({}, _year_younger(columns))
    )
    return (
        f"SELECT event, CASE WHEN {amount} = 0 THEN 2 ELSE 1 END AS free FROM facts WHERE {_of(name, first, last)} "
        f"AND ({amount} > 0 AND {younger} > 0) IS NOT TRUE"
    )


def part(rules: Rules, name: str, first: date, last: date, columns: Columns, *, counts_doubted: bool) -> str:
    """One formula over one stretch: what the rule gives each event (nothing, where no value of it is known on those days), the ceiling
    where it counts, the month where the fee is a month's, and whether another fee may be right (`doubtful`): where every earlier one
    that may have been charged was, or where the person may have been a minor still, for no charge is of it and others came later."""
    known = {*columns["clients"], *columns["delivered"]}
    formula = rules.formulas.get(name.replace("-", "_"))
    amount = amount_sql(formula, rules.fields, known) if formula else "NULL"
    doubts = []
    if formula is not None and (younger := _year_younger(columns)):
        other = amount_sql(formula, rules.fields, known, younger)
        doubts.append(f'uncharged AND "on" < last_on AND {amount} > 0 AND {other} = 0')
    counter = formula.definition.counted_by if formula else None
    if formula is not None and counter is not None and counts_doubted:
        doubts.append(f"{amount} <> {amount_sql(formula, rules.fields, known, {counter: most(counter)})}")
    doubtful = " OR ".join(f"coalesce({doubt}, false)" for doubt in doubts) or "false"
    counts = formula is not None and formula.definition.counts_towards_ceiling
    limit = parameter_numbers(rules.library).get("fee.ceiling_year") if counts else None
    ceiling = f"CAST({limit} AS DECIMAL(9,2))" if limit is not None else "CAST(NULL AS DECIMAL(9,2))"
    monthly = formula is not None and formula.definition.unit == "EUR/month"
    month = "date_trunc('month', \"on\")" if monthly else "CAST(NULL AS DATE)"
    return (
        f"SELECT event, person, \"on\", minute, '{name}' AS formula, CAST({amount} AS DECIMAL(18,2)) AS rule_eur, {ceiling} AS ceiling, "
        f"{month} AS month, paid, paid_since, {doubtful} AS doubtful FROM joined WHERE {_of(name, first, last)}"
    )


def amount_sql(
    formula: Reckoning, fields: Mapping[str, Field], known: set[str], instead: Mapping[str, str] | None = None
) -> str:
    """The formula as one expression over the columns that there are, or what stands `instead` of one; a fact without a column is missing."""
    kinds = {"yes_no": "BOOLEAN", "whole": "INTEGER", "date": "DATE", "code": "VARCHAR"}

    def column(name: str) -> str:
        if instead and name in instead:
            return instead[name]
        if name in known:
            return sql.quoted(name)
        return '"on"' if name == "decision_day" else f"CAST(NULL AS {kinds.get(fields[name].kind, 'DECIMAL(11,2)')})"

    lines: dict[str, str] = {}
    for line, node in formula.lines:
        lines[line.id] = sql.expression(node, column=column, lines=lines)
    return lines[formula.lines[-1][0].id]


def _of(name: str, first: date, last: date) -> str:
    return f"formula = '{name}' AND \"on\" BETWEEN DATE '{first}' AND DATE '{last}'"


def _year_younger(columns: Columns) -> dict[str, str]:
    """The age of a year less, where it is told once of a person and without a day: earlier in the list it may have been that."""
    once = AGE in columns["clients"] and AGE not in columns["delivered"] and "from" not in columns["clients"]
    return {AGE: f"({AGE} - 1)"} if once else {}
