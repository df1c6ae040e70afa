"""A producer's inbox: plans and their changes as they are sent; each opened by somebody, confirmed, refused, or given another time."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts.door import local_day
from torni.guidance import missed, steps
from torni.guidance.case import Sent
from torni.guidance.forms import day_of
from torni.producers import inbox as producer_inbox
from torni.services import regions
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import link, page
from torni.web.sure import ask_first, is_sure
from torni.web.views.case import WORDS, Opened, opened

KEPT_DAYS = 30  # what has been answered stays in the list so long


def inbox(request: HttpRequest, region: str) -> HttpResponse:
    """What waits for confirmation, the soonest due first, and what has been answered lately."""
    here = record_room.own(request, region)
    at = record_room.now()
    today = local_day(at)
    library = record_room.days(here.id).on(today).library
    awaited = [f"{s.id}.{p.id}" for s, p in library.of_events() if ("opened_by", "plan.sent") in p.events()]
    with record_room.reading(request.who) as connection:
        found = producer_inbox.inbox(connection, awaited)
        asked = producer_inbox.questions(connection)
    waiting = sorted((s for s in found if s.owed), key=lambda s: (s.due or today, s.position))
    answered = [s for s in found if not s.owed and s.at > at - timedelta(days=KEPT_DAYS)]
    template = "part_inbox.html" if request.headers.get("HX-Request") else "inbox.html"
    return page(
        request, template, here="inbox", region=here, regions=regions.all_regions(), questions=asked, waiting=waiting, answered=answered[:60], today=today, at=at,
        units=record_room.about()[2], services={k: str(v.name) for k, v in library.services.items()}, producer=request.who.producer,
        newest=max((s.position for s in found), default=0), late=sum(s.due is not None and s.due < today for s in waiting), answer_name=answer_name, **WORDS,
    )  # fmt: skip


def plan(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """One plan that was sent: opened by whoever looks at it first, then answered; the service started and ended."""
    o = opened(request, region, position, "plan")
    sent = next((s for s in o.case.sent if s.position == position), None)
    if sent is None:
        raise Http404
    who, client = request.who, o.case.person.client
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            events = _answered(request, o, sent)
            asked = None if is_sure(request) else _asked_first(request, o, sent)
            if asked is not None:
                return asked
            record_room.write(events, at=o.at, producer=who.producer, who=who)
            return HttpResponseRedirect(link(o.here, "inbox", str(position)))
        except BadInput as error:
            faults = error.faults
    elif request.method == "GET" and not sent.opened and sent.state == "sent":
        with contextlib.suppress(BadInput):  # a colleague opened it in the same moment: then it is opened
            record_room.write(
                steps.answer(sent, client, "opened", by=who.shown, at=o.at, source=who.producer),
                at=o.at,
                producer=who.producer,
                who=who,
            )
        o = opened(request, region, position, "plan")
        sent = next(s for s in o.case.sent if s.position == position)
    others = [s for s in o.case.sent if s.item.item == sent.item.item and s.position != sent.position]
    started = any(e.service == sent.item.service and e.unit == sent.unit for e in o.case.serving)
    return page(
        request, "inbox_plan.html", here="inbox", region=o.here, regions=regions.all_regions(), o=o, case=o.case, sent=sent, others=others, faults=faults,
        started=started, changes=steps.differences(None, [sent.item]), visits=[v for v in o.case.planned if v.unit == sent.unit][:10],
        missed=[e for e in o.case.events if e.type == "visit.planned" and e.owed and e.unit == sent.unit and e.due and e.due < o.case.today][:20],
        status=400 if faults else 200, **WORDS,
    )  # fmt: skip


def question(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """A question about visits that were not made, and the producer's answer to it."""
    o = opened(request, region, position, "plan")
    event = next((e for e in o.case.events if e.position == position and e.type == missed.TYPE + "asked"), None)
    if event is None or event.unit is None or event.service is None:
        raise Http404
    words = missed.words_of(o.case.events, event.service, event.unit)
    asked = next(w for w in words if w.position == position)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        text, who = request.POST.get("text", "").strip(), request.who
        try:
            told = missed.answer(asked, words, event.service, event.unit, o.case.person.client, text, by=who.shown, at=o.at, source=who.producer)  # fmt: skip
            record_room.write([told], at=o.at, producer=who.producer, who=who)
            return HttpResponseRedirect(link(o.here, "inbox"))
        except BadInput as error:
            faults = error.faults
    visits = [e for e in o.case.missed if (e.service, e.unit) == (event.service, event.unit)]
    return page(
        request, "inbox_question.html", here="inbox", region=o.here, regions=regions.all_regions(), o=o, case=o.case, event=event, asked=asked,
        answer=next((w for w in words if w.did == "answered" and w.matter == asked.matter), None),
        visits=[e for e in visits if asked.until is None or (e.due and e.due <= asked.until)][:20], faults=faults, given=request.POST,
        status=400 if faults else 200, **WORDS,
    )  # fmt: skip


def _asked_first(request: HttpRequest, o: Opened, sent: Sent) -> HttpResponse | None:
    """The question before a service is told to have begun or ended, for the client and the organiser act by it."""
    service, do = o.service_name(sent.item.service), request.POST.get("do")
    if do == "start":
        question, yes = t("Has the service begun: {service}?", service=service), t("It has begun")
        follows = [t("It is written down as begun today, {day}. The promise of the start is measured by it, and fees begin.", day=sentences.day_text(o.case.today))]  # fmt: skip
    elif do == "end":
        question, yes = t("Has the service ended: {service}?", service=service), t("It has ended")
        follows = [t("It is written down as ended today, {day}. Nothing more is planned or paid for after it; it cannot be begun again by this plan.", day=sentences.day_text(o.case.today))]  # fmt: skip
    else:
        return None
    told = [f"{o.case.name}, {o.units.get(sent.unit, sent.unit)}", *follows]
    back = link(o.here, "inbox", str(sent.position))
    return ask_first(request, question, told, here="inbox", region=o.here, yes=yes, back=back)


def _answered(request: HttpRequest, o: Opened, sent: Sent) -> list[steps.Event]:
    do, who, client = request.POST.get("do", ""), request.who, o.case.person.client
    common: dict[str, Any] = {"by": who.shown, "at": o.at, "source": who.producer}
    start = day_of(request.POST.get("start", ""), t("the day"))
    if do in ("confirmed", "refused", "time_proposed"):
        return steps.answer(sent, client, do, start=start, why=request.POST.get("why", "").strip(), **common)
    if do in ("start", "end"):
        return [steps.start(sent, o.case, first=do == "start", **common)]
    if do == "visit":
        visit = next(
            (
                e
                for e in o.case.events
                if str(e.position) == request.POST.get("visit") and e.type == "visit.planned" and e.owed
            ),
            None,
        )
        if visit is None:
            raise BadInput(Fault(t("the visit"), t("is not owed"), t("It may have been made already.")))
        return [steps.visited(visit, client, at=o.at, source=who.producer)]
    raise Http404


def answer_name(answer: str | None) -> str:
    """The newest answer to what was sent, as a state of it."""
    state = {
        None: "sent", "plan.confirmed": "confirmed", "plan.refused": "refused", "plan.recalled": "recalled", "plan.time_proposed": "proposed",
        "plan.time_answered": "opened",
    }  # fmt: skip
    return str(WORDS["sent_state"](state.get(answer, "sent")))
