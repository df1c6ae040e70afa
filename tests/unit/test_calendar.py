"""Finland's public holidays and days off."""

from datetime import date, timedelta

import pytest

from torni.core.calendar import day_off, eve, public_holiday

# Good Friday, Easter Day and Monday, Ascension Day, Pentecost, Midsummer Day, All Saints' Day
MOVING = {
    2024: "03-29 03-31 04-01 05-09 05-19 06-22 11-02",
    2025: "04-18 04-20 04-21 05-29 06-08 06-21 11-01",
    2026: "04-03 04-05 04-06 05-14 05-24 06-20 10-31",
    2027: "03-26 03-28 03-29 05-06 05-16 06-26 11-06",
    2028: "04-14 04-16 04-17 05-25 06-04 06-24 11-04",
    2029: "03-30 04-01 04-02 05-10 05-20 06-23 11-03",
    2030: "04-19 04-21 04-22 05-30 06-09 06-22 11-02",
    2031: "04-11 04-13 04-14 05-22 06-01 06-21 11-01",
    2032: "03-26 03-28 03-29 05-06 05-16 06-26 11-06",
}
FIXED = "01-01 01-06 05-01 12-06 12-25 12-26"


@pytest.mark.parametrize("year", MOVING)
def test_the_public_holidays_of_a_year(year):
    days = [date(year, 1, 1) + timedelta(days=i) for i in range(366)]
    found = {f"{d:%m-%d}" for d in days if d.year == year and public_holiday(d)}
    assert found == {*MOVING[year].split(), *FIXED.split()}


@pytest.mark.parametrize("year", MOVING)
def test_days_off_are_weekends_holidays_and_the_eves_of_christmas_and_midsummer(year):
    midsummer_eve = f"06-{int(MOVING[year].split()[5][3:]) - 1}"
    days = [date(year, 1, 1) + timedelta(days=i) for i in range(366)]
    found = {f"{d:%m-%d}" for d in days if d.year == year and day_off(d) and d.weekday() < 5 and not public_holiday(d)}
    assert found - {"12-24"} == {midsummer_eve}
    assert day_off(date(year, 12, 24))
    assert all(day_off(d) for d in days if d.weekday() >= 5 or public_holiday(d))


@pytest.mark.parametrize(
    ("day", "is_eve"),
    [
        ("2026-04-30", True),  # before May Day
        ("2026-04-02", True),  # before Good Friday
        ("2026-04-04", True),  # between Good Friday and Easter Day
        ("2026-04-05", False),  # Easter Day: a holiday itself
        ("2026-12-24", True),
        ("2026-12-25", False),
        ("2026-12-31", True),
        ("2026-06-19", True),  # before Midsummer Day
        ("2026-06-18", False),
        ("2026-03-03", False),
    ],
)
def test_an_eve_is_the_day_before_a_holiday_and_none_itself(day, is_eve):
    assert eve(date.fromisoformat(day)) is is_eve
