"""Pages that belong to no region: the start, the language, the data and its licences."""

from __future__ import annotations

import psycopg
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from psycopg_pool import PoolTimeout

from torni.core.language import LANGUAGES
from torni.network.explain import sources_of_data
from torni.services import regions
from torni.web import record_room
from torni.web.access import is_short
from torni.web.menu import home
from torni.web.rendering import FIRST, page


def start(request: HttpRequest) -> HttpResponse:
    """The chosen region's tower (of the list in the page's head); else one's own work, or the room's tower; a demonstration begins by
    asking who looks."""
    who = request.who
    if "region" not in request.GET and record_room.is_open():
        if who is None and record_room.has_cast():
            return HttpResponseRedirect("/sign-in/")
        if who is not None:
            return HttpResponseRedirect(home(who, record_room.about()[0]))
    wanted = request.GET.get("region") or (record_room.about()[0] if record_room.is_open() else FIRST)
    return HttpResponseRedirect(f"/{regions.find(wanted).id}/")


def choose_language(request: HttpRequest, code: str) -> HttpResponse:
    there = request.GET.get("next", "/")
    safe = url_has_allowed_host_and_scheme(there, allowed_hosts=None) and there.startswith("/") and is_short(there)
    response = HttpResponseRedirect(there if safe else "/")
    if code in LANGUAGES:
        response.set_cookie("language", code, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response


def data(request: HttpRequest) -> HttpResponse:
    return page(request, "data.html", sources=sources_of_data().to_dicts(), here="data")


def health(request: HttpRequest) -> HttpResponse:
    """Whether this server serves, and of its record room: how new, how far behind the tallies are, whether the invented year
    is all there. 503 when the room does not answer, when its tallies stand still (what the pages show is then old), and when nothing is
    recorded because the clock seems to have jumped."""
    if not record_room.is_open():
        return JsonResponse({"ok": True, "room": None})
    try:
        told = record_room.health()
    except (psycopg.Error, PoolTimeout):
        return JsonResponse({"ok": False, "room": None}, status=503)
    ok = not (told["standing_still"] or told["clock_doubted"])
    return JsonResponse({"ok": ok, "room": told}, status=200 if ok else 503)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, "fault.html", faults=None, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    return page(request, "fault.html", faults=None, status=500)
