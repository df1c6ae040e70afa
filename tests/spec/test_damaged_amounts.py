"""Amounts, days and rules that are written wrong: told at their own line, and none read as another than it looks."""

import shutil
from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.core.places import definitions
from torni.services.change import parse_changes
from torni.services.library import load_library
from torni.services.reading import parse, read_text
from torni.services.rules import load_rules
from torni.services.schema import Parameters, Tables

TODAY = date(2026, 11, 22)
HEAD = "parameters:\n  zz.a:\n    what: {fi: a, sv: b, en: c}\n    unit: EUR\n    checked: 2026-01-01\n    values:\n"
TABLE = "tables:\n  zz_a:\n    what: {fi: a, sv: b, en: c}\n    unit: EUR\n    checked: 2026-01-01\n    values:\n"


def value(first, last=None, value="3", key="value"):
    until = f", until: {last}" if last else ""
    return f"      - {{from: {first}{until}, {key}: {value}, source: invented}}\n"


@pytest.mark.parametrize("head", [HEAD, TABLE])
@pytest.mark.parametrize(
    ("values", "line", "told"),
    [
        ([("2024-01-01", "2023-06-01")], 7, "the last day, until 2023-06-01, is before the first, from 2024-01-01"),
        ([("2024-01-01",), ("2025-01-01", "2024-12-31")], 8, "the last day, until 2024-12-31, is before the first"),
        ([("2025-01-01",), ("2024-01-01",)], 8, "first days must rise, each day once: 2024-01-01 comes after 2025-01-01"),
        ([("2025-01-01",), ("2025-01-01",)], 8, "first days must rise"),
        ([("2024-01-01", "2026-06-01"), ("2025-01-01",)], 8, "in force until 2026-06-01, and this one begins on 2025-01-01"),
        ([("2024-01-01", "2025-01-01"), ("2025-01-01",)], 8, "in force until 2025-01-01"),
        ([("2024-01-01", "2024-12-31"), ("2025-01-01", "2025-12-31"), ("2026-01-01",)], 0, ""),
        ([("2024-01-01", "2024-12-31"), ("2025-07-01",)], 0, ""),  # a time of which nothing is known may lie between
    ],
)  # fmt: skip
def test_days_that_overlap_or_end_before_they_begin_are_told_at_the_value(head, values, line, told):
    model, key = (Parameters, "value") if head is HEAD else (Tables, "cells")
    text = head + "".join(value(*days, key=key, value="x" if head is TABLE else "3") for days in values)
    found = parse(read_text(text, "zz.yaml"), model)
    if not line:
        assert not isinstance(found, list), found
        return
    (fault,) = found
    assert fault.where.startswith(f"zz.yaml:{line}: ") and told in fault.what, str(fault)


@pytest.mark.parametrize(
    "written", ["1_205", "12:30", "1:00:00", "0123", "007", "0x1F", "0b11", "-017", "01.5", "1_000.5"]
)
def test_no_number_is_read_as_another_than_it_looks(written):
    """YAML reads 0123 as eighty-three and 12:30 as seven hundred and fifty: an amount, or a municipality, nobody wrote."""
    fault = read_text(HEAD + value("2024-01-01", value=written), "zz.yaml")
    assert fault.where == "zz.yaml:7" and f'"{written}" would be read as another number' in fault.what


@pytest.mark.parametrize("written", ["0", "18.60", "1205", ".5", "0.", "1.5e+3", "'0123'", '"12:30"', "12:75", "089"])
def test_a_plain_number_and_a_text_stay_what_they_are(written):
    assert read_text(f"a: {written}\n", "zz.yaml").content["a"] is not None


@pytest.mark.parametrize(
    "written", ["1\u202f205", "1\u00a0205", "1 205", "18,60", ".nan", ".inf", "soon", "18.60 €", "true", "{}", "[3]"]
)
def test_an_amount_that_is_no_number_is_told_at_its_line(written):
    found = parse(read_text(HEAD + value("2024-01-01", value=written), "zz.yaml"), Parameters)
    assert isinstance(found, list) and all(f.where.startswith("zz.yaml:7: ") for f in found), found
    assert written != "18,60" or "18.60" in found[0].remedy


