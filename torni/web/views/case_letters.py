"""The letters of a case beside the decision's own: what was decided of a request for review, and the confirmation of a choice."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from torni.facts.door import local_day
from torni.guidance import enrolment, paid_by
from torni.guidance.letter import Letter
from torni.guidance.letter_chosen import enrolment_letter, producer_letter
from torni.guidance.letter_reviewed import review_letter
from torni.producers import vouchers
from torni.web import record_room
from torni.web.views.case import Opened, opened
from torni.web.views.decide import letter_response
from torni.web.views.mine import own_case


def own_file(request: HttpRequest, kind: str, about: int, form: str) -> HttpResponse:
    """One's own letter of a review that was decided, or of a choice that one made."""
    return _file(own_case(request), kind, about, form)


def case_file(request: HttpRequest, region: str, position: int, kind: str, about: int, form: str) -> HttpResponse:
    """The same letter, for those who guide the client."""
    return _file(opened(request, region, position, "letter"), kind, about, form)


def _file(o: Opened, kind: str, about: int, form: str) -> HttpResponse:
    """`about`: the event that the letter is about: the request for review, the choice of a unit, the plan that was sent to a producer."""
    written = {"review": _reviewed, "choice": _chosen, "producer": _producer}.get(kind)
    made = written(o, about) if written and form in ("html", "pdf") else None
    if made is None:
        raise Http404
    return letter_response(made, kind, form)


def _reviewed(o: Opened, about: int) -> Letter | None:
    asked = next((r for r in o.case.reviews if r.position == about and r.decided), None)
    made = next((d for d in o.case.decisions if asked and d.position == asked.decision), None)
    if asked is None or asked.decided is None or made is None:
        return None
    rules = record_room.days(o.here.id).exactly(local_day(asked.decided[0]))
    return review_letter(o.case, asked, made, rules.library)


def _chosen(o: Opened, about: int) -> Letter | None:
    found = (enrolment.enrolled(o.case, service, o.rules) for service, _promise in enrolment.listed_services(o.rules))
    now = next((e for e in found if e and e.position == about), None)
    if now is None:
        return None
    rules = record_room.days(o.here.id).exactly(now.since)
    return enrolment_letter(o.case, now, o.units.get(now.unit, now.unit), rules.library)


def _producer(o: Opened, about: int) -> Letter | None:
    sent = next((s for s in o.case.sent if s.position == about), None)
    made = paid_by.voucher_of(o.case, sent.item.service) if sent and sent.state == "confirmed" else None
    if sent is None or made is None:
        return None
    with record_room.reading(None) as connection:
        price = vouchers.prices(connection, made.service).get(sent.unit)
    return producer_letter(o.case, sent, made, o.units.get(sent.unit, sent.unit), price, o.rules.library)
