"""A faulty definition of a region's own is told as the shared ones are, and never passes what the law bounds."""

from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.engines.rules import sql
from torni.guidance import reckon_fee
from torni.guidance.client import client_of
from torni.services import load_library
from torni.services.change import parse_changes
from torni.services.rules import load_rules

TODAY = date(2026, 11, 22)
WARD = "services/nursing_and_care/ward.yaml"


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


FORMULA = """formulas:
  {name}:
    what: {{fi: x, sv: x, en: x}}
    unit: EUR/visit
    source: invented
{cost}    lines:
      - {{id: fee, what: {{fi: x, sv: x, en: x}}, value: "{line}", decimals: 2}}
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


@pytest.mark.parametrize(
    "line", ["0 - param.fee.doctor_visit", "-1 * param.fee.doctor_visit", "case when age < 18 then -1 else 5 end"]
)
def test_a_fee_that_is_below_nothing_by_its_text_is_told(root, line):
    """A client fee is a sum to be charged (act 734/1992, section 1): an amount that is written below nothing is a slip."""
    told = told_of_own(root, "formulas.yaml", FORMULA.format(name="own_fee", line=line, cost=""))
    assert "regions/pirkanmaa/formulas.yaml:7: formulas.own_fee.lines.0.value: the fee would be -" in told
    assert "below 0" in told


@pytest.mark.parametrize(("name", "line", "told"), [
    ("doctor_visit", "param.fee.doctor_urgent", "the fee would be 41.40 (age 0, doctor_visits_this_year 0), above the national maximum 0.00"),
    ("doctor_visit", "case when age < 18 then 0 when doctor_visits_this_year >= 3 then 0 else param.fee.doctor_urgent end", "the fee would be 41.40 (age 18, doctor_visits_this_year 0), above the national maximum 30.20"),
    ("doctor_visit", "case when age < 18 then 0 when doctor_visits_this_year >= 4 then 0 else param.fee.doctor_visit end", "(age 18, doctor_visits_this_year 3), above the national maximum 0.00"),
    ("doctor_visit", "case when age < 18 then 0 when doctor_visits_this_year >= 3 then 0 else 2 * param.fee.doctor_visit end", "above the national maximum 30.20"),
    ("dentist", "case when age < 18 then 0 else 19.11 end", "(age 18), above the national maximum 19.10"),
    ("day_surgery", "300", "the fee would be 300.00 (), above the national maximum 233.80"),
    ("home_care", "0.5 * gross_income_eur_month", "above the national maximum"),
    ("elder_housing", "net_income_eur_month", "above the national maximum"),
    ("doctor_visit", "case when age < 18 then 0 when doctor_visits_this_year >= 3 then 0 else 30.20 end", ""),
    ("doctor_visit", "case when age < 75 then 0 when age >= 100 then 0 when doctor_visits_this_year >= 1 then 0 else 10 end", ""),
    ("dentist", "case when age < 18 then 0 else 19.10 end", ""),
])  # fmt: skip
def test_no_text_of_a_fee_is_above_its_national_maximum(root, name, line, told):
    """Decree 912/1992 and act 734/1992 bound what is paid, whatever the parts that a region reckons it of."""
    found = told_of_own(root, "formulas.yaml", FORMULA.format(name=name, line=line, cost="").replace("EUR/visit", {"home_care": "EUR/month", "elder_housing": "EUR/month"}.get(name, "EUR/visit")))  # fmt: skip
    assert told in found and bool(found) is bool(told), found


def test_an_amount_that_grows_with_income_is_held_to_its_maximum_where_no_case_tried_tells(root):
    """Above the limits only in the middle of the range of incomes: the fee is the national maximum there, and its line says so."""
    line = "case when gross_income_eur_month * 2 > 4000 and gross_income_eur_month * 2 < 5000 then 0.9 * gross_income_eur_month - 100 else 0 end"
    text = FORMULA.format(name="home_care", line=line, cost="").replace("EUR/visit", "EUR/month")
    assert told_of_own(root, "formulas.yaml", text) == ""
    rules = load_rules(load_library("pirkanmaa", on=TODAY, root=root))
    client = {"gross_income_eur_month": 2200, "household_size": 1, "service_hours_month": 10}
    found = reckon_fee(rules, "home_care", client_of(client, rules))
    assert str(found.amount) == "278.46", "18 % of what is above 653"
    assert "at most the national maximum" in found.lines[0][0].what.en


def test_a_regions_text_of_a_fee_keeps_what_the_law_holds_it_to(root):
    """A text that names no cost is held to the shared one's (section 2), and counts towards the ceiling as before (section 6 a)."""
    (root / "regions/pirkanmaa/formulas.yaml").write_text(
        FORMULA.format(
            name="doctor_visit",
            line="case when age < 18 then 0 when doctor_visits_this_year >= 3 then 0 else 30.20 end",
            cost="",
        )
    )
    formula = load_rules(load_library("pirkanmaa", on=TODAY, root=root)).formulas["doctor_visit"]
    assert formula.held_to_cost and formula.definition.counts_towards_ceiling


