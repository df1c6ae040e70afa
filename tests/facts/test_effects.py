"""What an event means: for several promises at once, taken back whole, made anew of the whole past, and always what the log gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.facts.conftest import BOOK, DATA
from torni.facts import verify as verifying
from torni.facts.book import Answer, Counting, Opening
from torni.facts.door import Door
from torni.facts.fold import fold, rebuild
from torni.facts.meaning import compared, known_meanings, made_anew, meanings
from torni.facts.verify import verify
from torni.promises.window import Window
from torni.supervision.known_sums import gather, moment, units

# Second promises on types of event that have one, named before and after it by the alphabet.
WIDE = replace(
    BOOK,
    openings=(*BOOK.openings, Opening("care.a_quick_visit", "care", "visit.planned", 2), Opening("care.seen", "care", "visit.made", 5), Opening("care.z_charged", "care", "visit.made", 20)),
    answers=(*BOOK.answers, Answer("care.a_quick_visit", "visit.made"), Answer("care.seen", "visit.made"), Answer("care.z_charged", "fee.charged"), Answer("care.seen", "visit.called_off", called_off=True)),
    countings=(*BOOK.countings, Counting("care.excellent", "care", "feedback.given", "at_least", 5), Counting("care.charged", "care", "fee.charged", "sum")),
)  # fmt: skip


def narrow(day):
    return BOOK


def wide(day):
    return WIDE


def whole(here, books):
    while fold(here.connection):
        pass
    assert [c.name for c in verify(here.connection, books) if c.wrong] == []


def standing(here, order="promise, what"):
    return here.rows(
        "SELECT e.type, f.promise, f.what FROM effect f JOIN event e USING (position) "
        f"GROUP BY f.position, e.type, f.promise, f.what, f.day HAVING sum(f.sign) > 0 ORDER BY f.position, {order}"
    )


def planned(here, matter="v", **more):
    return here.event("visit.planned", unit="north", client=1, matter=matter, due=here.now.date(), **more)


def made(here, matter="v", **more):
    return here.event("visit.made", unit="north", client=1, matter=matter, **more)


def test_an_event_answers_and_begins_for_every_promise_not_for_the_first_by_the_alphabet(here):
    here.door = Door(here.connection, wide)
    here.send(
        planned(here), made(here, id="m"), here.event("fee.charged", client=1, cents=5, matter="v", data={"should": 5})
    )
    assert standing(here) == [
        ("visit.planned", "care.a_quick_visit", "began"), ("visit.planned", "care.made", "began"),
        ("visit.made", "care.a_quick_visit", "answered"), ("visit.made", "care.billed", "began"), ("visit.made", "care.made", "answered"),
        ("visit.made", "care.seen", "began"), ("visit.made", "care.z_charged", "began"),
        ("fee.charged", "care.billed", "answered"), ("fee.charged", "care.charged", "counted"), ("fee.charged", "care.right", "counted"),
        ("fee.charged", "care.z_charged", "answered"),
    ]  # fmt: skip
    assert here.send(here.event("event.withdrawn", replaces_id="m")).refused == {0: ("answered_already",)}
    whole(here, wide)


def test_what_is_taken_back_is_taken_back_of_every_promise(here):
    here.door = Door(here.connection, wide)
    here.send(planned(here), made(here, id="m"), here.event("feedback.given", unit="north", quantity=5, id="f"))
    here.send(here.event("event.withdrawn", replaces_id="m"), here.event("event.withdrawn", replaces_id="f"))
    assert [promise for (promise,) in here.rows("SELECT promise FROM owed ORDER BY 1")] == [
        "care.a_quick_visit",
        "care.made",
    ]
    assert standing(here) == [("visit.planned", "care.a_quick_visit", "began"), ("visit.planned", "care.made", "began")]
    whole(here, wide)


def test_a_new_promise_is_measured_of_the_past_from_its_first_day_and_what_was_shown_stays(here):
    here.send(planned(here), planned(here, "w"), made(here), here.event("feedback.given", unit="north", quantity=4))
    here.later(days=3)
    here.send(here.event("feedback.given", unit="north", quantity=5))
    whole(here, narrow)
    shown = moment(here.connection).at
    here.later(days=1)
    here.send(here.event("feedback.given", unit="south", quantity=5))
    before = here.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4, 5")
    told = meanings({here.now.date(): WIDE})
    done = made_anew(here.connection, wide, told)
    assert (done.added, done.taken_back) == (8, 0)
    assert known_meanings(here.connection) == told
    whole(here, wide)
    register, windows = units(here.connection), [Window("x", "care.excellent", 28, complete=False)]

    def excellent(known=None):
        return (
            gather(here.connection, moment(here.connection, known), windows, [], register)
            .summed.select("total", "met")
            .sum()
            .rows()[0]
        )

    assert excellent() == (3, 2)
    assert excellent(shown) == (0, 0)
    old = [row for row in here.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4, 5") if row[0] in {r[0] for r in before}]
    assert set(before) <= set(old)
    assert here.rows("SELECT matter, promise FROM owed WHERE promise IN ('care.a_quick_visit', 'care.seen') ORDER BY 2") == [("w", "care.a_quick_visit"), ("v", "care.seen")]  # fmt: skip
    here.door = Door(here.connection, wide)
    here.send(made(here, "w"))
    assert here.rows("SELECT promise FROM owed WHERE promise = 'care.a_quick_visit'") == []
    again = made_anew(here.connection, wide, told)
    assert (again.added, again.taken_back) == (0, 0)
    whole(here, wide)


def test_a_changed_promise_is_made_anew_and_a_removed_one_left_as_it_was(here):
    here.send(planned(here), made(here, at=here.now), here.event("feedback.given", unit="north", quantity=4))
    changed = replace(
        BOOK, countings=(Counting("care.good", "care", "feedback.given", "at_least", 5),),
        openings=tuple(replace(o, days=3) if o.promise == "care.billed" else o for o in BOOK.openings),
    )  # fmt: skip
    made_anew(here.connection, lambda day: changed, meanings({here.now.date(): changed}))
    assert here.rows("SELECT met FROM tally_now WHERE promise = 'care.good'") == [(0,)]
    assert here.rows("SELECT due FROM owed WHERE promise = 'care.billed'") == [((here.now + timedelta(days=3)).date(),)]
    whole(here, lambda day: changed)


def test_what_was_erased_keeps_what_it_meant(here):
    from torni.facts import erasing

    here.send(planned(here), made(here), here.event("fee.charged", client=1, cents=5, matter="v", data={"should": 5}))
    whole(here, narrow)
    before = here.rows("SELECT promise, day, unit, total, met, late FROM tally_now ORDER BY 1, 2, 3")
    erasing.erase(here.connection, 1, data=DATA, by="x", why="a mistake")
    made_anew(here.connection, narrow, meanings({here.now.date(): BOOK}))
    assert here.rows("SELECT promise, day, unit, total, met, late FROM tally_now ORDER BY 1, 2, 3") == before
    whole(here, narrow)


def test_two_promises_may_stand_on_one_type_of_event_and_the_meaning_of_each_is_its_own():
    first, second = meanings({BOOK.since: BOOK}), meanings({BOOK.since: WIDE})
    assert {k for k in second if second[k] != first.get(k)} == {
        "care.a_quick_visit", "care.seen", "care.z_charged", "care.excellent", "care.charged",
    }  # fmt: skip


STEP = st.tuples(
    st.sampled_from(["plan", "make", "call off", "charge", "feedback", "contact", "assess", "supervise", "withdraw", "correct", "next day"]), st.integers(0, 3)
)  # fmt: skip


@example(steps=[("plan", 0), ("make", 0), ("plan", 0), ("withdraw", 1), ("make", 0)], cut=2, new_at=3)
@example(steps=[("make", 0), ("make", 0), ("make", 0), ("withdraw", 1), ("make", 0)], cut=1, new_at=4)
@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=3, max_size=25), cut=st.integers(1, 4), new_at=st.integers(0, 25))
def test_effects_made_live_are_those_made_anew_through_corrections_and_new_promises(here, steps, cut, new_at):
    """In batches of any size, with the second promises there from the start, from some day on, or from the end."""
    with here.connection.transaction(force_rollback=True):
        now, count = here.now, here.count
        books, sent, waiting = narrow, [], []

        def flush():
            if waiting:
                Door(here.connection, books).accept(list(waiting), now=here.now)
                waiting.clear()

        for number, (what, n) in enumerate([*steps, ("end", 0)]):
            if books is narrow and (number >= new_at or what == "end"):
                flush()
                books = wide
                made_anew(here.connection, wide, meanings({now.date(): WIDE}))
                assert compared(here.connection, wide)[1] == 0
            if what == "next day":
                flush()
                here.later(days=1)
            event = _step(here, what, n, sent)
            if event:
                sent.append(event)
                waiting.append(event)
            if len(waiting) >= cut:
                flush()
        flush()
        while fold(here.connection):
            pass
        checks = [
            verifying._effects(here.connection, wide),
            *(check(here.connection) for check in (verifying._owed, verifying._tally, verifying._counted)),
        ]
        assert [c.name for c in checks if c.wrong] == []
        kept = here.rows("SELECT * FROM tally WHERE (total, met, late) <> (0, 0, 0) ORDER BY 1, 2, 3, 4, 5")
        rebuild(here.connection)
        assert here.rows("SELECT * FROM tally WHERE (total, met, late) <> (0, 0, 0) ORDER BY 1, 2, 3, 4, 5") == kept
        made_anew(here.connection, wide, meanings({now.date(): WIDE}))
        assert here.rows("SELECT * FROM tally WHERE (total, met, late) <> (0, 0, 0) ORDER BY 1, 2, 3, 4, 5") == kept
        here.now, here.count = now, count


def _step(here, what, n, sent):
    matter = f"v{n % 2}"
    told = {
        "plan": lambda: planned(here, matter), "make": lambda: made(here, matter),
        "call off": lambda: here.event("visit.called_off", unit="north", client=1, matter=matter),
        "charge": lambda: here.event("fee.charged", client=1, cents=n, matter=matter, data={"should": 1}),
        "feedback": lambda: here.event("feedback.given", unit="north", quantity=n + 2),
        "contact": lambda: here.event("contact.made", unit="north", client=1, matter=f"c {matter}"),
        "assess": lambda: here.event("assessment.made", client=1, matter=f"c {matter}"),
        "supervise": lambda: here.event("supervision.visited", unit="north", matter="supervision"),
        "withdraw": lambda: here.event("event.withdrawn", replaces_id=sent[n % len(sent)]["id"]) if sent else None,
        "correct": lambda: {**sent[n % len(sent)], "id": f"{sent[n % len(sent)]['id']}'", "replaces_id": sent[n % len(sent)]["id"]} if sent and sent[n % len(sent)]["type"] != "event.withdrawn" else None,
    }.get(what)  # fmt: skip
    return told() if told else None


def test_the_definitions_promise_more_and_the_past_tells_of_it_at_once(here):
    """A measure that the door did not know when the events came, on the day on which the definitions have it: asked again, nothing is done."""
    from torni.services.days import Days
    from torni.services.door_book import books_of
    from torni.supervision.meaning import keep_meaning

    days = Days("keski-suomi")
    books = books_of(days)
    book = books(here.now.date())
    asked = next(c for c in book.countings if c.type == "feedback.given" and c.how == "at_least")
    of_before = replace(book, countings=tuple(c for c in book.countings if c is not asked))
    here.door = Door(here.connection, lambda day: of_before)
    here.send(*(here.event("feedback.given", unit="north", quantity=q) | {"service": asked.service} for q in (1, 4, 5)))
    whole(here, lambda day: of_before)
    count = f"SELECT total, met FROM tally_now WHERE promise = '{asked.promise}'"
    assert here.rows(count) == []
    made = keep_meaning(here.connection, days, books)
    assert made is not None and (made.added, made.taken_back) == (3, 0)
    assert here.rows(count) == [(3, sum(q >= asked.threshold for q in (1, 4, 5)))]
    assert keep_meaning(here.connection, days, books) is None
    whole(here, books)


def test_of_an_empty_log_the_meanings_are_noted_and_nothing_is_made(new_room):
    from torni.facts import opening

    with opening.connect(new_room(), autocommit=True) as connection:
        opening.claim(connection, "trial")
        assert made_anew(connection, wide, meanings({BOOK.since: WIDE})).added == 0
        assert len(known_meanings(connection)) == len(meanings({BOOK.since: WIDE}))
