"""A faulty definition is told by file, line, field and remedy: all faults at once."""

from datetime import date
from pathlib import Path

import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.services import load_library
from torni.services.rules import load_rules

TODAY = date(2026, 11, 22)


def faults_after(root: Path, file: str, old: str, new: str) -> str:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_library("keski-suomi", on=TODAY, root=root)
    return str(caught.value)


WARD = "services/nursing_and_care/ward.yaml"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("within_min: 60", "within_mins: 60", ['"within_mins" is not a field here', 'Did you mean "within_min"?', "ward.yaml:23"]),
        ("share: 0.95", "share: 1.5", ["at most 1 is expected", "found 1.5", "share: 0.95"]),
        ("kind: reach", "kind: reech", ['"reech" is not a kind of promise', "Write kind: reach, presence, feature,"]),
        ("kind: ward", "kind: wards", ['"wards" is not a kind of unit', 'Did you mean "ward"?']),
        ("population: residents", "population: resident", ['"resident" is not a population', 'Did you mean "residents"?']),
        ("source: preparation_2017", "source: preparation_2018", ['"preparation_2018" is not a source', 'Did you mean "preparation_2017"?']),
        ("group: nursing_and_care", "group: nursing", ['"nursing" is not a service area']),
        ("valid_from: 2017-01-01", "valid_from: soon", ['"soon" is not a date', "valid_from: 2017-01-01"]),
        ("mode: car", "mode: cart", ['"cart" is not one of', 'Did you mean "car"?']),
        ("id: ward", "id: wardroom", ['"wardroom" is not the file\'s name', "Write id: ward"]),
        ("name:\n", "name:\nname:\n", ['"name" is written twice', "ward.yaml:3"]),
        ("  sv: Vårdavdelning\n", "", ['"sv" is missing', "Write the Swedish text."]),
    ],
)  # fmt: skip
def test_each_fault_says_where_what_and_what_to_write(root, old, new, told):
    message = faults_after(root, WARD, old, new)
    assert "ward.yaml" in message
    for part in told:
        assert part in message


def test_what_may_be_chosen_is_listed_in_the_readers_language(root):
    with speaking("fi"):
        message = faults_after(root, WARD, "mode: car", "mode: cart")
    assert " tai " in message and " or " not in message


def test_all_faults_of_all_files_are_told_together(root):
    (root / "services/nursing_and_care/home_care.yaml").write_text("id: home_care\n")
    message = faults_after(root, WARD, "mode: car", "mode: boat")
    assert "ward.yaml" in message
    assert "home_care.yaml" in message


def test_a_file_that_is_not_yaml_is_told_by_its_line(root):
    message = faults_after(root, WARD, "group: nursing", "group: [nursing")
    assert "not readable as YAML" in message


def test_a_region_states_only_its_differences():
    shared = load_library("pirkanmaa", on=TODAY)
    own = load_library("keski-suomi", on=TODAY)
    assert [p.id for p in shared.services["hospital"].promises] == []
    assert [p.id for p in own.services["hospital"].promises] == ["at_nova"]
    assert own.services["hospital"].name == shared.services["hospital"].name
    assert own.number("fee.doctor_visit") == 30.20
    assert "fee.dentist" in own.parameters
    assert "fee.dentist" not in shared.parameters


def test_a_parameter_outside_its_dates_is_a_fault_and_never_a_default():
    with pytest.raises(BadInput, match="its first day is 2024-01-01"):
        load_library("keski-suomi", on=date(2023, 6, 1)).value("fee.outpatient_visit")


def test_a_dated_version_takes_over_on_its_first_day(root):
    later = (
        (root / WARD)
        .read_text(encoding="utf-8")
        .replace("2017-01-01", "2027-01-01")
        .replace("share: 0.95", "share: 0.98")
    )
    (root / "services/nursing_and_care/ward@2027-01-01.yaml").write_text(later, encoding="utf-8")
    before = load_library("keski-suomi", on=date(2026, 12, 31), root=root)
    after = load_library("keski-suomi", on=date(2027, 1, 1), root=root)
    assert [float(lib.services["ward"].promises[0].share) for lib in (before, after)] == [0.95, 0.98]
    assert before.version("ward") != after.version("ward")