@pytest.mark.parametrize("cell", ["1.01", "35.00"])
def test_a_share_of_a_table_is_at_most_all(root, cell):
    text = TABLE.format(name="own.share", bound="", value=cell).replace("EUR/month", "share")
    assert f"a share of {cell} is more than all" in told_of_own(root, "tables.yaml", text)
    cents = TABLE.format(name="own.cap", bound="", value="20.205")
    assert "20.205 is not in whole cents" in told_of_own(root, "tables.yaml", cents)


@pytest.mark.parametrize("line", ["age - 100"])
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
        ("parameters/fees.yaml", 'Write it as "parameters_fees.yaml".'),  # as the shared definitions are laid out
        ("tables/tables.yaml", 'Write it as "tables.yaml".'),
        ("formulas/own/x.yml", 'Write it as "formulas_own_x.yaml".'),
        ("own/parameters.yaml", ""),
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


@pytest.mark.parametrize(("name", "remedy"), [
    ("doctor_vist", 'Did you mean "fee.doctor_visit"?'),
    ("something_else_entirely", "or remove it."),
])  # fmt: skip
def test_a_parameter_that_nothing_asks_for_is_told(root, name, remedy):
    """A region that lowers its fee under a misspelt name would go on charging the shared one."""
    told = told_of_own(root, "parameters.yaml", VISIT.format(name=name, bound="", value="20.00", unit="EUR"))
    assert f'parameters.yaml:2: parameters.fee.{name}: nothing asks for the parameter "fee.{name}"' in told
    assert remedy in told
    told_of_own(root, "formulas.yaml", FORMULA.format(name="own_fee", line=f"param.fee.{name}", cost=""))
    load_rules(load_library("pirkanmaa", on=TODAY, root=root))


@pytest.mark.parametrize(("first", "told"), [
    ("valid_from: 2027-02-01\n", 'the file\'s name says 2027-01-01, and its "valid_from" 2027-02-01'),
    ("", 'the file\'s name says 2027-01-01, and its "valid_from" nothing'),
    ("valid_from: 2027-01-01\n", ""),
])  # fmt: skip
@pytest.mark.parametrize("on", [TODAY, date(2027, 1, 15), date(2027, 3, 1)])
@pytest.mark.parametrize("place", ["regions/pirkanmaa/services", "services/nursing_and_care"])
def test_a_files_day_is_the_one_that_its_name_says(root, first, told, on, place):
    text = (root / WARD).read_text().replace("valid_from: 2017-01-01\n", first)
    (root / place).mkdir(exist_ok=True)
    (root / place / "ward@2027-01-01.yaml").write_text(text)
    if not told:
        load_library("pirkanmaa", on=on, root=root)
        return
    with pytest.raises(BadInput) as caught:
        load_library("pirkanmaa", on=on, root=root)
    assert f"{place}/ward@2027-01-01.yaml" in str(caught.value)
    assert told in str(caught.value)


def test_a_limit_out_of_range_is_blamed_where_it_is_written(root):
    """The rule is right, and everyone's; the region's own number is not."""
    text = VISIT.format(name="x", bound="", value="9", unit="score").replace("fee.x", "grant.home_care.maple")
    told = told_of_own(root, "parameters.yaml", text)
    assert (
        "regions/pirkanmaa/parameters.yaml:2: parameters.grant.home_care.maple (services/nursing_and_care/home_care.yaml"
        in told
    )


