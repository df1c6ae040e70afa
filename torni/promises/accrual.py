"""What a service has cost so far: what has been invoiced for months of service, what is expected, and where the year is going.

A cost belongs to the month in which the service was given, whenever its invoice comes. A unit that has invoiced lately and has not yet
for a month is expected to: as much as it has on an average month before; for the month that runs, the part of it that has passed.
A month whose invoices and credits come to nothing counts as not invoiced. A unit that invoices every second or third month does so for
those months. What is expected is kept apart from what is invoiced, and always told as expected. Does not consider what is known to change
(prices, places, holidays): the forecast goes on at the pace of the last months.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from statistics import mean, median, stdev

import polars as pl

from torni.promises.window import Window

FEWEST_MONTHS = 3  # of so few whole months no deviation, and so no range, can be told


@dataclass(frozen=True)
class Accrued:
    """Cents. `invoiced` and `expected`: of this year's service up to today; `awaited`: the whole months, each unit's, whose invoice
    has not come. `allowed`: of the year's `appropriation`, a twelfth for each month, of the running one the part that has passed (by days
    alone, what is invoiced by the month would be 3 % too much at the end of each February). `forecast`: invoiced and expected of the
    whole year; `low` and `high`: between them it comes with the chance `range_share`, where the months go on varying as they have;
    None where too few months are whole.
    """

    invoiced: int
    expected: int
    awaited: int
    allowed: int
    appropriation: int
    forecast: int
    low: int | None
    high: int | None
    range_share: float

    @property
    def total(self) -> int:
        return self.invoiced + self.expected


def windows(promise: str, today: date, base_months: int) -> list[Window]:
    """The sums from each month's first day on, by whose differences each month's own are told: this year's, and those before them
    that January's expectation rests on."""
    return [
        Window(_key(promise, m), promise, (today - m).days + 1, complete=False) for m in _months(today, base_months)
    ]


def accrued(
    summed: pl.DataFrame, promise: str, today: date, *, appropriation: int, base_months: int, range_share: float
) -> Accrued | None:
    """The year so far and its forecast from the windows' sums (columns key, unit, met). None where nothing has been invoiced."""
    months = _months(today, base_months)
    names = {_key(promise, m): i for i, m in enumerate(months)}
    rows = summed.filter(pl.col("key").is_in(list(names))).group_by("key", "unit").agg(pl.col("met").sum())
    since: dict[str, list[int]] = {}
    for key, unit, cents in rows.iter_rows():
        since.setdefault(unit, [0] * (len(months) + 1))[names[key]] = cents
    units = [[a - b for a, b in zip(sums, sums[1:], strict=False)] for sums in since.values()]
    if not any(map(any, units)):
        return None
    return _year(units, months, today, appropriation, base_months, range_share)


def _year(
    units: Sequence[Sequence[int]], months: Sequence[date], today: date, appropriation: int, base_months: int, range_share: float
) -> Accrued:  # fmt: skip
    running = len(months) - 1
    passed = today.day / monthrange(today.year, today.month)[1]
    first = running - today.month + 1  # January's place
    expected, awaited, pace = 0.0, 0, 0.0
    whole = [True] * running  # the months for which every unit that is expected to has invoiced
    for own in map(_by_month, units):
        for m in range(base_months, running + 1):
            base = [cents for cents in own[m - base_months : m] if cents]
            usual = max(0.0, mean(base)) if base else 0.0  # credits alone are no pace
            if m == running:
                expected += max(0.0, usual * passed - own[m])
                pace += usual
            elif base and not own[m] and m >= running - base_months:  # what is later than that comes no more
                whole[m] = False
                expected += usual if m >= first else 0.0
                awaited += m >= first
    invoiced = sum(sum(own[first:]) for own in units)
    left = (1 - passed) + 12 - today.month
    forecast = invoiced + expected + pace * left
    totals = [sum(own[m] for own in map(_by_month, units)) for m in range(running) if whole[m]]
    totals = [t for t in totals if t > 0]  # the months before the records began
    spread = None
    if len(totals) >= FEWEST_MONTHS:
        from scipy.special import stdtrit  # its import is a good part of a stored answer's time

        unknown = left + passed + sum(not w for w in whole[first:])
        error = stdev(totals) * sqrt(unknown + unknown**2 / min(base_months, len(totals)))
        spread = float(stdtrit(len(totals) - 1, (1 + range_share) / 2)) * error
    return Accrued(
        invoiced, round(expected), awaited, round(appropriation * (today.month - 1 + passed) / 12), appropriation, round(forecast),
        None if spread is None else round(max(min(invoiced, forecast), forecast - spread)), None if spread is None else round(forecast + spread), range_share,
    )  # fmt: skip


def _by_month(own: Sequence[int]) -> Sequence[float]:
    """A unit's invoices by the months that they are of: one that comes every third month is of three, the month's own and those before."""
    months = [m for m, cents in enumerate(own) if cents]
    every = (
        round(median(b - a for a, b in zip(months, months[1:], strict=False))) if len(months) >= FEWEST_MONTHS else 1
    )
    if every <= 1:
        return own
    out = [0.0] * len(own)
    for m in months:
        for month in range(m - every + 1, m + 1):
            out[max(month, 0)] += own[m] / every
    return out


def _months(today: date, before: int) -> list[date]:
    """The first days of this year's months up to today's, and of so many months before them."""
    return [date(today.year - (m < 1), m + 12 * (m < 1), 1) for m in range(1 - before, today.month + 1)]


def _key(promise: str, month: date) -> str:
    return f"{promise} from {month:%Y-%m}"