def test_a_parameter_without_values_or_a_unit_is_told():
    for text in (
        HEAD.replace("values:\n", "values: []\n"),
        HEAD.replace("    values:\n", ""),
        HEAD.replace("unit: EUR", "unit: ''") + value("2024-01-01"),
    ):
        assert isinstance(parse(read_text(text, "zz.yaml"), Parameters), list), text


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amounts") / "definitions"
    shutil.copytree(definitions(), folder)
    return folder


def faults(root, text, name="zz_s"):
    path = root / f"services/oral_health/{name}.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        with speaking("en"), pytest.raises(BadInput) as told:
            load_rules(load_library("keski-suomi", on=TODAY, root=root))
    finally:
        path.unlink()
    return [str(f).splitlines()[0] for f in told.value.faults]


SERVICE = "id: zz_s\nname: {fi: a, sv: b, en: c}\ngroup: centre_reception\nvalid_from: 2017-01-01\n"


def test_criteria_that_rest_on_themselves_are_told_at_their_line_and_what_only_rests_on_them_is_not(root):
    def criterion(when):
        return f"    - {{id: c, text: {{fi: a, sv: b, en: c}}, when: {when}, source: invented}}\n"

    head = SERVICE + "criteria:\n  granting:\n"
    assert faults(root, head + criterion("granted.zz_s")) == ["services/oral_health/zz_s.yaml:7: criteria.granting.0.when: the criteria rest on each other in a circle: zz_s"]  # fmt: skip
    other = root / "services/oral_health/zz_t.yaml"
    other.write_text((head + criterion("granted.zz_s")).replace("zz_s\n", "zz_t\n", 1), encoding="utf-8")
    try:
        text = head + criterion("age > 5").replace("id: c", "id: d") + criterion("granted.zz_t")
        assert faults(root, text) == [
            "services/oral_health/zz_s.yaml:8: criteria.granting.1.when: the criteria rest on each other in a circle: zz_s, zz_t",
            "services/oral_health/zz_t.yaml:7: criteria.granting.0.when: the criteria rest on each other in a circle: zz_s, zz_t",
        ]
        assert len(faults(root, head + criterion("granted.zz_s"))) == 1, "zz_t only rests on the circle"
    finally:
        other.unlink()


def test_an_amount_of_a_service_is_a_single_value(root):
    text = SERVICE + "fees:\n  amounts:\n    - {parameter: travel.car.speed_kmh, label: {fi: a, sv: b, en: c}}\n"
    assert faults(root, text) == ['services/oral_health/zz_s.yaml:7: fees.amounts.0.parameter: "travel.car.speed_kmh" is a table, not an amount']  # fmt: skip


def test_the_first_day_of_a_version_is_a_day(root):
    assert faults(root, SERVICE.replace("2017-01-01", "soon")) == [
        'services/oral_health/zz_s.yaml:4: valid_from: "soon" is not a date'
    ]
    assert faults(root, SERVICE.replace("valid_from: 2017-01-01\n", ""))[0].endswith(
        'valid_from: "valid_from" is missing'
    )


def test_a_change_within_a_values_time_ends_it_the_day_before(root):
    library = load_library("keski-suomi", on=TODAY)
    bounded = next(
        (n for n, p in library.parameters.items() if p.values[-1].until and p.values[-1].until > TODAY), None
    )
    name = bounded or "grant.home_care.maple"
    (change,) = parse_changes(f"from: 2026-12-01\nparameters:\n  {name}: 3\n")
    after = load_library("keski-suomi", on=date(2026, 12, 1), layers=[change.layer(date(2026, 12, 1))])
    last, new = after.parameters[name].values[-2:]
    assert new.value == 3 and (last.until is None or last.until < new.from_)
