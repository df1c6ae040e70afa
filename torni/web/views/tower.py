"""The tower (all promises and a map) and the promise page (one finding with all that it rests on)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse

from torni.core.faults import BadInput
from torni.core.language import t
from torni.facts import worklists
from torni.network.explain import Explanation
from torni.network.mend import mend as mended
from torni.promises.finding import Finding
from torni.promises.kinds import labels
from torni.promises.restoring import restoring
from torni.promises.small import fewest
from torni.services import regions
from torni.supervision import sentences
from torni.supervision.heavy_users import newest
from torni.supervision.measure import clients_behind
from torni.tower.finding_texts import restoring_lines
from torni.tower.live import Live, Turned, trend
from torni.tower.picture import ORDER
from torni.web import record_room
from torni.web.maps import draw
from torni.web.rendering import page
from torni.web.store import Held, held
from torni.web.views import alerts as alerts_view
from torni.web.views import live as live_view

STATES = ("broken", "unknown", "kept")
MOST_ALERTS, MOST_EDGE, MOST_TURNED = 5, 5, 4  # so many lines of each on the first screen


def tower(request: HttpRequest, region: str) -> HttpResponse:
    """Every promise, broken first: those of the map and those of what happens; a map of the chosen one."""
    here = held(request, region)
    live = live_view.picture(request, here)
    shown = live_view.whole(request, here, live)
    every = sorted(
        shown.findings,
        key=lambda f: (f.kept_back, ORDER[f.state], f.promise.reads == "network", -(f.affected or 0)),
    )
    wanted = request.GET.get("show", "")
    listed = [
        f
        for f in every
        if not wanted or wanted in (_state(f), f.kind) or (wanted == "guidance" and f.promise.of_guidance)
    ]
    chosen = shown.of(request.GET.get("promise") or _first(listed or every))
    if chosen is None:
        raise Http404
    emergencies = 0
    if live and request.who.may("emergencies"):
        with record_room.reading(request.who) as connection:
            emergencies = len(worklists.emergencies(connection))
    template = "part_map.html" if request.headers.get("HX-Request") else "tower.html"
    counts = {state: sum(_state(f) == state for f in every) for state in STATES}
    filters = [(name, label, sum(name in (_state(x), x.kind) for x in every)) for name, label in _filters()]
    filters.insert(3, ("guidance", t("From need to service"), sum(f.promise.of_guidance for f in every)))
    heavy = None
    if live and wanted == "guidance" and request.who.may("live_tower"):
        with record_room.reading(request.who) as connection:
            heavy = newest(connection, record_room.days(here.id).on)
        if heavy and not live_view.sees_small(request.who):
            heavy = (heavy[0].for_all(fewest(here.network.library)), *heavy[1:])
    first = _first_screen(request, here, live) if live and not wanted and template == "tower.html" else None
    return page(
        request, template, first=first, here="tower", region=here, picture=shown, findings=listed, chosen=chosen, live=live, counts=counts,
        map=draw(here.map, chosen), most_turned=MOST_TURNED, show=wanted, filters=filters, all=len(every), words=sentences, known=request.GET.get("known", ""),
        watched=live is None and not here.real_only and record_room.is_of(here.id), moment_field=sentences.moment_text(live.now.at) if live else "", spending=live_view.spending(here, live) if live else [],
        regions=regions.all_regions(), emergencies=emergencies, heavy=heavy,
    )  # fmt: skip


@dataclass(frozen=True)
class Since:
    """What has turned since a moment: the first of what broke and of what was mended, and how many more; `known`: was anything known then?"""

    label: str
    known: bool
    turned: Turned


@dataclass(frozen=True)
class First:
    """The first screen: what has turned, whose the worst alerts are, and what is nearest to turning."""

    since: tuple[Since, ...]
    alerts: tuple[alerts_view.Row, ...]
    stand: int
    new: int
    edge: tuple[Finding, ...]


def _first_screen(request: HttpRequest, here: Held, live: Live) -> First:
    moments = (
        (t("Since yesterday"), live.yesterday), (t("In a week"), live.week_ago), (t("In a year"), record_room.year_ago(here.id, live))
    )  # fmt: skip
    found = alerts_view.known(request, here, live)
    stand = [h for h in found.alerts if h.alert]
    return First(
        tuple(Since(label, bool(then), live.turned(then)) for label, then in moments),
        tuple(alerts_view.worst(found, stand, MOST_ALERTS)), len(stand), sum(h.state == "new" for h in stand),
        tuple(sorted((f for f in live.found if f.margin), key=_edge)[:MOST_EDGE]),
    )  # fmt: skip


def _edge(f: Finding) -> tuple[bool, bool, float]:
    """What is called to break soon, then the broken, then by the chance of breaking within four weeks."""
    m = f.margin
    assert m is not None
    chance = m.foretold.within_28 if m.foretold and not m.broken else None
    return not m.breaks_soon, not m.broken, -(chance or 0.0)


def _state(finding: Finding) -> str:
    """What it is counted as: what is kept back from the one who asks is none of the three."""
    return "" if finding.kept_back else finding.state


def _filters() -> list[tuple[str, str]]:
    """What the list may be narrowed to: a state, or a kind of promise."""
    return [("broken", t("Broken")), ("unknown", t("Cannot be told")), ("kept", t("Kept")), *labels().items()]


def _first(findings: Sequence[Finding]) -> str:
    """The promise first shown on the map: the first in the list that a map can tell."""
    told = [f for f in findings if f.value is not None and (f.promise.trip or f.promise.reads == "events")]
    return (told or findings)[0].id


def promise(request: HttpRequest, region: str, promise_id: str) -> HttpResponse:
    """One promise: its value now and before, for whom and where it does not hold, what would mend it, and what it rests on."""
    here = held(request, region)
    live = live_view.picture(request, here)
    finding = live_view.whole(request, here, live).of(promise_id)
    if finding is None:
        raise Http404
    measured = live if live and finding.promise.reads == "events" else None
    library = record_room.days(here.id).on(measured.now.today).library if measured else here.network.library
    explained = here.explained(finding, measured, library)
    weeks, clients = [], None
    if measured:
        with record_room.reading(request.who) as connection:
            clients = clients_behind(connection, finding, measured.now, measured.register)
    if measured and finding.promise.weekly:
        with record_room.reading(request.who) as connection:
            weeks = live_view.weeks_of(trend(connection, promise_id, finding.last, now=measured.now), finding)
    return page(
        request, "promise.html", here="tower", region=here, finding=finding, e=explained, map=draw(here.map, finding), live=measured, words=sentences,
        can_mend=finding.promise.mended_by is not None and finding.high - finding.low <= 0.999, can_close=finding.promise.mended_by == "sites",
        histogram=_bars(explained), weeks=weeks, clients=clients, has_room=record_room.is_of(here.id), change=measured.change(promise_id) if measured else (None, None),
        told=[x for x in live_view.told_alerts(here, measured, 12) if x.id == promise_id] if measured else [],
        known=request.GET.get("known", ""), regions=regions.all_regions(), owner=library.alerting.of("promise", finding.promise)[0],
        restored=_restored(here, measured, finding) if measured and finding.state == "broken" else [],
    )  # fmt: skip


def _restored(here: Held, live: Live, finding: Finding) -> list[str]:
    told = restoring(finding)
    return restoring_lines(told, lambda group: live.place(told.level, group, here.network.names))


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
