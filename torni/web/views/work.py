"""An adviser's or a case manager's worklist, ordered by what breaks a promise soonest; and a new need written down."""

from __future__ import annotations

import secrets

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts import persons
from torni.facts.door import local_day
from torni.guidance import steps
from torni.guidance.state_names import channel_of_need
from torni.guidance.worklist import worklist
from torni.services import regions
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import link, page


def work(request: HttpRequest, region: str) -> HttpResponse:
    """What waits, the soonest due first; each row opens the client's case."""
    here = record_room.own(request, region)
    today = local_day(record_room.now())
    with record_room.reading(request.who) as connection:
        found = worklist(
            connection, request.who, record_room.days(here.id).on(today), today=today, units=record_room.about()[2]
        )
    return page(
        request, "work.html", here="work", region=here, regions=regions.all_regions(), lines=found.lines, mine=found.mine, words=sentences, today=today,
        most=found.most, written=request.GET.get("written") == "1", late=found.late, soon=found.soon,
    )  # fmt: skip


def intake(request: HttpRequest, region: str) -> HttpResponse:
    """A need that came by telephone, by form, as a referral or from home: written down, and its case opened."""
    here = record_room.own(request, region)
    faults: tuple[Fault, ...] = ()
    given = {k: request.POST.get(k, "").strip() for k in ("client", "channel", "text", "once")}
    if request.method == "POST":
        try:
            position = _reported(request, given)
            to = link(here, "case", str(position)) if position else link(here, "worklist", written="1")
            return HttpResponseRedirect(to)
        except BadInput as error:
            faults = error.faults
    return page(
        request, "intake.html", here="intake", region=here, regions=regions.all_regions(), faults=faults, given=given, channels=steps.CHANNELS,
        channel_name=channel_of_need, once=given["once"] or secrets.token_hex(6), status=400 if faults else 200,
    )  # fmt: skip


def _reported(request: HttpRequest, given: dict[str, str]) -> int | None:
    """The need written down; the position of its event, where the one who wrote may open the case: a case manager only an own client's."""
    text = given["client"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput(Fault(t("the client"), t("is not a number"), t("Write the client's number.")))
    client, at = int(text), record_room.now()
    event = steps.report(
        client, channel=given["channel"], text=given["text"], by=request.who.shown, at=at, once=given["once"]
    )
    record_room.write([event], at=at)
    with record_room.reading(request.who) as connection:
        found = persons.read(connection, client=client, what="case", why="")
    return next((e.position for e in found.events if e.matter == event["matter"]), None) if found else None
