"""The owner's page: a change rehearsed on invented people, followed down to persons, proposed, approved, and its history."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import language, number, t
from torni.engines.rules.sentences import label, shown
from torni.facts import senders
from torni.guidance.client import Client
from torni.guidance.proposal import proposal_of, reason_text
from torni.guidance.state_names import MARKS, verdict_name
from torni.services import regions
from torni.services.change import parse_changes
from torni.services.proposing import differences, propose
from torni.services.wording import in_words
from torni.simulation.group_names import breakdown_name, group_name, state_name, touched_text, untold
from torni.simulation.load import UnitLoad, network_load
from torni.simulation.persons import facts_of, people_of
from torni.simulation.population import open_population
from torni.simulation.rehearsal import Rehearsal, rehearse
from torni.simulation.running import BREAKDOWNS, Run
from torni.simulation.summary import to_pdf
from torni.web import kept_texts, record_room
from torni.web.access import denied
from torni.web.change_form import filled_of, lines, written
from torni.web.maps import draw_values
from torni.web.rendering import link, page
from torni.web.store import Held, held, present_day

EXAMPLE = """name: {name}
parameters:
  grant.home_care.maple: 4
"""
_lock = threading.Lock()
_runs: dict[str, Run] = {}
_kept: dict[tuple[str, str, date, str], list[Rehearsal]] = {}


def signed(value: Any) -> str:
    whole = round(float(value))
    return ("+" if whole > 0 else "−" if whole < 0 else "") + number(abs(whole))


WORDS: dict[str, Any] = {
    "breakdown_name": breakdown_name, "touched_text": touched_text, "untold": untold, "group_name": group_name, "signed": signed, "state_name": state_name, "verdict_name": verdict_name,
    "reason_text": reason_text, "label": label, "shown": shown, "BREAKDOWNS": BREAKDOWNS, "marks": MARKS,
}  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """What the page shows: a change's text and its kept name, what it does, what is wrong with it, and the form as it was filled."""

    text: str = ""
    name: str = ""
    made: Sequence[Rehearsal] = ()
    faults: Sequence[Fault] = ()
    filled: Any = None


