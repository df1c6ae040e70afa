"""Pages that belong to no region: the start, the language, the data and its licences."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme

from torni.core.language import LANGUAGES
from torni.network.explain import sources_of_data
from torni.services import regions
from torni.web.rendering import page

HOME = "keski-suomi"


def start(request: HttpRequest) -> HttpResponse:
    """The chosen region's tower; a region is chosen from the list in the page's head."""
    wanted = request.GET.get("region", HOME)
    return HttpResponseRedirect(f"/{regions.find(wanted).id}/")


def choose_language(request: HttpRequest, code: str) -> HttpResponse:
    there = request.GET.get("next", "/")
    safe = url_has_allowed_host_and_scheme(there, allowed_hosts=None) and there.startswith("/")
    response = HttpResponseRedirect(there if safe else "/")
    if code in LANGUAGES:
        response.set_cookie("language", code, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response


def data(request: HttpRequest) -> HttpResponse:
    return page(request, "data.html", sources=sources_of_data().to_dicts(), here="data")


def health(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"ok": True})


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, "fault.html", faults=None, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    return page(request, "fault.html", faults=None, status=500)
