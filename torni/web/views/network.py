"""The network page: try a change, see every promise again, keep, compare, share and download it. All in the link."""

from __future__ import annotations

import json
import time

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from markupsafe import Markup

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts import senders
from torni.network.cost import cost_of
from torni.network.explain import nearest_seconds
from torni.network.export import geojson, workbook
from torni.network.plan import NetworkPlan, parse, place_of
from torni.network.what_if import NOTICED_S, WhatIf, what_if
from torni.promises.ground import counted_units
from torni.promises.promise import Trip
from torni.services import regions
from torni.services.history import NETWORK_PLAN
from torni.services.proposing import put_forward as propose
from torni.web import record_room
from torni.web.maps import RegionMap
from torni.web.rendering import link, page
from torni.web.store import Held, held

LONGEST = 4_000
MOST_COMPARED = 4


def network(request: HttpRequest, region: str) -> HttpResponse:
    here = held(request, region)
    started = time.perf_counter()
    plan, faults = _plan(request, here)
    found = what_if(here.ready, plan, before=here.findings)
    promise_id = request.GET.get("promise") or "centre.s_within_30_min"
    reach = [f for f in here.findings if f.promise.by_road]
    if promise_id not in {f.id for f in reach}:
        promise_id = reach[0].id
    chosen = here.finding(promise_id)
    trip = chosen.promise.trip
    assert trip is not None
    overlay, gains, losses = _overlay(here.map, here, found, trip)
    part = bool(request.headers.get("HX-Request"))
    layers, bands = (Markup(), []) if part else here.map.reach(trip, nearest_seconds(here.ready, trip))
    steps = [
        (i, s.told(here.ready if s.verb != "open" else found.network), plan.without(i))
        for i, s in enumerate(plan.steps)
    ]
    kinds = {
        k: str(v.name)
        for k, v in here.network.library.unit_kinds.items()
        if any(f.promise.counts and f.promise.counts.kind == k for f in here.findings)
    }
    return page(
        request, "part_network.html" if part else "network.html", here="network", region=here, plan=plan, faults=faults,
        found=found, steps=steps, changed=[c for c in found.changes if c.moved or c.flips], chosen=chosen, reach=reach,
        layers=layers, bands=bands, overlay=overlay, gains=gains, losses=losses, units=_choices(found), kinds=kinds,
        minutes=found.minutes.filter(found.minutes["promise"] == promise_id).sort(["lose", "gain"], descending=True).to_dicts(),
        ages=found.minutes_by_age.filter(found.minutes_by_age["promise"] == promise_id).to_dicts(),
        cost=cost_of(found, here.ready) if plan.steps else None, compared=_others(request), seconds=time.perf_counter() - started, regions=regions.all_regions(), part=part,
    )  # fmt: skip


def put_forward(request: HttpRequest, region: str) -> HttpResponse:
    """A plan proposed to the council as any change is: its steps in words, its people and euros, and what of them is not known."""
    if request.method != "POST":
        raise Http404
    here = held(request, region)
    plan, faults = _plan_of(request.POST.get("plan", "")[:LONGEST], request.POST.get("name", "")[:80], here)
    why = request.POST.get("why", "").strip()
    if not faults and not plan.steps:
        faults = (Fault(t("the plan"), t("has no steps"), t("Try a change first.")),)
    if not faults and len(why) < 10:
        faults = (Fault(t("the reason"), t("is missing or too short"), t("Write at least {n} letters.", n=10)),)
    if not faults:
        found = what_if(here.ready, plan, before=here.findings)
        cost = cost_of(found, here.ready)
        first = plan.steps[0]
        figures = {
            "nearer": _most(found, "gain"),
            "farther": _most(found, "lose"),
            "population": here.network.library.whole_version,
        }
        if cost.units is not None:
            figures["organiser_eur_year"] = round(cost.units)
        if cost.travel is not None:
            figures["travel_eur_year"] = round(cost.travel)
        if cost.unknown:
            figures["unknown"] = [[text.message, text.values] for text in cost.unknown]
        try:
            with record_room.door() as door:
                made = propose(
                    door, here.id, kind=NETWORK_PLAN, name=plan.name or str(first.told(found.network if first.verb == "open" else here.ready)), why=why, text=str(plan), diff=(), by=request.who.shown,
                    at=record_room.now(), figures=figures, sender=senders.account(request.who),
                )  # fmt: skip
            return HttpResponseRedirect(link(here, "changes", made.id))
        except BadInput as error:
            faults = error.faults
    return page(request, "fault.html", region=here, faults=faults, status=400)


def _most(found: WhatIf, way: str) -> int:
    """The residents whose trip changes this way, in the promise in which they are most."""
    return round(max((float(rows[way].sum()) for _key, rows in found.minutes.group_by("promise")), default=0.0))


def _plan_of(text: str, name: str, here: Held) -> tuple[NetworkPlan, tuple[Fault, ...]]:
    try:
        return parse(text, here.ready, name=name), ()
    except BadInput as error:
        return NetworkPlan(name=name), error.faults


