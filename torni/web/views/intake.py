"""A new need written down: the client found by name, number or identity code, or registered where nobody such is in the register.

What is sought and who is found go by forms, never in an address. Without a client found yet the page is its search; the need is written
of one of those found, or of a new client, in one step.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import in_order, t
from torni.facts import persons, worklists
from torni.facts.door import local_day
from torni.guidance import registering, steps
from torni.guidance.state_names import channel_of_need
from torni.network.search import LONGEST
from torni.services import regions
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import link, page
from torni.web.store import Held

NEW = "new"
_FIELDS = (
    "sought", "client", "channel", "text", "once", "name", "identity", "born", "municipality", "protected", "language", "surely",
)  # fmt: skip


@dataclass(frozen=True)
class Sought:
    """What was sought, and who was found. `same`: those of the register who have the name and the day of birth of the new client."""

    text: str = ""
    found: tuple[worklists.Known, ...] = ()
    same: tuple[worklists.Known, ...] = ()


def intake(request: HttpRequest, region: str) -> HttpResponse:
    """The search, and after it the need's form; written down, its case opens."""
    here = record_room.own(request, region)
    faults: tuple[Fault, ...] = ()
    sought = Sought()
    given = {k: request.POST.get(k, "").strip() for k in _FIELDS}
    if request.method == "POST":
        try:
            sought = _sought(request, given["sought"][:LONGEST])
            if request.POST.get("do") != "find":
                position = _reported(request, here, given, sought)
                to = link(here, "case", str(position)) if position else link(here, "worklist", written="1")
                return HttpResponseRedirect(to)
        except _PerhapsThere as error:
            faults, sought = error.faults, error.sought
        except BadInput as error:
            faults = error.faults
    if registering.looks_like_identity(sought.text) and not given["identity"]:
        given["identity"] = sought.text.upper()
    elif request.POST.get("do") == "find" and not sought.found and not re.search("[0-9]", sought.text):
        given["name"] = given["name"] or sought.text  # who is not found by name is registered by it, and written once
    return page(
        request, "intake.html", here="intake", region=here, regions=regions.all_regions(), faults=faults, given=given, channels=steps.CHANNELS,
        channel_name=channel_of_need, once=given["once"] or secrets.token_hex(6), sought=sought, asked=request.method == "POST", new=NEW,
        municipalities=municipalities(here), languages=registering.LANGUAGES, language_name=registering.language_name, most=worklists.MOST_SOUGHT, words=sentences,
        invented=record_room.has_cast(), status=400 if faults else 200,
    )  # fmt: skip


class _PerhapsThere(BadInput):
    """Somebody of the same name and day of birth is in the register: shown, and asked whether it is another."""

    def __init__(self, sought: Sought) -> None:
        where = t("the new client")
        super().__init__(Fault(where, t("is perhaps in the register already"), t("Choose the client of the list, or say that it is another.")))  # fmt: skip
        self.sought = sought


def municipalities(here: Held) -> list[tuple[str, str]]:
    """The region's municipalities by number and name, in the order of the alphabet."""
    codes = set(here.network.population.municipality.tolist())
    found = [(code, str(name)) for code, name in here.network.names.items() if code in codes]
    return sorted(found, key=lambda one: in_order(one[1]))


def _sought(request: HttpRequest, text: str) -> Sought:
    if not text:
        return Sought()
    identity = registering.identity_of(text).code if registering.looks_like_identity(text) else ""
    with record_room.reading(request.who) as connection:
        return Sought(text, tuple(worklists.known(connection, text, identity=identity)))


def _reported(request: HttpRequest, here: Held, given: dict[str, str], sought: Sought) -> int | None:
    """The need written down; the position of its event, where the one who wrote may open the case: a case manager only an own client's."""
    at = record_room.now()

    def need(client: int) -> steps.Event:
        return steps.report(
            client, channel=given["channel"], text=given["text"], by=request.who.shown, at=at, once=given["once"]
        )

    if given["client"] == NEW:
        client = _registered(request, here, given, sought, need, at)
    else:
        if not (given["client"].isascii() and given["client"].isdigit() and len(given["client"]) < 19):
            raise BadInput(Fault(t("the client"), t("is not chosen"), t("Seek the client by name or number, and choose one of those found.")))  # fmt: skip
        client = int(given["client"])
        record_room.write([need(client)], at=at, who=request.who)
    matter = need(client)["matter"]
    with record_room.reading(request.who) as connection:
        found = persons.read(connection, client=client, what="case", why="")
    return next((e.position for e in found.events if e.matter == matter), None) if found else None


def _registered(
    request: HttpRequest, here: Held, given: Mapping[str, str], sought: Sought, need: Callable[[int], steps.Event],
    at: datetime,
) -> int:  # fmt: skip
    """A new client registered with the need, both or neither; the client's number."""
    faults: list[Fault] = []
    new = None
    try:
        new = registering.read(given, dict(municipalities(here)), today=local_day(at))
    except BadInput as error:
        faults += error.faults
    try:
        need(0)
    except BadInput as error:
        faults += error.faults
    if new is None or faults:
        raise BadInput(*faults)
    if not new.identity and given["surely"] != "yes":  # whoever has a code is known by it
        with record_room.reading(request.who) as connection:
            same = tuple(k for k in worklists.known(connection, new.name) if k.born == new.born)
        if same:
            raise _PerhapsThere(Sought(sought.text, sought.found, same))
    client = record_room.write_of_new(
        new.identity, lambda number: [registering.register(new, number, by=request.who.shown, at=at), need(number)], at=at,
        who=request.who,
    )  # fmt: skip
    if client is None:
        raise BadInput(Fault(t("the identity code"), t("is in the register already"), t("Seek the client by the identity code.")))  # fmt: skip
    return client
