"""A voucher and a personal budget: the value by its formula, the own share, what is planned and used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.guided_life import TODAY, UNITS, Life
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.guidance import paid_by, proposal_of, steps
from torni.guidance.case import Item, facts_of
from torni.guidance.client import client_of
from torni.guidance.forms import AssessmentForm, DecisionForm, PlanForm
from torni.guidance.letter import letter, to_html
from torni.producers.vouchers import Offer, offers


@pytest.fixture
def arranged_by(rules):
    """`arranged_by(channel, **facts)`: the life of a client who may have either, after the decision for that channel."""

    def of(channel, **more):
        life = Life()
        life.step(steps.report(7, channel="telephone", text="Tarvitsen apua.", by="Ulla", at=life.now, once="1"))
        facts = {"rai_maple": 4, "housing": "own_home", "household_size": 1, "gross_income_eur_month": "1500.00", "service_hours_month": 30, "wants_voucher": True, "manages_budget": True, **more}  # fmt: skip
        facts = {k: v for k, v in facts.items() if v is not None}
        life.step(steps.assess(life.case, life.case.needs[0].matter, AssessmentForm(facts, "needs", "interRAI HC", TODAY, "Tarvitsee apua."), by="Ulla", at=life.now))  # fmt: skip
        decision = proposal_of(rules, "home_care", client_of(facts_of(life.case), rules))
        life.step(steps.decide(
            life.case, life.case.needs[0], decision, DecisionForm("granted", "Tarvitsee apua päivittäin.", first_day=TODAY, channel=channel),
            by="Ulla", at=life.now,
        ))  # fmt: skip
        return life

    return of


def test_the_own_share_is_what_the_price_exceeds_the_value_by():
    prices = {"a": 3950, "b": 2400, "c": 4290}
    assert offers(2700, "EUR/hour", 14, prices) == [
        Offer("b", 2400, 0, 0),
        Offer("a", 3950, 1250, 17_500),
        Offer("c", 4290, 1590, 22_260),
    ]
    assert offers(2700, "EUR/hour", None, {"a": 3950}) == [Offer("a", 3950, 1250, None)]
    assert offers(50_000, "EUR/month", 14, prices) == [Offer("b", 2400, None, 0), Offer("a", 3950, None, 5_300), Offer("c", 4290, None, 10_060)]  # fmt: skip


def test_a_decision_keeps_the_value_of_its_channel(arranged_by):
    def kept(channel):
        made = arranged_by(channel).case.decisions[0]
        return made.value_cents, made.value_unit, made.hours_month

    # 27.00 - 0.35 x (1500 - 563) / 60, by the decree's amounts; after 2015 they are assumed, and said to be
    assert kept("voucher") == (2153, "EUR/hour", 30)
    assert kept("budget") == (174_000, "EUR/month", 30)  # 30 hours at 58 euros
    assert kept("enterprise") == (None, "", 30)  # the hours granted are told in its letter too


def test_the_letter_of_a_voucher_tells_its_value_and_no_client_fee(arranged_by, rules):
    texts = {}
    for channel in ("voucher", "budget", "enterprise"):
        case = arranged_by(channel).case
        with speaking("en"):
            texts[channel] = to_html(
                letter(proposal_of(rules, "home_care", client_of(facts_of(case), rules)), case.decisions[0])
            )
    assert (
        "21.53 euros an hour" in texts["voucher"]
        and "the difference between its price and the voucher" in texts["voucher"]
    )
    assert "Your fee is" not in texts["voucher"] and "For demonstration: some amounts" in texts["voucher"]
    assert (
        "1,740.00 euros a month" in texts["budget"]
        and "Your fee is" in texts["budget"]
        and "Your fee is" in texts["enterprise"]
    )


def test_a_voucher_whose_value_cannot_be_reckoned_is_refused(arranged_by):
    with pytest.raises(BadInput, match="cannot be reckoned"):
        arranged_by("voucher", gross_income_eur_month=None)


def test_a_voucher_is_planned_at_approved_units_only(arranged_by, rules):
    case = arranged_by("voucher").case
    item = Item("a", "home_care", "north", "Suihkuapu", 30, TODAY)

    def planned(approved):
        return steps.plan(case, PlanForm(("Asun kotona.",), (item,), TODAY), by="V", at=case.needs[0].reported.at, rules=rules, units=UNITS, allowed=approved)  # fmt: skip

    with pytest.raises(BadInput, match="may not go to this unit"):
        planned({"home_care": {"south": 3950}})
    assert [e["type"] for e in planned({"home_care": {"north": 3950}})] == ["plan.made", "plan.sent"]


def test_a_budget_is_planned_and_used(arranged_by):
    life = arranged_by("budget")
    for cents, on in ((100_000, TODAY), (90_000, TODAY.replace(day=1)), (50_000, TODAY.replace(year=2025))):
        made = life.case.decisions[0]
        life.step(steps.use_budget(life.case, made, cents, what="Avustajan palkka", on=on, by="V", at=life.now, once=str(cents)))  # fmt: skip
    (found,) = paid_by.budgets(life.case)
    assert (found.planned_so_far_cents, found.used_month_cents, found.used_year_cents, found.over) == (174_000, 190_000, 190_000, True)  # fmt: skip


@pytest.mark.parametrize(
    ("cents", "what", "on"),
    [(None, "Avustaja", TODAY), (0, "Avustaja", TODAY), (100, "", TODAY), (100, "Avustaja", None), (100, "Avustaja", TODAY + timedelta(days=1))],
)  # fmt: skip
def test_an_unsound_use_is_refused(arranged_by, cents, what, on):
    life = arranged_by("budget")
    with pytest.raises(BadInput):
        steps.use_budget(life.case, life.case.decisions[0], cents, what=what, on=on, by="A", at=life.now, once="x")
