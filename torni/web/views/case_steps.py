"""The steps of a case as pages: the assessment form, the verdicts of every service, the decision, its letter, the plan's next version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts.door import local_day
from torni.guidance import arranged, decide, steps
from torni.guidance.case import Case, Item, Made, Need, Plan, facts_of
from torni.guidance.client import client_of
from torni.guidance.decide import Decision, change_text, reason_text
from torni.guidance.fees import line_value, money, names
from torni.guidance.letter import letter
from torni.guidance.permits import permits_of
from torni.guidance.scales import MOST_BYTES, scales
from torni.guidance.words import leaf_state
from torni.producers import vouchers
from torni.services.library import content_hash
from torni.services.schema import Form
from torni.supervision.moment import units
from torni.web import room
from torni.web.views.case import Opened, day_of, home_of, opened, show, units_at_home
from torni.web.views.decide import letter_response, plain_number

FORM = "needs"
WORDS: dict[str, Any] = {
    "leaf_state": leaf_state, "reason_text": reason_text, "change_text": change_text, "line_value": line_value,
    "field_names": names,
}  # fmt: skip


def assess(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """The assessment form, filled with what is known; a reassessment where that is what is owed."""
    o = opened(request, region, position, "assess")
    form = o.rules.forms[FORM]
    matter, again = _to_assess(o.case)
    if not matter:
        raise Http404
    given = _known(o.case)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        given = {k: v.strip() for k, v in request.POST.items() if isinstance(v, str) and v.strip()}
        given = {k: v for k, v in given.items() if not k.startswith("day-") or re.fullmatch(r"\d+ \d{4}-\d\d-\d\d", v)}
        try:
            if request.POST.get("do") == "bring" or request.FILES.get("file"):
                given |= _brought(request, o, form)
                return _form(request, o, form, given, again=again)
            room.write([_assessed(request, o, form, matter, again, given)], at=o.at)
            return HttpResponseRedirect(o.address("decide") if not again else o.address())
        except BadInput as error:
            faults = error.faults
    return _form(request, o, form, given, again=again, faults=faults)


def _form(request: HttpRequest, o: Opened, form: Form, given: Mapping[str, str], *, again: bool, faults: tuple[Fault, ...] = ()) -> HttpResponse:  # fmt: skip
    return show(
        request, "assess.html", o, form=form, given=given, faults=faults, again=again, version=form_version(form), definitions=o.rules.definitions,
        fields=o.rules.fields, status=400 if faults else 200,
    )  # fmt: skip


def verdicts(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """Every service that has criteria, with what the rules propose for this client and why."""
    o = opened(request, region, position, "decide")
    client = client_of(facts_of(o.case), o.rules)
    found = [decide(o.rules, name, client) for name in o.rules.granting]
    found.sort(key=lambda d: ["granted", "undecided", "refused"].index(d.verdict))
    need = _open_need(o.case)
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
    need = _open_need(o.case)
    if service not in o.rules.granting or need is None:
        raise Http404
    d = decide(o.rules, service, client_of(facts_of(o.case), o.rules))
    faults: tuple[Fault, ...] = ()
    given = {
        k: request.POST.get(k, "").strip() for k in ("verdict", "judgement", "why", "first_day", "last_day", "channel")
    }
    if request.method == "POST":
        try:
            room.write(_settled(request, o, need, d, given), at=o.at)
            return HttpResponseRedirect(o.address())
        except BadInput as error:
            faults = error.faults
    else:
        opens = [name for name, _channel, is_open in d.channels if is_open]
        given |= {"first_day": str(o.case.today), "channel": opens[0] if len(opens) == 1 else ""}
    with room.reading(None) as connection:
        prices = vouchers.prices(connection, service) if "voucher" in d.values else {}
        near = units_at_home(connection, home_of(o.case))
    return show(
        request, "settle.html", o, prices=prices, offers=_offers(d, prices, near), d=d, given=given, faults=faults, need=need, definitions=o.rules.definitions, status=400 if faults else 200, **WORDS
    )  # fmt: skip


def _offers(d: Decision, prices: Mapping[str, int], near: set[str]) -> list[vouchers.Offer]:
    """What each approved producer would cost this client, were the service paid for by a voucher."""
    value = d.values.get("voucher")
    if value is None or value.amount is None:
        return []
    return vouchers.offers(
        int(value.amount * 100),
        value.formula.definition.unit,
        arranged.whole_hours(d.client),
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


def letter_of(case: Case, made: Made, region: str, form: str) -> HttpResponse:
    rules = room.days(region).exactly(local_day(made.at))
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
    return letter_response(letter(decide(rules, made.service, client), made), made.service, form)


def plan(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """The plan's next version: drafted, looked at as what changes, and sent."""
    o = opened(request, region, position, "plan")
    given = _plan_given(o.case)
    faults: tuple[Fault, ...] = ()
    changes: list[steps.Change] = []
    if request.method == "POST":
        given = {k: v.strip() for k, v in request.POST.items() if isinstance(v, str)}
        try:
            goals, items = _goals(given), _items(given, o)
            changes = steps.differences(o.case.plan, items)
            events = steps.plan(
                o.case, goals, items, agreed=day_of(given.get("agreed", ""), t("the client's agreement")), why=given.get("why", ""), by=request.who.shown,
                at=o.at, rules=o.rules, units=o.units, allowed=_allowed(o),
            )  # fmt: skip
            if given.get("do") == "send":
                room.write(events, at=o.at)
                return HttpResponseRedirect(o.address())
        except BadInput as error:
            faults = error.faults
    rows = sorted({int(k.split("-")[1]) for k in given if k.startswith("item-") and k.split("-")[1].isdigit()})
    return show(
        request, "plan.html", o, given=given, faults=faults, changes=changes, rows=[*rows, max(rows, default=-1) + 1], services=_plannable(o),
        status=400 if faults else 200,
    )  # fmt: skip


