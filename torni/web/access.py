"""Who is at the browser, and which pages they may open: denied unless an address says otherwise (`urls.py`)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv6Network
from typing import Any
from urllib.parse import quote

import psycopg
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.crypto import salted_hmac
from psycopg_pool import PoolTimeout

from torni.facts import accounts
from torni.facts.access import Who, allows
from torni.facts.rights import who_may
from torni.web import record_room
from torni.web.rendering import link, page

HTTPS = os.environ.get("TORNI_HTTPS") == "1"
# behind https a name that a browser takes from no other host, no other path and no open connection
COOKIE = "__Host-torni_session" if HTTPS else "torni_session"
# that somebody has signed in here by a password: tries here are counted apart from a stranger's. It opens nothing.
KNOWN = f"{'__Host-' if HTTPS else ''}torni_known"
SECOND = os.environ.get("TORNI_SECOND_FACTOR") != "free"  # asked of whoever reads others' data, where facts are real
IDLE = timedelta(minutes=int(os.environ.get("TORNI_IDLE_MINUTES", accounts.IDLE // timedelta(minutes=1))))
MOST_NUMBER = 2**63
LONGEST_BACK = (
    1_500  # as an address is written within another: a redirect that is longer than 2,048 is refused by Django
)
log = logging.getLogger("torni.access")
View = Callable[..., HttpResponse]


def only(action: str, view: View, *, form: str | None = None) -> View:
    """The view for those who may do the action; others are asked to sign in, or told who may. `form`: what sending its form takes."""
    (
        who_may(action),
        who_may(form or action),
    )  # an action that nobody knows is a fault at the start, not at the first request

    @wraps(view)
    def guarded(request: HttpRequest, **parts: Any) -> HttpResponse:
        for needed in (action, form) if form and request.method == "POST" else (action,):
            if not allows(request.who, needed):
                return denied(request, needed)
        if any(isinstance(part, int) and part >= MOST_NUMBER for part in parts.values()):
            raise Http404  # of nothing here: no row has such a number, and the database knows no function of it
        return view(request, **parts)

    guarded.may, guarded.form = action, form  # type: ignore[attr-defined]
    return guarded


def is_short(there: str) -> bool:
    """May one be led there, as the address is written in a redirect?"""
    return len(quote(there, errors="replace")) < LONGEST_BACK


def denied(request: HttpRequest, action: str) -> HttpResponse:
    """To sign in first, where nobody has, or to take a second factor; else a page that tells who may."""
    if request.who is None and request.method in ("GET", "HEAD") and not request.headers.get("HX-Request"):
        there = request.get_full_path()
        return HttpResponseRedirect(link("sign-in", next=there) if is_short(there) else link("sign-in"))
    if (
        request.who is not None
        and request.who.unproven
        and request.method in ("GET", "HEAD")
        and not request.headers.get("HX-Request")
    ):
        return HttpResponseRedirect(link("me"))  # which tells what is to be done first
    if request.who is not None:
        log.info("%s may not open %s", request.who.role, request.resolver_match.route if request.resolver_match else "")
    written = _written(request) if request.who is None and request.method == "POST" else []
    return page(
        request, "denied.html", status=401 if request.who is None else 403, roles=who_may(action), written=written, files=bool(written and request.FILES)
    )  # fmt: skip


def _written(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form held that came after its session had ended: it goes back to the one who sent it, and nowhere else. No password."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if not any(secret in name for secret in ("password", "code"))
    ]


def who_of(cookies: Any, *, used: bool = True) -> Who | None:
    """Whose session the cookie is; nobody's where there is none, it has ended, or the room does not answer. `used`: by a reader, and not only
    looked at by a page that is open."""
    key = cookies.get(COOKIE, "")
    if not key or len(key) > 200 or not record_room.is_open():
        return None
    try:
        with record_room.gate() as connection:
            return accounts.of_session(connection, key, second=SECOND, idle=IDLE, used=used)
    except (psycopg.OperationalError, PoolTimeout):
        return None


def who_with(headers: list[tuple[bytes, bytes]]) -> Who | None:
    """Whose request it is by its bare headers, as a stream gets them."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(next((v.decode("latin-1") for k, v in headers if k == b"cookie"), ""))
    except CookieError:
        return None
    return who_of({k: v.value for k, v in jar.items()}, used=False)


def watches(headers: list[tuple[bytes, bytes]]) -> bool:
    """May the one with these headers watch the live tower?"""
    return allows(who_with(headers), "live_tower")


def let_in(request: HttpRequest, response: HttpResponse, who: Who, way: str) -> HttpResponse:
    """A new session for the account; an earlier one of this browser ends. `way`: password, provider or cast."""
    with record_room.gate() as connection:
        accounts.end_session(connection, request.COOKIES.get(COOKIE, ""))
        key = accounts.begin_session(connection, who, way)
    response.set_cookie(
        COOKIE, key, max_age=int(accounts.LASTS.total_seconds()), httponly=True, samesite="Lax", secure=HTTPS or request.is_secure()
    )  # fmt: skip
    return response


def origin_of(request: HttpRequest) -> accounts.Origin:
    """Whence a try to sign in comes. The address is kept as a digest that only this server can make."""
    place = request.META.get("REMOTE_ADDR", "")
    if ":" in place:  # whoever has one address of the new kind has a whole network of them
        with suppress(ValueError):
            place = str(IPv6Network(f"{place.partition('%')[0]}/64", strict=False))
    digest = salted_hmac("torni.place", place, algorithm="sha256").hexdigest() if place else ""
    return accounts.Origin(request.COOKIES.get(KNOWN, "")[:200], digest)


def remember(request: HttpRequest, response: HttpResponse, who: Who) -> HttpResponse:
    """The browser is known from now on as one of the account's."""
    with record_room.gate() as connection:
        if accounts.knows(connection, who, request.COOKIES.get(KNOWN, "")[:200]):
            return response
        key = accounts.know_browser(connection, who)
    response.set_cookie(
        KNOWN, key, max_age=int(accounts.KNOWN_FOR.total_seconds()), httponly=True, samesite="Lax", secure=HTTPS or request.is_secure()
    )  # fmt: skip
    return response


def let_out(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if record_room.is_open():
        with record_room.gate() as connection:
            accounts.end_session(connection, request.COOKIES.get(COOKIE, ""))
    response.delete_cookie(COOKIE)
    response["Clear-Site-Data"] = '"cache"'  # what the browser kept of answered forms goes with the session
    return response
