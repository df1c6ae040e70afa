"""What a reconciliation says rests on facts: not on names, not on what is billed and credited, not on what another visit was charged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.services.days import Days
from torni.supervision.reconcile import reckon

FIRST = date(2026, 1, 5)
FEES = {"doctor_visit": "30.20", "doctor_urgent": "41.40", "serial_treatment": "19.90"}
SHAPES = {
    "clients": "person VARCHAR, age BIGINT",
    "delivered": 'event VARCHAR, person VARCHAR, "on" DATE, minute INTEGER, formula VARCHAR',
    "charged": 'charge VARCHAR, event VARCHAR, person VARCHAR, "on" DATE, amount_eur DECIMAL(18, 2), formula VARCHAR',
}
AMOUNTS = st.sampled_from(["30.20", "41.40", "19.90", "15.10", "60.40", "0", "-30.20", "-11.20", "-19.90", "-41.40"])


@pytest.fixture(scope="module")
def days():
    return Days("keski-suomi")


@dataclass(frozen=True)
class Visit:
    person: str
    day: int
    minute: int | None
    formula: str


@dataclass(frozen=True)
class Charge:
    visit: int | None  # the place of the visit it names; None: it names none; -1: one that is not there
    person: str
    day: int
    eur: str
    formula: str | None = None


VISITS = st.lists(
    st.builds(
        Visit,
        st.sampled_from("112"),
        st.integers(0, 2),
        st.sampled_from([None, None, 0, 540, 600]),
        st.sampled_from([*FEES, "doctor_visit"]),
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def year(draw, *, orphans=True):
    """Visits, and charges of them: some name their visit, some none; of its day, or (what corrects a bill) of a later."""
    visits = draw(VISITS)
    charges = []
    for _ in range(draw(st.integers(0, 8))):
        i = draw(st.integers(0, len(visits) - 1))
        of, named, eur = visits[i], draw(st.booleans()), draw(AMOUNTS)
        later = draw(st.sampled_from([0, 0, 0, 1, 9])) if orphans or eur.startswith("-") else 0
        if named and not orphans and not any(c.visit == i for c in charges):
            later, eur = 0, eur.removeprefix("-")
        formula = draw(st.sampled_from([None, None, of.formula]))
        charges.append(Charge(i if named else None, of.person, of.day + later, eur, formula))
    if orphans and draw(st.booleans()):
        charges.append(Charge(-1, "1", draw(st.integers(0, 3)), draw(AMOUNTS)))
    return visits, charges


def reckoned(
    days, visits, charges, *, event=lambda i: f"e{i}", charge=lambda i: f"c{i}", person=lambda p: p, order=None
):
    """The reconciliation, with whatever names, in whatever order; each person is an adult."""
    rows = {
        "clients": [(person(p), 50) for p in "12"],
        "delivered": [(event(i), person(v.person), FIRST + timedelta(v.day), v.minute, v.formula) for i, v in enumerate(visits)],
        "charged": [
            (charge(i), None if c.visit is None else event(c.visit), person(c.person), FIRST + timedelta(c.day), Decimal(c.eur), c.formula)
            for i, c in enumerate(charges)
        ],
    }  # fmt: skip
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, table in rows.items():
            if order is not None:
                order.shuffle(table)
            connection.execute(f"CREATE TABLE {name} ({SHAPES[name]})")
            for row in table:
                connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
        return reckon(connection, days)


def verdicts(found, person=lambda p: p):
    return Counter((d.kind, d.formula, person(d.person), d.on, d.rule_eur, d.charged_eur) for d in found.differences)


@settings(max_examples=60)
@given(year(), st.randoms(use_true_random=False))
def test_neither_names_nor_the_order_of_rows_change_a_verdict(days, given_, chance):
    """Charged = explained + differences besides, to the cent."""
    once = reckoned(days, *given_)
    assert once.charged_eur == once.explained_eur + sum(d.unexplained_eur for d in once.differences)
    names = [f"n{i}" for i in range(20)]
    chance.shuffle(names)
    persons = {"1": "zeta", "2": "alfa"}
    again = reckoned(
        days, *given_, event=lambda i: names[i], charge=lambda i: names[-1 - i], person=persons.__getitem__, order=chance
    )  # fmt: skip
    assert verdicts(once) == verdicts(again, {v: k for k, v in persons.items()}.__getitem__)


@settings(max_examples=60)
@given(
    year(orphans=False),
    st.data(),
    st.sampled_from(["its visit", "no visit", "one that is not there"]),
    st.sampled_from([0, 2, 30]),
)
def test_a_bill_with_its_whole_credit_changes_no_verdict(days, given_, data, names, later):
    """What names no visit has an amount of its own here: a credit of another bill's amount may be that one's."""
    visits, charges = given_
    i = data.draw(st.integers(0, len(visits) - 1))
    eur = data.draw(st.sampled_from(["7.77", "99.99"] if names == "no visit" else ["30.20", "41.40", "11.20", "7.77"]))
    of = {"its visit": i, "no visit": None, "one that is not there": -1}[names]
    pair = [
        Charge(of, visits[i].person, visits[i].day, eur),
        Charge(of, visits[i].person, visits[i].day + later, f"-{eur}"),
    ]
    assert verdicts(reckoned(days, visits, charges)) == verdicts(reckoned(days, visits, [*charges, *pair]))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(list(FEES)), st.booleans()), min_size=1, max_size=30),
    st.data(),
    st.sampled_from(["0.05", "11.20", "158.60", "815.00"]),
)
def test_an_overcharge_on_one_visit_changes_no_other_visits_verdict(days, given_, data, more):
    """Also at the ceiling: what was charged too much does not fill it."""
    visits = [Visit("1", i, None, formula) for i, (formula, _) in enumerate(given_)]
    left, seen, charges = Decimal("815.00"), Counter(), []
    for i, visit in enumerate(visits):
        free = visit.formula == "doctor_visit" and seen[visit.formula] >= 3  # three in a calendar year are charged
        due = min(left, Decimal(0 if free else FEES[visit.formula]))
        seen[visit.formula] += 1
        left -= due
        charges.append(Charge(i if given_[i][1] else None, "1", i, str(due)))
    assert reckoned(days, visits, charges).differences == ()
    which = data.draw(st.integers(0, len(visits) - 1))
    over = replace(charges[which], eur=str(Decimal(charges[which].eur) + Decimal(more)))
    for wrong in ([*charges[:which], over, *charges[which + 1 :]], [*charges, replace(charges[which], eur=more)]):
        found = reckoned(days, visits, wrong)
        assert {d.event for d in found.differences} == {f"e{which}"}
        assert sum(d.difference_eur for d in found.differences) == Decimal(more)
