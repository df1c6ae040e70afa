"""A faulty definition is told by file, line, field and remedy: all faults at once."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from torni.core.faults import BadInput
from torni.core.places import definitions
from torni.engines.rules import sql
from torni.guidance import reckon_fee
from torni.guidance.client import client_of
from torni.services import load_library
from torni.services.rules import load_rules

TODAY = date(2026, 11, 22)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(definitions(), tmp_path / "definitions")
    return tmp_path / "definitions"


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
    with pytest.raises(BadInput, match="its first day is 2026-01-01"):
        load_library("keski-suomi", on=date(2025, 6, 1)).value("fee.outpatient_visit")


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


VISIT = """parameters:
  fee.{name}:
    what: {{fi: x, sv: x, en: x}}
    unit: {unit}
    checked: 2026-11-22
    {bound}
    values: [{{from: 2026-01-01, value: {value}, source: keski_suomi_fees_2026}}]
"""
TABLE = """tables:
  {name}:
    what: {{fi: x, sv: x, en: x}}
    unit: EUR/month
    checked: 2026-11-22
    {bound}
    values:
      - from: 2026-01-01
        source: keski_suomi_fees_2026
        cells: |
          household_size | value
          1.. | {value}
"""


def told_of_own(root, file, text, region="pirkanmaa"):
    (root / "regions" / region / file).write_text(text)
    try:
        load_rules(load_library(region, on=TODAY, root=root))
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "bound", ["", "at_most: national.fee.day_surgery", "at_least: national.fee.dentist", "at_most: null"]
)
@pytest.mark.parametrize("name", ["doctor_visit", "dentist"])  # the second has no shared text that a region's stands on
def test_a_region_that_writes_its_own_amount_keeps_the_national_maximum(root, bound, name):
    """Act on client fees, 734/1992, section 2: the decree's maximum holds whoever writes the fee, and however."""
    most = {"doctor_visit": "30.20", "dentist": "19.10"}[name]
    told = told_of_own(root, "parameters.yaml", VISIT.format(name=name, bound=bound, value="40.00", unit="EUR"))
    assert f"regions/pirkanmaa/parameters.yaml:7: parameters.fee.{name}.values.0.value" in told
    assert f"40.0 from 2026-01-01 is above the national maximum {float(most)}" in told
    own = VISIT.format(name=name, bound=bound.replace("at_least: national.fee.dentist", ""), value=most, unit="EUR")
    assert told_of_own(root, "parameters.yaml", own) == ""


def test_a_region_writes_no_national_maximum_and_no_other_unit(root):
    national = VISIT.format(name="doctor_visit", bound="", value="99", unit="EUR").replace("fee.", "national.fee.")
    told = told_of_own(root, "parameters.yaml", national)
    assert (
        'parameters.yaml:2: parameters.national.fee.doctor_visit: "national.fee.doctor_visit" is a national bound'
        in told
    )
    told = told_of_own(root, "parameters.yaml", VISIT.format(name="doctor_visit", bound="", value="12", unit="cents"))
    assert "it is in cents, its national bound national.fee.doctor_visit in EUR" in told


@pytest.mark.parametrize("bound", ["", "at_most: national.home_care.income_limit", "at_least: null"])
def test_a_region_that_writes_its_own_table_keeps_the_national_minimum(root, bound):
    told = told_of_own(root, "tables.yaml", TABLE.format(name="home_care.income_limit", bound=bound, value="100"))
    assert "regions/pirkanmaa/tables.yaml:2" in told
    assert "100 (household_size 1) is below the national minimum 653" in told
    told = told_of_own(root, "tables.yaml", TABLE.format(name="national.home_care.income_limit", bound="", value="1"))
    assert '"national.home_care.income_limit" is a national bound' in told
    told = told_of_own(root, "tables.yaml", TABLE.format(name="own.limit", bound="at_most: own.limitt", value="1"))
    assert 'tables.own.limit.at_most: "own.limitt" is not a table' in told


