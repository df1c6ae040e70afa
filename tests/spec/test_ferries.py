"""Over the water as OpenStreetMap draws it: who boards a ferry, when it sails and how long it takes.

Sources: OpenStreetMap wiki, Tag:route=ferry, Key:duration, Key:opening_hours.
"""

import pytest

from tests.streets import FERRY, STREET, may, near, read
from torni.network.unread import told
from torni.sources.osm.ferries import duration_s


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ("", "cbwCBW"),
        ("motor_vehicle=yes", "cbwCBW"),
        ("foot=yes", "wW"),
        ("foot=yes bicycle=yes", "bwBW"),
        ("foot=yes bicycle=no", "wW"),
        ("foot=yes bicycle=yes motor_vehicle=no", "bwBW"),
        ("foot=yes motorcar=yes", "cbwCBW"),
        ("motor_vehicle=no", "bwBW"),
        ("motorcar=no", "bwBW"),
        ("vehicle=no", "wW"),
        ("vehicle=no bicycle=yes", "bwBW"),
        ("motor_vehicle=no motorcar=yes foot=yes", "cbwCBW"),
        ("bicycle=no", "cwCW"),
        ("foot=no", "cbCB"),
        ("foot=no bicycle=no", "cC"),
        ("foot=yes maxweight=40", "cbwCBW"),
        ("foot=yes bicycle=yes maxweight=60", "cbwCBW"),
        ("foot=yes maxweight=3500kg", "cbwCBW"),
        ("foot=yes maxweight=0.5", "wW"),
        ("foot=yes maxheight=4.2", "cbwCBW"),
        ("foot=yes maxweight=40 motor_vehicle=no", "wW"),
        ("hgv=yes foot=yes", "cbwCBW"),
        ("hgv=no", "cbwCBW"),
        ("foot=yes hgv=no", "wW"),
        ("cargo=passengers", "wW"),
        ("cargo=passengers;vehicle", "cbwCBW"),
        ("foot=yes ferry=secondary", "cbwCBW"),
        ("access=private", ""),
        ("access=no motor_vehicle=yes", "cC"),
        ("foot=no motor_vehicle=yes", "cbCB"),
        ("oneway=yes motor_vehicle=yes", "cbw"),
        ("oneway=-1 motor_vehicle=yes", "CBW"),
    ],
)
def test_a_ferry_takes_aboard_whom_its_tags_name(tags, who):
    """Of whom nothing is said where others are named, that one stays ashore: absence is not read as yes."""
    assert may({"route": "ferry"} | read(tags), ferry=True) == who


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("10", 10), ("7.5", 7.5), ("7,5", 7.5), ("00:10", 10), ("0:10", 10), ("1:05", 65), ("00:02:30", 2.5), ("24:00", 1440),
        ("PT10M", 10), ("pt1h30m", 90), ("PT90S", 1.5), ("PT0.5H", 30), ("P0DT0H10M0S", 10), ("P0Y0M0DT0H10M", 10), ("P1D", 1440),
        ("10 min", 10), ("10 mn", 10), ("00:90", 90), ("0:60", 60), ("10min", 10), ("10 minutes", 10), ("10 Min.", 10), ("10 minuuttia", 10), ("1 h 20 min", 80),
        ("1h20", 80), ("1.5 h", 90), ("2 hours", 120), ("1 tunti 5 min", 65), ("90 s", 1.5), ("10'", 10), ("10\N{PRIME}", 10), ("1 tim 5 min", 65), ("00:10;00:15", 15), ("~10 min", 10),
        ("ca. 10 min", 10), ("00:10-00:15", 15), ("10-15", 15), ("10\N{EN DASH}15 min", 15), ("00:30 h", 30),
        ("", None), (None, None), ("yes", None), ("soon", None), ("0", None), ("00:00", None), ("-5", None), ("10 parsecs", None), ("P", None),
        ("PT", None), ("9999999", None), ("10:99", None), ("1-2-3", None),
    ],
)  # fmt: skip
def test_durations_are_read_in_every_written_form(text, minutes):
    assert duration_s(text) == (None if minutes is None else minutes * 60)


