"""From a need to a plan that its producers have confirmed: each step as the definitions and the law have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.guided_life import ITEM, TODAY, UNITS, planned, proposed, settled
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.facts.persons import ClientEvent
from torni.guidance import proposal_of, review, steps
from torni.guidance.case import Contact, Item, facts_of
from torni.guidance.client import client_of
from torni.guidance.letter import letter, to_html, to_pdf
from torni.guidance.permits import permits_of
from torni.web.timeline import timeline


def test_the_rules_read_what_the_assessment_found(aino, rules):
    decision = proposed(aino, rules)
    assert decision.verdict == "granted" and decision.client.facts["age"] == 85
    assert decision.client.measured["rai_maple"] == TODAY and str(decision.fees[0].amount) == "152.55"


def test_a_decision_that_follows_the_proposal_is_counted_as_such_and_keeps_its_facts(aino, rules):
    aino.step(settled(aino, rules, last_day=TODAY + timedelta(days=180)))
    made = aino.case.decisions[0]
    assert (made.verdict, made.proposed, made.deviates, made.channel) == ("granted", "granted", False, "enterprise")
    assert (
        made.facts["rai_maple"] == {"value": 4, "on": "2026-11-22"} and made.rule == rules.granting["home_care"].version
    )
    assert aino.events[-2].quantity == 1
    again = aino.events[-1]
    assert (again.type, again.due) == ("reassessment.planned", TODAY + timedelta(days=180))
    assert not aino.case.needs[0].is_open


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"verdict": "refused"}, "deviates"),
        ({"judgement": "joo"}, "never decide alone"),
        ({"verdict": ""}, "not chosen"),
        ({"first_day": None}, "first day"),
        ({"last_day": TODAY - timedelta(days=1)}, "before the first"),
        ({"channel": "dental"}, "not open"),
        ({"channel": ""}, "not open"),
    ],
)
def test_a_decision_that_lacks_something_is_not_made(aino, rules, said, told):
    with speaking("en"), pytest.raises(BadInput, match=told):
        settled(aino, rules, **said)


def test_a_deviation_needs_a_written_reason_and_is_counted(aino, rules):
    aino.step(settled(aino, rules, verdict="refused", why="Puoliso hoitaa, eikä apua haluta vielä."))
    made = aino.case.decisions[0]
    assert made.deviates and aino.events[-1].quantity == 0 and aino.events[-1].data["why"].startswith("Puoliso")
    assert "channel" not in aino.events[-1].data and "first_day" not in aino.events[-1].data


def test_a_decision_is_never_made_twice(aino, rules):
    aino.step(settled(aino, rules))
    with speaking("en"), pytest.raises(BadInput, match="made already"):
        settled(aino, rules)


def test_the_letter_of_what_was_decided_is_made_again_from_the_decision_alone(aino, rules):
    """From the facts that the decision kept: the same letter on any later day."""
    aino.step(settled(aino, rules, last_day=date(2027, 5, 31)))
    made = aino.case.decisions[0]
    again = proposal_of(rules, made.service, client_of(made.facts, rules))
    assert again.verdict == "granted" and again.fees[0].amount == proposed(aino, rules).fees[0].amount
    with speaking("fi"):
        text = to_html(letter(again, made))
    for words in (
        "Sinulle myönnetään palvelu: kotihoito, 10 tuntia kuukaudessa.",
        "22.11.2026–31.5.2027",
        "Tarvitsee apua päivittäin.",
        "Ulla<br>asiakasohjaaja<br>Asiakas- ja palveluohjaus",
        "050 000 0001",
        f"Päätöksen numero {made.position}",
        "152,55 euroa",
        "30 päivän kuluessa",
    ):
        assert words in text, words
    assert "luonnos" not in text.lower() and "Palveluseteli" not in text
    assert to_pdf(letter(again, made)).startswith(b"%PDF")


def test_fewer_hours_than_the_assessment_found_are_a_decision_negative_in_part(aino, rules):
    """The letter says both, and the fee is by the hours that were granted."""
    aino.step(settled(aino, rules, hours_month=6))
    made = aino.case.decisions[0]
    again = proposal_of(rules, made.service, client_of(made.facts, rules))
    with speaking("en"):
        found = letter(again, made)
    assert found.decision[0] == "This service is granted to you: home care, 6 hours a month."
    assert "the assessment found a need of 10 hours a month, and 6 are granted" in " ".join(found.decision)
    assert "Your fee is 101.70 euros a month" in found.fees[0].conclusion  # 12 % of 847.50


def test_a_letter_of_a_deviating_decision_says_so(aino, rules):
    aino.step(settled(aino, rules, verdict="refused", why="Puoliso hoitaa, eikä apua haluta vielä."))
    made = aino.case.decisions[0]
    with speaking("fi"):
        text = to_html(letter(proposal_of(rules, made.service, client_of(made.facts, rules)), made))
    assert "Sinulle ei myönnetä palvelua: kotihoito." in text and "Puoliso hoitaa" in text and "poikkeaa" in text


def test_a_plan_is_sent_to_each_producer_for_its_own_part(granted, rules):
    other = Item("b", "physiotherapy", "south", "Tasapainoryhmä tiistaisin", None, TODAY)
    granted.step(planned(granted, rules, ITEM, other))
    case = granted.case
    assert (case.plan.version, case.plan.goals) == (1, ("Asun kotona.",))
    assert {s.unit: (s.item.what, s.state) for s in case.sent} == {
        "north": (ITEM.what, "sent"),
        "south": (other.what, "sent"),
    }
    assert [e.type for e in granted.events[-3:]] == ["plan.made", "plan.sent", "plan.sent"]


def test_a_plan_holds_what_has_been_granted_and_agreed_to(aino, rules):
    with speaking("en"), pytest.raises(BadInput) as told:
        planned(aino, rules, Item("a", "home_care", "nowhere", "x", None, None), goals=(), agreed=None)
    said = str(told.value)
    for fault in ("goals", "agreement", "has no unit", "has not been granted", "has no first day"):
        assert fault in said, said


def answered(life, how, **said):
    case = life.case
    life.step(steps.answer(case.sent[0], 7, how, by="Anna", at=life.now, source="A", **said))
    return life.case.sent[0]


def test_a_producer_opens_and_confirms(granted, rules):
    granted.step(planned(granted, rules))
    assert answered(granted, "opened").opened[1] == "Anna"
    assert answered(granted, "opened").state == "opened", "opening twice is opening once"
    assert [e.type for e in granted.events].count("plan.opened") == 1
    sent = answered(granted, "confirmed")
    assert (sent.state, sent.start, sent.answered[1]) == ("confirmed", ITEM.start, "Anna")
    with speaking("en"), pytest.raises(BadInput, match="answered or replaced"):
        answered(granted, "refused", why="ei ole tilaa juuri nyt")
    granted.step(steps.start(sent, granted.case, first=True, by="Anna", at=granted.now, source="A"))
    assert granted.events[-1].matter == "plan-7/a" and granted.case.serving[0].service == "home_care"
    with speaking("en"), pytest.raises(BadInput, match="goes on already"):
        steps.start(sent, granted.case, first=True, by="Anna", at=granted.now, source="A")


def test_a_refusal_says_why_and_the_next_version_replaces_it(granted, rules):
    granted.step(planned(granted, rules))
    with speaking("en"), pytest.raises(BadInput, match="at least 10"):
        answered(granted, "refused", why="ei")
    assert answered(granted, "refused", why="Tiimissä ei ole tilaa.").state == "refused"
    moved = [
        Item("a", "home_care", "north", ITEM.what, 10, ITEM.start, ends=ITEM.start),
        Item("b", "home_care", "south", ITEM.what, 10, ITEM.start),
    ]
    granted.step(planned(granted, rules, *moved))
    case = granted.case
    assert [(s.version, s.item.item, s.state) for s in case.sent] == [
        (2, "b", "sent"),
        (2, "a", "sent"),
        (1, "a", "recalled"),
    ]
    assert [c.kind for c in steps.differences(case.plans[1], moved)] == ["ended", "added"]


def test_a_service_that_moves_to_another_unit_goes_on_there(granted, rules):
    granted.step(planned(granted, rules))
    granted.step(
        steps.start(answered(granted, "confirmed"), granted.case, first=True, by="Anna", at=granted.now, source="A")
    )
    moved = [
        Item("a", "home_care", "north", ITEM.what, 10, ITEM.start, ends=ITEM.start),
        Item("b", "home_care", "south", ITEM.what, 10, ITEM.start),
    ]
    granted.step(planned(granted, rules, *moved))
    for sent in granted.case.sent[:2]:
        granted.step(steps.answer(sent, 7, "confirmed", by="Anna", at=granted.now, source="A"))
    case = granted.case
    a, b = (next(s for s in case.sent if s.version == 2 and s.item.item == item) for item in "ab")
    granted.step(steps.start(a, granted.case, first=False, by="Anna", at=granted.now, source="A"))
    assert not granted.case.serving
    granted.step(steps.start(b, granted.case, first=True, by="Bertil", at=granted.now, source="B"))
    assert [(e.service, e.unit) for e in granted.case.serving] == [("home_care", "south")]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_proposed_time_is_taken_or_declined(granted, rules, accepted):
    granted.step(planned(granted, rules))
    later = TODAY + timedelta(days=4)
    sent = answered(granted, "time_proposed", start=later)
    assert (sent.state, sent.start) == ("proposed", later)
    granted.step(steps.answer_time(sent, 7, accepted=accepted, by="Veera", at=granted.now))
    assert granted.case.sent[0].state == ("confirmed" if accepted else "opened")


def test_a_service_that_goes_on_is_not_left_out_and_one_that_is_as_it_was_is_not_sent_again(granted, rules):
    other = Item("b", "physiotherapy", "south", "Tasapainoryhmä tiistaisin", None, TODAY)
    granted.step(planned(granted, rules, ITEM, other))
    with speaking("en"), pytest.raises(BadInput, match="goes on"):
        planned(granted, rules, ITEM)
    with speaking("en"), pytest.raises(BadInput, match="as it was"):
        planned(granted, rules, ITEM, other)

    changed = planned(granted, rules, replace(ITEM, hours_month=14), other)
    assert [e["type"] for e in changed] == ["plan.made", "plan.recalled", "plan.sent"]
    assert changed[-1]["data"]["before"]["hours_month"] == 10 and changed[-1]["data"]["item"]["hours_month"] == 14


def test_the_line_of_days_shows_weeks_of_a_short_time_and_months_of_a_long_one(granted):
    """Each picture has its table: what is drawn is in the lanes too."""
    drawn = timeline(granted.case, lambda service: service, UNITS)
    assert ">23.11.<" in drawn.svg and ">16.11.<" not in drawn.svg and "11/2026" not in drawn.svg
    granted.add({"type": "service.started", "at": granted.now - timedelta(days=150), "matter": "old", "service": "physiotherapy", "unit": "south"})  # fmt: skip
    made = granted.case.decisions[0]
    granted.step(review.ask(granted.case, made, "En pärjää enää yöllä yksin.", on=TODAY, by="Aino", at=granted.now))
    with speaking("en"):
        drawn = timeline(granted.case, lambda service: service, UNITS)
    assert ">7/2026<" in drawn.svg and "Request for review" in drawn.svg
    assert (TODAY, "point", "Request for review") in [p for lane in drawn.lanes for p in lane.points]


def test_a_step_before_its_turn_is_drawn_as_early_and_not_as_kept(rules):
    from torni.engines.chains import follow
    from torni.services.chain import chains
    from torni.web.chain_drawing import draw

    chain = chains(rules.library)["growing_old_at_home"]
    early = [("case_manager.named", None, TODAY - timedelta(days=300)), ("need.reported", None, TODAY)]
    with speaking("en"):
        assert "· early" in draw(chain, trace=follow(chain.chain, early), today=TODAY)
        assert "· early" not in draw(
            chain, trace=follow(chain.chain, [(t, s, TODAY) for t, s, _ in early]), today=TODAY
        )


def test_who_acts_is_by_the_day_and_then_by_the_log_as_the_database_has_it(granted):
    """A day begins in Finland, whatever the zone of the moment; of one day's words the last in the log holds."""
    night = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    told = {"data": {"holder": "8", "kind": "proxy"}}
    granted.add({"type": "representative.ended", "at": night + timedelta(hours=3), **told}, {"type": "representative.named", "at": night, **told})  # fmt: skip
    (one,) = permits_of(granted.case).representatives
    assert one.since == TODAY and one.holder == "8"


