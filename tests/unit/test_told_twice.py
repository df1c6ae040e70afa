"""The last one wins nowhere without a word: what is told twice is a fault that names both places."""

from __future__ import annotations

import json
import shutil
from datetime import date

import pytest

from torni.core.bounds import Unreadable, read_json
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.core.places import definitions
from torni.engines.rules.tables import read as read_table
from torni.guidance.client import parse_client
from torni.guidance.fees import reckon_fee
from torni.guidance.scales import Scale, scales
from torni.services import load_library
from torni.services.change import parse_changes
from torni.services.reading import read_text
from torni.services.rules import load_rules
from torni.simulation.harmonise import read_own
from torni.sources import shipped

DAY = date(2026, 11, 22)
KNOWN = {
    "rai_iadl_performance": "IADL, performance", "rai_iadl_capacity": "IADL, capacity", "rai_cps": "CPS, cognition", "rai_pain": "Pain",
}  # fmt: skip
CLIENT = "age: 82\nhousehold_size: 1\ngross_income_eur_month: 1653\nservice_hours_month: 8\n"


@pytest.fixture(scope="module")
def rules():
    return load_rules(load_library("keski-suomi", on=DAY))


def told(call, *given):
    with pytest.raises(BadInput) as caught:
        call(*given)
    return str(caught.value)


def test_a_name_twice_in_yaml():
    assert str(read_text("a: 1\nb: 2\na: 3", "x")).startswith('x:3: "a" is written twice, first on line 1')


def test_an_id_twice_in_a_list_of_yaml():
    """What differs is laid on by id: of two changes of one line the first would be lost."""
    text = "lines:\n  - {id: fee, value: 1}\n  - {id: other, value: 2}\n  - {id: fee, value: 3}"
    assert str(read_text(text, "x")).startswith('x:4: "fee" is written twice, first on line 2')


@pytest.mark.parametrize("text", ['{"a": 1,\n "b": {"a": 2},\n "a": 3}', '{"a": {"a": 0},\n\n"a": 3}', '[{"b": "\\"a\\": {",\n"x": {"a": 1, "a": 1}}]'])  # fmt: skip
def test_a_name_twice_in_json(text):
    with pytest.raises(Unreadable) as caught:
        read_json(text)
    assert '"a" is written twice, first on line' in caught.value.what
    assert caught.value.line == {'{"a": 1': 3, '{"a": {': 3, '[{"b": ': 2}[text[:7]]


def test_names_that_differ_are_read_from_json_as_before():
    for value in ({"a": 1, "b": {"a": [1, {"a": None}]}}, [], {"": {"": {}}}):
        assert read_json(json.dumps(value)) == value


def test_a_fact_twice_of_one_client(rules):
    assert 'client:5: "age" is written twice, first on line 1' in told(parse_client, CLIENT + "age: 40", rules)
    assert '"age" is written twice' in told(parse_client, '{"age": 82, "age": 40}', rules)


def test_a_fact_counted_from_events_and_told_otherwise(rules):
    name, how = next(
        (n, d.counted) for n, d in rules.definitions.items() if d.counted and rules.fields[n].kind == "whole"
    )
    events = f"events:\n  - {{kind: {how.event}, on: 2026-11-01, code: '{(how.codes or ['x'])[0]}'}}\n"
    assert "counted from the events as 1" in told(parse_client, f"{events}{name}: 3", rules)
    assert parse_client(f"{events}{name}: 1", rules).facts[name] == 1


def test_a_name_that_two_scales_share_is_asked_about():
    assert "rai_iadl_capacity, rai_iadl_performance" in told(scales, "f.csv", b"IADL;5;2026-09-01", KNOWN)
    assert scales("f.csv", b"IADL capacity;5;2026-09-01", KNOWN) == {"rai_iadl_capacity": Scale(5, date(2026, 9, 1))}


def test_two_values_of_one_day_are_refused_with_both_places():
    text = told(scales, "f.csv", b"CPS;2;2026-09-01\nCPS;5;2026-09-01", KNOWN)
    assert "line 2" in text and "line 1" in text
    assert scales("f.csv", b"CPS;2;2026-09-01\nCPS;2;2026-09-01", KNOWN)["rai_cps"].value == 2


def observation(system, code, at):
    coding = {"code": code} | ({"system": system} if system else {})
    return json.dumps({"resourceType": "Observation", "status": "final", "code": {"coding": [coding]}, "valueInteger": 3, "effectiveDateTime": at}).encode()  # fmt: skip


def test_another_systems_code_is_something_else():
    told(scales, "o.json", observation("http://loinc.org", "CPS", "2026-09-01"), KNOWN)
    for system in (None, "urn:torni:field", "https://interrai.org/scales"):
        assert scales("o.json", observation(system, "CPS", "2026-09-01"), KNOWN)["rai_cps"].value == 3


def test_the_day_of_a_moment_is_the_finnish_one():
    for at, day in (
        ("2026-08-31T22:00:00Z", 1),
        ("2026-09-01T22:00:00+03:00", 1),
        ("2026-09-01", 1),
        ("2026-08-31T20:59:00Z", 31),
    ):
        assert scales("o.json", observation(None, "CPS", at), KNOWN)["rai_cps"].on.day == day


