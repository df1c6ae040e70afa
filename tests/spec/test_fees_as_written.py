"""What holds for every fee, whoever the client: never above the cost, never of what is not known; and months are calendar months."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.spec.conftest import rules_on
from torni.guidance import reckon_fee
from torni.guidance.client import client_of
from torni.services.chain import chains
from torni.services.change import parse_changes
from torni.services.door_book import book_of
from torni.services.library import load_library
from torni.services.rules import load_rules

TODAY = date(2026, 11, 22)
CLIENTS = st.fixed_dictionaries(
    {},
    optional={
        "age": st.integers(0, 110),
        "household_size": st.integers(1, 20),
        "service_hours_month": st.integers(0, 744),
        "gross_income_eur_month": st.decimals(0, 99_999, places=2).map(str),
        "net_income_eur_month": st.decimals(0, 99_999, places=2).map(str),
        "spouse_net_income_eur_month": st.decimals(0, 99_999, places=2).map(str),
        "lived_with_spouse": st.booleans(),
        "spouse_in_long_term_care": st.booleans(),
        "doctor_visits_this_year": st.integers(0, 60),
        "serial_treatments_this_year": st.integers(0, 60),
    },
)


@given(CLIENTS)
def test_no_fee_is_above_its_cost_whoever_the_client(client):
    """The law of section 2, and the fee as it was reckoned wherever it is within the cost."""
    rules = rules_on("keski-suomi", TODAY)
    for name, formula in rules.formulas.items():
        found = reckon_fee(rules, name, client_of(client, rules))
        if found.amount is None or not formula.held_to_cost:
            continue
        own = Decimal(found.lines[len(formula.definition.lines) - 1][1] or 0)
        assert found.cost is not None
        if found.amount > 0:
            assert found.cost.eur is not None
            assert found.by_rule == min(own, found.cost.eur)
        assert found.cost.limits == (found.cost.eur is not None and own > found.cost.eur)


@given(CLIENTS)
def test_a_couple_never_pays_more_than_the_client_alone_would(client):
    """Act on client fees, section 7 c: the joint income never makes the fee greater than the client's own income alone would."""
    rules = rules_on("keski-suomi", TODAY)
    known = {
        "net_income_eur_month": "1500.00",
        "spouse_net_income_eur_month": "900.00",
        "spouse_in_long_term_care": False,
    } | client
    amounts = [
        reckon_fee(rules, "elder_housing", client_of(known | {"lived_with_spouse": together}, rules)).amount
        for together in (True, False)
    ]
    assert amounts[0] <= amounts[1]


def test_a_change_may_count_by_calendar_year():
    """A field of one's own that counts the year's visits, and one that counts both a year and so many days."""
    (change,) = parse_changes("""
name: Two urgent visits a calendar year
fields:
  urgent_this_year: {what: {fi: a, sv: a, en: Urgent visits}, type: whole, least: 0, most: 400, source: torni_default, counted: {event: emergency_visit, this_year: true}}
  urgent_lately: {what: {fi: a, sv: a, en: Urgent visits}, type: whole, least: 0, most: 400, source: torni_default, counted: {event: emergency_visit, this_year: true, within_days: 30}}
formulas:
  doctor_urgent:
    lines:
      - {id: fee, value: "case when age < param.fee.adult_age or urgent_this_year >= 2 then 0 else param.fee.doctor_urgent end"}
""")
    day = date(2027, 1, 15)
    rules = load_rules(load_library("keski-suomi", on=day, layers=[change.layer(day)]))

    def tried(*days):
        events = [{"kind": "emergency_visit", "on": d} for d in days]
        client = client_of({"age": 50, "events": events}, rules)
        return (
            client.facts["urgent_this_year"], client.facts["urgent_lately"], str(reckon_fee(rules, "doctor_urgent", client).amount)
        )  # fmt: skip

    assert tried("2026-10-02", "2026-12-30", "2026-12-31") == (0, 0, "41.40")
    assert tried("2026-12-31", "2027-01-01") == (1, 1, "41.40")
    assert tried("2027-01-01", "2027-01-02", "2027-01-16") == (2, 2, "0.00")


