"""The morning's watch: from the same log the same is told, whichever way it is asked, and it is kept for the tower."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from torni.facts import opening
from torni.services.days import Days
from torni.services.library import Library
from torni.supervision.known_sums import last_days, moment, units
from torni.supervision.margins import foretold_on
from torni.supervision.watch import ROWS, Sighting, Watch, rows_known, seen_on
from torni.tower.live import live
from torni.tower.watching import keep_watch, mornings


def library(day: date) -> Library:
    return Days("keski-suomi").on(day).library


@pytest.fixture
def year(invented_year):
    with opening.connect(invented_year, autocommit=True) as connection:
        yield connection


def test_each_morning_is_the_same_whether_watched_in_turn_or_alone(year):
    """What the state carries from one morning to the next only saves time."""
    now = moment(year)
    days = [now.today - timedelta(days=i) for i in (40, 39, 38, 12, 11, 1, 0)]
    in_turn = {m.day: m for m in mornings(year, library, now, *days)}
    for day in days[2], days[3], days[-1]:
        (alone,) = mornings(year, lambda _day: library(now.today), now, day)
        assert alone == in_turn[day]
    assert any(s.kind == "promise" for s in in_turn[now.today].seen), "the planted faults stand"


def test_todays_records_change_nothing_of_this_morning(year):
    """The rows that a morning rests on were known the evening before."""
    now = moment(year)
    rows = rows_known(year, library(now.today), now.today)
    assert rows["known_on"].max() < now.today and rows["day"].max() < now.today and len(rows) > 1000
    assert set(rows.columns) == set(ROWS)


def test_the_order_of_the_rows_changes_nothing(year):
    now = moment(year)
    register, ends = units(year), last_days(now, units(year))
    rows = rows_known(year, library(now.today), now.today)
    told = [
        Watch(r, register, library(now.today)).on(now.today, ends)
        for r in (rows, rows.sample(fraction=1.0, shuffle=True, seed=3))
    ]
    assert told[0] == told[1]


def test_a_row_split_in_two_and_a_row_taken_back_change_nothing(year):
    """A visit recorded and withdrawn the same day leaves no trace in what is told."""
    now = moment(year)
    register, ends = units(year), last_days(now, units(year))
    rows = rows_known(year, library(now.today), now.today)
    some = rows.head(400)
    back = some.with_columns(-pl.col("total"), -pl.col("met"))
    told = [Watch(r, register, library(now.today)).on(now.today, ends) for r in (rows, pl.concat([rows, some, back]))]
    assert told[0] == told[1]


def test_the_watch_is_kept_once_and_the_tower_tells_it(year):
    now = moment(year)
    assert keep_watch(year, library, back=3) == 0, "the fixture has kept it"
    seen = seen_on(year, now.today)
    (again,) = mornings(year, library, now, now.today)
    assert (
        list(seen) == again.seen
        and foretold_on(year, now.today) == again.foretold
        and all(isinstance(s.since, date) for s in seen)
    )
    shown = live(year, library, residents=2_000)
    told = {(a.id, a.level, a.where): a for a in shown.alerts if a.since}
    assert set(told) == {(s.id, s.level, s.where) for s in seen}
    for s in seen:
        alert = told[s.id, s.level, s.where]
        assert alert.began == s.began <= s.since < now.today
        if s.kind == "promise":
            assert alert.value == 1 - s.missed / s.total < alert.target


def test_what_is_foretold_stands_in_the_findings_and_is_of_their_state(year):
    shown = live(year, library, residents=2_000)
    told = {f.id: f for f in shown.found if f.margin and f.margin.weeks}
    assert len(told) > 10
    for f in told.values():
        assert f.margin.broken == (f.state == "broken")
        assert f.margin.foretold is None or f.margin.foretold.broken == f.margin.broken
        assert sum(total for total, _met in f.margin.weeks) >= f.total or f.promise.over_days > 364
    assert any(f.margin.foretold and f.margin.foretold.within_28 is not None for f in told.values())


def test_another_days_watch_is_not_taken_for_todays(year):
    now = moment(year)
    assert seen_on(year, now.today + timedelta(days=2)) == seen_on(year, now.today)
    assert seen_on(year, now.today + timedelta(days=9)) == () == seen_on(year, now.today - timedelta(days=30))


def test_a_morning_whose_evening_is_not_folded_is_not_watched(new_room):
    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi")
        assert keep_watch(connection, library) == 0, "nothing has happened"


def test_an_empty_region_is_watched_in_peace():
    rows = pl.DataFrame(schema=ROWS)
    register = pl.DataFrame(schema={"unit": pl.String, "producer": pl.String})
    ends = pl.DataFrame([("", date(2026, 11, 21))], schema={"unit": pl.String, "last": pl.Date}, orient="row")
    assert Watch(rows, register, library(date(2026, 11, 22))).on(date(2026, 11, 22), ends) == []


def test_what_is_told_names_days_counts_and_the_time_before():
    """Four weeks of twenty contacts a day, then forty: told within days, with the right numbers of the log."""
    first, unit = date(2026, 3, 2), "a"
    rows = [
        ("doctor_reception.demand", first + timedelta(days=i), first + timedelta(days=i), unit, m, (n * 2 if m == "1" and i >= 120 else n), 0)
        for i in range(132) if (first + timedelta(days=i)).weekday() < 5 for m, n in (("1", 20), ("2", 30), ("3", 25))
    ]  # fmt: skip
    register = pl.DataFrame([(unit, "p")], schema=["unit", "producer"], orient="row")
    morning = first + timedelta(days=132)
    ends = pl.DataFrame(
        [(unit, morning - timedelta(days=1)), ("", morning - timedelta(days=1))],
        schema={"unit": pl.String, "last": pl.Date},
        orient="row",
    )
    told = Watch(pl.DataFrame(rows, schema=ROWS, orient="row"), register, library(morning)).on(morning, ends)
    (alert,) = [s for s in told if s.level == "municipality"]
    assert (alert.kind, alert.id, alert.where, alert.began) == (
        "demand",
        "doctor_reception.demand",
        "1",
        first + timedelta(days=120),
    )
    days = sum(1 for i in range(120, 132) if (first + timedelta(days=i)).weekday() < 5)
    assert (
        alert
        == Sighting(
            "demand", "doctor_reception.demand", "municipality", "1", alert.since, alert.began, days * 40, 0, 12, 100.0
        )
        and (alert.since - alert.began).days <= 4
    )
