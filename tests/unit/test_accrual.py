"""What a service has cost: a cost belongs to the month of service, what is not invoiced is expected, and the year's end has a range."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torni.core.language import speaking
from torni.promises.accrual import accrued, windows
from torni.supervision import words
from torni.supervision.moment import sums_of

TODAY = date(2026, 11, 15)
EUR = 100


def of(invoices, today=TODAY, *, appropriation=12_000 * EUR):
    """`invoices`: unit, the last day of what it is for, cents."""
    tally = pl.DataFrame(
        [("s.p", day, today, unit, "179", 0, cents, 0) for unit, day, cents in invoices],
        schema={"promise": pl.String, "day": pl.Date, "known_on": pl.Date, "unit": pl.String, "municipality": pl.String, "total": pl.Int64, "met": pl.Int64, "late": pl.Int64},
        orient="row",
    )  # fmt: skip
    last = pl.DataFrame(
        [(u, today) for u in sorted({u for u, _, _ in invoices})],
        schema={"unit": pl.String, "last": pl.Date},
        orient="row",
    )
    summed = sums_of(tally, today, windows("s.p", today, 3), last)
    return accrued(summed, "s.p", today, appropriation=appropriation, base_months=3, range_share=0.8)


def ends(year, first, last):
    return [date(year + (m == 12), m % 12 + 1, 1) - timedelta(days=1) for m in range(first, last + 1)]


def monthly(unit, cents, first, last, year=2026):
    return [(unit, day, cents) for day in ends(year, first, last)]


def test_half_of_november_is_expected_before_its_invoice():
    a = of(monthly("u", 1_000 * EUR, 1, 10))
    assert (a.invoiced, a.expected, a.awaited, a.total) == (10_000 * EUR, 500 * EUR, 0, 10_500 * EUR)
    assert a.allowed == 10_500 * EUR
    assert (a.forecast, a.low, a.high) == (12_000 * EUR,) * 3, "months that do not vary have no range"


def test_an_invoice_that_has_not_come_is_expected_and_counted():
    a = of(monthly("u", 1_000 * EUR, 1, 9) + monthly("v", 200 * EUR, 1, 10))
    assert a.invoiced == 11_000 * EUR
    assert (a.expected, a.awaited) == (1_000 * EUR + 600 * EUR, 1)


def test_a_cost_belongs_to_the_month_of_service_and_not_to_that_of_its_invoice():
    """December's invoice of last year, come in January, is no cost of this year; it tells what January is expected to be."""
    a = of(monthly("u", 900 * EUR, 10, 12, year=2025), date(2026, 1, 10))
    assert (a.invoiced, a.expected) == (0, round(900 * EUR * 10 / 31))


def test_the_running_months_own_invoice_takes_the_place_of_what_is_expected():
    a = of([*monthly("u", 1_000 * EUR, 1, 10), ("u", date(2026, 11, 10), 400 * EUR)])
    assert (a.invoiced, a.expected) == (10_400 * EUR, 100 * EUR)


def test_of_a_unit_long_silent_nothing_is_expected_any_more():
    closed = monthly("closed", 500 * EUR, 1, 4)
    at_july = of(monthly("u", 1_000 * EUR, 1, 6) + closed, date(2026, 7, 31))
    assert at_july.expected == 1_000 * EUR + 3 * 500 * EUR, "two months and the running one are waited for"
    a = of(monthly("u", 1_000 * EUR, 1, 10) + closed)
    assert (a.expected, a.awaited) == (500 * EUR, 0), "what has not come by November comes no more"
    assert a.forecast == of(monthly("u", 1_000 * EUR, 1, 10)).forecast + 2_000 * EUR


@pytest.mark.parametrize(("every", "cents"), [(2, 200), (3, 300)])
def test_a_unit_that_invoices_every_second_or_third_month_does_so_for_those_months(every, cents):
    ends_of = [
        d for year in (2025, 2026) for d in ends(year, 1, 12) if d.month % every == 0 and d <= date(2026, 10, 30)
    ]
    a = of([("u", day, cents * EUR) for day in ends_of], date(2026, 10, 30))
    year = 1_200 * EUR
    assert abs(a.forecast - year) < 10 * EUR and a.low <= a.forecast <= a.high
    assert a.expected < 210 * EUR, "what has not come is of two months at most"


def test_nothing_invoiced_is_not_known_and_too_few_months_have_no_range():
    assert of([("u", date(2024, 5, 31), 100)]) is None
    a = of(monthly("u", 1_000 * EUR, 9, 10))
    assert a.low is None
    with speaking("en"):
        assert words.forecast_text(a) == "0.0 M€; too few months are whole to tell a range"


def test_what_is_expected_is_told_as_expected():
    invoices = [("u", day, (1_000_000 + 40_000 * (i % 3)) * EUR) for i, day in enumerate(ends(2026, 1, 10))]
    a = of(invoices, appropriation=12_000_000 * EUR)
    assert a.low < a.forecast < a.high
    with speaking("en"):
        told = dict(words.accrual_lines(a))
    assert told["Invoiced for this year's service"] == "10.4 M€"
    assert told["Expected, the invoice has not come"] == "0.5 M€"
    assert told["Expected by the end of the year"].startswith("12.4 M€, with a chance of 80% between 12.")
    assert told["Expected to be exceeded by"] == "0.4 M€"


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2024, 2, 29), date(2026, 12, 31), date(2026, 3, 31)])
def test_the_edges_of_months_and_years(today):
    before = [("u", day, 310) for day in ends(today.year - 1, 1, 12)]
    a = of(before + [("u", day, 310) for day in ends(today.year, 1, today.month) if day < today.replace(day=1)], today)
    assert 0 < a.total <= a.forecast
    if (today.month, today.day) == (12, 31):
        assert (a.allowed, a.total) == (a.appropriation, a.forecast)


@given(
    st.lists(st.tuples(st.sampled_from("uvw"), st.integers(-400, 0), st.integers(-500, 5_000)), max_size=40),
    st.dates(date(2025, 1, 1), date(2027, 12, 31)),
)
def test_what_is_invoiced_is_the_years_invoices_to_the_cent(given_, today):
    invoices = [(unit, today + timedelta(days=ago), cents) for unit, ago, cents in given_]
    a = of(invoices, today)
    if a is None:
        return
    assert a.invoiced == sum(cents for _, day, cents in invoices if day.year == today.year)
    assert a.expected >= 0 and a.forecast >= a.total - 1
    assert a.low is None or a.low <= a.forecast <= a.high
