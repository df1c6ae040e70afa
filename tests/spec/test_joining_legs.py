"""Where a home or unit joins the streets: never over a water, nor by car past what shuts cars."""

from datetime import date

import pytest

from tests.streets import FERRY, STREET, near
from torni.network.unread import told

ISLETS = "a=0 b=10 c={c} d={d} e={e} f={f}"
BANKS = "a=0,0 b=3,0 e=20,0 g=20,{w} c=3,{w} d=0,{w} h=5,{w}"
DAY = date(2026, 11, 23)
FOOT = {"route": "ferry", "foot": "yes", "duration": "10"}


@pytest.mark.parametrize("km", [0.6, 1.2, 1.9, 2.5])
@pytest.mark.parametrize("sea", [1, 3, 5])
def test_two_islets_with_a_ferry_between_them_reach_each_other_and_no_mainland(drawn, km, sea):
    c = 10 + sea
    m = (
        drawn(ISLETS.format(c=c, d=c + km, e=c + km + 2, f=c + 2 * km + 2))
        .way("a b")
        .way("c d")
        .way("e f")
        .way("d e", FERRY)
    )
    assert m.minutes("f", "a") is None
    assert m.minutes("a", "f", direct_km=2.0) is None
    assert m.minutes("f", "c") == near(2 * km + 25)


@pytest.mark.parametrize("wide", [0.2, 0.3, 0.6, 1.0])
@pytest.mark.parametrize(
    ("crossing", "minutes"), [(FERRY, 30), (FOOT, 35), (STREET | {"ice_road": "yes"}, 35), (None, 35)]
)
def test_a_water_that_a_road_goes_round_is_crossed_by_ferry_or_gone_round(drawn, wide, crossing, minutes):
    m = drawn(BANKS.format(w=wide)).way("a b e").way("d c g").way("e g")
    if crossing:
        m.way("b c", crossing)
    right = minutes + (wide if minutes == 35 else 0)
    for direct in (0.0, 2.0):
        assert m.minutes("h", "a", direct_km=direct) == pytest.approx(right, abs=0.1)


@pytest.mark.parametrize("beyond", [2.2, 2.5, 4])
@pytest.mark.parametrize(
    "barrier", [{"barrier": "chain"}, {"barrier": "block"}, {"barrier": "gate", "access": "private"}]
)
def test_nobody_drives_past_what_shuts_cars_from_a_network_of_its_own(drawn, beyond, barrier):
    m = drawn(f"a=0 b=3 d={3 + beyond}").way("a b d").barrier("b", **barrier)
    assert m.minutes("d", "a") is None


@pytest.mark.parametrize("beyond", [0.3, 1, 1.9])
def test_a_short_piece_behind_a_chain_is_left_on_foot(drawn, beyond):
    m = drawn(f"a=0 b=3 d={3 + beyond}").way("a b d").barrier("b", barrier="chain")
    assert m.minutes("d", "a") == pytest.approx(3 + 12 * beyond, abs=0.05)


@pytest.mark.parametrize("km", [0.1, 0.5, 0.9, 1.5, 3])
def test_an_island_street_that_nothing_joins_is_not_driven_to_and_is_told(drawn, km):
    m = drawn(f"a=0 b=3 c=4 d={4 + km}").way("a b").way("c d")
    assert m.minutes("d", "a") is None
    assert m.minutes("a", "d", direct_km=2.0) is None
    assert m.minutes("d", "c") == near(km)
    assert len(told(m.streets().unread)) == 1


def test_a_long_street_over_a_strait_is_no_gap_of_the_map(drawn):
    m = drawn("a=0 b=3 c=3,0.3 d=8,0.3").way("a b").way("c d")
    assert m.minutes("c", "a", direct_km=2.0) is None


def test_a_short_street_beyond_a_gap_of_the_map_is_joined_and_counted(drawn):
    m = drawn("a=0 b=3 c=3.05 d=3.5").way("a b").way("c d")
    assert m.minutes("d", "a") == pytest.approx(3 + 1, abs=0.15)
    assert m.streets().unread == {"over_gap": 1}


BRIDGE = STREET | {"bridge": "yes"}


