"""The steps of a case as pages: the assessment form, the verdicts of every service, the decision, its letter, the plan's next version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts.door import local_day
from torni.guidance import assessing, paid_by, planning, proposal_of, steps
from torni.guidance import letter_grounds as grounds
from torni.guidance.case import Case, Decision, facts_of
from torni.guidance.client import client_of
from torni.guidance.fees import line_value, names
from torni.guidance.forms import DecisionForm, day_of, hours_of
from torni.guidance.letter import letter
from torni.guidance.proposal import Proposal, change_text, reason_text
from torni.guidance.scales import MOST_BYTES, scales
from torni.guidance.state_names import MARKS, leaf_state
from torni.producers import vouchers
from torni.services.schema import Form
from torni.supervision.known_sums import units
from torni.web import record_room
from torni.web.officials import official_of
from torni.web.views.case import Opened, opened, show, units_at_home
from torni.web.views.decide import letter_response

WORDS: dict[str, Any] = {
    "leaf_state": leaf_state, "reason_text": reason_text, "change_text": change_text, "line_value": line_value,
    "field_names": names, "marks": MARKS,
}  # fmt: skip


def assess(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """The assessment form, filled with what is known; a reassessment where that is what is owed."""
    o = opened(request, region, position, "assess")
    form = o.rules.forms[assessing.FORM]
    matter, again = assessing.to_assess(o.case)
    if not matter:  # done already: by going back to the form, by a second press, by a colleague
        return HttpResponseRedirect(o.address())
    given = assessing.known(o.case)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        given = {k: v.strip() for k, v in request.POST.items() if isinstance(v, str) and v.strip()}
        given = {k: v for k, v in given.items() if not k.startswith("day-") or re.fullmatch(r"\d+ \d{4}-\d\d-\d\d", v)}
        try:
            if request.POST.get("do") == "bring" or request.FILES.get("file"):
                given |= _brought(request, o, form)
                return _form(request, o, form, given, again=again)
            told = assessing.read(o.case, o.rules, given)
            event = steps.assess(o.case, matter, told, by=request.who.shown, at=o.at, again=again)
            record_room.write([event], at=o.at, who=request.who)
            return HttpResponseRedirect(o.address("decide") if not again else o.address())
        except BadInput as error:
            faults = error.faults
    return _form(request, o, form, given, again=again, faults=faults)


def _form(request: HttpRequest, o: Opened, form: Form, given: Mapping[str, str], *, again: bool, faults: tuple[Fault, ...] = ()) -> HttpResponse:  # fmt: skip
    return show(
        request, "assess.html", o, form=form, given=given, faults=faults, again=again, version=assessing.version(form), definitions=o.rules.definitions,
        fields=o.rules.fields, status=400 if faults else 200,
    )  # fmt: skip


def verdicts(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """Every service that has criteria, with what the rules propose for this client and why."""
    o = opened(request, region, position, "decide")
    client = client_of(facts_of(o.case), o.rules)
    found = [proposal_of(o.rules, name, client) for name in o.rules.granting]
    found.sort(key=lambda d: ["granted", "undecided", "refused"].index(d.verdict))
    need = assessing.open_need(o.case)
    return show(
        request,
        "verdicts.html",
        o,
        decisions=found,
        need=need,
        made={d.service: d for d in need.decisions if not d.changed} if need else {},
        **WORDS,
    )


def decision(request: HttpRequest, region: str, position: int, service: str) -> HttpResponse:
    """One service: the proposal with its reasons, beside it the official's own decision."""
    o = opened(request, region, position, "decide")
    need = assessing.open_need(o.case)
    if service not in o.rules.granting:
        raise Http404
    if need is None:  # nothing is decided any more
        return HttpResponseRedirect(o.address())
    d = proposal_of(o.rules, service, client_of(facts_of(o.case), o.rules))
    faults: tuple[Fault, ...] = ()
    given = {
        k: request.POST.get(k, "").strip()
        for k in ("verdict", "judgement", "why", "first_day", "last_day", "channel", "hours")
    }
    if request.method == "POST":
        try:
            events = steps.decide(
                o.case, need, d, _decided(given), by=request.who.shown, at=o.at, official=official_of(request.who)
            )
            record_room.write(events, at=o.at, who=request.who)
            return HttpResponseRedirect(o.address())
        except BadInput as error:
            faults = error.faults
    else:
        opens = [name for name, _channel, is_open in d.channels if is_open]
        hours = paid_by.whole_hours(d.client)
        given |= {
            "first_day": str(o.case.today),
            "channel": opens[0] if len(opens) == 1 else "",
            "hours": "" if hours is None else str(hours),
        }
    with record_room.reading(None) as connection:
        prices = vouchers.prices(connection, service) if "voucher" in d.values else {}
        near = units_at_home(connection, o.case.home)
    return show(
        request, "settle.html", o, hours=grounds.hours_of(d), prices=prices, offers=_offers(d, prices, near), d=d, given=given, faults=faults, need=need, definitions=o.rules.definitions, status=400 if faults else 200, **WORDS
    )  # fmt: skip


