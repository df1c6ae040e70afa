"""Over the water and past what shuts the way: piers, islands, ice roads and loose pieces of the network, and how each is joined.

Sources: OpenStreetMap wiki, Key:ice_road, Tag:man_made=pier.
"""

import pytest

from tests.streets import FERRY, near
from torni.network.unread import told


def test_nobody_drives_onto_a_foot_ferry_or_across_the_water(drawn):
    """The island's unit is not joined to the mainland's road, however near: one must get aboard."""
    sea = (
        drawn("h=0 a=1 b=1.3 u=1.5")
        .way("h a")
        .way("b u")
        .way("a b", {"route": "ferry", "foot": "yes", "duration": "5"})
    )
    assert sea.minutes("h", "u", direct_km=2.0) is None
    assert sea.minutes("h", "u", "walk", direct_km=2.0) == near(12 + 15 + 5 + 2.4)
    assert sea.minutes("b", "u") == near(0.2), "on the island itself one drives"


def test_an_island_without_any_road_for_cars_is_not_driven_to(drawn):
    sea = drawn("h=0 a=4 b=4.4 c=4.6 u=4.7").way("h a").way("b c u", {"highway": "footway"})
    sea.way("a b", {"route": "ferry", "foot": "yes", "duration": "5"})
    assert sea.minutes("h", "u") is None
    assert sea.minutes("u", "h") is None
    assert sea.minutes("h", "u", "walk") == near(48 + 15 + 5 + 3.6)


def test_one_joins_the_roads_of_ones_own_shore_though_those_across_are_nearer(drawn):
    """The island's road is a kilometre away, six points of the mainland's are nearer."""
    sea = drawn("h=3.2 a=0 b=3 c=3,1 d=6,1 u=0,1 p=3.2,0 q=3.3,0").way("a b").way("u c d")
    sea.way("a u", {"route": "ferry", "duration": "5", "motor_vehicle": "yes"})
    sea.way("p q", {"highway": "footway"}).way("p d", {"highway": "footway"})
    assert sea.minutes("h", "d") == pytest.approx(1 * 2 + 2.8, abs=0.15), (
        "the island's nearest street, a kilometre at half the speed"
    )


def test_a_foot_ferry_meets_the_road_by_a_pier(drawn):
    sea = drawn("h=0 a=1 p=1.1 q=1.4 b=1.5 u=1.7").way("h a").way("b u")
    sea.way("a p", {"highway": "footway"}).way("q b", {"highway": "footway"}).way(
        "p q", {"route": "ferry", "foot": "yes", "duration": "5"}
    )
    assert sea.minutes("h", "u", direct_km=2.0) is None
    assert sea.minutes("h", "u", "walk") == near(13.2 + 15 + 5 + 3.6)


def test_a_home_by_a_pier_without_any_road_is_not_driven_from(drawn):
    sea = (
        drawn("h=0 a=0.1 b=1.3 u=4").way("b u").way("a b", {"route": "ferry", "motor_vehicle": "no", "duration": "10"})
    )
    assert sea.minutes("h", "u") is None
    assert sea.minutes("u", "h") is None
    assert sea.minutes("h", "b", direct_km=2.0) is None
    assert sea.minutes("b", "u") == near(2.7)
    assert sea.streets().unread["ferry_loose"] == 1


def test_a_ferry_that_ends_short_of_the_street_parts_its_two_shores(drawn):
    sea = drawn("h=0 p=3 e=3.04 q=4 u=6").way("h p").way("q u").way("e q", FERRY)
    assert sea.minutes("h", "u") is None
    assert sea.minutes("u", "h") is None
    assert sea.minutes("h", "p") == near(3)
    assert sea.minutes("q", "u") == near(2)
    assert sea.streets().unread == {"apart": 1, "ferry_loose": 1}


def test_a_piece_that_nothing_joins_is_told(drawn):
    """Whether water or a missing stretch parts it cannot be known; a ferry that no longer sails joins nothing."""
    sea = drawn("h=0 a=3 b=4 u=6").way("h a").way("b u")
    assert sea.streets().unread == {"apart": 1}
    assert sea.way("a b", {"disused:route": "ferry"}).streets().unread == {"apart": 1, "gone": 1}
    assert len(told({"apart": 1})) == 1
    assert "apart" not in sea.way("a b", FERRY).streets().unread


def test_an_island_of_an_ice_road_is_not_joined_across_the_ice(drawn):
    lake = drawn("h=0 a=1 b=2 u=3").way("h a").way("b u").way("a b", ice_road="yes")
    assert lake.minutes("h", "u") is None
    assert lake.minutes("a", "b", direct_km=2.0) is None


