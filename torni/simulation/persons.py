"""From a rehearsal's figure to the invented persons behind it, and from a person to the facts of the reasoning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torni.core.faults import bad_input, nearest_name
from torni.core.language import t
from torni.engines.rules import sql
from torni.services.rules import Rules
from torni.simulation.population import Population
from torni.simulation.rehearsal import Rehearsal
from torni.simulation.running import BREAKDOWNS, Run, considered

GAINED, LOST = "gained", "lost"


def people_of(
    rehearsal: Rehearsal, service: str, what: str, *, where: Mapping[str, str] | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Invented persons who gained or lost a service (`what`: gained, lost, undecided), in a group, as facts."""
    before, after = rehearsal.before, rehearsal.after
    found = service.replace("-", "_")
    if found not in {s.service for s in rehearsal.services}:
        touched = [s.service for s in rehearsal.services]
        near = nearest_name(found, touched)
        raise bad_input(
            f'service "{service}"',
            t("the change does not touch it"),
            t('Did you mean "{near}"?', near=near) if near else t("It touches: {names}.", names=", ".join(touched)),
        )
    with Run(rehearsal.population) as run:
        verdicts = [run.condition(r.granting[found].whole, r) for r in (before, after)]
        chosen = {GAINED: "a AND b IS NOT TRUE", LOST: "b AND a IS NOT TRUE", "undecided": "a IS NULL"}
        if what not in chosen:
            raise bad_input(what, t("not a group"), t("Write gained, lost or undecided."))
        unknown = set(where or {}) - set(BREAKDOWNS)
        if unknown:
            raise bad_input(", ".join(unknown), t("not a group"), t("Write gained, lost or undecided."))
        groups = {g: run.group(g) for g in BREAKDOWNS}
        conditions = [f"{groups[g]} = ?" for g in where or {}]
        names = [f.name for f in after.granting[found].reasoning.fields if f.name in run.columns]
        columns = list(
            dict.fromkeys(["person", "municipality", "age", "sex", "household_size", "gross_income_eur_month", *names])
        )
        query = (
            f"SELECT {', '.join(map(sql.quoted, columns))} FROM (SELECT *, {verdicts[0]} AS b, {verdicts[1]} AS a FROM people "
            f"WHERE {considered(after.granting[found], run)}) WHERE {' AND '.join([chosen[what], *conditions])} ORDER BY person LIMIT {int(limit)}"
        )
        return [dict(zip(columns, row, strict=True)) for row in run.rows(query, list((where or {}).values()))]


def facts_of(population: Population, person: int, rules: Rules) -> dict[str, Any]:
    """One invented person's facts by field, ready for the reasoning."""
    with Run(population) as run:
        names = [n for n in rules.fields if n in run.columns]
        rows = run.rows(f"SELECT {', '.join(map(sql.quoted, names))} FROM people WHERE person = {int(person)}")
    if not rows:
        raise bad_input(
            str(person),
            t("no such person in this population"),
            t("Take a number from the list of those who gain or lose."),
        )
    return {
        **dict.fromkeys(rules.fields),
        "decision_day": rules.library.as_of,
        **dict(zip(names, rows[0], strict=True)),
    }
