"""Measure: the share of events whose quantity is at least so much."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from torni.core.language import Message, _
from torni.core.texts import Whole
from torni.facts.book import Counting
from torni.promises.promise import EventType
from torni.promises.sums import Days, Effects, EventPromise, not_as_promised

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.promises.rows import Asked, Row


class MeasurePromise(EventPromise):
    """The share of events whose quantity is at least so much. Of them, those that tell a quantity count."""

    kind: Literal["measure"]
    event: EventType
    at_least: Whole = Field(ge=1)
    share: Decimal = Field(gt=0, le=1)

    labels: ClassVar = {"measure": Message("Measures")}
    by_chance: ClassVar = True
    long: ClassVar = True

    @property
    def target(self) -> float:
        return float(self.share)

    def effects(self, name: str, service: str, days: Days) -> Effects:
        return Effects(countings=(Counting(name, service, self.event, "at_least", self.at_least),))

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        from torni.promises.rows import counted

        return counted(connection, asked, days=self.over_days)

    def misses_text(self, count: int) -> str:
        return not_as_promised(count)

    def clients_unmet(self, connection: Connection, asked: Asked) -> int | None:
        from torni.promises.rows import clients_unmet

        return clients_unmet(connection, asked, days=self.over_days, of_sums=True)

    def rows_text(self, until: str) -> str:
        return _("What was not as promised.")
