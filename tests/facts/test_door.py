"""What may come in, what is refused and why, and what a batch sent again does."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import psycopg
import pytest

from torni.facts.fold import fold


def planned(here, matter="v1", **more):
    due = more.pop("due", here.now.date() + timedelta(days=1))
    return here.event("visit.planned", unit="north", client=1, matter=matter, due=due, **more)


def made(here, matter="v1", **more):
    return here.event("visit.made", unit="north", client=1, matter=matter, **more)


def meant(here, which="true"):
    """What each event does, in the order of the log."""
    return here.rows(
        "SELECT e.type, f.promise, f.what, f.total::int, f.met::int, f.late::int FROM effect f JOIN event e USING (position) "
        f"WHERE {which} ORDER BY f.since, f.what"
    )


def tally(here, promise):
    fold(here.connection)
    return here.rows(f"SELECT sum(total)::int, sum(met)::int, sum(late)::int FROM tally WHERE promise = '{promise}'")[0]


def test_a_batch_is_written_with_what_it_begins_and_answers(here):
    done = here.send(planned(here), made(here))
    assert (done.written, done.repeated, done.refused) == (2, 0, {})
    assert here.rows("SELECT type, municipality, producer, definition FROM event WHERE service = 'care' ORDER BY position") == [
        ("visit.planned", "931", "A", "0123456789ab"), ("visit.made", "931", "A", "0123456789ab"),
    ]  # fmt: skip
    assert meant(here) == [
        ("visit.planned", "care.made", "began", 1, 0, 0), ("visit.made", "care.made", "answered", 0, 1, 0), ("visit.made", "care.billed", "began", 1, 0, 0),
    ]  # fmt: skip
    assert here.rows("SELECT promise, due FROM owed") == [("care.billed", here.now.date() + timedelta(days=10))]


def test_a_batch_sent_again_changes_nothing(here):
    batch = [planned(here), made(here), planned(here, "v2")]
    here.send(*batch)
    before = here.rows("SELECT * FROM event ORDER BY position"), here.rows("SELECT * FROM owed ORDER BY matter")
    again = here.send(*batch)
    assert (again.written, again.repeated) == (0, 3)
    assert (
        here.rows("SELECT * FROM event ORDER BY position"),
        here.rows("SELECT * FROM owed ORDER BY matter"),
    ) == before


def test_the_same_event_twice_in_a_batch_is_one(here):
    one = planned(here)
    assert here.send(one, one).written == 1


def test_every_reason_is_told_at_once_and_the_rest_is_written(here):
    bad = here.event("visit.plannd", unit="west", client=9)
    lacking = here.event("visit.planned")
    done = here.send(planned(here), bad, lacking)
    assert done.written == 1
    assert done.refused == {
        1: ("unknown_type", "unknown_unit", "unknown_client"),
        2: ("needs_unit", "needs_client", "needs_matter", "needs_due"),
    }


def test_what_has_not_happened_yet_is_refused(here):
    assert here.send(made(here, at=here.now + timedelta(days=2))).refused == {0: ("in_future",)}


@pytest.mark.parametrize(("days", "settled"), [(1, (1, 0)), (2, (0, 1))])
def test_an_answer_on_the_due_day_is_in_time_and_the_day_after_late(here, days, settled):
    here.send(planned(here))
    here.later(days=days)
    here.send(made(here))
    assert meant(here, "what = 'answered'") == [("visit.made", "care.made", "answered", 0, *settled)]


@pytest.mark.parametrize("frame", [False, True])
def test_what_is_owed_in_working_days_is_due_on_the_working_day_whatever_the_holidays(here, frame):
    """Two contacts of one batch, of a Monday with only a weekend before it is due and of the Friday before Ascension Day; the second again as a correction."""
    here.later(days=30)
    sent = [
        here.event("contact.made", id, client=1, matter=id, at=datetime(2026, month, day, 21 - 3, 30, tzinfo=UTC))
        for id, month, day in (("plain", 5, 4), ("ascension", 5, 8))
    ]
    here.door.accept(pl.DataFrame(sent) if frame else sent, now=here.now)
    dues = [("ascension", date(2026, 5, 20)), ("plain", date(2026, 5, 13))]
    assert here.rows("SELECT matter, due FROM owed ORDER BY matter") == dues
    here.send({**sent[1], "id": "again", "replaces_id": "ascension"})
    here.send(here.event("assessment.made", client=1, matter="ascension", at=datetime(2026, 5, 20, 12, tzinfo=UTC)))
    here.send(here.event("assessment.made", client=1, matter="plain", at=datetime(2026, 5, 14, 12, tzinfo=UTC)))
    assert here.rows("SELECT e.matter, f.late::int FROM effect f JOIN event e USING (position) WHERE f.promise = 'care.heard' AND what = 'answered' ORDER BY matter") == [("ascension", 0), ("plain", 1)]  # fmt: skip


def test_a_visit_called_off_is_no_longer_owed(here):
    here.send(planned(here), planned(here, "v2"))
    here.send(here.event("visit.called_off", unit="north", client=1, matter="v1"))
    assert tally(here, "care.made") == (1, 0, 0)


def test_only_those_of_the_age_begin_what_has_an_age(here):
    here.send(here.event("visit.made", unit="south", client=3, matter="child"))
    assert here.rows("SELECT promise FROM owed") == []


def test_a_correction_takes_the_counts_back_and_names_what_it_replaces(here):
    here.send(planned(here), made(here, id="wrong"))
    assert tally(here, "care.made") == (1, 1, 0)
    here.later(days=3)
    done = here.send(made(here, id="right", replaces_id="wrong"))
    assert done.written == 1
    assert tally(here, "care.made") == (1, 0, 1)
    undone, original, right = here.rows(
        "SELECT sign, position, replaces FROM event WHERE type = 'visit.made' ORDER BY sign, position"
    )
    assert (undone[0], undone[2], right[2]) == (-1, original[1], original[1])


def test_a_withdrawn_event_leaves_what_it_answered_open_again(here):
    here.send(planned(here), made(here, id="wrong"))
    here.send(here.event("event.withdrawn", replaces_id="wrong"))
    assert tally(here, "care.made") == (1, 0, 0)
    assert here.rows("SELECT matter, promise FROM owed") == [("v1", "care.made")]


def test_what_has_been_answered_is_corrected_from_the_answer_back(here):
    here.send(planned(here, id="plan"), made(here))
    assert here.send(here.event("event.withdrawn", replaces_id="plan")).refused == {0: ("answered_already",)}


def test_nothing_is_replaced_twice(here):
    here.send(planned(here, id="plan"))
    here.send(here.event("event.withdrawn", replaces_id="plan"))
    assert here.send(here.event("event.withdrawn", replaces_id="plan")).refused == {0: ("nothing_to_replace",)}


def test_a_withdrawal_is_not_taken_back_in_silence(here):
    """What it undid does not come back, so whoever takes it back is told what to send instead."""
    here.send(planned(here), made(here, id="right"))
    here.send(here.event("event.withdrawn", id="slip", replaces_id="right"))
    assert here.send(here.event("event.withdrawn", replaces_id="slip")).refused == {0: ("withdrawal_stands",)}
    assert tally(here, "care.made") == (1, 0, 0)
    here.send(made(here, id="right once more"))
    assert tally(here, "care.made") == (1, 1, 0)


def test_a_supervision_visit_answers_the_last_one_and_begins_the_next(here):
    for days in (0, 400, 900):
        here.later(days=days)
        here.send(here.event("supervision.visited", unit="north", matter="supervision north"))
    assert [m[2:] for m in meant(here)] == [
        ("began", 1, 0, 0), ("answered", 0, 1, 0), ("began", 1, 0, 0), ("answered", 0, 0, 1), ("began", 1, 0, 0),
    ]  # fmt: skip
    assert len(here.rows("SELECT 1 FROM owed")) == 1


def test_a_charge_counts_as_right_only_to_the_cent_and_not_when_it_cannot_be_told(here):
    for cents, data in ((3020, {"should": 3020}), (3021, {"should": 3020}), (1, {})):
        here.send(here.event("fee.charged", client=1, cents=cents, data=data))
    assert tally(here, "care.right") == (2, 1, 0)


@pytest.mark.parametrize("table", ["event", "effect", "client", "unit", "mark", "seal", "quarantine"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_a_fact(here, table, statement):
    here.send(planned(here))
    fold(here.connection)
    here.connection.execute("INSERT INTO seal VALUES ('2026-01-01', 0, 0, '')")
    here.connection.execute("INSERT INTO quarantine (source, raw, reasons) VALUES ('x', '{}', '[]')")
    column = {"quarantine": "source", "seal": "events"}.get(table, "position" if table != "quarantine" else "source")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only added"):
        here.connection.execute(statement.format(table, column, column))
    if table == "event":
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only added"):
            here.connection.execute("TRUNCATE event")


def test_the_moment_of_recording_never_goes_back(here):
    here.send(planned(here))
    here.later(days=-5)
    here.send(planned(here, "v2", due=date(2026, 5, 20)))
    moments = [r[0] for r in here.rows("SELECT recorded_at FROM event ORDER BY position")]
    assert moments == sorted(moments)


def test_an_event_is_judged_by_the_definitions_of_its_own_day(new_room):
    from dataclasses import replace

    from tests.facts.conftest import BOOK, NOON
    from torni.facts import opening
    from torni.facts.door import Door

    old = replace(BOOK, definitions={"care": "old"})
    new = replace(BOOK, since=date(2026, 5, 4), definitions={"care": "new"})
    with opening.connect(new_room(), autocommit=True) as connection:
        opening.claim(connection, "trial")
        door = Door(connection, lambda day: new if day >= new.since else old)
        given = {"source": "t", "service": "care", "quantity": 5, "type": "feedback.given"}
        door.accept([{"source": "t", "id": "u", "type": "unit.opened", "at": NOON, "unit": "north", "data": {"name": "n", "kind": "k", "producer": "p", "municipality": "931"}}], now=NOON)  # fmt: skip
        done = door.accept(
            [
                {**given, "id": str(i), "at": NOON - timedelta(days=i), "unit": "north" if i < 3 else "west"}
                for i in range(4)
            ],
            now=NOON,
        )
        assert done.refused == {3: ("unknown_unit",)}
        found = connection.execute("SELECT id, definition FROM event WHERE service = 'care' ORDER BY id").fetchall()
    assert found == [("0", "new"), ("1", "old"), ("2", "old")]


def test_two_things_that_began_each_other_are_taken_back_one_by_one(here):
    """A supervision visit answers the last and begins the next: withdrawn, the last is owed again by the visit that began it."""
    first, second = (here.event("supervision.visited", unit="north", matter="supervision") for _ in range(2))
    here.send(first)
    here.later(days=1)
    here.send(second)
    positions = [
        p for (p,) in here.rows("SELECT position FROM event WHERE type = 'supervision.visited' ORDER BY position")
    ]
    assert here.rows("SELECT position FROM owed") == [(positions[1],)]
    assert here.send(here.event("event.withdrawn", replaces_id=first["id"])).refused[0] == ("answered_already",)
    both = (
        here.event("event.withdrawn", replaces_id=second["id"]),
        here.event("event.withdrawn", replaces_id=first["id"]),
    )
    assert here.send(*both).written == 2, "a batch is taken as its events one by one"
    assert here.rows("SELECT position FROM owed") == []


def test_a_clock_that_goes_back_puts_nothing_out_of_order(here):
    """What comes while the clock is behind is recorded at the newest record's moment; the room stays whole."""
    from torni.facts.verify import verify

    here.send(here.event("feedback.given", unit="north", quantity=5))
    for jump in (timedelta(days=-3), timedelta(hours=-1), timedelta(minutes=5)):
        here.door.accept([here.event("feedback.given", unit="north", quantity=5)], now=here.now + jump)
    moments = [m for (m,) in here.rows("SELECT recorded_at FROM event ORDER BY position")]
    assert moments == sorted(moments) and moments[-1] == here.now + timedelta(minutes=5)
    assert moments[-2] == here.now
    assert [c.name for c in verify(here.connection) if c.wrong] == []


def test_no_two_events_have_one_salt(here):
    """Whoever was told one event's salt could try out what another says."""
    salts, events = here.connection.execute("SELECT count(DISTINCT salt), count(*) FROM event").fetchone()
    assert salts == events > 1


def test_batches_of_one_transaction_do_not_see_each_other(here):
    """What a batch leaves in the connection's own tables goes with the transaction: the next one of the same begins empty."""
    with here.connection.transaction():
        first = here.send(planned(here, "t1"), planned(here, "t2"))
        second = here.send(made(here, "t1"))
    assert (first.written, second.written) == (2, 1)
    assert here.rows("SELECT matter FROM owed WHERE promise = 'care.made' AND matter IN ('t1', 't2')") == [("t2",)]
