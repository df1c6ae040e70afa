"""The last day of a time that a statute sets, when it falls on a day on which offices are closed."""

from __future__ import annotations

from datetime import date, timedelta

from torni.core.calendar import day_off


def last_day(day: date) -> date:
    """The day itself, or the next working day from a Saturday, a Sunday or other holiday, Independence Day, May Day, the eves of Christmas and Midsummer.

    Act on the calculation of statutory time limits 150/1930, section 5.
    """
    while day_off(day):
        day += timedelta(days=1)
    return day
