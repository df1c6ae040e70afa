"""Promises about what happens: one promise on a page, the rows behind its number, and two moments side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse

from torni.core.faults import bad_input
from torni.core.language import Message, euros_text, t
from torni.facts.access import Who
from torni.facts.rights import ALL, CHARGED, OWN_UNITS
from torni.promises.finding import FOR_STAFF, LEVELS, NO_ROOM, Finding
from torni.promises.promise import Promise
from torni.promises.rows import MOST, Row
from torni.services import regions
from torni.supervision import sentences
from torni.supervision.alerts import Alert
from torni.supervision.known_sums import read_moment
from torni.supervision.measure import clients_behind, rows_behind
from torni.tower.live import Live
from torni.tower.picture import Picture
from torni.web import record_room
from torni.web.rendering import page
from torni.web.spark import foot_of
from torni.web.store import Held, held


def picture(request: HttpRequest, here: Held) -> Live | None:
    """The live picture that the page is about: now, or as known at the query's moment. What happens to people is for staff."""
    may = request.who is not None and request.who.may("live_tower")
    return as_known(request, here) if may and not here.real_only else None


def as_known(request: HttpRequest, here: Held) -> Live | None:
    """The same of a page that is about what happens alone (alerts): leaving the map's invented units out leaves it as it is. Small
    numbers are in it for those who may see them alone."""
    asked = request.GET.get("known", "").strip()
    found = record_room.picture(here.id, read_moment(asked) if asked else None)
    if asked and found is None and record_room.is_open():
        raise bad_input(t("the moment"), t("nothing was known yet on {day}", day=asked), t("Ask for a later moment."))
    if found is None or sees_small(request.who):
        return found
    return found.for_charges if request.who.may("small_sums") else found.for_all


def sees_small(who: Who, promise: Promise | None = None) -> bool:
    """May small numbers be shown to the one who asks: of every promise, or of this one?"""
    how = who.how("small_sums")
    return how in (ALL, OWN_UNITS) or (how == CHARGED and promise is not None and promise.of_charges)


def whole(request: HttpRequest, here: Held, live: Live | None) -> Picture:
    """Every promise's finding, by what the one who asks may know of what happens."""
    return here.picture(live.found, NO_ROOM) if live else here.picture(None, _untold(request, here))


def _untold(request: HttpRequest, here: Held) -> Message:
    """Why nothing can be told of what happens to the one who asks."""
    if here.real_only:
        return Message("what happens is invented, and is left out here")
    if not record_room.is_of(here.id):
        return NO_ROOM
    return (
        FOR_STAFF if request.who is None or not request.who.may("live_tower") else Message("nothing has been recorded")
    )


@dataclass(frozen=True)
class ToldAlerts:
    """One alert group as the page tells it: the first sentences and how many more."""

    id: str
    kind: str
    sentences: tuple[str, ...]
    more: int


def told_alerts(here: Held, live: Live, most: int = 3) -> list[ToldAlerts]:
    """The alerts by promise, records first, each with its first places; a fault of a producer before that of its units."""
    groups: dict[tuple[str, str], list[Alert]] = {}
    for alert in live.alerts:
        groups.setdefault((alert.kind, alert.id if alert.kind != "records" else ""), []).append(alert)
    out = []
    order = {"region": 0, "producer": 1, "municipality": 2, "unit": 3}
    for (kind, id_), found in groups.items():
        found.sort(key=lambda a: (order[a.level], -a.missed))
        out.append(
            ToldAlerts(id_, kind, tuple(_sentence(here, live, a) for a in found[:most]), max(0, len(found) - most))
        )
    return out


def _sentence(here: Held, live: Live, alert: Alert) -> str:
    service = alert.id.partition(".")[0]
    named = here.network.library.services.get(service)
    return sentences.alert_told(
        alert,
        live.of(alert.id),
        live.place(alert.level, alert.where, here.network.names),
        str(named.name) if named else "",
    )


@dataclass(frozen=True)
class Spending:
    """What one service has cost this year, invoiced and expected, of what may have accrued by now; and where the year is going."""

    id: str
    service: str
    state: str
    value: float
    accrued: str
    expected: str
    by_now: str
    forecast: str
    forecast_range: str
    appropriation: str


def spending(here: Held, live: Live) -> list[Spending]:
    return [
        Spending(
            f.id, str(here.network.library.services[f.service].name), f.state, f.value, euros_text(f.accrued.total),
            euros_text(f.accrued.expected), euros_text(f.accrued.allowed), *sentences.forecast_cell(f.accrued), euros_text(f.accrued.appropriation),
        )
        for f in live.found
        if f.accrued and f.value
    ]  # fmt: skip


