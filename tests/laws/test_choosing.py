"""What a resident compares: the mean minutes to a unit are those of the travel matrix, weighted by residents."""

from __future__ import annotations

import numpy as np
import pytest

from torni.network.choosing import seen_from


@pytest.mark.parametrize("code", ["179", "249", "931"])
def test_the_mean_minutes_are_the_matrix_weighted_by_residents(keski_suomi, code):
    found = seen_from(keski_suomi, code, "centre")
    units = keski_suomi.units.with_row_index("row")
    inside = np.flatnonzero(keski_suomi.municipality_index == keski_suomi.municipality_codes.index(code))
    people = keski_suomi.people("residents")[inside]
    for row in found.head(5).iter_rows(named=True):
        number = units.filter(units["unit_id"] == row["unit_id"])["row"][0]
        seconds = keski_suomi.times("car", np.array([number]))[0][inside].astype(float)
        reached = seconds < 65535
        assert row["minutes"] == pytest.approx((people * seconds)[reached].sum() / people[reached].sum() / 60)
    assert found["minutes"].drop_nulls().is_sorted() and len(found) == sum(
        "centre" in k for k in keski_suomi.units["kinds"]
    )
    assert found["municipality"][0] == code, "a municipality with a centre is nearest to its own"


def test_a_place_outside_the_region_and_a_kind_that_is_not_there_give_nothing(keski_suomi):
    assert len(seen_from(keski_suomi, "091", "centre")) == 0 and len(seen_from(keski_suomi, "179", "no_such_kind")) == 0
