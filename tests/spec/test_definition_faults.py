"""A faulty definition is told by file, line, field and remedy: all faults at once."""

from datetime import date
from pathlib import Path

import pytest

from torni.core.faults import BadInput
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
        ("within_min: 60", "within_mins: 60", ['"within_mins" is not a field here', 'Did you mean "within_min"?', "ward.yaml:19"]),
        ("share: 0.95", "share: 1.5", ["less than or equal to 1", "found 1.5", "share: 0.95"]),
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


def test_an_event_that_would_count_twice_is_a_fault_of_the_definition():
    """An event begins at most one thing owed and counts for at most one promise: otherwise it could not be taken back whole."""
    from torni.promises.answer import AnswerPromise
    from torni.promises.measure import MeasurePromise
    from torni.promises.sums import ambiguous

    text = {"fi": "x", "sv": "x", "en": "x"}

    def wait(id, **ages):
        return AnswerPromise(id=id, kind="wait", sentence=text, source="invented", opened_by="contact.made", answered_by="visit.made", within_days="wait.reply_days", ages=ages, share="0.9")  # fmt: skip

    def good(id):
        return MeasurePromise(
            id=id, kind="measure", sentence=text, source="invented", event="feedback.given", at_least=4, share="0.9"
        )

    def found(*promises, demand=None):
        told = ambiguous(promises, {demand: "demand"} if demand else {})
        return [(promises.index(promise), what) for promise, what, _ in told]

    assert found(wait("young", below=23), wait("adult", at_least=23), good("good"), demand="contact.made") == []
    assert found(wait("young", below=24), wait("adult", at_least=23)) == [
        (1, "contact.made would begin both young and adult")
    ]
    assert found(wait("all"), wait("adult", at_least=23)) == [(1, "contact.made would begin both all and adult")]
    assert found(good("good"), good("better")) == [(1, "feedback.given would count for both good and better")]
    assert found(good("good"), demand="feedback.given") == [(0, "feedback.given would count for both demand and good")]


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
