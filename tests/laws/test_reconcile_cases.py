"""One person's bills, credits and visits as they come: which of them differ, and in what."""

from __future__ import annotations

import pytest

from torni.core.faults import BadInput
from torni.supervision import reconcile

CLIENTS = "person,age,household_size,gross_income_eur_month\n1,50,1,3000\n2,60,2,4000"
VISITS = "event,person,on,formula"


def told(folder, visits, charges, clients=CLIENTS, heads=VISITS):
    tables = {
        "clients": clients,
        "delivered": "\n".join([heads, *visits]),
        "charged": "\n".join(["charge,event,person,on,amount_eur", *charges]),
    }
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
    found = reconcile(*(folder / f"{name}.csv" for name in tables), region="keski-suomi")
    return [(d.kind, d.event, str(d.rule_eur), str(d.charged_eur)) for d in found.differences]


def urgent(n, first="41.40"):
    """So many urgent visits, a day apart, and their bills: 19 come to 786.60 of the ceiling of 815."""
    visits = [f"e{i},1,2026-01-{i + 1:02},doctor_urgent" for i in range(n)]
    return visits, [f"c{i},e{i},1,2026-01-{i + 1:02},{'41.40' if i else first}" for i in range(n)]


def test_what_was_charged_too_much_does_not_fill_the_ceiling(tmp_path):
    visits, charges = urgent(19, first="200.00")
    assert told(tmp_path, visits, charges) == [("wrong", "e0", "41.40", "200.00")]
    visits, charges = urgent(19)
    assert told(tmp_path, visits, [*charges, "x,e0,1,2026-01-01,41.40"]) == [("billed_twice", "e0", "0.00", "41.40")]
    visits, charges = urgent(20)
    assert told(tmp_path, visits, charges) == [("over_ceiling", "e19", "28.40", "41.40")]
    late = [*charges, "x,,1,2026-02-01,-13.00"]
    assert told(tmp_path, visits, late) == [], "a credit that makes it right to the cent, the ceiling counted"