def test_an_ice_road_is_left_out_also_where_it_is_the_only_way(drawn):
    lake = drawn("h=0 m=2 u=4").way("h m u", ice_road="yes", seasonal="winter")
    assert lake.minutes("h", "u") is None
    assert lake.streets().unread["seasonal"] == 1


def test_homes_and_units_join_the_connected_network_and_not_a_loose_piece(drawn):
    """A yard of many short ways beside the home would take all six joining places; nothing leads out of it."""
    yard = "".join(f" p{i}={-0.1 + i * 0.02:.2f},0.3" for i in range(10))
    street = (
        drawn(f"h=0,0.3 a=0 b=5 u=5,0.3{yard}").way("a b").way(" ".join(f"p{i}" for i in range(10)), highway="service")
    )
    assert street.minutes("h", "u") == pytest.approx(0.6 + 5 + 0.6, abs=0.1)
    assert street.minutes("u", "h") == pytest.approx(0.6 + 5 + 0.6, abs=0.1)


def test_a_street_that_cannot_be_left_or_entered_is_a_loose_piece_for_that_direction(drawn):
    trap = drawn("h=0,0.2 a=0 t=0,0.15 s=0.1,0.2 b=5").way("a b").way("a t s", oneway="yes")
    assert trap.minutes("h", "b") == pytest.approx(12 * 0.23 + 5, abs=0.1), (
        "one does not drive out of it: on foot along it"
    )
    assert trap.minutes("b", "h") == near(5 + 0.15 + 0.1), "one comes by it"


FOOT_BRIDGE = {"highway": "footway", "bridge": "yes"}


@pytest.mark.parametrize(
    ("home", "unit", "minutes"),
    [
        ("h", "u", 18 + 3), ("u", "h", 3 + 18), ("a", "u", 6 + 3), ("i", "u", 18 + 3), ("h", "a", 1), ("b", "u", 3),
    ],
)  # fmt: skip
def test_an_island_with_a_foot_bridge_is_left_on_foot_to_the_connected_roads(drawn, home, unit, minutes):
    """A kilometre of street on the island, half a kilometre of bridge; a walker goes 5 km an hour, a car on its way 30."""
    sea = drawn("h=0 a=1 b=1.5 u=4.5 i=0,0.001").way("h a").way("b u").way("a b", FOOT_BRIDGE)
    assert sea.minutes(home, unit, direct_km=1.2) == pytest.approx(minutes, abs=0.1)
    assert sea.streets().unread == {"on_foot": 1}


def test_a_long_piece_with_a_foot_bridge_is_a_network_of_its_own_and_told(drawn):
    sea = drawn("h=0 a=3 b=3.5 u=8.5").way("h a").way("b u").way("a b", FOOT_BRIDGE)
    assert sea.minutes("h", "a") == near(3)
    assert sea.minutes("h", "u") is None
    assert sea.streets().unread == {"on_foot": 1}


def test_a_bicycle_too_is_left_where_only_walkers_go_on(drawn):
    sea = drawn("h=0 a=1 b=1.5 u=4.5").way("h a").way("b u").way("a b", FOOT_BRIDGE, bicycle="no")
    assert sea.minutes("a", "u", "bicycle") == near(6 + 12)


def test_a_foot_ferry_is_no_foot_bridge_and_what_it_joins_is_told(drawn):
    """Who drives does not wait for a boat that takes no cars; that the island's streets are apart is told."""
    sea = (
        drawn("h=0 a=1 b=1.5 u=4.5")
        .way("h a")
        .way("b u")
        .way("a b", {"route": "ferry", "foot": "yes", "duration": "5"})
    )
    assert sea.minutes("h", "u") is None
    assert sea.streets().unread == {"ferry_no_cars_assumed": 1, "on_foot": 1}


def test_a_long_piece_and_an_island_without_a_ferry_stay_apart(drawn):
    """What is as long as a network of its own is one: that nothing leads there is then the answer."""
    assert drawn("h=0 a=3 b=3.2 u=6").way("h a").way("b u").minutes("h", "u") is None


def test_a_map_of_short_ways_only_is_joined_at_its_longest_piece(drawn):
    assert drawn("h=0 a=0.5 b=0.8 u=0.9").way("h a").way("b u").minutes("h", "a") == near(0.5)


def test_a_mode_without_any_road_reaches_nothing(drawn):
    assert drawn("h=0 u=5").way("h u", {"highway": "footway"}).minutes("h", "u") is None
