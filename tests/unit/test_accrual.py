"""What a service has cost: a cost belongs to the month of service, what is not invoiced is expected, and the year's end has a range."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torni.core.language import euros_text, speaking
from torni.promises.accrual import accrued, windows
from torni.supervision import sentences
from torni.supervision.known_sums import sums_of

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
    summed = sums_of(tally, today, windows("s.p", today), last)
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
        assert sentences.forecast_text(a) == "4,000 €; too few months are whole to tell a range"
        assert sentences.forecast_cell(a) == ("4,000 €", "too few whole months for a range")


def test_what_is_expected_is_told_as_expected():
    invoices = [("u", day, (1_000_000 + 40_000 * (i % 3)) * EUR) for i, day in enumerate(ends(2026, 1, 10))]
    a = of(invoices, appropriation=12_000_000 * EUR)
    assert a.low < a.forecast < a.high
    with speaking("en"):
        told = dict(sentences.accrual_lines(a, {}))
        forecast, within = sentences.forecast_cell(a)
    assert forecast == "12.4 M€"
    assert within.startswith("80%: 12.")
    assert told["Invoiced for this year's service"] == "10.4 M€"
    assert told["Expected, the invoice has not come"] == "520,000 €"
    assert told["Expected by the end of the year"].startswith("12.4 M€, with a chance of 80% between 12.")
    assert told["Expected to be exceeded by"] == "440,000 €"


def every(step, last, cents=1_000 * EUR, *, since=(2024, 1), until=TODAY):
    """A unit that invoices every so many months, of them all, in the months whose number leaves `last`, up to a day."""
    months = [
        (y, m)
        for y in (2024, 2025, 2026)
        for m in range(1, 13)
        if (y, m) >= since and (y * 12 + m) % step == last % step
    ]
    return [("u", day, cents * step) for y, m in months if (day := ends(y, m, m)[0]) <= until]


@given(st.sampled_from([1, 2, 3, 4, 6, 12]), st.integers(0, 11), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_whatever_the_rhythm_an_even_spender_is_forecast_to_spend_evenly(step, last, today):
    """What each month costs is the same, so at each day the accrued is the allowed, and the year's end the appropriation."""
    a = of(every(step, last, until=today), today)
    assert abs(a.forecast - 12_000 * EUR) <= 2
    assert abs(a.total - a.allowed) <= 2
    assert (a.awaited, a.doubled, a.unsure) == (0, 0, ())


@pytest.mark.parametrize("step", [2, 3, 4, 6])
def test_a_new_units_rhythm_is_known_from_its_second_invoice(step):
    once = of(every(step, 0, since=(2026, 1), until=date(2026, step, 27)), date(2026, step, 27))
    assert once is None
    once = of(every(step, 0, since=(2026, 1), until=date(2026, step + 1, 15)), date(2026, step + 1, 15))
    assert (once.invoiced, once.expected, once.unsure) == (step * 1_000 * EUR, 0, ("u",))
    assert once.least < once.allowed < once.most
    day = ends(2026, 2 * step, 2 * step)[0]
    twice = of(every(step, 0, since=(2026, 1), until=day), day)
    assert (twice.total, twice.allowed, twice.forecast) == (
        2 * step * 1_000 * EUR,
        2 * step * 1_000 * EUR,
        12_000 * EUR,
    )


def test_one_invoice_of_a_whole_year_is_not_multiplied():
    a = of([("u", date(2026, 1, 31), 12_000 * EUR)], date(2026, 3, 31))
    assert (a.invoiced, a.expected, a.unsure) == (12_000 * EUR, 0, ("u",))
    assert a.least == a.allowed == 3_000 * EUR
    assert a.low is None
    with speaking("en"):
        told = dict(sentences.accrual_lines(a, {}))
    assert told["Expected by the end of the year"] == "cannot be told yet: 1 unit has invoiced only once"
    assert told["Has invoiced once: how often cannot be told yet"] == "u"
    assert "Expected to be left" not in told


