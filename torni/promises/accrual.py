"""What a service has cost so far: what has been invoiced for months of service, what is expected, and where the year is going.

A cost belongs to the months in which the service was given, whenever its invoice comes. How often a unit invoices is learnt from its
invoices: one that comes every third month is of three, the month's own and those before, and so is one that comes after a month left
out and is as much greater. Of a unit that has invoiced once it cannot be told, and nothing is multiplied. A unit that has invoiced
lately, and not yet for a month, is expected to: the middle one of what its last months cost; for the month that runs, the part of it
that has passed. What is expected is kept apart from what is invoiced, and always told as expected. Does not consider what is known to
change (prices, places, holidays): the forecast goes on at the pace of the last months.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from statistics import median, median_low, stdev

import polars as pl

from torni.promises.window import Window

FEWEST_MONTHS = 3  # of so few whole months no deviation, and so no range, can be told
_YEAR = 12  # the longest that there is between two invoices: what has come once within it may come again
_BEFORE = 2 * _YEAR  # so that of what comes once a year two are seen


@dataclass(frozen=True)
class Accrued:
    """Cents. `invoiced` and `expected`: of this year's service up to today; `before`: invoiced this year, of the year before.
    `awaited`: the invoices that should have come and have not, of the units `waiting`; `doubled`: those that are at least twice what
    is usual, without a month left out. `allowed`: of the year's `appropriation`, a twelfth for each month, of the running one the part
    that has passed (by days alone, what is invoiced by the month would be 3 % too much at the end of each February). `forecast`:
    invoiced and expected of the whole year; `low` and `high`: between them it comes with the chance `range_share`, where the months go
    on varying as they have; None where too few months are whole. `unsure`: units that have invoiced once; of them only what they have
    invoiced is told, and `least` and `most` are what may have accrued, were it of a year or of a month.
    """

    invoiced: int
    before: int
    expected: int
    awaited: int
    waiting: tuple[str, ...]
    doubled: int
    unsure: tuple[str, ...]
    least: int
    most: int
    allowed: int
    appropriation: int
    forecast: int
    low: int | None
    high: int | None
    range_share: float

    @property
    def total(self) -> int:
        return self.invoiced + self.expected


def windows(promise: str, today: date) -> list[Window]:
    """The sums from each month's first day on, by whose differences each month's own are told: this year's, and those before them
    that tell how often a unit invoices."""
    return [Window(_key(promise, m), promise, (today - m).days + 1, complete=False) for m in _months(today)]


def accrued(
    summed: pl.DataFrame, promise: str, today: date, *, appropriation: int, base_months: int, range_share: float
) -> Accrued | None:
    """The year so far and its forecast from the windows' sums (columns key, unit, met). None where nothing has been invoiced."""
    names = {_key(promise, m): i for i, m in enumerate(_months(today))}
    rows = summed.filter(pl.col("key").is_in(list(names))).group_by("key", "unit").agg(pl.col("met").sum())
    since: dict[str, list[int]] = {}
    for key, unit, cents in rows.iter_rows():
        since.setdefault(unit, [0] * (len(names) + 1))[names[key]] = cents
    by_month = {u: [a - b for a, b in zip(sums, sums[1:], strict=False)] for u, sums in sorted(since.items())}
    return year_of(by_month, today, appropriation=appropriation, base_months=base_months, range_share=range_share)


