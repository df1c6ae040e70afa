"""Changes live in the record room: the same from any folder, in the backup, decided once, and what a file of before holds is taken in."""

import json
import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import NOW
from torni.core.faults import BadInput
from torni.facts import opening, postgres, senders
from torni.facts.backup import back_up, bring_back
from torni.facts.door import Door
from torni.services import change_log, load_library
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.services.history import version, versions
from torni.services.proposing import approve, propose, put_forward, reject, take_in, withdraw

REGION, START = "keski-suomi", date(2027, 1, 1)
TEXT = "name: Stricter\nwhy: Savings\nparameters: {grant.home_care.maple: 4}\n"
FIGURES = {"gainers": 0, "losers": 7, "client_eur_year": -1.5, "organiser_eur_year": -2.0}
BY = senders.command("torni change")


@pytest.fixture
def door(new_room, monkeypatch, own_regions):
    url = new_room()
    monkeypatch.setenv("DATABASE_URL", url)
    change_log.forget()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, REGION)
        yield Door(connection, books_of(Days(REGION)))


@pytest.fixture
def own_room_folder(monkeypatch, own_regions):
    folder = Path(tempfile.mkdtemp(prefix="torni-tests-"))  # the server's user must be able to enter it
    folder.chmod(0o755)
    monkeypatch.setenv("TORNI_DATA", str(folder))
    change_log.forget()
    yield folder
    shutil.rmtree(folder)


def proposed(door, text=TEXT, by="Maija", at=NOW):
    return propose(door, REGION, text, by=by, at=at, on=date(2026, 11, 22), rehearsal=FIGURES, sender=BY)


def limit(on):
    return int(load_library(REGION, on=on).value("grant.home_care.maple").value)


def test_a_proposal_and_its_approval_are_events_and_the_same_from_any_folder(door, tmp_path, monkeypatch):
    made = proposed(door)
    assert (made.state, made.diff, made.rehearsal) == (
        "proposed",
        (("param.grant.home_care.maple", "3", "4"),),
        FIGURES,
    )
    approve(door, REGION, made.id, by="Kalle", at=NOW, start=START, why="Agreed", sender=BY)
    types = [t for (t,) in door.connection.execute("SELECT type FROM event ORDER BY position").fetchall()]
    assert types == ["change.proposed", "change.rehearsed", "change.approved"]
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.setenv("TORNI_REGIONS", str(folder / "regions"))
        found = version(REGION, made.id)
        assert (found.state, found.start, found.approved_by, found.reason) == ("approved", START, "Kalle", "Agreed")
        assert (limit(date(2026, 12, 31)), limit(START)) == (3, 4)


def test_changes_are_in_the_backup(door, new_room, tmp_path, monkeypatch):
    approve(door, REGION, proposed(door).id, by="Kalle", at=NOW, start=START, sender=BY)
    reject(door, REGION, proposed(door, TEXT.replace("4", "5")).id, by="Kalle", at=NOW, why="Too strict", sender=BY)
    before = versions(REGION)
    back_up(os.environ["DATABASE_URL"], tmp_path / "room.backup")
    other = new_room()
    monkeypatch.setenv("DATABASE_URL", other)
    assert versions(REGION) == []
    bring_back(other, tmp_path / "room.backup")
    change_log.forget()
    assert versions(REGION) == before and len(before) == 2


def test_a_proposal_is_decided_once_by_another_and_a_rejection_tells_why(door):
    one = proposed(door)
    with pytest.raises(BadInput, match="does not reject"):
        reject(door, REGION, one.id, by=" maija", at=NOW, why="No", sender=BY)
    with pytest.raises(BadInput, match="a reason is needed"):
        reject(door, REGION, one.id, by="Kalle", at=NOW, why=" ", sender=BY)
    done = reject(door, REGION, one.id, by="Kalle", at=NOW, why="The law forbids it", sender=BY)
    assert (done.state, done.rejected_by, done.reason) == ("rejected", "Kalle", "The law forbids it")
    for again in (
        lambda: approve(door, REGION, one.id, by="Kalle", at=NOW, start=START, sender=BY),
        lambda: reject(door, REGION, one.id, by="Ville", at=NOW, why="No", sender=BY),
        lambda: withdraw(door, REGION, one.id, by="Maija", at=NOW, sender=BY),
    ):
        with pytest.raises(BadInput, match="rejected already"):
            again()
    assert limit(START) == 3


def test_of_two_who_decide_at_once_the_first_decides(door):
    """The second looked before the first had written: the door, not the look, keeps the two apart."""
    one = proposed(door)
    told = {"change": one.id, "region": REGION, "by": "Ville", "why": "No"}
    event = {"source": "torni", "id": change_log.event_id(REGION, one.id, "decided"), "type": "change.rejected", "at": NOW, "data": told}  # fmt: skip
    approve(door, REGION, one.id, by="Kalle", at=NOW, start=START, sender=BY)
    assert door.accept([event], now=NOW).refused == {0: ("same_id_other_content",)}
    assert version(REGION, one.id).state == "approved"