def test_a_promise_whose_id_is_misspelt_is_told_as_the_one_it_means(root):
    (root / "regions/pirkanmaa/services").mkdir()
    path = root / "regions/pirkanmaa/services/ward.yaml"
    path.write_text("promises:\n  - {id: within_60min, share: 0.99}\n")
    with pytest.raises(BadInput) as caught:
        load_library("pirkanmaa", on=TODAY, root=root)
    assert "regions/pirkanmaa/services/ward.yaml:2" in str(caught.value)
    assert 'Did you mean "within_60_min"?' in str(caught.value)


def test_a_formula_listed_twice_and_a_unit_that_is_none_are_told(root):
    (root / "regions/pirkanmaa/services").mkdir()
    twice = "fees: {formulas: [home_care, home_care]}\n"
    assert 'the formula "home_care" is listed twice' in told_of_own(root, "services/home_care.yaml", twice)
    (root / "regions/pirkanmaa/services/home_care.yaml").unlink()
    text = FORMULA.format(name="own_fee", line="5", cost="").replace("EUR/visit", "EUR/mnth")
    told = told_of_own(root, "formulas.yaml", text)
    assert 'formulas.yaml:4: formulas.own_fee.unit: "EUR/mnth" is not a unit of what is paid' in told
    assert "month" in told


def test_a_municipality_that_is_none_is_told(root):
    (root / "regions/own").mkdir()
    told = told_of_own(
        root, "region.yaml", 'name: {fi: own, sv: own, en: own}\nmunicipalities: ["179", "728"]\n', region="own"
    )
    assert 'regions/own/region.yaml:2: municipalities.1: "728" is not the number of a municipality' in told
    assert "Did you mean" in told


OWN = "what: {fi: a, sv: b, en: c}, unit: %s, checked: DAY, values: [{from: 2017-01-01, %s, source: preparation_2017}]"
OWN_KINDS = {
    "parameters": ("elder_housing.allowance", OWN % ("EUR/month", "value: 200")),
    "tables": ("own", OWN % ("share", 'cells: "household_size | share\\n1 | 0.5\\n2 or more | 0.6"')),
}


@pytest.mark.parametrize("kind", OWN_KINDS)
@pytest.mark.parametrize(("day", "wrong"), [("2026-11-22", False), ("2026-11-23", True), ("2030-01-01", True)])
def test_nobody_has_checked_on_a_day_to_come(root, kind, day, wrong):
    """The day asked for is another thing: what holds in 2017 was checked long after."""
    name, text = OWN_KINDS[kind]
    (root / f"regions/keski-suomi/{kind}_own.yaml").write_text(f"{kind}:\n  {name}: {{{text.replace('DAY', day)}}}\n")
    try:
        load_rules(load_library("keski-suomi", on=TODAY, root=root))
        found = ""
    except BadInput as error:
        found = str(error)
    told = f"{kind}_own.yaml:2: {kind}.{name}.checked: {day} is still to come: nobody can have checked it then\n    Write the day on which it was last checked."
    assert (told in found) == wrong, found
    assert "still to come" not in found.replace(told, "")


@pytest.mark.parametrize("kind", OWN_KINDS)
def test_nor_has_who_proposes_a_change(kind):
    name, text = OWN_KINDS[kind]
    change = parse_changes(f"{kind}:\n  {name}: {{{text.replace('DAY', '2030-01-01')}}}\n")[0]
    with pytest.raises(BadInput, match=r"change:2: .*2030-01-01 is still to come"):
        load_rules(load_library("keski-suomi", on=TODAY, layers=[change.layer(TODAY)]))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("fields/assessment.yaml", "source: torni_fact", "source: torni_fcat"),
        ("formulas/costs.yaml", "source: invented", "source: inventde"),
        ("tables/family_voucher.yaml", "source: invented", "source: inventde"),
        ("indicators/what_happens.yaml", "source: invented", "source: inventde"),
        ("parameters/fees.yaml", "source: fee_tables_fshky", "source: fee_tables_fshyk"),
        ("code_lists/client.yaml", "source: ", "source: x"),
    ],
)
def test_a_misspelt_source_names_the_nearest(root, file, old, new):
    path = root / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=r'is not a source\n    Did you mean "') as caught:
        load_rules(load_library("keski-suomi", on=TODAY, root=root))
    assert file in str(caught.value)
