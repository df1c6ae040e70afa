"""Which of two tellings holds: a way's own season over its line's, a vehicle of one track beside a car, an opening day in Finnish.

Sources: OpenStreetMap wiki, Key:access (land-based transportation: motor vehicles of one track and of two), Key:seasonal, Key:start_date.
"""

from datetime import date

import pytest

from tests.streets import FERRY, STREET, may, near, read
from torni.sources.osm.access import gone

SUMMER = {"seasonal": "summer"}, {"opening_hours": "May-Sep 08:00-20:00"}


@pytest.mark.parametrize("line", SUMMER)
@pytest.mark.parametrize(
    ("own", "all_year"),
    [
        ({"seasonal": "no"}, True),
        ({"opening_hours": "24/7"}, True),
        ({}, False),
        ({"opening_hours": "Mo-Su 06:00-22:00"}, False),
        ({"seasonal": "no", "opening_hours": "May-Sep 08:00-20:00"}, False),
        ({"seasonal": "winter"}, False),
    ],
)
def test_what_a_way_tells_of_its_season_stands_over_its_line(drawn, line, own, all_year):
    """Hours of the day tell nothing of the year, so that the line's season holds for a way that has them alone."""
    sea = drawn("h=0 a=1 b=3 u=4").way("h a").way("b u").way("a b", FERRY, **own)
    sea.relation([3], type="route", route="ferry", **line)
    assert sea.minutes("h", "u") == (near(27) if all_year else None)


def test_a_way_that_some_line_sails_all_year_is_sailed_all_year(drawn):
    sea = drawn("h=0 a=1 b=3 u=4").way("h a").way("b u").way("a b", FERRY)
    sea.relation([3], type="route", route="ferry", **SUMMER[0]).relation([3], type="route", route="ferry", name="Lossi")
    assert sea.minutes("h", "u") == near(27)


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ("motorcycle=yes foot=yes", "wW"),
        ("motorcycle=yes", "wW"),
        ("moped=yes foot=yes bicycle=yes", "bwBW"),
        ("motorcycle=yes foot=yes motor_vehicle=yes", "cbwCBW"),
        ("motorcycle=yes foot=yes motorcar=yes", "cbwCBW"),
        ("motorcycle=yes foot=yes maxweight=18", "cbwCBW"),
        ("motorcycle=no", "cbwCBW"),
        ("foot=yes bus=yes", "cbwCBW"),
        ("foot=yes motorhome=yes", "cbwCBW"),
    ],
)
def test_a_motorcycle_aboard_tells_nothing_of_cars(tags, who):
    """It is of one track, and a car of two: neither is a kind of the other, and what is not said of cars is not read as yes. A lorry, a
    bus or a motorhome is of two, and has no more room than a car needs."""
    assert may({"route": "ferry"} | read(tags), ferry=True) == who


@pytest.mark.parametrize(
    "text", ["2030-06-01", "1.6.2030", "01.06.2030", "1. 6. 2030", "6.2030", "06/2030", "2030-06", "2031"]
)
@pytest.mark.parametrize("key", ["opening_date", "start_date"])
def test_what_opens_later_is_not_there_yet_however_the_day_is_written(key, text):
    assert gone({key: text}, date(2030, 5, 31))
    assert not gone({key: text}, date(2031, 1, 1))


@pytest.mark.parametrize(
    ("tags", "closed_on"),
    [
        ({"end_date": "31.5.2030"}, date(2030, 6, 1)),
        ({"closing_date": "5/2030"}, date(2030, 6, 1)),
        ({"end_date": "31.5.2030", "opening_date": "1.7.2030"}, date(2030, 6, 1)),
    ],
)
def test_what_closes_on_a_finnish_day_is_there_until_it(tags, closed_on):
    assert gone(tags, closed_on)
    assert "opening_date" in tags or not gone(tags, date(2030, 5, 31))
    assert "opening_date" not in tags or not gone(tags, date(2030, 7, 1))


@pytest.mark.parametrize("text", ["soon", "32.13.2030", "1.13.2030", "kesällä 2030", ""])
def test_what_is_no_day_closes_nothing(text):
    assert may(STREET | {"opening_date": text}) == "cbwCBW"
    assert not gone({"opening_date": text, "start_date": text}, date(2026, 1, 1))


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ("motor_vehicle:conditional=no @ (Nov 1-May 15)", "bwBW"), ("access:conditional=no @ (Dec-Apr)", ""), ("access:conditional=no @ winter", ""),
        ("access:conditional=private @ Dec-Apr|foot=yes", "wW"), ("motor_vehicle:forward:conditional=no @ (Nov-Apr)", "bwCBW"),
        ("access:conditional=no @ (Dec-Apr)|motor_vehicle=yes", "cC"),  # what is said of cars comes before what is said of all
        ("motor_vehicle=no|motor_vehicle:conditional=yes @ (Jan-Mar)", "bwBW"),
        ("motor_vehicle:conditional=no @ (Nov-Apr); yes @ (Nov-Apr)", "cbwCBW"),  # a later one stands over those before it
        ("motor_vehicle:conditional=no @ (Mo-Fr 07:00-09:00)", "cbwCBW"), ("motor_vehicle:conditional=no @ (Nov-Apr AND weight>3.5)", "cbwCBW"),
        ("motor_vehicle:conditional=no @ (Dec 24-26)", "cbwCBW"), ("motor_vehicle:conditional=no @ (snow)", "cbwCBW"),
        ("surface=ice", ""), ("surface=snow", ""),
    ],
)  # fmt: skip
def test_what_is_shut_for_a_season_is_shut_to_those_of_whom_it_is_said(tags, who):
    """As a promise holds all year, so must the way: by a condition as by opening hours."""
    told = dict(pair.split("=", 1) for pair in tags.split("|"))
    assert may(STREET | told) == who


def test_a_ferry_that_a_condition_lays_up_for_the_winter_carries_nobody(drawn):
    laid_up = {"route": "ferry", "duration": "00:10", "access:conditional": "no @ (Dec 1-Apr 30)"}
    sea = drawn("A=-1 H=0 U=3 B=4").way("A H").way("H U", laid_up).way("U B")
    assert sea.minutes("A", "B") is sea.minutes("A", "B", "walk") is None
    assert sea.streets().unread["ferry_seasonal"] == 1
    assert may(FERRY | {"motor_vehicle:conditional": "no @ (Dec-Apr)"}, ferry=True) == "bwBW"


def test_ways_shut_for_a_season_are_counted(drawn):
    streets = drawn("H=0 P=3 U=6").way("H P", **{"motor_vehicle:conditional": "no @ (Nov-Apr)"})
    streets.way("H P U", **{"access:conditional": "no @ (Nov-Apr)"}).way("P U", surface="ice").way("H P U")
    assert streets.streets().unread == {"part_year": 1, "seasonal": 2}
