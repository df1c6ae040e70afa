"""A presence promise: at least so many units for each municipality, each producer, or the region."""

from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.core.places import definitions

EACH = "kind: presence\nunit: {kind: centre}\neach: municipality\n"
HOMES = "0:4000:216 5:6000:226"


@pytest.mark.parametrize(
    ("rule", "units", "state", "met"),
    [
        ("", "a centre S @0 in=216 \n b centre S @-10 in=226", "kept", (2, 2)),
        ("", "a centre S @0 in=216", "broken", (1, 2)),
        ("residents: {below: 5000}", "a centre S @0 in=216", "kept", (1, 1)),
        ("residents: {at_least: 5000}", "a centre S @0 in=216", "broken", (0, 1)),
        ("residents: {at_least: 6000}", "b centre S @-10 in=226", "kept", (1, 1)),
        ("at_least: 2", "a centre S @0 in=216 \n b centre S @-10 in=226", "broken", (0, 2)),
    ],
)
def test_each_municipality_that_the_rule_covers_needs_its_unit(world, rule, units, state, met):
    finding = world(homes=HOMES, units=units, promise=EACH + rule)
    assert (finding.state, (finding.met, finding.total)) == (state, met)


def test_the_affected_are_the_residents_of_the_municipalities_without(world):
    finding = world(homes=HOMES, units="a centre S @0 in=216", promise=EACH)
    assert finding.affected == 6000
    assert finding.worst()["name"].to_list() == ["Karstula"]


def test_an_unknown_size_in_one_municipality_leaves_it_untold(world):
    promise = EACH.replace("{kind: centre}", "{kind: centre, size_at_least: M}")
    assert (
        world(homes=HOMES, units="a centre M @0 in=216 \n b centre - @-10 in=226", promise=promise).state == "unknown"
    )


def test_every_producer_needs_its_own(world):
    promise = "kind: presence\nunit: {kind: centre, size_at_least: L}\neach: producer\n"
    units = "a centre L @0 producer=A \n b centre S @1 producer=A \n c centre M @2 producer=B"
    finding = world(homes=HOMES, units=units, promise=promise)
    assert (finding.state, finding.met, finding.total) == ("broken", 1, 2)


def test_producers_that_nobody_has_named_cannot_be_judged(world):
    promise = "kind: presence\nunit: {kind: centre}\neach: producer\n"
    assert world(homes=HOMES, units="a centre L @0", promise=promise).state == "unknown"


def test_a_particular_unit_of_the_region(world):
    promise = "kind: presence\nunit: {kind: hospital, unit_ids: [H1]}\neach: region\n"
    assert world(homes=HOMES, units="H1 hospital - @0", promise=promise).state == "kept"
    assert world(homes=HOMES, units="H1 centre - @0 \n H2 hospital - @5", promise=promise).state == "broken"


def test_a_named_unit_that_the_region_does_not_have_is_told_at_its_line_with_the_nearest(world, own_regions):
    """Every such id of every promise at once: a slip of the pen is not a promise broken for everyone."""
    promise = "kind: presence\nunit: {kind: hospital, unit_ids: [H10, HX10, ZZ99]}\neach: region\n"
    with pytest.raises(BadInput) as told:
        world(homes=HOMES, units="H10 hospital - @0", promise=promise)
    file = own_regions / "trial/services/trial.yaml"
    line = next(i for i, text in enumerate(file.read_text().splitlines(), 1) if "unit_ids" in text)
    at = f"{file.as_posix()}:{line}: promises.0.unit.unit_ids"
    assert [(f.where, f.what, f.remedy) for f in told.value.faults] == [
        (f"{at}.1", '"HX10" is not a unit of the region', 'Did you mean "H10"?'),
        (f"{at}.2", '"ZZ99" is not a unit of the region', "Write the unit's id as the list of units has it."),
    ]


def test_a_unit_that_has_closed_is_no_fault_and_a_shipped_promise_is_not_held_against_a_list_of_the_regions_own(
    own_regions,
):
    from torni.network import check
    from torni.network.region import load

    region = own_regions / "keski-suomi"
    region.mkdir()
    (region / "region.yaml").write_text((definitions() / "regions/keski-suomi/region.yaml").read_text())
    header = "unit_id,name,kinds,size,municipality,lon,lat,x,y,opening,producer,electronic,serves,open_from,open_to,point_source\n"
    row = "KS01,Nova,hospital,,179,25.70,62.23,432678,6900467,,,,,,2020-01-01,x\n"
    for rows in (row, row.replace("KS01", "K1")):
        (region / "units.csv").write_text(header + rows)
        found = check(load("keski-suomi", on=date(2026, 11, 22), invented=False), pattern="hospital.at_nova")
        assert [f.state for f in found] == ["unknown"], "no hospital is known on the day"


@pytest.mark.parametrize(
    ("units", "state"),
    [
        ("h home_care - @0 serves=216|226", "kept"),
        ("h home_care - @0 serves=216", "broken"),
        ("h home_care - @0", "unknown"),  # where it serves is not known
        ("a centre S @0", "unknown"),  # no home care is known at all
    ],
)
def test_a_service_given_at_home_is_counted_by_where_it_serves(world, units, state):
    promise = "kind: presence\nunit: {kind: home_care}\neach: municipality\nserving: true\n"
    assert world(homes=HOMES, units=units, promise=promise).state == state


@pytest.mark.parametrize(
    ("units", "state"),
    [
        ("a centre S @0 electronic=yes", "kept"),
        ("a centre S @0 electronic=yes \n b centre S @1 electronic=no", "broken"),
        ("a centre S @0 electronic=yes \n b centre S @1", "unknown"),
    ],
)
def test_every_unit_has_the_feature(world, units, state):
    promise = "kind: feature\nunit: {kind: centre}\nfeature: electronic\n"
    assert world(homes=HOMES, units=units, promise=promise).state == state
