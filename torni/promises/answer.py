"""Answers: what one event begins, another answers in time: a wait, a planned visit, a complaint, a bill."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from torni.core.language import Message, _, number
from torni.facts.book import Answer, Opening
from torni.promises.finding import Finding
from torni.promises.promise import DAYS, Ages, EventType
from torni.promises.sums import Days, Effects, EventPromise, apart

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.promises.rows import Asked, Row


class AnswerPromise(EventPromise):
    """What one event begins, another answers in time: a wait, a planned visit, a complaint, a bill."""

    kind: Literal["wait", "delivery", "reply", "billing"]
    opened_by: EventType
    answered_by: list[EventType] = Field(min_length=1, description="One type of event, or several.")
    called_off_by: list[EventType] = Field([], description="One type of event, or several.")
    within_days: str | None = Field(
        None,
        description="A parameter: the days, or by its unit calendar months or working days, from the opening. Left out, the event names the day due.",
    )
    ages: Ages = Ages()
    share: Decimal = Field(gt=0, le=1)

    labels: ClassVar = {
        "wait": Message("Waits"),
        "delivery": Message("Delivery"),
        "reply": Message("Answers"),
        "billing": Message("Billing"),
    }
    parameters: ClassVar = {"within_days": DAYS}
    remedies: ClassVar = {"within_days": "Name a parameter of the days, such as: within_days: wait.reply_days"}
    named_by: ClassVar = ("opened_by", "answered_by", "called_off_by")
    begins: ClassVar = True
    by_chance: ClassVar = True
    long: ClassVar = True

    @field_validator("answered_by", "called_off_by", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _apart(self) -> Self:
        apart(self.opened_by, *self.answered_by, *self.called_off_by)
        return self

    @property
    def target(self) -> float:
        return float(self.share)

    @property
    def of_guidance(self) -> bool:
        return self.kind == "wait" or super().of_guidance

    @property
    def by_visit(self) -> bool:
        """Is it owed visit by visit, so that a client's misses are told together?"""
        return self.kind == "delivery"

    def effects(self, name: str, service: str, days: Days) -> Effects:
        within, months, working = days(self.within_days) if self.within_days is not None else (None, 0, None)
        opening = Opening(name, service, self.opened_by, within, self.ages.below, self.ages.at_least, months, working)
        off = (Answer(name, type_, called_off=True) for type_ in self.called_off_by)
        return Effects((opening,), (*(Answer(name, type_) for type_ in self.answered_by), *off))

    def now_text(self, f: Finding) -> str:
        if self.by_visit:
            return _("today {met} of {total}").format(met=number(f.today_met), total=number(f.today_total))
        return super().now_text(f)

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        from torni.promises.rows import owed

        return owed(connection, asked, days=self.over_days)

    def clients_unmet(self, connection: Connection, asked: Asked) -> int | None:
        from torni.promises.rows import clients_unmet

        return clients_unmet(connection, asked, days=self.over_days)

    def rows_text(self, until: str) -> str:
        return _("What was owed and is not done, and what was done late, up to %(day)s.") % {"day": until}