def test_what_a_feed_sends_under_the_types_of_changes_changes_nothing(door):
    one = proposed(door)
    told = {"change": one.id, "region": REGION, "by": "Feed", "start": "2026-11-22", "why": ""}
    done = door.accept([{"source": "feed", "id": "1", "type": "change.approved", "at": NOW, "data": told}], now=NOW)
    change_log.forget()
    assert done.written == 1 and version(REGION, one.id).state == "proposed" and limit(START) == 3


def test_a_proposal_of_another_kind_goes_the_same_way_and_lays_nothing_on_the_definitions(door):
    one = put_forward(
        door, REGION, kind="network_plan", name="Close one", why="", text="close KS16", diff=[("KS16", "open", "closed")],
        by="Maija", at=NOW, figures={"organiser_eur_year": -10.0}, sender=BY,
    )  # fmt: skip
    before = load_library(REGION, on=START).whole_version
    assert approve(door, REGION, one.id, by="Kalle", at=NOW, start=START, sender=BY).kind == "network_plan"
    assert load_library(REGION, on=START).whole_version == before


def lines(path, *rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def before_row(id_, by="A", text=TEXT):
    return {"event": "proposed", "id": id_, "region": REGION, "name": "Stricter", "why": "", "text": text, "by": by,
            "at": "2026-01-01T09:00:00", "rehearsal": {"losers": 1}, "diff": [["a", "1", "2"]]}  # fmt: skip


def test_a_file_of_before_holds_until_it_is_taken_in_and_is_taken_in_once_without_loss(door, own_regions):
    path = own_regions / REGION / "changes.jsonl"
    approved = {
        "event": "approved",
        "id": "2026-01-01-1",
        "by": "B",
        "at": "2026-01-02T09:00:00",
        "start": "2026-02-01",
    }
    withdrawn = {"event": "withdrawn", "id": "2026-01-01-2", "by": "A", "at": "2026-01-03T09:00:00"}
    lines(
        path, before_row("2026-01-01-1"), approved, before_row("2026-01-01-2", text=TEXT.replace("4", "5")), withdrawn
    )
    as_read = versions(REGION)
    assert [v.state for v in as_read] == ["approved", "withdrawn"] and limit(date(2026, 2, 1)) == 4
    content = path.read_bytes()
    assert take_in(door, at=NOW) == [REGION]
    assert not path.exists() and path.with_name("changes.taken-in.jsonl").read_bytes() == content
    assert versions(REGION) == as_read and limit(date(2026, 2, 1)) == 4
    path.write_bytes(content)  # as a stop before the renaming would have left it
    assert versions(REGION) == as_read
    take_in(door, at=NOW)
    assert versions(REGION) == as_read
    assert door.connection.execute("SELECT count(*) FROM event").fetchone() == (6,)


def test_two_folders_that_gave_the_same_id_to_different_changes_both_keep_theirs(door, own_regions):
    path = own_regions / REGION / "changes.jsonl"
    lines(path, before_row("2026-01-01-1"))
    take_in(door, at=NOW)
    lines(path, before_row("2026-01-01-1", by="Other"), {"event": "withdrawn", "id": "2026-01-01-1", "by": "Other", "at": "2026-01-03T09:00:00"})  # fmt: skip
    as_read = versions(REGION)
    assert [(v.proposed_by, v.state) for v in as_read] == [("A", "proposed"), ("Other", "withdrawn")]
    assert len({v.id for v in as_read}) == 2
    take_in(door, at=NOW)
    assert versions(REGION) == as_read


def test_a_room_that_does_not_run_is_started_for_the_look_once_after_each_run_of_its(own_room_folder, monkeypatch):
    with postgres.server() as server:
        opening.prepare(server.url)
        with opening.connect(server.url, autocommit=True) as connection:
            opening.claim(connection, REGION)
            door = Door(connection, books_of(Days(REGION)))
            approve(door, REGION, proposed(door).id, by="Kalle", at=NOW, start=START, sender=BY)
    starts = []
    start = postgres._Embedded._start
    monkeypatch.setattr(postgres._Embedded, "_start", lambda self: (starts.append(1), start(self)))

    def asked():
        change_log._last.clear()  # as a new process asks
        return [(v.state, v.start) for v in versions(REGION)]

    assert [asked(), asked()] == [[("approved", START)]] * 2 and len(starts) == 1
    with postgres.server() as server, opening.connect(server.url, autocommit=True) as connection:
        door = Door(connection, books_of(Days(REGION)))
        proposed(door, TEXT.replace("4", "5"))
    starts.clear()
    assert [len(asked()), len(asked())] == [2, 2] and len(starts) == 1
    (own_room_folder / change_log._KEPT).write_text("{", encoding="utf-8")  # a copy that was cut short
    assert len(asked()) == 2 and len(starts) == 2
