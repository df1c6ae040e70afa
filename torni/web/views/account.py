"""Signing in and out, and one's own page: the account, its second factor, and for a resident what is recorded of oneself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import astuple
from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from markupsafe import Markup

from torni.core.faults import BadInput, Fault
from torni.core.language import _
from torni.facts import accounts, persons
from torni.facts.access import Who
from torni.facts.accounts import Refused
from torni.facts.condition import region_of
from torni.facts.role_names import role_sees
from torni.supervision import sentences
from torni.web import provider as identity
from torni.web import record_room
from torni.web.access import COOKIE, is_short, let_in, let_out, origin_of, remember
from torni.web.menu import home
from torni.web.rendering import page
from torni.web.views.persons import shown_of

ASKED = "torni_asked"
log = logging.getLogger("torni.access")


def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; a demonstration's cast by one press each."""
    there = _there(request.POST.get("next") or request.GET.get("next", ""))
    if not record_room.is_open():
        return _form(request, refused="closed", status=200)
    refused: Refused | None = None
    if request.method == "POST":
        with record_room.gate() as connection:
            if request.POST.get("as"):
                found = accounts.of_the_cast(connection, request.POST["as"])
            else:
                found = accounts.by_password(
                    connection, request.POST.get("name", ""), request.POST.get("password", ""), request.POST.get("code", ""),
                    origin=origin_of(request),
                )  # fmt: skip
        if isinstance(found, Who):
            way = "cast" if request.POST.get("as") else "password"
            response = let_in(request, HttpResponseRedirect(there or _home(found)), found, way)
            return remember(request, response, found) if way == "password" else response
        refused = found
    with record_room.gate() as connection:
        cast = accounts.cast(connection)
    why = refused.why if refused else ""
    return _form(request, refused=why, there=there, cast=cast, name=request.POST.get("name", "")[:100], status=403 if why not in ("", "second") else 200)  # fmt: skip


