"""What an event tells in its data is held against what its type declares: kinds, ranges, and nothing of ours undeclared."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import get_args

import pytest
from pydantic import ValidationError

from torni.core.texts import Text
from torni.facts.data_fields import DataField, Kind, faults, kept, naming
from torni.facts.persons import ClientEvent, Person
from torni.guidance.case import case_of

DAY = date(2026, 5, 4)
WHAT = Text(fi="mitä", sv="vad", en="what")
EVENTS = {
    "text": ("sana", 17, 1.5), "short_text": ("179", ""), "municipality": ("179", "091"), "choice": ("granted",), "day": ("2026-05-04",), "whole": (4, "4", 4.0, -2),
    "cents": (1250, "1250"), "number": (1.5, "1,5", 2, "-2.25"), "yes_no": (True, False, "true", "FALSE", 1, 0), "client": ("8", 8), "list": ([], ["a"]),
    "object": ({}, {"a": 1}),
}  # fmt: skip
OTHERS = {
    "text": (["sana"], {"a": 1}, True), "short_text": (179, "two\nlines", "x" * 201, "\ud800"), "municipality": ("Helsinki", "17", "179 ", "", 179, "1790"), "choice": ("perhaps", 1, ["granted"]),
    "day": ("4.5.2026", "2026-02-30", "2026-W18-1", 20260504, "0001-01-01"), "whole": (1.5, "1.5", True, 2**70, "four", float("nan"), float("inf")),
    "cents": ("12,50", 12.5), "number": ("many", True, float("nan"), [1]), "yes_no": ("yes", 2, 0.5, []), "client": ("x", -1, 1.0, True, "", 10**5000, "٣"),
    "list": ("a", {}), "object": ("{}", []),
}  # fmt: skip


def declared(kind):
    return {
        "it": DataField(kind=kind, erased="emptied", what=WHAT, of=("granted", "refused") if kind == "choice" else ())
    }


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_kind_takes_what_it_is_and_tells_what_it_is_not(kind):
    for value in (*EVENTS[kind], None):
        assert faults(declared(kind), {"it": value}, DAY) == [], value
    for value in OTHERS[kind]:
        assert faults(declared(kind), {"it": value}, DAY) == ["bad_it"], value


def test_a_range_is_held_and_every_fault_is_told_at_once():
    mark = {"mark": DataField(kind="whole", range=(1, 5), erased="emptied", what=WHAT), **declared("day")}
    assert faults(mark, {"mark": 5, "it": "2026-05-04", "mood": ["nobody declared it"]}, DAY) == []
    assert faults(mark, {"mark": "6", "it": "soon"}, DAY) == ["range_mark", "bad_it"]


def test_a_days_range_is_counted_from_the_events_own_day():
    """Nobody is registered before they are born: 2090 for 1990 is a slip, and would make a negative age."""
    born = {"born": DataField(kind="day", range=(-47482, 0), erased="emptied", what=WHAT)}
    found = [
        faults(born, {"born": value}, DAY)
        for value in ("2026-05-04", "2026-05-05", "2090-01-01", None, "soon", "1890-01-01")
    ]
    assert found == [[], ["range_born"], ["range_born"], [], ["bad_born"], ["range_born"]]


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "choice"}, {"kind": "day", "range": (1, 0)}, {"kind": "day", "of": ("a",)}, {"kind": "text", "range": (1, 5)}, {"kind": "whole", "range": (5, 1)}, {"kind": "client", "erased": "kept"}],
)  # fmt: skip
def test_a_declaration_that_says_too_little_or_too_much_is_refused(wrong):
    with pytest.raises(ValidationError, match=r"write|such as"):
        DataField.model_validate({"erased": "emptied", "what": WHAT, **wrong})


def test_how_a_field_is_erased_is_never_left_out():
    with pytest.raises(ValidationError, match="erased"):
        DataField.model_validate({"kind": "text", "what": WHAT})


def test_what_names_another_client_and_what_is_kept_are_found_by_type():
    by_type = {"a.b": declared("client"), "c.d": {"place": DataField(kind="short_text", erased="kept", what=WHAT)}}
    assert list(naming(by_type)) == [("a.b", "it")] and list(kept(by_type)) == [("c.d", "place")]


def test_an_assessment_taken_in_before_its_scales_were_held_to_be_an_object_is_still_shown():
    blank = dict.fromkeys(f for f in ClientEvent.__dataclass_fields__ if f != "effects")
    told = {
        "type": "assessment.made",
        "position": 1,
        "sign": 1,
        "at": datetime(2026, 5, 4, tzinfo=UTC),
        "data": {"scales": "maple 3", "instrument": "RAI"},
    }
    (found,) = case_of(Person(7, (), (ClientEvent(**{**blank, **told}),)), date(2026, 5, 5)).assessments
    assert found.facts == {} and found.instrument == "RAI"
