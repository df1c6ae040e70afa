"""Alerts: what must be looked at, whose each is and how it stands; one alert with what was done of it, and the forms of one more step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.promises.finding import LEVELS
from torni.services import regions
from torni.supervision import sentences
from torni.supervision.afterwards import afterwards
from torni.supervision.handling import Handled, find, step
from torni.tower.alerts import Listed, listed
from torni.tower.live import Live
from torni.web import record_room
from torni.web.rendering import link, page
from torni.web.store import Held, held
from torni.web.views import live as live_view

MOST = 500  # rows of a list: a year's closed alerts may be more


@dataclass(frozen=True)
class Row:
    """An alert as a list tells it."""

    alert: Handled
    text: str
    mark: str
    beyond: int
    more: int = 0  # others of the same promise, service or kind


def known(request: HttpRequest, here: Held, live: Live) -> Listed:
    """The alerts of a picture, with the steps that have come since, by what the one who asks may see."""
    with record_room.reading(request.who) as connection:
        return listed(
            connection, live, record_room.days(here.id).on(live.now.today).library, here.network.names, newest=True
        )


def rows(found: Listed, alerts: list[Handled]) -> list[Row]:
    return [Row(h, found.text(h), _mark(h), round(h.harm)) for h in alerts]


def worst(found: Listed, stand: Sequence[Handled], most: int) -> list[Row]:
    """Of each promise (and of demand, and of records) its worst alert by harm, and how many others it has."""
    groups: dict[tuple[str, str], list[Handled]] = {}
    for h in stand:
        groups.setdefault((h.subject.kind, "" if h.subject.kind == "records" else h.subject.of), []).append(h)
    heads = [(max(group, key=lambda h: h.harm), len(group) - 1) for group in groups.values()]
    heads.sort(key=lambda head: -head[0].harm)
    return [Row(h, found.text(h), _mark(h), round(h.harm), more) for h, more in heads[:most]]


def _mark(h: Handled) -> str:
    return "kept" if h.alert is None else "unknown" if h.subject.kind == "records" else "broken"


def alerts(request: HttpRequest, region: str) -> HttpResponse:
    """What stands or is being dealt with, or a part of all of a year: those that nobody has taken up first, by harm; and what was taken up and stands no more."""
    here, live = _live(request, region)
    found = known(request, here, live)
    kinds: list[tuple[str, str, Callable[[Handled], bool]]] = [
        ("", t("Standing or open"), lambda h: h.alert is not None or h.state == "taken_up"),
        ("own", t("My role's"), lambda h: h.owner == request.who.role),
        ("mine", t("Mine"), lambda h: h.state == "taken_up" and _account(h) == request.who.name),
        ("new", t("Not taken up"), lambda h: h.state == "new"),
        ("taken_up", t("Taken up"), lambda h: h.state == "taken_up"),
        ("closed", t("Closed"), lambda h: h.state in ("done", "set_aside")),
        ("gone", t("Stand no more"), lambda h: h.alert is None),
    ]
    wanted = request.GET.get("show", "")
    chosen = next((of for name, _label, of in kinds if name == wanted), kinds[0][2])
    return page(
        request, "alerts.html", here="alerts", region=here, regions=regions.all_regions(), live=live, words=sentences, show=wanted,
        rows=rows(found, [h for h in found.alerts if chosen(h)][:MOST]), known=request.GET.get("known", ""),
        filters=[(name, label, sum(map(of, found.alerts))) for name, label, of in kinds], stand=sum(h.alert is not None for h in found.alerts),
    )  # fmt: skip


def alert(request: HttpRequest, region: str, alert: str) -> HttpResponse:
    """One alert: what it is, whose, what was done of it and what came after. Its form does one step more."""
    here, live = _live(request, region)
    found = known(request, here, live)
    h = find(found.alerts, alert)
    if h is None:
        raise Http404
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _done(request, here, live, h)
        except BadInput as error:
            faults = error.faults
    finding = live.of(h.subject.of)
    library = record_room.days(here.id).on(live.now.today).library
    with record_room.reading(request.who) as connection:
        after = afterwards(connection, h, finding, live.now, live.register, library)
    return page(
        request, "alert.html", here="alerts", region=here, regions=regions.all_regions(), live=live, words=sentences, h=h, text=found.text(h),
        finding=finding, names={a.id: str(a.name) for a in h.actions}, sources=library.sources, after=sentences.afterwards_lines(after), acted=after.acted, faults=faults,
        level=h.subject.level if h.subject.level in LEVELS else None, known=request.GET.get("known", ""), status=400 if faults else 200,
        mine=_account(h) == request.who.name,
    )  # fmt: skip


def _done(request: HttpRequest, here: Held, live: Live, h: Handled) -> HttpResponse:
    """The form's step written; the page again, as it then is."""
    if live.now.past:
        raise BadInput(Fault(t("the step"), t("is done now, not on a past day"), t("Go to now.")))
    form = {k: request.POST.get(k, "") for k in ("do", "action", "text", "seen")}
    at = record_room.now()
    seen = int(form["seen"]) if form["seen"].isdecimal() and len(form["seen"]) < 9 else None
    event = step(h, form["do"], who=request.who, at=at, action=form["action"], text=form["text"], seen=seen)
    record_room.write([event], at=at, who=request.who)
    return HttpResponseRedirect(link(here, "alerts", h.id))


def _live(request: HttpRequest, region: str) -> tuple[Held, Live]:
    here = held(request, region)
    live = live_view.as_known(request, here)
    if live is None:
        raise Http404
    return here, live


def _account(h: Handled) -> str:
    """The account of who took it up last."""
    return next((s.account for s in reversed(h.episode.steps) if s.did == "taken_up"), "")
