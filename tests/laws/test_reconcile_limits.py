"""What may be charged of a person in all: a year's ceiling, a month's one fee, and what the clients tell of the year so far."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.core.faults import BadInput
from torni.services.days import Days
from torni.supervision import reconcile
from torni.supervision.reconcile import reckon

VISITS = "event,person,on,formula"
ADULT = "person,age\n1,40"
CARED = "person,age,household_size,gross_income_eur_month,service_hours_month,net_income_eur_month,lived_with_spouse\n1,80,1,1653,8,1400,ei"


def found(folder, visits, charges, clients=ADULT, heads=VISITS):
    tables = {
        "clients": clients,
        "delivered": "\n".join([heads, *visits]),
        "charged": "\n".join(["charge,event,person,on,amount_eur", *charges]),
    }
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
    return reconcile(*(folder / f"{name}.csv" for name in tables), region="keski-suomi")


def told(*given_, **more):
    return [(d.kind, d.event, str(d.rule_eur), str(d.charged_eur)) for d in found(*given_, **more).differences]


def outpatient(amounts):
    """A visit a day; nothing is charged where the amount is empty."""
    visits = [f"v{i:02},1,2026-05-{i + 1:02},outpatient_visit" for i in range(len(amounts))]
    return visits, [f"c{i},v{i:02},1,2026-05-{i + 1:02},{eur}" for i, eur in enumerate(amounts) if eur]


def test_a_visit_never_billed_is_no_loss_when_the_ceiling_has_been_charged(tmp_path):
    """Act on client fees, section 6 a: 11 x 71.30 + 30.70 are the 815 of 2026, whatever was not billed before them."""
    whole = found(tmp_path, *outpatient(["", *["71.30"] * 11, "30.70"]))
    assert whole.differences == ()
    assert whole.by_formula["outpatient_visit"] == (13, Decimal("815.00"), Decimal("815.00"))
    lacking = found(tmp_path, *outpatient(["", *["71.30"] * 11]))
    assert [(d.kind, d.event, d.difference_eur) for d in lacking.differences] == [
        ("never_billed", "v00", Decimal("-30.70"))
    ]
    assert lacking.by_formula["outpatient_visit"] == (12, Decimal("815.00"), Decimal("784.30"))
    assert told(tmp_path, *outpatient(["50.00", *["71.30"] * 10, "52.00"])) == []
    assert told(tmp_path, *outpatient(["71.30"] * 12)) == [("over_ceiling", "v11", "30.70", "71.30")]


@pytest.fixture(scope="module")
def days():
    return Days("keski-suomi")


FEES = {"outpatient_visit": "71.30", "doctor_urgent": "41.40", "serial_treatment": "19.90", "doctor_visit": "30.20"}


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.sampled_from(list(FEES)),
            st.sampled_from(["whole", "whole", "none", "half", "more"]),
            st.booleans(),
        ),
        min_size=8,
        max_size=40,
    ),
    st.sampled_from([None, Decimal(0), Decimal("400.00"), Decimal("900.00")]),
)
def test_what_is_due_in_a_year_never_exceeds_the_ceiling(days, events, paid):
    """Nor do what was rightly charged and what is said to be too little; and explained is what was charged and is due, no less."""
    shares = {"whole": Decimal(1), "half": Decimal("0.5"), "more": Decimal(2)}
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("CREATE TABLE clients (person VARCHAR, age BIGINT, fees_paid_this_year_eur DECIMAL(18, 2))")
        connection.execute("INSERT INTO clients VALUES ('1', 50, ?)", [paid])
        connection.execute(
            'CREATE TABLE delivered (event VARCHAR, person VARCHAR, "on" DATE, minute INTEGER, formula VARCHAR)'
        )
        connection.execute(
            'CREATE TABLE charged (charge VARCHAR, event VARCHAR, person VARCHAR, "on" DATE, amount_eur DECIMAL(18, 2))'
        )
        for i, (day, formula, how, named) in enumerate(events):
            on = date(2026, 3, 1 + day)
            connection.execute("INSERT INTO delivered VALUES (?, '1', ?, NULL, ?)", [f"e{i}", on, formula])
            if how in shares:
                amount = round(Decimal(FEES[formula]) * shares[how], 2)
                connection.execute(
                    "INSERT INTO charged VALUES (?, ?, '1', ?, ?)", [f"c{i}", f"e{i}" if named else None, on, amount]
                )
        reckoned = reckon(connection, days)
    left = max(Decimal(815) - (paid or 0), Decimal(0))
    due = sum(rule for _, rule, _ in reckoned.by_formula.values())
    assert due <= left
    above = sum((d.unexplained_eur for d in reckoned.differences), Decimal(0))
    too_little = sum((-d.difference_eur for d in reckoned.differences if d.difference_eur < 0), Decimal(0))
    assert reckoned.charged_eur - above + too_little <= left
    assert 0 <= reckoned.explained_eur == reckoned.charged_eur - above <= due


def test_one_monthly_fee_a_month(tmp_path):
    """Act on client fees, section 10 e: (1653 - 653) x 16 % = 160.00 a month, however often the month's care is in the list."""
    may = ["a,1,2026-05-01,home_care", "b,1,2026-05-31,home_care"]
    bills = ["1,a,1,2026-05-01,160.00", "2,b,1,2026-05-31,160.00"]
    assert told(tmp_path, may, bills, CARED) == [("billed_twice", "b", "0.00", "160.00")]
    assert told(tmp_path, may, bills[1:], CARED) == []
    assert told(tmp_path, may, ["1,a,1,2026-05-01,80.00", "2,b,1,2026-05-31,80.00"], CARED) == []
    assert told(tmp_path, may, [], CARED) == [("never_billed", "a", "160.00", "0.00")]
    june = [may[0], "b,1,2026-06-01,home_care"]
    assert told(tmp_path, june, [bills[0], "2,b,1,2026-06-01,160.00"], CARED) == []


