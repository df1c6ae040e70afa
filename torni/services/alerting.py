"""Whose an alert is, and what may be done of it: by what it is of, where a promise's own text says nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import Field, model_validator

from torni.core.language import t
from torni.core.texts import Identifier, Strict
from torni.promises.promise import Action, Owner, Promise

DEMAND, RECORDS, OWN_WORK = (
    "demand",
    "records",
    "own_work",
)  # what alerts are of besides promises; the organiser's own people's work


class Whose(Strict):
    """The owner of alerts of one kind, and the actions offered, by id and in their order."""

    owner: Owner
    actions: list[Identifier] = Field(min_length=1)


class Alerting(Strict):
    """`kinds`: of each kind of promise, of promises that are the organiser's own people's work, of demand, and of records."""

    actions: dict[Identifier, Action]
    kinds: dict[Identifier, Whose]

    @model_validator(mode="before")
    @classmethod
    def _named(cls, told: object) -> object:
        """An action's id is the name it stands by."""
        actions = told.get("actions") if isinstance(told, dict) else None
        if not isinstance(actions, dict):
            return told
        return {**told, "actions": {k: {"id": k, **v} if isinstance(v, dict) else v for k, v in actions.items()}}  # type: ignore[dict-item]

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind, whose in self.kinds.items():
            for name in whose.actions:
                if name not in self.actions:
                    raise ValueError(
                        t('{kind}: "{name}" is not an action: write it under actions first', kind=kind, name=name)
                    )
        return self

    def sources(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for name, action in self.actions.items():
            yield ("actions", name, "source"), action.source

    def of(self, kind: str, promise: Promise | None) -> tuple[Owner | None, tuple[Action, ...]]:
        """The owner's role, and the actions: the promise's own first. `kind`: promise, demand or records, as the alert's."""
        named = promise.kind if promise else kind
        if promise and promise.of_own_people and OWN_WORK in self.kinds:
            named = OWN_WORK
        whose = self.kinds.get(named)
        own: Mapping[str, Action] = {a.id: a for a in promise.actions} if promise else {}
        offered = {name: self.actions[name] for name in whose.actions} if whose else {}
        owner = (promise.owner if promise else None) or (whose.owner if whose else None)
        return owner, tuple({**own, **{k: a for k, a in offered.items() if k not in own}}.values())


NOTHING = Alerting(actions={}, kinds={})
