"""What an act or a decree sets holds whoever writes the amount: a region's file, a change or a rehearsal."""

from datetime import date
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.spec.test_fees_as_written import CLIENTS
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.core.places import definitions
from torni.engines.rules import lower
from torni.engines.rules.evaluate import function
from torni.guidance import reckon_fee
from torni.guidance.client import client_of
from torni.services import load_library
from torni.services.change import parse_changes
from torni.services.rules import load_rules

TODAY = date(2026, 11, 22)
SHARED = load_library("pirkanmaa", on=TODAY)
BOUNDS = {
    (name, bounded, above)
    for name, parameter in SHARED.parameters.items()
    for bounded, above in ((parameter.maximum_of, True), (parameter.minimum_of, False))
    if bounded is not None
}
SINGLE = sorted(b for b in BOUNDS if b[1] in SHARED.parameters)


@pytest.fixture(autouse=True)
def in_english():
    with speaking("en"):
        yield


def told(text, on=TODAY, region="pirkanmaa"):
    (change,) = parse_changes(f"name: x\nparameters: {{{text}}}")
    try:
        load_rules(load_library(region, on=on, layers=[change.layer(on)]))
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("text", "bound"), [
    ("elder_housing.share: 0.95", "above the national maximum 0.85"),  # act on client fees 734/1992, section 7 c
    ("elder_housing.couple_share: 0.6", "above the national maximum 0.425"),
    ("elder_housing.allowance: 100", "below the national minimum 182"),
    ("fee.ceiling_year: 2000", "above the national maximum 815"),  # section 6 a
    ("fee.doctor_visit_most: 5", "above the national maximum 3"),  # decree 912/1992, section 7
    ("fee.serial_treatment_most: 46", "above the national maximum 45"),  # section 11
    ("home_care.income_limit_further: 100", "below the national minimum 389"),  # decree 1044/2023
    ("fee.adult_age: 15", "below the national minimum 18"),  # act 734/1992, section 5
    ("wait.care_under_23: 15", "above the national maximum 14"),  # Health Care Act, section 51 a (848/2024)
    ("wait.care_adult: 4", "above the national maximum 3"),
    ("staffing.elder_housing: 0.55", "below the national minimum 0.6"),  # act 741/2024
    ("appeal.days: 14", "below the national minimum 30"),  # Administrative Procedure Act, section 49 c
    ("appeal.days: 60", "above the national maximum 30"),
    ("appeal.court_days: 14", "below the national minimum 30"),  # act 808/2019
    ("publish.self_monitoring: 12", "above the national maximum 4"),  # act 741/2023, section 27
])  # fmt: skip
def test_a_change_past_the_law_is_refused(text, bound):
    assert bound in told(text)


@pytest.mark.parametrize(("national", "name", "above"), SINGLE)
def test_every_limit_may_be_met_and_not_passed(national, name, above):
    """One step past the bound is refused on every day that it is known; at the bound, and on the better side, it is not."""
    value = SHARED.parameters[national].values[-1]
    on = min(TODAY, value.until or TODAY)
    step = Decimal(1) if value.value == int(value.value) else Decimal("0.01")
    past = value.value + step if above else value.value - step
    unit = value.unit or SHARED.parameters[national].unit
    assert f"the national {'maximum' if above else 'minimum'}" in told(f"{name}: {past}", on), unit
    assert told(f"{name}: {value.value}", on) == ""


def test_every_limit_that_a_law_sets_has_its_bound():
    """Of the amounts whose source is an act or a decree, every one names what it may not pass, and so does a new one."""
    law = {name for name, source in SHARED.sources.items() if source.title.fi.lower().startswith(("laki ", "asetus ")) or "laki " in source.title.fi.lower()[:40]}  # fmt: skip
    assert {"client_fees_1044_2023", "client_fees_act_734_1992", "care_guarantee_848_2024"} <= law, sorted(law)
    held = {bounded for _, bounded, _ in BOUNDS}
    for name, parameter in SHARED.parameters.items():
        if not name.startswith("national.") and {v.source for v in parameter.values} & law:
            assert name in held, name


