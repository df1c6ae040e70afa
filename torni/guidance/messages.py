"""What the client says: a message, a request for correction, a mark for a visit, alone or with one's name; and the answers.

As in `steps`, each function refuses what cannot be with every fault at once and returns the events. `once` is the form's own mark:
the same form sent twice is one event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from torni.core.faults import Fault
from torni.core.language import t
from torni.facts.door import local_day
from torni.facts.persons import ClientEvent
from torni.guidance.case import GUIDANCE, ClientMessage, Said
from torni.guidance.forms import lengths, raise_all
from torni.guidance.steps import Event, event

ASKED_BY: dict[Said, str] = {"message": "message.sent", "correction": "correction.asked", "feedback": "feedback.told"}


def write(client: int, text: str, *, kind: Said, at: datetime, once: str) -> Event:
    """The client writes to the case manager, or asks that something be corrected."""
    raise_all(lengths(text, t("the message"), least=3))
    return _asked(client, kind, {"text": text}, at=at, once=once)


def rate(visit: ClientEvent, mark: int, *, at: datetime, once: str) -> Event:
    """The client's mark of a visit, 1 to 5. Nobody's name goes with it; the mark's own id tells nothing of the visit either."""
    _mark(mark)
    return {"source": "own", "id": f"feedback/{once[:40]}", "type": "feedback.given", "at": at, "service": visit.service, "unit": visit.unit, "quantity": mark}  # fmt: skip


def tell(client: int, visit: ClientEvent, mark: int, text: str, *, at: datetime, once: str) -> Event:
    """The client lets the case manager know the mark of a visit, with words or without. The producer does not see it."""
    _mark(mark)
    raise_all(lengths(text, t("the message")))
    data = {"mark": mark, "about": visit.service, "day": str(local_day(visit.at)), "text": text}
    return _asked(client, "feedback", data, at=at, once=once)


def reply(message: ClientMessage, client: int, text: str, *, by: str, at: datetime, done: bool = False) -> Event:
    """The answer to what the client wrote."""
    faults = lengths(text, t("the answer"), least=3)
    if message.answered:
        faults.append(Fault(t("the answer"), t("has been given already"), ""))
    raise_all(faults)
    data: dict[str, Any] = {"text": text, "by": by} | ({"done": done} if message.kind == "correction" else {})
    type_ = f"{message.kind}.answered"
    return event(type_, f"{message.matter}/answer", at, client, service=GUIDANCE, matter=message.matter, data=data)


def _mark(mark: int) -> None:
    if not 1 <= mark <= 5:
        raise_all([Fault(t("the mark"), t("is not from 1 to 5"), t("Choose one of the five."))])


def _asked(client: int, kind: Said, data: dict[str, Any], *, at: datetime, once: str) -> Event:
    matter = f"{kind}-{client}-{at:%Y%m%d}-{once[:40]}"
    return event(ASKED_BY[kind], matter, at, client, source="own", service=GUIDANCE, matter=matter, data=data)
