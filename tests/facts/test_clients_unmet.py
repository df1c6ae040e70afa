"""For how many clients a promise was not kept: each once, by whoever may see the rows, and nothing by which a protected home is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.facts.conftest import ROLES, pages, who
from tests.facts.test_persons import DATA
from torni.facts import erasing
from torni.facts.fold import fold
from torni.promises.rows import Asked, clients_unmet

LAST = date(2026, 5, 6)


@pytest.fixture
def missed(lived):
    """Of care.made by 6 May: client 1 misses two visits in the north and one in the south, client 2 gets one late, client 3's was made in time.
    Of care.good: client 2 gives bad feedback twice in the north, and somebody in the south."""
    for matter, client, unit in (
        ("a", 1, "north"),
        ("b", 1, "north"),
        ("c", 1, "south"),
        ("d", 2, "south"),
        ("e", 3, "south"),
    ):
        lived.send(lived.event("visit.planned", client=client, unit=unit, matter=matter, due="2026-05-05"))
    lived.send(lived.event("visit.made", client=3, unit="south", matter="e"))
    for _ in range(2):
        lived.send(lived.event("feedback.given", client=2, unit="north", quantity=1))
    lived.later(days=2)
    lived.send(lived.event("visit.made", client=2, unit="south", matter="d"))
    fold(lived.connection)
    return lived


def asked(room, **narrow) -> Asked:
    (upto,) = room.rows("SELECT max(position) FROM event")[0]
    return replace(Asked("care.made", LAST, LAST, upto, False), **narrow)


def found(room, role, **narrow):
    of_sums = narrow.get("promise") == "care.good"
    with pages(room, who(room, role) if role else None) as connection:
        return clients_unmet(connection, asked(room, **narrow), days=28, of_sums=of_sums)


@pytest.mark.parametrize(
    ("narrow", "count"),
    [
        ({}, 2),
        ({"units": ["north"]}, 1),
        ({"units": ["south"]}, 2),
        ({"municipality": "931"}, 1),
        ({"municipality": "172"}, 1),
        ({"last": date(2026, 5, 3)}, 0),
        ({"promise": "care.good", "units": ["north"]}, 1),
        ({"promise": "care.good", "units": ["east"]}, 0),
        ({"promise": "care.good"}, None),  # absence is never read as "no": who was unhappy in the south is not known
        ({"promise": "care.good", "units": ["south"]}, None),
    ],
)
def test_each_client_is_counted_once(missed, narrow, count):
    assert found(missed, "supervisor", **narrow) == count
    assert found(missed, "supervisor", **narrow, past=True) == count, "what is made of the effects alone says the same"


def test_what_was_known_then_is_what_is_counted(missed):
    before = missed.rows("SELECT position FROM event WHERE type = 'visit.made' AND matter = 'd'")[0][0] - 1
    wrong = missed.rows("SELECT source, id FROM event WHERE matter = 'c'")[0]
    missed.send(missed.event("event.withdrawn", replaces_source=wrong[0], replaces_id=wrong[1]))
    fold(missed.connection)
    assert found(missed, "supervisor", units=["south"]) == 1, "client 2's late one; client 1's was never owed there"
    assert found(missed, "supervisor", units=["south"], upto=before, past=True) == 2


def test_whoever_was_erased_is_counted_no_more(missed):
    erasing.erase(missed.connection, 1, by="test", why="asked for", data=DATA)
    assert found(missed, "supervisor") == 1 and found(missed, "supervisor", past=True) == 1


@pytest.mark.parametrize("role", [None, *ROLES])
def test_only_of_what_one_sees_the_rows_of(missed, role):
    staff = {"director", "service_owner", "adviser", "case_manager", "supervisor", "controller"}
    assert found(missed, role) == (2 if role in staff else 1 if role == "producer" else None)
    if role == "producer":
        assert found(missed, role, units=["south"]) == 0, "another producer's unit"


def test_of_a_municipality_no_client_whose_address_is_protected(missed):
    missed.send(missed.event("resident.registered", client=1, data={"protected": True}))
    assert found(missed, "supervisor", municipality="931") == 0
    assert found(missed, "supervisor") == 2
