"""Changes on their way: the inbox of proposals, each in words with its effect, approved or rejected with a reason; and their history."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.facts import senders
from torni.network.plan import applied, parse
from torni.services import change_log, regions
from torni.services.history import DEFINITIONS, NETWORK_PLAN, Version, version, versions
from torni.services.proposing import approve, reject, withdraw
from torni.services.wording import Difference, in_words
from torni.simulation.group_names import effect_texts, state_name
from torni.sources.written import day_told
from torni.web import record_room
from torni.web.access import denied
from torni.web.rendering import link, page
from torni.web.store import Held, held, present_day


def words(here: Held) -> dict[str, Any]:
    """What templates ask of a proposal: what it changes in words, and its effect as sentences."""
    return {
        "in_words": lambda v: _steps(here, v) if v.kind == NETWORK_PLAN else in_words(here.rules, v.diff), "effect_texts": lambda v: effect_texts(v.rehearsal), "change_state": state_name,
    }  # fmt: skip


def _steps(here: Held, found: Version) -> list[Difference]:
    """A network plan in words; the text as it stands where the region's units are no longer those it tells of."""
    try:
        plan = parse(found.text, here.ready, name=found.name)
    except BadInput:
        return [Difference(found.text, "", "")]
    after = applied(here.ready, plan)
    return [Difference(str(s.told(after if s.verb == "open" else here.ready)), "", "") for s in plan.steps]


def changes(request: HttpRequest, region: str) -> HttpResponse:
    """Others' proposals that wait first, for one who may decide them; then the whole history, the newest first."""
    change_log.forget()  # another process of the server may have written a moment ago
    here = held(request, region)
    found = list(reversed(versions(here.id)))
    waiting = [v for v in reversed(found) if v.state == "proposed"]
    return page(
        request, "changes.html", here="changes", region=here, regions=regions.all_regions(), versions=found,
        inbox=[v for v in waiting if v.proposed_by != request.who.shown], own=[v for v in waiting if v.proposed_by == request.who.shown], **words(here),
    )  # fmt: skip


def change(request: HttpRequest, region: str, id_: str) -> HttpResponse:
    """One change's way: who, when, why, what differs, the rehearsal; and what another person, or the proposer, does of it."""
    change_log.forget()
    here = held(request, region)
    if id_ not in {v.id for v in versions(here.id)}:
        raise Http404
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        if request.POST.get("do", "approve") != "withdraw" and not request.who.may("approve"):
            return denied(request, "approve")
        try:
            _step(request, here, id_)
            return HttpResponseRedirect(link(here, "changes", id_))
        except BadInput as error:
            faults = error.faults
    found = version(here.id, id_)
    return page(
        request, "change.html", here="changes", region=here, regions=regions.all_regions(), v=found, faults=faults, today=present_day(here.id),
        start=request.POST.get("start") or _own_start(found) or "", why=request.POST.get("why", ""), is_own=found.proposed_by == request.who.shown,
        of_definitions=found.kind == DEFINITIONS, of_network=found.kind == NETWORK_PLAN, **words(here),
    )  # fmt: skip


def _step(request: HttpRequest, here: Held, id_: str) -> Version:
    by, at, did = request.who.shown, record_room.now(), request.POST.get("do", "approve")
    why, sender = request.POST.get("why", ""), senders.account(request.who)
    with record_room.door() as door:
        if did == "reject":
            return reject(door, here.id, id_, by=by, at=at, why=why, sender=sender)
        if did == "withdraw":
            if version(here.id, id_).proposed_by != by:
                raise bad_input(t("this change"), t("is another's proposal"), t("Who proposed it takes it back."))
            return withdraw(door, here.id, id_, by=by, at=at, sender=sender)
        return approve(
            door, here.id, id_, by=by, at=at, start=_day(request.POST.get("start", "")), why=why, sender=sender
        )


def _own_start(found: Version) -> date | None:
    """The day that the proposal itself asks for."""
    return found.change.start if found.kind == DEFINITIONS else found.start


def _day(text: str) -> date:
    if not text.strip():
        raise bad_input(t("In force from"), t("the first day is missing"), t("Choose the day from which the change is in force."))  # fmt: skip
    return day_told(t("In force from"), text)