@pytest.mark.parametrize(("value", "unit", "fault"), [
    ("84", "days", False),  # 3 months are at least 84 days: February is one of them
    ("85", "days", True),
    ("3", "months", False),
])  # fmt: skip
def test_days_are_held_to_the_laws_months(own_regions, value, unit, fault):
    """A region may promise care in days where the act counts calendar months; it is held to the fewest days these may be."""
    own(own_regions, "wait.care_adult", unit, f"{{from: 2026-01-01, value: {value}, source: invented}}")
    assert ("above the national maximum 3 months" in faults()) is fault


def own(folder, name, unit, value, file="parameters.yaml"):
    (folder / "koe").mkdir(parents=True, exist_ok=True)
    (folder / "koe" / "region.yaml").write_text("name: {fi: koe, sv: koe, en: koe}\nmunicipalities: ['179']\n")
    (folder / "koe" / file).write_text(
        f"parameters:\n  {name}:\n    what: {{fi: x, sv: x, en: x}}\n    unit: {unit}\n    checked: 2026-11-22\n    values: [{value}]\n"
    )


def faults():
    try:
        load_rules(load_library("koe", on=TODAY))
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize("relative", [False, True])
def test_a_region_writes_no_national_amount_wherever_its_folder_is(own_regions, monkeypatch, relative):
    """Also where the regions' folder is named from the working folder, as by default."""
    own(own_regions, "national.fee.doctor_visit", "EUR", "{from: 2026-01-01, value: 99, source: invented}")
    if relative:
        monkeypatch.chdir(own_regions.parent)
        monkeypatch.setenv("TORNI_REGIONS", own_regions.name)
    assert '"national.fee.doctor_visit" is a national bound, which no region writes' in faults()
    own(own_regions, "national.fee.made_up", "EUR", "{from: 2026-01-01, value: 99, source: invented}")
    assert '"national.fee.made_up" is a national bound' in faults()


def test_a_parameter_is_not_bounded_by_itself(own_regions):
    own(
        own_regions,
        "fee.doctor_visit",
        "EUR\n    at_most: fee.doctor_visit",
        "{from: 2026-01-01, value: 9, source: invented}",
    )
    assert '"fee.doctor_visit" is bounded by itself' in faults()


@pytest.mark.parametrize(("unit", "value", "fault"), [
    ("EUR", "20.205", True), ("EUR/month", "20.205", True), ("EUR", "20.20", False), ("EUR", "20.200", False),
])  # fmt: skip
def test_an_amount_of_a_third_decimal_is_refused(own_regions, unit, value, fault):
    """20.205 would be charged as 20.21: what is paid is written in whole cents."""
    name = "fee.doctor_visit" if unit == "EUR" else "home_care.free_below"
    own(own_regions, name, unit, f"{{from: 2026-01-01, value: {value}, source: invented}}")
    assert (f"{value} is not in whole cents" in faults()) is fault
    if fault:
        assert "Write at most two decimals" in faults()


def test_a_change_of_a_third_decimal_is_refused():
    assert "20.205 is not in whole cents" in told("fee.doctor_visit: 20.205")
    assert yaml.safe_load("a: 20.205") and told("fee.doctor_visit: 20.20") == ""


@given(CLIENTS, st.sampled_from(["keski-suomi", "pirkanmaa", "pohjois-pohjanmaa"]))
def test_every_shipped_fee_is_within_its_maximum_whoever_the_client(client, region):
    """What is tried of a region's own text holds of the shared ones by their parts, each of which has its own bound."""
    rules = LOADED.setdefault(region, load_rules(load_library(region, on=TODAY)) if region not in LOADED else None)
    maxima = yaml.safe_load((definitions() / "maxima.yaml").read_text())["maxima"]
    for name in maxima.keys() & rules.formulas.keys():
        node = lower(maxima[name]["value"], rules.scope, where=name, number=True)
        found, most = reckon_fee(rules, name, client_of(client, rules)), function(node)(client_of(client, rules).facts)
        if found.by_rule:
            assert most is not None and found.by_rule <= most + Decimal("0.005"), name


def test_every_client_fee_has_its_maximum():
    """Of every formula that a client pays by, so that a region's own text of it is held as well."""
    maxima = yaml.safe_load((definitions() / "maxima.yaml").read_text())["maxima"]
    rules = load_rules(load_library("keski-suomi", on=TODAY))
    assert {n for n, f in rules.formulas.items() if f.definition.paid_by == "client"} <= maxima.keys()


LOADED = {}
