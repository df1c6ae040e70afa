"""What a client pays, to the cent, against amounts reckoned by hand from the sources' tables."""

from datetime import date
from decimal import Decimal

from tests.spec.conftest import rules_on
from torni.engines.rules import tree
from torni.engines.rules.evaluate import function
from torni.guidance import reckon_fee
from torni.guidance.client import client_of

_FIRST = "age: 40, doctor_visits_this_year: 0, serial_treatments_this_year: 0"


def test_home_care_takes_a_percentage_of_the_income_above_the_limit(fee_spec):
    """2022-23: limits 598 (one person), 1103 (two), +356 for each beyond six; percentages by hours and household."""
    fee_spec("home_care", """
        household_size | service_hours_month | gross_income_eur_month | amount
        1              | 4                   | 1598                   | 80.00
        1              | 5                   | 1598                   | 100.00
        1              | 8                   | 1598                   | 160.00
        1              | 16                  | 1598                   | 240.00
        1              | 17                  | 1598                   | 245.00
        1              | 37                  | 1598                   | 345.00
        1              | 38                  | 1598                   | 350.00
        1              | 200                 | 1598                   | 350.00
        2              | 5                   | 2103                   | 87.50
        2              | 23                  | 2103                   | 235.00
        2              | 24                  | 2103                   | 240.00
        3              | 22                  | 2731                   | 190.00
        4              | 16                  | 3140                   | 160.00
        5              | 12                  | 3591                   | 140.00
        6              | 8                   | 3976                   | 120.00
        8              | 8                   | 4688                   | 120.00
        1              | 10                  | 598                    | 0.00
        1              | 10                  | 100                    | 0.00
        1              | 10                  | 598.03                 | 0.01
    """, on="2023-06-01")  # fmt: skip


def test_a_fee_of_what_is_not_known_is_never_zero(fee_spec):
    fee_spec("home_care", """
        household_size | service_hours_month | gross_income_eur_month | amount
        1              | 10                  |                        | undecided: gross_income_eur_month
        1              |                     |                        | undecided: gross_income_eur_month, service_hours_month
                       |                     | 1500                   | undecided: service_hours_month, household_size
        20             |                     | 1500                   | undecided: service_hours_month
    """, on="2023-06-01")  # fmt: skip


def test_a_region_may_take_less(fee_spec):
    """Pohde 2026: no home-care fee under a gross income of 1,200 euros a month."""
    table = """
        gross_income_eur_month | amount
        1199.99                | {0}
        1200                   | 98.46
    """
    given = "household_size: 1, service_hours_month: 10"
    fee_spec("home_care", table.format("0.00"), region="pohjois-pohjanmaa", given=given)
    fee_spec("home_care", table.format("98.46"), given=given)


def test_no_fee_is_above_the_cost_of_producing_the_service(fee_spec):
    """Act on client fees, section 2. Home care costs 58 euros an hour, a day of housing 200 euros (times 30.4 days)."""
    fee_spec("home_care", """
        household_size | service_hours_month | gross_income_eur_month | amount
        1              | 10                  | 9000                   | 580.00
        1              | 1                   | 1598                   | 58.00
        1              | 1                   | 1378                   | 58.00
        1              | 1                   | 1377.99                | 58.00
        1              | 1                   | 1377                   | 57.92
        1              | 0                   | 9000                   | 0.00
        1              |                     | 9000                   | undecided: service_hours_month
    """)  # fmt: skip
    fee_spec("elder_housing", """
        net_income_eur_month | amount
        7000                 | 5950.00
        7152.94              | 6080.00
        9000                 | 6080.00
    """, given="lived_with_spouse: false")  # fmt: skip


def test_what_is_free_is_free_though_the_cost_is_not_known(fee_spec):
    """Pohde takes nothing under 1,200 euros a month, whatever the hours, which the cost would ask for."""
    fee_spec(
        "home_care",
        "gross_income_eur_month | amount\n 1100 | 0.00",
        region="pohjois-pohjanmaa",
        given="household_size: 1",
    )


def test_a_cost_not_known_on_the_day_is_said(rules, fee_spec):
    """The cost of a day of housing is known from 2024: before it the fee stands, and says that it was not held to the cost."""
    then = rules_on("keski-suomi", date(2023, 6, 1))
    client = {"net_income_eur_month": 9000, "lived_with_spouse": False}
    found = reckon_fee(then, "elder_housing", client_of(client, then))
    assert (str(found.amount), found.cost, found.json()["cost"]) == ("7650.00", None, None)
    assert "not been held" in found.cost_told
    now = reckon_fee(rules, "elder_housing", client_of(client, rules))
    assert now.json()["cost"] == {"formula": "cost_elder_housing", "eur": 6080.0, "limits": True}
    assert now.cost_told == "The fee is cut to what producing the service costs."
    less = reckon_fee(rules, "elder_housing", client_of({**client, "net_income_eur_month": 1000}, rules))
    assert less.json()["cost"] == {"formula": "cost_elder_housing", "eur": 6080.0, "limits": False}
    assert less.cost_told == ""


