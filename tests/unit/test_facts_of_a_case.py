"""What of a case is a fact for the rules: the register's own word where it is one."""

from datetime import date
from types import SimpleNamespace

import pytest

from torni.guidance.case import facts_of


@pytest.mark.parametrize(
    ("registered", "known"),
    [("179", "179"), ("223", "444"), ("199", None), ("200", None), ("", None)],
    ids=["a municipality", "one that became part of another", "not known", "abroad", "nothing"],
)
def test_a_home_that_is_no_municipality_is_not_known(registered, known):
    """The rules know the municipalities of today: another number kept them from proposing anything."""
    case = SimpleNamespace(
        assessments=[], age=76, home=registered, needs=[], today=date(2026, 5, 4), fees_cents=lambda year: 0
    )
    assert facts_of(case).get("municipality") == known