@pytest.mark.parametrize(
    "name", ["Keski-Suomi", "keski suomi", "Mellersta Finland", "15", "Keski-Suomen hyvinvointialue", "KESKI-SUOMI"]
)
def test_a_region_is_found_by_any_of_its_names(name):
    assert load_library(name, on=TODAY).region.id == "keski-suomi"


def test_an_unknown_region_names_the_nearest():
    with pytest.raises(BadInput, match="pirkanmaa"):
        load_library("Pirkanma", on=TODAY)


def test_a_value_is_not_assumed_after_the_last_day_it_is_known_for(root):
    """An amount that is known for a year alone is that year's; of the next nothing is known, and nothing is made up."""
    path = root / "regions/keski-suomi/parameters.yaml"
    known = "{from: 2026-01-01, value: 71.30, source: keski_suomi_fees_2026}"
    path.write_text(path.read_text().replace(known, known.replace("value", "until: 2026-12-31, value")))
    assert load_library("keski-suomi", on=date(2026, 12, 31), root=root).number("fee.outpatient_visit") == 71.30
    with pytest.raises(BadInput, match="known only until 2026-12-31"):
        load_library("keski-suomi", on=date(2027, 1, 1), root=root).number("fee.outpatient_visit")


@pytest.mark.parametrize(("old", "new", "told"), [
    ("value: 30.20, source: keski_suomi", "value: 30.21, source: keski_suomi", "30.21 from 2026-01-01 is above the national maximum 30.2"),
    ("at_most: national.fee.doctor_visit", "at_most: national.fee.doctor_vist", 'Did you mean "national.fee.doctor_visit"?'),
])  # fmt: skip
def test_a_national_maximum_is_a_rule_on_rules(root, old, new, told):
    assert told in faults_after(root, "regions/keski-suomi/parameters.yaml", old, new)


def test_two_promises_may_rest_on_one_type_of_event():
    """A ceiling of its own on the invoices that the appropriation counts, and a quicker wait beside the law's: each has its own effects."""
    from torni.services.change import parse_changes
    from torni.services.door_book import book_of

    ceiling = "{id: ceiling, kind: budget, sentence: {fi: x, sv: x, en: x}, broken: {fi: x, sv: x, en: x}, source: invented, event: invoice.received, appropriation: appropriation.home_care}"
    (change,) = parse_changes(f"name: x\nservices: {{home_care: {{promises: [{ceiling}]}}}}\n")
    library = load_library("keski-suomi", on=TODAY, layers=[change.layer(TODAY)])
    book = book_of(load_rules(library), since=TODAY)
    counting = {c.promise for c in book.countings if c.service == "home_care" and c.type == "invoice.received"}
    assert counting == {"home_care.within_appropriation", "home_care.ceiling"}


@pytest.mark.parametrize(("old", "new", "told"), [
    ("cost: cost_home_care", "cost: cost_homecare", 'formulas.home_care.cost: "cost_homecare" is not a formula'),
    ("cost: cost_home_care", "cost: doctor_visit", "only a client's fee is held to a cost"),
    ("cost: cost_home_care", "cost: cost_dentist", "the fee is in EUR/month, its cost in EUR/visit"),
    ("counted_by: doctor_visits_this_year", "counted_by: doctor_visit_this_year", 'Did you mean "doctor_visits_this_year"?'),
    ("counted_by: doctor_visits_this_year", "counted_by: bmi", '"bmi" is not a field that counts'),
])  # fmt: skip
def test_a_fees_cost_and_its_count_are_checked(root, old, new, told):
    path = root / "formulas/fees.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(BadInput) as caught:
        load_rules(load_library("keski-suomi", on=TODAY, root=root))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("like: decision.mad", "decision.refused: like names no type of this file"),
        ("like: decision.continued", "decision.refused: like names no type of this file"),
        ("like: decision.made\n    needs: [service]", "decision.refused: what is sent is that of like"),
    ],
)
def test_a_type_like_another_is_like_one_that_is_written_out(root, new, told):
    assert told in faults_after(root, "events/guidance.yaml", "like: decision.made", new)


def test_a_type_like_another_is_sent_with_the_same(root):
    kinds = load_library("keski-suomi", on=TODAY).event_kinds
    made, refused = kinds["decision.made"], kinds["decision.refused"]
    assert (refused.needs, refused.data, refused.bounds, refused.sent) == (
        made.needs,
        made.data,
        made.bounds,
        made.sent,
    )
    assert refused.what != made.what and "verdict" in refused.data
