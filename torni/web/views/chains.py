"""Service chains: each drawn from its definition, with what has really happened along it, and where it leaks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from torni.engines.chains import MeasuredChain
from torni.promises.small import fewest, is_few
from torni.services import regions
from torni.services.chain import chains
from torni.supervision import sentences
from torni.supervision.chains import OVER_DAYS, newest
from torni.web import record_room
from torni.web.chain_drawing import draw, step_names
from torni.web.rendering import page
from torni.web.store import held
from torni.web.views.live import sees_small


def index(request: HttpRequest, region: str) -> HttpResponse:
    """Every chain of the region's definitions; for staff, measured on the newest snapshot of the record room."""
    here = held(request, region)
    library = here.network.library
    told: dict[str, Any] = {}
    invented = None
    last = at = None
    if request.who is not None and request.who.may("live_tower") and record_room.is_of(here.id):
        with record_room.reading(request.who) as connection:
            told, last, at = newest(connection)
        invented = record_room.invented()
    shown = []
    for name, chain in chains(library).items():
        found = told.get(name)
        measured = MeasuredChain.read(found, chain.chain) if found and found.get("version") == chain.version else None
        if measured and request.who and not sees_small(request.who) and is_few(measured.instances, fewest(library)):
            measured = None  # a chain of a few is of somebody
        shown.append((chain, measured, draw(chain, measured), step_names(chain)))
    return page(
        request, "chains.html", here="chains", region=here, regions=regions.all_regions(), shown=shown, last=last, at=at, words=sentences, over=OVER_DAYS,
        library=library, invented=invented,
    )  # fmt: skip
