"""What of a day lets expect more or fewer: weekday, days off and their neighbours, school holidays, season. As numbers for `change`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from torni.core.calendar import day_off

Floats = npt.NDArray[np.float64]

# level, Monday to Friday, Saturday, Sunday or another day off, the working day before one, the one after, school holiday, season,
# and what a day off in the week has beside a Sunday's: a service that is open on Sundays may be closed on it, or twice as busy
TERMS = 1 + 5 + 1 + 1 + 1 + 1 + 1 + 4 + 1
_DAYS, _SEASON = slice(1, 8), slice(11, 15)


@dataclass(frozen=True)
class Calendar:
    """`school_holidays`, `epidemic`: ISO weeks. `season`: month -> how many times the year's mean is usual, empty for none."""

    school_holidays: Collection[int] = ()
    epidemic: Collection[int] = ()
    season: Mapping[int, float] = field(default_factory=dict)

    def terms(self, day: date) -> Floats:
        """The day's terms (TERMS), the first is 1."""
        x = np.zeros(TERMS)
        x[0] = 1.0
        off = day.weekday() == 6 or (day.weekday() < 5 and day_off(day))
        x[7 if off else 6 if day.weekday() == 5 else 1 + day.weekday()] = 1.0
        if not off and day.weekday() < 5:
            x[8] = float(_off(day + timedelta(days=1)) and day.weekday() != 4)
            x[9] = float(_off(day - timedelta(days=1)) and day.weekday() != 0)
        x[15] = float(off and day.weekday() < 5)
        x[10] = float(day.isocalendar().week in self.school_holidays)
        turn = 2 * np.pi * day.timetuple().tm_yday / 365.25
        x[_SEASON] = np.cos(turn), np.sin(turn), np.cos(2 * turn), np.sin(2 * turn)
        return x

    def shape(self, day: date) -> float:
        """The logarithm of the season's usual factor on the day, from month's middle to month's middle."""
        if not self.season:
            return 0.0
        other = day.month % 12 + 1 if day.day >= 15 else (day.month - 2) % 12 + 1
        share = abs(day.day - 15) / 30.4
        return float((1 - share) * np.log(self.season[day.month]) + share * np.log(self.season[other]))

    def unusual(self, day: date) -> bool:
        """Is it a day of which a year of records tells little: of a school holiday, or within five days of a day off in the week?"""
        near = (day + timedelta(days=i) for i in range(-5, 6))
        return day.isocalendar().week in self.school_holidays or any(d.weekday() < 5 and _off(d) for d in near)

    def restless(self, day: date) -> bool:
        """Is it an epidemic's season, when all may move together more than usual?"""
        return day.isocalendar().week in self.epidemic


def believed(*, part: bool, shaped: bool = True) -> Floats:
    """How far from 0 each term's coefficient may be. `part`: of a series whose group's common movement is learnt beside it.

    `shaped`: the season is given, or there is no more than a year to learn it from; else it is learnt from the series' own years.
    """
    out = np.zeros(TERMS)
    out[0] = 3.0
    out[_DAYS] = 2.0
    out[15] = 0.2 if part else 1.0
    out[8:11] = (0.2, 0.2, 0.1) if part else (0.5, 0.5, 0.2)
    out[_SEASON] = (0.05, 0.05, 0.03, 0.03) if part else (0.15, 0.15, 0.08, 0.08)
    if not shaped:
        out[_SEASON] = 1.0, 1.0, 0.5, 0.5
    return out


def _off(day: date) -> bool:
    return day_off(day)
