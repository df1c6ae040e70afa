"""A charge meets its visit by person, day and service; neither the order of the rows nor how they are called changes a verdict."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.core.faults import BadInput
from torni.supervision import reconcile

CLIENTS = "person,from,age,household_size,gross_income_eur_month,service_hours_month"
VISITS = "event,person,on,formula"
CHARGES = "charge,event,person,on,amount_eur"
ONE = ["1,2026-01-01,80,1,1653,8"]  # home care: (1653 - 653) x 16 % = 160.00
A = ["a,1,2026-05-01,home_care"]


def reckoned(folder, clients, delivered, charged, heads=(CLIENTS, VISITS, CHARGES)):
    for name, head, rows in zip(("clients", "delivered", "charged"), heads, (clients, delivered, charged), strict=True):
        (folder / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return reconcile(*(folder / f"{n}.csv" for n in ("clients", "delivered", "charged")), region="keski-suomi")


def told(found):
    return sorted((d.kind, d.event, str(d.on), str(d.rule_eur), str(d.charged_eur)) for d in found.differences)


def faults(*given, **more):
    with pytest.raises(BadInput) as caught:
        reckoned(*given, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("charged", "differences"),
    [
        (["9,a,1,2026-05-01,200.00", "10,a,1,2026-05-20,-40.00"], []),
        (["1,a,1,2026-05-01,200.00", "2,a,1,2026-05-20,-200.00", "3,a,1,2026-05-20,160.00"], []),
        (["1,a,1,2026-05-01,160.00", "2,a,1,2026-05-01,160.00", "3,a,1,2026-06-02,-160.00"], []),
        (["1,a,1,2026-05-01,80.00", "2,a,1,2026-05-01,80.00"], []),
        (["1,a,1,2026-05-01,160.00", "2,a,1,2026-05-20,-160.00"], [("never_billed", "a", "2026-05-01", "160.00", "0.00")]),
        (["1,a,1,2026-05-01,200.00", "2,a,1,2026-05-20,-30.00"], [("wrong", "a", "2026-05-01", "160.00", "170.00")]),
        (["2,a,1,2026-05-01,160.00", "10,a,1,2026-05-01,200.00"], [("billed_twice", "a", "2026-05-01", "0.00", "200.00")]),
    ],
    ids=["credited in part", "credited and billed anew", "a second bill credited", "in two parts", "credited whole", "credited too little", "billed twice"],
)  # fmt: skip
def test_credits_are_netted(tmp_path, charged, differences):
    assert told(reckoned(tmp_path, ONE, A, charged)) == differences


@pytest.mark.parametrize(
    "charge",
    ["1,a,2,2026-05-01,160.00", "1,a,1,2026-05-02,160.00", "1,b,1,2026-05-01,150.00", "1,,2,2026-05-01,160.00"],
    ids=[
        "of another person",
        "of another day",
        "of no event and no visit's amount",
        "without a number, of another person",
    ],
)
def test_somebody_elses_visit_explains_no_charge(tmp_path, charge):
    found = reckoned(tmp_path, [*ONE, "2,2026-01-01,80,1,1653,8"], A, [charge])
    assert [(d.kind, d.rule_eur, d.charged_eur) for d in found.differences] == [
        ("never_billed", 160, 0),
        ("no_service", 0, Decimal(charge.rsplit(",")[-1])),
    ]
    assert found.explained_eur == 0, "nothing that was charged is explained"


@pytest.mark.parametrize("name", ["b", "T-17", ""])
def test_a_name_of_no_event_hides_no_visit_that_the_charge_makes_right(tmp_path, name):
    """Person, day and amount are one visit's, and the name is nobody's: it is that visit's bill. A bill with its credit is still none."""
    assert told(reckoned(tmp_path, ONE, A, [f"1,{name},1,2026-05-01,160.00"])) == []
    pair = [f"1,{name},1,2026-05-01,160.00", f"2,{name},1,2026-05-09,-160.00"]
    assert told(reckoned(tmp_path, ONE, A, pair)) == [("never_billed", "a", "2026-05-01", "160.00", "0.00")]


def test_a_charge_of_another_service_is_not_the_visits(tmp_path):
    head = CHARGES + ",formula"
    given = (tmp_path, ONE, A, ["1,a,1,2026-05-01,160.00,doctor_visit"])
    assert [d.kind for d in reckoned(*given, heads=(CLIENTS, VISITS, head)).differences] == [
        "never_billed",
        "no_service",
    ]
    same = (tmp_path, ONE, A, ["1,a,1,2026-05-01,160.00,home_care"])
    assert reckoned(*same, heads=(CLIENTS, VISITS, head)).differences == ()


