"""`torni worklist` and `torni plan`: what waits for an official, and what a client's next plan may hold, as that account may see it.

Names are not printed: a terminal keeps its lines. That the account looked is written down as on the pages.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from torni.cli.show import table
from torni.core.clock import now
from torni.core.faults import bad_input
from torni.core.language import _, t
from torni.facts import access, accounts, opening, persons
from torni.facts.access import Who
from torni.facts.condition import region_of
from torni.facts.door import local_day
from torni.facts.opening import Connection
from torni.facts.postgres import server
from torni.guidance import planning
from torni.guidance.case import case_of
from torni.guidance.worklist import worklist as waits
from torni.services.days import Days
from torni.services.rules import Rules
from torni.supervision.known_sums import units
from torni.supervision.sentences import day_text

VISITS_BACK = timedelta(days=60)


def worklist(args: argparse.Namespace) -> int:
    """Exit code 1 where something is late."""
    with _as(args.account, "worklist") as (connection, who, region, at):
        today = local_day(at)
        names = dict(units(connection).select("unit", "name").rows())
        found = waits(connection, who, Days(region).on(today), today=today, units=names)
    if args.json:
        rows = [{"position": x.position, "due": str(x.due) if x.due else None, "days": x.days, "task": x.task, "because": x.because, "kind": x.kind} for x in found.lines]  # fmt: skip
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        table(
            [_("due"), _("what to do"), _("because"), _("position")],
            [[_day(x.due), x.task, x.because, str(x.position)] for x in found.lines],
        )
    return int(found.late > 0)


def plan(args: argparse.Namespace) -> int:
    """The plan as it stands, and the services and units that its next version may hold."""
    with _as(args.account, "case") as (connection, _who, region, at):
        today = local_day(at)
        person = persons.read(connection, event=args.position, what="plan", why="", visits_since=at - VISITS_BACK)
        if person is None:
            raise bad_input(
                str(args.position),
                t("is not there, or is not yours to read"),
                t("Write the position of one of the client's events, such as of a row of `torni worklist`."),
            )
        case, rules = case_of(person, today), Days(region).exactly(today)
        names = dict(units(connection).select("unit", "name").rows())
        may = planning.plannable(connection, case, rules, units(connection).rows())
    if args.json:
        told = {
            "version": case.plan.version if case.plan else None,
            "items": [i.json() for i in case.plan.items] if case.plan else [],
            "may_hold": {p.service: [unit for unit, _name in p.units] for p in may},
        }
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return 0
    items = case.plan.items if case.plan else ()
    table([_("Service"), _("Unit"), _("First day"), _("Last day, where it ends")], [[_service(rules, i.service), names.get(i.unit, i.unit), _day(i.start), _day(i.ends)] for i in items])  # fmt: skip
    print()
    table(
        [_("Service"), _("Units")],
        [[_service(rules, p.service), ", ".join(name for _unit, name in p.units)] for p in may],
    )
    return 0


def _day(day: date | None) -> str:
    return day_text(day) if day else ""


def _service(rules: Rules, service: str) -> str:
    found = rules.library.services.get(service)
    return str(found.name) if found else service


@contextmanager
def _as(name: str, action: str) -> Iterator[tuple[Connection, Who, str, datetime]]:
    """A connection that sees what the account may, with the account, the room's region and its newest moment."""
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as owner:
            region, last = region_of(owner), opening.last_recorded(owner)
            who = next((w for w in accounts.who_may(owner, action) if w.name == name.lower()), None)
        if who is None or region is None:
            raise bad_input(
                name, t("is no account that may do this"), t("`torni account list` tells each account and its role.")
            )
        with access.connected(database.url, "pages") as connection:
            access.asking(connection, who)
            yield connection, who, region, last or now()
