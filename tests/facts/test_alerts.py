"""An alert is somebody's: what is done of it stands in the log, is seen as it was known, and is found again after any restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from torni.core.faults import BadInput
from torni.core.language import Message, speaking
from torni.facts.access import Who
from torni.facts.backup import back_up, bring_back
from torni.facts.fold import fold
from torni.facts.verify import verify
from torni.promises.finding import unmeasured
from torni.services import load_library
from torni.supervision.afterwards import afterwards
from torni.supervision.alerts import Alert
from torni.supervision.handling import Episode, episodes, find, handled, identity, step, subject_of
from torni.supervision.known_sums import moment
from torni.supervision.sentences import afterwards_lines

KARI = Who(1, "supervisor", "Kari Valvoja", "supervisor")
PEKKA = Who(2, "service-owner", "Pekka Palvelunomistaja", "service_owner")
TODAY = date(2026, 5, 4)
MISSED = Alert(
    "promise",
    "home_care.visits_made",
    "unit",
    "north",
    0.9,
    0.98,
    200,
    20,
    since=date(2026, 5, 2),
    began=date(2026, 4, 20),
)
UNSTAFFED = Alert("promise", "elder_housing.staffed", "unit", "south", 0.5, 0.6, 10, 5)
SILENT = Alert("records", "Mallihoiva Oy", "region", "Mallihoiva Oy", None, None, 0, 3, began=date(2026, 5, 2))


@pytest.fixture(scope="module")
def library():
    return load_library("keski-suomi", on=TODAY)


def at(room):
    """What is known of steps now, folded."""
    fold(room.connection)
    return episodes(room.connection, moment(room.connection), newest=True)


def one(room, library, alert=MISSED, today=TODAY):
    return next(h for h in handled([alert], at(room), library, today) if h.alert)


def do(room, h, did, who=KARI, **how):
    room.later(minutes=5)
    done = room.send({**step(h, did, who=who, at=room.now, **how), "service": "care"})
    assert done.written == 1, done


def test_taken_up_acted_on_and_done(here, library):
    """The owner is first a role, by the definition, then a person; each step has who, when, and what."""
    h = one(here, library)
    assert (h.state, h.owner, h.person) == ("new", "supervisor", "")
    assert [a.id for a in h.actions][:2] == ["guidance", "explanation"]
    do(here, h, "taken_up")
    h = one(here, library)
    assert (h.state, h.person) == ("taken_up", "Kari Valvoja")
    do(here, h, "acted", action="guidance", text="soitettu esihenkilölle")
    do(here, one(here, library), "taken_up", who=PEKKA)  # by another: theirs from now on
    assert one(here, library).person == "Pekka Palvelunomistaja"
    do(here, one(here, library), "done", who=PEKKA, text="sijaiset järjestettiin")
    h = one(here, library)
    assert h.state == "done"
    assert [(s.did, s.by, s.action) for s in h.episode.steps] == [
        ("taken_up", "Kari Valvoja", ""), ("acted", "Kari Valvoja", "guidance"), ("taken_up", "Pekka Palvelunomistaja", ""),
        ("done", "Pekka Palvelunomistaja", ""),
    ]  # fmt: skip
    kept = here.rows("SELECT data FROM event WHERE type = 'alert.acted'")[0][0]
    assert kept["of"] == "home_care.visits_made" and kept["began"] == "2026-04-20" and kept["account"] == "supervisor"


def test_what_cannot_be_is_refused_with_every_fault(here, library):
    h = one(here, library)
    with speaking("en"):
        for did, how, told in (
            ("acted", {"action": "guidance"}, "has not been taken up"), ("done", {"text": ""}, "the outcome"), ("tried", {}, "is not chosen"),
            ("set_aside", {"text": "x"}, "the reason"), ("acted", {"action": "shout"}, "is not one that the definition offers"),
            ("taken_up", {"seen": 3}, "somebody has dealt with meanwhile"), ("taken_up", {"text": "x" * 1001}, "is too long"),
        ):  # fmt: skip
            with pytest.raises(BadInput, match=told):
                step(h, did, who=KARI, at=here.now, **how)
        with pytest.raises(BadInput) as both:
            step(h, "done", who=KARI, at=here.now)
        assert len(both.value.faults) == 2
        do(here, h, "taken_up")
        with pytest.raises(BadInput, match="is yours already"):
            step(one(here, library), "taken_up", who=KARI, at=here.now)


def test_the_same_step_sent_twice_is_one(here, library):
    h = one(here, library)
    do(here, h, "taken_up")
    assert here.send({**step(h, "taken_up", who=KARI, at=here.now), "service": "care"}).written == 0


def test_its_name_is_the_same_after_a_new_detection(here, library):
    """Taken up on 4 May; found again later with another first day (late records moved it), it is still the one that was taken up."""
    name = one(here, library).id
    assert name == identity(subject_of(MISSED), MISSED.began)
    do(here, one(here, library), "taken_up")
    moved = Alert(**{**vars(MISSED), "began": date(2026, 4, 23), "missed": 25})
    h = one(here, library, moved)
    assert (h.id, h.state, h.alert) == (name, "taken_up", moved)
    assert find([h], identity(subject_of(moved), moved.began)) is h  # by the name that it would have had


def test_a_later_one_of_the_same_unit_is_another(here, library):
    do(here, one(here, library), "taken_up")
    do(here, one(here, library), "set_aside", text="laskenta oli väärin")
    later = Alert(**{**vars(MISSED), "began": date(2026, 7, 1), "since": date(2026, 7, 9)})
    found = handled([later], at(here), library, date(2026, 7, 10))
    assert [(h.state, h.alert is None) for h in found] == [("new", False), ("set_aside", True)]
    assert found[0].id != found[1].id


def test_one_whose_first_day_is_not_known_is_new_again_after_its_days(here, library):
    do(here, one(here, library, UNSTAFFED), "taken_up")
    first = one(here, library, UNSTAFFED)
    do(here, first, "done", text="rekrytoitu")
    soon, late = TODAY + timedelta(days=28), TODAY + timedelta(days=29)
    assert one(here, library, UNSTAFFED, soon).state == "done"
    again = one(here, library, UNSTAFFED, late)
    assert again.state == "new" and again.id != first.id
    here.now = datetime(2026, 6, 10, 9, tzinfo=UTC)
    do(here, again, "taken_up")
    assert {h.id: h.state for h in handled([UNSTAFFED], at(here), library, date(2026, 6, 10))} == {
        first.id: "done",
        again.id: "taken_up",
    }


def test_a_past_moment_shows_it_as_it_was_known(here, library):
    here.later(days=1)
    do(here, one(here, library), "taken_up")
    fold(here.connection)
    here.later(days=1)
    before = moment(here.connection)
    do(here, one(here, library), "done", text="korjattu")
    fold(here.connection)
    then = moment(here.connection, before.at)
    assert then.past
    states = [e.state for e in episodes(here.connection, then, newest=True)]
    assert states == ["taken_up"]
    assert [e.state for e in episodes(here.connection, moment(here.connection))] == ["done"]


def test_a_step_withdrawn_as_wrong_is_none(here, library):
    do(here, one(here, library), "taken_up")
    wrong = here.rows("SELECT id FROM event WHERE type = 'alert.taken_up'")[0][0]
    here.later(minutes=1)
    assert (
        here.send(
            {"source": "alerts", "id": "undo", "type": "event.withdrawn", "at": here.now, "replaces_id": wrong}
        ).written
        == 1
    )
    h = one(here, library)
    assert h.state == "new" and h.episode.told == 1
    do(here, h, "taken_up", who=PEKKA)  # the next has a number of its own
    assert one(here, library).person == "Pekka Palvelunomistaja"


def test_what_another_system_sends_without_sense_is_left_alone(here, library):
    for i, data in enumerate(({}, {"kind": "promise"}, {"kind": "promise", "of": "x.y", "began": "soon"})):
        here.send({"source": "odd", "id": f"odd{i}", "type": "alert.done", "at": here.now, "matter": "m", "data": data})
    assert at(here) == []


def test_a_producers_own_feed_says_nothing_of_alerts(here, library):
    event = {**step(one(here, library), "taken_up", who=KARI, at=here.now), "service": "care"}
    done = here.door.accept([event], now=here.now, producer="A")
    assert done.refused == {
        0: ("not_own_unit", "not_yours_to_send:alert.taken_up:controller+director+service_owner+supervisor")
    }


def test_it_is_in_the_backup_and_the_room_is_whole(here, library, new_room, tmp_path):
    do(here, one(here, library), "taken_up")
    do(here, one(here, library, SILENT), "taken_up")
    before = at(here)
    assert not any(c.wrong for c in verify(here.connection))
    back_up(here.url, tmp_path / "all.torni")
    other = new_room()
    bring_back(other, tmp_path / "all.torni")
    import psycopg

    with psycopg.connect(other, autocommit=True) as connection:
        assert episodes(connection, moment(connection)) == before
    assert all(isinstance(e, Episode) for e in before)


def test_steps_are_found_by_their_own_index(here):
    """As the pages ask, by their own view of the log: however long it is, no other row is looked at."""
    asked = "EXPLAIN SELECT position, data FROM event WHERE type LIKE 'alert.%' AND at > now() - interval '400 days' AND position <= 9"
    own = here.rows("SELECT i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent = 'event_alert'::regclass")
    here.connection.execute("SET enable_seqscan = off")
    plain = "\n".join(row[0] for row in here.rows(asked))
    here.connection.execute("SET ROLE torni_pages")
    here.connection.execute("SET search_path = shown, public")
    here.connection.execute("SELECT set_config('torni.role', 'supervisor', false)")
    pages = "\n".join(row[0] for row in here.rows(asked))
    assert own and all(any(index in plan for (index,) in own) for plan in (plain, pages)), pages


def test_what_came_after_is_held_against_comparable_units(here, library):
    """South misses 20 of 100 before and 2 of 100 after; six others of its kind stay at 5: fewer than elsewhere. With two others it cannot be told."""
    others = [f"u{i}" for i in range(6)]
    units = ["south", *others, "office"]
    register = pl.DataFrame({"unit": units, "kind": ["home_care"] * 7 + ["centre"], "producer": ["B"] * 8})
    acted = date(2026, 5, 4)
    for unit in units:
        for day, missed in (
            (acted - timedelta(days=10), 20 if unit == "south" else 5),
            (acted + timedelta(days=3), 2 if unit == "south" else 5),
        ):
            here.connection.execute(
                "INSERT INTO tally_now (promise, day, unit, municipality, total, met, late) VALUES ('home_care.visits_made', %s, %s, '', 400, %s, 0)",
                [day, unit, 400 - 4 * missed],
            )
    alert = Alert(
        "promise",
        "home_care.visits_made",
        "unit",
        "south",
        0.8,
        0.98,
        400,
        80,
        since=date(2026, 4, 20),
        began=date(2026, 4, 10),
    )
    service, promise = library.promise("home_care.visits_made")
    found = replace(
        unmeasured("home_care", promise, version="x", as_of=TODAY, why=Message("none"), invented=False),
        last=date(2026, 6, 1),
    )
    h = one(here, library, alert)
    now = moment(here.connection)
    assert "nothing has been done yet" in str(afterwards(here.connection, h, found, now, register, library).why)
    do(here, h, "taken_up")
    do(here, one(here, library, alert), "acted", action="guidance")
    h = one(here, library, alert)
    told = afterwards(here.connection, h, found, now, register, library)
    assert told.found and told.verdict == "fewer" and told.found.others == 6 and not told.chosen
    assert (told.found.before, told.found.after) == (0.2, 0.02)
    with speaking("en"):
        lines = afterwards_lines(told)
        assert "fewer missed than elsewhere" in lines[2] and "Missed or late from" in lines[0]
        few = afterwards(here.connection, h, found, now, register.head(3), library)
        assert few.found is None and afterwards_lines(few)[0].startswith("Cannot be told: too few")
        staffed = one(here, library, UNSTAFFED)
        do(here, staffed, "taken_up")
        do(here, one(here, library, UNSTAFFED), "acted", action="guidance")
        none = afterwards(here.connection, one(here, library, UNSTAFFED), None, now, register, library)
        assert "no share of events" in afterwards_lines(none)[0]
