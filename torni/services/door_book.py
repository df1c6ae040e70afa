"""The door's book from the definitions: which events begin, answer and count for which promise on a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from torni.facts.book import WIDEST, Answer, Book, Books, Bounds, Counting, Opening
from torni.promises.sums import Within
from torni.services import events
from torni.services.days import Days
from torni.services.library import Library
from torni.services.rules import Rules

MOST_KNOWN = 50_000
Charge = Callable[[Rules, Mapping[str, Any]], Decimal | None]


def book_of(rules: Rules, *, since: date, charge: Charge | None = None) -> Book:
    """The rules' book. `charge(rules, data)`: what a charge's formula gives in euros, None when it cannot be told."""
    library = rules.library
    openings: list[Opening] = []
    answers: list[Answer] = []
    countings: list[Counting] = []
    for service, promise in library.of_events():
        done = promise.effects(f"{service.id}.{promise.id}", service.id, lambda parameter: within(library, parameter))
        openings += done.openings
        answers += done.answers
        countings += done.countings
    for service in library.services.values():
        if service.demand:
            countings.append(Counting(f"{service.id}.demand", service.id, service.demand, "demand"))
        if service.clients:
            countings += [
                Counting(f"{service.id}.clients", service.id, service.clients.began_by, "plus"),
                Counting(f"{service.id}.clients", service.id, service.clients.ended_by, "minus"),
            ]
    needs = {name: frozenset(kind.needs) for name, kind in library.event_kinds.items()}

    known: dict[str, int | None] = {}

    def expected(service: str, data: Mapping[str, Any]) -> int | None:
        if charge is None:
            return None
        key = json.dumps(data, sort_keys=True, default=str)
        if key not in known:
            if len(known) >= MOST_KNOWN:
                known.clear()
            euros = charge(rules, data)
            known[key] = None if euros is None else int(euros * 100)
        return known[key]

    return Book(
        since, needs, tuple(openings), tuple(answers), tuple(countings),
        {s: library.version(s) for s in library.services}, expected,
        {name: _bounds(kind.bounds) for name, kind in library.event_kinds.items()},
        frozenset(name for name, kind in library.event_kinds.items() if kind.of_nobody), rules.version,
        library.event_data, {name: frozenset(kind.senders) for name, kind in library.event_kinds.items()},
        frozenset(name for name, kind in library.event_kinds.items() if kind.of_sent),
    )  # fmt: skip


def _bounds(told: events.Bounds) -> Bounds:
    return Bounds(**{name: span or getattr(WIDEST, name) for name, span in told})


def books_of(days: Days, *, charge: Charge | None = None) -> Books:
    """The region's books, one for each stretch of days on which nothing changes, made when first asked for."""
    made: dict[date, tuple[Rules, Book]] = {}

    def on(day: date) -> Book:
        since, rules = days.begins(day), days.on(day)
        if since not in made or made[since][0] is not rules:
            made[since] = rules, book_of(rules, since=since, charge=charge)
        return made[since][1]

    return on


def within(library: Library, parameter: str) -> Within:
    """The law counts a care guarantee in calendar months and an assessment in working days, which no number of days is."""
    found = library.value(parameter)
    assert isinstance(found.value, Decimal)
    count = int(found.value)
    return {"months": (0, count, None), "working days": (None, 0, count)}.get(found.unit, (count, 0, None))
