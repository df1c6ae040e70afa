"""Every event has an authenticated sender: stamped by the door, never taken from the body, covered by the seal."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from tests.facts.conftest import DATA
from torni.core import language
from torni.facts import erasing, intake, rights, senders
from torni.facts.access import Who
from torni.facts.fold import fold
from torni.facts.sealing import seal
from torni.facts.verify import verify

FEED = senders.feed("hoiva", "South Oy")
CONTROLLER = senders.account(Who(7, "cilla", "Cilla C", "controller"))


def given(id_, **data):
    return {
        "id": id_, "source": "hoiva", "type": "visit.planned", "time": "2026-05-04T12:00:00+03:00",
        "data": {"service": "care", "unit": "south", "client": 1, "matter": id_, "due": "2026-05-05", **data},
    }  # fmt: skip


def sender(here, id_):
    (found,) = here.connection.execute("SELECT sender FROM event WHERE id = %s", [id_]).fetchall()
    return found[0]


def test_the_body_never_tells_the_sender(here):
    told = {**given("a"), "sender": {"kind": "account", "who": "adviser"}}
    told["data"] = {**told["data"], "sender": {"who": "adviser"}, "file_row": 7}
    done = intake.receive(here.door, [told], sender=FEED, now=here.now)
    assert done.accepted == 1, done.refused
    assert sender(here, "a") == {"kind": "feed", "who": "hoiva", "organisation": "South Oy"}


def test_of_a_file_the_uploader_and_the_row(here):
    bring = CONTROLLER.of_file("visits.csv")
    done = intake.receive_many(here.door, [given("b"), given("a"), given("c")], size=2, sender=bring)
    assert done.accepted == 3, done.refused
    expected = {"kind": "account", "who": "Cilla C", "account": "cilla", "role": "controller", "file": "visits.csv"}
    assert [sender(here, id_) for id_ in "bac"] == [{**expected, "row": row} for row in (1, 2, 3)]
    later = [given("e"), given("d")]
    assert intake.receive_many(here.door, later, rows=[3, 7], size=1, sender=bring).accepted == 2
    assert [sender(here, id_)["row"] for id_ in "ed"] == [3, 7], "below a title, with blank rows between"


def test_a_mended_row_tells_who_sent_it_and_who_mended_it(here):
    bring = senders.command("torni import events").of_file("visits.csv")
    done = intake.receive_many(here.door, [given("a"), given("b", unit="nowhere")], sender=bring)
    assert (done.accepted, len(done.refused)) == (1, 1)
    ((number,),) = here.rows("SELECT number FROM quarantine")
    assert not intake.replay(here.door, number, given("b"), by="Cilla C", sender=CONTROLLER).refused
    assert sender(here, "b") == {
        "kind": "command", "who": "torni import events", "file": "visits.csv", "row": 2, "mended_by": "Cilla C", "mended_account": "cilla",
    }  # fmt: skip


def test_erasure_takes_her_own_name_and_leaves_an_officials(here):
    """By the roles of the table of rights: a resident's own account is a person's name."""
    (role,) = rights.of("client")
    own = senders.account(Who(9, "maija.m", "Maija Meikäläinen", role, client=1))
    for id_, by in (("a", own), ("b", CONTROLLER)):
        allowed = {**given(id_, quantity=5), "type": "feedback.given" if by is CONTROLLER else "consent.given"}
        assert intake.receive(here.door, [allowed], sender=by, now=here.now).accepted == 1
    fold(here.connection)
    erasing.erase(here.connection, 1, data=DATA, by="Records Keeper", why="another person's data")
    left = [
        row[0]
        for row in here.rows(
            "SELECT sender FROM event WHERE sender IS NOT NULL AND type IN ('consent.given', 'feedback.given') ORDER BY position"
        )
    ]
    assert left == [{"kind": "account", "role": role}, CONTROLLER.told()]


def test_a_row_of_before_is_its_menders(here):
    assert senders.mended(None, CONTROLLER).told() == {
        "kind": "account", "who": "Cilla C", "account": "cilla", "role": "controller", "mended_by": "Cilla C", "mended_account": "cilla",
    }  # fmt: skip


def test_what_is_taken_back_is_so_by_who_took_it_back(here):
    intake.receive(here.door, [given("a")], sender=FEED, now=here.now)
    withdrawn = {"id": "w", "source": "hoiva", "type": "event.withdrawn", "time": "2026-05-04T12:00:00+03:00", "data": {"replaces": "a"}}  # fmt: skip
    done = intake.receive(here.door, [withdrawn], sender=CONTROLLER, now=here.now)
    assert done.accepted == 1, done.refused
    assert sender(here, "a#undone")["who"] == "Cilla C" and sender(here, "a")["who"] == "hoiva"


@pytest.mark.parametrize("forged", ['\'{"kind": "feed", "who": "another"}\'', "NULL"])
def test_a_changed_sender_is_found(here, forged):
    intake.receive(here.door, [given("a")], sender=FEED, now=here.now)
    here.now += timedelta(days=3)
    intake.receive(here.door, [given("b")], sender=FEED, now=here.now)
    while fold(here.connection):
        pass
    seal(here.connection)
    assert not [c.name for c in verify(here.connection) if c.wrong]
    here.connection.execute("SET session_replication_role = replica")
    here.connection.execute(f"UPDATE event SET sender = {forged} WHERE id = 'a'")
    assert [c.name for c in verify(here.connection) if c.wrong] == ["log"]


def test_an_event_of_before_says_plainly_that_its_sender_is_not_known(here):
    here.send(here.event("visit.planned", unit="south", client=1, matter="m", due=here.now.date(), id="old"))
    with language.speaking("en"):
        assert sender(here, "old") is None and senders.sentence(None) == "not known"
        assert senders.sentence({"who": "cilla", "file": "a.csv", "row": 2, "mended_by": "dan"}) == "cilla, a.csv, row 2, mended by dan"  # fmt: skip


def test_every_way_into_the_log_says_who_sends():
    """No call in the program may forget it: an event without a sender is one of before."""
    forgotten = []
    for path in (Path(senders.__file__).parents[1]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            of = ast.unparse(node.func)
            into = of.endswith((".accept", "intake.receive", "intake.receive_many", "intake.replay"))
            wanted = "sender" if into else "who" if of == "record_here.write" else None
            if wanted and wanted not in {k.arg for k in node.keywords}:
                forgotten.append(f"{path.name}:{node.lineno}")
    assert forgotten == []
