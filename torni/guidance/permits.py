"""Who acts for a client, and what the client allows and forbids: as they stand, and the steps that change them.

A guardian acts for a minor, a proxy by authorisation; both come from a register as events, or an official writes them down. The client allows advisers to see
own data without a need at hand (consent), and forbids giving it to a producer or to guardians (restriction). A restriction holds until it is
lifted; an emergency opening goes past it, is marked, and is told to the client.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from torni.core.faults import Fault, bad_input
from torni.core.language import t
from torni.facts.door import local_day
from torni.guidance.case import Case, day_told
from torni.guidance.forms import raise_all
from torni.guidance.steps import SOURCE, Event, event

GUARDIANS = "guardians"
KINDS = ("guardian", "proxy")


@dataclass(frozen=True)
class Representative:
    """Who acts for the client: by which event, their client number as told, as what (guardian or proxy), since and until when."""

    position: int
    holder: str
    kind: str
    since: date
    until: date | None


@dataclass(frozen=True)
class Permits:
    """How they stand on the case's day: who acts for the client, consent as (since, until), whom the client has forbidden."""

    representatives: tuple[Representative, ...]
    consent: tuple[date, date | None] | None
    forbidden: tuple[tuple[str, date], ...]


def permits_of(case: Case) -> Permits:
    """The newest word of each kind, oldest first as they came."""
    people: dict[tuple[str, str], Representative] = {}
    consent: tuple[date, date | None] | None = None
    forbidden: dict[str, date] = {}
    for e in sorted(case.events, key=lambda e: (local_day(e.at), e.position)):  # as the database's own rule orders them
        data = e.data or {}
        on, until = local_day(e.at), day_told(data.get("until"))
        who = str(data.get("kind")), str(data.get("holder"))
        if e.type == "representative.named":
            people[who] = Representative(e.position, who[1], who[0], on, until)
        elif e.type == "representative.ended":
            people.pop(who, None)
        elif e.type == "consent.given":
            consent = on, until
        elif e.type == "consent.withdrawn":
            consent = None
        elif e.type == "restriction.set":
            forbidden[str(data.get("against"))] = on
        elif e.type == "restriction.lifted":
            forbidden.pop(str(data.get("against")), None)
    if consent and consent[1] and consent[1] < case.today:
        consent = None
    standing = tuple(p for p in people.values() if p.until is None or p.until >= case.today)
    return Permits(standing, consent, tuple(forbidden.items()))


def allow(case: Case, *, until: date | None, by: str, at: datetime) -> Event:
    """Advisers may see the client's data until a day, a year ahead at most."""
    faults = []
    if until is None or not case.today <= until:
        faults.append(Fault(t("the day"), t("is missing or past"), t("Write until which day you allow it.")))
    elif (until - case.today).days > 366:
        faults.append(Fault(t("the day"), t("is too far away"), t("A consent is given for a year at most.")))
    raise_all(faults)
    return _event(case, "consent.given", at, until=str(until), by=by)


def withdraw(case: Case, *, by: str, at: datetime) -> Event:
    if permits_of(case).consent is None:
        raise bad_input(t("the consent"), t("is not in force"), t("Look at the page again."))
    return _event(case, "consent.withdrawn", at, by=by)


def forbid(case: Case, against: str, *, known: Collection[str], by: str, at: datetime) -> Event:
    """The client's data are not given to a producer (`known` are those who may be named), or to guardians."""
    if against not in known:
        raise bad_input(t("whom it concerns"), t("is not chosen"), t("Choose one of the list."))
    if against in dict(permits_of(case).forbidden):
        raise bad_input(t("the restriction"), t("is in force already"), t("Look at the page again."))
    return _event(case, "restriction.set", at, against=against, by=by)


def lift(case: Case, against: str, *, by: str, at: datetime) -> Event:
    if against not in dict(permits_of(case).forbidden):
        raise bad_input(t("the restriction"), t("is not in force"), t("Look at the page again."))
    return _event(case, "restriction.lifted", at, against=against, by=by)


def represented(case: Case, holder: str, kind: str, *, until: date | None, by: str, at: datetime) -> Event:
    """Somebody, by their client number, acts for the client from now on. Whether the number is anybody's the door tells."""
    faults = []
    if not (holder.isascii() and holder.isdigit() and len(holder) < 19):
        faults.append(
            Fault(t("the representative"), t("is not a number"), t("Write the representative's client number."))
        )
    elif int(holder) == case.person.client:
        faults.append(
            Fault(t("the representative"), t("is the client"), t("Write the representative's client number."))
        )
    elif any((p.holder, p.kind) == (str(int(holder)), kind) for p in permits_of(case).representatives):
        faults.append(Fault(t("the representative"), t("acts for the client already"), t("Look at the page again.")))
    if kind not in KINDS:
        faults.append(Fault(t("as what"), t("is not chosen"), t("Choose one of the list.")))
    elif kind == "guardian" and (case.age is None or case.age >= 18):
        faults.append(Fault(t("as what"), t("does not fit: the client is not a minor"), t("Choose by authorisation.")))
    if until is not None and until < case.today:
        faults.append(Fault(t("the day"), t("is past"), t("Leave it empty, or write a later day.")))
    raise_all(faults)
    told = {"until": str(until)} if until else {}
    return _event(case, "representative.named", at, source=SOURCE, holder=str(int(holder)), kind=kind, by=by, **told)


def released(case: Case, named: Representative, *, by: str, at: datetime) -> Event:
    """Somebody acts for the client no longer."""
    return _event(case, "representative.ended", at, source=SOURCE, holder=named.holder, kind=named.kind, by=by)


def _event(case: Case, type_: str, at: datetime, *, source: str = "own", **data: str) -> Event:
    before = sum(e.type == type_ for e in case.events)  # the same may be said again later
    return event(type_, f"{case.person.client}/{data.get('against', '')}{data.get('holder', '')}/{before}", at, case.person.client, source=source, data=data)  # fmt: skip
