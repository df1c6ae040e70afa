"""What a word finds: services, promises, units and producers for everybody; clients for those who may ask for them.

The word comes by a form and is never in an address, so that a client's name or number stays out of logs and histories. A client
found is not opened: the press leads to the page where the reason is asked.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from torni.facts import worklists
from torni.network.search import LONGEST, Hit, Unit
from torni.network.search import search as find
from torni.services import regions
from torni.supervision.known_sums import units as units_of
from torni.web import record_room
from torni.web.rendering import link, page
from torni.web.store import Held, held


def search(request: HttpRequest, region: str) -> HttpResponse:
    here = held(request, region)
    text = request.POST.get("text", "").strip()[:LONGEST]
    units: list[Unit] = []
    clients: list[Any] = []
    if text and record_room.is_of(here.id):
        if not here.real_only:
            with record_room.reading(None) as connection:
                units = [Unit(u, n, (k,), p or "", m or "") for u, n, k, p, m in units_of(connection).rows()]
        if request.who is not None and request.who.may("person"):
            with record_room.reading(request.who) as connection:
                clients = worklists.sought(connection, text)
    found = find(here.network, text, units=units)
    return page(
        request, "search.html", here="search", region=here, regions=regions.all_regions(), text=text, found=found, clients=clients,
        leads=lambda hit: leads(here, hit), least=worklists.LEAST_LETTERS, most=worklists.MOST_SOUGHT,
    )  # fmt: skip


def leads(here: Held, hit: Hit) -> str:
    """Where a thing found is looked at: a unit on the map of a promise that counts its kind, else with what its kind of service is."""
    library = here.network.library
    if hit.kind == "service":
        return link(here, "sapluuna", hit.id, "content")
    if hit.kind == "promise":
        return link(here, "promise", hit.id)
    counting = next(
        (f for f in here.findings if f.promise.by_road and f.promise.counts and f.promise.counts.kind == hit.of), None
    )
    if counting is not None:
        return link(here, "network", promise=counting.id)
    return link(here, "sapluuna", hit.of, "content") if hit.of in library.services else link(here, "network")
