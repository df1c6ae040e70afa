"""The plan's form: filled with the plan as it stands, read back as the same, and each fault told; and a year's fees against the ceiling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.guided_life import ITEM, TODAY, Life, planned
from torni.core.faults import BadInput
from torni.guidance import planning
from torni.guidance.fee_year import FeeYear


@pytest.fixture
def life(granted, rules) -> Life:
    granted.step(planned(granted, rules))
    return granted


def test_the_form_read_back_is_the_plan_as_it_stands(life):
    form = planning.read(life.case, planning.form_of(life.case))
    assert form.items == life.case.plan.items and form.goals == life.case.plan.goals
    assert form.why == ""
    assert form.agreed is None, "the client's agreement is asked each time, and never filled in"


def test_a_new_row_gets_the_next_letter_and_a_row_without_a_service_is_none(life):
    given = planning.form_of(life.case)
    given |= {
        "service-7": "day_centre",
        "unit-7": "south",
        "what-7": "Kerran viikossa",
        "start-7": str(TODAY),
        "service-9": "",
    }
    items = planning.read(life.case, given).items
    assert [i.item for i in items] == ["a", "b"] and items[1].service == "day_centre" and items[1].start == TODAY


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("start-0", "eilen", "the first day: .eilen. is not a date"),
        ("ends-0", "2026-02-30", "the last day: .2026-02-30. is not a date"),
        ("hours-0", "kaksi", "hours a month: .kaksi. is not a whole number"),
        ("hours-0", "-3", "is not a whole number"),
        ("agreed", "x", "the client's agreement: .x. is not a date"),
    ],
)
def test_what_is_no_day_or_number_is_told(life, field, text, said):
    with pytest.raises(BadInput, match=said):
        planning.read(life.case, {**planning.form_of(life.case), field: text})


@pytest.mark.parametrize(("counted", "left", "share"), [(0.0, 815.0, 0.0), (407.5, 407.5, 0.5), (900.0, 0.0, 1.0)])
def test_what_is_left_of_the_ceiling_is_never_less_than_nothing(counted, left, share):
    year = FeeYear(charged=1_000.0, counted=counted, limit=815.0)
    assert (year.left, year.share) == (left, share)


def test_a_plan_not_made_yet_is_filled_from_the_decision(granted):
    """What has been granted stands in the form with its days and hours; where it is given, and how, is left to be written."""
    given = planning.form_of(granted.case)
    made = granted.case.decisions[0]
    assert (given["service-0"], given["start-0"]) == ("home_care", str(made.first_day)) and "agreed" not in given
    assert given["hours-0"] == str(granted.case.decided_hours("home_care") or "")
    assert "unit-0" not in given and "service-1" not in given


def test_what_is_planned_already_is_not_filled_in_again(life):
    assert [v for k, v in planning.form_of(life.case).items() if k.startswith("service-")] == ["home_care"]


def test_more_hours_than_were_decided_need_a_reason(granted, rules):
    decided = granted.case.decided_hours("home_care")
    assert decided is not None
    more = replace(ITEM, hours_month=decided + 8)
    with pytest.raises(BadInput, match=f"{decided + 8}.*{decided}"):
        planned(granted, rules, more, why="")
    assert planned(granted, rules, more, why="Tarve on kasvanut.")
    assert planned(granted, rules, replace(ITEM, hours_month=decided), why="")
