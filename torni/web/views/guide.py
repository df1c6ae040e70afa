"""Advice for a resident or a relative, without an account: what one is likely to get, what it would cost, how soon, and where.

From the same rules and measures as the official's pages, marked as advice. What is written stays on the page: nothing is kept, and
nothing of it is in an address.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse

from torni.core.faults import BadInput, Fault
from torni.core.language import choose, in_order
from torni.engines.rules.tree import Field
from torni.guidance import paid_by, proposal_of
from torni.guidance.client import client_of
from torni.guidance.letter_grounds import inside, reasons
from torni.guidance.proposal import Proposal
from torni.producers import vouchers
from torni.promises.small import fewest_compared
from torni.services import regions
from torni.web import record_room
from torni.web.compared import compared
from torni.web.rendering import page
from torni.web.store import Held, held
from torni.web.views.case import WORDS, units_at_home
from torni.web.views.decide import WORDS as DECIDING

FORM = "advice"


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
            facts = {n: given[n] for n in asked if n in given}
            client = client_of(facts, here.rules)
            found = [proposal_of(here.rules, name, client) for name in here.rules.granting]
            found.sort(key=lambda d: ["granted", "undecided", "refused"].index(d.verdict))
        except BadInput as error:
            faults = error.faults
    kinds = _choices(here)
    kind = given.get("kind") or (kinds[0][0] if kinds else "")
    home = given.get("municipality", "")
    offers = _offers(here, found or [], home)
    priced = offers.get(kind) or _prices(here, kind)
    least = fewest_compared(here.network.library)
    columns, nearest = compared(here, kind, home, priced, least=least) if home in here.network.municipality_codes and kind in dict(kinds) else ([], [])  # fmt: skip
    likely = [inside(str(d.granting.service.name)) for d in found or [] if d.verdict == "granted"]
    return page(
        request, "guide.html", offers=offers, names=record_room.about()[2] if offers else {}, here="guide", region=here, regions=regions.all_regions(), form=form, given=given, faults=faults, found=found,
        fields=here.rules.fields, definitions=here.rules.definitions, kinds=kinds, kind=kind, columns=columns, units=nearest, waits=_waits(here),
        municipalities=_in_order(here, here.rules.fields["municipality"]), likely_services=likely, reasons=reasons, spoken=_spoken(here.rules.fields.get("language")),
        least=least, status=400 if faults else 200, **{**DECIDING, **WORDS},
    )  # fmt: skip


def _choices(here: Held) -> list[tuple[str, str]]:
    """What one may compare the producers of: the kinds of units that the region has, and the services that a voucher may pay for."""
    there = set(here.network.units["kinds"].explode())
    kinds = [(k, str(v.name)) for k, v in here.network.library.unit_kinds.items() if k in there]
    paid = [
        (name, str(service.name))
        for name, service in here.network.library.services.items()
        if service.channels.voucher and service.channels.voucher.open and name not in there
    ]
    return [*kinds, *paid]


def _in_order(here: Held, field: Field) -> list[str]:
    """The region's municipalities in the order of the alphabet."""
    own = [code for code in here.network.municipality_codes if code in field.codes]
    return sorted(own, key=lambda code: in_order(choose(field.code_labels[code])))


def _spoken(field: Field | None) -> dict[str, str]:
    return {code: choose(told) for code, told in field.code_labels.items()} if field else {}


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


def _prices(here: Held, service: str) -> Sequence[vouchers.Offer]:
    """The approved producers and their prices where no voucher can be reckoned yet: no own share is told."""
    if not record_room.is_of(here.id):
        return []
    with record_room.reading(None) as connection:
        return [vouchers.Offer(unit, cents, None, None) for unit, cents in vouchers.prices(connection, service).items()]


def _waits(here: Held) -> dict[str, list[tuple[str, float | None]]]:
    """How soon each service is promised, and how the promise holds now where that is measured."""
    live = record_room.lately(here.id)
    out: dict[str, list[tuple[str, float | None]]] = {}
    for service, promise in here.network.library.of_events():
        if promise.kind == "wait":
            measured = live.of(f"{service.id}.{promise.id}") if live else None
            out.setdefault(service.id, []).append((str(promise.sentence), measured.value if measured else None))
    return out
