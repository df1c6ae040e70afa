"""An indicator as it is written: what is measured, of what, why, and which way is good (`definitions/indicators/`)."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from torni.core.language import t
from torni.core.texts import Identifier, Strict, Text

Measure = Literal["count", "clients", "sum", "median", "p90", "unanswered", "residents"]


class Side(Strict):
    """One side of an indicator.

    count: events. clients: different clients of them. sum, median, p90: of a column (`of`). unanswered: events that began something
    nothing has answered. residents: those registered by the period's end.
    """

    measure: Measure
    of: Literal["quantity", "of_quantity", "cents", "waited_days"] | None = None
    where: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.measure in ("sum", "median", "p90")) != (self.of is not None):
            raise ValueError(
                t("{measure} and `of` do not go together; `of` goes with sum, median and p90", measure=self.measure)
            )
        if (self.measure == "residents") != (self.where is None):
            raise ValueError(t("every measure but residents needs `where`, and residents has none"))
        return self


class Indicator(Strict):
    """`times`: what the ratio is multiplied by (1000 for "per thousand"). `share`: told in per cent. `good`: more, less or neither."""

    name: Text
    why: Text
    good: Literal["more", "less", "neither"]
    source: Identifier
    numerator: Side
    denominator: Side | None = None
    times: Decimal = Decimal(1)
    share: bool = False
    decimals: int = Field(0, ge=0, le=4)
    unit: Text | None = None


class Indicators(Strict):
    indicators: dict[Identifier, Indicator]
