"""A plan is a text: what it may say, what it says back, and every fault of every step."""

import pytest

from torni.core.faults import BadInput
from torni.network.plan import applied, parse


def test_a_plan_reads_back_as_itself(keski_suomi):
    text = "close KS16; close KS09/ward; open 25.30000,62.70000,centre,M; move KS19 25.95000,62.44000; resize KS13 M; hours KS20 ma-pe 8-20"
    plan = parse(text, keski_suomi)
    assert str(plan) == text
    assert str(parse(str(plan), keski_suomi)) == text
    assert str(parse(plan.without(-1), keski_suomi)) == text.rpartition(";")[0]


def test_steps_follow_each_other(keski_suomi):
    plan = parse("open 25.3,62.7,terveysasema; resize new-1 L; close new-1", keski_suomi)
    assert [s.unit for s in plan.steps] == ["new-1"] * 3
    assert applied(keski_suomi, plan).units.height == keski_suomi.units.height


def test_closing_one_kind_leaves_the_others(keski_suomi):
    after = applied(keski_suomi, parse("close KS09/ward", keski_suomi)).units
    assert after.filter(after["unit_id"] == "KS09")["kinds"].to_list() == [["hospital", "centre"]]


def test_an_opened_unit_is_in_the_municipality_of_its_place(keski_suomi):
    after = applied(keski_suomi, parse("open 24.7982,62.4137,centre", keski_suomi)).units
    assert after.row(-1, named=True)["municipality"] == "495"  # Multia
    assert after.row(-1, named=True)["size"] == "S"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shut KS16", "is not a change"),
        ("close KS61", 'no open unit "KS61"'),
        ("close KS16; close KS16", 'no open unit "KS16"'),
        ("close KS22/ward", 'KS22 has no "ward"'),
        ("open 62.70,25.30,centre,M", "Longitude comes first"),
        ("open here,centre", "an opening needs"),
        ("open 25.3,62.7,shop", '"shop" is not a kind of unit'),
        ("open 25.3,62.7,centre,XL", '"XL" is not a size'),
        ("resize KS01 M", "has no size"),
        ("resize KS16 Q", '"Q" is not a size'),
        ("move KS16 1,2", "is not in Finland"),
        ("hours KS16", "opening hours are missing"),
    ],
)
def test_a_faulty_step_is_told_with_its_remedy(keski_suomi, text, told):
    with pytest.raises(BadInput) as caught:
        parse(text, keski_suomi)
    assert told in str(caught.value)


def test_a_plan_has_an_end(keski_suomi):
    with pytest.raises(BadInput, match="at most 100 steps"):
        parse("close KS16;" * 101, keski_suomi)


def test_all_faulty_steps_are_told_together(keski_suomi):
    with pytest.raises(BadInput) as caught:
        parse("close X1; close KS16; resize KS13 Q", keski_suomi)
    assert len(caught.value.faults) == 2
    assert caught.value.faults[1].where.startswith("step 3")
