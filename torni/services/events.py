"""The shape of promises about what happens: waits, visits made, answers, staffing, money, fees, lists, measures.

Each is kept or broken by events of the record room (`definitions/events.yaml` declares their types). A service lists them
under `followed`; `column` tells which cell of the sapluuna the promise belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, field_validator, model_validator

from torni.core.texts import Identifier, Range, Strict, Text, Whole

EventType = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
Responsible = Literal["adviser", "case_manager", "producer"]
Need = Literal["service", "unit", "client", "matter", "due", "quantity", "of_quantity", "cents"]


# What the event that a promise counts always tells: the field that names it, and what it needs. Of a measure, those that tell count.
NEEDED: dict[str, tuple[str, Need]] = {
    "budget": ("event", "cents"),
    "fee": ("event", "cents"),
    "staffing": ("event", "quantity"),
    "list": ("limited_by", "quantity"),
}
Span = tuple[int, int]


class Bounds(Strict):
    """The least and the most that may come. `due_days`: the day due, in days from the event's own day."""

    quantity: Span | None = None
    of_quantity: Span | None = None
    cents: Span | None = None
    due_days: Span | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        for name, span in self:
            if span and not -(10**12) <= span[0] <= span[1] <= 10**12:
                raise ValueError(f"{name}: write the least first, then the most, both within a million million")
        return self


class EventKind(Strict):
    """One type of event: what it tells, and what must be said with it."""

    what: Text
    needs: list[Need] = []
    of_nobody: bool = Field(False, description="It tells of no client: one that names a client is refused.")
    bounds: Bounds = Field(default=Bounds(), description="What it may hold, where that is not what every type may.")
    data: dict[str, Text] = Field({}, description="What else may be told with it, in data.")

    def held(self) -> list[tuple[str, Span]]:
        """The bounds of what the type is told with: what it needs."""
        column = {"due_days": "due"}
        return [(name, span) for name, span in self.bounds if span and column.get(name, name) in self.needs]


class EventKinds(Strict):
    bounds: Bounds = Field(
        default=Bounds(), description="What every type may hold: one absurd amount must not reach the sums."
    )
    events: dict[EventType, EventKind]

    def kinds(self) -> dict[str, EventKind]:
        """Each type, with the common bounds where it has none of its own."""
        return {
            name: kind.model_copy(
                update={"bounds": Bounds(**{**dict(self.bounds), **{n: s for n, s in kind.bounds if s}})}
            )
            for name, kind in self.events.items()
        }


class Ages(Range):
    """The ages that a promise is made to."""


class _Followed(Strict):
    id: Identifier
    sentence: Text
    source: Identifier
    note: Text | None = None
    column: Literal["availability", "quality", "interface", "fees", "cost"] = "availability"
    responsible: Responsible | None = Field(None, description="Whose work it is to do what is owed.")
    task: Text | None = Field(None, description="What is to be done, as the worklist tells it.")
    missed: Text | None = Field(None, description="What the case manager is told when another's task is late.")
    over_days: Whole = Field(28, ge=1, le=1100, description="The days up to now that the value is counted over.")

    def events(self) -> Iterator[tuple[str, str]]:
        """Every type of event that the promise names, with the key that names it."""
        for key in ("opened_by", "answered_by", "called_off_by", "event", "began_by", "ended_by", "limited_by"):
            named = getattr(self, key, None) or []
            yield from ((key, type_) for type_ in ([named] if isinstance(named, str) else named))