def sign_out(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseRedirect("/")
    return let_out(request, HttpResponseRedirect("/"))


def provider(request: HttpRequest) -> HttpResponse:
    """To the identity provider; what must come back waits in a signed cookie."""
    if not identity.is_named() or not record_room.is_open():
        raise Http404
    asked = identity.Asked.new()
    try:
        response = HttpResponseRedirect(identity.address(asked, _back(request)))
    except identity.NotSignedIn as error:
        log.warning("the identity provider does not answer: %s", error)
        return _form(request, refused="provider")
    there = _there(request.GET.get("next", ""))
    response.set_cookie(
        ASKED, signing.dumps([*astuple(asked), there], salt=ASKED), max_age=600, httponly=True, samesite="Lax",
        path="/sign-in/", secure=request.is_secure(),
    )  # fmt: skip
    return response


def provider_back(request: HttpRequest) -> HttpResponse:
    """From the identity provider, with its word on who it is."""
    if not identity.is_named() or not record_room.is_open():
        raise Http404
    try:
        *parts, there = signing.loads(request.COOKIES.get(ASKED, ""), salt=ASKED, max_age=600)
        issuer, subject = identity.subject(
            identity.Asked(*parts), _back(request), state=request.GET.get("state", ""), code=request.GET.get("code", "")
        )
    except (signing.BadSignature, identity.NotSignedIn) as error:
        log.warning("not signed in by the identity provider: %s", error)
        return _form(request, refused="provider")
    with record_room.gate() as connection:
        found = accounts.by_provider(connection, issuer, subject)
    if not isinstance(found, Who):
        return _form(request, refused=found.why)
    response = let_in(request, HttpResponseRedirect(there or _home(found)), found, "provider")
    response.delete_cookie(ASKED, path="/sign-in/")
    return response


LINES_BACK = timedelta(days=60)


def me(request: HttpRequest) -> HttpResponse:
    """One's own page. Its forms: begin, take or drop the second factor; change the password."""
    who: Who = request.who
    told, secret = "", ""
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            told, secret = _changed(who, request)
        except BadInput as error:
            faults = error.faults
    with record_room.gate() as connection:
        second = accounts.has_second(connection, who)
        sessions = accounts.sessions(connection, who, request.COOKIES.get(COOKIE, ""))
        local = accounts.has_password(connection, who)
    own: dict[str, Any] = {}
    if who.may("own_services"):
        with record_room.reading(who) as connection:
            since = record_room.now() - LINES_BACK  # a year of visits is thousands of lines: the file has them all
            own["person"] = persons.read(connection, client=who.client, what="own", why="own data", visits_since=since)
            own["readings"] = persons.told_once(persons.readings(connection, who.client or 0))
        own |= shown_of(own["person"])
    return page(
        request, "me.html", here="me", told=told, secret=secret, faults=faults, sessions=sessions, second=second, local=local, role_sees=role_sees, words=sentences, own=own, picture=_picture(who, secret) if secret else "", reading_name=reading_name, reason_name=reason_name,
    )  # fmt: skip


def _changed(who: Who, request: HttpRequest) -> tuple[str, str]:
    """One change of what protects the account: what is told of it, and the second factor that still waits for its code."""
    do, given = request.POST.get("do", ""), request.POST
    if do == "begin":
        return "", accounts.new_second()
    if do == "others":
        with record_room.gate() as connection:
            accounts.end_others(connection, who, request.COOKIES.get(COOKIE, ""))
        return _("Your other sessions have ended."), ""
    proof: dict[str, Any] = {
        "password": given.get("password", ""), "code": given.get("code", ""), "session": request.COOKIES.get(COOKIE, ""),
        "origin": origin_of(request),
    }  # fmt: skip
    with record_room.gate() as connection:
        if do == "take":
            secret = given.get("secret", "")
            refused = accounts.take_second(connection, who, secret, given.get("new_code", ""), **proof)
            if refused:
                return _not_changed(refused), secret if accounts.is_second(secret) else ""
            return _(
                "The second factor is in use: from now on its code is asked for too. Other sessions have ended."
            ), ""
        if do == "drop":
            refused = accounts.drop_second(connection, who, **proof)
            return _not_changed(refused) or _("The second factor is no longer in use. Other sessions have ended."), ""
        if do == "password":
            refused = accounts.change_password(connection, who, given.get("new", ""), **proof)
            return _not_changed(refused) or _("The password is changed. Other sessions have ended."), ""
    return "", ""


def _not_changed(refused: Refused | None) -> str:
    """Why nothing was changed; empty where it was."""
    if refused is None:
        return ""
    return {
        "later": _("Nothing was changed. Too many wrong tries with this name. Try again in a quarter of an hour."),
        "new": _("Nothing was changed. The new authenticator's code is not right. Look at the newest one."),
    }.get(refused.why) or _("Nothing was changed. The password or the code is not right. A code is good once: wait for the next one.")  # fmt: skip


def everything(request: HttpRequest) -> HttpResponse:
    """All that is held of the resident who asks, as the law gives it to them."""
    who: Who = request.who
    with record_room.reading(who) as connection:
        found = persons.own_export(connection, who.client or 0)
    if found is None:
        raise Http404
    response = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = 'attachment; filename="everything.json"'
    response["Cache-Control"] = "no-store"
    return response


def reading_name(what: str) -> str:
    """What was read, as the resident is told."""
    return {
        "events": _("what happened"), "export": _("everything, given out"), "proof": _("proof of an event, given out"), "refused": _("a record refused at the door"), "own": _("own data"),
        "worklist": _("the name, in a worklist"), "search": _("the name, in a search"), "case": _("the case as a whole"), "assess": _("the assessment"), "decide": _("what the decision rests on"),
        "letter": _("the decision letter"), "plan": _("the plan"), "fhir": _("the plan, by the producer's own system"),
    }.get(what, what)  # fmt: skip


def reason_name(why: str) -> str:
    """Why it was read: what gives the right is told in the reader's language, a reason of one's own as it was written."""
    return {
        "own client": _("own client"), "need reported": _("a need was reported"), "new need": _("a new need was written down"), "supervision": _("supervision"), "fees": _("fees"), "own data": _("own data"), "consent": _("the client's consent"), "guardian": _("as a guardian"), "proxy": _("by authorisation"),
    }.get(why, why)  # fmt: skip


def _picture(who: Who, secret: str) -> Markup:
    """The secret as a picture for an authenticator, as SVG without a style of its own."""
    import segno

    code = segno.make(accounts.address_of_second(who, secret), error="m")
    return Markup(code.svg_inline(scale=4, border=2, omitsize=True, svgclass=None, lineclass=None))  # noqa: S704 - our own drawing


def _form(
    request: HttpRequest, *, refused: str, there: str = "", cast: Sequence[Who] = (), name: str = "", status: int = 403
) -> HttpResponse:
    return page(
        request, "sign_in.html", here="sign-in", there=there, cast=cast, refused=refused, name=name, role_sees=role_sees, status=status,
        provider=identity.name() if identity.is_named() else None,
    )  # fmt: skip


def _back(request: HttpRequest) -> str:
    return str(request.build_absolute_uri("/sign-in/provider/back/"))


def _there(path: str) -> str:
    safe = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if safe and is_short(path) else ""


def _home(who: Who) -> str:
    """Where each begins: own work."""
    with record_room.gate() as connection:
        return home(who, region_of(connection) or "")
