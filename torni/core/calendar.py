"""Finland's public holidays, the days on which offices are closed, and eves."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from dateutil.easter import easter

_FIXED = {(1, 1), (1, 6), (5, 1), (12, 6), (12, 25), (12, 26)}
_FROM_EASTER = {-2, 0, 1, 39, 49}  # Good Friday, Easter Day and Monday, Ascension Day, Pentecost


@cache
def public_holiday(day: date) -> bool:
    """Whether the day is a public holiday: the church's holidays, Independence Day and May Day; no ordinary Sunday."""
    saturday = day.weekday() == 5
    midsummer = saturday and day.month == 6 and 20 <= day.day <= 26
    all_saints = saturday and ((day.month == 10 and day.day == 31) or (day.month == 11 and day.day <= 6))
    moving = (day - easter(day.year)).days in _FROM_EASTER
    return (day.month, day.day) in _FIXED or midsummer or all_saints or moving


def day_off(day: date) -> bool:
    """Whether offices are closed: Saturdays, Sundays, public holidays, and the eves of Christmas and Midsummer."""
    christmas_eve = (day.month, day.day) == (12, 24)
    midsummer_eve = day.month == 6 and day.weekday() == 4 and 19 <= day.day <= 25
    return day.weekday() >= 5 or public_holiday(day) or christmas_eve or midsummer_eve


def eve(day: date) -> bool:
    """Whether the day is the one before a public holiday, and none itself."""
    return public_holiday(day + timedelta(days=1)) and not public_holiday(day)