@pytest.mark.parametrize(
    "link",
    [
        STREET | {"winter_road": "yes"}, STREET | {"ice_road": "yes"}, BRIDGE | {"access": "no"}, BRIDGE | {"access": "private"},
        BRIDGE | {"highway": "construction", "construction": "unclassified"}, BRIDGE | {"highway": "proposed"},
        BRIDGE | {"disused": "yes"}, BRIDGE | {"end_date": "2019"}, BRIDGE | {"opening_date": "2031-05"}, BRIDGE | {"seasonal": "summer"},
        {"demolished:highway": "unclassified", "demolished:bridge": "yes"}, {"proposed:highway": "road", "bridge": "yes"},
        {"highway": "proposed", "tunnel": "yes"},
        {"disused:route": "ferry"}, {"abandoned:route": "ferry", "route": "no"}, FERRY | {"seasonal": "summer"}, {"route": "ferry", "access": "no"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["car", "walk"])
def test_a_link_that_the_map_draws_and_nobody_may_use_tells_that_there_is_no_other(drawn, link, mode):
    m = drawn("a=0 b=3 c=3.2 d=4.2").way("a b").way("c d").way("b c", link)
    assert m.minutes("d", "a", mode, on=DAY) is None
    assert m.minutes("a", "d", mode, direct_km=2.0, on=DAY) is None
    assert "over_gap" not in m.streets(on=DAY).unread


@pytest.mark.parametrize("tags", [{"access": "no"}, {"access": "private"}, {"foot": "no", "vehicle": "no"}])
def test_a_street_on_land_that_nobody_may_use_shows_one_land(drawn, tags):
    m = drawn("a=0 b=3 c=3.2 d=4.2").way("a b").way("c d").way("b c", **tags)
    assert m.minutes("d", "a") == near(12 + 2.4 + 3), "on foot past what shuts the street"


@pytest.mark.parametrize(
    ("dates", "open_"),
    [
        ({"opening_date": "2030-01-01"}, False), ({"opening_date": "2030"}, False), ({"opening_date": "2020"}, True),
        ({"closing_date": "2020-01-01"}, False), ({"closing_date": "2030"}, True), ({"closing_date": "2026"}, True),
        ({"start_date": "1950", "opening_date": "2030"}, False), ({"closing_date": "2019", "opening_date": "2024-06"}, True),
        ({"start_date": "2031-05-01"}, False), ({"end_date": "2020-05"}, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("link", [FERRY, STREET])
def test_what_is_not_yet_open_or_has_closed_carries_nobody(drawn, dates, open_, link):
    m = drawn("a=0 b=3 c=5 d=8").way("a b").way("c d").way("b c", link, **dates)
    assert (m.minutes("a", "d", on=DAY) is not None) == open_
    assert m.streets(on=DAY).unread.get("gone", 0) == (not open_)


def test_one_walks_round_by_the_foot_bridge_and_not_over_the_water_beside_it(drawn):
    m = drawn("a=0,0 b=3,0 c=3,0.2 d=3.9,0.2 s=3,-1").way("a b").way("c d")
    m.way("b s", {"highway": "footway"}).way("s c", {"highway": "footway"})
    assert m.minutes("c", "b") == pytest.approx(12 * 2.2, abs=0.1)


@pytest.mark.parametrize(
    ("duration", "minutes", "doubted"),
    [
        ("0.20", 20, 0),
        ("00.20", 20, 0),
        ("1.05", 65, 0),
        ("20:00", 10, 1),
        ("10:00", 10, 1),
        ("65 mins", 65, 0),
        ("puoli tuntia", 30, 0),
    ],
)
def test_a_duration_that_cannot_be_true_is_told_and_the_length_used(drawn, duration, minutes, doubted):
    m = drawn("a=0 b=3 c=5 d=8").way("a b").way("c d").way("b c", FERRY, duration=duration)
    assert m.minutes("a", "d") == near(6 + 15 + minutes)
    assert m.streets().unread.get("ferry_doubted", 0) == doubted


@pytest.mark.parametrize(
    "tags",
    [
        {"state": "proposed"},
        {"operational_status": "closed"},
        {"opening_hours": "01.05.-30.09."},
        {"opening_hours": "kes\xe4isin"},
    ],
)
def test_a_ferry_that_is_planned_closed_or_of_summer_carries_nobody(drawn, tags):
    assert drawn("a=0 b=3 c=5 d=8").way("a b").way("c d").way("b c", FERRY, **tags).minutes("a", "d") is None


def test_two_ferries_that_share_a_common_name_are_two_lines(drawn):
    m = drawn("a=0 b=3 c=5 e=7 d=10 x=5,1").way("a b").way("e d").way("c x")
    m.way("b c", FERRY, name="Lossi").way("c e", FERRY, name="Lossi")
    assert m.minutes("a", "d") == near(3 + 25 + 25 + 3)