class AnswerPromise(_Followed):
    """What one event begins, another answers in time: a wait, a planned visit, a complaint, a bill."""

    kind: Literal["wait", "delivery", "reply", "billing"]
    opened_by: EventType
    answered_by: EventType
    called_off_by: list[EventType] = Field([], description="One type of event, or several.")
    within_days: str | None = Field(
        None,
        description="A parameter: the days, or calendar months by its unit, from the opening. Left out, the event names the day due.",
    )
    ages: Ages = Ages()
    share: Decimal = Field(gt=0, le=1)

    @field_validator("called_off_by", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _apart(self) -> Self:
        _different(self.opened_by, self.answered_by, *self.called_off_by)
        return self


class CadencePromise(_Followed):
    """Each unit has the event again and again, at most so many days apart."""

    kind: Literal["cadence"]
    event: EventType
    every_days: str = Field(description="A parameter: the most days between two.")
    share: Decimal = Field(Decimal(1), gt=0, le=1)


class StaffingPromise(_Followed):
    """Each unit has direct client work enough for its clients: minutes a client and day."""

    kind: Literal["staffing"]
    event: EventType
    ratio: str = Field(description="A parameter: employees for each client.")
    full_time: str = Field(description="A parameter: the minutes of work a day of one full-time employee.")
    share: Decimal = Field(Decimal(1), gt=0, le=1, description="The share of units that must have enough.")


class BudgetPromise(_Followed):
    """What has accrued this year, invoiced and expected, stays within the twelfths of its appropriation that have passed.

    A cost belongs to the day that the event names as `due`: the last of the period in which the service was given.
    """

    kind: Literal["budget"]
    event: EventType
    appropriation: str = Field(description="A parameter: euros a year and resident.")


class FeePromise(_Followed):
    """Every charge is what its formula gives, to the cent."""

    kind: Literal["fee"]
    event: EventType
    share: Decimal = Field(Decimal(1), gt=0, le=1)


class ListPromise(_Followed):
    """No unit's list is fuller than this share of its limit."""

    kind: Literal["list"]
    began_by: EventType
    ended_by: EventType
    limited_by: EventType
    at_most: Decimal = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        _different(self.began_by, self.ended_by, self.limited_by)
        return self


class MeasurePromise(_Followed):
    """The share of events whose quantity is at least so much."""

    kind: Literal["measure"]
    event: EventType
    at_least: Whole = Field(ge=1)
    share: Decimal = Field(gt=0, le=1)


EventPromise = Annotated[
    AnswerPromise | CadencePromise | StaffingPromise | BudgetPromise | FeePromise | ListPromise | MeasurePromise,
    Field(discriminator="kind"),
]
AnyEventPromise = (
    AnswerPromise | CadencePromise | StaffingPromise | BudgetPromise | FeePromise | ListPromise | MeasurePromise
)


class Serving(Strict):
    """Who is in the service: those of whom the first has come and not the second."""

    began_by: str
    ended_by: str

    @model_validator(mode="after")
    def _apart(self) -> Self:
        _different(self.began_by, self.ended_by)
        return self


def _different(*types: str) -> None:
    for i, type_ in enumerate(types):
        if type_ in types[:i]:
            raise ValueError(f"{type_} cannot both begin and end one thing; name another event for one of the two")


class _Service(Protocol):
    @property
    def followed(self) -> list[AnyEventPromise]: ...
    @property
    def demand(self) -> str | None: ...
    @property
    def clients(self) -> Serving | None: ...


def ambiguous(service: _Service) -> Iterator[tuple[int, str, str]]:
    """Promises of one service that one event would begin, or count for, twice: which, what is wrong, what to do.

    An event begins at most one thing owed and is counted for at most one promise, so that it can be taken back whole.
    """
    opened: list[tuple[str, Ages, str]] = []
    counted = {service.demand: "demand"} if service.demand else {}
    if service.clients:
        counted |= {service.clients.began_by: "clients", service.clients.ended_by: "clients"}
    for i, promise in enumerate(service.followed):
        if isinstance(promise, AnswerPromise | CadencePromise):
            begins, ages = (
                (promise.opened_by, promise.ages) if isinstance(promise, AnswerPromise) else (promise.event, Ages())
            )
            for other, theirs, name in opened:
                if other == begins and _overlap(ages, theirs):
                    yield (
                        i,
                        f"{begins} would begin both {name} and {promise.id}",
                        "Give them ages that do not overlap, or another event.",
                    )
            opened.append((begins, ages, promise.id))
            continue
        types = (
            (promise.began_by, promise.ended_by, promise.limited_by)
            if isinstance(promise, ListPromise)
            else (promise.event,)
        )
        for type_ in types:
            if type_ in counted:
                yield (
                    i,
                    f"{type_} would count for both {counted[type_]} and {promise.id}",
                    "Count another event for one of them.",
                )
            counted[type_] = promise.id


def _overlap(a: Ages, b: Ages) -> bool:
    return max(a.at_least or 0, b.at_least or 0) < min(a.below or 1000, b.below or 1000)