def test_a_ferry_is_waited_for_once_however_many_ways_draw_it(drawn):
    one = drawn("h=0 a=1 b=4 u=5").way("h a").way("a b", FERRY).way("b u")
    two = (
        drawn("h=0 a=1 m=2 b=4 u=5")
        .way("h a")
        .way("a m", FERRY, duration="4")
        .way("m b", FERRY, duration="6")
        .way("b u")
    )
    assert one.minutes("h", "u") == two.minutes("h", "u") == near(1 + 15 + 10 + 1)
    assert one.minutes("u", "h") == near(27)


def test_a_branch_at_sea_is_no_port(drawn):
    sea = drawn("h=0 a=1 s=2 b=3 c=3,2 u=4 v=4,2").way("h a").way("b u").way("c v")
    sea.way("a s", FERRY, duration="5").way("s b", FERRY, duration="5").way("s c", FERRY, duration="7")
    assert sea.minutes("h", "u") == near(1 + 15 + 10 + 1)
    assert sea.minutes("h", "v") == near(1 + 15 + 12 + 1)


def test_a_ferry_of_three_ports_is_waited_for_where_one_boards_and_not_where_it_calls(drawn):
    sea = drawn("h=0 a=1 b=3 i=3,1 c=5 u=6").way("h a").way("b i").way("c u").way("a b c", FERRY, duration="20")
    assert sea.minutes("h", "u") == near(1 + 15 + 20 + 1)
    assert sea.minutes("i", "u") == near(1 + 15 + 10 + 1), "boarding at the port in the middle has a wait too"
    assert sea.minutes("h", "i") == near(1 + 15 + 10 + 1)


def test_changing_to_another_line_is_another_wait(drawn):
    def sea(**more):
        return (
            drawn("h=0 a=1 b=3 i=3,1 c=5 u=6")
            .way("h a")
            .way("b i")
            .way("c u")
            .way("a b", FERRY, **more)
            .way("b c", FERRY, **more)
        )

    assert sea().minutes("h", "u") == near(1 + 15 + 10 + 15 + 10 + 1)
    assert sea(name="Saaristotie").minutes("h", "u") == near(1 + 15 + 20 + 1), "ways of one name are one line"
    assert sea().relation([4, 5], type="route", route="ferry").minutes("h", "u") == near(1 + 15 + 20 + 1)


def test_of_lines_that_cross_at_sea_nobody_changes(drawn):
    """A street beyond the crossing line only: no boat calls at the point where the two meet."""

    def sea(one, other, *, split=False):
        map = drawn("h=0 a=1 s=2 b=3 n=2,-2 c=2,2 u=2,3").way("h a").way("c u")
        for tags, ends in ((one, "a {} b"), (other, "n {} c")):
            first, last = ends.split(" {} ")
            for points in (f"{first} s", f"s {last}") if split else (f"{first} s {last}",):
                map.way(points, FERRY, **tags)
        return map

    assert sea({"name": "Aava"}, {"name": "Bore"}).minutes("h", "u") is None
    assert sea({"name": "Aava"}, {"name": "Bore"}, split=True).minutes("h", "u") is None
    assert sea({"ref": "1"}, {"ref": "2"}, split=True).minutes("h", "u") is None
    assert sea({"ref": "5", "operator": "P"}, {"ref": "5", "operator": "Q"}, split=True).minutes("h", "u") is None
    assert sea({"name": "Aava"}, {}).minutes("h", "u") is None, "each goes on past the other"
    assert sea({"name": "Aava"}, {}, split=True).minutes("h", "u") is None
    assert sea({}, {}).minutes("h", "u") is None
    of_relations = sea({}, {}).relation([3], type="route", route="ferry", name="Aava")
    assert of_relations.relation([4], type="route", route="ferry", name="Bore").minutes("h", "u") is None
    assert sea({"name": "Aava"}, {"name": "Aava"}, split=True).minutes("h", "u") == near(1 + 15 + 20 + 1), "one line"