def test_what_was_taken_back_is_not_in_the_case(granted):
    count = len(granted.case.decisions)
    decided = next(e for e in granted.events if e.type == "decision.made")
    blank = dict.fromkeys(f for f in ClientEvent.__dataclass_fields__ if f != "effects")
    granted.events.append(
        ClientEvent(
            **{
                **blank,
                "position": 99,
                "at": granted.now,
                "type": "decision.made",
                "sign": -1,
                "replaces": decided.position,
            }
        )
    )
    assert len(granted.case.decisions) == count - 1


def test_a_case_takes_whatever_another_system_sends(granted):
    """Wrong shapes in an event's data leave their place empty; nothing falls over."""
    for data in (
        None,
        {},
        {"facts": 3, "items": "x", "goals": 5, "item": [], "version": "two", "start": 7, "before": "y", "text": 9},
    ):
        for type_ in (
            "assessment.made",
            "decision.made",
            "decision.refused",
            "plan.made",
            "plan.sent",
            "plan.confirmed",
            "message.sent",
            "need.reported",
        ):
            granted.add(
                {"type": type_, "at": granted.now, "matter": "m", "service": "home_care", "unit": "north", "data": data}
            )
    case = granted.case
    assert case.plan is not None and facts_of(case)["age"] == 85


def test_a_client_goes_from_one_case_manager_to_another_and_back_within_a_minute(granted):
    """Each naming is a fact of its own, though the clock stands still."""
    ids = []
    for name in ("veera", "kalle", "veera"):
        named = steps.name_manager(granted.case, name, at=granted.now)
        ids.append(named["id"])
        granted.step(named)
    assert len(set(ids)) == 3


def test_what_one_who_comes_to_the_home_needs_goes_to_each_producer(granted, rules):
    """Address, telephone, door and language; a new door code reaches every producer of a service that goes on, and nobody who has ended."""
    there = Contact("Kotikatu 1 A 2", "050 000 0009", "ovikoodi 1234", "suomi")
    granted.step(planned(granted, rules, contact=there))
    assert granted.case.sent[0].contact == granted.case.plan.contact == there
    granted.step(planned(granted, rules, ITEM, goals=("Asun kotona.", "Ulkoilen.")))  # not told again: it stays
    assert granted.case.plan.contact == there
    granted.step(planned(granted, rules, contact=replace(there, door="ovikoodi 5678")))
    assert granted.case.sent[0].contact.door == "ovikoodi 5678" and granted.case.sent[0].before == ITEM