def _offers(d: Proposal, prices: Mapping[str, int], near: set[str]) -> list[vouchers.Offer]:
    """What each approved producer would cost this client, were the service paid for by a voucher."""
    value = d.values.get("voucher")
    if value is None or value.amount is None:
        return []
    return vouchers.offers(
        int(value.amount * 100),
        value.formula.definition.unit,
        paid_by.whole_hours(d.client),
        prices,
        near=near,
    )


def letter_file(request: HttpRequest, region: str, position: int, decided: int, form: str) -> HttpResponse:
    """The letter of a decision that was made, made again from what the decision kept, under the rules of its day."""
    o = opened(request, region, position, "letter")
    made = next((d for d in o.case.decisions if d.position == decided), None)
    if made is None or form not in ("html", "pdf"):
        raise Http404
    return letter_of(o.case, made, o.here.id, form)


def letter_of(case: Case, made: Decision, region: str, form: str) -> HttpResponse:
    rules = record_room.days(region).exactly(local_day(made.at))
    if made.service not in rules.granting:
        raise BadInput(
            Fault(
                t("the letter"),
                t("cannot be made"),
                t("The decision concerns no single service, or its criteria are not known on its day."),
            )
        )
    facts = {name: value for name, value in made.facts.items() if name in rules.fields}
    client = replace(client_of(facts, rules), letter={"name": case.name})
    return letter_response(
        letter(proposal_of(rules, made.service, client), made, before=case.before(made)), made.service, form
    )


def plan(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """The plan's next version: drafted, looked at as what changes, and sent."""
    o = opened(request, region, position, "plan")
    given = planning.form_of(o.case)
    faults: tuple[Fault, ...] = ()
    changes: list[steps.PlanChange] = []
    if request.method == "POST":
        given = {k: v.strip() for k, v in request.POST.items() if isinstance(v, str)}
        try:
            form = planning.read(o.case, given)
            changes = steps.differences(o.case.plan, form.items)
            with record_room.reading(None) as connection:
                may = planning.allowed(connection, o.case, units(connection).rows())
            events = steps.plan(o.case, form, by=request.who.shown, at=o.at, rules=o.rules, units=o.units, allowed=may)
            if given.get("do") == "send":
                record_room.write(events, at=o.at, who=request.who)
                return HttpResponseRedirect(o.address())
        except BadInput as error:
            faults = error.faults
    with record_room.reading(None) as connection:
        services = planning.plannable(connection, o.case, o.rules, units(connection).rows())
    rows = sorted(
        {int(k.split("-")[1]) for k in given if k.startswith("service-") and k.split("-")[1].isdigit() and given[k]}
    )
    return show(
        request, "plan.html", o, given=given, faults=faults, changes=changes, rows=[*rows, max(rows, default=-1) + 1], services=services,
        status=400 if faults else 200,
    )  # fmt: skip


def _brought(request: HttpRequest, o: Opened, form: Form) -> dict[str, str]:
    """The scales of a file, for the form: each value, and with it the day on which it was measured."""
    file = request.FILES.get("file")
    if file is None:
        raise BadInput(Fault(t("the file"), t("is not chosen"), t("Choose a file of scales.")))
    asked = [n for section in form.sections for n in section.fields if o.rules.definitions[n].instrument]
    found = scales(
        file.name or str(t("the file")), file.read(MOST_BYTES + 1), {n: str(o.rules.definitions[n].what) for n in asked}
    )
    return {k: v for n, s in found.items() for k, v in ((n, str(s.value)), (f"day-{n}", f"{s.value} {s.on}"))}


def _decided(given: Mapping[str, str]) -> DecisionForm:
    days = {"first_day": t("the first day"), "last_day": t("the last day")}
    first, last = (day_of(given[name], str(where)) for name, where in days.items())
    hours = hours_of(given["hours"])
    return DecisionForm(given["verdict"], given["judgement"], given["why"], first, last, given["channel"], hours)
