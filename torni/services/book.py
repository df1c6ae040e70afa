"""The door's book from the definitions: which events begin, answer and count for which promise on a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from torni.facts.book import WIDEST, Answer, Book, Books, Bounds, Counting, Opening
from torni.services import followed
from torni.services.days import Days
from torni.services.followed import (
    Ages,
    AnswerPromise,
    BudgetPromise,
    CadencePromise,
    FeePromise,
    ListPromise,
    MeasurePromise,
    StaffingPromise,
)
from torni.services.library import Library
from torni.services.rules import Rules

MOST_KNOWN = 50_000
ALL_AGES = Ages()
Charge = Callable[[Rules, Mapping[str, Any]], Decimal | None]


def book_of(rules: Rules, *, since: date, charge: Charge | None = None) -> Book:
    """The rules' book. `charge(rules, data)`: what a charge's formula gives in euros, None when it cannot be told."""
    library = rules.library
    openings: list[Opening] = []
    answers: list[Answer] = []
    countings: list[Counting] = []
    for service, promise in library.followed():
        name = f"{service.id}.{promise.id}"
        if isinstance(promise, AnswerPromise):
            window = _within(library, promise.within_days) if promise.within_days is not None else (None, 0, None)
            openings.append(_opening(name, service.id, promise.opened_by, window, promise.ages))
            answers.append(Answer(name, promise.answered_by))
            answers += [Answer(name, type_, called_off=True) for type_ in promise.called_off_by]
        elif isinstance(promise, CadencePromise):
            openings.append(_opening(name, service.id, promise.event, _within(library, promise.every_days)))
            answers.append(Answer(name, promise.event))
        elif isinstance(promise, MeasurePromise):
            countings.append(Counting(name, service.id, promise.event, "at_least", promise.at_least))
        elif isinstance(promise, FeePromise):
            countings.append(Counting(name, service.id, promise.event, "exact"))
        elif isinstance(promise, StaffingPromise):
            countings.append(Counting(name, service.id, promise.event, "ratio"))
        elif isinstance(promise, BudgetPromise):
            countings.append(Counting(name, service.id, promise.event, "sum"))
        elif isinstance(promise, ListPromise):
            countings += [
                Counting(name, service.id, promise.began_by, "plus"),
                Counting(name, service.id, promise.ended_by, "minus"),
                Counting(name, service.id, promise.limited_by, "limit"),
            ]
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
        frozenset(name for name, kind in library.event_kinds.items() if kind.of_nobody),
    )  # fmt: skip


def _bounds(told: followed.Bounds) -> Bounds:
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


Window = tuple[int | None, int, int | None]  # days, calendar months, working days


def _opening(promise: str, service: str, type_: str, window: Window, ages: Ages = ALL_AGES) -> Opening:
    days, months, working = window
    return Opening(promise, service, type_, days, ages.below, ages.at_least, months, working)


def _within(library: Library, parameter: str) -> Window:
    """The law counts a care guarantee in calendar months and an assessment in working days, which no number of days is."""
    found = library.value(parameter)
    assert isinstance(found.value, Decimal)
    count = int(found.value)
    return {"months": (0, count, None), "working days": (None, 0, count)}.get(found.unit, (count, 0, None))
