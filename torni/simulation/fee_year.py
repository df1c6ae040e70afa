"""A year of services and fees of invented people, with faults planted in the billing whose truth is known.

The biller reckons in its own way, one event at a time, keeping each person's yearly sum; the faults are those that have
happened: a home-care formula that is wrong for everyone but some (South Karelia), a product that is never billed for its
clients (Helsinki: 175 clients, 5,600 visits), charges made twice, charges without a visit, a product that the ceiling
forgets. `truth` holds every charge or event that is not the rule's.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from torni.guidance.fees import reckon
from torni.services.days import Days
from torni.simulation.population import Population
from torni.simulation.running import Run

_VISITS = ("doctor_visit", "doctor_urgent")
FAULTS = ("wrong_formula", "never_billed", "billed_twice", "no_service", "over_ceiling")


@dataclass(frozen=True)
class FeeYear:
    """The three tables, and the planted truth: kind of difference -> the events (or charges) it touches."""

    clients: pl.DataFrame
    delivered: pl.DataFrame
    charged: pl.DataFrame
    truth: Mapping[str, frozenset[str]]

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("clients", "delivered", "charged"):
            getattr(self, name).write_csv(folder / f"{name}.csv")


def fee_year(population: Population, *, year: int, seed: int, planted: bool = True, visits_of: int = 20_000) -> FeeYear:
    """Home care of everyone who has it, and doctor's visits and serial treatments of up to `visits_of` people, for a year."""
    r = random.Random(seed)  # noqa: S311 - an invented year, not a secret
    days = Days(population.region)
    people = _people(population, visits_of)
    events = _events(people, year, r)
    cared = [p["person"] for p in people if p["in_home_care"]]
    missed = set(r.sample(cared, min(175, len(cared)))) if planted else set()
    for person in sorted(missed):
        events += [
            {"person": person, "on": date(year, 1, 4) + timedelta(days=11 * i), "formula": "serial_treatment", "service_hours_month": None, "serial_treatments_this_year": i}
            for i in range(32)
        ]  # fmt: skip
    events.sort(key=lambda e: (e["on"], e["person"], e["formula"]))
    for i, event in enumerate(events):
        event["event"] = f"E{i:07d}"
    charged, truth = _billed(events, {p["person"]: p for p in people}, days, missed, planted, r)
    clients = pl.DataFrame(
        [{k: v for k, v in p.items() if k not in ("in_home_care", "hours", "visits")} for p in people],
        infer_schema_length=None,
    )
    delivered = pl.DataFrame(events, infer_schema_length=None).select(
        "event", "person", "on", "formula", "service_hours_month", "serial_treatments_this_year"
    )
    return FeeYear(clients, delivered, pl.DataFrame(charged, infer_schema_length=None), truth)


def _people(population: Population, visits_of: int) -> list[dict[str, Any]]:
    with Run(population) as run:
        rows = run.rows(
            "SELECT person, age, household_size, gross_income_eur_month, in_home_care, service_hours_month, doctor_visits_within_year FROM people "
            f"WHERE in_home_care OR (doctor_visits_within_year > 0 AND age >= 18 AND hash(person) % 100 < 40) ORDER BY in_home_care DESC, person LIMIT {visits_of}"
        )
    names = ("person", "age", "household_size", "gross_income_eur_month", "in_home_care", "hours", "visits")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _events(people: list[dict[str, Any]], year: int, r: random.Random) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for p in people:
        if p["in_home_care"] and p["hours"] is not None:
            events += [
                {"person": p["person"], "on": date(year, month, 1), "formula": "home_care", "service_hours_month": p["hours"], "serial_treatments_this_year": None}
                for month in range(1, 13)
            ]  # fmt: skip
        for i in range(
            p["visits"] or 0
        ):  # every other one by night or at a weekend: those are charged however many they are
            on = date(year, 1, 1) + timedelta(days=r.randrange(365))
            visit = "doctor_urgent" if i % 2 else "doctor_visit"
            events.append({"person": p["person"], "on": on, "formula": visit, "service_hours_month": None, "serial_treatments_this_year": None})  # fmt: skip
    return events


def _billed(
    events: list[dict[str, Any]], people: Mapping[int, Mapping[str, Any]], days: Days, missed: set[int], planted: bool, r: random.Random
) -> tuple[list[dict[str, Any]], dict[str, frozenset[str]]]:  # fmt: skip
    """The biller's charges, one event at a time, and what in them is not the rule's."""
    truth: dict[str, set[str]] = {kind: set() for kind in FAULTS}
    charged: list[dict[str, Any]] = []
    sums: dict[int, Decimal] = {}
    times: Counter[tuple[int, str]] = Counter()
    unbilled: list[tuple[str, int, Decimal, Decimal]] = []
    twice = set(r.sample(range(len(events)), min(40, len(events) // 50))) if planted else set()
    ceiling_off = {p for p, q in people.items() if p in missed} if planted else set()

    def charge(event: str, person: int, on: date, amount: Decimal) -> None:
        charged.append(
            {"charge": f"C{len(charged):07d}", "event": event, "person": person, "on": on, "amount_eur": amount}
        )

    for i, event in enumerate(events):
        rules = days.on(event["on"])
        person = people[event["person"]]
        facts = {
            **dict.fromkeys(rules.fields),
            **{k: v for k, v in person.items() if k in rules.fields},
            **{k: v for k, v in event.items() if k in rules.fields},
        }
        formula = rules.formulas[event["formula"]]
        if by := formula.definition.counted_by:
            facts[by] = times[event["person"], formula.id]
            times[event["person"], formula.id] += 1
        due = reckon(rules, formula, facts).by_rule
        assert due is not None, "the invented year leaves no fact out that a fee needs"
        counts = formula.definition.counts_towards_ceiling
        paid = sums.get(event["person"], Decimal(0))
        limit = rules.library.value("fee.ceiling_year").value
        assert isinstance(limit, Decimal)
        left = max(Decimal(0), limit - paid) if counts else due
        right = min(due, left)
        amount = right
        if planted and event["formula"] == "home_care":
            # South Karelia: the limit and percentage of another household: too little of those alone, too much of others
            wrong = reckon(
                rules, formula, {**facts, "household_size": 2 if person["household_size"] == 1 else 1}
            ).by_rule
            assert wrong is not None
            amount = wrong
            if amount != right:
                truth["wrong_formula"].add(event["event"])
        if event["formula"] == "serial_treatment" and event["person"] in missed:
            unbilled.append((event["event"], event["person"], due, limit))
            continue
        if planted and event["formula"] in _VISITS and event["person"] in ceiling_off and right < due:
            amount = due
            truth["over_ceiling"].add(event["event"])
        if amount > 0 or amount != right:
            charge(event["event"], event["person"], event["on"], amount)
            if counts:
                sums[event["person"]] = paid + min(amount, due)
        if i in twice and amount > 0 and event["formula"] in _VISITS:
            charge(event["event"], event["person"], event["on"], amount)
            truth["billed_twice"].add(event["event"])
    for name, who, due, limit in unbilled:  # lost is what the ceiling leaves after all that was charged in the year
        lost = min(due, max(Decimal(0), limit - sums.get(who, Decimal(0))))
        sums[who] = sums.get(who, Decimal(0)) + lost
        if lost > 0:
            truth["never_billed"].add(name)
    if planted:
        for client in r.sample(sorted(people), 25):
            truth["no_service"].add(f"C{len(charged):07d}")
            charge(f"X{client}", client, date(events[0]["on"].year, 6, 15), Decimal("30.20"))
    return charged, {k: frozenset(v) for k, v in truth.items()}
