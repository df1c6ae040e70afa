"""The invented year: a seed decides everything, faults change only what they touch, and the tower tells what was planted."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.conftest import YEAR_FIRST, YEAR_SEED, YEAR_UNTIL
from tests.guided_life import undeclared
from torni.facts import opening
from torni.facts.door import Door
from torni.facts.fold import fold
from torni.facts.verify import verify
from torni.promises.sums import chance_of
from torni.services.days import Days
from torni.simulation.year.chance import Chance
from torni.simulation.year.faults import KINDS
from torni.simulation.year.happening import begin
from torni.simulation.year.log import known
from torni.simulation.year.running import LiveYear, assembled, load_year
from torni.supervision.known_sums import last_days, moment, sums, sums_of, units
from torni.supervision.measure import gathered, measure_gathered, measured, windows_of
from torni.tower.live import trend


@pytest.fixture(scope="module")
def year():
    return assembled("keski-suomi", seed=YEAR_SEED, residents=2_000, first=YEAR_FIRST)


def test_a_draw_depends_on_its_entity_alone():
    chance = Chance(7)
    whole = chance.share("visits", np.arange(1000), 3)
    assert chance.share("visits", np.array([412]), 3)[0] == whole[412]
    assert abs(whole.mean() - 0.5) < 0.05 and len(np.unique(whole)) == 1000
    assert not np.allclose(whole, chance.share("waits", np.arange(1000), 3))
    assert not np.allclose(whole, Chance(8).share("visits", np.arange(1000), 3))


def test_counts_have_the_rate_that_was_asked():
    for rate in (0.05, 0.7, 2.5):
        counts = Chance(1).counts(np.full(40_000, rate), "contacts", np.arange(40_000))
        assert abs(counts.mean() - rate) < 0.03 * rate + 0.005 and abs(counts.var() - rate) < 0.06 * rate + 0.005


def test_a_day_is_the_same_whatever_days_are_asked_for(year):
    made, _ = year
    first = date(2026, 3, 1)
    whole = dict(made.days(first, first + timedelta(days=40)))
    for day in (first + timedelta(days=11), first + timedelta(days=33)):
        ((_, alone),) = list(made.days(day, day))
        assert alone.equals(whole[day])


def test_what_the_year_tells_in_its_data_is_declared(year):
    made, _ = year
    days = made.days(YEAR_FIRST, YEAR_FIRST + timedelta(days=89))
    told = pl.concat([begin(made.world, YEAR_FIRST), *(events for _day, events in days)], how="diagonal_relaxed")
    told = told.filter(pl.col("data").is_not_null()).group_by("type").head(200)
    assert told["type"].n_unique() > 10
    for type_, data in told.select("type", "data").iter_rows():
        assert undeclared({"type": type_, "data": json.loads(data)}) == [], type_


def test_every_kind_of_fault_is_planted_and_touches_only_what_it_is_about(year):
    planted, _ = year
    clean, _ = assembled("keski-suomi", seed=YEAR_SEED, residents=2_000, first=YEAR_FIRST, planted=False)
    assert {f.kind for f in planted.faults} == set(KINDS)
    day = date(2026, 1, 20)  # before any fault begins
    assert next(planted.days(day, day))[1].equals(next(clean.days(day, day))[1])
    day = date(2026, 10, 24)  # a Saturday, all faults at work
    with_faults, without = next(planted.days(day, day))[1], next(clean.days(day, day))[1]
    for type_ in ("visit.planned", "feedback.given", "need.reported", "home.summarised"):
        a, b = (
            x.filter((pl.col("type") == type_) & ~pl.col("id").str.contains("more")) for x in (with_faults, without)
        )
        if type_ != "feedback.given":
            assert a.equals(b), type_


def test_the_year_is_whole(invented_year):
    with opening.connect(invented_year, autocommit=True) as connection:
        checks = verify(connection)
        assert [c.name for c in checks if c.wrong] == []
        assert checks[0].checked > 25_000


def test_a_year_reckoned_from_its_log_is_the_year_that_went_through_the_door(new_room):
    """What `torni truth` judges is what the tower would have shown."""
    first, last = date(2027, 9, 6), date(2028, 3, 5)
    year, books = assembled("keski-suomi", seed=80_112, residents=1_300, first=first)
    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi", invented={"seed": 80_112, "residents": 1_300})
        load_year(url, year, books, first=first, until=datetime(2028, 3, 5, 21, 59, tzinfo=UTC))
        there = connection.execute("SELECT * FROM tally WHERE (total, met, late) <> (0, 0, 0)").fetchall()
        told = connection.execute(
            "SELECT data->>'producer', due, (recorded_at AT TIME ZONE 'Europe/Helsinki')::date FROM event WHERE type = 'feed.complete'"
        ).fetchall()
        register = units(connection)
    found = known(year, books, first=first, last=last)
    assert found.tally.filter(pl.any_horizontal(pl.col("total", "met", "late") != 0)).rows() == sorted(there)
    assert sorted((f, *when) for f, all_ in found.feeds.items() for when in all_) == sorted(told)
    assert found.units.equals(register.sort("unit"))


def test_the_sums_by_sql_are_the_sums_by_frame(invented_year):
    library = Days("keski-suomi").on(date(2026, 11, 22)).library
    with opening.connect(invented_year, autocommit=True) as connection:
        for known in (None, datetime(2026, 8, 5, 21, tzinfo=UTC), datetime(2026, 4, 1, 12, tzinfo=UTC)):
            now = moment(connection, known)
            register = units(connection)
            last, windows = last_days(now, register), windows_of(library, now.today)
            by_sql = sums(connection, now, windows, last)
            rows = connection.execute(
                "SELECT promise, day, known_on, unit, municipality, total, met, late FROM tally WHERE known_on <= %s",
                [now.today],
            ).fetchall()
            tally = pl.DataFrame(
                rows,
                orient="row",
                schema=["promise", "day", "known_on", "unit", "municipality", "total", "met", "late"],
            )
            by_frame = sums_of(tally, now.today, windows, last)
            key = ["key", "unit", "municipality"]
            nonzero = pl.any_horizontal(pl.col("total", "met", "late", "today_total", "today_met") != 0)
            assert by_sql.filter(nonzero).sort(key).equals(by_frame.filter(nonzero).sort(key))


def test_a_moment_of_the_past_shows_what_was_shown_then(new_room):
    """Pictures taken while time runs, each by adding to the one before, are those made from nothing and those redrawn later."""
    made, books = assembled("keski-suomi", seed=YEAR_SEED, residents=2_000, first=date(2026, 2, 10))
    library = Days("keski-suomi").on(date(2026, 2, 20)).library
    from torni.simulation.year.happening import begin

    with opening.connect(new_room(), autocommit=True) as connection:
        opening.claim(connection, "keski-suomi", invented={"seed": YEAR_SEED})
        door = Door(connection, books)
        start = begin(made.world, date(2026, 2, 10))
        registers = pl.col("type").is_in(["unit.opened", "resident.registered"])
        for rows in (start.filter(registers), start.filter(~registers)):
            door.accept(rows.drop("recorded_day"), now=datetime(2026, 2, 9, 22, tzinfo=UTC))
        live = LiveYear(door, made, datetime(2026, 2, 9, 22, tzinfo=UTC))
        shown, kept = {}, None
        for hours in range(5, 24 * 9, 7):
            live.upto(datetime(2026, 2, 9, 22, tzinfo=UTC) + timedelta(hours=hours))
            if fold(connection):
                now, register = moment(connection), units(connection)
                kept = gathered(connection, library, now, register, before=kept)
                added = measure_gathered(library, register, kept, residents=2_000)
                assert [_told(f) for f in added] == [
                    _told(f) for f in measured(connection, library, now, residents=2_000)
                ]
                weeks = trend(connection, "home_care.visits_made", now.today, now=now)
                shown[now.at] = (now.position, measured(connection, library, now, residents=2_000), weeks)
        assert len(shown) > 15
        _nothing_is_left_out(connection, made, live.since)
        for at, (position, then, weeks) in list(shown.items())[:-1]:
            again = moment(connection, at)
            assert again.position == position
            assert trend(connection, "home_care.visits_made", again.today, now=again) == weeks
            redrawn = measured(connection, library, again, residents=2_000)
            assert [_told(f) for f in redrawn] == [_told(f) for f in then]


def _nothing_is_left_out(connection, year, upto):
    """As time runs everything is written by the evening of its day of recording, what is recorded late too."""
    last = upto.date() - timedelta(days=1)
    due = pl.concat([e for _, e in year.days(date(2026, 2, 10), last)])
    late = due.filter(
        pl.col("at").dt.convert_time_zone("Europe/Helsinki").dt.date() < pl.col("recorded_day").cast(pl.Date)
    )
    assert len(late)
    ids = {i for (i,) in connection.execute("SELECT id FROM event").fetchall()}
    assert not set(due["id"]) - ids


def _told(f):
    return f.id, f.value, f.total, f.met, f.late, f.open, f.overdue, f.today_total, f.today_met, f.by


def test_time_goes_on_where_the_year_ended(invented_year, year):
    made, books = year
    with opening.connect(invented_year, autocommit=True) as connection:
        before = connection.execute("SELECT count(*) FROM event").fetchone()[0]
        live = LiveYear(Door(connection, books), made, YEAR_UNTIL)
        written = live.upto(YEAR_UNTIL + timedelta(hours=5))
        fold(connection)
        assert written > 10
        assert connection.execute("SELECT count(*) FROM event").fetchone()[0] == before + written
        assert (
            LiveYear(Door(connection, books), made, YEAR_UNTIL).upto(YEAR_UNTIL + timedelta(hours=5)) == 0
        )  # known already


def test_a_chance_is_the_binomial_tail():
    from math import comb

    for total, missed, target in ((20, 3, 0.95), (50, 9, 0.9), (7, 7, 0.5)):
        exact = sum(comb(total, k) * (1 - target) ** k * target ** (total - k) for k in range(missed, total + 1))
        assert chance_of(total, missed, target) == pytest.approx(exact)
    assert chance_of(10, 0, 0.9) == 1.0
    assert chance_of(10, 1, 1.0) == 1.0 and chance_of(10, 2, 1.0) == 0.0
    assert chance_of(10**6, 5 * 10**4, 0.98) < 1e-9
