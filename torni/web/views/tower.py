"""The tower (all promises and a map) and the promise page (one finding with all that it rests on)."""

from __future__ import annotations

import time

from django.http import HttpRequest, HttpResponse

from torni.core.faults import BadInput
from torni.network.explain import Explanation
from torni.network.mend import mend as mended
from torni.services import regions
from torni.services.finding import Finding
from torni.services.schema import PresencePromise, ReachPromise
from torni.web.maps import draw
from torni.web.rendering import page
from torni.web.store import Held, held

FILTERS = ("broken", "unknown", "kept", "reach", "presence", "feature")


def tower(request: HttpRequest, region: str) -> HttpResponse:
    here = held(request, region)
    shown = here.picture
    wanted = request.GET.get("show", "")
    listed = [f for f in shown.by_state() if not wanted or wanted in (f.state, f.kind)]
    chosen_id = request.GET.get("promise") or _first(listed or shown.by_state())
    chosen = here.finding(chosen_id)
    template = "part_map.html" if request.headers.get("HX-Request") else "tower.html"
    return page(
        request, template, here="tower", region=here, picture=shown, findings=listed, chosen=chosen,
        map=draw(here.map, chosen), show=wanted, filters=[(f, _count(here, f)) for f in FILTERS], regions=regions.all_regions(),
    )  # fmt: skip


def _first(findings: list[Finding]) -> str:
    """The promise first shown on the map: the first reach promise in the list, else the first of all."""
    reach = [f for f in findings if isinstance(f.promise, ReachPromise) and f.value is not None]
    return (reach or findings)[0].id


def _count(here: Held, name: str) -> int:
    return sum(name in (f.state, f.kind) for f in here.picture.findings)


def promise(request: HttpRequest, region: str, promise_id: str) -> HttpResponse:
    here = held(request, region)
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
