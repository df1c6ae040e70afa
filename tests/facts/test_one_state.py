"""One state whatever comes: cut, shuffled, sent in part, undone, absurd. What cannot be done is refused alone, with its reason."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.facts.conftest import BOOK, NOON, Room
from torni.facts.door import Door
from torni.facts.fold import fold
from torni.facts.intake import read, receive, receive_many, waiting
from torni.facts.registers import REGISTERS, unlike
from torni.facts.verify import verify

SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def whole(here):
    while fold(here.connection):
        pass
    assert [c.name for c in verify(here.connection) if c.wrong] == []


def state(here):
    """What the room holds, without the positions: who came, what is owed, what counts."""
    while fold(here.connection):
        pass
    newest = "SELECT DISTINCT ON ({k}, valid_from) {k}, valid_from::text, {c} FROM {t} ORDER BY {k}, valid_from, position DESC"
    told = {
        "client": here.rows(newest.format(t="client", k="client", c="municipality, born::text, protected, name")),
        "unit": here.rows(newest.format(t="unit", k="unit", c="name, kind, producer, municipality")),
        "care": here.rows(newest.format(t="care", k="client", c="case_manager")),
        "permit": here.rows(newest.format(t="permit", k="client, kind, about", c="holds, until::text")),
        "owed": here.rows("SELECT matter, promise, due::text, unit, client FROM owed ORDER BY 1, 2"),
        "tally": here.rows("SELECT promise, day::text, unit, total, met, late FROM tally_now WHERE (total, met, late) <> (0, 0, 0) ORDER BY 1, 2, 3"),
        "events": here.rows("SELECT source, id, type FROM event WHERE sign = 1 ORDER BY 1, 2"),
        "effects": here.rows("SELECT e.source, e.id, f.promise, f.what, f.day::text, sum(f.total), sum(f.met), sum(f.late) FROM effect f JOIN event e USING (position) GROUP BY 1, 2, 3, 4, 5 HAVING sum(f.sign) > 0 ORDER BY 1, 2, 3, 4, 5"),
    }  # fmt: skip
    assert [r.table for r in REGISTERS if unlike(here.connection, r)[1]] == []
    assert here.remade() == sorted(here.rows("SELECT * FROM tally WHERE (total, met, late) <> (0, 0, 0)"))
    return told


def as_sent(id_, type_, at, source="a", **data):
    service = (
        {}
        if type_.split(".")[0]
        in ("resident", "unit", "event", "case_manager", "consent", "representative", "restriction")
        else {"service": "care"}
    )
    return {"id": id_, "source": source, "type": type_, "time": at.isoformat(), "data": {**service, **data}}


# --- what is remembered of a transaction that was undone


@pytest.mark.parametrize("undone", ["the first write", "the door's own making"])
def test_a_write_that_is_undone_leaves_the_door_as_good_as_new(here, undone):
    """The first write after a start is refused by its page and undone, with all that it had prepared on the connection."""
    with psycopg.connect(here.url, autocommit=True) as connection:
        door = Door(connection, lambda day: BOOK) if undone == "the first write" else None
        with connection.transaction(force_rollback=True):
            door = door or Door(connection, lambda day: BOOK)
            assert door.accept([here.event("feedback.given", unit="nowhere", quantity=5)]).refused == {
                0: ("unknown_unit",)
            }
        good = door.accept([here.event("feedback.given", unit="north", quantity=5)])
    assert (good.written, good.refused) == (1, {})


def test_a_new_part_of_the_log_that_was_undone_is_made_again(here):
    here.connection.execute("SELECT setval('event_position', 9999990)")
    with here.connection.transaction(force_rollback=True):
        here.send(*(here.event("feedback.given", unit="north", quantity=5) for _ in range(30)))
    assert here.send(*(here.event("feedback.given", unit="north", quantity=5) for _ in range(30))).written == 30
    whole(here)


# --- absence is not "no"

TELLING = st.fixed_dictionaries(
    {"day": st.integers(0, 3), "hour": st.integers(0, 11)},
    optional={
        "municipality": st.sampled_from(["931", "172", "179"]), "born": st.sampled_from(["1941-05-30", "2015-01-01", None]),
        "protected": st.sampled_from([True, False, None]), "name": st.sampled_from(["Aino", "Eino", None]),
    },
)  # fmt: skip


def expected_of(tellings):
    """The same told one by one by the rule: by day, what each field was last said to be by the end of it."""
    out, said = {}, {}
    for day, _hour, _number, told in sorted((t["day"], t["hour"], i, t) for i, t in enumerate(tellings)):
        said |= {k: v for k, v in told.items() if k not in ("day", "hour")}
        out[day] = dict(said)
    return out


@SLOW
@given(tellings=st.lists(TELLING, min_size=1, max_size=6, unique_by=lambda t: (t["day"], t["hour"])), data=st.data())
def test_what_a_registration_leaves_out_stays_whatever_the_order(here, tellings, data):
    """Some fields said, some not, some said to be nothing; arriving in any order, in one batch or several: one register."""
    tellings[0]["municipality"] = "931"
    first = min(range(len(tellings)), key=lambda i: (tellings[i]["day"], tellings[i]["hour"]))
    tellings[first].setdefault("municipality", "172")
    events = [
        here.event(
            "resident.registered", client=7, at=NOON - timedelta(days=30 - t["day"], hours=-t["hour"] + 6),
            data={k: v for k, v in t.items() if k not in ("day", "hour")},
        )
        for t in tellings
    ]  # fmt: skip
    order = data.draw(st.permutations(range(len(events))))
    order = [0, *(i for i in order if i != 0)]  # the first to arrive must say where the resident lives
    cut = data.draw(st.integers(1, len(events)))
    with here.connection.transaction(force_rollback=True):
        for start in range(0, len(order), cut):
            assert here.send(*(events[i] for i in order[start : start + cut])).refused == {}
        found = {
            (day - (NOON - timedelta(days=30)).date()).days: {"municipality": m, "born": b and b.isoformat(), "protected": p, "name": n}
            for day, m, b, p, n in here.rows(
                "SELECT DISTINCT ON (valid_from) valid_from, municipality, born, protected, name FROM client WHERE client = 7 ORDER BY valid_from, position DESC"
            )
        }  # fmt: skip
        state(here)
    assert found == {
        day: {"municipality": s.get("municipality"), "born": s.get("born"), "protected": bool(s.get("protected")), "name": s.get("name")}
        for day, s in expected_of(tellings).items()
    }  # fmt: skip


def now_of(here, client=1):
    return here.rows(f"SELECT municipality, born::text, protected, name FROM client WHERE client = {client} ORDER BY valid_from DESC, position DESC LIMIT 1")[0]  # fmt: skip


def test_a_protected_address_stays_protected_until_somebody_says_otherwise(here):
    def say(days=0, **told):
        return here.send(here.event("resident.registered", client=1, at=here.now - timedelta(days=days), data=told))

    here.later(days=30)
    say(5, protected=True)
    say(4, municipality="179")
    assert now_of(here) == ("179", "1941-05-30", True, None)
    say(20, municipality="172", protected=False, name="Aino")  # comes late: newer ones have said the rest already
    assert now_of(here) == ("179", "1941-05-30", True, "Aino")
    say(3, protected=False)
    assert now_of(here) == ("179", "1941-05-30", False, "Aino")
    say(3, protected=None, born=None)
    assert now_of(here) == ("179", None, False, "Aino")
    whole(here)


def test_a_withdrawn_registration_gives_back_what_it_had_changed(here):
    here.later(days=1)
    here.send(here.event("resident.registered", client=1, data={"protected": True}))
    here.later(days=1)
    here.send(here.event("resident.registered", id="wrong", client=1, data={"protected": False, "municipality": "179"}))
    assert now_of(here) == ("179", "1941-05-30", False, None)
    here.send(here.event("event.withdrawn", replaces_id="wrong"))
    assert now_of(here) == ("931", "1941-05-30", True, None)
    here.send(here.event("unit.opened", id="moved", unit="north", data={"municipality": "179"}))
    here.send(here.event("unit.opened", unit="north", replaces_id="moved", data={"producer": "C"}))
    assert here.rows("SELECT name, kind, producer, municipality FROM unit WHERE unit = 'north' ORDER BY valid_from DESC, position DESC LIMIT 1") == [("north", "home_care", "C", "931")]  # fmt: skip
    whole(here)


def test_the_only_registration_is_corrected_and_not_withdrawn(here):
    first = here.rows("SELECT id FROM event WHERE client = 1")[0][0]
    assert here.send(here.event("event.withdrawn", replaces_id=first)).refused == {0: ("only_registration",)}
    assert (
        here.send(here.event("resident.registered", client=1, replaces_id=first, data={"municipality": "172"})).written
        == 1
    )
    assert now_of(here) == ("172", None, False, None)
    whole(here)


def test_a_subject_nobody_has_told_of_must_be_told_of_in_full(here):
    told = here.send(
        here.event("resident.registered", client=8, data={"protected": True}), here.event("unit.opened", unit="west", data={"name": "West"}),
        here.event("resident.registered", client=1, data={"municipality": None}), here.event("unit.opened", unit="north", data={"producer": None}),
    )  # fmt: skip
    assert told.refused == {
        0: ("needs_municipality",),
        1: ("needs_unit_data",),
        2: ("needs_municipality",),
        3: ("needs_unit_data",),
    }


def test_a_case_manager_ends_only_when_it_is_said(here):
    for data in ({"case_manager": "kaisa"}, {"by": "somebody"}):
        here.later(days=1)
        here.send(here.event("case_manager.named", client=1, data=data))
    manager = "SELECT case_manager FROM care WHERE client = 1 ORDER BY valid_from DESC, position DESC LIMIT 1"
    assert here.rows(manager) == [("kaisa",)]
    here.send(here.event("case_manager.named", id="end", client=1, data={"case_manager": None}))
    assert here.rows(manager) == [(None,)]
    here.send(here.event("event.withdrawn", replaces_id="end"))
    assert here.rows(manager) == [("kaisa",)]
    whole(here)


def test_a_consent_holds_as_long_as_was_said_and_a_late_word_changes_only_its_own_day(here):
    held = "SELECT permits(1, 'consent', '')"

    def say(type_, days, **data):
        here.send(here.event(type_, client=1, at=here.now - timedelta(days=days), data=data))

    here.later(days=30)
    say("consent.given", 20, until=(here.now.date() + timedelta(days=5)).isoformat())
    say("consent.given", 10)  # said again, without its end: the end stays
    assert here.rows("SELECT until FROM permit ORDER BY valid_from DESC, position DESC LIMIT 1") == [
        (here.now.date() + timedelta(days=5),)
    ]
    say("consent.withdrawn", 12)  # comes late
    assert here.rows(held) == [(True,)]
    say("consent.withdrawn", 1)
    assert here.rows(held) == [(False,)]
    here.send(
        here.event("consent.given", client=1, at=here.now - timedelta(days=1, hours=2))
    )  # the same day, before the withdrawal
    assert here.rows(held) == [(False,)]
    say("consent.given", 0)
    assert here.rows(held) == [(True,)]
    whole(here)


# --- nothing is lost by what cannot be done


def test_an_answer_whose_matter_was_opened_again_is_not_taken_back_and_the_rest_is_kept(here):
    here.send(here.event("need.reported", client=1, matter="m"))
    here.send(here.event("assessment.made", id="answer", client=1, matter="m"))
    here.send(here.event("need.reported", id="again", client=1, matter="m"))
    done = here.send(
        here.event("feedback.given", unit="north", quantity=5),
        here.event("event.withdrawn", id="w", replaces_id="answer"),
    )
    assert (done.written, done.refused) == (1, {1: ("opened_again",)})
    here.send(here.event("event.withdrawn", replaces_id="again"))
    assert here.send(here.event("event.withdrawn", id="w", replaces_id="answer")).written == 1
    whole(here)


def test_what_the_database_will_not_hold_is_refused_alone(here):
    good = [here.event("feedback.given", unit="north", quantity=5) for _ in range(20)]
    bad = [
        here.event("feedback.given", unit="north", quantity=5, data={"note": "\x00"}), here.event("feedback.given", unit="north", quantity=2**80),
        here.event("resident.registered", client=9, data={"municipality": "931", "born": "soon"}), here.event("consent.given", client=1, data={"until": "2026-W01-1"}),
    ]  # fmt: skip
    batch = list(good)
    for place, event in zip((0, 7, 13, 21), bad, strict=True):
        batch.insert(place, event)
    done = here.send(*batch)
    assert (done.written, done.refused) == (20, dict.fromkeys((0, 7, 13, 21), ("cannot_be_held",)))
    whole(here)


ABSURD = st.sampled_from(
    [2**63 - 1, -(2**63), 10**13, 10**400, "9999-12-31", "0001-01-01", "2026-W01-1", "99999-01-01", "\x00", "a\ud800", True, None, {}, 1e300, 5, 0, "2026-05-06"]
)  # fmt: skip
TYPE = st.sampled_from(["visit.planned", "visit.made", "fee.charged", "resident.registered", "unit.opened", "consent.given", "representative.named", "event.withdrawn", "feedback.given", "case_manager.named"])  # fmt: skip


@SLOW
@given(st.lists(st.tuples(TYPE, st.dictionaries(st.sampled_from(["client", "unit", "matter", "due", "quantity", "cents", "born", "until", "protected", "municipality", "holder", "kind", "replaces", "should"]), ABSURD, max_size=5)), max_size=6))  # fmt: skip
def test_whatever_is_absurd_is_refused_alone_and_the_tallies_go_on(here, given_):
    base = {
        "client": 1,
        "unit": "north",
        "matter": "m",
        "due": "2026-05-05",
        "quantity": 5,
        "cents": 5,
        "kind": "proxy",
        "holder": "2",
    }
    here.count += 1  # the room outlives an example: ids of each its own
    absurd = [as_sent(f"{here.count}-{i}", type_, NOON, **{**base, **told}) for i, (type_, told) in enumerate(given_)]
    good = as_sent(f"{here.count}-good", "feedback.given", NOON, unit="north", quantity=5)
    done = receive(here.door, [*absurd, good], now=here.now)
    assert done.accepted + len(done.refused) == len(absurd) + 1
    assert len(absurd) not in {line for line, _id, _reasons in done.refused}
    whole(here)


def test_a_tally_that_cannot_hold_an_amount_sets_it_aside_and_counts_the_rest(here):
    """A room may hold what an earlier door let in."""
    from dataclasses import replace

    from torni.facts.book import Bounds, Counting

    book = replace(
        BOOK,
        countings=(*BOOK.countings, Counting("care.sum", "care", "fee.charged", "sum")),
        bounds={"fee.charged": Bounds(cents=(-(2**62), 2**63 - 2))},
    )
    book = replace(book, countings=tuple(c for c in book.countings if c.promise != "care.right"))
    door = Door(here.connection, lambda day: book)
    for number, cents in enumerate((2**63 - 2, 2**63 - 2, 5)):
        assert (
            door.accept([here.event("fee.charged", id=f"c{number}", client=1, cents=cents)], now=here.now).written == 1
        )
    here.send(here.event("feedback.given", unit="north", quantity=5))
    while fold(here.connection):
        pass
    assert here.rows("SELECT count(*) FROM missed") == [(2,)]
    assert here.rows("SELECT promise, met::text FROM tally_now WHERE promise IN ('care.sum', 'care.good') ORDER BY 1") == [("care.good", "1"), ("care.sum", str(2**63 - 2))]  # fmt: skip
    assert [c.name for c in verify(here.connection) if c.wrong] == ["counted"]
    door.accept([here.event("event.withdrawn", replaces_id=i) for i in ("c1", "c2")], now=here.now)
    whole(here)


def test_an_amount_outside_the_bounds_of_its_type_is_refused(here):
    from torni.services import load_library
    from torni.services.days import Days
    from torni.services.door_book import book_of

    book = book_of(Days("keski-suomi").on(NOON.date()), since=NOON.date())
    door = Door(here.connection, lambda day: book)
    invoice = here.event("invoice.received", service="home_care", unit="north", cents=9223372036854775807)
    marks = [here.event("feedback.given", service="home_care", unit="north", quantity=q) for q in (0, 1, 5, 6)]
    far = here.event("feed.complete", service=None, due=NOON.date() + timedelta(days=30), data={"producer": "A"})
    of_somebody = here.event("feed.complete", service=None, client=1, due=NOON.date(), data={"producer": "A"})
    right = here.event("feed.complete", service=None, due=NOON.date(), data={"producer": "A"})
    done = door.accept([invoice, *marks, far, of_somebody, right], now=here.now)
    assert done.refused == {
        0: ("range_cents",),
        1: ("range_quantity",),
        4: ("range_quantity",),
        5: ("range_due",),
        6: ("of_nobody",),
    }
    library = load_library("keski-suomi", on=NOON.date())
    assert all(kind.bounds.cents and kind.bounds.due_days for kind in library.event_kinds.values())


# --- the same id


def test_the_same_id_with_other_content_is_told_and_the_same_content_is_not(here):
    one = as_sent("1", "visit.made", NOON, unit="north", client=1, matter="m1")
    other = as_sent("1", "visit.made", NOON, unit="north", client=1, matter="m2")
    assert receive(here.door, [one], now=here.now).accepted == 1
    again = receive(here.door, [one, other, one], now=here.now)
    assert (again.accepted, again.repeated, again.refused) == (0, 2, ((1, "1", ("same_id_other_content",)),))
    assert [reasons for *_rest, reasons in waiting(here.connection)] == [["same_id_other_content"]]
    assert receive_many(here.door, [other]).refused == ((0, "1", ("same_id_other_content",)),)
    whole(here)


def test_of_one_id_in_one_batch_a_refused_one_does_not_hide_a_right_one(here):
    wrong = as_sent("1", "feedback.given", NOON, unit="nowhere", quantity=5)
    right = as_sent("1", "feedback.given", NOON, unit="north", quantity=5)
    done = receive(here.door, [wrong, right, wrong], now=here.now)
    assert (done.accepted, done.repeated) == (1, 0)
    assert done.refused == ((0, "1", ("unknown_unit",)), (2, "1", ("unknown_unit",)))


# --- order and cutting


def test_an_event_and_its_correction_may_come_in_one_batch_in_any_order(here):
    here.later(days=3)
    first = as_sent("f0", "visit.made", here.now, unit="north", client=1, matter="m")
    second = as_sent(
        "f1", "visit.made", here.now - timedelta(days=1), unit="north", client=1, matter="m", replaces="f0"
    )
    third = as_sent("f2", "visit.made", here.now - timedelta(days=2), unit="north", client=1, matter="m", replaces="f1")
    done = receive(here.door, [third, second, first], now=here.now)
    assert (done.accepted, done.refused) == (3, ())
    assert here.rows("SELECT due FROM owed WHERE matter = 'm'") == [((here.now + timedelta(days=8)).date(),)]
    whole(here)


STEP = st.tuples(
    st.sampled_from(["need", "assess", "plan", "make", "call off", "charge", "supervise", "register", "open", "withdraw", "correct", "consent"]),
    st.integers(0, 2),
)  # fmt: skip


def happened(steps):
    """A life in which each thing has a moment of its own."""
    out = []
    for number, (what, n) in enumerate(steps):
        at, id_ = datetime(2026, 4, 1, 6, tzinfo=UTC) + timedelta(hours=7 * number), f"s{number}"
        earlier = [e for e in out if e["type"] != "event.withdrawn"]
        target = earlier[n % len(earlier)] if earlier else None
        days = [(at + timedelta(days=d)).date().isoformat() for d in range(3)]
        made = {
            "need": lambda n=n, a=(id_, "need.reported", at): as_sent(*a, client=1, matter=f"m{n}"),
            "assess": lambda n=n, a=(id_, "assessment.made", at): as_sent(*a, client=1, matter=f"m{n}"),
            "plan": lambda n=n, days=days, a=(id_, "visit.planned", at): as_sent(*a, unit="north", client=1, matter=f"v{n}", due=days[n]),
            "make": lambda n=n, a=(id_, "visit.made", at): as_sent(*a, unit="north", client=1, matter=f"v{n}"),
            "call off": lambda n=n, a=(id_, "visit.called_off", at): as_sent(*a, unit="north", client=1, matter=f"v{n}"),
            "charge": lambda n=n, a=(id_, "fee.charged", at): as_sent(*a, client=1, matter=f"v{n}", cents=n, should=1),
            "supervise": lambda a=(id_, "supervision.visited", at): as_sent(*a, unit="north", matter="supervision"),
            "register": lambda n=n, a=(id_, "resident.registered", at): as_sent(*a, client=2, **[{"protected": True}, {"born": "2015-01-01"}, {"protected": False, "municipality": "179"}][n]),
            "open": lambda n=n, a=(id_, "unit.opened", at): as_sent(*a, unit="south", **[{"producer": "A"}, {"name": "South"}, {"kind": "ward"}][n]),
            "consent": lambda n=n, a=(id_, ["consent.given", "consent.withdrawn", "consent.given"][n], at): as_sent(*a, client=1),
            "withdraw": lambda t=target, a=(id_, "event.withdrawn", at): as_sent(*a, replaces=t["id"]) if t else None,
            "correct": lambda t=target, i=id_, at=at: {**t, "id": i, "time": (at - timedelta(hours=1)).isoformat(), "data": {**t["data"], "replaces": t["id"]}} if t else None,
        }[what]()  # fmt: skip
        if made:
            out.append(made)
    return out


@example(steps=[("register", 0), ("withdraw", 0), ("correct", 0)], cuts=1, seed=0)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=2, max_size=14), cuts=st.integers(1, 6), seed=st.integers(0, 99))
def test_one_by_one_at_once_in_cuts_or_shuffled_together_the_room_is_the_same(early, steps, cuts, seed):
    """Each way is tried in a transaction that is undone, so that all begin with the same room."""
    events = happened(steps)
    shuffled = random.Random(seed).sample(events, len(events))
    ways = {
        "one by one": [[e] for e in events], "at once": [events], "cut": [events[i : i + cuts] for i in range(0, len(events), cuts)],
        "shuffled": [shuffled], "a shuffled file, cut": None,
    }  # fmt: skip
    rooms = {}
    for way, batches in ways.items():
        with early.connection.transaction(force_rollback=True):
            done = (
                [receive(early.door, b, now=early.now, keep=False) for b in batches]
                if batches
                else [receive_many(early.door, shuffled, size=cuts, keep=False)]
            )
            rooms[way] = {
                **state(early),
                "refused": sorted((id_, reasons) for d in done for _line, id_, reasons in d.refused),
            }
    for way, room in rooms.items():
        assert room == rooms["one by one"], way


@pytest.fixture
def early(new_room):
    """A room whose residents and units were told of before anything happened to them."""
    made = Room(new_room(), since=datetime(2026, 3, 1, 6, tzinfo=UTC))
    made.now = NOON
    yield made
    made.connection.close()


# --- the hour that comes twice


@pytest.mark.parametrize(
    ("time", "at", "reasons"),
    [
        ("2026-10-25T03:30:00+03:00", "2026-10-25T00:30:00+00:00", []), ("2026-10-25T03:30:00+02:00", "2026-10-25T01:30:00+00:00", []),
        ("2026-10-25T00:30:00Z", "2026-10-25T00:30:00+00:00", []), ("2026-10-25T03:30", None, ["hour_comes_twice"]),
        ("2026-10-25T02:59:59", "2026-10-24T23:59:59+00:00", []), ("2026-10-25T04:00", "2026-10-25T02:00:00+00:00", []),
        ("2026-03-29T03:30", None, ["no_such_hour"]), ("2026-03-29T04:00", "2026-03-29T01:00:00+00:00", []),
        ("2026-03-29T03:30+02:00", "2026-03-29T01:30:00+00:00", []),
    ],
)  # fmt: skip
def test_an_hour_that_comes_twice_is_taken_by_its_offset_and_never_guessed(time, at, reasons):
    row, why = read({"id": "1", "source": "a", "type": "visit.made", "time": time, "data": {}})
    assert why == reasons
    assert (row["at"] and row["at"].isoformat()) == at
