"""The last day of a time that a statute sets, when it falls on a day on which offices are closed."""

from __future__ import annotations

from datetime import date, timedelta

from dateutil.easter import easter

_FIXED = {(1, 1), (1, 6), (5, 1), (12, 6), (12, 24), (12, 25), (12, 26)}
_FROM_EASTER = {-2, 1, 39}  # Good Friday, Easter Monday, Ascension Day; the others are Sundays


def last_day(day: date) -> date:
    """The day itself, or the next working day from a Saturday, a Sunday or other holiday, Independence Day, May Day, the eves of Christmas and Midsummer.

    Act on the calculation of statutory time limits 150/1930, section 5.
    """
    while not _working(day):
        day += timedelta(days=1)
    return day


def is_day_off(day: date) -> bool:
    """A Saturday, a Sunday, another public holiday, or an eve on which offices are closed."""
    return not _working(day)


def _working(day: date) -> bool:
    midsummer_eve = day.month == 6 and day.weekday() == 4 and 19 <= day.day <= 25
    moving = (day - easter(day.year)).days in _FROM_EASTER
    return day.weekday() < 5 and (day.month, day.day) not in _FIXED and not moving and not midsummer_eve
