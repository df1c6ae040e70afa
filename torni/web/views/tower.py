"""The tower (all promises and a map) and the promise page (one finding with all that it rests on)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

from django.http import HttpRequest, HttpResponse

from torni.core.faults import BadInput
from torni.facts import worklists
from torni.network.explain import Explanation
from torni.network.mend import mend as mended
from torni.services import regions
from torni.services.finding import Finding
from torni.services.schema import PresencePromise, ReachPromise
from torni.supervision import words
from torni.supervision.heavy import Heavy
from torni.supervision.measure import Followed
from torni.web import room
from torni.web.maps import draw, draw_states
from torni.web.rendering import page
from torni.web.store import held
from torni.web.views import live as live_view

FILTERS = ("broken", "unknown", "kept", "reach", "presence", "feature")
FOLLOWED = ("wait", "delivery", "reply", "billing", "staffing", "cadence", "fee", "budget", "list", "measure")


def tower(request: HttpRequest, region: str) -> HttpResponse:
    """Every promise, broken first: those of the map and those of what happens; a map of the chosen one."""
    here = held(request, region)
    shown = here.picture
    live = live_view.picture(request, here)
    every: list[Finding | Followed] = [*shown.findings, *(live.found if live else ())]
    every.sort(
        key=lambda f: (_ORDER[f.state], isinstance(f, Finding), -((f.affected or 0) if isinstance(f, Finding) else 0))
    )
    wanted = request.GET.get("show", "")
    listed = [
        f for f in every if not wanted or wanted in (f.state, f.kind) or (wanted == "guidance" and _of_guidance(f))
    ]
    chosen_id = request.GET.get("promise") or _first(listed or every)
    followed = live.of(chosen_id) if live else None
    chosen: Finding | Followed = followed or here.finding(chosen_id)
    if isinstance(chosen, Followed):
        states = {g.group: (g.kept, words.group_value(chosen, g)) for g in chosen.by["municipality"]}
        drawn = draw_states(here.map, str(chosen.promise.sentence), states)
    else:
        drawn = draw(here.map, chosen)
    emergencies = 0
    if live and request.who.may("emergencies"):
        with room.reading(request.who) as connection:
            emergencies = len(worklists.emergencies(connection))
    template = "part_map.html" if request.headers.get("HX-Request") else "tower.html"
    counts = {state: sum(f.state == state for f in every) for state in _ORDER}
    filters = [(f, sum(f in (x.state, x.kind) for x in every)) for f in (*FILTERS, *FOLLOWED)]
    filters.insert(3, ("guidance", sum(map(_of_guidance, every))))
    heavy = _heavy(request) if live and wanted == "guidance" and request.who.may("live_tower") else None
    return page(
        request, template, here="tower", region=here, picture=shown, findings=listed, chosen=chosen, live=live, counts=counts,
        map=drawn, show=wanted, filters=filters, all=len(every), words=words, known=request.GET.get("known", ""),
        watched=live is None and room.is_of(here.id), told=live_view.told_alerts(here, live) if live else [], moment_field=live_view.local(live.now.at) if live else "", spending=live_view.spending(here, live) if live else [],
        regions=regions.all_regions(), emergencies=emergencies, heavy=heavy,
    )  # fmt: skip


def _of_guidance(f: Finding | Followed) -> bool:
    """Is it on the way from a need to a service: somebody's work with a client, a wait, a decision, or a visit of a plan?"""
    if not isinstance(f, Followed):
        return False
    events = {event for _part, event in f.promise.events()}
    return (
        bool(getattr(f.promise, "responsible", None))
        or f.kind == "wait"
        or bool(events & {"decision.made", "visit.planned"})
    )


def _heavy(request: HttpRequest) -> tuple[Heavy, date, dict[str, str]] | None:
    """The newest measure of heavy users, up to which day, and what stands behind the tenth; None where nothing has been measured."""
    with room.reading(request.who) as connection:
        row = connection.execute(
            "SELECT heavy, last_day FROM measured WHERE heavy IS NOT NULL ORDER BY at DESC LIMIT 1"
        ).fetchone()
        owner = connection.execute("SELECT region FROM room").fetchone()
    if row is None or owner is None:
        return None
    value = room.days(owner[0]).on(row[1]).library.value("guidance.heavy_share")
    return Heavy.read(row[0]), row[1], {"source": str(value.source.title)}


_ORDER = {"broken": 0, "unknown": 1, "kept": 2}


def _first(findings: Sequence[Finding | Followed]) -> str:
    """The promise first shown on the map: the first in the list that a map can tell."""
    reach = [
        f for f in findings if f.value is not None and (isinstance(f, Followed) or isinstance(f.promise, ReachPromise))
    ]
    return (reach or findings)[0].id


def promise(request: HttpRequest, region: str, promise_id: str) -> HttpResponse:
    here = held(request, region)
    if any(promise_id == f"{s.id}.{p.id}" for s, p in here.network.library.followed()):
        return live_view.promise(request, here, promise_id)
    finding = here.finding(promise_id)
    explained = here.explained(promise_id)
    return page(
        request, "promise.html", here="tower", region=here, finding=finding, e=explained, map=draw(here.map, finding),
        can_mend=_can_mend(finding), can_close=isinstance(finding.promise, ReachPromise) and finding.promise.mode != "transit",
        histogram=_bars(explained), regions=regions.all_regions(),
    )  # fmt: skip


def _can_mend(finding: Finding) -> bool:
    promise = finding.promise
    if isinstance(promise, ReachPromise):
        return promise.mode != "transit" and not (finding.value is None and finding.high - finding.low > 0.999)
    return (
        isinstance(promise, PresencePromise)
        and promise.each == "municipality"
        and not promise.serving
        and finding.value is not None
    )


def _bars(explained: Explanation) -> list[dict[str, object]]:
    """The histogram's rows with their heights."""
    if explained.histogram is None:
        return []
    most = max(explained.histogram["people"].to_list()) or 1.0
    return [
        {**row, "height": round(200 * row["people"] / most, 1)} for row in explained.histogram.iter_rows(named=True)
    ]


def mend(request: HttpRequest, region: str, promise_id: str) -> HttpResponse:
    """The asked mend: greedy at once (`quick`), and the proof as the page's second request."""
    here = held(request, region)
    here.finding(promise_id)
    question = request.GET.get("question", "restore")
    count = request.GET.get("count", "3")
    quick = request.GET.get("quick") == "1"
    faults = None
    found = None
    candidates = request.GET.get("candidates", "cells")
    started = time.perf_counter()
    try:
        if question not in ("restore", "open", "close") or not count.isdigit():
            raise BadInput()
        found = mended(
            here.ready, promise_id, candidates=candidates if candidates in ("cells", "centres", "units") else "cells",
            budget=int(count) if question == "open" else None, closures=int(count) if question == "close" else None, quick=quick,
        )  # fmt: skip
    except BadInput as error:
        faults = error.faults
    return page(
        request, "part_mend.html", region=here, promise_id=promise_id, found=found, faults=faults, quick=quick, question=question,
        count=count, candidates=candidates, seconds=time.perf_counter() - started,
        steps=[s.told(here.network) for s in found.plan.steps] if found else [],
    )  # fmt: skip