@pytest.mark.parametrize(("paid", "remarks"), [("50", ["less_than_charged"]), ("71.30", []), ("100", [])])
def test_a_year_told_as_less_than_the_list_itself_charged_is_told(tmp_path, paid, remarks):
    tables = {
        "clients": f"person,from,age,fees_paid_this_year_eur\n1,2026-01-01,50,\n1,2026-06-01,50,{paid}",
        "delivered": f"{VISITS}\na,1,2026-02-01,outpatient_visit\nb,1,2026-07-01,outpatient_visit",
        "charged": "charge,event,person,on,amount_eur\n1,a,1,2026-02-01,71.30\n2,b,1,2026-07-01,71.30",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
    found = reconcile(*(tmp_path / f"{name}.csv" for name in tables), region="keski-suomi")
    assert [r.kind for r in found.remarks] == remarks and not found.differences


@pytest.mark.parametrize("name", ["", "b"])
def test_a_credit_of_one_visit_of_a_months_bill_leaves_the_others_explained(tmp_path, name):
    visits = ["a,1,2026-05-01,serial_treatment", "b,1,2026-05-08,serial_treatment"]
    found = told(tmp_path, visits, ["1,,1,2026-05-31,39.80", f"2,{name},1,2026-06-10,-19.90"])
    ((kind, event, *euros),) = found
    assert (kind, euros) == ("never_billed", ["19.90", "0.00"]) and event in (name or "ab")
    too_great = ["1,,1,2026-05-31,50.00", f"2,{name},1,2026-06-10,-10.20"]
    assert told(tmp_path, visits, too_great) == [] or not name, "a bill too great and its credit are right together"


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_credit_that_names_its_visit_has_had_a_bill(tmp_path, name):
    visits = [f"{name},1,2026-01-05,doctor_visit", "b,1,2026-01-05,doctor_visit"]
    found = told(tmp_path, visits, ["1,,1,2026-01-05,30.20", f"2,{name},1,2026-01-20,-30.20"])
    assert sorted(found) == sorted(("never_billed", event, "30.20", "0.00") for event in (name, "b"))


@pytest.mark.parametrize(
    ("visits", "charges"),
    [
        (["a,1,2026-01-05,doctor_visit"], ["1,a,1,2026-01-05,41.40", "3,,1,2026-02-01,-41.40", "4,,1,2026-02-02,30.20"]),
        (["a,1,2026-01-05,doctor_visit"], ["1,,1,2026-01-05,41.40", "3,,1,2026-02-01,-41.40", "4,,1,2026-02-02,30.20"]),
        (["a,1,2026-01-05,doctor_visit", "b,1,2026-02-06,doctor_visit"], ["1,a,1,2026-01-05,41.40", "2,,1,2026-02-06,-11.20", "4,,1,2026-02-06,30.20"]),
        (["a,1,2026-01-05,doctor_visit", "b,1,2026-02-06,doctor_visit"], ["1,a,1,2026-01-05,41.40", "2,,1,2026-02-06,-41.40", "3,,1,2026-02-06,30.20", "4,b,1,2026-02-06,30.20"]),
        (["a,1,2026-01-05,doctor_visit", "b,1,2026-01-05,serial_treatment"], ["1,,1,2026-01-05,30.20", "2,,1,2026-01-05,19.90", "3,,1,2026-01-05,30.20", "4,,1,2026-01-05,-30.20"]),
        (["a,1,2026-01-05,doctor_visit"], ["1,a,1,2026-01-05,30.20", "2,x9,1,2026-01-09,30.20", "3,x9,1,2026-01-20,-30.20"]),
        (["a,1,2026-01-05,doctor_visit"], ["1,a,1,2026-01-05,30.20", "2,x9,1,2026-01-09,15.00", "3,x9,1,2026-01-09,15.20", "4,x9,1,2026-01-20,-30.20"]),
        (["a,1,2026-01-05,doctor_visit"], ["1,,1,2026-01-05,15.10", "2,,1,2026-01-05,15.10"]),
        (["a,1,2026-01-05,doctor_visit", "b,1,2026-01-05,doctor_visit"], ["1,,1,2026-01-05,41.40", "3,b,1,2026-01-05,30.20", "2,a,1,2026-01-20,-11.20"]),
        (["a,1,2026-01-05,doctor_visit"], ["1,a,1,2026-01-05,30.20", "2,,1,2026-03-09,0.00"]),
    ],
    ids=["credited and billed anew", "and none with a number", "credited on the day of another visit", "all on the day of another visit", "a bill and its credit beside", "of no visit, with a number", "of no visit, in two parts", "in two parts", "one bill with a number", "a bill of nothing for no visit"],
)  # fmt: skip
def test_what_is_right_to_the_cent_in_the_end_is_no_difference(tmp_path, visits, charges):
    assert told(tmp_path, visits, charges) == []


def test_a_whole_credit_without_a_number_takes_back_its_bill(tmp_path):
    visits = ["a,1,2026-01-05,doctor_visit", "b,1,2026-02-05,doctor_visit"]
    charges = ["1,,1,2026-01-05,30.20", "2,b,1,2026-02-05,30.20", "3,,1,2026-03-09,-30.20"]
    assert told(tmp_path, visits, charges) == [("never_billed", "b", "30.20", "0.00")]


def test_bills_of_nothing_meet_visits_of_nothing(tmp_path):
    child = "person,age\n1,10"
    visits = ["a,1,2026-03-01,doctor_visit", "b,1,2026-03-01,doctor_urgent"]
    assert told(tmp_path, visits, ["1,,1,2026-03-01,0", "2,,1,2026-03-01,0.00"], child) == []
    visits = [f"{e},1,2026-01-0{d},doctor_visit" for d, e in enumerate("abcd", start=1)] + ["e,1,2026-01-04,serial_treatment"]  # fmt: skip
    charges = [f"{d},{e},1,2026-01-0{d},30.20" for d, e in enumerate("abc", start=1)]
    assert told(tmp_path, visits, [*charges, "4,,1,2026-01-04,0.00", "5,,1,2026-01-04,19.90"]) == []


@pytest.mark.parametrize(
    ("times", "billed"),
    [
        (["2025-12-29", "2025-12-30", "2025-12-31", "2025-12-31T15:00"], "abc"),
        (["2025-12-31T10:00", "2025-12-31", "2025-12-31T11:00", "2025-12-31T12:00"], "abc"),
        (["2025-12-29", "2025-12-30", "2025-12-31T00:00", "2025-12-31T12:00"], "abc"),
        (["2025-12-29", "2025-12-30", "2025-12-31", "2025-12-31T15:00"], "abd"),
        (["2025-12-31T10:00", "2025-12-31T11:00", "2025-12-31T12:00", "2025-12-31"], "abc"),
    ],
)  # fmt: skip
def test_of_a_day_with_times_and_without_those_come_first_that_were_charged(tmp_path, times, billed):
    visits = [f"{e},1,{on},doctor_visit" for e, on in zip("abcd", times, strict=True)]
    charges = [f"c{e},{e},1,{dict(zip('abcd', times, strict=True))[e][:10]},28.20" for e in billed]
    assert told(tmp_path, visits, charges) == []


def test_of_a_day_with_times_the_first_is_the_first(tmp_path):
    visits = [f"{e},1,2025-12-31T{h}:00,doctor_visit" for e, h in zip("abcd", (10, 11, 12, 13), strict=True)]
    charges = [f"c{e},{e},1,2025-12-31,28.20" for e in "abcd"]
    assert told(tmp_path, visits, charges) == [("wrong", "d", "0.00", "28.20")]
    assert told(tmp_path, visits, charges[:1]) == [
        ("never_billed", "b", "28.20", "0.00"),
        ("never_billed", "c", "28.20", "0.00"),
    ]


def test_a_visit_never_billed_takes_no_other_visits_place_among_the_three_charged(tmp_path):
    """Decree 912/1992, section 7: the fee is taken of three visits of a calendar year at most, so that with three charged nothing is lost
    though the first never was; of 45 serial treatments (section 11) likewise."""
    for day in ("2026-01-01T{}:00", "2026-01-{}", "2026-{}-04"):
        visits = [f"v{n},1,{day.format(n)},doctor_visit" for n in ("09", "10", "11", "12")]
        bills = [f"c{n},v{n},1,{day.format(n)[:10]},30.20" for n in ("09", "10", "11", "12")]
        assert told(tmp_path, visits, bills[1:]) == []
        assert told(tmp_path, visits, [bill.replace(f",v{bill[1:3]},", ",,") for bill in bills[1:]]) == []
        assert told(tmp_path, visits, bills[2:]) == [("never_billed", "v09", "30.20", "0.00")]
    treatments = [f"t{n:02},1,2026-{1 + n // 28:02}-{1 + n % 28:02},serial_treatment" for n in range(46)]
    clients = "person,age,fees_paid_this_year_eur\n1,50,0"
    few = [
        f"c{n:02},t{n:02},1,2026-{1 + n // 28:02}-{1 + n % 28:02},{19.90 if n < 41 else 19 if n == 41 else 0}"
        for n in range(1, 46)
    ]
    assert told(tmp_path, treatments, few, clients) == [], "40 x 19.90 and 19.00 are the ceiling"


DAYS = {"a": "2026-01-05", "b": "2026-02-05", "c": "2026-03-05", "d": "2026-05-20"}
MAY = "person,from,age\n1,2026-01-01,17\n1,2026-05-10,18"
UNTOLD = "person,from,age\n1,2026-05-10,18"
UNDATED = "person,age\n1,18"


@pytest.mark.parametrize(
    ("clients", "charged", "found"),
    [
        # A visit that was free to a minor takes no place among the three that are charged.
        (MAY, None, {"d": "never_billed"}),
        (MAY, "30.20", {}),
        (MAY, "0", {"d": "wrong"}),
        # Whether the earlier ones could be charged is not told: neither is whether this is among the three.
        (UNTOLD, None, dict.fromkeys("abcd", "cannot_tell")),
        (UNTOLD, "0", dict.fromkeys("abcd", "cannot_tell")),
        (UNTOLD, "30.20", dict.fromkeys("abc", "cannot_tell")),
        # An age without its day may be younger than the visits before the last.
        (UNDATED, None, dict.fromkeys("abcd", "cannot_tell")),
        (UNDATED, "0", dict.fromkeys("abcd", "cannot_tell")),
        (UNDATED, "30.20", dict.fromkeys("abc", "cannot_tell")),
        ("person,age\n1,19", "30.20", {"a": "never_billed", "b": "never_billed"}),
    ],
)
def test_earlier_visits_of_one_just_of_age(tmp_path, clients, charged, found):
    """Decree 912/1992, section 7: no fee of a minor, then of three visits a calendar year. Charged at 18 is right whichever it was."""
    visits = [f"{e},1,{day},doctor_visit" for e, day in DAYS.items()]
    bills = [] if charged is None else [f"1,d,1,{DAYS['d']},{charged}"]
    assert {event: kind for kind, event, *_ in told(tmp_path, visits, bills, clients)} == found


def test_what_is_free_to_a_minor_takes_no_place_after_what_is_told(tmp_path):
    """Two charged before the list: of those in it one more is charged, whatever was free before the birthday."""
    clients = "person,from,age,doctor_visits_this_year\n1,2026-01-01,17,\n1,2026-05-10,18,2"
    visits = [f"{e},1,{day},doctor_visit" for e, day in [*DAYS.items(), ("e", "2026-06-01")]]
    assert told(tmp_path, visits, ["1,d,1,2026-05-20,30.20"], clients) == []
    assert told(tmp_path, visits, [], clients) == [("never_billed", "d", "30.20", "0.00")]


def test_the_first_visit_of_one_of_age_is_charged_whoever_told_the_age(tmp_path):
    for clients in (UNDATED, UNTOLD):
        assert told(tmp_path, ["d,1,2026-05-20,doctor_visit"], [], clients) == [("never_billed", "d", "30.20", "0.00")]


def test_an_emergency_visit_before_the_birthday_may_have_been_free(tmp_path):
    visits = ["a,1,2026-01-05,doctor_urgent", "b,1,2026-05-20,doctor_urgent"]
    assert told(tmp_path, visits, ["1,b,1,2026-05-20,41.40"], UNDATED) == [("cannot_tell", "a", "None", "0.00")]
    assert told(tmp_path, visits, ["1,b,1,2026-05-20,41.40", "2,a,1,2026-01-05,41.40"], UNDATED) == []


def test_one_bill_of_a_month_explains_visits_that_hang_on_what_is_not_told(tmp_path):
    visits = [*(f"{e},1,{day},doctor_visit" for e, day in DAYS.items()), "e,1,2026-05-25,doctor_visit"]
    for clients in (UNTOLD, UNDATED):
        found = told(tmp_path, visits, ["1,,1,2026-05-31,60.40"], clients)
        assert {event: kind for kind, event, *_ in found} == dict.fromkeys("abc", "cannot_tell")


def test_what_had_been_before_the_list_is_counted(tmp_path):
    """Three visits before the list: its first is the fourth. 700 paid before it: 115 is left of 815."""
    fourth = "person,age,doctor_visits_this_year\n1,50,3"
    assert told(tmp_path, ["a,1,2026-09-05,doctor_visit"], ["1,a,1,2026-09-05,0"], fourth) == []
    begun = ["a,1,2026-09-05,doctor_visit,2", "b,1,2026-09-06,doctor_visit,"]
    heads = VISITS + ",doctor_visits_this_year"
    assert told(tmp_path, begun, ["1,a,1,2026-09-05,30.20"], heads=heads) == []
    paid = "person,age,fees_paid_this_year_eur\n1,50,700"
    visits = [f"{e},1,2026-09-0{d},doctor_urgent" for d, e in enumerate("abcd", start=5)]
    charges = [f"{d},{e},1,2026-09-0{d},{eur}" for d, (e, eur) in enumerate(zip("abcd", ("41.40", "41.40", "32.20", "0"), strict=True), start=5)]  # fmt: skip
    assert told(tmp_path, visits, charges, paid) == []


def test_what_the_clients_tell_of_a_year_is_of_that_year_alone(tmp_path):
    visits = ["a,1,2026-09-05,doctor_visit", "b,1,2027-01-05,doctor_visit"]
    charges = ["1,a,1,2026-09-05,0", "2,b,1,2027-01-05,30.20"]
    assert told(tmp_path, visits, charges, "person,age,doctor_visits_this_year\n1,50,3") == []
    dated = "person,from,age,doctor_visits_this_year,fees_paid_this_year_eur\n1,2026-08-01,50,3,815"
    assert told(tmp_path, visits, charges, dated) == []


def test_a_fee_without_a_value_on_its_day_stops_no_other(tmp_path):
    visits = ["a,1,2019-06-01,outpatient_visit", "b,1,2025-06-01,doctor_visit"]
    found = told(tmp_path, visits, ["1,a,1,2019-06-01,66.70", "2,b,1,2025-06-01,28.20"])
    assert found == [("cannot_tell", "a", "None", "66.70")]


def test_what_had_been_paid_is_the_clients_and_not_the_events(tmp_path):
    with pytest.raises(BadInput, match="Write it among the clients"):
        told(tmp_path, ["a,1,2026-09-05,doctor_urgent,700"], [], heads=f"{VISITS},fees_paid_this_year_eur")


def test_moments_and_sums_are_read_as_people_write_them(tmp_path):
    """Half past ten in the evening in Greenwich is half past one of the next day in Finland's summer."""
    visits = ["a,1,2026-03-31T22:30:00Z,doctor_visit", "b,1,2.4.2026 klo 9.30,doctor_visit"]
    charges = ['1,a,1,1.4.2026,"30,20 €"', "2,b,1,2.4.2026 10:00,60.40", '3,b,1,2.4.2026,"30,20-"']
    assert told(tmp_path, visits, charges) == []
    assert told(tmp_path, visits, [*charges, "4,b,1,2026-04-02,€30.20", "5,b,1,2026-04-02,(30.20)"]) == []


def test_a_table_programs_number_of_a_day_is_told_as_the_day(tmp_path):
    with pytest.raises(BadInput, match="number of 2026-04-01"):
        told(tmp_path, ["a,1,46113,doctor_visit"], [])


def test_half_hours_are_rounded_up_as_the_fee_does(tmp_path):
    heads = f"{VISITS},service_hours_month"
    assert told(tmp_path, ['a,1,2026-01-01,home_care,"8,5"'], ["1,a,1,2026-01-01,398.99"], heads=heads) == []


def test_visits_of_last_year_are_reckoned_by_its_decree(tmp_path):
    visits = ["a,1,2025-06-01,outpatient_visit", "b,1,2025-06-01,doctor_visit"]
    assert told(tmp_path, visits, ["1,a,1,2025-06-01,66.70", "2,b,1,2025-06-01,28.20"]) == []


def test_of_no_visit_a_credit_takes_back_the_bill_of_its_own_name_first(tmp_path):
    charges = ["1,x,1,2026-01-05,30.20", "2,x,1,2026-01-07,-30.20", "3,y,1,2026-01-06,-30.20"]
    assert told(tmp_path, ["a,2,2026-03-05,doctor_visit"], [*charges, "4,a,2,2026-03-05,30.20"]) == [
        ("no_service", "y", "0.00", "-30.20")
    ]