def year_of(
    units: Mapping[str, Sequence[int]], today: date, *, appropriation: int, base_months: int, range_share: float
) -> Accrued | None:
    """The same from each unit's invoices by month, those of two years before and of this one up to today's."""
    running, first = _BEFORE + today.month - 1, _BEFORE
    passed = today.day / monthrange(today.year, today.month)[1]
    seen = {unit: _Unit(own, running, base_months) for unit, own in units.items() if any(own)}
    if not any(u.live or any(u.own[first:]) for u in seen.values()):
        return None
    expected = ahead = least = most = 0.0
    for u in seen.values():
        if u.often is None:
            once, since = u.usual, running - max(u.end, first) + passed
            taken = once if u.end >= first else 0.0
            least += once * since / _YEAR - taken if u.live else 0.0
            most += max(0.0, once * since - taken) if u.live else 0.0
        elif u.live:
            expected += u.usual * len(u.late(first)) + max(0.0, u.usual * passed - u.by[running])
            ahead += max(0.0, u.usual - max(u.usual * passed, u.by[running])) + u.usual * (_YEAR - today.month)
    invoiced, total = sum(sum(u.by[first:]) for u in seen.values()), sum(sum(u.own[first:]) for u in seen.values())
    forecast = invoiced + expected + ahead
    spread = _spread(list(seen.values()), first, running, passed, today, base_months, range_share)
    sure = [(unit, u) for unit, u in seen.items() if u.live and u.often is not None]
    told = round(invoiced)
    return Accrued(
        told, total - told, round(expected), sum(len(u.late(first)) // u.often for _, u in sure if u.often),
        tuple(unit for unit, u in sure if u.often and len(u.late(first)) >= u.often), sum(u.doubled(first) for u in seen.values()),
        tuple(unit for unit, u in seen.items() if u.live and u.often is None), told + round(expected + least), told + round(expected + most),
        round(appropriation * (today.month - 1 + passed) / _YEAR), appropriation, round(forecast),
        None if spread is None else round(max(min(invoiced, forecast), forecast - spread)), None if spread is None else round(forecast + spread), range_share,
    )  # fmt: skip


class _Unit:
    """One unit's invoices: `own` by the month they are dated in, `by` by the months they are of. `often`: every so many months, None
    where it cannot be told; `end`: the last month that is invoiced; `usual`: a month's cost; `live`: more is expected of it; `lacking`: the whole months, not too
    long ago, that no invoice is of."""

    def __init__(self, own: Sequence[int], running: int, base_months: int) -> None:
        self.own = own
        self.invoices = [m for m, cents in enumerate(own) if cents > 0]
        gaps = [b - a for a, b in zip(self.invoices, self.invoices[1:], strict=False)]
        self.often = median_low(gaps) if gaps else None
        self.by: list[float] = [float(cents) for cents in own]
        self.months: list[int] = []  # how many each invoice is of
        covered: set[int] = set()
        every = self.often or 1
        a_month = median(own[m] / every for m in self.invoices) if self.invoices else 0.0
        for m, gap in zip(self.invoices, [every, *gaps], strict=False):
            of = min(gap, max(every, round(own[m] / a_month)))
            self.months.append(of)
            covered.update(range(m - of + 1, m + 1))
            for month in range(m - of + 1, m + 1):
                self.by[max(month, 0)] += own[m] / of - (own[m] if month == m else 0)
        self.end = self.invoices[-1] if self.invoices else -1
        within = max(base_months, every)
        base = [self.by[m] for m in range(max(0, running - _BEFORE), running) if self.by[m] > 0][-within:]
        self.usual = float(median(base)) if base and self.often else float(own[self.end]) if self.invoices else 0.0
        silent = running - self.end
        self.live = bool(self.invoices) and (silent <= _YEAR if self.often is None else silent < base_months + every)

        ago = max(base_months, 2 * every)  # what is later than that comes no more
        begun = min(covered, default=running)
        self.lacking = [m for m in range(max(begun, running - ago), running) if m not in covered] if self.live else []

    def late(self, first: int) -> list[int]:
        """Those of this year."""
        return [m for m in self.lacking if m >= first]

    def doubled(self, first: int) -> int:
        a_month = (
            median(self.own[m] / of for m, of in zip(self.invoices, self.months, strict=True)) if self.invoices else 0
        )
        pairs = zip(self.invoices, self.months, strict=True)
        return sum(m >= first and self.own[m] / of >= 2 * a_month for m, of in pairs) if self.often else 0


def _spread(
    units: Sequence[_Unit], first: int, running: int, passed: float, today: date, base_months: int, range_share: float
) -> float | None:  # fmt: skip
    """How far from the forecast the year may end, by how the whole months have varied: those that every unit has invoiced.
    None where too few are whole, or some unit's rhythm is not known."""
    if any(u.live and u.often is None for u in units):
        return None
    whole = [not any(m in u.lacking for u in units) for m in range(running)]
    totals = [sum(u.by[m] for u in units) for m in range(first - base_months, running) if whole[m]]
    totals = [t for t in totals if t > 0]  # the months before the records began
    if len(totals) < FEWEST_MONTHS:
        return None
    unknown = _YEAR - today.month + 1 + sum(not w for w in whole[first:])
    error = stdev(totals) * sqrt(unknown + unknown**2 / min(base_months, len(totals)))
    from scipy.special import stdtrit  # its import is a good part of a stored answer's time

    return float(stdtrit(len(totals) - 1, (1 + range_share) / 2)) * error


def _months(today: date) -> list[date]:
    """The first days of this year's months up to today's, and of those of two years before."""
    return [date(today.year + m // _YEAR, m % _YEAR + 1, 1) for m in range(-_BEFORE, today.month)]


def _key(promise: str, month: date) -> str:
    return f"{promise} from {month:%Y-%m}"