def test_at_a_pier_without_a_street_one_changes_for_another_wait(drawn):
    def sea(one, other):
        map = drawn("h=0 a=1 p=3 b=5 u=6").way("h a").way("b u")
        return map.way("a p", FERRY, **one).way("p b", FERRY, **other)

    twice, once = near(1 + 15 + 10 + 15 + 10 + 1), near(1 + 15 + 20 + 1)
    assert sea({"name": "Aava"}, {"name": "Bore"}).minutes("h", "u") == twice
    assert sea({"ref": "1"}, {"ref": "2"}).minutes("u", "h") == twice
    assert sea({"ref": "5", "operator": "P"}, {"ref": "5", "operator": "Q"}).minutes("h", "u") == twice
    of_relations = sea({}, {}).relation([3], type="route", route="ferry", name="Aava", ref="k1")
    assert of_relations.relation([4], type="route", route="ferry", name="Bore", ref="k2").minutes("h", "u") == twice
    assert sea({"ref": "5"}, {"ref": "5", "operator": "P"}).minutes("h", "u") == once
    assert sea({"name": "Aava"}, {}).minutes("h", "u") == once, (
        "one that tells nothing may be of the line that it meets"
    )
    assert sea({}, {}).minutes("h", "u") == once


def test_a_stretch_that_two_lines_sail_is_sailed_by_each(drawn):
    """Aava from h, Bore from v, both by s to the port at u: nobody changes at s, and at the port it is another wait."""
    sea = drawn("h=0 a=1 v=0,2 b=1,2 s=3,1 c=5,1 u=6,1").way("h a").way("v b").way("c u")
    sea.way("a s", FERRY).way("b s", FERRY).way("s c", FERRY)
    sea.relation([4, 6], type="route", route="ferry", name="Aava").relation(
        [5, 6], type="route", route="ferry", name="Bore"
    )
    assert sea.minutes("h", "u") == sea.minutes("v", "u") == near(1 + 15 + 20 + 1)
    assert sea.minutes("h", "v") == near(1 + 15 + 20 + 15 + 20 + 1)


def test_a_ref_is_of_its_operator_and_of_its_coast(drawn):
    """Lines 1 and 2 of one coast are joined by a way of both; those of another coast are two all the same."""
    sea = drawn("h=0 a=1 p=3 q=3,0.3 b=5 u=6 x=9 y=10 z=11").way("h a").way("b u").way("p q")
    sea.way("a p", FERRY, ref="1", operator="P").way("p b", FERRY, ref="2", operator="Q")
    alone = sea.minutes("h", "u")
    sea.way("x y", FERRY, ref="1").way("y z", FERRY, ref="2").way("x y z", FERRY, ref="1;2")
    assert alone == sea.minutes("h", "u") == near(1 + 15 + 10 + 15 + 10 + 1)


def test_what_a_way_and_its_line_say_of_different_means_holds_together(drawn):
    sea = drawn("h=0 a=1 b=4 u=5").way("h a").way("b u").way("a b", {"route": "ferry", "duration": "10"}, bicycle="yes")
    sea.relation([3], type="route", route="ferry", motor_vehicle="yes")
    assert sea.minutes("h", "u") == near(27)
    assert sea.minutes("h", "u", "bicycle") == near(4 + 15 + 10 + 4)


def test_of_what_a_way_says_its_line_says_nothing_more(drawn):
    sea = drawn("h=0 a=1 b=4 u=5").way("h a").way("b u")
    sea.way("a b", {"route": "ferry", "duration": "10"}, motor_vehicle="no")
    sea.relation([3], type="route", route="ferry", motorcar="yes", foot="no")
    assert sea.minutes("h", "u") is None
    assert sea.minutes("h", "u", "walk") is None


