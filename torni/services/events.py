"""The types of events that may come in: what each tells, what must be said with it, within which bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from torni.core.language import t
from torni.core.texts import Identifier, Strict, Text
from torni.facts.data_fields import DataField
from torni.facts.senders import SENDING
from torni.promises.promise import EventType, Needed
from torni.promises.sums import apart

Span = tuple[int, int]
if TYPE_CHECKING:
    Sends = str
else:
    Sends = Literal[SENDING]


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
                raise ValueError(
                    t("{name}: write the least first, then the most, both within a million million", name=name)
                )
        return self


class EventKind(Strict):
    """One type of event: what it tells, and what must be said with it."""

    what: Text = Field(description="What happened, as a reader of pages is told it.")
    sent: Text | None = Field(None, description="What a sender writes in its numbers: help that readers are not shown.")
    like: EventType | None = Field(
        None,
        description="A type of the same file: what is sent with that one is sent with this, and needs not be written again.",
    )
    needs: list[Needed] = []
    senders: list[Sends] = Field(
        [],
        description="Who may send it besides the organiser's registers and programs: officials by their role, the producer of the unit, the resident.",
    )
    of_sent: bool = Field(
        False,
        description="A producer sends it of those clients alone whom the organiser has sent to it: of whom another than the producer has told something at its units.",
    )
    of_nobody: bool = Field(False, description="It tells of no client: one that names a client is refused.")
    bounds: Bounds = Field(default=Bounds(), description="What it may hold, where that is not what every type may.")
    data: dict[Identifier, DataField] = Field({}, description="What else may be told with it, in data.")

    def held(self) -> list[tuple[str, Span]]:
        """The bounds of what the type is told with: what it needs."""
        column = {"due_days": "due"}
        return [(name, span) for name, span in self.bounds if span and column.get(name, name) in self.needs]


class EventKinds(Strict):
    """The types of events of one task: a file of `definitions/events`. The common bounds stand in one of them."""

    bounds: Bounds = Field(
        default=Bounds(), description="What every type may hold: one absurd amount must not reach the sums."
    )
    events: dict[EventType, EventKind] = {}

    @model_validator(mode="after")
    def _like_one_of_these(self) -> Self:
        for name, kind in self.events.items():
            model = self.events.get(kind.like) if kind.like else None
            if kind.like and (model is None or model.like):
                raise ValueError(
                    t("{name}: like names no type of this file that is written out; write one of them", name=name)
                )
            if kind.like and (kind.needs or kind.data or kind.sent):
                raise ValueError(t("{name}: what is sent is that of like; leave needs, data and sent out", name=name))
        return self

    def kinds(self) -> dict[str, EventKind]:
        """Each type, written out, with the common bounds where it has none of its own."""
        whole = {name: self._written(kind) for name, kind in self.events.items()}
        return {
            name: kind.model_copy(
                update={"bounds": Bounds(**{**dict(self.bounds), **{n: s for n, s in kind.bounds if s}})}
            )
            for name, kind in whole.items()
        }

    def _written(self, kind: EventKind) -> EventKind:
        if not kind.like:
            return kind
        model = self.events[kind.like]
        return kind.model_copy(
            update={name: getattr(model, name) for name in ("needs", "sent", "data", "bounds", "of_nobody", "of_sent")}
        )


class Serving(Strict):
    """Who is in the service: those of whom the first has come and not the second."""

    began_by: str
    ended_by: str

    @model_validator(mode="after")
    def _apart(self) -> Self:
        apart(self.began_by, self.ended_by)
        return self