def test_the_care_guarantee_is_in_calendar_months():
    """Health Care Act, sections 51 a and 51 b: 3 months, and oral care 6 and, under 23, 3 (848/2024); before, 4 and 3 months."""
    limits = {
        date(2023, 10, 1): {"young_in_time": [(14, 0), (0, 4)], "adults_in_time": [(14, 0)], "care_in_time": [(0, 4)]},
        date(2024, 12, 1): {"young_in_time": [(14, 0), (0, 3)], "adults_in_time": [(14, 0)], "care_in_time": [(0, 3)]},
        date(2026, 11, 22): {"young_in_time": [(14, 0), (0, 3)], "adults_in_time": [(0, 3)], "care_in_time": [(0, 6)]},
    }
    for day, expected in limits.items():
        openings = book_of(rules_on("keski-suomi", day), since=day).openings
        for name, right in expected.items():
            assert [(o.days, o.months) for o in openings if o.promise.endswith(f".{name}")] == right, (day, name)


def test_an_assessment_is_owed_in_working_days():
    """Social Welfare Act 1301/2014, section 36: by the seventh working day; a chain's limit calls nobody late who is in time."""
    rules = rules_on("keski-suomi", date(2026, 11, 22))
    (owed,) = (o for o in book_of(rules, since=date(2026, 11, 22)).openings if o.promise.endswith(".assessed_in_time"))
    assert (owed.days, owed.months, owed.working) == (None, 0, 7)
    edge = next(e for e in chains(rules.library)["into_home_care"].chain.edges if e.then == "assessed")
    assert edge.within_days == 18, "Christmas, New Year and Epiphany within the seven"


def test_staffing_is_the_acts_of_each_day():
    """Act 980/2012 as in force: 0.5 from 1.10.2020, 0.55 from 2021, 0.6 from 2022, 0.65 from 1.4.2023, 0.6 from 2025 (741/2024)."""
    for day, ratio in (
        ("2020-12-31", 0.5),
        ("2021-12-31", 0.55),
        ("2023-03-31", 0.6),
        ("2024-12-31", 0.65),
        ("2025-01-01", 0.6),
    ):
        assert load_library("keski-suomi", on=date.fromisoformat(day)).number("staffing.elder_housing") == ratio


def test_amounts_that_nobody_has_read_for_the_year_are_told_with_the_fee():
    """The home-care limits of 2026 are those of 2024-2025 (1044/2023) kept: their index raise has not been read. Before 2026 they are law."""
    told = {}
    for day in (date(2025, 6, 1), date(2026, 6, 1)):
        rules = rules_on("keski-suomi", day)
        client = client_of({"household_size": 1, "gross_income_eur_month": 2000, "service_hours_month": 20}, rules)
        told[day.year] = reckon_fee(rules, "home_care", client)
    assert told[2025].assumed == () and told[2025].amount == told[2026].amount
    (source,) = told[2026].assumed
    assert told[2026].json()["assumed"] == [str(source.title)] and "index adjustment of 2026 has not been read" in str(
        source.title
    )


def test_what_must_be_published_by_each_unit_is_owed_again_by_the_acts_months():
    """Self-monitoring every 4 months (741/2023, section 27, from 2024); access figures monthly by unit (1326/2010, section 55)."""
    for day, acts in ((date(2023, 10, 1), False), (date(2026, 11, 22), True)):
        rules = rules_on("keski-suomi", day)
        openings = {o.promise: o for o in book_of(rules, since=day).openings}
        for name, type_, months in (
            ("elder_housing.self_monitoring_published", "self_monitoring.published", 4),
            ("doctor_reception.access_published", "access.published", 1),
        ):
            assert (openings[name].type, openings[name].days, openings[name].months) == (type_, 0, months)
        assert rules.library.value("publish.self_monitoring").source.invented is not acts, (
            "before the act, the region's own"
        )