def weeks_of(rows: list[tuple[date, int, int]], f: Finding) -> list[dict[str, Any]]:
    """Each week's share for the chart, for the promises that are a share of events."""
    shares = [(day, total, met / total) for day, total, met in rows if total > 0]
    if not shares:
        return []
    least = foot_of([s for _, _, s in shares], f.target)
    scale = 200 / max(1e-9, 1.0 - least)
    return [
        {"day": day, "total": total, "share": share, "height": max(3.0, round((share - least) * scale, 1)), "goal": round((f.target - least) * scale, 1), "kept": share >= f.target, "least": least}
        for day, total, share in shares
    ]  # fmt: skip


def rows(request: HttpRequest, region: str, promise_id: str) -> HttpResponse:
    """The rows behind a number: what was missed, late or wrong, newest first. No client is named here; a producer sees its own."""
    here = held(request, region, of_events=True)
    live = as_known(request, here)
    found = live.of(promise_id) if live else None
    if live is None or found is None:
        raise Http404
    level = next((level for level in LEVELS if request.GET.get(level)), None)
    group = request.GET.get(level, "") if level else ""
    hidden = any(g.hidden for g in found.groups(level) if g.group == group) if level else False
    listed: list[Row] = []
    clients = None
    if not hidden:
        with record_room.reading(request.who) as connection:
            listed = rows_behind(connection, found, live.now, live.register, level, group)
            clients = clients_behind(connection, found, live.now, live.register, level, group)
    cut = not sees_small(request.who, found.promise)
    if cut:
        listed = [without_few(row, found) for row in listed]
    return page(
        request, "rows.html", here="tower", region=here, live=live, f=found, words=sentences, rows=listed, clients=clients, hidden=hidden, cut=cut, most=MOST, level=level,
        place=live.place(level, group, here.network.names) if level else "", names=here.network.names,
        unit_names=live.unit_names, regions=regions.all_regions(),
        known=request.GET.get("known", ""),
    )  # fmt: skip


def without_few(row: Row, f: Finding) -> Row:
    """The row of a client without its unit and municipality, but where the sums of these are told: a row alone would tell of somebody."""
    told = {level: {g.group for g in f.groups(level) if not g.hidden} for level in LEVELS}
    place = row.municipality if row.municipality in told["municipality"] else ""
    return replace(row, unit=row.unit if row.unit in told["unit"] else "", municipality=place) if row.of_person else row


def own(request: HttpRequest, region: str) -> HttpResponse:
    """A producer's own promises: what holds in its units, and nothing of others."""
    here = held(request, region)
    live, producer = record_room.picture(here.id), request.who.producer
    lines = []
    unit = request.who.unit  # its head sees the unit alone
    units = {unit} if unit else set(live.register.filter(pl.col("producer") == producer)["unit"]) if live else set()
    for f in live.found if live else ():
        mine = next((g for g in f.by["unit" if unit else "producer"] if g.group == (unit or producer)), None)
        if mine:
            lines.append((f, mine, [g for g in f.by["unit"] if g.group in units]))
    lines.sort(key=lambda line: (line[1].kept is not False, line[1].kept is None))
    return page(
        request, "own.html", here="own", region=here, live=live, lines=lines, words=sentences, producer=producer, known="", regions=regions.all_regions()
    )  # fmt: skip


def compare(request: HttpRequest, region: str) -> HttpResponse:
    """Two moments side by side: what each promise was known to be then."""
    here = held(request, region, of_events=True)
    newest = record_room.picture(here.id)
    if newest is None:
        raise Http404
    first, second = (request.GET.get(n, "").strip() for n in ("first", "second"))
    week_before = newest.now.at.replace(second=0, microsecond=0) - timedelta(
        days=7
    )  # the minute: kept for the next who looks
    one = record_room.picture(here.id, read_moment(first) if first else week_before)
    two = record_room.picture(here.id, read_moment(second)) if second else newest
    if one is None or two is None:
        raise bad_input(t("the moment"), t("nothing was known yet on {day}", day=first), t("Ask for a later moment."))
    pairs = [(a, b) for a in one.found for b in two.found if a.id == b.id]
    pairs.sort(
        key=lambda p: (
            p[0].state == p[1].state,
            p[0].value is None or p[1].value is None or -abs(p[1].value - p[0].value),
        )
    )
    return page(
        request, "compare_moments.html", here="moments", region=here, one=one, two=two, pairs=pairs, words=sentences,
        regions=regions.all_regions(), first=sentences.moment_text(one.now.at), second=sentences.moment_text(two.now.at),
    )  # fmt: skip
