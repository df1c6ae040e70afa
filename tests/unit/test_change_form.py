"""The form of a change: every amount by its own field, tables too; what is filled otherwise is what changes, and comes back into the form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import yaml

from torni.core.faults import BadInput
from torni.services import load_library
from torni.services.rules import load_rules
from torni.web.change_form import filled_of, lines, written


@pytest.fixture(scope="module")
def rules():
    return load_rules(load_library("keski-suomi", on=date(2026, 11, 22)))


def grids(rules):
    return [(service, grid) for service in rules.granting for grid in lines(rules, service)[1]]


def test_a_table_is_told_by_its_bands_in_words(rules):
    (limit,) = [g for _s, g in grids(rules) if g.field == "table.home_care.income_limit"]
    assert limit.of == ("Household size",) and limit.heads == ("euros a month",) and limit.across == ""
    assert [bands for bands, _amounts in limit.rows] == [("1",), ("2",), ("3",), ("4",), ("5",), ("6 or more",)]
    (share,) = [g for _s, g in grids(rules) if g.field == "table.home_care.percentage"]
    assert share.unit == "%" and share.rows[0][1][0][1] == "8", "a share is told as so many per cent"
    assert share.across == "Household size" and share.heads[-1] == "6 or more" and share.rows[0][0] == ("at most 4",)


def test_every_amount_of_every_table_may_be_changed_and_comes_back_into_the_form(rules):
    """Whatever one amount becomes, the table's text differs there and nowhere else, and it can be read."""
    tried = 0
    for service, grid in grids(rules):
        field, value = grid.rows[-1][1][-1]
        new = Decimal(value) + Decimal("0.5")
        text = written(rules, service, {field: f"{new}".replace(".", ","), "name": "x"})
        content = yaml.safe_load(text)
        assert list(content) == ["name", "tables"] and list(content["tables"]) == [grid.field.removeprefix("table.")]
        before, after = (
            [[c.strip() for c in line.split("|")] for line in t.splitlines()]
            for t in (grid.text, *content["tables"].values())
        )
        (written_,) = [after[r][c] for r, row in enumerate(before) for c, cell in enumerate(row) if after[r][c] != cell]
        assert Decimal(written_) == new / (100 if grid.unit == "%" else 1)
        changed = [(r, c) for r, row in enumerate(before) for c, cell in enumerate(row) if after[r][c] != cell]
        assert [f"{grid.field}:{r}:{c}" for r, c in changed] == [field]
        again = filled_of(rules, text)
        assert Decimal(again[field]) == new and grid.changed_in(again) and not grid.changed_in({})
        tried += 1
    assert tried > 3


def test_an_amount_that_is_none_is_told_with_its_place(rules):
    (service, grid) = next((s, g) for s, g in grids(rules) if g.field == "table.home_care.income_limit")
    with pytest.raises(BadInput) as told:
        written(rules, service, {grid.rows[-1][1][0][0]: "paljon", grid.rows[0][1][0][0]: ""})
    assert [f.where for f in told.value.faults] == [f"{grid.what}: 1", f"{grid.what}: 6 or more"]


def test_a_form_filled_as_it_was_changes_nothing(rules):
    filled = {field: value for service, grid in grids(rules) for _b, amounts in grid.rows for field, value in amounts}
    with pytest.raises(BadInput, match="nothing is changed"):
        written(rules, "home_care", filled)
