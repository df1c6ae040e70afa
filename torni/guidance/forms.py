"""What an official writes on the forms of guidance, read and typed: one value a form, taken whole by its step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.guidance.case import Contact, Item
from torni.sources.written import day_told

MOST_HOURS = 744  # of a month
MOST_TEXT = 4_000


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
    the days, the `channel` and the `hours_month` are of one that is granted; no hours are those of the assessment."""

    verdict: str
    judgement: str
    why: str = ""
    first_day: date | None = None
    last_day: date | None = None
    channel: str = ""
    hours_month: int | None = None


@dataclass(frozen=True)
class PlanForm:
    """The next version of a plan. `agreed`: the day of the client's agreement; `why`: of what changes an earlier version; `contact`: for
    the producer, None where it stays as it was."""

    goals: tuple[str, ...]
    items: tuple[Item, ...]
    agreed: date | None
    why: str = ""
    contact: Contact | None = None


def day_of(text: str, where: str) -> date | None:
    """A form's day; empty is none, and what is no day is a fault that names the field (`where`)."""
    return day_told(where, text) if text.strip() else None


def cents_of(text: str) -> int | None:
    """An amount of euros as a person writes it, in cents; None where it is none."""
    plain = re.sub(r"[\s\u00a0€]", "", text).replace(",", ".")
    return round(float(plain) * 100) if re.fullmatch(r"\d{1,6}(\.\d{1,2})?", plain) else None


def hours_of(text: str) -> int | None:
    """Whole hours a month as a form has them; None where it is empty. What is no such number is a fault."""
    if text and not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MOST_HOURS):
        raise BadInput(
            Fault(t("hours a month"), t('"{text}" is not a whole number', text=text[:20]), t("Write such as 12."))
        )
    return int(text) if text else None


def lengths(text: str, where: Any, *, least: int = 0) -> list[Fault]:
    """The fault of a text that is too short or too long, if it is."""
    if len(text.strip()) < least:
        return [Fault(where, t("is missing or too short"), t("Write at least {n} letters.", n=least))]
    if len(text) > MOST_TEXT:
        return [Fault(where, t("is too long"), t("Write at most {n} letters.", n=MOST_TEXT))]
    return []


def raise_all(faults: Sequence[Fault]) -> None:
    if faults:
        raise BadInput(*faults)
