"""What is left empty is told as missing, in the reader's language: no word of the program's own stands for it."""

import re

import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking, t
from torni.guidance.replay import read_decisions
from torni.services.events import EventKinds
from torni.services.reading import parse, read_text
from torni.services.schema import Parameters, Service
from torni.simulation.harmonise import read_own

LANGUAGES = ("fi", "sv", "en")
OURS = re.compile(r"\b(None|NoneType|True|False|nan|dict|NaT|datetime|Decimal)\b")


def told(error):
    text = "\n".join(str(fault) for fault in error.value.faults)
    assert not OURS.search(text), text
    return text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_past_decision_without_its_day_service_or_verdict(tmp_path, lang):
    path = tmp_path / "d.jsonl"
    path.write_text(
        '{"facts": {"age": 80}}\n{"on": null, "service": "home_care", "verdict": ""}\n{"on": true, "service": "home_care", "verdict": true}\n'
    )
    with speaking(lang), pytest.raises(BadInput) as error:
        read_decisions(path)
    with speaking(lang):
        lines = told(error).splitlines()
        for line, name in ((1, "on"), (1, "service"), (1, "verdict"), (2, "on"), (2, "verdict")):
            assert f"d.jsonl:{line}: {t('{name} is missing', name=name)}" in lines


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_municipalitys_row_without_its_name_parameter_or_value(tmp_path, lang):
    path = tmp_path / "own.csv"
    path.write_text("municipality;parameter;value\nJämsä;grant.home_care.maple;\n;grant.home_care.maple;3\nJämsä;;3\n")
    with speaking(lang), pytest.raises(BadInput) as error:
        read_own(path)
    with speaking(lang):
        found = told(error)
        for row, name in ((2, "value"), (3, "municipality"), (4, "parameter")):
            assert f"own.csv:{row}: {t('{name} is empty', name=name)}" in found


SERVICE = """id: trial
name: {fi: a, sv: b, en: c}
group: centre_reception
valid_from: 2017-01-01
promises:
  - {id: one, kind: wait, sentence: {fi: a, sv: b, en: c}, broken: {fi: d, sv: e, en: f}, source: invented, opened_by: visit.planned, answered_by: visit.made, share: 0.9}
"""
PARAMETER = "parameters:\n  a.b:\n    what: {fi: a, sv: b, en: c}\n    unit: EUR\n    checked: 2026-01-01\n    values: [{from: 2026-01-01, value: 3, source: invented}]\n"


@pytest.mark.parametrize(
    ("text", "model", "old", "new", "empty"),
    [
        (SERVICE, Service, "kind: wait", "kind: ", 1),
        (SERVICE, Service, "share: 0.9", "share: ", 1),
        (SERVICE, Service, "share: 0.9", "share: true", 0),
        (SERVICE, Service, "opened_by: visit.planned", "opened_by: ", 1),
        (SERVICE, Service, "fi: a, sv: b, en: c}\ngroup", "fi: , sv: b, en: true}\ngroup", 1),
        (SERVICE, Service, "valid_from: 2017-01-01", "valid_from: true", 0),
        (SERVICE, Service, "group: centre_reception", "group: false", 0),
        (PARAMETER, Parameters, "value: 3", "value: ", 1),
        (PARAMETER, Parameters, "value: 3", "value: true", 0),
        (PARAMETER, Parameters, "from: 2026-01-01", "from: ", 1),
        (PARAMETER, Parameters, "unit: EUR", "unit: 2026-01-01", 0),
        ("events:\n  a.b: {what: {fi: a, sv: b, en: c}, needs: [service]}\n", EventKinds, "[service]", "[~]", 1),
    ],
)
def test_a_definitions_field_without_a_value_is_told_as_empty(text, model, old, new, empty):
    assert old in text
    with speaking("en"):
        found = parse(read_text(text.replace(old, new, 1), "trial.yaml"), model)
    assert isinstance(found, list)
    line = text[: text.index(old)].count("\n") + 1
    for fault in found:
        assert not OURS.search(str(fault)), str(fault)
        assert fault.where.startswith(f"trial.yaml:{line}: "), str(fault)
    assert sum("is empty" in f.what for f in found) == empty, found


@pytest.mark.parametrize(("lang", "word"), [("fi", "tyhjä"), ("sv", "ingenting"), ("en", "nothing")])
def test_a_value_that_is_not_there_has_a_word_in_each_language(lang, word):
    with speaking(lang):
        assert t('"{found}" is not a number', found=None).startswith(f'"{word}"'), "a safety net"
        assert '"true"' in t('"{found}" is not a number', found=True)