def rehearsal(request: HttpRequest, region: str) -> HttpResponse:
    """A change made in a form, or as text, and below it what it does. What is sent is kept under a name of its own and shown at the
    name's address, so that Back and a reload never send anything again."""
    here = held(request, region)
    if request.method == "POST":
        return _sent(request, here)
    name = request.GET.get("change", "")
    text = kept_texts.find(name) if name else None
    made, faults = _rehearsed(here, text) if text else ([], ())
    if name and text is None:
        faults = (Fault(t("the change"), t("is not kept any more"), t("Make it again in the form.")),)
    if made and request.GET.get("as") == "pdf":
        response = HttpResponse(to_pdf(made), content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="rehearsal.pdf"'
        return response
    return _shown(request, here, Tried(text or "", name if text else "", made, faults))


def _sent(request: HttpRequest, here: Held) -> HttpResponse:
    """The form or the text taken: an address of its own, or the proposal that was made of it."""
    service = request.POST.get("service", "")
    text = request.POST.get("change", "")
    if service in here.rules.library.services:
        try:
            text = written(here.rules, service, request.POST)
        except BadInput as error:
            return _shown(request, here, Tried(faults=error.faults, filled=request.POST))
    if not text.strip():
        return HttpResponseRedirect(link(here, "rehearse"))
    if request.POST.get("do") != "propose":
        return HttpResponseRedirect(_address(here, kept_texts.keep(text), service))
    if not request.who.may("propose"):
        return denied(request, "propose")
    made, faults = _rehearsed(here, text)
    try:
        if made:
            with record_room.door() as door:
                found = propose(
                    door, here.id, text, by=request.who.shown, at=record_room.now(), on=here.network.as_of, rehearsal=made[0].figures(),
                    sender=senders.account(request.who),
                )  # fmt: skip
            return HttpResponseRedirect(link(here, "changes", found.id))
    except BadInput as error:
        faults = error.faults
    return _shown(request, here, Tried(text, kept_texts.keep(text), made, faults))


def _address(here: Held, name: str, service: str) -> str:
    return link(here, "rehearse", change=name, service=service)


def _shown(request: HttpRequest, here: Held, tried: Tried) -> HttpResponse:
    text, made = tried.text, tried.made
    chosen = made[0] if made else None
    asked_for = request.POST.get("service", "") or request.GET.get("service", "")
    service = here.rules.library.services.get(asked_for)
    amounts, tables = lines(here.rules, service.id) if service else ([], [])
    able = [s for s in here.rules.library.services.values() if any(lines(here.rules, s.id))]
    return page(
        request, "rehearse.html", here="rehearse", region=here, regions=regions.all_regions(), text=text or EXAMPLE.format(name=t("Home care from MAPLe 4")),
        made=made, chosen=chosen, faults=tried.faults, map=_map(here, chosen) if chosen else "", loads=_loads(here, chosen), name=tried.name,
        service=service, able=able, amounts=amounts, tables=tables, filled=tried.filled or filled_of(here.rules, text), today=present_day(here.id), query=here.query,
        worded=[(r.change.name, in_words(r.before, differences(r.before, r.after))) for r in made], **WORDS,
    )  # fmt: skip


def people(request: HttpRequest, region: str) -> HttpResponse:
    """The invented persons behind one figure, or one person's reasoning before and after."""
    here = held(request, region)
    asked = request.POST if request.method == "POST" else request.GET
    told = asked.get("change", "")
    text = told if request.method == "POST" else kept_texts.find(told) or ""
    made, faults = _rehearsed(here, text) if text else ([], ())
    if not made:
        return page(request, "fault.html", faults=faults or None, status=400)
    chosen = made[min(_number(asked.get("alternative", "")), len(made) - 1)]
    service = asked.get("service", "")
    rows: list[dict[str, Any]] = []
    answers = []
    if asked.get("person"):
        facts = facts_of(chosen.population, _number(asked["person"]), chosen.after)
        answers = [
            (when, proposal_of(rules, service, Client(facts)))
            for when, rules in (("before", chosen.before), ("after", chosen.after))
        ]
    else:
        where = {b: asked[b] for b in BREAKDOWNS if asked.get(b)}
        rows = people_of(chosen, service, asked.get("what", "gained"), where=where, limit=50)
    return page(
        request, "people.html", here="rehearse", region=here, regions=regions.all_regions(), chosen=chosen, service=chosen.after.library.services.get(service),
        rows=rows, answers=answers, name=kept_texts.keep(text), back=_address(here, kept_texts.keep(text), ""), query=here.query, what=asked.get("what", ""), fields=chosen.after.fields, **WORDS,
    )  # fmt: skip


def _rehearsed(here: Held, text: str) -> tuple[list[Rehearsal], Any]:
    """The rehearsal of a text, kept while the page is looked at: its persons and its PDF come from the same one."""
    key = (here.id, text, here.network.as_of, f"{language()} {here.rules.version}")
    if key not in _kept:
        try:
            with _lock:
                changes = parse_changes(text, name=t("the change"))
                with record_room.whole_log(here.id) as log:
                    made = rehearse(
                        changes, region=here.id, on=here.network.as_of, now=here.rules, run=_run(here.id), network=here.network, room=log
                    )  # fmt: skip
        except BadInput as error:
            return [], error.faults
        while len(_kept) >= 8:
            _kept.pop(next(iter(_kept)))
        _kept[key] = made
    return _kept[key], ()


def _run(region: str) -> Run:
    """The region's people on a connection that stays, with its cubes; one request at a time uses it."""
    if region not in _runs:
        while len(_runs) >= 4:
            _runs.pop(next(iter(_runs))).connection.close()
        _runs[region] = Run(open_population(region), keeps=True)
    return _runs[region]


def _loads(here: Held, chosen: Rehearsal | None) -> list[UnitLoad]:
    """Units' clients before and after; of the whole country nobody asks, and it would take long."""
    if chosen is None or len(here.network.library.region.counties) > 8:
        return []
    with _lock:
        return network_load(chosen, here.ready, run=_run(here.id))


def _map(here: Held, made: Rehearsal) -> Any:
    """Municipalities by how many of their people gain less how many lose."""
    values = {code: e.gainers - e.losers for code, e in made.by("municipality").items()}
    return draw_values(here.map, values)


def _number(text: str) -> int:
    """A whole number of a form's hidden field; anything else is nobody's."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