def test_a_charge_without_a_number_meets_the_visit_of_its_person_and_day(tmp_path):
    visits = ["7,1,2026-05-01,home_care", "8,1,2026-05-01,doctor_urgent", "9,1,2026-05-02,doctor_urgent"]
    charges = ["1,,1,2026-05-01,41.40", "2,,1,2026-05-01,160.00", "3,,1,2026-05-02,41.40", "4,,1,2026-05-02,-41.40"]
    found = reckoned(tmp_path, ONE, visits, charges)
    assert told(found) == [("never_billed", "9", "2026-05-02", "41.40", "0.00")]


@pytest.mark.parametrize(
    ("visits", "charged"),
    [
        (["a,1,2026-05-01,doctor_urgent"], ["1,,1,2026-05-01,52.60", "2,a,1,2026-05-20,-11.20"]),
        (["a,1,2026-05-01,doctor_urgent"], ["1,a,1,2026-05-01,52.60", "2,a,1,2026-05-20,-52.60", "3,,1,2026-05-20,41.40"]),
        (["a,1,2026-05-01,doctor_urgent"], ["1,a,1,2026-05-01,52.60", "2,,1,2026-05-20,-11.20"]),
        (["a,1,2026-05-01,doctor_urgent", "b,1,2026-05-01,doctor_urgent"], ["1,,1,2026-05-01,52.60", "2,,1,2026-05-01,41.40", "3,,1,2026-05-01,-11.20"]),
        (["a,1,2026-05-01,doctor_urgent", "b,1,2026-05-01,home_care"], ["1,,1,2026-05-01,52.60", "2,,1,2026-05-01,160.00", "3,,1,2026-05-02,-11.20"]),
    ],
    ids=["a bill without a number credited", "billed anew without a number", "credited without a number", "of two alike", "of two services"],
)  # fmt: skip
def test_what_corrects_a_bill_to_the_cent_is_of_its_visit(tmp_path, visits, charged):
    assert told(reckoned(tmp_path, ONE, visits, charged)) == []


def test_what_corrects_no_bill_to_the_cent_is_told(tmp_path):
    visits = ["a,1,2026-05-01,doctor_urgent"]
    found = reckoned(tmp_path, ONE, visits, ["1,a,1,2026-05-01,52.60", "2,,1,2026-05-20,-10.00"])
    assert [(d.kind, d.difference_eur) for d in found.differences] == [("no_service", -10), ("wrong", Decimal("11.20"))]


def test_of_one_day_those_come_first_that_explain_what_was_charged(tmp_path):
    """The ceiling is met within a day: 19 x 41.40 leaves 28.40 of 815, to whichever of two the biller took first."""
    before = [f"v{i},1,2026-02-{i + 1:02},doctor_urgent" for i in range(19)]
    paid = [f"c{i},v{i},1,2026-02-{i + 1:02},41.40" for i in range(19)]
    visits = [*before, "9,1,2026-05-01,doctor_urgent", "10,1,2026-05-01,doctor_urgent"]
    for one, other in (("28.40", "0.00"), ("0.00", "28.40")):
        assert (
            reckoned(
                tmp_path, ONE, visits, [*paid, f"x,9,1,2026-05-01,{one}", f"y,10,1,2026-05-01,{other}"]
            ).differences
            == ()
        )
    timed = [*before, "9,1,2026-05-01T14:00,doctor_urgent", "10,1,2026-05-01 09:30,doctor_urgent"]
    found = reckoned(tmp_path, ONE, timed, [*paid, "x,9,1,2026-05-01,28.40", "y,10,1,2026-05-01,0.00"])
    assert told(found) == [], "815.00 has been charged: nothing more may be, whichever visit was first"


def test_one_client_twice_is_refused_with_both_rows(tmp_path):
    assert '"1 2026-01-01" is there twice, first on row 2' in faults(tmp_path, ONE * 2, A, [])
    plain = ("person,age,household_size,gross_income_eur_month,service_hours_month", VISITS, CHARGES)
    assert "clients.csv:3" in faults(tmp_path, ["1,80,1,1653,8", "1,80,2,2653,8"], A, [], heads=plain)
    assert "clients.csv:2: from is empty" in faults(tmp_path, ["1,,80,1,1653,8"], A, [])


def test_an_event_or_a_charge_twice_is_refused_with_both_rows(tmp_path):
    assert 'delivered.csv:3: "a" is there twice, first on row 2' in faults(tmp_path, ONE, A * 2, [])
    assert 'charged.csv:3: "1" is there twice, first on row 2' in faults(
        tmp_path, ONE, A, ["1,a,1,2026-05-01,160.00"] * 2
    )


