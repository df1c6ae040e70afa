"""What events did, made anew from the log by the same definitions, is what the door stamped: sum by sum."""

from __future__ import annotations

import polars as pl
import pytest

from torni.facts import opening
from torni.guidance.charges import charge
from torni.services import load_library
from torni.services.change import parse_changes
from torni.services.days import Days
from torni.services.door_book import book_of
from torni.supervision.anew import UNTOLD, done_by, effects_of, measured_anew
from torni.supervision.known_sums import moment
from torni.supervision.measure import measured

COLUMNS = ["promise", "day", "unit", "municipality", "total", "met", "late"]


@pytest.fixture
def here(invented_year):
    with opening.connect(invented_year, autocommit=True) as connection:
        now = moment(connection)
        yield connection, now, Days("keski-suomi").on(now.today).library


def test_what_events_did_is_the_same_made_anew_of_every_kind(here):
    """All promises at once by today's definitions: sums, lists, charges, staffing and spending too."""
    connection, now, library = here
    rules = Days("keski-suomi").on(now.today)
    book = book_of(rules, since=now.today, charge=charge)
    promises = effects_of(library)
    tally, untold = done_by(connection, promises, upto=now.position, charge=book.expected)
    kept = connection.execute("SELECT promise, day, unit, municipality, total, met, late FROM tally_now WHERE (total, met, late) <> (0, 0, 0)").fetchall()  # fmt: skip
    stamped = {row for row in kept if row[0] in promises}
    made = tally.group_by(COLUMNS[:4]).agg(pl.col("total", "met", "late").sum())
    made = made.filter((pl.col("total") != 0) | (pl.col("met") != 0) | (pl.col("late") != 0))
    difference = set(made.select(COLUMNS).rows()) ^ stamped
    # by this year's amounts a charge of last year was another: only those differ, and only in whether they are right
    of_before = {row for row in difference if row[0].endswith(".fee_by_formula") and row[1].year < now.today.year}
    assert {row[:5] for row in of_before & stamped} == {row[:5] for row in of_before - stamped} != set()
    difference -= of_before
    assert not difference, (len(difference), sorted(difference)[:6])
    assert len(stamped) > 500
    kinds = {p.kind for s, p in library.of_events() if f"{s.id}.{p.id}" not in untold}
    assert {"wait", "delivery", "fee", "list", "staffing", "budget", "measure", "cadence"} <= kinds


def test_a_changed_promise_is_held_against_what_happened(here):
    """More days are met by more; a share is judged on the same sums; who counts is counted anew; what the log cannot tell is unknown."""
    connection, now, library = here

    def tried(text):
        (change,) = parse_changes(text)
        after = load_library("keski-suomi", on=now.today, layers=[change.layer(now.today)])
        return {f.id: f for f in measured_anew(connection, library, after, now, residents=2_000)}

    before = {f.id: f for f in measured(connection, library, now, residents=2_000)}
    same = tried("name: x\nparameters: {fee.ceiling_year: 700}\n")
    assert {n: (f.value, f.state, f.total, f.met) for n, f in same.items()} == {n: (f.value, f.state, f.total, f.met) for n, f in before.items()}  # fmt: skip
    # Fourteen days is the law's most, so a region can only promise it quicker.
    slower = tried("name: x\nparameters: {wait.care_under_23: 7}\n")["doctor_reception.young_in_time"]
    quicker = tried("name: x\nparameters: {wait.care_under_23: 3}\n")["doctor_reception.young_in_time"]
    assert quicker.value < slower.value < before[slower.id].value
    lower = tried("name: x\nservices: {home_care: {promises: [{id: visits_made, share: 0.5}]}}\n")[
        "home_care.visits_made"
    ]
    assert (lower.state, lower.target, lower.value) == ("kept", 0.5, before[lower.id].value)
    counted = tried("name: x\nservices: {doctor_reception: {promises: [{id: young_in_time, ages: {below: 10}}]}}\n")
    assert 0 < counted[slower.id].total < before[slower.id].total
    staffed = tried("name: x\nservices: {elder_housing: {promises: [{id: staffed, event: feedback.given}]}}\n")
    assert staffed["elder_housing.staffed"].missing == (UNTOLD,)
