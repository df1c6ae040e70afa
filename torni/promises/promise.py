"""What every promise is: its fields, and what may be asked of it. A kind is a class below with the answers, in a file of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field, field_validator

from torni.core.language import Message, _, per_cent, t
from torni.core.texts import Identifier, Range, Strict, Text
from torni.facts import rights
from torni.promises.said import VALUE

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.promises.finding import Finding, Group
    from torni.promises.ground import UnitFilter
    from torni.promises.margin import Margin
    from torni.promises.rows import Asked, Row

EventType = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
# Whose work a promise is, and whose an alert is: the roles that the table of rights has for it, so that a new role is written there alone.
OWN_PEOPLE = tuple(rights.who_may("worklist"))  # the organiser's own, who have tasks of clients to do
if TYPE_CHECKING:
    Responsible = str
    Owner = str
else:
    Responsible = Literal[(*OWN_PEOPLE, *rights.of("producer"))]
    Owner = Literal[tuple(rights.who_may("handle_alert"))]
Needed = Literal["service", "unit", "client", "matter", "due", "quantity", "of_quantity", "cents"]
Column = Literal["quality", "availability", "interface", "fees", "cost"]
Reads = Literal["network", "events"]
# Which of a group's counts is of clients, or that only the clients of the service are known; None: it tells of no client.
People = Literal["total", "met", "service"] | None
DAYS = ("days", "months", "working days")  # as the laws count: no number of days is a month, nor a week of working days


class Sourced(Protocol):
    @property
    def invented(self) -> bool: ...


class Known(Protocol):
    """A parameter's value on a day."""

    @property
    def value(self) -> Decimal | Mapping[str, Decimal]: ...
    @property
    def unit(self) -> str: ...
    @property
    def source(self) -> Sourced: ...


class Named(Protocol):
    @property
    def name(self) -> Text: ...


class Definitions(Protocol):
    """What a promise may read of the definitions of a day."""

    @property
    def sources(self) -> Mapping[str, Sourced]: ...
    @property
    def unit_kinds(self) -> Mapping[str, Named]: ...
    def version(self, service_id: str, /) -> str: ...
    def value(self, parameter_id: str, /) -> Known: ...
    def number(self, parameter_id: str, /) -> float: ...


class Trip(Protocol):
    """How people travel to what is promised: by what, who, within how many minutes."""

    @property
    def mode(self) -> str: ...
    @property
    def population(self) -> str: ...
    @property
    def within_min(self) -> int: ...
    @property
    def unit(self) -> UnitFilter: ...


class Action(Strict):
    """What may be done of an alert, as whoever takes it up chooses it; `source`: what says so."""

    id: Identifier
    name: Text
    source: Identifier


class Ages(Range):
    """The ages that a promise is made to."""