@pytest.mark.parametrize("amount", ["160.004", "159.996", "160.0000001", "1.160", "1,160", "1.6e2", "160 00"])
def test_an_amount_that_is_not_cents_is_refused(tmp_path, amount):
    assert "is not a value of amount_eur" in faults(tmp_path, ONE, A, [f'1,a,1,2026-05-01,"{amount}"'])


@pytest.mark.parametrize("income", ["1653.004", "-5", "1.650"])
def test_a_fact_is_not_rounded_either(tmp_path, income):
    assert "is not a value of gross_income_eur_month" in faults(tmp_path, [f'1,2026-01-01,80,1,"{income}",8'], A, [])


@pytest.mark.parametrize("amount", ["160", "160.0", "160.00", "160.0000", "160,00", "\u00a0160,00"])
def test_cents_are_read_as_people_write_them(tmp_path, amount):
    assert reckoned(tmp_path, ONE, A, [f'1,a,1,2026-05-01,"{amount}"']).differences == ()


def test_a_person_written_in_two_ways_is_not_taken_for_one(tmp_path):
    text = faults(tmp_path, ONE, ["a,01,2026-05-01,home_care"], ["1,a,1,2026-05-01,160.00"])
    assert 'the person "01" is written "1" among the clients' in text


def test_a_fee_that_cannot_be_told_is_listed_though_nothing_was_charged(tmp_path):
    found = reckoned(tmp_path, ["1,2026-01-01,80,1,,8"], A, [])
    assert told(found) == [("cannot_tell", "a", "2026-05-01", "None", "0.00")]


def test_what_the_event_does_not_tell_is_the_persons(tmp_path):
    heads = (CLIENTS, VISITS + ",service_hours_month", CHARGES)
    assert (
        reckoned(tmp_path, ONE, ["a,1,2026-05-01,home_care,"], ["1,a,1,2026-05-01,160.00"], heads=heads).differences
        == ()
    )


def test_no_events_at_all(tmp_path):
    found = reckoned(tmp_path, ONE, [], ["1,a,1,2026-05-01,160.00"])
    assert [d.kind for d in found.differences] == ["no_service"]


rows = st.lists(
    st.tuples(st.sampled_from("12"), st.integers(1, 3), st.sampled_from(["doctor_urgent", "home_care"])),
    max_size=6,
)  # fmt: skip
bills = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from("12"), st.integers(1, 4), st.sampled_from(["41.40", "160.00", "-41.40", "5.00", "800.00"])),
    max_size=8,
)  # fmt: skip


@settings(max_examples=25)
@given(rows, bills, st.randoms(use_true_random=False))
def test_shuffling_the_rows_and_renaming_the_ids_changes_no_verdict(tmp_path_factory, visits, charges, chance):
    """Charged = explained + differences besides, to the cent."""

    def verdicts(event, charge, person, order):
        clients = [f"{person(p)},2026-01-01,80,1,1653,8" for p in "12"]
        delivered = [f"{event(i)},{person(p)},2026-05-0{day},{formula}" for i, (p, day, formula) in enumerate(visits)]
        charged = [
            f"{charge(i)},{event(e) if e < 6 else ''},{person(p)},2026-05-0{day},{eur}" for i, (e, p, day, eur) in enumerate(charges)
        ]  # fmt: skip
        for table in (clients, delivered, charged):
            order.shuffle(table)
        found = reckoned(tmp_path_factory.mktemp("law"), clients, delivered, charged)
        assert found.charged_eur == found.explained_eur + sum(d.unexplained_eur for d in found.differences)
        names = {str(person(p)): p for p in "12"}
        return Counter((d.kind, d.formula, names[d.person], d.on, d.rule_eur, d.charged_eur) for d in found.differences)

    once = verdicts(lambda i: i, lambda i: i, str, random.Random(0))
    other = list(range(20))
    chance.shuffle(other)
    again = verdicts(
        lambda i: f"E{other[i]}", lambda i: f"x{other[i]}", lambda p: {"1": "zeta", "2": "alfa"}[p], chance
    )
    assert once == again


def test_a_charge_names_its_service_as_the_visit_does_or_is_refused(tmp_path):
    heads = (CLIENTS, VISITS, f"{CHARGES},formula")
    for row in ("1,a,1,2026-05-01,160.00,home-care", "1,,1,2026-05-01,160.00,home_care"):
        assert told(reckoned(tmp_path, ONE, A, [row], heads)) == []
    for row in ("1,a,1,2026-05-01,160.00,homecare", "1,,1,2026-05-01,160.00,Home_care"):
        assert 'Did you mean "home_care"?' in faults(tmp_path, ONE, A, [row], heads)