def test_a_source_that_is_none_is_told_where_it_is_written(root):
    text = VISIT.format(name="doctor_visit", bound="", value="1", unit="EUR").replace(
        "keski_suomi_fees_2026", "keski_suomi_fee_2026"
    )
    told = told_of_own(root, "parameters.yaml", text)
    assert "parameters.yaml:7: parameters.fee.doctor_visit.values.0.source" in told
    assert 'Did you mean "keski_suomi_fees_2026"?' in told


@pytest.mark.parametrize("value", ["-5", "-0.01", "{a: 1, b: -1}"])
def test_an_amount_below_nothing_is_none(root, value):
    told = told_of_own(root, "parameters.yaml", VISIT.format(name="doctor_visit", bound="", value=value, unit="EUR"))
    assert "parameters.yaml:7: parameters.fee.doctor_visit.values.0.value" in told
    assert "is below 0" in told
    (root / "regions/pirkanmaa/parameters.yaml").unlink()
    told = told_of_own(root, "tables.yaml", TABLE.format(name="own.limit", bound="", value="-5"))
    assert '"-5" is not an amount' in told


@pytest.mark.parametrize("line", ["0 - param.fee.doctor_visit", "-1 * param.fee.doctor_visit", "age - 100"])
@pytest.mark.parametrize("cost", ["", "    cost: cost_doctor_visit\n"])
def test_a_fee_is_never_paid_out(root, line, cost):
    """A client fee is a sum to be charged (act 734/1992, section 1): where its formula falls below nothing, it is nothing."""
    (root / "regions/pirkanmaa/formulas.yaml").write_text(
        "formulas:\n  own_fee:\n    what: {fi: x, sv: x, en: x}\n    unit: EUR/visit\n    source: invented\n"
        f'{cost}    lines: [{{id: fee, what: {{fi: x, sv: x, en: x}}, value: "{line}", decimals: 2}}]\n'
    )
    rules = load_rules(load_library("pirkanmaa", on=TODAY, root=root))
    found = reckon_fee(rules, "own_fee", client_of({"age": 70}, rules))
    assert (found.by_rule, found.amount) == (0, 0)


def test_a_fee_that_cannot_fall_below_nothing_is_read_as_it_is_written():
    rules = load_rules(load_library("keski-suomi", on=TODAY))
    for formula in rules.formulas.values():
        if formula.definition.paid_by == "client":
            amount = {line.id: node for line, node in formula.lines}[formula.definition.lines[-1].id]
            assert "< 0" not in sql.source(amount), formula.id


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("param.yaml", "Did you mean"),
        ("parameters.yml", 'Did you mean "parameters.yaml"?'),
        ("sources.yaml", ""),
        ("services.yaml", ""),
        ("services/x.yml", 'Write it as "services/x.yaml".'),
        ("services/oral/x.yaml", 'Write it as "services/x.yaml".'),
    ],
)
def test_a_regions_file_that_nothing_reads_is_told(root, file, remedy):
    (root / "regions/pirkanmaa" / file).parent.mkdir(parents=True, exist_ok=True)
    told = told_of_own(root, file, "parameters: {}\n")
    assert f"regions/pirkanmaa/{file}:1: the file is not read" in told.replace(":1:  ", ":1: ")
    assert remedy in told


def test_a_last_day_before_the_first_and_another_files_id_are_told(root):
    text = VISIT.format(name="doctor_visit", bound="", value="1", unit="EUR").replace(
        "value: 1", "until: 2025-01-01, value: 1"
    )
    assert "until 2025-01-01, is before the first, from 2026-01-01" in told_of_own(root, "parameters.yaml", text)
    (root / "regions/pirkanmaa/services").mkdir()
    assert '"centre" is not the file\'s name' in told_of_own(root, "services/dental.yaml", "id: centre\n")


def test_a_municipality_that_is_none_is_told(root):
    (root / "regions/own").mkdir()
    told = told_of_own(
        root, "region.yaml", 'name: {fi: own, sv: own, en: own}\nmunicipalities: ["179", "728"]\n', region="own"
    )
    assert 'regions/own/region.yaml:2: municipalities.1: "728" is not the number of a municipality' in told
    assert "Did you mean" in told
