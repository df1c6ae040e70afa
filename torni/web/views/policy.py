"""What browsers tell of a page that tried what our policy forbids: a fault of ours, or somebody's script in our page.

A report comes from whoever likes to send one, with addresses that may hold anything. So only what it was about is kept, in words of our own: which part of the
policy, what sort of source, on which of our routes. It is counted for the operator (`--metrics`), and written to the server's log once of each sort.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from torni.core.bounds import Unreadable, read_json
from torni.web.metrics import FORBIDDEN

LONGEST = 16 * 2**10  # bytes of a report: a browser's own is below two thousand
MOST_KINDS = 200  # that a process counts apart: routes times directives are more than any fault of ours makes
DIRECTIVES = frozenset({
    "default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "img-src", "font-src", "connect-src", "media-src",
    "object-src", "frame-src", "child-src", "worker-src", "manifest-src", "form-action", "base-uri", "frame-ancestors",
})  # fmt: skip
SOURCES = frozenset({"inline", "eval", "wasm-eval", "data", "blob"})
_known: set[tuple[str, str, str]] = set()
log = logging.getLogger("torni.policy")


def forbidden(request: HttpRequest) -> HttpResponse:
    """Takes a browser's report; answers the same whatever it holds, for nobody reads the answer."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        if int(request.headers.get("Content-Length") or 0) > LONGEST:
            return HttpResponse(status=413)
        found = read_json(request.body[:LONGEST])
    except (Unreadable, RequestDataTooBig, ValueError):
        return HttpResponse(status=400)
    told = found.get("csp-report") if isinstance(found, dict) else None
    if isinstance(told, dict):
        _count(_kind(told))
    return HttpResponse(status=204)


def _count(kind: tuple[str, str, str]) -> None:
    if kind not in _known:
        if len(_known) >= MOST_KINDS:
            kind = ("other", "other", "other")
        else:
            log.warning("a page tried what its policy forbids: %s %s on %s", *kind)
        _known.add(kind)
    FORBIDDEN.labels(*kind).inc()


def _kind(told: dict[str, Any]) -> tuple[str, str, str]:
    """Which part of the policy, what sort of source, on which route: each a word of ours, never one of the report's."""
    directive = str(told.get("effective-directive") or told.get("violated-directive") or "").split(" ")[0]
    blocked = str(told.get("blocked-uri") or "")
    sort = blocked if blocked in SOURCES else "elsewhere" if ":" in blocked else "other"
    try:
        route = str(resolve(urlsplit(str(told.get("document-uri") or "")).path).route) or "/"
    except (Resolver404, ValueError):
        route = "none"
    return directive if directive in DIRECTIVES else "other", sort, route
