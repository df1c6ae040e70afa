"""One client's life through guidance, step by step, for the tests of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from torni.facts.accounts import Official
from torni.facts.data_fields import ByType, faults
from torni.facts.door import local_day
from torni.facts.persons import ClientEvent, Person
from torni.guidance import proposal_of, steps
from torni.guidance.case import Item, case_of, facts_of
from torni.guidance.client import client_of
from torni.guidance.forms import DecisionForm, PlanForm
from torni.services import load_library

HELSINKI = ZoneInfo("Europe/Helsinki")

TODAY = date(2026, 11, 22)

UNITS = {"north": "Pohjoisen tiimi", "south": "Etelän tiimi"}


@cache
def declared() -> ByType:
    return load_library(on=TODAY).event_data


def undeclared(event) -> list[str]:
    """What an event of ours tells in its data that its type does not declare, or declares as another kind."""
    fields, data = declared().get(event["type"], {}), event.get("data") or {}
    return [
        *(sorted(set(data) - set(fields))),
        *faults(fields, data, local_day(event["at"]) if "at" in event else TODAY),
    ]


class Life:
    """A client's events as they come, a minute apart; `case` is what they make."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 8, 0, tzinfo=HELSINKI)
        self.events: list[ClientEvent] = []

    def add(self, *events) -> None:
        for e in events:
            number = len(self.events) + 1
            blank = dict.fromkeys(f for f in ClientEvent.__dataclass_fields__ if f != "effects")
            self.events.append(
                ClientEvent(
                    **{
                        **blank,
                        "position": number,
                        "sign": 1,
                        **{k: v for k, v in e.items() if k in blank},
                    }
                )
            )

    @property
    def case(self):
        self.now += timedelta(minutes=1)
        person = Person(
            7,
            ((date(2020, 1, 1), "179", date(1941, 5, 30), False, "Aino Esimerkki"),),
            tuple(reversed(self.events)),
            "veera",
        )
        return case_of(person, TODAY)

    def step(self, made) -> None:
        """What a step of ours made: it tells what its types declare, and nothing else."""
        events = made if isinstance(made, list) else [made]
        for e in events:
            assert (told := undeclared(e)) == [], f"{e['type']}: {told}: declare it in definitions/events/"
        self.add(*events)


SAID = {"verdict": "granted", "judgement": "Tarvitsee apua päivittäin.", "why": "", "first_day": TODAY, "last_day": None, "channel": "enterprise"}  # fmt: skip


OFFICIAL = Official("asiakasohjaaja", "Asiakas- ja palveluohjaus", "050 000 0001")


def proposed(life, rules, service="home_care"):
    return proposal_of(rules, service, client_of(facts_of(life.case), rules))


def settled(life, rules, service="home_care", **other):
    case = life.case
    form = DecisionForm(**{**SAID, **other})
    return steps.decide(
        case, case.needs[0], proposed(life, rules, service), form, by="Ulla", at=life.now, official=OFFICIAL
    )


ITEM = Item("a", "home_care", "north", "Suihkuapu kahdesti viikossa", 10, TODAY + timedelta(days=1))


def planned(life, rules, *items, goals=("Asun kotona.",), **said):
    form = PlanForm(tuple(goals), items or (ITEM,), **{"agreed": TODAY, "why": "muuttui", **said})
    return steps.plan(life.case, form, by="Veera", at=life.now, rules=rules, units=UNITS)
