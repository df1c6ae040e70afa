"""One client's events, for those who may, with the reason written down first; each with the promise that it keeps or breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts import persons, worklists
from torni.facts.door import local_day
from torni.facts.persons import Happened, Person
from torni.services import regions
from torni.services.library import Library
from torni.supervision import words
from torni.web import room
from torni.web.rendering import page
from torni.web.store import held


@dataclass(frozen=True)
class Line:
    """An event as the page tells it. `state` is broken, kept, or empty where no promise hangs on it; `told` says how."""

    event: Happened
    day: date
    what: str
    service: str
    unit: str
    promise: str | None
    sentence: str
    state: str
    told: str


def person(request: HttpRequest, region: str) -> HttpResponse:
    """The question, who and why; and after it the client's events. Nothing of the client is ever in the address."""
    here = held(request, region)
    found: Person | None = None
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        client, event, why = (request.POST.get(n, "").strip() for n in ("client", "event", "why"))
        try:
            found = _read(request, client, event, why, emergency=request.POST.get("emergency") == "yes")
        except BadInput as error:
            faults = error.faults
    return page(
        request, "person.html", here="person", region=here, faults=faults, regions=regions.all_regions(), words=words,
        why=request.POST.get("why", ""), own={"person": found, **shown_of(found)}, asked=request.POST.get("event", ""),
        status=404 if faults else 200,
    )  # fmt: skip


def emergencies(request: HttpRequest, region: str) -> HttpResponse:
    """Data opened in an emergency: each is gone through by those who supervise it. Whose data it was is not told here."""
    here = room.own(request, region)
    with room.reading(request.who) as connection:
        found = worklists.emergencies(connection)
    return page(
        request,
        "emergencies.html",
        here="emergencies",
        region=here,
        regions=regions.all_regions(),
        found=found,
        words=words,
    )


def _read(request: HttpRequest, client: str, event: str, why: str, *, emergency: bool) -> Person:
    problems = []
    if not 3 <= len(why) <= 500:
        problems.append(Fault(t("why"), t("a reason is needed"), t("Write what the data are needed for: it is kept, and the client sees it.")))  # fmt: skip
    if emergency and len(why) < 10:
        problems.append(
            Fault(t("why"), t("is too short for an emergency"), t("Write what has happened, in at least ten letters."))
        )
    number, position = (int(n) if n.isascii() and n.isdigit() and len(n) < 19 else None for n in (client, event))
    if (number is None) == (position is None):
        problems.append(Fault(t("the client"), t("one client is needed"), t("Write the client's number, or come from a row.")))  # fmt: skip
    if problems:
        raise BadInput(*problems)
    with room.reading(request.who) as connection:
        found = persons.read(connection, client=number, event=position, what="events", why=why, emergency=emergency)
    if found is None:
        raise BadInput(Fault(t("the client"), t("is not there, or is not yours to read"), t("Check the number. What you asked for is not told to be there or not.")))  # fmt: skip
    return found


def shown_of(found: Person | None) -> dict[str, Any]:
    """What the page of a client tells, in the room's own region: the lines, and the names it needs."""
    if found is None:
        return {"lines": [], "names": {}, "broken": 0}
    region, today, units = room.about()
    library = room.days(region).on(today).library
    lines = [_line(e, library, units, today) for e in found.events]
    return {
        "lines": lines, "names": room.names(region), "broken": sum(line.state == "broken" for line in lines), "id": region,
        "most": len(lines) == persons.MOST,
    }  # fmt: skip


def _line(e: Happened, library: Library, units: Mapping[str, str], today: date) -> Line:
    promise, state, told = None, "", ""
    if e.settles:
        promise, state = e.settles, "broken" if e.settled == 2 else "kept"
        told = {1: t("in time"), 2: t("late, due {day}", day=_day(e.settles_on)), 3: t("called off")}.get(e.settled or 0, t("in time"))  # fmt: skip
        told, state = str(told), "" if e.settled == 3 else state
    elif e.counts and e.counted == 1 and e.counted_met is not None and e.counts.partition(".")[2] != "demand":
        promise, state = e.counts, "kept" if e.counted_met else "broken"
        told = str(t("as it should be") if e.counted_met else t("not as it should be"))
    elif e.owes and e.owed:
        late = e.owes_on is not None and e.owes_on < today
        promise, state = e.owes, "broken" if late else ""
        told = str(t("overdue since {day}", day=_day(e.owes_on)) if late else t("owed by {day}", day=_day(e.owes_on)))
    kind = library.event_kinds.get(e.type)
    service = library.services.get(e.service or "")
    known = next((p for s, p in library.of_events() if f"{s.id}.{p.id}" == promise), None)
    what = str(kind.what) if kind else e.type
    if e.sign < 0:
        what = str(t("taken back: {what}", what=what))
    return Line(
        e, local_day(e.at), what, str(service.name) if service else "", units.get(e.unit or "", e.unit or ""),
        promise if known else None, str(known.sentence) if known else "", state, told,
    )  # fmt: skip


def _day(day: date | None) -> str:
    return words.day_text(day) if day else ""