def form_version(form: Form) -> str:
    """The content hash of a form as it stands."""
    return content_hash(form.model_dump(mode="json"))


def _to_assess(case: Case) -> tuple[str, bool]:
    """What is to be assessed: a reported need first, else a reassessment that is owed."""
    need = next((n for n in case.needs if n.assessment is None), None)
    if need:
        return need.matter, False
    again = next((e for e in case.events if e.type == "reassessment.planned" and e.owed), None)
    return (again.matter or "", True) if again else ("", False)


def _known(case: Case) -> dict[str, str]:
    """What earlier assessments found, for the form; scales are asked anew."""
    found: dict[str, str] = {"assessed_day": str(case.today)}
    for assessment in reversed(case.assessments):
        for name, value in assessment.facts.items():
            if not name.startswith("rai_"):
                plain = value.get("value") if isinstance(value, dict) else value
                found[name] = ("true" if plain else "false") if isinstance(plain, bool) else str(plain)
    return found


def _assessed(
    request: HttpRequest, o: Opened, form: Form, matter: str, again: bool, given: Mapping[str, str]
) -> steps.Event:
    on = day_of(given.get("assessed_day", ""), t("the day")) or o.case.today
    facts: dict[str, Any] = {}
    for section in form.sections:
        for name in section.fields:
            if name in given:
                text = plain_number(given[name], o.rules.fields[name])
                facts[name] = {"value": text, "on": _measured(given, name, on)} if o.rules.definitions[name].instrument else text  # fmt: skip
    read = client_of(facts, o.rules)
    kept = {}
    for name in facts:
        value = read.facts[name] if name not in read.stale else facts[name]["value"]
        plain = value if isinstance(value, bool | int | str) else str(value)
        kept[name] = {"value": plain, "on": facts[name]["on"]} if name in read.measured else plain
    scales = {str(o.rules.definitions[n].instrument) for n in kept if o.rules.definitions[n].instrument}
    return steps.assess(
        o.case, matter, kept, form=f"{FORM} {form_version(form)}", instrument=", ".join(sorted(scales)), on=on, summary=given.get("summary", ""),
        by=request.who.shown, at=o.at, again=again,
    )  # fmt: skip


def _measured(given: Mapping[str, str], name: str, on: date) -> str:
    """The day of a scale: the file's, while its value stands as the file had it; else the assessment's."""
    value, _space, day = given.get(f"day-{name}", "").partition(" ")
    known = day_of(day, str(name)) if value == given[name] else None
    return str(known if known and known <= on else on)


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


def _open_need(case: Case) -> Need | None:
    """The need that is being decided: the newest that has been assessed, else the newest."""
    return next((n for n in case.needs if n.assessment), case.needs[0] if case.needs else None)


def _settled(request: HttpRequest, o: Opened, need: Need, d: Decision, given: Mapping[str, str]) -> list[steps.Event]:
    first, last = (
        day_of(given[name], str(where))
        for name, where in (("first_day", t("the first day")), ("last_day", t("the last day")))
    )
    return steps.settle(
        o.case, need, d, verdict=given["verdict"], judgement=given["judgement"], why=given["why"], first_day=first, last_day=last,
        channel=given["channel"], by=request.who.shown, at=o.at,
    )  # fmt: skip