def test_where_a_months_fees_differ_no_more_than_the_greatest_is_right_and_no_less_than_the_least_is_owed(tmp_path):
    changed = "person,from,household_size,gross_income_eur_month,service_hours_month\n1,2026-01-01,1,1653,8\n1,2026-05-15,1,2653,8"
    may = ["a,1,2026-05-01,home_care", "b,1,2026-05-31,home_care"]
    bills = ["1,a,1,2026-05-01,160.00", "2,b,1,2026-05-31,320.00"]
    assert told(tmp_path, may, bills, changed) == [("billed_twice", "b", "160.00", "320.00")], (
        "160.00 is surely too much"
    )
    assert told(tmp_path, may, bills[:1], changed) == []
    assert told(tmp_path, may, bills[1:], changed) == []
    assert told(tmp_path, may, [], changed) == [("never_billed", "a", "160.00", "0.00")]


def test_two_services_by_the_month_in_one_month_are_told(tmp_path):
    """The fee of round-the-clock housing holds the care given there: whether both are right is for an official to see."""
    visits = ["a,1,2026-05-01,home_care", "b,1,2026-05-01,elder_housing", "c,1,2026-06-01,elder_housing"]
    bills = ["1,a,1,2026-05-01,160.00", "2,b,1,2026-05-01,1190.00", "3,c,1,2026-06-01,1190.00"]
    both = found(tmp_path, visits, bills, CARED)
    assert both.differences == ()
    assert [(r.kind, r.formulas, r.events, r.person, str(r.on), str(r.eur)) for r in both.remarks] == [
        ("two_monthly_fees", ("elder_housing", "home_care"), ("b", "a"), "1", "2026-05-01", "1350.00")
    ]


