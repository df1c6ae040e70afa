"""A resident's own page: decisions, the plan, next visits, fees and the ceiling, the choice of centre, messages, feedback."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts import accounts, persons, worklists
from torni.facts.door import local_day
from torni.guidance import enrolment, messages, paid_by, review, steps
from torni.guidance.case import case_of
from torni.guidance.fee_year import fee_year
from torni.guidance.forms import day_of
from torni.guidance.permits import GUARDIANS, allow, forbid, lift, permits_of, released, withdraw
from torni.services import regions
from torni.supervision import sentences
from torni.supervision.known_sums import units as units_of
from torni.web import record_room
from torni.web.rendering import link, page
from torni.web.store import hold
from torni.web.sure import ask_first, is_sure
from torni.web.views.case import VISITS_BACK, WORDS, Opened, offers_of, representative_of
from torni.web.views.case_steps import letter_of

RATED_DAYS = 30  # a visit may be given a mark so long


def mine(request: HttpRequest) -> HttpResponse:
    """The page; its forms: a message, a request for correction, a mark for a visit, another centre or dental unit."""
    o = own_case(request)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            events = _done(request, o)
            asked = None if is_sure(request) else _asked_first(request, o)
            if asked is not None:
                return asked
            record_room.write(events, at=o.at, who=request.who)
            return HttpResponseRedirect(link("mine", done="1", **{"for": o.position or None}))
        except BadInput as error:
            faults = error.faults
    c = o.case
    with record_room.gate() as connection:
        manager = accounts.shown_as(connection, c.person.case_manager or "")
    with record_room.reading(None) as connection:
        choices = enrolment.choices(connection, c, o.rules, units_of(connection).rows())
    since = o.at - timedelta(days=RATED_DAYS)
    visits = [e for e in c.events if e.type == "visit.made" and e.at >= since and e.unit][:8]
    return page(
        request, "mine.html", here="mine", region=o.here, regions=regions.all_regions(), o=o, case=c, faults=faults, fees=fee_year(c, o.rules), visits=visits,
        manager=manager or c.person.case_manager, choices=choices, once=secrets.token_hex(8),
        vouchers=offers_of(o), budgets=paid_by.budgets(c), done=request.GET.get("done") == "1", address=link("mine", **{"for": o.position or None}), **_permitted(request, o), given=request.POST, status=400 if faults else 200, **WORDS,
    )  # fmt: skip


def _asked_first(request: HttpRequest, o: Opened) -> HttpResponse | None:
    """The question before a choice that binds for a year, and before one who serves or acts for the client is shut out."""
    do, against = request.POST.get("do"), request.POST.get("against", "")
    if do == "choose":
        unit = o.units.get(request.POST.get("unit", ""), "")
        days = int(o.rules.library.number("enrolment.change_days"))
        question, yes = t("Choose {unit}?", unit=unit), t("Choose it")
        follows = [
            t("The choice holds for a year: another may be chosen from {day}.", day=sentences.day_text(o.case.today + timedelta(days=days))),
            t("Responsibility moves to the chosen unit in three weeks at the latest."),
        ]  # fmt: skip
    elif do == "forbid":
        who = t("guardians") if against == GUARDIANS else against
        question, yes = t("Forbid giving data to: {who}?", who=who), t("Forbid")
        follows = [
            t("They then see nothing of your matters, also where they serve you. Your case manager sees that you have forbidden it."),
            t("In an emergency your data may still be opened; you are told of it. You may allow it again at any time."),
        ]  # fmt: skip
    elif do == "release":
        question, yes = t("End the authorisation?"), t("End it")
        follows = [t("The one whom you have authorised then sees your matters no more, and acts for you no more.")]
    else:
        return None
    back = link("mine", **{"for": o.position or None})
    return ask_first(request, question, follows, here="mine", region=o.here, yes=yes, back=back)


def letter_file(request: HttpRequest, decided: int, form: str) -> HttpResponse:
    """The letter of one's own decision."""
    o = own_case(request)
    made = next((d for d in o.case.decisions if d.position == decided), None)
    if made is None or form not in ("html", "pdf"):
        raise Http404
    return letter_of(o.case, made, o.here.id, form)


