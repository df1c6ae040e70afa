"""Enrolment in a centre or a dental unit of one's choice: how often one may choose, when it takes effect, and whether the list has room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.engines.rules.sentences import day as day_text
from torni.facts import worklists
from torni.facts.door import local_day
from torni.facts.opening import Connection
from torni.facts.persons import ClientEvent
from torni.guidance.case import Case
from torni.guidance.steps import Event, event
from torni.services.rules import Rules

RegisterRow = tuple[str, str, str, str, str]  # unit, name, kind, producer, municipality


@dataclass(frozen=True)
class Enrolled:
    """Where the client is enrolled for a service, since when, and from which day another may be chosen."""

    service: str
    unit: str
    since: date
    may_change: date
    position: int = 0  # the event's of the choice


def enrolled(case: Case, service: str, rules: Rules) -> Enrolled | None:
    """The enrolment in force; None where there is none."""
    found: ClientEvent | None = None
    for e in sorted(case.events, key=lambda e: (e.at, e.position)):
        if e.service == service and e.type == "enrolment.began":
            found = e
        elif e.service == service and e.type == "enrolment.ended" and found and found.unit == e.unit:
            found = None
    if found is None:
        return None
    since = local_day(found.at)
    return Enrolled(
        service,
        found.unit or "",
        since,
        since + timedelta(days=int(rules.library.number("enrolment.change_days"))),
        found.position,
    )


def listed_services(rules: Rules) -> list[tuple[str, str]]:
    """The services that one enrols in, and the promise that holds each one's lists."""
    return [(s.id, f"{s.id}.{p.id}") for s, p in rules.library.of_events() if p.kind == "list"]


@dataclass(frozen=True)
class Choice:
    """A service that one enrols in: where the client is, and each unit with its name and how much room its list has."""

    service: str
    now: Enrolled | None
    units: tuple[tuple[str, str, int], ...]


def choices(connection: Connection, case: Case, rules: Rules, register: Sequence[RegisterRow]) -> list[Choice]:
    """What the client may choose among, the units of the home municipality first, then by name. `register`: unit, name, kind, producer and
    municipality of every unit. A list without room is told too: the choice is refused with the reason."""
    names = {row[0]: (row[1], row[4]) for row in register}
    found = []
    for service, promise in listed_services(rules):
        units = [
            (u, names.get(u, (u, ""))[0], most - on)
            for u, (on, most) in worklists.list_room(connection, promise).items()
        ]
        units.sort(key=lambda u: (names.get(u[0], ("", None))[1] != case.home, u[1]))
        found.append(Choice(service, enrolled(case, service, rules), tuple(units)))
    return found


def choose(
    case: Case, service: str, unit: str, *, lists: Mapping[str, tuple[int, int]], rules: Rules, at: datetime, once: str
) -> list[Event]:  # fmt: skip
    """The client's choice as events: off the old list, onto the new. Refused where the list is full, or the last choice is too new."""
    now, faults = enrolled(case, service, rules), []
    if unit not in lists:
        faults.append(Fault(t("the unit"), t("is not chosen"), t("Choose one of the list.")))
    elif now and now.unit == unit:
        faults.append(Fault(t("the unit"), t("is yours already"), t("Choose another, or keep it.")))
    elif lists[unit][0] >= lists[unit][1]:
        faults.append(
            Fault(t("the unit"), t("has a full list"), t("Choose another; you may ask again when there is room."))
        )
    if now and case.today < now.may_change:
        faults.append(
            Fault(
                t("the choice"),
                t("can be changed from {day}", day=day_text(now.may_change)),
                t("A choice holds for a year."),
            )
        )
    if faults:
        raise BadInput(*faults)
    client = case.person.client
    events = []
    if now:
        events.append(
            event(
                "enrolment.ended",
                f"{service}/{client}/{once[:40]}",
                at,
                client,
                source="own",
                service=service,
                unit=now.unit,
            )
        )
    events.append(
        event(
            "enrolment.began", f"{service}/{client}/{once[:40]}", at, client, source="own", service=service, unit=unit
        )
    )
    return events
