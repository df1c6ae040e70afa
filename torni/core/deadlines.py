"""The last day of a time that a statute sets: when it falls on a day on which offices are closed, and when it is in working days."""

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


def working_day_after(day: date, count: int) -> date:
    """The so manieth working day after the day, which itself is not counted: of a Friday and 7, the Tuesday of the week after next.

    Working days are those on which offices are open. Act on the calculation of statutory time limits 150/1930, section 2; that a
    Saturday is no working day follows its section 5 and is assumed of the acts that count in working days.
    """
    for _ in range(count):
        day = last_day(day + timedelta(days=1))
    return day
