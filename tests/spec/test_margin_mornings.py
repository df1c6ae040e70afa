"""What a morning foretells rests on what was known the evening before: on what is due and done already, and never on later records."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from torni.services import load_library
from torni.supervision.margins import Margins

TODAY = date(2026, 11, 26)
LAST = TODAY - timedelta(days=1)
WAITS = "client_guidance.answers"


@pytest.fixture(scope="module")
def library():
    return load_library("keski-suomi", on=TODAY)


@pytest.fixture(scope="module")
def name(library):
    """A share of answers, counted over 28 days, of which some may be missed."""
    return next(
        f"{s.id}.{p.id}" for s, p in library.of_events() if p.long and p.over_days == 28 and p.kind == "wait" and 0.85 < p.target < 0.97
    )  # fmt: skip


def rows(name, *, days=200, rate=0.05, size=40, due_in=10, done_early=0.5, until=LAST, seed=1):
    """Each day's matters: begun `due_in` days before, half of them answered early, some of the rest never."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(days + 60):
        day = TODAY - timedelta(days=days - i)
        begun = day - timedelta(days=due_in)
        total = int(rng.poisson(size))
        missed = int(rng.binomial(total, rate(day) if callable(rate) else rate))
        early = min(int(rng.binomial(total, done_early)), total - missed)
        out.append((name, day, begun, total, 0))
        out.append((name, day, day - timedelta(days=5), 0, early))
        out.append((name, day, day, 0, total - missed - early))
    frame = pl.DataFrame(out, schema={"promise": pl.String, "day": pl.Date, "known_on": pl.Date, "total": pl.Int64, "met": pl.Int64}, orient="row")  # fmt: skip
    return frame.filter(pl.col("known_on") <= until)


def told(library, frame, name, morning=TODAY):
    return Margins(frame, library).on(morning, morning - timedelta(days=1)).get(name)


def test_it_tells_the_year_by_weeks_and_the_chances(library, name):
    f = told(library, rows(name), name)
    assert f is not None and f.upto == LAST and not f.broken
    assert 0 <= f.within_14 <= f.within_28 <= 1
    assert (
        len(f.weeks) == 29
        and sum(total for total, _met in f.weeks) == rows(name).filter(pl.col("day") <= LAST)["total"].sum()
    )


def test_later_records_change_nothing_of_the_morning(library, name):
    early = rows(name)
    later = rows(name, until=TODAY + timedelta(days=20))
    assert len(later) > len(early)
    assert told(library, early, name) == told(library, later, name)


def test_mornings_in_turn_tell_what_each_alone_tells(library, name):
    """But for the call, which rests on the four weeks before it."""
    frame = rows(name, rate=lambda day: 0.04 + 0.0007 * max(0, (day - date(2026, 9, 20)).days))
    days = [TODAY - timedelta(days=i) for i in (6, 5, 4, 3, 2, 1, 0)]
    one = Margins(frame, library)
    in_turn = [one.on(day, day - timedelta(days=1))[name] for day in days]
    for day, f in zip(days, in_turn, strict=True):
        alone = told(library, frame, name, day)
        assert (alone.within_28, alone.first, alone.last, alone.weeks, alone.broken) == (
            f.within_28,
            f.first,
            f.last,
            f.weeks,
            f.broken,
        )


def test_what_is_open_and_should_be_done_makes_a_break_likelier(library, name):
    """The same past; of what falls due in the coming days less has been done than usual so long before, or more."""
    frame = rows(name, rate=0.052)
    assert not told(library, frame, name).broken
    coming = pl.col("day") > LAST
    none_done = frame.with_columns(pl.when(coming).then(0).otherwise("met").alias("met"))
    all_done = frame.with_columns(pl.when(coming).then("total").otherwise("met").alias("met")).filter(
        ~coming | (pl.col("total") > 0)
    )
    least, usual, most = (told(library, f, name).within_28 for f in (all_done, frame, none_done))
    assert least < usual < most


def test_what_is_recorded_late_is_not_taken_as_missed(library, name):
    """Half of what is done is recorded three days after: the newest days look bad, and are no reason to foretell a break."""
    frame = rows(name, rate=0.04, done_early=0.0)
    done = frame.filter(pl.col("met") > 0)
    half = done.with_columns((pl.col("met") // 2).alias("met"))
    rest = done.with_columns(
        (pl.col("met") - pl.col("met") // 2).alias("met"), (pl.col("known_on") + pl.duration(days=3))
    )
    late = pl.concat([frame.filter(pl.col("met") == 0), half, rest.filter(pl.col("known_on") <= LAST)])
    assert abs(told(library, late, name).within_28 - told(library, frame, name).within_28) < 0.15


@pytest.mark.parametrize(("days", "size"), [(20, 40), (200, 0.3)])
def test_of_few_days_and_of_few_due_nothing_is_foretold(library, name, days, size):
    f = told(library, rows(name, days=days, size=size), name)
    assert f is not None and f.within_28 is None and f.first is None and not f.soon and f.weeks


def test_nothing_recorded_foretells_nothing(library, name):
    assert Margins(rows(name).clear(), library).on(TODAY, LAST) == {}


def test_a_worsening_is_called_and_told_with_its_days(library, name):
    """From 4 to 16 % not answered in time in the last hundred days, where a tenth may be."""
    allowed = 1 - library.promise(name)[1].target
    frame = rows(
        name,
        rate=lambda day: allowed * (0.4 + 0.6 * max(0, (day - (TODAY - timedelta(days=100))).days) / 100),
        size=200,
    )
    f = told(library, frame, name)
    assert not f.broken and f.soon and f.within_28 > 0.5
    assert LAST < f.first <= f.last <= TODAY + timedelta(days=56)
