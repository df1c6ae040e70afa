"""One client's events, for those who may, with the reason written down first; each with the promise that it keeps or breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts import persons, worklists
from torni.facts.door import local_day
from torni.facts.persons import ClientEvent, Person
from torni.guidance.case import service_of
from torni.services import regions
from torni.services.library import Library
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import page
from torni.web.store import held


@dataclass(frozen=True)
class Meaning:
    """What an event did for one promise. `state` is broken, kept, or empty where that is not told by it; `told` says how."""

    promise: str
    sentence: str
    state: str
    told: str


@dataclass(frozen=True)
class EventLine:
    """An event as the page tells it. `state` is broken where any promise was, kept, or empty where no promise hangs on it."""

    event: ClientEvent
    day: date
    what: str
    service: str
    unit: str
    meanings: tuple[Meaning, ...]

    @property
    def state(self) -> str:
        states = {m.state for m in self.meanings}
        return next((s for s in ("broken", "kept") if s in states), "")


def person(request: HttpRequest, region: str) -> HttpResponse:
    """The question, who and why; and after it the client's events. Nothing of the client is ever in the address: `event`, the position of an event of
    the log, tells nothing to who may not read it. Going back to opened data asks by it again of the same client."""
    here = held(request, region)
    found: Person | None = None
    faults: tuple[Fault, ...] = ()
    if "why" in request.POST:  # from a search one comes with the client alone: the reason is asked
        client, event, why = (request.POST.get(n, "").strip() for n in ("client", "event", "why"))
        try:
            found = _read(request, client, event, why, emergency=request.POST.get("emergency") == "yes")
        except BadInput as error:
            faults = error.faults
    answer = page(
        request, "person.html", here="person", region=here, faults=faults, regions=regions.all_regions(), words=sentences,
        why=request.POST.get("why", ""), own={"person": found, **shown_of(found)}, again=found.events[0].position if found and found.events else None, asked=request.POST.get("event", "") or _again(request),
        status=404 if faults else 200,
    )  # fmt: skip
    if found is not None:
        answer["Cache-Control"] = (
            "private, no-store"  # a client's opened data no browser keeps: seen again it is asked for again
        )
    return answer


def _again(request: HttpRequest) -> str:
    """The event by which the client was opened before, of the address; empty where there is none."""
    asked = request.GET.get("event", "")
    return asked if asked.isascii() and asked.isdigit() and len(asked) < 19 else ""


def emergencies(request: HttpRequest, region: str) -> HttpResponse:
    """Data opened in an emergency: each is gone through by those who supervise it. Whose data it was is not told here."""
    here = record_room.own(request, region)
    with record_room.reading(request.who) as connection:
        found = worklists.emergencies(connection)
    return page(
        request,
        "emergencies.html",
        here="emergencies",
        region=here,
        regions=regions.all_regions(),
        found=found,
        words=sentences,
    )


def is_reason(why: str) -> bool:
    """Is it a sentence by which the client understands why: two words at least, and no fewer than fifteen letters?"""
    return 15 <= len(why) <= 500 and len(why.split()) > 1


def _read(request: HttpRequest, client: str, event: str, why: str, *, emergency: bool) -> Person:
    problems = []
    if not is_reason(why):
        problems.append(Fault(t("why"), t("a reason is needed"), t("Write in a sentence what the data are needed for: it is kept, and the client sees it.")))  # fmt: skip
    if emergency and len(why) < 10:
        problems.append(
            Fault(t("why"), t("is too short for an emergency"), t("Write what has happened, in at least ten letters."))
        )
    number, position = (int(n) if n.isascii() and n.isdigit() and len(n) < 19 else None for n in (client, event))
    if (number is None) == (position is None):
        problems.append(Fault(t("the client"), t("one client is needed"), t("Write the client's number, or come from a row.")))  # fmt: skip
    if problems:
        raise BadInput(*problems)
    with record_room.reading(request.who) as connection:
        found = persons.read(connection, client=number, event=position, what="events", why=why, emergency=emergency)
    if found is None:
        raise BadInput(Fault(t("the client"), t("is not there, or is not yours to read"), t("Check the number. What you asked for is not told to be there or not.")))  # fmt: skip
    return found


def shown_of(found: Person | None) -> dict[str, Any]:
    """What the page of a client tells, in the room's own region: the lines, and the names it needs."""
    if found is None:
        return {"lines": [], "names": {}, "broken": 0}
    region, today, units = record_room.about()
    library = record_room.days(region).on(today).library
    sentences = {f"{s.id}.{p.id}": str(p.sentence) for s, p in library.of_events()}
    lines = [_line(e, library, units, sentences, today) for e in found.events]
    return {
        "lines": lines, "names": record_room.names(region), "broken": sum(line.state == "broken" for line in lines), "id": region,
        "most": len(lines) == persons.MOST,
    }  # fmt: skip


def _line(
    e: ClientEvent, library: Library, units: Mapping[str, str], sentences: Mapping[str, str], today: date
) -> EventLine:
    kind = library.event_kinds.get(e.type)
    service = library.services.get(service_of(e))
    what = str(kind.what) if kind else e.type
    if e.sign < 0:
        what = str(t("taken back: {what}", what=what))
    return EventLine(
        e, local_day(e.at), what, str(service.name) if service else "", units.get(e.unit or "", e.unit or ""),
        tuple(_meanings(e, sentences, today)),
    )  # fmt: skip


def _meanings(e: ClientEvent, sentences: Mapping[str, str], today: date) -> Iterator[Meaning]:
    """What the event answers, is counted for and has begun that is still owed, promise by promise."""
    for f in e.effects:
        if f.promise not in sentences:
            continue
        told, state = "", ""
        if f.what == "called off":
            told = t("called off")
        elif f.what == "answered":
            told, state = (t("late, due {day}", day=_day(f.day)), "broken") if f.late else (t("in time"), "kept")
        elif f.what == "counted" and f.total == 1:
            told, state = (t("as it should be"), "kept") if f.met else (t("not as it should be"), "broken")
        elif f.owed:
            late = f.day < today
            told = t("overdue since {day}", day=_day(f.day)) if late else t("owed by {day}", day=_day(f.day))
            state = "broken" if late else ""
        if told:
            yield Meaning(f.promise, sentences[f.promise], state, str(told))


def _day(day: date | None) -> str:
    return sentences.day_text(day) if day else ""
