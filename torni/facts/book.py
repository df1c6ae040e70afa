"""What the door must know of the definitions: the types of events, and which promise each begins, answers or counts for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

from torni.facts.data_fields import ByType, naming

How = Literal["at_least", "exact", "ratio", "sum", "plus", "minus", "limit", "demand"]


@dataclass(frozen=True)
class Opening:
    """This type of event, for this service, begins something owed. `days` None: the event itself names the day due.

    `months`: calendar months before the days; a month's last day stays within its month. `working`: working days, in place of both.
    """

    promise: str
    service: str
    type: str
    days: int | None
    age_below: int | None = None
    age_at_least: int | None = None
    months: int = 0
    working: int | None = None


@dataclass(frozen=True)
class Answer:
    """This type of event answers what is owed by the promise; `called_off` takes it away instead."""

    promise: str
    type: str
    called_off: bool = False


@dataclass(frozen=True)
class Counting:
    """This type of event is counted for the promise.

    `how`: at_least: whether its quantity reaches the threshold. exact: whether its cents are what the formula gives.
    ratio: its quantity of its of_quantity. sum: its cents. plus, minus, limit: a list and its limit. demand: only how many.
    """

    promise: str
    service: str
    type: str
    how: How
    threshold: int = 0


@dataclass(frozen=True)
class Bounds:
    """The least and the most that a type of event may hold; `due_days`: its day due, in days from its own day.

    The widest are such that no sum of a log can pass what a database counts with.
    """

    quantity: tuple[int, int] = (-(10**9), 10**9)
    of_quantity: tuple[int, int] = (-(10**9), 10**9)
    cents: tuple[int, int] = (-(10**12), 10**12)
    due_days: tuple[int, int] = (-36_600, 36_600)


WIDEST = Bounds()


@dataclass(frozen=True)
class Book:
    """One stretch of days on which no definition changes.

    `needs`: each type of event and the columns that it must have. `bounds`: what it may hold, the widest where none are given.
    `data`: the fields of its data. `of_nobody`: the types that tell of no client. `senders`: who besides the organiser may send a type,
    nobody where none are given. `of_sent`: the types that a producer sends of those clients alone whom the organiser has sent to it.
    `definitions`: each service and its version.
    `expected(service, data)`: what a charge should be, in cents, or None when that cannot be told.
    """

    since: date
    needs: Mapping[str, frozenset[str]]
    openings: tuple[Opening, ...]
    answers: tuple[Answer, ...]
    countings: tuple[Counting, ...]
    definitions: Mapping[str, str]
    expected: Callable[[str, Mapping[str, Any]], int | None] = field(default=lambda service, data: None)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    of_nobody: frozenset[str] = frozenset()
    formulas: str = ""  # the version of what charges are reckoned by
    data: ByType = field(default_factory=dict)
    senders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    of_sent: frozenset[str] = frozenset()

    @property
    def exact_types(self) -> frozenset[str]:
        return frozenset(c.type for c in self.countings if c.how == "exact")

    @property
    def naming(self) -> dict[str, list[str]]:
        """Of each type the fields of its data that name another client, where there are any."""
        found: dict[str, list[str]] = {}
        for type_, name in sorted(naming(self.data)):
            found.setdefault(type_, []).append(name)
        return found

    @cached_property
    def mark(self) -> str:
        """What tells this book's rules from another's: the same for the same rules."""
        needs, bounds = ({k: sorted(v) for k, v in self.needs.items()}, sorted(self.bounds.items()))
        senders = sorted((k, sorted(v)) for k, v in self.senders.items())
        told = (sorted(needs.items()), bounds, senders, sorted(self.of_sent), sorted(self.of_nobody), self.naming, self.openings, self.answers, self.countings, sorted(self.definitions.items()))  # fmt: skip
        return hashlib.sha256(repr(told).encode()).hexdigest()


Books = Callable[[date], Book]