def test_a_duration_is_of_the_whole_way_whatever_its_points(drawn):
    sea = "".join(f" m{i}={1 + i * 0.002:.3f}" for i in range(1, 200))
    dense = drawn(f"h=0 a=1{sea} b=1.4 u=2.4").way("h a").way("b u")
    dense.way("a " + " ".join(f"m{i}" for i in range(1, 200)) + " b", FERRY, duration="00:02")
    assert dense.minutes("h", "u") == near(1 + 15 + 2 + 1)


def test_a_ferry_without_a_duration_is_timed_by_its_length_and_told(drawn):
    sea = drawn("h=0 a=1 b=3 u=4").way("h a").way("b u").way("a b", FERRY, duration="a while", interval="00:30")
    assert sea.minutes("h", "u") == near(1 + 15 + 10 + 1)
    assert sea.streets().unread == {"ferry_duration": 1, "ferry_times": 1}


def test_a_line_that_only_its_relation_describes_is_sailed(drawn):
    """Members that say nothing themselves; the relation's duration is of the line and shared by length."""
    sea = drawn("h=0 a=1 m=2 b=4 u=5").way("h a").way("b u").way("a m", {}).way("m b", {"source": "survey"})
    sea.relation([3, 4], type="route", route="ferry", duration="00:12", foot="yes", bicycle="yes")
    assert sea.minutes("h", "u") is None, "it takes no cars"
    assert sea.minutes("h", "u", "bicycle") == near(4 + 15 + 12 + 4)
    assert sea.minutes("h", "u", "walk") == near(12 + 15 + 12 + 12)


def test_a_relation_adds_to_its_ways_only_what_they_lack(drawn):
    sea = (
        drawn("h=0 a=1 m=2 b=4 u=5")
        .way("h a")
        .way("b u")
        .way("a m", FERRY, duration="3")
        .way("m b", {"route": "ferry", "motor_vehicle": "yes"})
    )
    sea.relation([3, 4], type="route", route="ferry", duration="00:12", foot="yes")
    assert sea.minutes("h", "u") == near(1 + 15 + 12 + 1)


def test_a_line_drawn_there_and_back_takes_its_duration_each_way(drawn):
    """Both ways one-way and without roles: the relation's duration is of one of them, and not of both together."""
    sea = drawn("h=0 a=1 m=2,0.2 n=2,-0.2 b=3 u=4").way("h a").way("b u")
    sea.way("a m b", {"route": "ferry"}, oneway="yes").way("b n a", {"route": "ferry"}, oneway="yes")
    sea.relation([3, 4], type="route", route="ferry", duration="00:10", motor_vehicle="yes")
    assert sea.minutes("h", "u") == sea.minutes("u", "h") == near(1 + 15 + 10 + 1)


def test_what_is_decided_of_cars_from_little_is_told(drawn):
    sea = drawn("h=0 a=1 b=3 u=4").way("h a").way("b u").way("a b", {"route": "ferry", "duration": "10"})
    sea.way("a b", {"route": "ferry", "duration": "10", "foot": "yes"}).way("a b", FERRY)
    assert sea.streets().unread == {"ferry_cars_assumed": 1, "ferry_no_cars_assumed": 1}
    assert len(told(sea.streets().unread)) == 2


def test_a_ferry_is_no_road_though_a_road_is_written_on_it(drawn):
    sea = drawn("h=0 a=1 b=2 u=3").way("h a").way("b u").way("a b", FERRY, highway="secondary")
    assert sea.minutes("h", "u") == near(1 + 15 + 10 + 1)


@pytest.mark.parametrize(
    "season", [{"seasonal": "summer"}, {"opening_hours": "May-Sep 08:00-20:00"}, {"disused": "yes"}]
)
def test_a_ferry_that_does_not_sail_all_year_carries_nobody_and_is_told(drawn, season):
    sea = drawn("h=0 a=1 b=3 u=4").way("h a").way("b u").way("a b", FERRY, **season)
    assert sea.minutes("h", "u") is None
    assert sum(sea.streets().unread[k] for k in ("ferry_seasonal", "gone") if k in sea.streets().unread) == 1