def test_every_client_fee_names_its_cost_or_says_why_none_limits_it(rules):
    for region in ("keski-suomi", "pirkanmaa"):
        for name, formula in rules_on(region, date(2026, 11, 22)).formulas.items():
            if formula.definition.paid_by == "client":
                assert formula.held_to_cost or (formula.definition.cost is None and formula.definition.note), name


def test_housing_takes_a_share_and_leaves_an_allowance(fee_spec):
    """85 % of net income, and at least 167 euros a month stays (2022-23), 182 from 2024 (decree 1044/2023)."""
    table = """
        net_income_eur_month | amount
        2000                 | 1700.00
        1000                 | {0}
        1213.33              | {1}
        150                  | 0.00
                             | undecided: net_income_eur_month
    """
    fee_spec("elder_housing", table.format("833.00", "1031.33"), on="2023-06-01", given="lived_with_spouse: false")
    fee_spec("elder_housing", table.format("818.00", "1031.33"), on="2025-06-01", given="lived_with_spouse: false")


def test_a_couples_joint_income_counts_only_for_the_one_who_earns_more(fee_spec):
    """Act on client fees, section 7 c: 42.5 % of the joint income where the client's is the greater and the spouse lives at home;
    the lower earner, and a couple of whom both are in care, pay 85 % of their own. Where the spouse is cared for is asked for wherever it
    matters: not told is neither at home nor in care."""
    fee_spec("elder_housing", """
        net_income_eur_month | lived_with_spouse | spouse_net_income_eur_month | spouse_in_long_term_care | amount
        2000                 | true              | 1000                        |                          | undecided: spouse_in_long_term_care
        2000                 | true              | 1000                        | false                    | 1275.00
        2000                 | true              | 1000                        | true                     | 1700.00
        2000                 | true              | 2000                        |                          | 1700.00
        2000                 | true              | 2500                        |                          | 1700.00
        2000.01              | true              | 2000                        | false                    | 1700.00
        1000                 | true              | 2500                        |                          | 833.00
        2000                 | true              | 0                           | false                    | 850.00
        2000                 | true              |                             | false                    | undecided: spouse_net_income_eur_month
        2000                 | true              |                             |                          | undecided: spouse_in_long_term_care, spouse_net_income_eur_month
        2000                 | true              |                             | true                     | 1700.00
        2000                 |                   |                             |                          | undecided: lived_with_spouse, spouse_in_long_term_care, spouse_net_income_eur_month
        2000                 |                   | 2500                        |                          | 1700.00
    """, on="2023-06-01")  # fmt: skip


def test_a_voucher_falls_with_income_but_not_below_its_least(fee_spec):
    """2014-15: 27 euros an hour less (income - limit) x percentage / 60, at least 7; by household 563 euros and 35 %, 1,039 and 22,
    1,628 and 18, 2,014 and 15, 2,438 and 13, 2,799 and 11; beyond six 342 more and a percentage point less for each person."""
    fee_spec("home_care_voucher", """
        household_size | gross_income_eur_month | amount
        1              | 500                    | 27.00
        1              | 563                    | 27.00
        1              | 1563                   | 21.17
        1              | 3991                   | 7.00
        1              | 9000                   | 7.00
        2              | 1039                   | 27.00
        2              | 2000                   | 23.48
        3              | 2628                   | 24.00
        4              | 3014                   | 24.50
        5              | 3438                   | 24.83
        6              | 3799                   | 25.17
        7              | 4141                   | 25.33
        8              | 4483                   | 25.50
        16             | 7219                   | 26.83
        17             | 9000                   | 27.00
        20             | 90000                  | 27.00
                       | 2000                   | undecided: household_size
        2              |                        | undecided: gross_income_eur_month
    """, on="2015-06-01")  # fmt: skip


def test_visits_cost_what_the_region_has_told(fee_spec):
    """Central Finland's release of 22 December 2025. Under 18 free, but for day surgery."""
    for formula, adult, child in (
        ("doctor_visit", "30.20", "0.00"),
        ("doctor_urgent", "41.40", "0.00"),
        ("outpatient_visit", "71.30", "0.00"),
        ("day_surgery", "233.80", "233.80"),
        ("no_show", "73.70", "0.00"),
        ("dentist", "19.10", "0.00"),
        ("dental_hygienist", "14.80", "0.00"),
    ):
        fee_spec(formula, f"age | amount\n 18 | {adult}\n 17 | {child}", given="doctor_visits_this_year: 0")


