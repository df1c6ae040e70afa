"""What would mend a broken promise about events: how many more as promised, and the fewest units that missed as many."""

from dataclasses import replace
from datetime import date

import pytest

from torni.core.language import Message, speaking
from torni.promises.finding import Finding, Group, unmeasured
from torni.promises.restoring import Carries, restoring
from torni.services import load_library
from torni.tower.finding_texts import restoring_lines

ON = date(2026, 11, 22)
UNITS = (Group("a", 500, 480, 20), Group("b", 400, 390, 10), Group("c", 100, 99, 1), Group("", 0, 0, 0))


@pytest.fixture(scope="module")
def library():
    return load_library("keski-suomi", on=ON)


def found(library, promise_id, state="broken", **changed) -> Finding:
    service, promise = library.promise(promise_id)
    finding = unmeasured(service.id, promise, version="x", as_of=ON, why=Message("no record room"), invented=False)
    return replace(
        finding, **({"state": state, "missing": (), "total": 1000, "met": 969, "by": {"unit": UNITS}} | changed)
    )


@pytest.mark.parametrize(
    ("met", "more", "carried"),
    [
        (969, 11, ("a",)),  # 98 % of 1,000 are 980
        (950, 30, ("a", "b")),
        (979, 1, ("a",)),
    ],
)
def test_so_many_more_as_promised_and_the_fewest_units_that_missed_as_many(library, met, more, carried):
    told = restoring(found(library, "home_care.visits_made", met=met))
    assert (told.more, told.missed, tuple(c.group for c in told.carried), told.why_not) == (
        more,
        1000 - met,
        carried,
        None,
    )
    assert told.carried[0] == Carries("a", 20, 500)


def test_it_is_told_with_the_units_names(library):
    lines = restoring_lines(restoring(found(library, "home_care.visits_made", met=950)), {"a": "West", "b": "East"}.get)
    assert lines == [
        "Of 1,000 counted 50 were not as promised. Had 30 more been, the promise would be kept.",
        "Fewest places that missed so many, the most first: West (20/500), East (10/400).",
    ]


@pytest.mark.parametrize(
    ("promise_id", "state", "why"),
    [
        ("home_care.visits_made", "kept", "Nothing needs mending."),
        ("home_care.visits_made", "unknown", "Whether it holds cannot be told"),
        ("home_care.within_appropriation", "broken", "It is no share of events"),
        ("centre_reception.list_has_room", "broken", "It is no share of events"),
    ],
)
def test_where_no_mend_is_told_it_is_said_why(library, promise_id, state, why):
    if promise_id not in {f"{s.id}.{p.id}" for s, p in library.promises()}:
        promise_id = next(f"{s.id}.{p.id}" for s, p in library.promises() if p.id == promise_id.partition(".")[2])
    told = restoring(found(library, promise_id, state))
    assert str(told.why_not).startswith(why)
    assert restoring_lines(told, str) == [str(told.why_not)]
    with speaking("fi"):
        assert str(told.why_not) and not str(told.why_not).startswith(why)
