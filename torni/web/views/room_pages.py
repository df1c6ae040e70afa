"""The pages that the rooms bring: each asks its room's function, shows what it returns by the room's template, and does what its form asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.brought import Page, found
from torni.facts.asked import Asked
from torni.services import regions
from torni.supervision import sentences
from torni.web import record_room
from torni.web.access import View
from torni.web.rendering import link, page


def view_of(declared: Page) -> View:
    """The view of a page; the names in its declaration are resolved now, at the start."""
    shows, sends = found(declared.shows), found(declared.sends or declared.shows)

    def shown(request: HttpRequest, region: str, **parts: Any) -> HttpResponse:
        here = record_room.own(request, region)
        values, asked = _ask(request, here.id, parts, shows)
        if values is None:
            raise Http404
        return page(
            request, declared.template, here=declared.here, region=here, regions=regions.all_regions(), words=sentences,
            **{"units": asked.units, "services": asked.services, **values},
        )  # fmt: skip

    def with_form(request: HttpRequest, region: str, **parts: Any) -> HttpResponse:
        if request.method == "POST":
            here = record_room.own(request, region)
            return HttpResponseRedirect(link(here, *_ask(request, here.id, parts, sends)[0]))
        return shown(request, region, **parts)

    return with_form if declared.sends else shown


def _ask(request: HttpRequest, region: str, parts: dict[str, Any], of: Callable[[Asked], Any]) -> tuple[Any, Asked]:
    _region, day, units = record_room.about()
    services = {k: str(v.name) for k, v in record_room.days(region).on(day).library.services.items()}
    with record_room.reading(request.who) as connection:
        asked = Asked(request.who, connection, region, day, units, services, parts, request.POST.dict())
        return of(asked), asked
