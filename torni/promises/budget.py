"""Budget: what has accrued this year stays within the appropriation."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from torni.core.language import Message, _, euros_text, per_cent
from torni.facts.book import Counting
from torni.promises import accrual
from torni.promises.accrual import Accrued
from torni.promises.finding import Finding, Group, Groups, State
from torni.promises.margin import Margin
from torni.promises.promise import Definitions, EventType, number_of
from torni.promises.sums import Days, Effects, EventPromise, Judge, Sums
from torni.promises.window import Window

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.promises.rows import Asked, Row

_BASE_MONTHS, _RANGE_SHARE = "spending.base_months", "spending.range_share"


class BudgetPromise(EventPromise):
    """What has accrued this year, invoiced and expected, stays within the twelfths of its appropriation that have passed.

    A cost belongs to the day that the event names as `due`: the last of the period in which the service was given.
    """

    kind: Literal["budget"]
    event: EventType
    appropriation: str = Field(description="A parameter: euros a year and resident.")

    labels: ClassVar = {"budget": Message("Spending")}
    parameters: ClassVar = {"appropriation": ("EUR per resident a year",)}
    tells: ClassVar = ("event", "cents")
    live: ClassVar = True
    people: ClassVar = "service"

    @property
    def alert_days(self) -> None:
        return None

    @property
    def alerts_by(self) -> Literal["whole"]:
        return "whole"

    def effects(self, name: str, service: str, days: Days) -> Effects:
        return Effects(countings=(Counting(name, service, self.event, "sum"),))

    def windows(self, name: str, today: date, definitions: Definitions) -> list[Window]:
        year = Window(name, name, today.timetuple().tm_yday, complete=False)
        return [year, *accrual.windows(name, today)]

    def judge(self, definitions: Definitions, residents: int) -> Judge:
        limit = number_of(definitions, self.appropriation) * 100 * residents
        return self.judging(definitions, valued=False, whole_at_most=True, limit=limit)

    def valued(
        self, name: str, sums: Sums, judge: Judge, by_unit: Groups, definitions: Definitions
    ) -> tuple[float | None, Accrued | None]:
        spent = accrual.accrued(
            sums.summed, name, sums.today, appropriation=round(judge.limit), base_months=round(definitions.number(_BASE_MONTHS)),
            range_share=definitions.number(_RANGE_SHARE),
        )  # fmt: skip
        return (spent.total / spent.allowed if spent and spent.allowed > 0 else None), spent

    def margin(
        self, judge: Judge, state: State, total: int, met: int, by_unit: Groups, spent: Accrued | None
    ) -> Margin | None:
        if spent is None:
            return None
        left = spent.allowed - spent.total
        return Margin(False, left, None, "cents") if left >= 0 else Margin(True, None, -left, "cents")

    def margin_text(self, m: Margin) -> str:
        if m.broken:
            return _("{euros} too much has accrued by today").format(euros=euros_text(m.mends or 0, 2))
        return _("{euros} more by today and the promise is broken").format(euros=euros_text(m.more or 0, 2))

    def doubts(self, spent: Accrued, judge: Judge) -> list[Message]:
        if spent.allowed <= 0 or judge.keeps(spent.least / spent.allowed) == judge.keeps(spent.most / spent.allowed):
            return []
        return [Message("how often some units invoice cannot be told yet")]

    def target_text(self, f: Finding) -> str:
        return "≤ " + per_cent(1, 0)

    def counted_text(self, f: Finding) -> str:
        if f.accrued is None:
            return _("{euros} this year").format(euros=euros_text(f.met))
        return _("accrued {total}, of it {expected} expected, without an invoice yet").format(
            total=euros_text(f.accrued.total), expected=euros_text(f.accrued.expected)
        )

    def group_text(self, g: Group) -> str:
        return euros_text(g.met, 2)

    def group_heads(self) -> None:
        return None

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        from torni.promises.rows import counted

        return counted(connection, asked, days=self.over_days, every=True, of_nobody=True)
