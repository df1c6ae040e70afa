"""A client's facts: checked against their fields, counted from events, and too old to count."""

import json
from datetime import date
from decimal import Decimal

import pytest

from torni.core.faults import BadInput
from torni.guidance import proposal_of
from torni.guidance.client import parse_client, read_client


def test_yaml_and_json_say_the_same(rules):
    yaml_ = parse_client("age: 82\ngross_income_eur_month: 1500.10\nmunicipality: 179\nlives_alone: true\n", rules)
    text = json.dumps({"age": 82, "gross_income_eur_month": 1500.10, "municipality": "Jyväskylä", "lives_alone": "yes"})
    assert yaml_.facts == parse_client(text, rules).facts
    assert yaml_.facts["gross_income_eur_month"] == Decimal("1500.10")
    assert yaml_.facts["municipality"] == "179"
    assert yaml_.facts["decision_day"] == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("rai_mapel: 4", 'Did you mean "rai_maple"?'),
        ("rai_maple: 6", "6 is outside the range 1–5"),
        ("age: old", '"old" is not a number'),
        ("age: 82.5", "82.5 is not a whole number"),
        ("age: .inf", "is not a number"),
        ("gross_income_eur_month: 1.005", "more than 2 decimals"),
        ("lives_alone: perhaps", "not yes or no"),
        ("municipality: Jyvaskyla", 'Did you mean "jyväskylä"?'),
        ("contacted_on: soon", "not a date"),
        ("rai_maple: {value: 4, at: 2026-01-01}", "a value and its day are expected"),
        ("rai_maple: {value: 4, on: 2027-01-01}", "after the day of the decision"),
        ("events: [{kind: emergency}]", "an event has a kind and a day"),
        ("events: [{on: 2026-03-01}]", "an event has a kind and a day"),
        ("events: [{kind: null, on: 2026-03-01}]", "an event has a kind and a day"),
        ("events: [{kind: emergency_vist, on: 2026-01-01}]", 'Did you mean "emergency_visit"?'),
        ("rai_maple: {value: 4, on: 2026-02-30}", 'rai_maple.on: "2026-02-30" is not a date'),
        ("rai_maple: {value: 4, on: 2026-11-22T22:30:00Z}", "after the day of the decision"),  # the 23rd in Helsinki
        ("contacted_on: 2026-02-30", '"2026-02-30" is not a date'),
        ("gross_income_eur_month: '1.500'", '"1.500" may be 1500 or 1.500'),
        ("gross_income_eur_month: 1,500", "Write 1500 or 1.5000."),
        ("gross_income_eur_month: 1_500", '"1_500" is not a number'),
        ("gross_income_eur_month: 1_500.50", '"1_500.50" is not a number'),
        ("gross_income_eur_month: '١٥٠٠'", "is not a number"),
        ("- age", "a client's facts are expected"),
        ("age: [", "not readable"),
    ],
)
def test_each_fault_says_what_to_write(rules, text, what):
    with pytest.raises(BadInput, match="client") as caught:
        parse_client(text, rules)
    assert what in str(caught.value)


@pytest.mark.parametrize("text", ["1500,50", "1 500,50", "'1\u00a0500,50'", "'1500.50'", "1.5005e+3", '"1.500,50"'])
def test_a_number_is_read_as_people_write_it_here(rules, text):
    assert parse_client(f"gross_income_eur_month: {text}", rules).facts["gross_income_eur_month"] == Decimal("1500.50")


def test_a_day_is_read_as_in_every_table_and_a_moment_is_of_its_day_in_helsinki(rules):
    for text in ("2026-03-31T22:30:00Z", "2026-04-01", "1.4.2026", "'20260401'", "2026-04-01 09:30"):
        client = parse_client(f"rai_maple: {{value: 4, on: {text}}}\ncontacted_on: {text}", rules)
        assert (client.measured["rai_maple"], client.facts["contacted_on"]) == (date(2026, 4, 1), date(2026, 4, 1))