def _plan(request: HttpRequest, here: Held) -> tuple[NetworkPlan, tuple[Fault, ...]]:
    """The link's plan and the form's one further step. A faulty step is told and left out; the plan stays."""
    text, name = request.GET.get("plan", "")[:LONGEST], request.GET.get("name", "")[:80]
    plan, faults = _plan_of(text, name, here)
    if faults:
        return plan, faults
    step = _new_step(request, here)
    if not step:
        return plan, ()
    try:
        return parse("; ".join(filter(None, [str(plan), step])), here.ready, name=name), ()
    except BadInput as error:
        return plan, error.faults


def _new_step(request: HttpRequest, here: Held) -> str:
    """The step that the form describes, in the plan's own words."""
    asked = {
        k: request.GET.get(k, "").strip().replace(";", "") for k in ("verb", "unit", "kind", "size", "at", "hours")
    }
    if not asked["verb"]:
        return ""
    point = asked["at"]
    if point.startswith("map:"):  # a click: the drawing's own units
        try:
            px, py = (float(v) for v in point.removeprefix("map:").split(","))
        except ValueError:
            return f"open {point}"
        lon, lat = place_of(*here.map.metres(px, py))
        point = f"{lon:.5f},{lat:.5f}"
    match asked["verb"]:
        case "open":
            return f"open {point},{asked['kind']}" + (f",{asked['size']}" if asked["size"] else "")
        case "move":
            return f"move {asked['unit']} {point}"
        case "resize":
            return f"resize {asked['unit']} {asked['size']}"
        case "hours":
            return f"hours {asked['unit']} {asked['hours']}"
        case "close":
            return f"close {asked['unit']}"
    return str(asked["verb"])


def _overlay(region: RegionMap, here: Held, found: WhatIf, promise: Trip) -> tuple[Markup, int, int]:
    """Cells that gain or lose a minute or more, closed and open units; and how many people gain and lose."""
    before, after = (
        nearest_seconds(here.ready, promise).astype(int),
        nearest_seconds(found.network, promise).astype(int),
    )
    change = after - before
    people = here.network.people(promise.population)
    gain, lose = change <= -NOTICED_S, change >= NOTICED_S
    layers = region.cells([("gain", gain), ("lose", lose)])
    was = here.ready.units[counted_units(here.ready, promise.unit).sure]
    now = found.network.units[counted_units(found.network, promise.unit).sure]
    gone = was.join(now, on=["unit_id", "x", "y"], how="anti")
    new = now.join(was, on=["unit_id", "x", "y"], how="anti")
    layers += (
        region.units(now.join(new, on=["unit_id", "x", "y"], how="anti"))
        + region.units(gone, "gone")
        + region.units(new, "new")
    )
    return layers, round(float(people[gain].sum())), round(float(people[lose].sum()))


def _choices(found: WhatIf) -> list[tuple[str, str]]:
    """Units that a step may name, by their names."""
    kinds = {k: str(v.name) for k, v in found.network.library.unit_kinds.items()}
    rows = found.network.units.select("unit_id", "name", "kinds", "size").iter_rows()
    told = [
        (unit, f"{name} ({', '.join(kinds[k] for k in own)}{' ' + size if size else ''})")
        for unit, name, own, size in rows
    ]
    return sorted(told, key=lambda u: u[1])


def _others(request: HttpRequest) -> list[str]:
    return [p[:LONGEST] for p in request.GET.getlist("with")][:MOST_COMPARED]


def compare(request: HttpRequest, region: str) -> HttpResponse:
    """Plans side by side. Each `with` is `name|plan`."""
    here = held(request, region)
    plans: list[NetworkPlan] = []
    faults: list[Fault] = []
    for i, text in enumerate(_others(request)):
        name, _, body = text.rpartition("|")
        try:
            plans.append(parse(body, here.ready, name=name or f"{i + 1}"))
        except BadInput as error:
            faults += error.faults
    found = [what_if(here.ready, plan, before=here.findings) for plan in plans]
    rows = []
    for i, before in enumerate(here.findings):
        if any(f.changes[i].moved or f.changes[i].flips for f in found):
            rows.append((before, [f.changes[i] for f in found]))
    steps = [[s.told(here.ready if s.verb != "open" else f.network) for s in f.plan.steps] for f in found]
    return page(
        request, "compare.html", here="network", region=here, found=list(zip(found, steps, strict=True)), rows=rows,
        faults=faults, regions=regions.all_regions(),
    )  # fmt: skip


def download(request: HttpRequest, region: str, form: str) -> HttpResponse:
    here = held(request, region)
    if form not in ("xlsx", "csv", "geojson"):
        raise Http404
    found = what_if(here.ready, parse(request.GET.get("plan", "")[:LONGEST], here.ready), before=here.findings)
    kinds = {
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "csv": "text/csv; charset=utf-8",
        "geojson": "application/geo+json",
    }
    body: str | bytes
    if form == "xlsx":
        body = workbook(found)
    elif form == "csv":
        body = "\ufeff" + found.table().write_csv()
    else:
        body = json.dumps(geojson(found), ensure_ascii=False)
    response = HttpResponse(body, content_type=kinds[form])
    response["Content-Disposition"] = f'attachment; filename="{here.id}-plan.{form}"'
    return response
