"""The owner's page: a change rehearsed on invented people, followed down to persons, proposed, approved, and its history."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core import clock
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import language, number, t
from torni.engines.rules.sentences import label, shown
from torni.guidance.client import Client
from torni.guidance.proposal import proposal_of, reason_text
from torni.guidance.state_names import verdict_name
from torni.services import regions
from torni.services.change import parse_changes
from torni.services.history import version, versions
from torni.services.proposing import approve, propose
from torni.simulation.group_names import breakdown_name, group_name, state_name, touched_text
from torni.simulation.load import UnitLoad, network_load
from torni.simulation.persons import facts_of, people_of
from torni.simulation.population import open_population
from torni.simulation.rehearsal import Rehearsal, rehearse
from torni.simulation.running import BREAKDOWNS, Run
from torni.simulation.summary import to_pdf
from torni.web import record_room
from torni.web.access import denied
from torni.web.maps import draw_values
from torni.web.rendering import link, page
from torni.web.store import Held, held

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
    "breakdown_name": breakdown_name, "touched_text": touched_text, "group_name": group_name, "signed": signed, "state_name": state_name, "verdict_name": verdict_name,
    "reason_text": reason_text, "label": label, "shown": shown, "BREAKDOWNS": BREAKDOWNS,
}  # fmt: skip


def rehearsal(request: HttpRequest, region: str) -> HttpResponse:
    """The change's text, and below it what it does. The text travels in the body, so nothing is shortened."""
    here = held(request, region)
    text = request.POST.get("change", "")
    made, faults = _rehearsed(here, text) if request.method == "POST" and text.strip() else ([], ())
    if made and request.POST.get("do") == "pdf":
        response = HttpResponse(to_pdf(made), content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="rehearsal.pdf"'
        return response
    if made and request.POST.get("do") == "propose" and not request.who.may("propose"):
        return denied(request, "propose")
    if made and request.POST.get("do") == "propose":
        try:
            with record_room.door() as door:
                found = propose(
                    door, here.id, text, by=request.who.shown, at=record_room.now(), on=here.network.as_of, rehearsal=made[0].figures()
                )  # fmt: skip
            return HttpResponseRedirect(link(here, "changes", found.id))
        except BadInput as error:
            faults = error.faults
    chosen = made[0] if made else None
    return page(
        request, "rehearse.html", here="rehearse", region=here, regions=regions.all_regions(), text=text or EXAMPLE.format(name=t("Home care from MAPLe 4")),
        made=made, chosen=chosen, faults=faults, map=_map(here, chosen) if chosen else "",
        loads=_loads(here, chosen), **WORDS,
    )  # fmt: skip


def people(request: HttpRequest, region: str) -> HttpResponse:
    """The invented persons behind one figure, or one person's reasoning before and after."""
    here = held(request, region)
    made, faults = _rehearsed(here, request.POST.get("change", ""))
    if not made:
        return page(request, "fault.html", faults=faults or None, status=400)
    chosen = made[min(_number(request.POST.get("alternative", "")), len(made) - 1)]
    service = request.POST.get("service", "")
    rows: list[dict[str, Any]] = []
    answers = []
    if request.POST.get("person"):
        facts = facts_of(chosen.population, _number(request.POST["person"]), chosen.after)
        answers = [
            (when, proposal_of(rules, service, Client(facts)))
            for when, rules in (("before", chosen.before), ("after", chosen.after))
        ]
    else:
        where = {b: request.POST[b] for b in BREAKDOWNS if request.POST.get(b)}
        rows = people_of(chosen, service, request.POST.get("what", "gained"), where=where, limit=50)
    return page(
        request, "people.html", here="rehearse", region=here, regions=regions.all_regions(), chosen=chosen, service=chosen.after.library.services.get(service),
        rows=rows, answers=answers, text=request.POST.get("change", ""), what=request.POST.get("what", ""), fields=chosen.after.fields, **WORDS,
    )  # fmt: skip


def changes(request: HttpRequest, region: str) -> HttpResponse:
    here = held(request, region)
    found = list(reversed(versions(here.id)))
    return page(
        request, "changes.html", here="changes", region=here, regions=regions.all_regions(), versions=found, **WORDS
    )


def change(request: HttpRequest, region: str, id_: str) -> HttpResponse:
    """One change's way: who, when, why, what differs, the rehearsal; and its approval by another person."""
    here = held(request, region)
    if id_ not in {v.id for v in versions(here.id)}:
        raise Http404
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            with record_room.door() as door:
                approve(
                    door,
                    here.id,
                    id_,
                    by=request.who.shown,
                    at=record_room.now(),
                    start=_day(request.POST.get("start", "")),
                )
            return HttpResponseRedirect(link(here, "changes", id_))
        except BadInput as error:
            faults = error.faults
    return page(request, "change.html", here="changes", region=here, regions=regions.all_regions(), v=version(here.id, id_), faults=faults, today=clock.today(), **WORDS)  # fmt: skip


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


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise bad_input(t("Start"), t('"{text}" is not a date', text=text), t("Write such as 2026-01-31.")) from error
