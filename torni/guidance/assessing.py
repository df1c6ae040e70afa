"""The assessment's form: what is to be assessed, what is known before it, and the form read as the facts that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from torni.core.content import content_hash
from torni.core.language import t
from torni.guidance.case import Case, Need
from torni.guidance.client import client_of
from torni.guidance.forms import AssessmentForm, day_of
from torni.services.rules import Rules
from torni.services.schema import Form

FORM = "needs"  # the form's name in the definitions


def to_assess(case: Case) -> tuple[str, bool]:
    """What is to be assessed, and whether again: a reported need first, else a reassessment that is owed; empty where nothing is."""
    need = next((n for n in case.needs if n.assessment is None), None)
    if need:
        return need.matter, False
    again = next((e for e in case.events if e.type == "reassessment.planned" and e.owed), None)
    return (again.matter or "", True) if again else ("", False)


def open_need(case: Case) -> Need | None:
    """The need that is being decided: the newest that has been assessed, else the newest."""
    return next((n for n in case.needs if n.assessment), case.needs[0] if case.needs else None)


def known(case: Case) -> dict[str, str]:
    """What earlier assessments found, for the form; scales are asked anew."""
    found: dict[str, str] = {"assessed_day": str(case.today)}
    for assessment in reversed(case.assessments):
        for name, value in assessment.facts.items():
            if not name.startswith("rai_"):
                plain = value.get("value") if isinstance(value, dict) else value
                found[name] = ("true" if plain else "false") if isinstance(plain, bool) else str(plain)
    return found


def read(case: Case, rules: Rules, given: Mapping[str, str]) -> AssessmentForm:
    """The form of a field's text by its name; `day-FIELD` is a value and its day, as a file of scales told them; `assessed_day`, `summary`.
    A value that its field cannot read is a fault. What is left empty is not known."""
    on = day_of(given.get("assessed_day", ""), t("the day")) or case.today
    form = rules.forms[FORM]
    facts: dict[str, Any] = {}
    for name in (n for section in form.sections for n in section.fields if n in given):
        scale = rules.definitions[name].instrument
        facts[name] = {"value": given[name], "on": _measured(given, name, on)} if scale else given[name]
    told = client_of(facts, rules)
    kept: dict[str, Any] = {}
    for name in facts:
        value = told.facts[name] if name not in told.stale else facts[name]["value"]
        plain = value if isinstance(value, bool | int | str) else str(value)
        kept[name] = {"value": plain, "on": facts[name]["on"]} if name in told.measured else plain
    scales = {str(rules.definitions[n].instrument) for n in kept if rules.definitions[n].instrument}
    summary = given.get("summary", "")
    return AssessmentForm(kept, f"{FORM} {version(form)}", ", ".join(sorted(scales)), on, summary)


def _measured(given: Mapping[str, str], name: str, on: date) -> str:
    """The day of a scale: the file's, while its value stands as the file had it; else the assessment's."""
    value, _space, day = given.get(f"day-{name}", "").partition(" ")
    found = day_of(day, str(name)) if value == given[name] else None
    return str(found or on)


def version(form: Form) -> str:
    """The content hash of a form as it stands."""
    return content_hash(form.model_dump(mode="json"))
