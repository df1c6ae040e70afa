"""Days on which a statutory time may end."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torni.core.calendar import day_off
from torni.core.deadlines import last_day, working_day_after


@pytest.mark.parametrize(
    ("falls", "ends"),
    [
        ("2026-11-20", "2026-11-20"),  # a Friday
        ("2026-12-20", "2026-12-21"),  # a Sunday
        ("2026-12-24", "2026-12-28"),  # Christmas Eve on a Thursday
        ("2026-04-03", "2026-04-07"),  # Good Friday to the Tuesday after Easter
        ("2026-05-14", "2026-05-15"),  # Ascension Day
        ("2026-06-19", "2026-06-22"),  # Midsummer Eve
        ("2026-05-01", "2026-05-04"),  # May Day
        ("2027-01-06", "2027-01-07"),  # Epiphany
        ("2024-12-06", "2024-12-09"),  # Independence Day on a Friday
        ("2038-04-23", "2038-04-27"),  # a late Easter
    ],
)
def test_a_time_that_ends_on_a_day_off_ends_on_the_next_working_day(falls, ends):
    assert last_day(date.fromisoformat(falls)) == date.fromisoformat(ends)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_it_ends_soon_on_a_weekday_and_no_earlier(day):
    found = last_day(day)
    assert day <= found <= day + timedelta(days=5) and found.weekday() < 5 and last_day(found) == found


@pytest.mark.parametrize(
    ("day", "seventh"),
    [
        ("2026-11-02", "2026-11-11"),  # a Monday: the Wednesday of the next week
        ("2026-11-06", "2026-11-17"),  # a Friday
        ("2026-11-07", "2026-11-17"),  # a Saturday and a Sunday begin as the Friday before
        ("2026-11-08", "2026-11-17"),
        ("2026-12-18", "2026-12-31"),  # Christmas Eve and Day between, Boxing Day on a Saturday
        ("2026-04-01", "2026-04-14"),  # Good Friday and Easter Monday
        ("2026-12-30", "2027-01-12"),  # New Year and Epiphany
    ],
)
def test_the_seventh_working_day(day, seventh):
    """Social Welfare Act 1301/2014, section 36: the assessment begins by the seventh working day after the contact."""
    assert working_day_after(date.fromisoformat(day), 7) == date.fromisoformat(seventh)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 30))
def test_so_many_working_days_pass_and_no_more(day, count):
    found = working_day_after(day, count)
    between = [day + timedelta(days=i) for i in range(1, (found - day).days + 1)]
    assert sum(not day_off(d) for d in between) == count and not day_off(found)