@pytest.mark.parametrize(
    ("hours", "all_year"),
    [
        ("24/7", True), ("Mo-Su 06:00-22:00", True), ("Mo-Fr 08:00-16:00; PH off", True), ("", True), ("ask the captain", True),
        ("Mo-Su 06:00-22:00; Dec 24-25 off", True), ("24/7; Jan 1 off", True), ("24/7, Dec 25 off", True),
        ("Mo-Su 06:00-22:00, Dec 24,25,31 off", True), ("Mo-Su 06:00-22:00; Dec 24-Jan 1 closed", True), ("Dec 25 off", True),
        ("Jun-Aug Mo-Su 06:00-24:00; Mo-Su 08:00-20:00", True), ("Mo-Su 08:00-20:00; Jun-Aug Mo-Su 06:00-24:00", True),
        ("Apr-Nov 06:00-22:00; Dec-Mar 08:00-18:00", True), ("Apr-Nov 06:00-22:00, Dec-Mar 08:00-18:00", True),
        ("Apr 15-Oct 31 06:00-22:00; Nov 1-Apr 14 08:00-18:00", True), ("Jan-Dec 06:00-22:00", True), ("Jan 7-Dec 23 08:00-16:00", True),
        ("week 1-53 Mo-Fr 08:00-16:00", True), ("week 1-53/2 We 08:00-16:00", True), ("24/7; Jun-Aug Su off", True),
        ("Mo-Su 06:00-22:00; Su[1] off", True), ("Su[1] off", True), ("Mo-Su 06:00-22:00; Su[1,3] off", True),
        ("Mo-Su 06:00-22:00; Jan Su[1] off", True), ("Mo-Su 06:00-22:00; Su[-1] +1 day off", True), ("24/7; midsummer off", True),
        ("24/7; easter -2 days off", True), ("Mo-Su 06:00-22:00; winter off", False), ("24/7; Jan Mo[1]-Mar Su[-1] off", False),
        ("24/7; Dec-Mar Mo-Su,PH off", False), ("24/7; Dec-Mar: 00:00-24:00 off", False), ("24/7; week 1-10 off", False),
        ("24/7; week 52 off", True), ('24/7; Jan-Apr off "ice"', False),
        ("24/7; Nov-Mar 00:00-05:00 off", True), ("May Mo[1]-Sep Su[-1] 06:00-22:00; Mo-Su 08:00-16:00", True),
        ("May-Sep", False), ("May-Sep 08:00-20:00", False), ("Jun 15-Aug 15 Mo-Su 08:00-20:00", False), ("week 20-40 Mo-Su 06:00-22:00", False),
        ("week 20-40", False), ("24/7; Nov-Mar off", False), ("Mo-Su 06:00-22:00; Dec-Mar Mo-Su off", False), ("Nov-Mar closed", False),
        ("May-Sep 08:00-20:00; Dec 25 off", False), ("May-Sep 08:00-20:00 || off", False), ("May Mo[1]-Sep Su[-1] 06:00-22:00", False),
        ("off", False), ("closed", False), ("2026 May-2026 Sep 08:00-20:00", False), ("Jun,Jul,Aug 08:00-20:00", False),
        ("SH 08:00-16:00", False), ("June - August 10:00-18:00", False), ("24/7; Feb off", False),
    ],
)  # fmt: skip
def test_opening_hours_shut_a_season_only_where_their_rules_together_do(hours, all_year):
    """Days off and a summer's rule beside one of the whole year shut nothing; the hours themselves are told as not read."""
    assert may(STREET | {"opening_hours": hours}) == ("cbwCBW" if all_year else "")


def test_hours_of_a_street_and_of_a_ferry_are_told_as_not_read(drawn):
    hours = {"opening_hours": "Mo-Su 06:00-22:00; Dec 24-25 off"}
    sea = drawn("h=0 a=1 b=3 u=4").way("h a", **hours).way("b u", opening_hours="24/7").way("a b", FERRY, **hours)
    assert sea.minutes("h", "u") == near(1 + 15 + 10 + 1)
    assert sea.streets().unread == {"conditional": 1, "ferry_times": 1}