def test_what_was_invoiced_once_a_year_and_more_ago_is_not_waited_for():
    a = of([*monthly("u", 1_000 * EUR, 1, 10), ("once", date(2025, 9, 30), 5_000 * EUR)])
    assert (a.unsure, a.forecast) == ((), 12_000 * EUR)


def test_a_month_left_out_and_then_invoiced_with_the_next_is_invoiced():
    late = [("u", date(2026, 3, 31), 2_000 * EUR)]
    before = monthly("u", 1_000 * EUR, 10, 12, year=2025) + monthly("u", 1_000 * EUR, 1, 1)
    a = of([*before, *late, *monthly("u", 1_000 * EUR, 4, 5)], date(2026, 5, 31))
    assert (a.total, a.expected, a.doubled, a.forecast) == (5_000 * EUR, 0, 0, 12_000 * EUR)
    a = of([*before, *monthly("u", 1_000 * EUR, 3, 5)], date(2026, 5, 31))
    assert (a.total, a.awaited) == (5_000 * EUR, 1), "February is still to come"


def test_an_invoice_of_twice_the_usual_is_told_and_no_pace():
    twice = [("u", date(2026, 3, 31), 2_000 * EUR)]
    a = of([*monthly("u", 1_000 * EUR, 1, 2), *twice, *monthly("u", 1_000 * EUR, 4, 4)], date(2026, 4, 30))
    assert (a.total, a.doubled, a.forecast) == (5_000 * EUR, 1, 13_000 * EUR)
    with speaking("en"):
        assert (
            dict(sentences.accrual_lines(a, {}))["Invoices twice as great as usual, or more: perhaps the same twice"]
            == "1"
        )


def test_the_units_that_are_waited_for_are_named():
    closed = monthly("closed", 1_000 * EUR, 1, 12, year=2025)
    a = of(
        [*closed, *monthly("u", 1_000 * EUR, 10, 12, year=2025), *monthly("u", 1_000 * EUR, 1, 3)], date(2026, 3, 31)
    )
    assert (a.expected, a.awaited, a.waiting) == (3_000 * EUR, 2, ("closed",))
    with speaking("en"):
        assert (
            dict(sentences.accrual_lines(a, {"closed": "Suljettu asumisyksikkö"}))[
                "No invoice yet of a month that should have one"
            ]
            == "Suljettu asumisyksikkö"
        )


def test_what_an_invoice_is_of_last_year_is_not_this_years():
    a = of(every(3, 2, until=date(2026, 2, 28)), date(2026, 2, 28))
    assert (a.invoiced, a.before, a.total) == (2_000 * EUR, 1_000 * EUR, a.allowed)


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
    assert a.invoiced + a.before == sum(cents for _, day, cents in invoices if day.year == today.year)
    assert a.least <= a.most
    assert a.expected >= 0 and a.forecast >= a.total - 1
    assert a.low is None or a.low <= a.forecast <= a.high


def test_an_appropriation_below_a_million_is_told_in_whole_euros_and_a_range_of_one_figure_once():
    with speaking("en"):
        assert euros_text(31_234_567) == "312,346 €"
        assert euros_text(99_999_940) == "999,999 €"
        assert euros_text(99_999_960) == "1.0 M€"
        assert euros_text(1_240_000_000) == "12.4 M€"
        assert euros_text(-49) == "0 €"
    with speaking("fi"):
        assert euros_text(31_234_567) == "312\N{NO-BREAK SPACE}346 €"
    invoices = [("u", day, 1_000_000 * EUR) for day in ends(2026, 1, 10)]
    a = of(invoices, appropriation=12_000_000 * EUR)
    assert a.low is not None, "whole months are many enough"
    assert euros_text(a.low) == euros_text(a.high)
    with speaking("en"):
        assert sentences.forecast_text(a) == "12.0 M€"
        assert sentences.forecast_cell(a) == ("12.0 M€", "")
