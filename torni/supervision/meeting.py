"""Which visit each charge is of: by person, day and service, and by its number where it names one; never by the number alone.

A charge that names an event is of it when person, day and service agree; what corrects it (a credit, a new bill) may be of a later
day. A charge without a number meets a visit of its person and day (and formula, where told): first one to the same cent, then what is
left. What is then left of such (a credit or a new bill, of that day or a later) is of the visit whose account it makes right to the
cent. Nothing here rests on how events and charges are called or in which order they stand.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

Visit = tuple[Decimal, str, str]  # what the rule gives (-1 where it cannot be told), formula, event
Charge = tuple[Decimal, str, str]  # amount, formula ("" where it is not told), charge

_FOUND = """
    CREATE TEMP TABLE fits AS SELECT c.charge, c."on", c.event IS NULL AS loose, r.event AS found, r."on" AS day
    FROM charge c LEFT JOIN by_rule r ON c.event = r.event AND c.person = r.person AND coalesce(c.formula, r.formula) = r.formula;
    CREATE TEMP TABLE named AS SELECT charge, found AS met FROM fits WHERE found IS NOT NULL AND "on" = day
"""
_LATER = """
    INSERT INTO named SELECT charge, found FROM fits
    WHERE found IS NOT NULL AND "on" > day AND found IN (SELECT met FROM named)
"""


def meet(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `met`: every row of `charged` with `met`, the event it is of, none where there is no such one. Reads `by_rule` and `charged`."""
    columns = [row[0] for row in connection.execute("SELECT column_name FROM (DESCRIBE charged)").fetchall()]
    formula = "" if "formula" in columns else ", CAST(NULL AS VARCHAR) AS formula"
    connection.execute(f"CREATE TEMP TABLE charge AS SELECT *{formula} FROM charged")
    connection.execute(_FOUND)
    _keep(connection, _unnamed(connection))
    connection.execute(_LATER)
    _keep(connection, _corrections(connection))
    connection.execute("CREATE TEMP TABLE met AS SELECT c.*, n.met FROM charge c LEFT JOIN named n USING (charge)")


def _keep(connection: duckdb.DuckDBPyConnection, pairs: list[tuple[str, str]]) -> None:
    connection.execute(
        "INSERT INTO named SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])", [[c for c, _ in pairs], [m for _, m in pairs]]
    )  # fmt: skip


def _corrections(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Charges without a number that are still of none, each with the visit that has been billed and that it makes right to the cent;
    of several the latest."""
    left = connection.execute(
        "SELECT c.person, c.\"on\", coalesce(c.formula, ''), c.amount_eur, c.charge FROM charge c JOIN fits f USING (charge) "
        "ANTI JOIN named n USING (charge) WHERE f.loose ORDER BY ALL"
    ).fetchall()
    if not left:
        return []
    visits: dict[str, list[_Account]] = defaultdict(list)
    for person, day, formula, event, rule, net in connection.execute(
        'SELECT r.person, r."on", r.formula, r.event, r.rule_eur, m.net FROM by_rule r JOIN (SELECT n.met, sum(c.amount_eur) AS net '
        "FROM named n JOIN charge c USING (charge) GROUP BY n.met) m ON r.event = m.met "
        "WHERE r.rule_eur IS NOT NULL AND r.person IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL",
        [[row[0] for row in left]],
    ).fetchall():
        visits[person].append(_Account(day, formula, event, rule, net))
    out = []
    for person, on, formula, amount, charge in left:
        fits = [
            v
            for v in visits[person]
            if v.day <= on and formula in ("", v.formula) and v.net != v.rule == v.net + amount
        ]
        if fits:
            found = max(fits, key=lambda v: v.day)
            found.net += amount
            out.append((charge, found.event))
    return out


@dataclass
class _Account:
    """A visit that has been billed: what the rule gives and what has been charged for it so far."""

    day: date
    formula: str
    event: str
    rule: Decimal
    net: Decimal


def _unnamed(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Each charge that names no event, with the visit that it meets."""
    charges: dict[tuple[str, object], list[Charge]] = defaultdict(list)
    for charge, person, day, formula, amount in connection.execute(
        "SELECT charge, person, \"on\", coalesce(formula, ''), amount_eur FROM charge WHERE event IS NULL"
    ).fetchall():
        charges[person, day].append((amount, formula, charge))
    if not charges:
        return []
    visits: dict[tuple[str, object], list[tuple[Visit, bool]]] = defaultdict(list)
    for event, person, day, formula, rule, taken in connection.execute(
        'SELECT r.event, r.person, r."on", r.formula, coalesce(r.rule_eur, -1), n.met IS NOT NULL FROM by_rule r '
        'SEMI JOIN (SELECT person, "on" FROM charge WHERE event IS NULL) c ON r.person = c.person AND r."on" = c."on" '
        "LEFT JOIN (SELECT DISTINCT met FROM named) n ON r.event = n.met"
    ).fetchall():
        visits[person, day].append(((rule, formula, event), taken))
    return [(c, met) for key, found in charges.items() for c, met in paired(found, visits[key]) if met is not None]


def paired(charges: list[Charge], visits: list[tuple[Visit, bool]]) -> list[tuple[str, str | None]]:
    """One person's charges of one day with that day's visits (and whether a charge has named it): charge -> event, or none.

    To the same cent first, then the greatest with the greatest. What is then left (billed again, or credited) is of the visit only
    where the day has just one that it can be of.
    """
    free = sorted((v for v, taken in visits if not taken), reverse=True)
    waiting = sorted(charges, key=lambda c: (not c[1], -c[0], c[1:]))  # those that tell their formula choose first
    out: list[tuple[str, str | None]] = []
    for exact in (True, False):
        left = []
        for amount, formula, charge in waiting:
            fits = [v for v in free if formula in ("", v[1]) and amount > 0 and (not exact or v[0] == amount)]
            if fits:
                free.remove(fits[0])
                out.append((charge, fits[0][2]))
            else:
                left.append((amount, formula, charge))
        waiting = left
    for _amount, formula, charge in waiting:
        only = [v[2] for v, _taken in visits if formula in ("", v[1])]
        out.append((charge, only[0] if len(only) == 1 else None))
    return out
