"""THL's need model: its published totals again, taken apart without remainder, and the funding of 2026."""

from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.needs import funding, need
from torni.services import load_library

LIBRARY = load_library("keski-suomi", on=date(2026, 11, 22))


def test_the_published_coefficients_of_keski_suomi_come_out_to_six_decimals():
    found = need(LIBRARY, "15", 2023)
    assert [round(found.sectors[s], 6) for s in ("health", "social", "elder")] == [0.969467, 1.021987, 1.012883]
    assert round(found.total, 6) == 0.989276


@pytest.mark.parametrize(
    ("county", "year", "total"),
    [("9", 2018, 1.075875), ("9", 2019, 1.062096), ("16", 2018, 1.127488), ("16", 2019, 1.13178)],
)
def test_other_counties_and_years_too(county, year, total):
    names = {"9": "Etelä-Karjala", "16": "Etelä-Pohjanmaa"}
    from torni.services import regions

    (code,) = regions.find(names[county]).counties
    assert round(need(LIBRARY, code, year).total, 6) == round(total, 6)


@pytest.mark.parametrize("county", ["15", "90", "2", "19"])
def test_the_parts_make_the_whole(county):
    found = need(LIBRARY, county, 2022)
    assert found.parts["effect"].sum() + found.elder_share_effect == pytest.approx(found.total - 1, abs=1e-9)


def test_the_nation_is_one():
    assert need(LIBRARY, "all", 2021).total == pytest.approx(1.0)


def test_the_funding_of_2026_is_the_derived_one():
    paid = funding(LIBRARY, "15")
    assert paid.total == pytest.approx(1.040e9, rel=1e-3)
    assert round(paid.per_resident) == 3795


def test_what_the_model_does_not_tell_is_a_fault():
    for county, year in (("91", 2023), ("15", 2024), ("nowhere", 2023)):
        with pytest.raises(BadInput):
            need(LIBRARY, county, year)
    with pytest.raises(BadInput):
        funding(load_library("keski-suomi", on=date(2027, 1, 1)), "15")
