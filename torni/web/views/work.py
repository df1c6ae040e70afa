"""An adviser's or a case manager's worklist, ordered by what breaks a promise soonest; and a new need written down."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import BadInput, Fault
from torni.core.language import ngettext, t
from torni.facts import persons, rights, worklists
from torni.facts.access import Who
from torni.facts.door import HELSINKI, local_day
from torni.facts.rights import OWN_CLIENTS
from torni.guidance import steps
from torni.guidance.fees import CEILING, money
from torni.guidance.words import channel_of_need
from torni.promises.sums import EventPromise
from torni.services import regions
from torni.services.rules import Rules
from torni.supervision import words
from torni.web import room
from torni.web.rendering import link, page

LATELY = 14  # days: earlier visits that were not made are in the case


@dataclass(frozen=True)
class Line:
    """One row of the worklist: whose, what is to be done, by when, and why."""

    position: int
    name: str
    born: date | None
    task: str
    because: str
    due: date | None
    days: int

    @property
    def state(self) -> str:
        return "broken" if self.days < 0 else "unknown" if self.days <= 1 else "kept"


def work(request: HttpRequest, region: str) -> HttpResponse:
    """What waits, the soonest due first; each row opens the client's case."""
    here = room.own(request, region)
    at = room.now()
    today, who = local_day(at), request.who
    rules = room.days(here.id).on(today)
    with room.reading(who) as connection:
        own, late = _promises(rules, who)
        found = worklists.work(connection, list(own), late=list(late), today=today)
        mine = worklists.clients(connection)
        near = _near_ceiling(connection, rules, today) if who.how("worklist") == OWN_CLIENTS else []
    units = room.about()[2]
    lines = sorted([*_lines(found, {**own, **late}, today, units), *near], key=lambda line: line.days)
    return page(
        request, "work.html", here="work", region=here, regions=regions.all_regions(), lines=lines, mine=mine, words=words, today=today,
        most=len(found) == worklists.MOST, written=request.GET.get("written") == "1", late=sum(line.days < 0 for line in lines), soon=sum(0 <= line.days <= 1 for line in lines),
    )  # fmt: skip


def intake(request: HttpRequest, region: str) -> HttpResponse:
    """A need that came by telephone, by form, as a referral or from home: written down, and its case opened."""
    here = room.own(request, region)
    faults: tuple[Fault, ...] = ()
    given = {k: request.POST.get(k, "").strip() for k in ("client", "channel", "text", "once")}
    if request.method == "POST":
        try:
            position = _reported(request, given)
            to = link(here, "case", str(position)) if position else link(here, "worklist", written="1")
            return HttpResponseRedirect(to)
        except BadInput as error:
            faults = error.faults
    return page(
        request, "intake.html", here="intake", region=here, regions=regions.all_regions(), faults=faults, given=given, channels=steps.CHANNELS,
        channel_name=channel_of_need, once=given["once"] or secrets.token_hex(6), status=400 if faults else 200,
    )  # fmt: skip


def _reported(request: HttpRequest, given: dict[str, str]) -> int | None:
    """The need written down; the position of its event, where the one who wrote may open the case: a case manager only an own client's."""
    text = given["client"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput(Fault(t("the client"), t("is not a number"), t("Write the client's number.")))
    client, at = int(text), room.now()
    event = steps.report(
        client, channel=given["channel"], text=given["text"], by=request.who.shown, at=at, once=given["once"]
    )
    room.write([event], at=at)
    with room.reading(request.who) as connection:
        found = persons.read(connection, client=client, what="case", why="")
    return next((e.position for e in found.events if e.matter == event["matter"]), None) if found else None


def _promises(rules: Rules, who: Who) -> tuple[dict[str, EventPromise], dict[str, EventPromise]]:
    """The promises whose work is the role's own; and, of own clients, those of others that matter when they are late."""
    own, late = {}, {}
    for service, promise in rules.library.of_events():
        if promise.responsible == who.role:
            own[f"{service.id}.{promise.id}"] = promise
        elif promise.responsible and who.how("worklist") == OWN_CLIENTS:
            late[f"{service.id}.{promise.id}"] = promise
    return own, late


def _lines(
    found: list[worklists.Work], promises: dict[str, EventPromise], today: date, units: dict[str, str]
) -> Iterator[Line]:
    """A line for each task; a client's visits that were not made, lately and by one unit, are one."""
    gathered: dict[tuple[str, str | None, date | None, str | None], list[worklists.Work]] = {}
    for w in found:
        promise = promises[w.promise]
        if promise.responsible in rights.of("producer") and promise.by_visit:
            if (today - w.due).days <= LATELY:
                gathered.setdefault((w.promise, w.name, w.born, w.unit), []).append(w)
            continue
        theirs = promise.responsible in rights.of("producer")
        told = (promise.missed if theirs else promise.task) or promise.sentence
        unit = units.get(w.unit, w.unit) + ": " if theirs and w.unit else ""
        yield Line(
            w.position, w.name or "", w.born, str(told), unit + str(promise.sentence), w.due, (w.due - today).days
        )
    for (name, *_who), missed in gathered.items():
        promise, last = promises[name], missed[-1]
        because = ngettext("%(num)d visit in two weeks", "%(num)d visits in two weeks", len(missed)) % {
            "num": len(missed)
        }
        unit = units.get(last.unit or "", last.unit or "")
        yield Line(
            last.position,
            last.name or "",
            last.born,
            str(promise.missed or promise.sentence),
            f"{unit}: {because}",
            last.due,
            (last.due - today).days,
        )


def _near_ceiling(connection: Any, rules: Rules, today: date) -> list[Line]:
    """Own clients whose fees come near the year's ceiling, where the ceiling is known."""
    try:
        ceiling, near = rules.library.number(CEILING), rules.library.number("guidance.ceiling_near")
    except BadInput:
        return []
    counting = [name for name, formula in rules.formulas.items() if formula.definition.counts_towards_ceiling]
    since = datetime.combine(today.replace(month=1, day=1), time(0), HELSINKI)
    rows = worklists.fees_near(connection, since=since, cents=int(ceiling * near * 100), formulas=counting)
    return [
        Line(
            position, name or "", born, t("The yearly ceiling of fees is near: tell the client"),
            t("{sum} of {limit} this year", sum=money(cents / 100), limit=money(ceiling)), None, 30,
        )
        for position, name, born, cents in rows
    ]  # fmt: skip