def _plan_given(case: Case) -> dict[str, str]:
    """The form as the plan stands; services that ended long ago are left out."""
    newest: Plan | None = case.plan
    given = {"goals": "\n".join(newest.goals) if newest else "", "agreed": str(case.today)}
    for i, item in enumerate(newest.items if newest else ()):
        if item.ends and item.ends < case.today:
            continue
        given |= {
            f"item-{i}": item.item, f"service-{i}": item.service, f"unit-{i}": item.unit, f"what-{i}": item.what, f"hours-{i}": str(item.hours_month or ""),
            f"start-{i}": str(item.start or ""), f"ends-{i}": str(item.ends or ""),
        }  # fmt: skip
    return given


def _goals(given: Mapping[str, str]) -> list[str]:
    return [line.strip() for line in given.get("goals", "").splitlines() if line.strip()][:20]


def _items(given: Mapping[str, str], o: Opened) -> list[Item]:
    """The services of the form. A row without a service is empty; a new row gets the next letter."""
    known = {i.item: i for i in o.case.plan.items} if o.case.plan else {}
    used = set(known)
    items = []
    for i in sorted(int(k.split("-")[1]) for k in given if k.startswith("service-") and k.split("-")[1].isdigit()):
        service, unit = given.get(f"service-{i}", ""), given.get(f"unit-{i}", "")
        if not service:
            continue
        letter_ = given.get(f"item-{i}", "")
        if letter_ not in known:
            letter_ = next(c for n in range(1, 100) for c in [chr(96 + n) if n <= 26 else f"s{n}"] if c not in used)
        used.add(letter_)
        hours = given.get(f"hours-{i}", "")
        if hours and not (hours.isascii() and hours.isdigit() and len(hours) <= 3):
            raise BadInput(
                Fault(t("hours a month"), t('"{text}" is not a whole number', text=hours[:20]), t("Write such as 12."))
            )
        was = known.get(letter_)
        items.append(
            Item(
                letter_, service, unit, given.get(f"what-{i}", ""), int(hours) if hours else None, day_of(given.get(f"start-{i}", ""), t("the first day")),
                day_of(given.get(f"ends-{i}", ""), t("the last day")), was.need if was else _granting_need(o.case, service),
            )
        )  # fmt: skip
    return items


def _granting_need(case: Case, service: str) -> str:
    """The matter in which the service was granted: its start answers the promise that the decision began."""
    made = next((d for d in case.decisions if d.service == service and d.verdict == "granted" and not d.changed), None)
    return made.matter if made else ""


def _allowed(o: Opened) -> dict[str, set[str]]:
    """For each service that not every unit may give, those that may: a voucher's approved units, none of a producer the client forbids."""
    forbidden = {against for against, _since in permits_of(o.case).forbidden}
    with room.reading(None) as connection:
        register = units(connection).select("unit", "kind", "producer").rows()
        found = {d.service: set(vouchers.prices(connection, d.service)) for d in o.case.decisions if arranged.voucher_of(o.case, d.service)}  # fmt: skip
    for service in {kind for _u, kind, _p in register} if forbidden else ():
        mine = {u for u, kind, producer in register if kind == service and producer not in forbidden}
        found[service] = found.get(service, mine) & mine
    return found


def _own_share(offer: vouchers.Offer) -> str:
    if offer.own_hour_cents is not None:
        return t("own share {amount} an hour", amount=money(offer.own_hour_cents / 100))
    return t("own share {amount} a month", amount=money((offer.own_month_cents or 0) / 100))


def _plannable(o: Opened) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The services that a plan may hold, with the units that give each: of its unit kind, the client's own municipality first."""
    with room.reading(None) as connection:
        rows = units(connection).select("unit", "name", "kind", "municipality").rows()
    home = home_of(o.case)
    rows.sort(key=lambda r: (r[3] != home, r[1]))
    kinds = {row[2] for row in rows}
    allowed, found = _allowed(o), []
    there = {i.unit for i in o.case.plan.items} if o.case.plan else set()  # what goes on there can be ended there
    for name, service in o.rules.library.services.items():
        own = [
            (u, text)
            for u, text, kind, _m in rows
            if kind == name and (name not in allowed or u in allowed[name] | there)
        ]
        made = arranged.voucher_of(o.case, name)
        if made and made.value_cents is not None:
            with room.reading(None) as connection:
                prices = vouchers.prices(connection, name)
            shares = {f.unit: f for f in vouchers.offers(made.value_cents, made.value_unit, made.hours_month, prices)}
            own = [(u, f"{text} ({_own_share(shares[u])})" if u in shares else text) for u, text in own]
        granted = any(
            d.service == name and d.in_force(max(o.case.today, d.first_day or date.min)) for d in o.case.decisions
        )
        standing = any(e.service == name for e in o.case.serving) or any(
            i.service == name for i in (o.case.plan.items if o.case.plan else ())
        )
        if name in kinds and own and (granted or standing or name not in o.rules.granting):
            found.append((name, str(service.name), own))
    return found
