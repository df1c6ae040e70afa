"""Fee: every charge is what its formula gives, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from torni.core.language import Message, _
from torni.facts.book import Counting
from torni.promises.promise import EventType
from torni.promises.sums import Days, Effects, EventPromise, not_as_promised

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.promises.rows import Asked, Row


class FeePromise(EventPromise):
    """Every charge is what its formula gives, to the cent."""

    kind: Literal["fee"]
    event: EventType
    share: Decimal = Field(Decimal(1), gt=0, le=1)

    labels: ClassVar = {"fee": Message("Fees")}
    tells: ClassVar = ("event", "cents")
    long: ClassVar = True
    of_charges: ClassVar = True

    @property
    def target(self) -> float:
        return float(self.share)

    def effects(self, name: str, service: str, days: Days) -> Effects:
        return Effects(countings=(Counting(name, service, self.event, "exact"),))

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
