"""Indicators: each measure on a log small enough to count by hand, what was taken back left out, and every definition readable."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from torni.facts.snapshot import EFFECTS, SCHEMA
from torni.needs import indicators
from torni.needs.indicators import REGION, faults, measure, periods, query
from torni.services import load_library
from torni.services.indicator import Indicator

LAST = date(2026, 11, 21)
MEANT = {
    "begins": pl.Boolean,
    "began": pl.Int64,
}  # of a row: does it begin something, and which row began what it answers


@pytest.fixture(scope="module")
def library():
    return load_library("keski-suomi", on=date(2026, 11, 22))


def events(*rows: dict[str, object]) -> pl.DataFrame:
    """Rows of a snapshot; `day` defaults to the last, the position to the row's number."""
    whole = []
    for i, row in enumerate(rows, 1):
        day = row.get("day", LAST)
        whole.append({"position": i, "sign": 1, "at": datetime(2026, 1, 1, tzinfo=UTC), "recorded_at": datetime(2026, 1, 1, tzinfo=UTC), "source": "t", "id": str(i), "municipality": "179", **row, "day": day})  # fmt: skip
    return pl.DataFrame(whole, schema={**SCHEMA, **MEANT}, orient="row")


def done(frame: pl.DataFrame) -> pl.DataFrame:
    """What the rows did, as a snapshot's effects."""
    rows = [(position, "began", None) for position, begins, _ in frame.select("position", *MEANT).iter_rows() if begins]
    rows += [
        (position, "answered", began) for position, _, began in frame.select("position", *MEANT).iter_rows() if began
    ]
    whole = [{"position": p, "since": p, "sign": 1, "promise": "p", "what": what, "late": 0, "began": began} for p, what, began in rows]  # fmt: skip
    return pl.DataFrame(whole, schema=EFFECTS, orient="row")


def of(tmp_path, library, frame, **definition):
    """The newest quarter's value of an indicator, of the region and of each municipality."""
    import dataclasses

    frame.drop(MEANT).write_parquet(tmp_path / "event_0.parquet")
    done(frame).write_parquet(tmp_path / "effect_0.parquet")
    text = {"fi": "x", "sv": "x", "en": "x"}
    one = Indicator.model_validate({"name": text, "why": text, "good": "more", "source": "invented", **definition})
    found = measure(tmp_path, dataclasses.replace(library, indicators={"one": one}), LAST).filter(
        period=indicators.QUARTERS - 1
    )
    return dict(found.select("municipality", "value").iter_rows())


def visit(**more):
    return {"type": "visit.made", "service": "home_care", **more}


def test_counts_and_different_clients(tmp_path, library):
    where = "type = 'visit.made'"
    frame = events(
        visit(client=1),
        visit(client=1),
        visit(client=2, municipality="182"),
        visit(client=2, day=LAST - timedelta(days=91)),
    )
    found = of(
        tmp_path,
        library,
        frame,
        numerator={"measure": "count", "where": where},
        denominator={"measure": "clients", "where": where},
    )
    assert found == {REGION: 1.5, "179": 2.0, "182": 1.0}


def test_what_was_taken_back_is_not_counted(tmp_path, library):
    frame = events(visit(client=1), visit(client=1), {**visit(client=1), "sign": -1, "replaces": 2})
    found = of(tmp_path, library, frame, numerator={"measure": "count", "where": "type = 'visit.made'"})
    assert found == {REGION: 1.0, "179": 1.0}


def test_sums_per_resident(tmp_path, library):
    registered = [{"type": "resident.registered", "client": c, "day": date(2025, 11, 23)} for c in (1, 2, 3)]
    late = {"type": "resident.registered", "client": 9, "day": date(2026, 12, 1)}
    frame = events(
        *registered,
        late,
        {"type": "fee.charged", "cents": 3000, "client": 1},
        {"type": "fee.charged", "cents": 1500, "client": 2},
    )
    found = of(
        tmp_path,
        library,
        frame,
        numerator={"measure": "sum", "of": "cents", "where": "type = 'fee.charged'"},
        denominator={"measure": "residents"},
        times="0.01",
    )
    assert found == {REGION: 15.0, "179": 15.0}


