"""Municipalities' rules as their officials write them: headings in Finnish and Swedish, shares in per cent; nothing read by halves."""

from datetime import date
from decimal import Decimal

import pytest

from torni.core.faults import BadInput
from torni.services import load_library
from torni.simulation.harmonise import COLUMNS, harmonise, read_own

SHARE, EUROS, SCORE = "elder_housing.share", "elder_housing.allowance", "grant.home_care.maple"
UNITS = {SHARE: "share", EUROS: "EUR/month", SCORE: "score"}


@pytest.fixture
def brought(tmp_path):
    def made(text, name="h.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return made


def value(path):
    (only,) = read_own(path, UNITS)["182"].content["parameters"].values()
    return only


def refused(path, read=read_own):
    with pytest.raises(BadInput) as caught:
        read(path, UNITS) if read is read_own else read(path, region="keski-suomi", on=date(2026, 11, 22))
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("85 %", "0.85"), ("85%", "0.85"), ("85,5 %", "0.855"), ("85.5 %", "0.855"), ("85\u00a0%", "0.85"), ("85,00 %", "0.85"), ("0 %", "0"), ("42,5 prosenttia", "0.425"),
        ("1 prosentti", "0.01"), ("85 procent", "0.85"), ("85 pros.", "0.85"), ("85 per cent", "0.85"), ("85 percent", "0.85"), ("0,85", "0.85"), ("0.85", "0.85"),
    ],
)  # fmt: skip
def test_a_share_may_be_written_in_per_cent(brought, written, share):
    assert value(brought(f"kunta;parametri;arvo\nJämsä;{SHARE};{written}\n")) == Decimal(share)


@pytest.mark.parametrize(("parameter", "unit"), [(EUROS, "EUR/month"), (SCORE, "score")])
def test_what_is_no_share_is_not_written_in_per_cent(brought, parameter, unit):
    (told,) = refused(brought(f"kunta;parametri;arvo\nJämsä;{parameter};85 %\n"))
    assert told.startswith(f'h.csv:2: "85 %" is in per cent, but {parameter} is in {unit}\n')


def test_the_decimal_sign_is_told_by_shares_in_per_cent_too(brought):
    rows = f"Jämsä;{EUROS};1.160\nKeuruu;{SHARE};85,5 %\n"
    assert read_own(brought("kunta;parametri;arvo\n" + rows), UNITS)["182"].content["parameters"] == {EUROS: 1160}
    assert "may be 84500 or 84.500" in refused(brought(f"kunta;parametri;arvo\nJämsä;{SHARE};84.500 %\n"))[0]


@pytest.mark.parametrize("written", ["190,50 €", "190.50 EUR", "190,5 euroa"])
def test_euros_may_have_their_sign(brought, written):
    assert value(brought(f"kunta;parametri;arvo\nJämsä;{EUROS};{written}\n")) == Decimal("190.5")


@pytest.mark.parametrize("written", ["80", "80,0"])
def test_a_share_of_more_than_all_is_refused(brought, written):
    told = refused(brought(f"kunta;parametri;arvo\nJämsä;{SHARE};{written}\n"), harmonise)
    assert any("is more than all" in one and "h.csv:2" in one for one in told), told


@pytest.mark.parametrize(("ours", "name"), [(ours, name) for ours, names in COLUMNS.items() for name in names])
def test_each_column_may_be_called_as_officials_call_it(brought, ours, name):
    heads = {column: name.upper() if column == ours else column for column in COLUMNS}
    assert value(brought(";".join(heads.values()) + f"\nJämsä;{SCORE};4\n")) == 4


@pytest.mark.parametrize(
    ("heads", "both"),
    [("Kunta;Kuntakoodi;Parametri;Arvo", ("Kunta", "Kuntakoodi")), ("kommun;villkor;värde;belopp", ("värde", "belopp")), ("kunta;peruste;Maksu (€);arvo", ("peruste", "Maksu (€)"))],
)  # fmt: skip
def test_two_columns_that_may_be_the_same_are_both_named(brought, heads, both):
    (told,) = refused(brought(f"{heads}\nJämsä;182;{SCORE};4\n"))
    assert '"{}" and "{}" may both be the column'.format(*both) in told


def test_columns_that_are_not_read_are_told(brought, noted):
    assert value(brought(f"kunta;peruste;arvo;voimaan\nJämsä;{SCORE};4;1.1.2030\n")) == 4
    assert [fault.what for fault in noted] == ["Columns not read: voimaan"]


def test_a_table_of_names_alone_tells_that_nothing_is_under_them(brought):
    assert "no rows under the column names" in refused(brought("kunta;peruste;arvo\n"))[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("municipalities: {}\n", "municipalities and what differs in each are expected"),
        ("municipalities:\n  Jämsä: {parametrs: {a: 1}}\n", '"parametrs" is not part of a change'),
        ("municipalities:\n  Jämsä: {from: 2030-01-01, parameters: {a: 1}}\n", '"from" is not part of a change'),
        ("municipalities:\n  Jämsä: {parameters: [a]}\n", "names and what differs in them are expected"),
        ("municipalities:\n  Jämsä: {parameters: {a: 1}}\nfrom: 2030-01-01\n", '"from" is not a field here'),
    ],
)
def test_nothing_of_a_yaml_file_is_left_unread(brought, text, told):
    assert told in refused(brought(text, "h.yaml"))[0]


def test_a_number_alone_is_no_table_of_numbers(brought):
    (told,) = refused(brought("kunta;peruste;arvo\nJämsä;travel.car.speed_kmh;60\n"), harmonise)
    speeds = load_library("keski-suomi", on=date(2026, 11, 22)).table("travel.car.speed_kmh")
    assert "h.csv:2" in told and "names and their values are expected" in told and next(iter(speeds)) in told
