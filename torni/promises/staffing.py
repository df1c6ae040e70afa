"""Staffing: each unit has direct client work enough for its clients."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from torni.core.language import Message, _, number
from torni.facts.book import Counting
from torni.promises.finding import Finding
from torni.promises.promise import Definitions, EventType, number_of
from torni.promises.sums import Days, Effects, EventPromise, Judge, units_short

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.promises.rows import Asked, Row


class StaffingPromise(EventPromise):
    """Each unit has direct client work enough for its clients: minutes a client and day."""

    kind: Literal["staffing"]
    event: EventType
    ratio: str = Field(description="A parameter: employees for each client.")
    full_time: str = Field(description="A parameter: the minutes of work a day of one full-time employee.")
    share: Decimal = Field(Decimal(1), gt=0, le=1, description="The share of units that must have enough.")

    labels: ClassVar = {"staffing": Message("Staffing")}
    parameters: ClassVar = {"ratio": ("employees per client",), "full_time": ("minutes per calendar day",)}
    tells: ClassVar = ("event", "quantity")
    by_units: ClassVar = True
    people: ClassVar = None

    @property
    def target(self) -> float:
        return float(self.share)

    def effects(self, name: str, service: str, days: Days) -> Effects:
        return Effects(countings=(Counting(name, service, self.event, "ratio"),))

    def judge(self, definitions: Definitions, residents: int) -> Judge:
        needed, per = number_of(definitions, self.ratio), number_of(definitions, self.full_time)
        return self.judging(definitions, needed=needed, per=per, by_unit=True)

    def counted_text(self, f: Finding) -> str:
        return units_short(f)

    def group_target_text(self, f: Finding) -> str:
        return self.target_text(f) if f.needed is None else "≥ " + self.share_text(f.needed)

    def share_text(self, value: float) -> str:
        return number(value, 2)

    def group_heads(self) -> tuple[str, str]:
        return _("work minutes"), _("client days")

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        from torni.promises.rows import counted

        return counted(connection, asked, days=self.over_days, every=True, of_nobody=True)
