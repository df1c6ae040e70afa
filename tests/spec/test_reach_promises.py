"""A reach promise: a share of a population within so many minutes of a unit that counts."""

import pytest

REACH = "kind: reach\nunit: {kind: centre}\nwithin_min: 30\nshare: 0.5\n"


@pytest.mark.parametrize(
    ("homes", "units", "state", "value"),
    [
        # The road is 60 km/h: 30 minutes is a little under 30 km, for the joining legs and parking take theirs.
        ("0:100 20:100", "a centre S @0", "kept", 1.0),
        ("0:100 40:100", "a centre S @0", "kept", 0.5),
        ("0:100 40:101", "a centre S @0", "broken", 100 / 201),
        ("0:100 40:101", "a centre S @0 \n b centre S @50", "kept", 1.0),
        ("0:100 40:100", "a dental S @0 \n b centre S @50", "kept", 0.5),
    ],
)
def test_the_share_of_people_inside_decides(world, homes, units, state, value):
    finding = world(homes=homes, units=units, promise=REACH)
    assert (finding.state, finding.value) == (state, pytest.approx(value))


def test_exactly_the_target_is_kept(world):
    """95 % promised and 95 % reached is a promise kept."""
    finding = world(homes="0:95 50:5", units="a centre S @0", promise=REACH.replace("0.5", "0.95"))
    assert finding.state == "kept"
    assert finding.affected == 5


def test_nothing_can_be_told_of_units_that_the_data_does_not_hold(world):
    finding = world(homes="0:100", units="a dental S @0", promise=REACH)
    assert (finding.state, finding.value, finding.affected) == ("unknown", None, None)
    assert "no unit of the kind" in str(finding.missing[0])


@pytest.mark.parametrize(
    ("units", "state"),
    [
        ("a centre M @0", "kept"),
        ("a centre L @0", "kept"),
        ("a centre S @0", "broken"),
        ("a centre - @0", "unknown"),  # its size is not known: it may be M or not
        ("a centre M @0 \n b centre - @50", "kept"),  # whatever the other is, enough are inside
        ("a centre S @0 \n b centre - @1", "unknown"),
        ("a centre S @0 \n b centre - @50", "broken"),  # even if it were M, too few are inside
    ],
)
def test_an_unknown_size_is_neither_small_nor_large(world, units, state):
    promise = REACH.replace("{kind: centre}", "{kind: centre, size_at_least: M}")
    assert world(homes="0:60 50:40", units=units, promise=promise).state == state


def test_every_unit_is_at_least_of_size_s(world):
    promise = REACH.replace("{kind: centre}", "{kind: centre, size_at_least: S}")
    assert world(homes="0:100", units="a centre - @0", promise=promise).state == "kept"


def test_public_transport_without_a_timetable_cannot_be_told(world):
    finding = world(homes="0:100", units="a centre S @0", promise=REACH + "mode: transit\n")
    assert finding.state == "unknown"
    assert [str(m) for m in finding.missing] == ["no timetable (GTFS) of the region"]


def test_the_people_of_an_age_group_are_counted_not_everybody(world):
    """All residents of this world are 65 or older: nobody of working age is counted."""
    old = world(homes="0:100 50:100", units="a centre S @0", promise=REACH + "population: aged_65_plus\n")
    assert old.total == pytest.approx(200)
    assert old.by_age["age_group"].to_list() == ["65_74", "75_84", "85_plus"]
    young = world(homes="0:100 50:100", units="a centre S @0", promise=REACH + "population: aged_18_64\n")
    assert young.total == 0


def test_the_worst_municipality_is_named_first(world):
    finding = world(homes="0:100:216 50:30:226 55:5:216", units="a centre S @0", promise=REACH)
    assert finding.worst()["name"].to_list() == ["Karstula", "Kannonkoski"]
    assert finding.worst()["outside"].to_list() == [30, 5]
