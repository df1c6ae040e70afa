"""A client's whole on one page: what is late, the chain of services on a timeline, the plan and its producers, fees, messages.

The address holds the log position of one of the client's events, never the client. Each opening is written down with what gives
the right to it: an own client, or a need that was reported.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.facts import accounts, persons
from torni.facts.door import local_day
from torni.facts.opening import Connection
from torni.guidance import messages, missed, paid_by, review, steps
from torni.guidance.case import OUTCOMES, Case, Decision, case_of
from torni.guidance.fee_year import fee_year
from torni.guidance.fees import money, unit_text
from torni.guidance.forms import cents_of, day_of
from torni.guidance.permits import Representative, permits_of, released, represented
from torni.guidance.registering import language_name
from torni.guidance.state_names import (
    change_kind,
    channel_name,
    channel_of_need,
    decided_name,
    kind_name,
    missed_did,
    outcome_name,
    sent_state,
    verdict_name,
)
from torni.producers import vouchers
from torni.services import regions
from torni.services.rules import Rules
from torni.supervision import sentences
from torni.supervision.known_sums import units as units_of
from torni.web import record_room
from torni.web.chain_drawing import in_chains
from torni.web.officials import official_of
from torni.web.rendering import link, page
from torni.web.store import Held
from torni.web.timeline import timeline
from torni.web.views.persons import shown_of

VISITS_BACK = timedelta(days=60)
WORDS: dict[str, Any] = {
    "words": sentences, "verdict_name": verdict_name, "decided_name": decided_name, "channel_name": channel_name, "channel_of_need": channel_of_need, "sent_state": sent_state,
    "change_kind": change_kind, "money": money, "unit_text": unit_text, "kind_name": kind_name, "outcome_name": outcome_name, "outcomes": OUTCOMES,
    "language_name": language_name, "missed_did": missed_did, "voucher_of": paid_by.voucher_of,
}  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """A case that has been opened: the region, its rules on the room's day, the case, the moment, and the units' names."""

    here: Held
    rules: Rules
    case: Case
    position: int
    at: datetime
    units: Mapping[str, str]

    def service_name(self, service: str) -> str:
        found = self.rules.library.services.get(service)
        return str(found.name) if found else service

    def review_until(self, made: Decision) -> date:
        return review.last_day(local_day(made.at), self.rules.library)

    def address(self, *parts: str) -> str:
        return link(self.here, "case", str(self.position), *parts)


def opened(request: HttpRequest, region: str, position: int, what: str = "case") -> Opened:
    """Write the reading down and read the case; not found where it is not there, or not the asker's to open."""
    here = record_room.own(request, region)
    if position >= 2**63:
        raise Http404
    at = record_room.now()
    today = local_day(at)
    with record_room.reading(request.who) as connection:
        person = persons.read(connection, event=position, what=what, why="", visits_since=at - VISITS_BACK)
    if person is None:
        raise Http404
    return Opened(
        here, record_room.days(here.id).exactly(today), case_of(person, today), position, at, record_room.about()[2]
    )


