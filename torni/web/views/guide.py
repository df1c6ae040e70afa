"""Advice for a resident or a relative, without an account: what one is likely to get, what it would cost, how soon, and where.

From the same rules and measures as the official's pages, marked as advice. What is written stays on the page: nothing is kept, and
nothing of it is in an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from torni.core.faults import BadInput, Fault
from torni.guidance import paid_by, proposal_of
from torni.guidance.assessing import plain_number
from torni.guidance.client import client_of
from torni.guidance.proposal import Proposal
from torni.network.choosing import seen_from
from torni.producers import vouchers
from torni.promises.finding import Finding
from torni.services import regions
from torni.web import record_room
from torni.web.rendering import page
from torni.web.store import Held, held
from torni.web.views.case import WORDS, units_at_home
from torni.web.views.decide import WORDS as DECIDING

FORM = "advice"
LEAST = 20  # fewer events tell of persons, not of a unit: then nothing is shown
NEAREST = 12


@dataclass(frozen=True)
class Unit:
    """A unit to compare: how far, how large, and how it has kept its promises (by promise: the share, of how many)."""

    name: str
    municipality: str
    size: str
    producer: str
    minutes: float | None
    invented: bool
    measured: Mapping[str, tuple[float, int]]


def guide(request: HttpRequest, region: str) -> HttpResponse:
    """The questions, and after them the likely services and the units to choose from."""
    here = held(request, region)
    form = here.rules.forms[FORM]
    given = {k: v.strip() for k, v in request.POST.items() if isinstance(v, str) and v.strip()}
    faults: tuple[Fault, ...] = ()
    found: list[Proposal] | None = None
    asked = [name for section in form.sections for name in section.fields]
    if request.method == "POST":
        try:
            facts = {n: plain_number(given[n], here.rules.fields[n]) for n in asked if n in given}
            client = client_of(facts, here.rules)
            found = [proposal_of(here.rules, name, client) for name in here.rules.granting]
            found.sort(key=lambda d: ["granted", "undecided", "refused"].index(d.verdict))
        except BadInput as error:
            faults = error.faults
    there = set(here.network.units["kinds"].explode())
    kinds = [(k, str(v.name)) for k, v in here.network.library.unit_kinds.items() if k in there]
    kind = given.get("kind") or (kinds[0][0] if kinds else "")
    home = given.get("municipality", "")
    columns, nearest = _units(here, home, kind) if home and any(k == kind for k, _n in kinds) else ([], [])
    offers = _offers(here, found or [], home)
    return page(
        request, "guide.html", offers=offers, names=record_room.about()[2] if offers else {}, here="guide", region=here, regions=regions.all_regions(), form=form, given=given, faults=faults, found=found,
        fields=here.rules.fields, definitions=here.rules.definitions, kinds=kinds, kind=kind, columns=columns, units=nearest, waits=_waits(here),
        least=LEAST, status=400 if faults else 200, **{**DECIDING, **WORDS},
    )  # fmt: skip


def _offers(here: Held, found: list[Proposal], home: str) -> dict[str, list[vouchers.Offer]]:
    """What each approved producer would cost, of the services that a voucher may pay for and whose voucher can be reckoned."""
    worth = {d.granting.service.id: v for d in found if (v := d.values.get("voucher")) and v.amount is not None}
    if not worth or not record_room.is_of(here.id):
        return {}
    hours = paid_by.whole_hours(found[0].client)
    out = {}
    with record_room.reading(None) as connection:
        near = units_at_home(connection, home)
        for service, value in worth.items():
            prices = vouchers.prices(connection, service)
            if prices and value.amount is not None:
                cents, unit = int(value.amount * 100), value.formula.definition.unit
                out[service] = vouchers.offers(cents, unit, hours, prices, near=near)
    return out


def _waits(here: Held) -> dict[str, list[tuple[str, float | None]]]:
    """How soon each service is promised, and how the promise holds now where that is measured."""
    live = record_room.lately(here.id)
    out: dict[str, list[tuple[str, float | None]]] = {}
    for service, promise in here.network.library.of_events():
        if promise.kind == "wait":
            measured = live.of(f"{service.id}.{promise.id}") if live else None
            out.setdefault(service.id, []).append((str(promise.sentence), measured.value if measured else None))
    return out


def _units(here: Held, municipality: str, kind: str) -> tuple[list[tuple[str, str]], list[Unit]]:
    """The nearest units, with what has been measured of each: waits and feedback, where there is enough of it."""
    rows = seen_from(here.network, municipality, kind).head(NEAREST)
    live = record_room.lately(here.id)
    promises: list[Finding] = [f for f in live.found if f.kind in ("measure", "wait")] if live else []
    by_unit: dict[str, dict[str, tuple[float, int]]] = {}
    for f in promises:
        for g in f.groups("unit"):
            if g.total >= LEAST:
                by_unit.setdefault(g.group.removesuffix(f"-{kind}"), {})[f.id] = (g.met / g.total, g.total)
    units = [
        Unit(
            row["name"], row["municipality"], row["size"] or "", row["producer"] or "", row["minutes"], bool(row.get("invented")),
            by_unit.get(row["unit_id"], {}),
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    told = {name for unit in units for name in unit.measured}
    columns: list[tuple[str, Any]] = [(f.id, f.promise.sentence) for f in promises if f.id in told]
    return [(name, str(sentence)) for name, sentence in columns], units
