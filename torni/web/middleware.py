"""What every answer gets: the reader's language, safe headers, and a fault as a page instead of a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed, JsonResponse
from django.urls import Resolver404, resolve

from torni.core.faults import BadInput
from torni.core.language import LANGUAGES, speaking
from torni.guidance.fhir import outcome
from torni.web.access import who_of
from torni.web.metrics import FAULTS, route_of
from torni.web.rendering import page

Handler = Callable[[HttpRequest], HttpResponse]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /policy-reports"
)
log = logging.getLogger("torni.web")


class SafePages:
    """Strict headers on everything, static files too; forms only where there are some, and from these pages alone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse
        try:
            request.get_host()  # other hosts' names are refused, so that no outside page can read this one under its own
        except DisallowedHost:
            response = HttpResponseBadRequest()
        else:
            response = self.get_response(request) if _allowed(request) else _not_allowed(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)  # a letter brings its own, stricter one
        response["Permissions-Policy"] = "geolocation=(), camera=(), microphone=()"
        response["X-Frame-Options"] = "DENY"
        return response


def _not_allowed(request: HttpRequest) -> HttpResponse:
    """405; a machine at the FHIR edge is told so in its own form."""
    if not request.path.startswith("/fhir/"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    told = outcome([(f"{request.method} is not for this address", "")], "not-supported")
    return JsonResponse(told, status=405, headers={"Allow": "GET, HEAD"}, content_type="application/fhir+json; charset=utf-8")  # fmt: skip


def _allowed(request: HttpRequest) -> bool:
    """Reading everywhere; sending a form only where there is one, and only from these pages themselves.

    Another site's page cannot send a form here: the browser names the sender's origin, which must be this host's.
    """
    if request.method in ("GET", "HEAD"):
        return True
    if request.method == "POST" and request.path == "/policy-reports":
        return True  # a browser sends it by itself, with its cookies and no origin; it changes nothing of anybody's
    if (request.method == "POST" and request.path == "/events") or (
        request.method == "PUT" and request.path.startswith("/fhir/Task/")
    ):
        return not request.headers.get("Cookie")  # a machine's door, by its key alone: no browser sends that unasked
    if request.method != "POST" or not _has_form(request.path):
        return False
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin" if origin else "")
    return bool(origin == f"{request.scheme}://{request.get_host()}" and site == "same-origin")


def _has_form(path: str) -> bool:
    """Does the address say that it takes a form (`urls.py`)?"""
    try:
        return getattr(resolve(path).func, "form", None) is not None
    except Resolver404:
        return False


class Reader:
    """The page in the reader's language; what the reader can mend is told on a page of its own."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = request.COOKIES.get("language", "")
        with speaking(language if language in LANGUAGES else _preferred(request)):
            request.who = who_of(request.COOKIES)
            response = self.get_response(request)
            response["Vary"] = "Cookie, Accept-Language, HX-Request"
            if request.who is not None:
                # Nobody else's browser or proxy keeps it. What answers a form the own browser may keep, until signing out: going back
                # to it would else end in the browser's own error page, for the form is not sent again unasked.
                kept = "private, no-cache" if request.method == "POST" else "private, no-store"
                response.headers.setdefault("Cache-Control", kept)
            return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, BadInput):
            return page(request, "fault.html", faults=error.faults, status=400)
        if isinstance(error, Http404):
            return page(request, "fault.html", faults=None, status=404)
        FAULTS.labels(route_of(request), type(error).__name__).inc()
        log.error("a page failed: %s", route_of(request), exc_info=error)
        return page(request, "fault.html", faults=None, status=500)


def _preferred(request: HttpRequest) -> str:
    for part in request.headers.get("Accept-Language", "").split(","):
        name = part.split(";")[0].strip()[:2].lower()
        if name in LANGUAGES:
            return str(name)
    return "fi"
