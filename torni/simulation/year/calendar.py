"""What each day is like in the invented year: open or closed, weekday, season, school holidays, influenza, and days that differ.

Every factor is of a day alone (and of a seed, a place), never of the block or the days asked for. Their sizes are invented; that
they are there is not: receptions are closed on days off, quiet at Christmas and in July, and full when influenza comes.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any, Literal

import numpy as np

from torni.core.calendar import day_off, eve, public_holiday
from torni.simulation.year.chance import Chance, Floats, Ints

Service = Literal["doctor_reception", "dental", "needs_assessment"]
GROWS_FROM = date(2026, 1, 1)  # growth is 1 on this day

_EPOCH = date(1970, 1, 1)
_WEEKDAYS = (1.22, 1.04, 0.98, 0.95, 0.81)  # Monday first: what was put off over the weekend comes on Monday
_SEASON = {  # January first: a month's middle, and evenly from one to the next
    "doctor_reception": (1.08, 1.04, 1.04, 1.02, 1.0, 0.92, 0.76, 0.94, 1.08, 1.1, 1.08, 1.0),
    "dental": (1.1, 1.08, 1.08, 1.04, 1.04, 0.82, 0.42, 0.94, 1.12, 1.12, 1.12, 0.98),
    "needs_assessment": (1.04, 1.02, 1.02, 1.0, 1.0, 0.96, 0.86, 0.98, 1.04, 1.04, 1.04, 1.0),
}
_EVE, _CHRISTMAS, _AFTER_A_DAY_OFF = 0.86, 0.72, 0.18
_SCHOOL_OUT = {True: 0.84, False: 0.98}  # of children, of others
_INFLUENZA = {True: 0.5, False: 0.18}  # at the top of an ordinary winter: so much more
_ORDINARY_WINTER = 0.1245  # the mean over the year of the influenza curve, over many winters


def date_of(day: int) -> date:
    return _EPOCH + timedelta(days=int(day))


def number_of(day: date) -> int:
    return (day - _EPOCH).days


def closed(days: Ints) -> Any:
    """Whether receptions and offices are closed on each day (days from 1970)."""
    return np.array([_closed(int(d)) for d in days], bool)


def open_near(day: Ints, after: Any) -> Ints:
    """Each day itself when it is open, else the last open day before it, if that is later than `after`, else the next open one."""
    if not len(day):
        return day
    first, last = int(day.min()), int(day.max())
    span = np.arange(first - 10, last + 11)
    shut = closed(span)
    before = np.maximum.accumulate(np.where(shut, -1, span))
    behind = np.minimum.accumulate(np.where(shut, 1 << 40, span)[::-1])[::-1]
    at = day - span[0]
    near: Ints = np.where(before[at] > after, before[at], behind[at])
    return near


def usual(service: Service, child: bool, days: Ints) -> Floats:
    """How much is asked on each day, of an ordinary day of the year: its mean over years is 1, on days off it is 0."""
    return np.array([_usual(service, child, int(d)) for d in days]) / _mean(service, child)


def visiting(days: Ints) -> Floats:
    """Visits of home care on each day, of an ordinary day: every day, but somewhat fewer on weekends and holidays."""
    return np.array([_visiting(int(d)) for d in days]) / 0.9854  # its mean over the years


def influenza(chance: Chance, child: bool, days: Ints) -> Floats:
    """The winter's influenza, a factor about 1 over the years: when, how high, how wide, and whether twice is each winter's own."""
    total = sum((_winter(chance, year, days) for year in _winters(days)), np.zeros(len(days)))
    factor: Floats = (1 + _INFLUENZA[child] * total) / (1 + _INFLUENZA[child] * _ORDINARY_WINTER)
    return factor


def unlike(chance: Chance, purpose: str, spread: float, days: Any, *keys: Any) -> Floats:
    """Days that differ for no reason told: a factor around 1 with the relative spread, a day's a little like the day's before.

    A sum over the last days of draws of their own, so that it needs no beginning.
    """
    weights = 0.3 ** np.arange(5)
    weights /= np.sqrt((weights**2).sum())
    total = sum((w * _normal(chance, purpose, np.asarray(days) - k, *keys) for k, w in enumerate(weights)), np.zeros(1))
    return 1 + spread * total


def growth(a_year: Any, days: Any) -> Floats:
    """A factor that grows evenly by the share a year, 1 on GROWS_FROM; it stops after twenty years."""
    years = np.clip((np.asarray(days) - number_of(GROWS_FROM)) / 365.25, -10, 20)
    return np.asarray(1 + np.asarray(a_year) * years, float)


def _normal(chance: Chance, purpose: str, *keys: Any) -> Floats:
    """About normal, never past 3.5: the sum of four even draws."""
    total = sum((chance.share(f"{purpose} {i}", *keys) for i in range(4)), np.zeros(1))
    normal: Floats = (total - 2) * np.sqrt(3.0)
    return normal


def _winters(days: Ints) -> range:
    return range(date_of(days.min()).year - 1, date_of(days.max()).year + 1)


def _winter(chance: Chance, year: int, days: Ints) -> Floats:
    """The curve of the winter that begins in the year: an ordinary one is about 1 at its top."""
    draw = [float(chance.share(f"influenza {what}", year)[0]) for what in ("top", "height", "width", "twice", "second")]
    top = number_of(date(year + 1, 1, 1)) - 10 + 75 * draw[0]  # from before Christmas to the beginning of March
    width = 12 + 9 * draw[2]
    curve: Floats = (0.5 + draw[1]) * np.exp(-0.5 * ((days - top) / width) ** 2)
    if draw[3] < 0.33:
        again = top + 38 + 22 * draw[4]
        curve = curve + (0.3 + 0.4 * draw[1]) * np.exp(-0.5 * ((days - again) / 11) ** 2)
    return curve


@cache
def _closed(day: int) -> bool:
    return day_off(date_of(day))


@cache
def _mean(service: Service, child: bool) -> float:
    """Over eight whole years."""
    first, last = number_of(date(2022, 1, 1)), number_of(date(2030, 1, 1))
    return sum(_usual(service, child, d) for d in range(first, last)) / (last - first)


@cache
def _usual(service: Service, child: bool, number: int) -> float:
    day = date_of(number)
    if day_off(day):
        return 0.0
    out = _WEEKDAYS[day.weekday()] * _season(service, day)
    if eve(day):
        out *= _EVE
    if (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 5):
        out *= _CHRISTMAS
    elif service != "needs_assessment" and school_holiday(day):
        out *= _SCHOOL_OUT[child]
    return out * (1 + _AFTER_A_DAY_OFF * _off_before(day))


def _season(service: Service, day: date) -> float:
    months = _SEASON[service]
    place = day.month - 1 + (day.day - 15.5) / 30.5
    low = int(np.floor(place))
    share = place - low
    return months[low % 12] * (1 - share) + months[(low + 1) % 12] * share


def _off_before(day: date) -> int:
    """Weekdays off just before the day: what was not asked then is asked now."""
    found, before = 0, day - timedelta(days=1)
    while day_off(before):
        found += before.weekday() < 5
        before -= timedelta(days=1)
    return min(found, 2)


def school_holiday(day: date) -> bool:
    """Whether Keski-Suomi's schools are closed: winter (week 9) and autumn (week 42) holidays, Christmas, summer."""
    if day.isocalendar().week in (9, 42):
        return True
    return (
        (6, 1) <= (day.month, day.day) <= (8, 10) or (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 6)
    )


@cache
def _visiting(number: int) -> float:
    day = date_of(number)
    if public_holiday(day) or (day.month, day.day) == (12, 24):
        return 0.9
    return 0.96 if day.weekday() >= 5 else 1.0
