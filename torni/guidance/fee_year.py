"""What a client has been charged this year, what of it the yearly ceiling counts, and what is left of the ceiling."""

from __future__ import annotations

from dataclasses import dataclass

from torni.core.faults import BadInput
from torni.facts.door import local_day
from torni.guidance.case import Case
from torni.guidance.fees import CEILING
from torni.services.rules import Rules


@dataclass(frozen=True)
class FeeYear:
    """Euros. `charged`: all of the year; `counted`: what the ceiling of `limit` counts."""

    charged: float
    counted: float
    limit: float

    @property
    def left(self) -> float:
        return max(0.0, self.limit - self.counted)

    @property
    def share(self) -> float:
        return min(1.0, self.counted / self.limit)


def fee_year(case: Case, rules: Rules) -> FeeYear | None:
    """The calendar year of the case's day, by what has been charged; None where no ceiling is known on the day. The ceiling counts the
    charges of those formulas that say so (Act on Client Fees 734/1992, 6 a §). Not considered: fees of other organisers."""
    counting = {name for name, formula in rules.formulas.items() if formula.definition.counts_towards_ceiling}
    this_year = [e for e in case.events if e.type == "fee.charged" and local_day(e.at).year == case.today.year]
    try:
        limit = rules.library.number(CEILING)
    except BadInput:
        return None
    counted = sum(e.cents or 0 for e in this_year if (e.data or {}).get("formula") in counting)
    return FeeYear(sum(e.cents or 0 for e in this_year) / 100, counted / 100, limit)