class Promise(Strict):
    """One checkable sentence of a definition, with a target."""

    id: Identifier
    kind: str
    sentence: Text = Field(
        description="What is promised to one person or of one unit, without the share: that is the target beside it."
    )
    broken: Text = Field(
        description="What is wrong where it is not kept, said of one place; {value} after a colon: how much of it is kept."
    )
    source: Identifier
    column: Column = Field("availability", description="The column of the matrix that the promise belongs to.")
    strategy: bool = Field(False, description="True for the strategy text's softer guidelines.")
    note: Text | None = Field(None, description="How the wording was made checkable, where it leaves room.")
    owner: Owner | None = Field(
        None, description="The role whose an alert of it is; left out, as definitions/alerts.yaml says."
    )
    actions: list[Action] = Field(
        [], description="What may be done of an alert of it, before what definitions/alerts.yaml offers."
    )

    reads: ClassVar[Reads]
    by_chance: ClassVar[bool] = False  # a share of events, of which some may be missed by chance
    by_units: ClassVar[bool] = False  # a unit meets it or does not: each that does not is told
    people: ClassVar[People] = None
    of_charges: ClassVar[bool] = False  # it tells of charges, which the controller follows one by one
    labels: ClassVar[Mapping[str, Message]] = {}  # each kind's name, as a filter shows it
    remedies: ClassVar[Mapping[str, str]] = {}  # what to write in a field that is faulty
    parameters: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # fields that name a parameter, and the units understood

    # What others may ask.
    @field_validator("broken")
    @classmethod
    def _told_apart(cls, broken: Text) -> Text:
        for told in (broken.fi, broken.sv, broken.en):
            if VALUE in told and ":" not in told.partition(VALUE)[0]:
                raise ValueError(t("the value stands after a colon, so that what is wrong can be told without it"))
        return broken

    @property
    def target(self) -> float:
        """What the value is held against."""
        return 1.0

    def broken_text(self, value: str = "") -> str:
        """What is wrong where it is not kept, with how much of it is; where that is not told, without the part that tells it."""
        told = str(self.broken)
        return (
            told.replace(VALUE, value)
            if value
            else told.partition(VALUE)[0].rstrip().rpartition(":")[0]
            if VALUE in told
            else told
        )

    @property
    def trip(self) -> Trip | None:
        """How people travel, where the promise is of travel."""
        return None

    @property
    def by_road(self) -> bool:
        """Is it of travel that the road network tells?"""
        return self.trip is not None and self.trip.mode != "transit"

    @property
    def mended_by(self) -> Literal["sites", "places"] | None:
        """What an engine can search for a mend: the best sites for travel, a unit in each place that lacks one, or nothing."""
        return None

    @property
    def counts(self) -> UnitFilter | None:
        """Which units it counts, where it counts units."""
        return None

    @property
    def of_guidance(self) -> bool:
        """Is it on the way from a need to a service?"""
        return False

    @property
    def of_own_people(self) -> bool:
        """Is what is owed the work of the organiser's own people, and not of a producer's?"""
        return False

    @property
    def weekly(self) -> bool:
        """Is it a share of each week's events?"""
        return False

    @property
    def alerts_by(self) -> Literal["watch", "groups", "units", "whole"]:
        """How it is told that it is broken: by each morning's watch, where a group surely breaks it, each unit that does not meet it, or as a whole."""
        return "groups"

    @property
    def alert_days(self) -> int | None:
        """Over how many days a group is judged; None where it is as it stands."""
        return None

    def events(self) -> Iterator[tuple[str, str]]:
        """Every type of event that the promise names, with the key that names it."""
        yield from ()

    def references(self) -> Iterator[tuple[tuple[str | int, ...], str, str, str]]:
        """Every name in it that must exist elsewhere: the field, the name, which list, what it should be."""
        yield ("source",), self.source, "source", "a source"
        for i, action in enumerate(self.actions):
            yield ("actions", i, "source"), action.source, "source", "a source"
        for name in self.parameters:
            if getattr(self, name) is not None:
                yield (name,), getattr(self, name), "parameter", "a parameter"
        for name, type_ in self.events():
            yield (name,), type_, "event", "a type of event"

    @classmethod
    def label(cls, kind: str) -> str:
        return str(cls.labels[kind])

    # How its finding is said.
    @abstractmethod
    def value_text(self, f: Finding) -> str:
        """The value as people read it."""

    def target_text(self, f: Finding) -> str:
        return per_cent(1, 0) if f.target >= 1 else "≥ " + per_cent(f.target, 0)

    def group_target_text(self, f: Finding) -> str:
        """What one unit's, producer's or municipality's value is held against: where a unit meets it or does not, not the share of units."""
        return self.target_text(f)

    def group_target_words(self, f: Finding) -> str:
        """The same inside a sentence: a table's signs are not read aloud."""
        told = self.group_target_text(f)
        return {"≥": _("at least {share}"), "≤": _("at most {share}")}.get(told[0], "{share}").format(
            share=told.lstrip("≥≤ ")
        )

    @abstractmethod
    def counted_text(self, f: Finding) -> str:
        """What the value is made of, in one line."""

    def now_text(self, f: Finding) -> str:
        """What is going on right now, where that is told."""
        return ""

    def margin_text(self, m: Margin) -> str:
        """How far it is from breaking, or from being kept again, as one sentence; empty where nothing can be told."""
        return ""

    def group_text(self, g: Group) -> str:
        """A unit's, producer's or municipality's value as people read it."""
        return "–" if g.value is None else self.share_text(g.value)

    def share_text(self, value: float) -> str:
        """A group's value as this kind writes it."""
        return per_cent(value)

    def group_heads(self) -> tuple[str, str] | None:
        """What a group's met and total are called in a table; None where they are no counts."""
        return _("met"), _("of")

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        """The rows of the record room behind the number; see `torni.promises.rows`."""
        return []

    def clients_unmet(self, connection: Connection, asked: Asked) -> int | None:
        """For how many clients it is not kept, each once; None where it is not about clients, or may not be told."""
        return None

    def rows_text(self, until: str) -> str:
        """What the rows behind the number are, up to a day."""
        return _("Every row that was counted.")

    def particulars(self) -> dict[str, Any]:
        """What only this kind tells in `torni check --json`."""
        return {}


def number_of(definitions: Definitions, parameter: str) -> float:
    """A parameter's single value; a fault where it has none on the day."""
    value = definitions.value(parameter).value
    assert isinstance(value, Decimal), f"{parameter} is a table"
    return float(value)


def day_text(day: date) -> str:
    return f"{day:%-d.%-m.%Y}"
