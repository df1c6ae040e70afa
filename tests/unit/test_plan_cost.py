"""What a tried plan costs, and where its steps are: euros where the definitions know them, said where not; places by name."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from torni.core.language import speaking
from torni.network.cost import cost_of
from torni.network.plan import NetworkPlan, Step
from torni.services import load_library


@pytest.fixture(scope="module")
def library():
    from datetime import date

    return load_library("keski-suomi", on=date(2026, 11, 22))


def tried(library, *steps, minutes=0.0):
    """A what-if as its cost reads it: one centre S and one ward, trips to centres changed by so many person-minutes."""
    units = pl.DataFrame({"unit_id": ["A", "B"], "kinds": [["centre"], ["ward"]], "size": ["S", None]})
    trip = SimpleNamespace(unit=SimpleNamespace(kind="centre"), mode="car")
    change = SimpleNamespace(after=SimpleNamespace(id="centre.near", promise=SimpleNamespace(trip=trip)))
    rows = pl.DataFrame({"promise": ["centre.near", "other"], "gain_min": [0.0, 9e9], "lose_min": [minutes, 0.0]})
    found = SimpleNamespace(
        plan=NetworkPlan(tuple(steps)), network=SimpleNamespace(library=library), changes=(change,), minutes=rows
    )
    return cost_of(found, SimpleNamespace(units=units))


def test_a_unit_that_is_closed_or_made_larger_costs_by_its_kind_and_size(library):
    closed = tried(library, Step("close", "A", "close A"), minutes=100.0)
    assert closed.units == -350_000 and closed.invented
    assert closed.travel == pytest.approx(100 * 2 * 3 * 0.5)  # there and back, three visits a year, 0.50 a minute
    assert tried(library, Step("resize", "A", "resize A M", size="M")).units == 900_000 - 350_000
    assert tried(library, Step("open", "new-1", "open", kind="centre", size="L")).units == 2_200_000


def test_each_step_costs_on_what_the_steps_before_it_left(library):
    made = Step("open", "new-1", "open", kind="centre", size="S"), Step("resize", "new-1", "resize", size="M")
    assert tried(library, *made).units == 900_000


def test_what_the_definitions_do_not_tell_is_said_and_is_no_zero(library):
    found = tried(library, Step("close", "B", "close B"), Step("hours", "A", "hours A ma-su", opening="ma-su"))
    assert found.units is None
    with speaking("en"):
        told = [str(text) for text in found.unknown]
    assert told[0] == "what a unit of this kind costs a year: hospital ward" and "what other opening hours cost" in told
    assert "how often residents travel to units of this kind: hospital ward" in told


def test_a_point_is_told_as_people_name_it(monkeypatch):
    from torni.core.texts import Text
    from torni.network.plan import place_told

    cells = SimpleNamespace(x=np.array([435_000.0]), y=np.array([6_903_000.0]), municipality=np.array(["179"]))
    network = SimpleNamespace(population=cells, names={"179": Text(fi="Jyväskylä", sv="Jyväskylä", en="Jyväskylä")})
    with speaking("en"):
        assert str(place_told(network, 25.747, 62.242)) == "Jyväskylä, centre"
        assert str(place_told(network, 25.747, 62.40)).startswith("Jyväskylä, 1") and "km from the centre (north)" in str(place_told(network, 25.747, 62.40))  # fmt: skip
