"""Visits that were not made, by unit and service: the producer asked and answering, a note, and closing them with a reason.

Closing takes them off the worklist and no more: what was not made is measured as not made. A visit missed later stands there again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts.persons import ClientEvent
from torni.guidance.case import Case, day_told
from torni.guidance.forms import lengths, raise_all
from torni.guidance.steps import Event, event

Did = Literal["asked", "noted", "closed"]
DID: tuple[Did, ...] = ("asked", "noted", "closed")
TYPE = "missed_visits."


@dataclass(frozen=True)
class Word:
    """One thing said or done of them: asked, answered, noted or closed; when, by whom, in what words; until which visit it is of."""

    position: int
    matter: str
    did: str
    at: datetime
    by: str
    text: str
    until: date | None


@dataclass(frozen=True)
class Missed:
    """One unit's visits of one service that were not made and are not dealt with, the oldest first; and what has been said, the oldest first."""

    service: str
    unit: str
    visits: tuple[ClientEvent, ...]
    words: tuple[Word, ...]

    @property
    def last(self) -> date | None:
        """The day of the last of them."""
        return max((e.due for e in self.visits if e.due), default=None)

    @property
    def unanswered(self) -> Word | None:
        """The newest question, where the producer has not answered it."""
        answered = {w.matter for w in self.words if w.did == "answered"}
        return next((w for w in reversed(self.words) if w.did == "asked" and w.matter not in answered), None)


def missed_of(case: Case) -> list[Missed]:
    """The client's visits not made by unit and service; those of which all are dealt with are left out."""
    found: dict[tuple[str, str], list[ClientEvent]] = {}
    for e in case.missed:
        found.setdefault((e.service or "", e.unit or ""), []).append(e)
    out = []
    for (service, unit), visits in found.items():
        words = words_of(case.events, service, unit)
        closed = max((w.until for w in words if w.did == "closed" and w.until), default=date.min)
        left = sorted((e for e in visits if e.due and e.due > closed), key=lambda e: (e.due or date.min, e.position))
        if left:
            out.append(Missed(service, unit, tuple(left), words))
    return out


def words_of(events: Sequence[ClientEvent], service: str, unit: str) -> tuple[Word, ...]:
    """What has been said of one unit's visits of a service, the oldest first."""
    said = [e for e in events if e.type.startswith(TYPE) and (e.service, e.unit) == (service, unit)]
    words = []
    for e in sorted(said, key=lambda e: (e.at, e.position)):
        data = e.data or {}
        words.append(
            Word(
                e.position,
                e.matter or "",
                e.type.removeprefix(TYPE),
                e.at,
                str(data.get("by") or ""),
                str(data.get("text") or ""),
                day_told(data.get("until")),
            )
        )
    return tuple(words)


def deal(missed: Missed, client: int, did: str, text: str, *, by: str, at: datetime, once: str) -> Event:
    """The case manager asks the producer, makes a note, or closes them with a reason of at least five letters. `once`: the form's own mark."""
    faults = lengths(text, t("the text"), least=5)
    if did not in DID:
        faults.append(Fault(t("what is done"), t("is not chosen"), t("Choose to ask, to note, or to close.")))
    if did == "asked" and missed.unanswered:
        faults.append(Fault(t("the question"), t("has been asked, and waits for its answer"), t("Make a note, or close with a reason.")))  # fmt: skip
    raise_all(faults)
    matter = f"missed-{client}-{at:%Y%m%d}-{once[:40]}"
    data = {"text": text, "until": str(missed.last), "by": by}
    return event(TYPE + did, matter, at, client, service=missed.service, unit=missed.unit, matter=matter, data=data)


def answer(asked: Word, words: Sequence[Word], service: str, unit: str, client: int, text: str, *, by: str, at: datetime, source: str) -> Event:  # fmt: skip
    """The producer's answer to a question, once."""
    faults = lengths(text, t("the answer"), least=3)
    if any(w.did == "answered" and w.matter == asked.matter for w in words):
        faults.append(Fault(t("the answer"), t("has been given already"), ""))
    raise_all(faults)
    return event(
        TYPE + "answered", f"{asked.matter}/answer", at, client, source=source, service=service, unit=unit, matter=asked.matter,
        data={"text": text, "by": by},
    )  # fmt: skip


def chosen(case: Case, service: str, unit: str) -> Missed:
    """The ones that a form means; a fault where they have been dealt with meanwhile."""
    for one in missed_of(case):
        if (one.service, one.unit) == (service, unit):
            return one
    raise BadInput(Fault(t("the visits"), t("are not there any more"), t("They may have been dealt with already.")))