def test_what_a_client_row_tells_of_the_year_holds_from_its_first_day(tmp_path):
    """700 paid by 1 June, of which 71.30 in the list: 115 is left of 815 for July."""
    rows = "person,from,age,fees_paid_this_year_eur,doctor_visits_this_year"
    visits = [f"{e},1,2026-{on},outpatient_visit" for e, on in zip("abc", ("05-01", "07-01", "07-02"), strict=True)]
    bills = [f"{e},{e},1,2026-{on},{eur}" for e, on, eur in zip("abc", ("05-01", "07-01", "07-02"), ("71.30", "71.30", "43.70"), strict=True)]  # fmt: skip
    for told_of in (
        "1,2025-01-01,40,,\n1,2026-06-01,40,700,",
        "1,2026-01-01,40,0,0\n1,2026-06-01,40,700,0\n1,2026-06-15,40,,",
    ):
        assert told(tmp_path, visits, bills, f"{rows}\n{told_of}") == []
    full = f"{rows}\n1,2026-01-01,40,0,0\n1,2026-07-01,40,800,3"
    visits = ["a,1,2026-03-01,doctor_visit", "b,1,2026-08-01,outpatient_visit", "c,1,2026-08-02,doctor_visit"]
    assert told(tmp_path, visits, ["1,a,1,2026-03-01,30.20", "2,b,1,2026-08-01,15.00"], full) == []
    counted = f"{rows}\n1,2026-01-01,40,,0\n1,2026-07-01,40,,3"
    visits = ["a,1,2026-03-01,doctor_visit", "b,1,2026-08-01,doctor_visit"]
    assert told(tmp_path, visits, ["1,a,1,2026-03-01,30.20"], counted) == []


def test_what_the_list_itself_shows_is_not_told_away(tmp_path):
    """A row says that nothing had been paid by June, but the list shows 784.30: 30.70 is left."""
    visits, bills = outpatient(["71.30"] * 11)
    late = [*visits, "z,1,2026-07-01,outpatient_visit"]
    rows = "person,from,age,fees_paid_this_year_eur\n1,2026-01-01,40,\n1,2026-06-01,40,0"
    assert told(tmp_path, late, [*bills, "z,z,1,2026-07-01,30.70"], rows) == []


def test_a_count_of_a_year_that_falls_is_refused_with_both_rows(tmp_path):
    rows = "person,from,age,fees_paid_this_year_eur\n1,2026-07-01,40,100\n1,2026-01-01,40,700\n1,2027-01-01,41,0"
    with pytest.raises(
        BadInput,
        match=r"clients\.csv:2: fees_paid_this_year_eur is 100\.00 from 2026-07-01, but 700\.00 from 2026-01-01 on row 3",
    ):
        found(tmp_path, [], [], rows)


def test_no_cost_or_voucher_is_a_clients_fee(tmp_path):
    """What the organiser pays explains no charge, and the names offered are clients' fees only."""
    for formula in ("cost_doctor_visit", "cost-doctor-visit", "home_care_voucher", "family_voucher"):
        with pytest.raises(BadInput) as caught:
            found(tmp_path, [f"a,1,2026-05-04,{formula}"], ["1,a,1,2026-05-04,125.00"])
        text = str(caught.value)
        assert f'delivered.csv:2: "{formula}" is paid by the organiser, so it is no client\'s fee' in text
        offered = text.partition("clients' fees are: ")[2]
        assert "home_care" in offered and "cost_" not in offered and "voucher" not in offered


def test_yes_and_no_are_read_as_a_clients_file_reads_them(tmp_path):
    rows = "person,net_income_eur_month,lived_with_spouse,spouse_in_long_term_care,spouse_net_income_eur_month\n1,2000,{},{},1000.20"
    for yes, no in (("kyllä", "ei"), ("ja", "nej"), ("Yes", "NO"), ("true", "0")):
        assert (
            told(tmp_path, ["a,1,2026-05-01,elder_housing"], ["1,a,1,2026-05-01,1275.09"], rows.format(yes, no)) == []
        )


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("007", "7"),
        ("A1", "a1"),
        ("7", "7.0"),
        ("k-1", "k\u20111"),
        ("k-1", "k\u20131"),
        ("A 1", "A1"),
        ("A 1", "A\u00a01"),
        ("0", "00"),
    ],
)
def test_an_event_written_otherwise_is_refused_and_both_are_named(tmp_path, written, named):
    with pytest.raises(BadInput) as caught:
        found(tmp_path, [f"{written},1,2026-05-04,dentist"], [f"1,{named},1,2026-05-04,19.10"])
    told_as = f'charged, row 2: the event "{named}" is written "{written}" among the services delivered, on row 2'
    assert told_as in str(caught.value)


