"""What events did, made anew from the log by the same definitions, is what the door stamped: sum by sum."""

from __future__ import annotations

import polars as pl
import pytest

from torni.facts import room
from torni.promises.anew import Past
from torni.services import load_library
from torni.services.book import within
from torni.services.change import parse_changes
from torni.services.days import Days
from torni.supervision.anew import UNTOLD, measured_anew
from torni.supervision.measure import measured
from torni.supervision.moment import moment

COLUMNS = ["day", "unit", "municipality", "total", "met", "late"]


@pytest.fixture
def here(invented_year):
    with room.connect(invented_year, autocommit=True) as connection:
        now = moment(connection)
        yield connection, now, Days("keski-suomi").on(now.today).library


def test_what_events_did_is_the_same_made_anew(here):
    connection, now, library = here
    tried = 0
    for service, promise in library.of_events():
        name = f"{service.id}.{promise.id}"
        effects = promise.effects(name, service.id, lambda parameter: within(library, parameter))
        rows = promise.anew(Past(connection, now.position, name, service.id), effects)
        if rows is None:
            continue
        stamped = connection.execute("SELECT day, unit, municipality, total, met, late FROM tally_now WHERE promise = %s AND (total, met, late) <> (0, 0, 0)", [name]).fetchall()  # fmt: skip
        made = rows.group_by("day", "unit", "municipality").agg(pl.col("total", "met", "late").sum())
        made = made.filter((pl.col("total") != 0) | (pl.col("met") != 0) | (pl.col("late") != 0))
        difference = set(made.select(COLUMNS).rows()) ^ set(stamped)
        assert not difference, (name, len(difference), sorted(difference)[:6])
        tried += len(stamped)
    assert tried > 500


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
