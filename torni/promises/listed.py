"""List: no unit's list is fuller than this share of its limit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from torni.core.language import Message, _, ngettext, number, per_cent
from torni.facts.book import Counting
from torni.promises.accrual import Accrued
from torni.promises.finding import Finding, Groups, State
from torni.promises.margin import Margin
from torni.promises.promise import Definitions, EventType
from torni.promises.sums import Days, Effects, EventPromise, Judge, apart, units_short
from torni.promises.window import Window

if TYPE_CHECKING:
    from torni.facts.opening import Connection
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
    people: ClassVar = "met"

    @model_validator(mode="after")
    def _apart(self) -> Self:
        apart(self.began_by, self.ended_by, self.limited_by)
        return self

    @property
    def alert_days(self) -> None:
        return None

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

    def margin(
        self, judge: Judge, state: State, total: int, met: int, by_unit: Groups, spent: Accrued | None
    ) -> Margin | None:
        """So many more on the fullest list break it; so many fewer, on all that are too full together, mend it."""
        apart_by = [int(g.met) - int(Decimal(str(judge.needed)) * int(g.total)) for g in by_unit if g.total > 0]
        if not apart_by:
            return None
        over = sum(max(0, a) for a in apart_by)
        return Margin(True, None, over, "list") if over else Margin(False, 1 - max(apart_by), None, "list")

    def margin_text(self, m: Margin) -> str:
        if m.broken:
            return ngettext("{n} fewer on the lists that are too full keeps it again", "{n} fewer on the lists that are too full keep it again", m.mends or 0).format(n=number(m.mends or 0))  # fmt: skip
        return ngettext("{n} more on the fullest list and the promise is broken", "{n} more on the fullest list and the promise is broken", m.more or 0).format(n=number(m.more or 0))  # fmt: skip

    def group_target_text(self, f: Finding) -> str:
        return "≤ " + per_cent(float(self.at_most), 0)

    def counted_text(self, f: Finding) -> str:
        return units_short(f)

    def group_heads(self) -> tuple[str, str]:
        return _("on the list"), _("limit")

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        from torni.promises.rows import counted

        return counted(connection, asked, days=self.over_days, every=True)
