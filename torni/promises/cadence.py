"""Cadence: each unit has the event again and again, at most so many days apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from torni.core.language import Message, _
from torni.facts.book import Answer, Opening
from torni.promises.finding import Finding, Group, Level
from torni.promises.promise import DAYS, EventType
from torni.promises.sums import Days, Effects, EventPromise, Sums, units_short

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.promises.rows import Asked, Row


class CadencePromise(EventPromise):
    """Each unit has the event again and again, at most so many days apart."""

    kind: Literal["cadence"]
    event: EventType
    every_days: str = Field(description="A parameter: the most days between two.")
    share: Decimal = Field(Decimal(1), gt=0, le=1)

    labels: ClassVar = {"cadence": Message("Supervision visits")}
    parameters: ClassVar = {"every_days": DAYS}
    begins: ClassVar = True
    by_units: ClassVar = True
    people: ClassVar = None

    @property
    def alert_days(self) -> None:
        return None

    @property
    def target(self) -> float:
        return float(self.share)

    def effects(self, name: str, service: str, days: Days) -> Effects:
        every, months, working = days(self.every_days)
        opening = Opening(name, service, self.event, every, months=months, working=working)
        return Effects((opening,), (Answer(name, self.event),))

    def source_of(self, sums: Sums) -> Mapping[Level, Mapping[str, Sequence[Group]]]:
        return sums.owed_groups

    def counts_of(self, name: str, sums: Sums) -> tuple[int, int, int]:
        open_, overdue = sums.waits.get(name, (0, 0))
        return open_, open_ - overdue, overdue

    def counted_text(self, f: Finding) -> str:
        return units_short(f)

    def rows(self, connection: Connection, asked: Asked) -> list[Row]:
        from torni.promises.rows import owed

        return owed(connection, asked, days=self.over_days)

    def rows_text(self, until: str) -> str:
        return _("What was owed and is not done, and what was done late, up to %(day)s.") % {"day": until}