def test_visits_of_the_years_before_cost_the_maxima_of_the_decrees(fee_spec):
    """Decrees 1040/2023 (2024) and 543/2024 (2025)."""
    for formula, of_2024, of_2025 in (
        ("outpatient_visit", "46.00", "66.70"),
        ("day_surgery", "150.80", "218.70"),
        ("no_show", "56.70", "56.70"),
        ("dental_hygienist", "11.30", "13.80"),
        ("dentist", "14.60", "17.90"),
    ):
        fee_spec(formula, f"age | amount\n 40 | {of_2024}", on="2024-06-01")
        fee_spec(formula, f"age | amount\n 40 | {of_2025}", on="2025-06-01")


def test_the_hours_of_home_care_are_whole_and_halves_are_rounded_up(fee_spec):
    """Of the percentage, by the fee's own note: 8.5 hours are 9, so 17 % of (3,000 - 653)."""
    fee_spec("home_care", """
        service_hours_month | amount
        8                   | 375.52
        8.4                 | 375.52
        8.5                 | 398.99
        9                   | 398.99
        9.49                | 398.99
    """, given="household_size: 1, gross_income_eur_month: 3000")  # fmt: skip


def test_the_cost_of_home_care_is_that_of_the_hours_decided(fee_spec):
    """Act on client fees, sections 2 and 10 e: halves are rounded up for the percentage only; 4.5 hours cost 4.5 x 58 euros."""
    fee_spec("home_care", """
        service_hours_month | gross_income_eur_month | amount
        4.5                 | 5653                   | 261.00
        4.49                | 5653                   | 260.42
        5                   | 5653                   | 290.00
        0.5                 | 5653                   | 29.00
        1.5                 | 1653                   | 80.00
        4.5                 | 1653                   | 100.00
        4.49                | 1653                   | 80.00
    """, given="household_size: 1")  # fmt: skip


def test_a_war_veteran_pays_nothing_for_care_at_home_or_housing(fee_spec, rules):
    """Act 1184/1988, whatever else is known. Not told is taken for no only with a word, and only where it may be so."""
    fee_spec(
        "home_care",
        "is_veteran | amount\n true | 0.00\n  | undecided: gross_income_eur_month, service_hours_month, household_size",
    )
    fee_spec("elder_housing", "is_veteran | amount\n true | 0.00", given="net_income_eur_month: 2000")
    client = {"household_size": 1, "gross_income_eur_month": 1653, "service_hours_month": 8}
    for facts, told in (
        ({"age": 40}, 0),
        ({"age": 94}, 0),
        ({"age": 95}, 1),
        ({}, 1),
        ({"age": 97, "is_veteran": False}, 0),
    ):
        found = reckon_fee(rules, "home_care", client_of({**client, **facts}, rules))
        assert str(found.amount) == "160.00"
        assert [text for text in found.assumptions if "not a war veteran" in text] == list(found.assumptions)
        assert len(found.assumptions) == len(found.json()["assumptions"]) == told, facts


def test_what_is_left_of_the_ceiling_is_told_as_not_known_when_it_is_not(rules):
    """Absent is not nothing: the fee stands by rule, and every fee that counts towards the ceiling says what is not known."""
    for name, formula in rules.formulas.items():
        if formula.definition.paid_by != "client":
            continue
        client = {"age": 40, "doctor_visits_this_year": 0, "serial_treatments_this_year": 0}
        found = reckon_fee(rules, name, client_of(client, rules))
        if not formula.definition.counts_towards_ceiling:
            assert (found.ceiling, found.ceiling_told) == (None, ""), name
            continue
        assert found.amount == found.by_rule is not None, name
        assert found.json()["ceiling"] == {"counts": True, "limit_eur": 815.0, "paid_eur": None, "left_eur": None}, name
        assert "815.00 euros is not known" in " ".join(found.notes), name
        known = reckon_fee(rules, name, client_of({**client, "fees_paid_this_year_eur": 815}, rules))
        assert (known.amount, known.ceiling_told) == (0, "Of the yearly ceiling 815.00 euros, 0.00 euros is left."), (
            name
        )


