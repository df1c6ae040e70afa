"""One person's data: given out whole, and erased so that nothing tells of the person while every sum stays."""

from __future__ import annotations

import json

import pytest

from tests.facts.conftest import DATA
from torni.core.faults import BadInput
from torni.facts import erasing, intake, persons
from torni.facts.fold import fold
from torni.facts.sealing import seal
from torni.facts.verify import verify

SAID = "Ei halua aamukäyntejä"


@pytest.fixture
def lived(here):
    here.send(
        here.event("visit.planned", client=1, unit="north", matter="visit-1-a", due="2026-05-04"),
        here.event("visit.planned", client=1, unit="north", matter="visit-1-b", due="2026-05-04"),
        here.event("visit.planned", client=2, unit="south", matter="visit-2", due="2026-05-04"),
        here.event("visit.made", client=1, unit="north", matter="visit-1-a", data={"said": SAID}),
    )
    intake.receive(
        here.door,
        [{"id": "x", "type": "no.such", "time": "2026-05-04T10:00:00+03:00", "data": {"client": 1, "said": SAID}}],
        source="a",
        now=here.now,
    )
    here.later(days=1)
    here.send(here.event("visit.made", client=2, unit="south", matter="visit-2"))
    here.later(days=1)
    here.send(here.event("feedback.given", unit="north", quantity=5))
    fold(here.connection)
    assert seal(here.connection) == 2
    return here


def test_everything_is_given_out_and_that_is_a_reading_too(lived):
    found = persons.export(lived.connection, 1, data=DATA, by="Records Keeper", why="her own request")
    assert [e["type"] for e in found["events"]] == [
        "resident.registered",
        "visit.planned",
        "visit.planned",
        "visit.made",
    ]
    assert found["register"][0]["born"] == "1941-05-30"
    assert [o["matter"] for o in found["owed"]] == ["visit-1-b", "visit-1-a"] or len(found["owed"]) == 2
    assert found["refused_at_the_door"][0]["raw"]["data"]["said"] == SAID
    assert found["readings"][-1]["shown"] == "Records Keeper" and found["readings"][-1]["why"] == "her own request"
    json.dumps(found)
    with pytest.raises(BadInput, match="no such client"):
        persons.export(lived.connection, 99, data=DATA, by="x", why="because")


def test_nothing_tells_of_the_erased_and_every_sum_stays(lived):
    tally = lived.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4, 5")
    others = lived.rows("SELECT * FROM event WHERE client = 2 ORDER BY position")
    done = erasing.erase(
        lived.connection, 1, data=DATA, by="Records Keeper", why="another person's data were recorded on her"
    )
    assert done.events == 4
    everything = str([lived.rows(f"SELECT * FROM {t}") for t in ("event", "effect", "client", "owed", "quarantine")])
    assert SAID not in everything and "visit-1" not in everything and "1941" not in everything
    for table in ("event", "effect"):
        assert lived.rows(f"SELECT count(*) FROM {table} WHERE client = 1") == [(0,)]
    assert lived.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4, 5") == tally
    assert lived.rows("SELECT * FROM event WHERE client = 2 ORDER BY position") == others
    assert lived.rows("SELECT by_whom, why, events FROM erasure") == [
        ("Records Keeper", "another person's data were recorded on her", 4)
    ]
    assert [c.name for c in verify(lived.connection) if c.wrong] == []


def test_what_began_and_what_answered_it_still_belong_together(lived):
    erasing.erase(lived.connection, 1, data=DATA, by="x", why="a mistake")
    pairs = lived.rows("SELECT a.type, b.type FROM event a JOIN effect f ON f.began = a.position AND f.promise = 'care.made' JOIN event b ON b.position = f.position AND b.matter = a.matter WHERE a.client IS NULL AND f.client IS NULL")  # fmt: skip
    assert pairs == [("visit.planned", "visit.made")]
    answered = (
        "SELECT EXISTS (SELECT 1 FROM shown.effect a WHERE a.began = e.position) FROM shown.event e JOIN shown.effect f USING (position) "
        "WHERE f.promise = 'care.made' AND f.what = 'began' AND e.of_nobody ORDER BY e.position"
    )
    assert lived.rows(answered) == [], "the owner asks as nobody"
    lived.connection.execute("SELECT set_config('torni.role', 'tower', false)")
    assert lived.rows(answered) == [(True,), (False,)]


def test_a_quiet_change_after_an_erasure_is_still_found(lived):
    erasing.erase(lived.connection, 1, data=DATA, by="x", why="a mistake")
    with lived.connection.transaction():
        lived.connection.execute("SET LOCAL torni.erasing = 'yes'")
        lived.connection.execute(
            "UPDATE event SET quantity = 7 WHERE position = (SELECT min(position) FROM event WHERE client = 2)"
        )
    assert [c.name for c in verify(lived.connection) if c.wrong] == ["log"]


def test_the_erased_is_not_taken_in_again_by_an_old_event(lived):
    erasing.erase(lived.connection, 1, data=DATA, by="x", why="a mistake")
    done = lived.send(lived.event("visit.made", client=1, unit="north", matter="visit-1-b"))
    assert done.refused[0] == ("unknown_client",)


def test_erasure_is_one_of_its_own_not_a_way_around(lived):
    import psycopg

    erasing.erase(lived.connection, 1, data=DATA, by="x", why="a mistake")
    for statement in (
        "UPDATE event SET client = NULL",
        "DELETE FROM client",
        "DELETE FROM erasure",
        "DELETE FROM leaf",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            lived.connection.execute(statement)


def test_another_client_in_the_same_matter_stays(here):
    """A matter that two share gets a new word for both; only the one who is erased goes."""
    here.send(
        here.event("visit.planned", client=1, unit="north", matter="shared", due="2026-05-04"),
        here.event("visit.made", client=2, unit="north", matter="shared", data={"said": "hers"}),
    )
    here.send(here.event("visit.planned", client=1, unit="north", matter="open", due="2026-05-04"))
    fold(here.connection)
    assert erasing.erase(here.connection, 1, data=DATA, by="x", why="a mistake").events == 3
    assert here.rows("SELECT client, data->>'said' FROM event WHERE type = 'visit.made'") == [(2, "hers")]
    assert here.rows("SELECT count(DISTINCT matter) FROM event WHERE matter LIKE 'erased-%'") == [(2,)]
    assert [c.name for c in verify(here.connection) if c.wrong] == []


def test_what_is_erased_of_several_days_before_they_are_sealed_is_sealed_right(here):
    for day in range(2):
        here.send(here.event("visit.planned", client=1, unit="north", matter=f"v{day}", due="2026-05-04"))
        here.later(days=1)
    here.send(here.event("feedback.given", unit="north", quantity=5))
    fold(here.connection)
    erasing.erase(here.connection, 1, data=DATA, by="x", why="a mistake")
    assert seal(here.connection) == 2
    assert here.rows("SELECT held FROM seal") == [(True,), (True,)]
    assert [c.name for c in verify(here.connection) if c.wrong] == []
