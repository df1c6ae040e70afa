"""What a client says of what was decided and done: a message, a mark, a request for review; and what becomes of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.guided_life import TODAY, settled
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.guidance import messages, review

WHY = "En pärjää enää yöllä yksin."


def test_the_client_writes_and_is_answered_once(granted):
    granted.step(messages.write(7, "Milloin hoitaja tulee?", kind="message", at=granted.now, once="1"))
    message = granted.case.messages[0]
    granted.step(messages.reply(message, 7, "Huomenna kello 9.", by="Veera", at=granted.now))
    assert granted.case.messages[0].answer == "Huomenna kello 9."
    with speaking("en"), pytest.raises(BadInput, match="given already"):
        messages.reply(granted.case.messages[0], 7, "Toinen vastaus", by="Veera", at=granted.now)


def test_a_mark_tells_nobodys_name_and_the_client_may_let_the_case_manager_know(granted):
    granted.add({"type": "visit.made", "at": granted.now, "matter": "v1", "service": "home_care", "unit": "north"})
    visit = granted.events[-1]
    alone = messages.rate(visit, 2, at=granted.now, once="1")
    assert "client" not in alone and visit.matter not in str(alone) and alone["quantity"] == 2
    granted.step(messages.tell(7, visit, 2, "", at=granted.now, once="1"))
    told = granted.case.messages[0]
    assert told.kind == "feedback" and told.visit == (2, "home_care", TODAY) and not told.text
    assert granted.events[-1].unit is None, "the producer does not see it"
    granted.step(messages.reply(told, 7, "Kiitos, otan asian puheeksi.", by="Veera", at=granted.now))
    assert granted.case.messages[0].answered
    for wrong in (lambda: messages.rate(visit, 0, at=granted.now, once="2"), lambda: messages.tell(7, visit, 6, "", at=granted.now, once="2")):  # fmt: skip
        with speaking("en"), pytest.raises(BadInput, match="from 1 to 5"):
            wrong()


def test_a_review_is_asked_once_decided_once_and_a_changed_decision_makes_room_for_a_new_one(granted, rules):
    first = granted.case.decisions[0]
    granted.step(review.ask(granted.case, first, WHY, on=TODAY, by="Aino", at=granted.now))
    with speaking("en"), pytest.raises(BadInput, match="asked for already"):
        review.ask(granted.case, first, WHY, on=TODAY, by="Aino", at=granted.now)
    asked = granted.case.review_of(first)
    assert asked.text == WHY and not asked.decided and not first.changed
    with speaking("en"), pytest.raises(BadInput, match="made already"):
        settled(granted, rules)
    told = {
        "why": "Yöllinen avun tarve on selvitetty.",
        "body": "Yksilöasioiden jaosto",
        "by": "Ulla",
        "at": granted.now,
    }
    with speaking("en"), pytest.raises(BadInput, match="what was decided: is not chosen"):
        review.decide(asked, 7, "perhaps", **told)
    overturned = review.decide(asked, 7, "changed", **told)
    granted.step(overturned)
    with speaking("en"), pytest.raises(BadInput, match="decided already"):
        review.decide(granted.case.review_of(first), 7, "upheld", **told)
    assert granted.case.decisions[0].changed and not granted.case.decisions[0].in_force(TODAY)
    before = {e.matter for e in granted.events if e.type == "decision.made"}
    renewed = settled(granted, rules)
    granted.step(renewed)
    assert [e["type"] for e in overturned] == ["review.decided", "decision.overturned"]
    assert [e["type"] for e in renewed] == ["decision.made", "decision.renewed"]
    assert overturned[1]["matter"] == renewed[1]["matter"], "the new decision answers what the review began"
    second, old = granted.case.decisions[:2]
    assert (
        old.position == first.position and not second.changed and second.in_force(TODAY) and {second.matter} == before
    )


@pytest.mark.parametrize("outcome", ["upheld", "dismissed"])
def test_a_review_that_changed_nothing_leaves_the_decision_in_force(granted, outcome):
    made = granted.case.decisions[0]
    granted.step(review.ask(granted.case, made, WHY, on=TODAY, by="Aino", at=granted.now))
    granted.step(review.decide(granted.case.reviews[0], 7, outcome, why="Perusteet ovat ennallaan.", body="Jaosto", by="Ulla", at=granted.now))  # fmt: skip
    assert granted.case.decisions[0].in_force(TODAY) and granted.case.reviews[0].outcome == outcome


@pytest.mark.parametrize(("text", "on", "fault"), [("lyhyt", TODAY, "too short"), (WHY, None, "between"), (WHY, TODAY + timedelta(days=1), "between"), (WHY, TODAY - timedelta(days=9), "between")])  # fmt: skip
def test_an_unsound_request_for_review_is_refused(granted, text, on, fault):
    with speaking("en"), pytest.raises(BadInput, match=fault):
        review.ask(granted.case, granted.case.decisions[0], text, on=on, by="Aino", at=granted.now)


def test_the_last_day_for_a_review_is_notice_and_the_time_to_ask(rules):
    assert review.last_day(date(2026, 11, 2), rules.library) == date(2026, 12, 9), "7 days of notice and 30 days"
    assert review.last_day(date(2026, 11, 13), rules.library) == date(2026, 12, 21), "the last day is a Sunday"


def test_a_new_decision_on_a_service_that_goes_on_promises_no_new_start(granted, rules):
    first = granted.case.decisions[0]
    granted.add({"type": "service.started", "at": granted.now, "matter": first.matter, "service": "home_care", "unit": "north"})  # fmt: skip
    granted.step(review.ask(granted.case, first, WHY, on=TODAY, by="Aino", at=granted.now))
    granted.step(review.decide(granted.case.reviews[0], 7, "changed", why="Tunteja on lisättävä.", body="Jaosto", by="Ulla", at=granted.now))  # fmt: skip
    (made,) = (
        e for e in settled(granted, rules) if e["type"].startswith("decision.") and e["type"] != "decision.renewed"
    )
    assert (made["type"], made["service"]) == ("decision.continued", "home_care")
