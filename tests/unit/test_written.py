"""Moments and sums as people write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from torni.sources import written
from torni.sources.event_files import rows_of

FIRST = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("text", "on", "minute"),
    [
        ("2026-04-01", FIRST, None),
        ("1.4.2026", FIRST, None),
        ("2026-04-01T09:30", FIRST, 570),
        ("2026-04-01 09:30:15.25", FIRST, 570),
        ("1.4.2026 9:30", FIRST, 570),
        ("1.4.2026 9.30", FIRST, 570),
        ("1.4.2026 klo 9.30", FIRST, 570),
        ("1.4.2026 kl. 9.30.00", FIRST, 570),
        ("01.04.2026 00:00:00", FIRST, None),
        ("2026-04-01T00:00", FIRST, None),
        ("2026-04-01T00:00:00Z", FIRST, None),
        ("2026-03-31T22:30:00Z", FIRST, 90),
        ("2026-03-31T22:30:00+00:00", FIRST, 90),
        ("2026-03-31T22:30+0000", FIRST, 90),
        ("2026-03-31T21:00:00.000Z", FIRST, None),
        ("2026-04-01T09:30:00+03:00", FIRST, 570),
        ("2026-04-01T09:30+03", FIRST, 570),
        ("2026-01-31T23:30:00Z", date(2026, 2, 1), 90),
    ],
)
def test_a_moment_is_its_day_and_minute_in_helsinki(text, on, minute):
    assert written.moment(text) == (on, minute)


@pytest.mark.parametrize(
    "text", ["", "9:30", "2026-04-01T25:00", "2026-04-01T09:60", "2026-02-30T09:30", "1/4/2026 9:30", "46113", "2026-04-01T9", "1.4.26 9:30", "0026-04-01", "1.4.0026", "1.4.0026 9:30", "1026-04-01T09:30"]
)  # fmt: skip
def test_what_is_no_moment_is_none(text):
    assert written.moment(text) is None


def test_a_year_of_zeros_is_a_slip_and_one_of_nines_no_end():
    assert written.day("1.2.0026") is written.day("00260201") is None
    assert written.day("31.12.9999") == date(9999, 12, 31)


@pytest.mark.parametrize(
    ("text", "euros"),
    [
        ("30,20 €", "30.20"), ("30.20€", "30.20"), ("€610,22", "610.22"), ("€ 610.22", "610.22"), ("30,20 EUR", "30.20"), ("EUR 30.20", "30.20"),
        ("30 euroa", "30"), ("30,20-", "-30.20"), ("30,20 -", "-30.20"), ("(30.20)", "-30.20"), ("(30,20 €)", "-30.20"), ("(30,20) €", "-30.20"),
        ("-30.20", "-30.20"), ("\u221230,20 €", "-30.20"), ("-€30.20", "-30.20"), ("€-30.20", "-30.20"), ("1 160,00 €", "1160.00"), ("--30.20", None),
        ("-30.20-", None), ("(-30.20)", None), ("30,20 $", None), ("€", None), ("", None), ("30.20 -5", None),
    ],
)  # fmt: skip
def test_a_sum_is_read_with_its_currency_and_sign(text, euros):
    assert written.euros(text) == (None if euros is None else Decimal(euros))


def test_a_table_programs_day_is_known_but_not_taken():
    assert written.serial("46113") == FIRST
    assert written.serial("20260401") is written.serial("12345") is written.serial("99999") is None


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        ("1.6.2026", "2026-06-01"),
        ("01.06.2026 klo 9.30", "2026-06-01T09:30:00"),
        ("1.6.2026 9:30:15", "2026-06-01T09:30:15"),
        ("1.6.2026 09:30+03:00", "2026-06-01T09:30:00+03:00"),
        ("31.2.2026", "31.2.2026"),
        ("2026-06-01T09:30:15.123+03:00", "2026-06-01T09:30:15.123+03:00"),
        ("2026-06-01", "2026-06-01"),
        ("kesällä", "kesällä"),
    ],
)
def test_a_finnish_day_or_moment_in_the_standards_form_and_all_else_as_it_is(text, standard):
    assert written.standard(text) == standard


def test_days_of_a_table_of_events_are_read_in_finnish_and_other_texts_kept():
    row = {
        "id": "1",
        "type": "plan.made",
        "time": "1.6.2026 klo 9.30",
        "due": "3.6.2026",
        "start": "4.6.2026",
        "text": "5.6.2026",
    }
    (event,) = rows_of([row], days=("start",))
    assert event == {
        "id": "1", "type": "plan.made", "time": "2026-06-01T09:30:00",
        "data": {"due": "2026-06-03", "start": "2026-06-04", "text": "5.6.2026"},
    }  # fmt: skip