def test_a_timetable_of_summer_and_winter_fills_the_year(drawn):
    sea = (
        drawn("h=0 a=1 b=3 u=4")
        .way("h a")
        .way("b u")
        .way("a b", FERRY, opening_hours="Apr-Nov 06:00-22:00; Dec-Mar 07:00-21:00")
    )
    assert sea.minutes("h", "u") == near(27)


@pytest.mark.parametrize(
    ("tags", "car", "walk"),
    [
        ("barrier=bollard", None, 49), ("barrier=gate", 27, 49), ("barrier=gate access=private", None, None),
        ("barrier=lift_gate motor_vehicle=permit", None, 49), ("barrier=lift_gate motor_vehicle=customers", 27, 49),
    ],
)  # fmt: skip
@pytest.mark.parametrize("port", ["a", "b"])
def test_a_barrier_where_a_ferry_lands_is_between_the_street_and_the_ferry(drawn, tags, car, walk, port):
    sea = drawn("h=0 a=1 b=4 u=5").way("h a").way("a b", FERRY).way("b u").barrier(port, **read(tags))
    assert sea.minutes("h", "u") == (car and near(car))
    assert sea.minutes("u", "h", "walk") == (walk and pytest.approx(walk, abs=0.06)), "the metre past the barrier too"


def test_of_two_ferries_one_takes_the_quicker_that_one_may_board(drawn):
    sea = drawn("h=0 a=1 b=4 u=5").way("h a").way("b u").way("a b", FERRY, duration="20", operator="Toinen")
    assert sea.minutes("h", "u") == near(1 + 15 + 20 + 1)
    sea.way("a b", {"route": "ferry", "foot": "yes", "duration": "5"})
    assert sea.minutes("h", "u") == near(1 + 15 + 20 + 1)
    assert sea.minutes("h", "u", "walk") == near(12 + 15 + 5 + 12)
    sea.way("a b", FERRY)
    assert sea.minutes("h", "u") == near(1 + 15 + 10 + 1)
    sea.way("a b", STREET, ice_road="yes", access="no", **{"motor_vehicle:conditional": "yes @ (Jan-Mar)"})
    assert sea.minutes("h", "u") == near(1 + 15 + 10 + 1), "the ice is not there all year"


def test_an_island_of_one_way_streets_is_driven_round(drawn):
    sea = drawn("h=0 a=1 b=4 c=5,1 u=5").way("h a").way("a b", FERRY).way("b c u b", oneway="yes")
    assert sea.minutes("h", "u") == near(1 + 15 + 10 + 2**0.5 + 1)
    assert sea.minutes("u", "h") == near(1 + 15 + 10 + 1)


def test_a_ferry_that_sails_a_round_sails_it_one_way(drawn):
    """Three, two and five of ten kilometres in 60 minutes, one direction only."""
    sea = (
        drawn("a=0 b=3 c=3,4 h=-1 u=4 w=3,5")
        .way("h a")
        .way("b u")
        .way("c w")
        .way("a b c a", FERRY, duration="60", oneway="yes")
    )
    assert sea.minutes("h", "u") == near(1 + 15 + 15 + 1)
    assert sea.minutes("u", "h") == near(1 + 15 + 45 + 1)
    assert sea.minutes("h", "w") == near(1 + 15 + 35 + 1)


def test_a_pier_is_walked(drawn):
    """man_made=pier without highway: for walkers, who lead their bicycles there."""
    sea = drawn("h=0 p=3 e=3.1 q=5 u=6").way("h p").way("p e", {"man_made": "pier"}).way("q u").way("e q", FERRY)
    assert sea.minutes("h", "u", "walk") == near(36 + 1.2 + 15 + 10 + 12)
    assert sea.minutes("h", "u", "bicycle") == near(12 + 1.2 + 15 + 10 + 4)
    assert sea.minutes("h", "u") is None
    assert sea.streets().unread == {"on_foot": 1}
