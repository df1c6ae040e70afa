"""Figures that rest on an invented sample say so, and only those."""

from __future__ import annotations

import pytest

from torni.core.language import speaking
from torni.supervision.sentences import sample_text


def test_a_sample_is_told_with_the_regions_own_number():
    with speaking("en"):
        told = sample_text({"seed": 1, "residents": 20_000}, 270_043)
    assert "20,000 invented residents" in told and "270,043" in told


@pytest.mark.parametrize("invented", [None, {}, {"seed": 1, "residents": None}, {"seed": 1, "residents": 270_043}])
def test_what_is_not_of_a_sample_says_nothing(invented):
    assert sample_text(invented, 270_043) == ""
