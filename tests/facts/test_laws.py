"""What holds whatever comes: tallies equal the log, nobody's event is passed by, what was shown can be shown again."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.facts.conftest import BOOK, NOON, Room
from torni.facts import opening
from torni.facts.door import Door
from torni.facts.fold import fold, position_at, rebuild
from torni.facts.sealing import seal
from torni.facts.verify import verify

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["plan", "make", "call off", "charge", "feedback", "contact", "withdraw", "again", "fold", "seal", "next day", "supervise"]),
        st.integers(0, 5),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_comes_in_whatever_order_the_room_is_whole(new_room, steps):
    here = Room(new_room())
    sent = []
    for what, n in steps:
        matter = f"v{n}"
        event = {
            "plan": lambda m=matter, n=n: here.event("visit.planned", unit="north", client=1, matter=m, due=(here.now + timedelta(days=n)).date()),
            "make": lambda m=matter: here.event("visit.made", unit="south", client=2, matter=m),
            "call off": lambda m=matter: here.event("visit.called_off", unit="north", client=1, matter=m),
            "charge": lambda m=matter, n=n: here.event("fee.charged", client=1, cents=n, matter=m, data={"should": 3}),
            "feedback": lambda n=n: here.event("feedback.given", unit="north", quantity=n),
            "contact": lambda m=matter: here.event("contact.made", unit="north", client=1, matter=f"c {m}"),
            "supervise": lambda: here.event("supervision.visited", unit="north", matter="supervision"),
            "withdraw": lambda n=n: here.event("event.withdrawn", replaces_id=sent[n % len(sent)]["id"] if sent else "none"),
        }.get(what)  # fmt: skip
        if event:
            sent.append(event())
            here.send(sent[-1])
        elif what == "again" and sent:
            assert here.send(*sent[-n - 1 :]).written == 0
        elif what == "fold":
            fold(here.connection)
        elif what == "seal":
            seal(here.connection)
        elif what == "next day":
            here.later(days=1, hours=n)
    while fold(here.connection):
        pass
    assert [c.name for c in verify(here.connection, lambda day: BOOK) if c.wrong] == []
    kept = here.rows("SELECT * FROM tally WHERE (total, met, late) <> (0, 0, 0) ORDER BY 1, 2, 3, 4, 5")
    rebuild(here.connection)
    assert here.rows("SELECT * FROM tally WHERE (total, met, late) <> (0, 0, 0) ORDER BY 1, 2, 3, 4, 5") == kept
    assert here.remade() == sorted(kept)
    here.connection.close()


def test_no_event_is_passed_by_however_many_write_at_once(here):
    """Writers of their own feeds and one reader who never waits: at the end every event has been counted once."""
    batches, size, writers = 15, 7, 5
    stop = threading.Event()
    failures = []

    def write(number):
        try:
            with opening.connect(here.url, autocommit=True) as connection:
                door = Door(connection, lambda day: BOOK)
                for b in range(batches):
                    door.accept(
                        [
                            {"source": f"feed {number}", "id": f"{b}-{i}", "type": "feedback.given", "at": NOON, "service": "care", "unit": "north", "quantity": 5}
                            for i in range(size)
                        ]
                    )  # fmt: skip
        except Exception as error:
            failures.append(error)

    def read():
        with opening.connect(here.url, autocommit=True) as connection:
            while not stop.is_set():
                fold(connection, most=11)
            while fold(connection):
                pass

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    reader = threading.Thread(target=read)
    reader.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    reader.join()
    assert failures == []
    assert here.rows("SELECT sum(total)::int FROM tally WHERE promise = 'care.good'") == [(batches * size * writers,)]
    assert not [c for c in verify(here.connection, lambda day: BOOK) if c.wrong]


def test_a_writer_that_gives_up_leaves_nothing_behind(here):
    before = here.rows("SELECT count(*) FROM event")
    with here.connection.transaction():
        here.send(here.event("feedback.given", unit="north", quantity=5))
        raise psycopg.Rollback
    assert here.rows("SELECT count(*) FROM event") == before
    here.send(here.event("feedback.given", unit="north", quantity=5))
    fold(here.connection)
    assert not [c for c in verify(here.connection, lambda day: BOOK) if c.wrong]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE event SET quantity = 1 WHERE type = 'feedback.given'", {"log", "effects"}),
        ("DELETE FROM event WHERE type = 'feedback.given'", {"log", "effects", "effect rows"}),
        ("UPDATE effect SET late = 1, met = 0 WHERE met = 1", {"effects", "tally"}),
        ("DELETE FROM effect WHERE what = 'began'", {"effects", "owed", "tally"}),
        ("UPDATE tally SET met = met + 1", {"tally"}),
        ("DELETE FROM owed", {"owed"}),
        ("UPDATE client SET municipality = '179'", {"client", "kept"}),
    ],
)
def test_what_somebody_changed_behind_the_doors_back_is_found(here, change, found):
    here.send(
        here.event("feedback.given", unit="north", quantity=5),
        here.event("visit.planned", unit="north", client=1, matter="v", due=here.now.date()),
    )
    here.later(days=1)
    here.send(here.event("feedback.given", unit="south", quantity=5))
    fold(here.connection)
    assert seal(here.connection) == 1
    here.connection.execute("SET session_replication_role = replica")  # as an owner who switches the guards off
    here.connection.execute(change)
    assert {c.name for c in verify(here.connection, lambda day: BOOK) if c.wrong} == found


def test_the_last_position_before_a_moment_is_found_across_gaps(here):
    for days in (0, 1, 2):
        here.later(days=days)
        here.send(here.event("feedback.given", unit="north", quantity=5))
        here.send(here.event("nonsense"))
    for position, moment in here.rows("SELECT position, recorded_at FROM event ORDER BY position"):
        assert position_at(here.connection, moment + timedelta(microseconds=1)) >= position
        assert position_at(here.connection, moment) < position