def test_one_municipalitys_parameter_twice(tmp_path):
    file = tmp_path / "h.csv"
    head = "municipality;parameter;value\n"
    file.write_text(head + "Jämsä;grant.home_care.maple;4\nJämsä;grant.home_care.maple;2\n", encoding="utf-8")
    assert "grant.home_care.maple of Jämsä is there twice, first on row 2" in told(read_own, file)
    file.write_text(head + "Jämsä;grant.home_care.maple;4\n182;grant.home_care.maple;4\n", encoding="utf-8")
    assert "h.csv:3" in told(read_own, file)
    file.write_text(head + "Jämsä;grant.home_care.maple;4\n;;\n", encoding="utf-8")
    assert read_own(file)["182"].content == {"parameters": {"grant.home_care.maple": 4}}


def test_one_municipality_by_two_names(tmp_path):
    file = tmp_path / "h.yaml"
    file.write_text("municipalities:\n  Jämsä: {parameters: {grant.home_care.maple: 4}}\n  '182': {parameters: {grant.home_care.maple: 2}}\n", encoding="utf-8")  # fmt: skip
    assert '"182" is the municipality of h.yaml:2: municipalities.Jämsä as well' in told(read_own, file)


def test_no_two_municipalities_are_called_alike():
    """A municipality is found by its name, so that no name may be two's."""
    meant: dict[str, set[str]] = {}
    for code, *names in shipped.municipalities().select("municipality", "name_fi", "name_sv").iter_rows():
        for name in names:
            meant.setdefault(name.casefold(), set()).add(code)
    assert not {name: codes for name, codes in meant.items() if len(codes) > 1}


@pytest.mark.parametrize("kind", ["parameters", "fields", "formulas", "tables", "code_lists", "indicators"])
def test_a_name_in_two_definition_files(tmp_path, kind):
    """Which file stands later in the folder does not decide."""
    root = shutil.copytree(definitions(), tmp_path / "definitions")
    first = sorted((root / kind).glob("*.yaml"))[0]
    shutil.copy(first, root / kind / "zz.yaml")
    with pytest.raises(BadInput) as caught:
        load_rules(load_library("keski-suomi", on=DAY, root=root))
    assert f"{kind}/zz.yaml:" in str(caught.value)
    assert f"is written in {kind}/{first.name}:" in str(caught.value)


def test_a_service_in_two_files_from_one_day(tmp_path):
    root = shutil.copytree(definitions(), tmp_path / "definitions")
    first = next((root / "services").rglob("home_care.yaml"))
    shutil.copy(first, first.with_name("home_care@again.yaml"))
    assert '"home_care" is written in services/' in told(lambda: load_library("keski-suomi", on=DAY, root=root))


def test_an_alternative_does_not_overrule_what_is_common_to_all():
    text = "name: x\nparameters: {grant.home_care.maple: 4}\nalternatives:\n  - name: a\n    parameters: {grant.home_care.maple: 3}"
    assert '"grant.home_care.maple" is changed for every alternative as well, in change:2' in told(parse_changes, text)


def test_a_field_twice_in_a_tables_heading(rules):
    found = read_table("age | age | value\n* | * | 3", rules.fields, name="x", where="x")
    assert [f.what for f in found] == ['"age" is there twice']


def changed(lines):
    text = f"name: x\nformulas:\n  home_care:\n    lines:\n{lines}"
    return load_rules(load_library("keski-suomi", on=DAY, layers=[parse_changes(text)[0].layer(DAY)]))


HELPER = "      - {id: helper, what: {fi: Apurivi, sv: Hjälprad, en: Helper}, value: household_size}\n"


def amount(rules):
    return reckon_fee(rules, "home_care", parse_client(CLIENT, rules)).amount


def test_a_line_added_to_a_formula_is_not_its_amount(rules):
    with_helper = changed(HELPER)
    assert amount(with_helper) == amount(rules) == 160
    before, after = ([line.id for line in r.formula("home_care").definition.lines] for r in (rules, with_helper))
    assert after == [*before[:-1], "helper", before[-1]]


def test_a_line_added_may_be_used_by_the_line_it_stands_before(rules):
    last = rules.formula("home_care").definition.lines[-1].id
    doubled = changed(
        HELPER
        + f"      - {{id: {last}, value: case when is_veteran is not null and is_veteran then 0 when line.percentage * line.above < line.helper * 2 then 0 else line.helper * 2 end}}\n"
    )
    assert amount(doubled) == 2


def test_a_line_after_the_amount_is_told(rules):
    last = rules.formula("home_care").definition.lines[-1].id
    text = told(changed, f"      - {{id: {last}, decimals: 2}}\n{HELPER}")
    assert f'the line "helper" is added after "{last}", which is the amount' in text


@pytest.mark.parametrize(("value", "told"), [("9", "can never hold"), ("-1", "is below 0")])
def test_what_is_wrong_with_a_municipalitys_limit_is_told_at_its_row(tmp_path, value, told):
    """Not at the table's first row, and not at everyone's rule, which is right."""
    path = tmp_path / "h.csv"
    path.write_text(
        f"municipality;parameter;value\nSaarijärvi;grant.home_care.maple;3\nKannonkoski;grant.home_care.maple;{value}\n"
    )
    layer = read_own(path)["216"].layer(DAY)
    with speaking("en"), pytest.raises(BadInput) as caught:
        load_rules(load_library("keski-suomi", on=DAY, layers=[layer]))
    assert {f.where.split(" ")[0] for f in caught.value.faults} == {"h.csv:3:"}
    assert all(told in f.what for f in caught.value.faults)