def test_a_formulas_note_is_told_with_the_fee_once(rules):
    for name, formula in rules.formulas.items():
        found = reckon_fee(rules, name, client_of({"age": 40}, rules))
        if formula.definition.note:
            assert found.notes.count(str(formula.definition.note)) == 1, name
        assert any("organiser pays" in told for told in found.notes) == (formula.definition.paid_by == "organiser"), (
            name
        )


def test_an_amount_of_a_year_that_nobody_has_checked_says_so(rules):
    """An amount of 2026 is not known to hold in 2028: the index of the fees changes every other year."""
    client = {
        "age": 40,
        "doctor_visits_this_year": 0,
        "household_size": 1,
        "gross_income_eur_month": 1653,
        "service_hours_month": 8,
    }
    for name in ("doctor_visit", "home_care", "home_care_voucher"):
        assert not any("last checked" in told for told in reckon_fee(rules, name, client_of(client, rules)).assumptions)
        then = rules_on("keski-suomi", date(2028, 6, 1))
        found = reckon_fee(then, name, client_of(client, then))
        assert any("last checked in 2026" in told and "2028" in told for told in found.assumptions), name


def test_whether_a_child_pays_for_day_surgery_is_told_as_assumed(rules):
    for age, told in ((17, 1), (18, 0)):
        found = reckon_fee(rules, "day_surgery", client_of({"age": age}, rules))
        assert (str(found.amount), len(found.assumptions)) == ("233.80", told)


def test_visits_cost_at_most_what_the_decree_of_the_year_says(fee_spec):
    """Decrees 1040/2023 (2024) and 543/2024 (2025); 2026 is 2025 raised by the index, 6.93 %."""
    for formula, amounts in {
        "doctor_visit": ("23.00", "28.20", "30.20"),
        "doctor_urgent": ("31.60", "38.70", "41.40"),
        "serial_treatment": ("12.80", "18.60", "19.90"),
    }.items():
        for year, amount in zip((2024, 2025, 2026), amounts, strict=True):
            fee_spec(formula, f"age | amount\n 40 | {amount}", given=_FIRST, on=f"{year}-06-01", region="pirkanmaa")


def test_national_maxima_are_the_decrees(rules):
    """The table of the decrees, every year and every fee; 2026 by the index (told as 6.93 %; 1.0692 gives
    every published fee to the nearest ten cents; no-show as the region told)."""
    for fee, amounts in {
        "doctor_visit": (23.00, 28.20, 30.20),
        "doctor_urgent": (31.60, 38.70, 41.40),
        "serial_treatment": (12.80, 18.60, 19.90),
        "outpatient_visit": (46.00, 66.70, 71.30),
        "day_surgery": (150.80, 218.70, 233.80),
        "no_show": (56.70, 56.70, 73.70),
        "dental_hygienist": (11.30, 13.80, 14.80),
        "dentist": (14.60, 17.90, 19.10),
    }.items():
        known = rules.library.parameters[f"national.fee.{fee}"].values
        assert [(v.from_.year, float(v.value)) for v in known] == [(2024 + i, a) for i, a in enumerate(amounts)], fee
        if fee != "no_show":
            assert round(amounts[1] * 1.0692, 1) == amounts[2], fee


def test_the_doctors_fee_is_for_the_three_first_visits_of_a_calendar_year(fee_spec, rules):
    """Decree 912/1992, section 7. How many there have been is a fact: not known, the fee is not known either."""
    fee_spec("doctor_visit", """
        age | doctor_visits_this_year | amount
        50  | 0                       | 30.20
        50  | 2                       | 30.20
        50  | 3                       | 0.00
        50  | 40                      | 0.00
        50  |                         | undecided: doctor_visits_this_year
        17  |                         | 0.00
            | 0                       | undecided: age
    """)  # fmt: skip
    visits = [{"kind": "doctor_visit", "on": day} for day in ("2026-02-02", "2026-04-02", "2026-12-31")]
    new_year = rules_on("keski-suomi", date(2027, 1, 1))
    for known, day, amount in ((visits, rules, "30.20"), (visits, new_year, "30.20"), ([*visits, {"kind": "doctor_visit", "on": "2026-11-22"}], rules, "0.00"), ([], rules, "30.20")):  # fmt: skip
        assert str(reckon_fee(day, "doctor_visit", client_of({"age": 50, "events": known}, day)).amount) == amount


def test_visits_of_which_no_fee_was_taken_leave_the_three_to_be_charged(rules):
    """Three free ones at 17, then the first at 18: the limit is of visits that are charged."""
    free = [{"kind": "doctor_visit", "on": f"2026-0{m}-02", "charged": False} for m in (1, 2, 3)]
    for events, amount in ((free, "30.20"), ([{**e, "charged": True} for e in free], "0.00"), ([{**e, "charged": "no"} for e in free], "30.20")):  # fmt: skip
        assert str(reckon_fee(rules, "doctor_visit", client_of({"age": 18, "events": events}, rules)).amount) == amount


