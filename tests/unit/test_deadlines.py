"""Days on which a statutory time may end."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torni.core.deadlines import last_day


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
