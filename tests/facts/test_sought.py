"""Clients sought by name or number: only those whom the one who asks may open, without their data, and the name shown is a reading."""

from __future__ import annotations

import pytest

from tests.facts.conftest import ROLES, pages, who
from torni.facts import worklists


@pytest.fixture
def named(lived):
    """Client 1: A's, with a need reported, a case manager and a charge; client 2: B's; client 3 is in the register alone, protected."""
    for client, name in ((1, "Äijö Mäki-Ståhl"), (2, "Aino Mäkelä"), (3, "Eino Makinen")):
        told = {"name": name, "protected": client == 3}
        lived.send(lived.event("resident.registered", client=client, data=told))
    return lived


MAY = {
    "adviser": ["Äijö Mäki-Ståhl"], "case_manager": ["Äijö Mäki-Ståhl"], "controller": ["Äijö Mäki-Ståhl"], "producer": ["Äijö Mäki-Ståhl"],
    "supervisor": ["Aino Mäkelä", "Eino Makinen", "Äijö Mäki-Ståhl"],
}  # fmt: skip


@pytest.mark.parametrize("role", [None, *ROLES])
def test_each_finds_those_whom_they_may_open_and_the_reading_is_written(named, role):
    """By the table of rights; who may not ask for a client at all finds nobody, oneself included."""
    with pages(named, who(named, role) if role else None) as connection:
        found = [worklists.sought(connection, "MAK") for _ in range(2)][1]
    assert sorted(name for _position, name, _born, _protected in found) == MAY.get(role, [])
    assert {name for _p, name, _b, protected in found if protected} <= {"Eino Makinen"}
    readings = named.rows("SELECT client, role, what FROM reading ORDER BY client")
    assert readings == [(client, role, "search") for client in ([1, 2, 3] if role == "supervisor" else [1] if role in MAY else [])]  # fmt: skip


def test_a_name_is_found_by_parts_in_any_case_without_dots_and_by_the_number(named):
    with pages(named, who(named, "supervisor")) as connection:
        for text, expected in (
            ("äijö", [1]), ("AIJO", [1]), ("stahl äi", [1]), ("maki", [3, 1]), ("mäki-", [1]), ("2", [2]), ("mäk aino", [2]),
        ):  # fmt: skip
            found = [position for position, *_rest in worklists.sought(connection, text)]
            clients = [named.rows(f"SELECT client FROM client WHERE position = {p}")[0][0] for p in found]
            assert sorted(clients) == sorted(expected), text


@pytest.mark.parametrize(
    "text", ["", "ma", "%%%", "___", "\\\\\\", "' OR true --", "mäk 1", "99999999999999999999", "4", "zz%"]
)
def test_what_is_no_name_and_no_number_finds_nobody(named, text):
    with pages(named, who(named, "supervisor")) as connection:
        assert worklists.sought(connection, text) == []
    assert named.rows("SELECT count(*) FROM reading") == [(0,)]


def test_nothing_of_the_data_is_opened_by_a_search(named):
    with pages(named, who(named, "supervisor")) as connection:
        assert worklists.sought(connection, "mäk")
        for table in ("client", "event", "effect", "owed", "care", "permit"):
            assert connection.execute(f"SELECT count(*) FROM public.{table}").fetchone() == (0,), table