def test_of_one_just_of_age_earlier_visits_may_have_been_a_minors(rules):
    """Of three visits before it is not told whether they were charged: at 18 they may have been free, at 19 none was. Two leave a third
    to be charged whichever it was."""
    untold = [{"kind": "doctor_visit", "on": f"2026-0{m}-02"} for m in (1, 2, 3)]
    for age, events, amount in (
        (18, untold, None),
        (18, untold[:2], "30.20"),
        (19, untold, "0.00"),
        (17, untold, "0.00"),
        (18, [{**untold[0], "charged": False}, *untold[1:]], "30.20"),
        (18, [*({**e, "charged": True} for e in untold), {"kind": "doctor_visit", "on": "2026-04-02"}], "0.00"),
    ):
        found = reckon_fee(rules, "doctor_visit", client_of({"age": age, "events": events}, rules))
        assert (found.amount if found.amount is None else str(found.amount)) == amount, (age, events)
        assert [f.name for f in found.because] == ([] if amount else ["doctor_visits_this_year"])


def test_serial_treatment_is_charged_45_times_a_year(fee_spec):
    """Decree 912/1992, section 11: at most 45 times a calendar year, and not under the age of 18."""
    fee_spec("serial_treatment", """
        age | serial_treatments_this_year | amount
        40  | 0                           | 19.90
        40  | 44                          | 19.90
        40  | 45                          | 0.00
        17  | 0                           | 0.00
        40  |                             | undecided: serial_treatments_this_year
    """)  # fmt: skip


def test_the_ceiling_leaves_only_what_is_left(fee_spec):
    """815 euros in 2026, 762 in 2024-25, 692 in 2023; a home-care fee does not count towards it."""
    fee_spec("doctor_visit", """
        fees_paid_this_year_eur | amount
        700                     | 30.20
        800                     | 15.00
        815                     | 0.00
        900                     | 0.00
    """, given=_FIRST)  # fmt: skip
    fee_spec(
        "doctor_visit", "fees_paid_this_year_eur | amount\n 750 | 12.00\n 762 | 0.00", given=_FIRST, on="2025-06-01"
    )
    fee_spec("home_care", """
        fees_paid_this_year_eur | amount
        815                     | 152.46
    """, given="household_size: 1, service_hours_month: 10, gross_income_eur_month: 1500")  # fmt: skip


def test_home_care_limits_of_2024_and_2025_are_the_decrees(fee_spec):
    """Decree 1044/2023: 653, 1205, 1891, 2338, 2830, 3251 euros and 389 for each further person; a euro above costs the percentage."""
    fee_spec("home_care", """
        household_size | gross_income_eur_month | amount
        1              | 653                    | 0.00
        1              | 753                    | 8.00
        2              | 1305                   | 7.00
        3              | 1991                   | 6.00
        4              | 2438                   | 6.00
        5              | 2930                   | 6.00
        6              | 3351                   | 6.00
        7              | 3740                   | 6.00
        8              | 4129                   | 6.00
    """, given="service_hours_month: 4", on="2025-06-01")  # fmt: skip


def test_home_care_percentage_is_the_counties_table(rules):
    """Every row of the table by its own rule: from 8 hours a point an hour (one person), three quarters (two) or a half, to the top."""
    share = function(tree.Lookup(rules.tables["home_care.percentage"]))
    for hours in range(1, 60):
        first = max(hours, 4)
        one = Decimal(2 * first if first <= 8 else min(16 + first - 8, 24) + Decimal(max(0, min(first, 38) - 16)) / 2)
        low = Decimal("1.75") * first if first <= 8 else min(14 + Decimal("0.75") * (first - 8), Decimal(20))
        two = min(low + Decimal(max(0, first - 16)) / 2, Decimal("23.5")) if first < 24 else Decimal(24)
        rest = Decimal("1.5") * min(first, 8) + Decimal(max(0, first - 8)) / 2
        right = [one, two, *(min(rest, Decimal(top)) for top in (19, 16, 14, 12))]
        found = [share({"service_hours_month": hours, "household_size": size}) * 100 for size in range(1, 7)]
        assert found == right, hours


def test_bands_of_any_shape(fee_spec):
    fee_spec("family_voucher", """
        age | household_size | amount
        0   | 3              | 620.00
        2   | 5              | 700.00
        6   | 4              | 510.00
        17  | 9              | 340.00
        18  | 2              | 0.00
    """)  # fmt: skip