def own_case(request: HttpRequest) -> Opened:
    """One's own case, or that of the one whom the address says one acts for."""
    if not record_room.is_open():
        raise Http404
    region, today, units = record_room.about()
    at = record_room.now()
    acting = request.GET.get("for", "")
    if acting and not (acting.isascii() and acting.isdigit() and len(acting) < 19):
        raise Http404
    whose: dict[str, Any] = {"event": int(acting)} if acting else {"client": request.who.client}
    with record_room.reading(request.who) as connection:
        person = persons.read(connection, **whose, what="own", why="", visits_since=at - VISITS_BACK)
    if person is None:
        raise Http404
    return Opened(
        hold(region, today),
        record_room.days(region).exactly(local_day(at)),
        case_of(person, local_day(at)),
        int(acting or 0),
        at,
        units,
    )


def _permitted(request: HttpRequest, o: Opened) -> dict[str, Any]:
    """Who acts for the client, what the client has allowed and forbidden, and which producers may be forbidden: those who serve."""
    with record_room.reading(request.who) as connection:
        acts = worklists.represented(connection)
    with record_room.reading(None) as connection:
        producers = dict(units_of(connection).select("unit", "producer").rows())
    now = permits_of(o.case)
    serving = {producers[e.unit] for e in o.case.events if e.unit in producers}
    left = sorted(serving - {against for against, _since in now.forbidden})
    minor = o.case.age is not None and o.case.age < 18
    return {"acts": acts, "permits": now, "forbiddable": ([GUARDIANS] if minor else []) + left, "guardians": GUARDIANS}


def _done(request: HttpRequest, o: Opened) -> list[steps.Event]:
    do, once, client = request.POST.get("do", ""), request.POST.get("once", ""), o.case.person.client
    if not (once.isalnum() and once.isascii()):
        raise Http404
    text = request.POST.get("text", "").strip()
    if do in ("message", "correction"):
        return [messages.write(client, text, kind=do, at=o.at, once=once)]
    if do == "need":
        return [steps.report(client, channel="own_form", text=text, by=request.who.shown, at=o.at, once=once)]
    if do == "review":
        made = next((d for d in o.case.decisions if str(d.position) == request.POST.get("decision")), None)
        if made is None:
            raise Http404
        return [review.ask(o.case, made, text, on=o.case.today, by=request.who.shown, at=o.at, source="own")]
    if do == "rate":
        visit = next(
            (e for e in o.case.events if e.type == "visit.made" and str(e.position) == request.POST.get("visit")), None
        )
        mark = request.POST.get("mark", "")
        if visit is None or visit.unit is None:
            raise BadInput(Fault(t("the visit"), t("is not there"), ""))
        given = int(mark) if mark in "12345" and mark else 0
        events = [messages.rate(visit, given, at=o.at, once=once)]
        told = text or request.POST.get("tell") == "yes"
        return [*events, messages.tell(client, visit, given, text, at=o.at, once=once)] if told else events
    if do == "choose":
        service = request.POST.get("service", "")
        promise = dict(enrolment.listed_services(o.rules)).get(service)
        if promise is None:
            raise Http404
        with record_room.reading(None) as connection:
            lists = worklists.list_room(connection, promise)
        return enrolment.choose(
            o.case, service, request.POST.get("unit", ""), lists=lists, rules=o.rules, at=o.at, once=once
        )
    if do in ("allow", "withdraw", "forbid", "lift", "release"):
        return [_permit(request, o, do)]
    raise Http404


def _permit(request: HttpRequest, o: Opened, do: str) -> steps.Event:
    common: dict[str, Any] = {"by": request.who.shown, "at": o.at}
    against = request.POST.get("against", "")
    if o.position and against == GUARDIANS:
        raise Http404  # a guardian does not decide whether the minor lets them see
    if do == "allow":
        return allow(o.case, until=day_of(request.POST.get("until", ""), t("the day")), **common)
    if do == "withdraw":
        return withdraw(o.case, **common)
    if do == "forbid":
        return forbid(o.case, against, known=_permitted(request, o)["forbiddable"], **common)
    if do == "release":
        if o.position:
            raise Http404  # who acts for another does not choose who else does
        named = representative_of(request, o)
        if named.kind != "proxy":
            raise Http404  # a guardian's right is not the minor's to end
        return released(o.case, named, **common)
    return lift(o.case, against, **common)
