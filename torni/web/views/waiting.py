"""Own work of those who have no worklist of clients: what waits to be approved, mended or looked at, and what the tower warns of."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from torni.services import change_log, regions
from torni.tower.waiting import waiting as what_waits
from torni.web import record_room
from torni.web.rendering import page
from torni.web.views import changes, live


def waiting(request: HttpRequest, region: str) -> HttpResponse:
    change_log.forget()  # another process of the server may have written a moment ago
    here = record_room.own(request, region)
    shown = live.picture(request, here)
    with record_room.reading(request.who) as connection:
        found = what_waits(connection, request.who, here.id)
    alerts = live.told_alerts(here, shown, 1) if shown else []
    return page(
        request,
        "waiting.html",
        here="waiting",
        region=here,
        regions=regions.all_regions(),
        found=found,
        alerts=alerts,
        invented=shown.invented if shown else None,
        **changes.words(here),
    )