@pytest.mark.parametrize(
    ("measure_", "waited", "expected"),
    [("median", [0, 1, 5, 9], 1.0), ("median", [2, 3, 7], 3.0), ("p90", list(range(1, 11)), 9.0), ("p90", [4], 4.0)],
)
def test_waits_are_told_by_a_day_somebody_waited(tmp_path, library, measure_, waited, expected):
    """Half, or nine in ten, waited at most so many days: a whole number that occurs, so every engine gives the same."""
    rows = []
    for days in waited:
        rows += [
            {"type": "contact.made", "service": "dental", "day": LAST - timedelta(days=days)},
            {"type": "visit.made", "service": "dental", "began": len(rows) + 1},
        ]
    found = of(
        tmp_path,
        library,
        events(*rows),
        numerator={"measure": measure_, "of": "waited_days", "where": "type = 'visit.made'"},
    )
    assert found[REGION] == expected


def test_what_nothing_has_answered(tmp_path, library):
    frame = events({"type": "visit.planned", "begins": True}, {"type": "visit.planned", "begins": True}, visit(began=1))
    found = of(
        tmp_path,
        library,
        frame,
        numerator={"measure": "unanswered", "where": "type = 'visit.planned'"},
        denominator={"measure": "count", "where": "type = 'visit.planned'"},
    )
    assert found[REGION] == 0.5


def test_nothing_to_divide_by_is_told_as_nothing(tmp_path, library):
    found = of(
        tmp_path,
        library,
        events(visit()),
        numerator={"measure": "count", "where": "type = 'visit.made'"},
        denominator={"measure": "count", "where": "type = 'need.reported'"},
    )
    assert found == {}


def test_the_quarters_are_of_91_days_and_end_on_the_day():
    over = periods(LAST)
    assert over[-1].last == LAST and [(p.last - p.first).days for p in over] == [90] * 4
    assert all(b.first - a.last == timedelta(days=1) for a, b in zip(over, over[1:], strict=False))


def test_every_definition_can_be_read_and_asked_of_both_engines(library):
    assert len(library.indicators) >= 8 and faults(library) == []
    for indicator in library.indicators.values():
        for dialect in ("duckdb", "spark"):
            assert query(indicator, library, periods(LAST), dialect=dialect).startswith("WITH ")


@pytest.mark.parametrize(("definition", "told"), [
    ({"numerator": {"measure": "sum", "where": "type = 'fee.charged'"}}, "`of` goes with"),
    ({"numerator": {"measure": "count", "of": "cents", "where": "type = 'fee.charged'"}}, "`of` goes with"),
    ({"numerator": {"measure": "count"}}, "needs `where`"),
    ({"numerator": {"measure": "residents", "where": "type = 'fee.charged'"}}, "has none"),
])  # fmt: skip
def test_a_side_that_makes_no_sense_is_refused(definition, told):
    text = {"fi": "x", "sv": "x", "en": "x"}
    with pytest.raises(ValueError, match=told):
        Indicator.model_validate({"name": text, "why": text, "good": "more", "source": "invented", **definition})


def test_a_wrong_word_in_a_condition_names_the_nearest(library):
    import dataclasses

    text = {"fi": "x", "sv": "x", "en": "x"}
    wrong = Indicator.model_validate(
        {
            "name": text,
            "why": text,
            "good": "more",
            "source": "invented",
            "numerator": {"measure": "count", "where": "type = 'visit.mad'"},
        }
    )
    (told,) = faults(dataclasses.replace(library, indicators={"wrong": wrong}))
    assert "indicators.wrong.numerator.where" in told and "visit.made" in told
