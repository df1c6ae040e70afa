"""List: no unit's list is fuller than this share of its limit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from torni.core.language import Message, _
from torni.facts.book import Counting
from torni.promises.finding import Finding
from torni.promises.promise import Definitions, EventType
from torni.promises.sums import Days, Effects, EventPromise, Judge, apart, units_short
from torni.promises.window import Window

if TYPE_CHECKING:
    from torni.facts.room import Connection
    from torni.promises.rows import Asked, Row


class ListPromise(EventPromise):
    """No unit's list is fuller than this share of its limit."""

    kind: Literal["list"]
    began_by: EventType
    ended_by: EventType
    limited_by: EventType
    at_most: Decimal = Field(gt=0, le=1)

    labels: ClassVar = {"list": Message("Lists")}
    remedies: ClassVar = {"at_most": "Write a decimal share, such as: at_most: 0.95"}
    named_by: ClassVar = ("began_by", "ended_by", "limited_by")
    tells: ClassVar = ("limited_by", "quantity")
    live: ClassVar = True
    by_units: ClassVar = True

    @model_validator(mode="after")
    def _apart(self) -> Self:
        apart(self.began_by, self.ended_by, self.limited_by)
        return self

    def effects(self, name: str, service: str, days: Days) -> Effects:
        return Effects(
            countings=(
                Counting(name, service, self.began_by, "plus"),
                Counting(name, service, self.ended_by, "minus"),
                Counting(name, service, self.limited_by, "limit"),
            )
        )

    def windows(self, name: str, today: date, definitions: Definitions) -> list[Window]:
        return [Window(name, name, None, complete=False)]

    def judge(self, definitions: Definitions, residents: int) -> Judge:
        return self.judging(definitions, needed=float(self.at_most), at_most=True, by_unit=True)

    def counted_text(self, f: Finding) -> str:
        return units_short(f)

    def group_heads(self) -> tuple[str, str]:
        return _("on the list"), _("limit")

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        from torni.promises.rows import counted

        return counted(connection, asked, days=self.over_days, every=True)