def case(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """The page; its forms: a case manager named, a proposed time answered, a message answered."""
    o = opened(request, region, position)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            record_room.write(_done(request, o), at=o.at, who=request.who)
            return HttpResponseRedirect(o.address())
        except BadInput as error:
            faults = error.faults
    with record_room.gate() as connection:
        people = {a.name: a.shown for a in accounts.who_may(connection, "manage_case")}
    c = o.case
    return show(
        request, "case.html", o, faults=faults, own=_lines(c), people=people, manager=c.person.case_manager and people.get(c.person.case_manager, c.person.case_manager),
        in_chains=in_chains(o.case, o.rules.library), drawn=timeline(c, o.service_name, dict(o.units)), fees=fee_year(c, o.rules), missed=missed.missed_of(c), vouchers=offers_of(o), permits=permits_of(c),
        budgets=paid_by.budgets(c), once=secrets.token_hex(8), given=request.POST, status=400 if faults else 200,
    )  # fmt: skip


def show(request: HttpRequest, template: str, o: Opened, *, status: int = 200, **context: Any) -> HttpResponse:
    return page(
        request,
        template,
        here="work",
        region=o.here,
        regions=regions.all_regions(),
        o=o,
        case=o.case,
        **WORDS,
        **context,
        status=status,
    )


def offers_of(o: Opened) -> tuple[Decision, list[vouchers.Offer]] | None:
    with record_room.reading(None) as connection:
        return paid_by.offers_now(connection, o.case, near=units_at_home(connection, o.case.home))


def units_at_home(connection: Connection, municipality: str) -> set[str]:
    """The units of a municipality."""
    return set(units_of(connection).filter(municipality=municipality)["unit"])


def _lines(case: Case) -> dict[str, Any]:
    return {"person": case.person, **shown_of(case.person)}


def _done(request: HttpRequest, o: Opened) -> list[steps.Event]:
    do = request.POST.get("do", "")
    take: dict[str, Callable[[HttpRequest, Opened], list[steps.Event]]] = {
        "name": _named, "time": _time_answered, "reply": _replied, "use": _used, "represent": _represented, "release": _released,
        "review": _review_came, "reviewed": _review_decided, "missed": _missed_dealt,
    }  # fmt: skip
    if do not in take:
        raise Http404
    return take[do](request, o)


def _named(request: HttpRequest, o: Opened) -> list[steps.Event]:
    name = request.POST.get("manager", "")
    with record_room.gate() as connection:
        known = {a.name for a in accounts.who_may(connection, "manage_case")}
    if name not in known:
        raise BadInput(Fault(t("the case manager"), t("is not chosen"), t("Choose one of the list.")))
    return [steps.name_manager(o.case, name, at=o.at)]


def _represented(request: HttpRequest, o: Opened) -> list[steps.Event]:
    holder, kind = request.POST.get("holder", "").strip(), request.POST.get("kind", "")
    until = day_of(request.POST.get("until", ""), t("the day"))
    return [represented(o.case, holder, kind, until=until, by=request.who.shown, at=o.at)]


def _released(request: HttpRequest, o: Opened) -> list[steps.Event]:
    return [released(o.case, representative_of(request, o), by=request.who.shown, at=o.at)]


def representative_of(request: HttpRequest, o: Opened) -> Representative:
    """The one whom a form means, by the event that named them: their number does not go out with the page."""
    for one in permits_of(o.case).representatives:
        if str(one.position) == request.POST.get("named"):
            return one
    raise bad_input(t("the representative"), t("does not act for the client"), t("Look at the page again."))


def _review_came(request: HttpRequest, o: Opened) -> list[steps.Event]:
    """A request on paper, written down by an adviser."""
    made = next((d for d in o.case.decisions if str(d.position) == request.POST.get("decision")), None)
    if made is None or not request.who.may("review"):
        raise Http404
    text, on = request.POST.get("text", "").strip(), day_of(request.POST.get("day", ""), t("the day"))
    return [review.ask(o.case, made, text, on=on, by=request.who.shown, at=o.at)]


def _review_decided(request: HttpRequest, o: Opened) -> list[steps.Event]:
    asked = next((r for r in o.case.reviews if str(r.position) == request.POST.get("review")), None)
    if asked is None or not request.who.may("review"):
        raise Http404
    outcome, why, body = (request.POST.get(name, "").strip() for name in ("outcome", "why", "body"))
    return review.decide(asked, o.case.person.client, outcome, why=why, body=body, by=request.who.shown, at=o.at, official=official_of(request.who))  # fmt: skip


def _missed_dealt(request: HttpRequest, o: Opened) -> list[steps.Event]:
    """Visits that were not made: the producer asked, a note made, or closed with a reason."""
    once = request.POST.get("once", "")
    if not request.who.may("answer_message") or not (once.isalnum() and once.isascii()):
        raise Http404
    one = missed.chosen(o.case, request.POST.get("service", ""), request.POST.get("unit", ""))
    did, text = request.POST.get("did", ""), request.POST.get("text", "").strip()
    return [missed.deal(one, o.case.person.client, did, text, by=request.who.shown, at=o.at, once=once)]


def _used(request: HttpRequest, o: Opened) -> list[steps.Event]:
    made = next((b.made for b in paid_by.budgets(o.case) if b.made.service == request.POST.get("service")), None)
    once = request.POST.get("once", "")
    if made is None or not (once.isalnum() and once.isascii()):
        raise Http404
    return [
        steps.use_budget(
            o.case, made, cents_of(request.POST.get("amount", "")), what=request.POST.get("what", "").strip(), on=day_of(request.POST.get("on", ""), t("the day")),
            by=request.who.shown, at=o.at, once=once,
        )
    ]  # fmt: skip


def _time_answered(request: HttpRequest, o: Opened) -> list[steps.Event]:
    sent = next((s for s in o.case.sent if str(s.position) == request.POST.get("sent")), None)
    if sent is None:
        raise Http404
    accepted = request.POST.get("answer") == "yes"
    return steps.answer_time(sent, o.case.person.client, accepted=accepted, by=request.who.shown, at=o.at)


def _replied(request: HttpRequest, o: Opened) -> list[steps.Event]:
    message = next((m for m in o.case.messages if str(m.position) == request.POST.get("message")), None)
    if message is None or not request.who.may("answer_message"):
        raise Http404
    done = request.POST.get("done") == "yes"
    return [
        messages.reply(
            message,
            o.case.person.client,
            request.POST.get("text", "").strip(),
            by=request.who.shown,
            at=o.at,
            done=done,
        )
    ]
