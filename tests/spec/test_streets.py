"""Streets as OpenStreetMap draws them: who may use a way and in which direction, barriers, and what is told as not read.

Sources: OpenStreetMap wiki, Key:access, Key:oneway, Key:barrier.
"""

import pytest

from tests.streets import STREET, may, near, read
from torni.core.faults import BadInput
from torni.network.unread import told
from torni.sources.osm.access import stopped_by


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ("", "cbwCBW"),
        ("access=no", ""),
        ("access=private", ""),
        ("vehicle=no", "wW"),
        ("motor_vehicle=no", "bwBW"),
        ("motorcar=no", "bwBW"),
        ("motor_vehicle=private", "bwBW"),
        ("bicycle=no", "cwCW"),
        ("foot=no", "cbCB"),
        ("bicycle=use_sidepath", "cwCW"),
        ("bicycle=optional_sidepath", "cbwCBW"),
        ("access=no motor_vehicle=yes", "cC"),
        ("access=no vehicle=yes", "cbCB"),
        ("access=no foot=yes", "wW"),
        ("access=private foot=designated bicycle=designated", "bwBW"),
        ("vehicle=no motorcar=destination", "cwCW"),
        ("motor_vehicle=no motorcar=yes", "cbwCBW"),
        ("motor_vehicle=agricultural;forestry", "bwBW"),
        ("motor_vehicle=agricultural;destination", "cbwCBW"),
        ("motor_vehicle=unknown access=no", ""),
        ("access=customers", "cbwCBW"),
        ("access=something_else", ""),
        ("motor_vehicle:backward=no", "cbwBW"),
        ("access:forward=no", "CBW"),
        ("motorroad=yes", "cC"),
        ("smoothness=impassable", "bwBW"),
        ("construction=yes", ""),
        ("construction=minor", "cbwCBW"),
        ("proposed=yes", ""),
        ("ice_road=yes", ""),
        ("winter_road=yes", ""),
        ("seasonal=winter", ""),
        ("seasonal=no", "cbwCBW"),
        ("highway=motorway", "c"),
        ("highway=trunk", "cbwCBW"),
        ("highway=footway", "bwBW"),
        ("highway=cycleway motor_vehicle=yes", "cbwCBW"),
        ("highway=path access=yes", "bwBW"),
        ("highway=track motor_vehicle=destination", "cbwCBW"),
    ],
)
def test_the_more_specific_access_key_overrides_the_more_general(tags, who):
    assert may(STREET | read(tags)) == who


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ("oneway=yes", "cbwW"),
        ("oneway=1", "cbwW"),
        ("oneway=-1", "wCBW"),
        ("oneway=reverse", "wCBW"),
        ("oneway=no", "cbwCBW"),
        ("oneway=reversible", "cbwCBW"),
        ("oneway=alternating", "cbwCBW"),
        ("junction=roundabout", "cbwW"),
        ("junction=circular", "cbwW"),
        ("junction=roundabout oneway=no", "cbwCBW"),
        ("highway=motorway oneway=no", "cC"),
        ("highway=motorway oneway=-1", "C"),
        ("oneway=yes oneway:bicycle=no", "cbwBW"),
        ("oneway=-1 oneway:bicycle=no", "bwCBW"),
        ("oneway=yes oneway:bicycle=-1", "cwBW"),
        ("oneway:bicycle=yes", "cbwCW"),
        ("oneway=yes cycleway=opposite", "cbwBW"),
        ("oneway=yes cycleway=opposite_lane", "cbwBW"),
        ("oneway=yes cycleway:left=opposite_track", "cbwBW"),
        ("oneway=yes cycleway:left:oneway=-1", "cbwBW"),
        ("oneway=yes bicycle:backward=yes", "cbwBW"),
        ("oneway=yes cycleway=lane", "cbwW"),
        ("oneway=yes oneway:motor_vehicle=no", "cbwCW"),
        ("oneway:motor_vehicle=yes", "cbwBW"),
        ("oneway=yes oneway:foot=yes", "cbw"),
        ("highway=steps conveying=forward", "bw"),
        ("oneway=yes bicycle=dismount", "cbwBW"),
        ("oneway=yes bicycle=dismount oneway:foot=yes", "cbw"),
    ],
)
def test_one_ways_bind_whom_they_are_said_of(tags, who):
    assert may(STREET | read(tags)) == who