def test_letters_that_would_be_lost_on_the_way_to_the_letter_are_refused(rules, tmp_path):
    file = tmp_path / "client.yaml"
    text = "age: 82\nletter: {name: Väinö Mäki, address: Kylätie 1}\n"
    for encoding in ("utf-8", "utf-8-sig"):
        file.write_text(text, encoding=encoding)
        assert read_client(file, rules).letter["name"] == "Väinö Mäki"
    for encoding in ("cp1252", "utf-16"):
        file.write_text(text, encoding=encoding)
        with pytest.raises(BadInput, match=r"client\.yaml: not UTF-8 text"):
            read_client(file, rules)


def test_all_faults_are_told_at_once(rules):
    with pytest.raises(BadInput) as caught:
        parse_client("rai_mapel: 4\nage: 130\nlanguage: xx", rules)
    assert len(caught.value.faults) == 3


def test_an_old_assessment_counts_as_missing_and_says_so(rules):
    client = parse_client("rai_maple: {value: 4, on: 2025-11-21}\nrai_adlh: 0\nrai_cps: 0", rules)
    assert client.facts["rai_maple"] is None
    found = proposal_of(rules, "home-care", client)
    assert found.verdict == "undecided"
    assert found.json()["missing_facts"][0] == {
        "field": "rai_maple", "label": "MAPLe", "could_change": True, "why": "measured on 21 November 2025, more than 12 months ago",
    }  # fmt: skip
    fresh = parse_client("rai_maple: {value: 4, on: 2025-11-22}\nrai_adlh: 0\nrai_cps: 0", rules)
    assert proposal_of(rules, "home_care", fresh).verdict == "granted"


def test_events_are_counted_before_the_rule(rules):
    events = """
        events:
          - {kind: diagnosis, code: E11.9, on: 2001-05-05}
          - {kind: emergency_visit, on: 2026-11-01}
          - {kind: emergency_visit, on: 2025-11-22}
          - {kind: emergency_visit, on: 2025-11-21}
          - {kind: influenza_vaccination, on: 2025-11-01}
    """
    facts = parse_client(events, rules).facts
    assert (facts["has_diabetes"], facts["has_coronary_disease"], facts["emergency_visits_within_year"]) == (
        True,
        False,
        2,
    )
    assert facts["vaccinations_within_year"] == 0
    nothing_told = parse_client("age: 40", rules).facts
    assert nothing_told["has_diabetes"] is None
    assert nothing_told["vaccinations_within_year"] is None


def test_the_answer_for_machines(rules):
    answer = proposal_of(
        rules, "home-care", parse_client("age: 82\nrai_maple: 4\nrai_cps: 2\nhousehold_size: 1", rules)
    ).json()
    assert answer["service"] == "home_care"
    assert answer["verdict"] == "granted"
    assert [(r["rule"], r["state"], r["decided"]) for r in answer["reasons"]] == [
        ("rai_maple >= param.grant.home_care.maple", "held", True),
        ("rai_adlh >= param.grant.home_care.adlh", "missing", False),
        ("rai_cps >= param.grant.home_care.cps", "not_held", False),
        ("housing is null", "held", True),
        ("housing in ('own_home', 'communal')", "missing", False),
    ]
    assert answer["reasons"][0]["text"] == "The MAPLe score of service need (1–5) is at least 3 (known: 4)"
    assert answer["missing"] == ["rai_adlh", "housing"]
    assert answer["would_change"][0]["field"] == "housing"
    assert answer["would_change"][0]["verdict"] == "refused"
    assert answer["needs_judgement"] is True
    assert answer["invented"] is True
    assert answer["fee"]["undecided_because"] == ["gross_income_eur_month", "service_hours_month"]
    assert answer["fee"]["amount_eur"] is None


def test_the_nearest_single_change(rules):
    found = proposal_of(
        rules, "home_care", parse_client("rai_maple: 1\nrai_adlh: 1\nrai_cps: 0\nhousing: own_home", rules)
    )
    assert found.verdict == "refused"
    assert [(c.field.name, c.now, c.to) for c in found.changes] == [
        ("rai_adlh", 1, 2), ("rai_cps", 0, 3), ("rai_maple", 1, 3),
    ]  # fmt: skip
