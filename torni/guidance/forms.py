"""What an official writes on the forms of guidance, read and typed: one value a form, taken whole by its step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from torni.guidance.case import Item
from torni.sources.written import day_told


@dataclass(frozen=True)
class AssessmentForm:
    """`facts`: by field, those of a scale each with the day on which it was measured; `form`: its name and version; `instrument`: the
    scales used, by name; `on`: the day of the assessment."""

    facts: Mapping[str, Any]
    form: str
    instrument: str
    on: date
    summary: str


@dataclass(frozen=True)
class DecisionForm:
    """The official's own decision beside the rules' proposal. `verdict`: granted or refused; `why`: where it deviates from the proposal;
    the days and the `channel` are of one that is granted."""

    verdict: str
    judgement: str
    why: str = ""
    first_day: date | None = None
    last_day: date | None = None
    channel: str = ""


@dataclass(frozen=True)
class PlanForm:
    """The next version of a plan. `agreed`: the day of the client's agreement; `why`: of what changes an earlier version."""

    goals: tuple[str, ...]
    items: tuple[Item, ...]
    agreed: date | None
    why: str = ""


def day_of(text: str, where: str) -> date | None:
    """A form's day; empty is none, and what is no day is a fault that names the field (`where`)."""
    return day_told(where, text) if text.strip() else None


def cents_of(text: str) -> int | None:
    """An amount of euros as a person writes it, in cents; None where it is none."""
    plain = re.sub(r"[\s\u00a0€]", "", text).replace(",", ".")
    return round(float(plain) * 100) if re.fullmatch(r"\d{1,6}(\.\d{1,2})?", plain) else None