@pytest.mark.parametrize(
    ("tags", "minutes"),
    [
        ("highway=cycleway", 4), ("highway=cycleway bicycle=dismount", 12), ("highway=footway bicycle=dismount", 12),
        ("highway=footway bicycle=yes", 4), ("highway=residential bicycle=dismount;yes", 4), ("highway=steps", 12),
        ("highway=steps bicycle=yes", 12), ("highway=steps bicycle=dismount", 12), ("highway=steps ramp:bicycle=yes", 12),
        ("highway=steps bicycle=no", None), ("highway=steps bicycle=no ramp:bicycle=yes", 12), ("highway=steps access=private", None),
        ("highway=cycleway bicycle:forward=dismount", 12), ("highway=cycleway bicycle:backward=dismount", 4),
    ],
)  # fmt: skip
def test_a_bicycle_is_led_on_foot_on_steps_and_where_one_dismounts(drawn, tags, minutes):
    """A kilometre: 4 minutes in the saddle, 12 beside the bicycle. Tag:highway=steps, Key:ramp, bicycle=dismount."""
    street = drawn("h=0 a=3 b=4 u=7").way("h a").way("b u").way("a b", read(tags))
    assert street.minutes("h", "u", "bicycle") == (None if minutes is None else near(12 + minutes + 12))


def test_who_walks_or_drives_is_not_slowed_by_those_who_dismount(drawn):
    street = drawn("h=0 a=3 b=4 u=7").way("h a").way("b u").way("a b", STREET, bicycle="dismount")
    assert street.minutes("h", "u") == near(7)
    assert street.minutes("h", "u", "walk") == near(84)


@pytest.mark.parametrize(
    ("tags", "stopped"),
    [
        ("barrier=bollard", "c"),
        ("barrier=bollard motor_vehicle=yes", ""),
        ("barrier=bollard access=yes", "c"),
        ("barrier=block", "c"),
        ("barrier=cycle_barrier", "c"),
        ("barrier=gate", ""),
        ("barrier=gate access=private", "cbw"),
        ("barrier=gate access=no foot=yes", "cb"),
        ("barrier=gate motor_vehicle=private", "c"),
        ("barrier=gate locked=yes", "cbw"),
        ("barrier=lift_gate bicycle=no", "b"),
        ("barrier=stile", "cb"),
        ("barrier=fence", "cbw"),
        ("barrier=cattle_grid", ""),
        ("barrier=yes", "c"),
        ("crossing=marked", ""),
    ],
)
def test_a_barrier_stops_those_who_do_not_fit_or_may_not(tags, stopped):
    assert "".join(letter for i, letter in enumerate("cbw") if stopped_by(read(tags)) >> i & 1) == stopped


def test_a_barrier_parts_the_street_at_its_point_only(drawn):
    street = drawn("h=0 m=2 n=3 u=5 v=2.5").way("h m n u").barrier("n", barrier="bollard")
    assert street.minutes("h", "u") is None
    assert street.minutes("u", "h") is None
    assert street.minutes("h", "v") == near(2.5), "one comes as far as the bollard"
    assert street.minutes("h", "u", "bicycle") == near(20)
    crossing = drawn("h=0 n=3 u=6 v=3,3").way("h n u").way("n v").barrier("n", barrier="block")
    assert crossing.minutes("h", "u") is None
    assert crossing.minutes("v", "u") is None
    assert crossing.minutes("v", "u", "walk") == near(72)


def test_tracks_roads_being_built_and_roads_not_cleared_of_snow_are_told(drawn):
    street = drawn("h=0 a=3 b=6 u=9").way("h a", winter_service="no").way("a b", {"highway": "construction"})
    street.way("b u", {"highway": "track"}).way("b u", {"highway": "track", "motor_vehicle": "private"})
    assert street.streets().unread == {"winter_service": 1, "gone": 1, "tracks": 1, "apart": 1}
    assert len(told({"winter_service": 1, "tracks": 1, "on_foot": 1})) == 3
    assert street.minutes("h", "a") == near(3)


def test_ids_below_zero_are_those_of_an_edited_file(drawn):
    street = drawn("h=0 m=2 u=5", first_id=-1).way("h m", STREET).way("m u", STREET).barrier("m", barrier="gate")
    assert street.minutes("h", "u") == near(5)
    assert street.barrier("m", barrier="bollard").minutes("h", "u") is None


def test_what_is_not_read_is_counted_and_told(drawn):
    street = drawn("h=0 m=2 u=5").way("h m", maxspeed="60", **{"motor_vehicle:conditional": "no @ (22:00-06:00)"})
    street.way("m u", oneway="reversible").way("h u", access="mystery").way("m h", motor_vehicle="destination")
    street.relation([1, 2], type="restriction", restriction="no_left_turn")
    street.relation([1, 2], type="restriction", restriction="only_straight_on")
    found = street.streets().unread
    assert found == {
        "turn_restrictions": 2, "maxspeed": 1, "conditional": 1, "changing_direction": 1, "unknown_access": 1, "destination": 1,
    }  # fmt: skip
    assert len(told(found)) == len(found)
    assert any("2" in str(line) for line in told(found))


def test_an_extract_larger_than_the_bounds_is_refused_with_the_remedy(drawn):
    street = drawn("h=0 m=2 u=5").way("h m u")
    for bound in ({"most_points": 2}, {"most_bytes": 10}):
        with pytest.raises(BadInput, match="osmium extract"):
            street.streets(**bound)