def test_events_that_are_alike_and_both_there_are_two(tmp_path):
    visits = ["7,1,2026-05-04,dentist", "07,1,2026-05-05,dentist"]
    assert told(tmp_path, visits, ["1,7,1,2026-05-04,19.10", "2,07,1,2026-05-05,19.10"]) == []


@pytest.mark.parametrize(("client", "person"), [("010140-123A", "010140\u2013123A"), ("1001", "1001.0"), ("1", "01")])
def test_a_person_written_otherwise_is_refused_wherever_it_is(tmp_path, client, person):
    clients = f"person,age\n{client},80"
    for visit, bill in ((person, client), (client, person)):
        with pytest.raises(BadInput, match=f'the person "{person}" is written "{client}" among the clients'):
            found(tmp_path, [f"a,{visit},2026-05-04,dentist"], [f"1,a,{bill},2026-05-04,19.10"], clients)
    with pytest.raises(BadInput, match=f'the person "{person}" is written "{client}" among the services delivered'):
        found(tmp_path, [f"a,{client},2026-05-04,dentist"], [f"1,a,{person},2026-05-04,19.10"], "person,age\n2,80")


@pytest.mark.parametrize(
    ("visits", "bills", "events"),
    [
        (["a,1,2026-05-04,doctor_visit", "b,1,2026-05-04,doctor_urgent"], ["1,,1,2026-05-04,71.60"], ("b", "a")),
        (["a,1,2026-05-04,doctor_visit", "b,1,2026-05-18,doctor_visit"], ["1,,1,2026-05-31,60.40"], ("a", "b")),
        (["a,1,2026-05-04,doctor_visit", "b,1,2026-05-31,doctor_visit"], ["1,b,1,2026-05-30,0", "2,,1,2026-05-31,60.40"], ("a", "b")),
        (["a,1,2026-05-04,dentist", "b,1,2026-05-11,dentist"], ["1,a,1,2026-05-04,29.10", "2,b,1,2026-05-11,29.10", "3,,1,2026-06-01,-20.00"], ("a", "b")),
    ],
    ids=["of a day", "of a month", "of a month, on a visit's day", "one credit"],
)  # fmt: skip
def test_one_bill_or_credit_of_several_visits_is_told(tmp_path, visits, bills, events):
    whole = found(tmp_path, visits, bills)
    assert whole.differences == ()
    (remark,) = whole.remarks
    assert (remark.kind, sorted(remark.events)) == ("one_charge", sorted(events))
    assert whole.explained_eur == whole.charged_eur


def test_one_credit_of_the_fourth_and_fifth_doctors_visit(tmp_path):
    visits = [f"v{i},1,2026-0{i}-04,doctor_visit" for i in range(1, 6)]
    bills = [f"{i},v{i},1,2026-0{i}-04,30.20" for i in range(1, 6)]
    assert told(tmp_path, visits, [*bills, "9,,1,2026-06-05,-60.40"]) == []


def test_a_bill_that_may_be_of_others_is_told_as_it_is(tmp_path):
    """Three visits and a bill of two: of which two it is, nobody knows."""
    visits = [f"{e},1,2026-05-0{d},doctor_visit" for d, e in enumerate("abc", start=1)]
    kinds = [kind for kind, *_ in told(tmp_path, visits, ["1,,1,2026-05-31,60.40"])]
    assert kinds == ["never_billed"] * 3 + ["no_service"]
