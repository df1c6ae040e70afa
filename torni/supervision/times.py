"""How many times a service has been given before in the calendar year, counted from the list of services itself."""

from __future__ import annotations

from torni.engines.rules import sql
from torni.services.rules import Rules


def with_times(rules: Rules, columns: list[str]) -> tuple[str, list[str]]:
    """SQL of `delivered` with the fields that its formulas are counted by, and the names of its columns with them.

    The first three doctor's visits of a calendar year are charged, so the fee of a visit asks how many there were before. A count
    that the list itself gives stands; else the person's earlier events of the same formula and year are counted, in the order
    of days and times; of several at one time those that were charged come first, so that how events are called decides nothing.
    Not considered: what was given before the list begins.
    """
    by: dict[str, list[str]] = {}
    for name, formula in rules.formulas.items():
        if formula.definition.counted_by:
            by.setdefault(formula.definition.counted_by, []).append(name)
    if not by:
        return "SELECT * FROM delivered", columns
    before = "CAST(row_number() OVER (PARTITION BY person, year(\"on\"), replace(formula, '-', '_') ORDER BY \"on\", minute NULLS LAST, billed DESC, event) - 1 AS INTEGER)"
    counts = []
    for field, names in by.items():
        listed = ", ".join(f"'{n}'" for n in names)
        counted = f"CASE WHEN replace(formula, '-', '_') IN ({listed}) THEN {before} END"
        known = f"coalesce({sql.quoted(field)}, {counted})" if field in columns else counted
        counts.append(f"{known} AS {sql.quoted(field)}")
    kept = ", ".join(sql.quoted(c) for c in columns if c not in by)
    return f"SELECT {kept}, {', '.join(counts)} FROM {_LISTED}", [*(c for c in columns if c not in by), *by]


_LISTED = "(SELECT *, event IN (SELECT event FROM charged WHERE event IS NOT NULL AND amount_eur > 0) AS billed FROM delivered)"
