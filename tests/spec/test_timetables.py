"""What a timetable says, and what a passenger then can do. The rules are those of gtfs.org's Schedule Reference.

From A to C takes 14 minutes, every 20 minutes; who comes a second after the bus waits 11 to 20 in the median: 25 in all.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.timetables import (
    ABC,
    FILES,
    HEAD,
    MONDAY,
    STARTS,
    SUNDAY,
    WEEKDAYS,
    clock,
    faults,
    minutes,
    notes,
    run,
    trips,
    usual,
)
from torni.core.faults import BadInput
from torni.sources.gtfs import read_feed, read_timetable

TUESDAY = date(2026, 11, 24)


def each(*rows: str, head: str = HEAD) -> str:
    """stop_times.txt with these rows for every start; {0}, {6}, {14} are times so many minutes after it, {t} the trip."""
    out = []
    for k, start in enumerate(STARTS):
        for row in rows:
            for m in (0, 3, 6, 8, 10, 14, 16):
                row = row.replace(f"{{{m}}}", clock(start + m))
            out.append(row.replace("{t}", f"t{k}"))
    return "\n".join([head, *out]) + "\n"


def test_the_usual_bus(feed):
    assert minutes(feed()) == 25.0
    assert notes(feed()) == []


def test_calls_without_times_lie_between_those_that_have_them(feed):
    """Without distances in even steps, with them by the distance; a blank is as good as nothing."""
    rows = ("{t},{0},{0},A,1", "{t}, , ,B,2", "{t},{14},{14},C,3")
    path = feed(stop_times=each(*rows))
    assert minutes(path, end="B") == 7 + 11
    assert minutes(path) == 25.0
    assert notes(path) == ["Timetable: calls without times, placed between those that have them: 42"]
    measured = (f"{r},{d}" for r, d in zip(rows, (0, 1, 4), strict=True))
    assert minutes(feed(stop_times=each(*measured, head=f"{HEAD},shape_dist_traveled")), end="B") == 3.5 + 11
    broken = (f"{r},{d}" for r, d in zip(rows, (0, 9, 4), strict=True))
    assert minutes(feed(stop_times=each(*broken, head=f"{HEAD},shape_dist_traveled")), end="B") == 7 + 11


def test_one_of_the_two_times_stands_for_the_other(feed):
    path = feed(stop_times=each("{t},,{0},A,1", "{t},{6},{6},B,2", "{t},{14},,C,3"))
    assert minutes(path) == 25.0


def test_a_trip_without_times_at_its_end_is_ridden_as_far_as_they_go(feed):
    path = feed(stop_times=each("{t},{0},{0},A,1", "{t},{6},{6},B,2", "{t},,,C,3"))
    assert (minutes(path, end="B"), minutes(path)) == (17.0, None)
    assert notes(path) == ["Timetable: calls at a trip's ends without times, which are left out: 42"]


def test_a_trip_at_intervals_starts_at_each_before_the_end(feed):
    """The end itself is no start; the trip's own times are only how long it takes."""
    usual_trip = f"{HEAD}\n{run('t0', 300, *ABC)}"
    head = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    path = feed(trips=trips("t0"), stop_times=usual_trip, frequencies=head + "t0,06:00:00,20:00:00,1200,1\n")
    assert minutes(path) == 25.0
    assert notes(path) == []
    assert (
        minutes(feed(trips=trips("t0"), stop_times=usual_trip, frequencies=head + "t0,06:00:00,09:00:00,1200,1\n"))
        is None
    )
    loose = feed(trips=trips("t0"), stop_times=usual_trip, frequencies=head + "t0,06:00:00,20:00:00,1200,0\n")
    assert minutes(loose) == 25.0
    assert notes(loose) == ["Timetable: intervals without exact times, counted from the first start: 1"]


def test_intervals_count_from_the_first_call_even_if_nobody_boards_there(feed):
    head = "trip_id,start_time,end_time,headway_secs\n"
    stops = FILES["stops"] + "Z,Z,0,0,0,\n"
    path = feed(trips=trips("t0"), stops=stops, stop_times=f"{HEAD}\n{run('t0', 300, ('Z', 0), ('A', 5), ('C', 19))}",
                frequencies=head + "t0,06:00:00,07:00:00,3600\n")  # fmt: skip
    assert read_feed(path).on(MONDAY).departs.tolist() == [6 * 3600 + 300]


def test_an_interval_of_nothing_is_a_fault(feed):
    head = "trip_id,start_time,end_time,headway_secs\n"
    assert "frequencies.txt, row 2, column headway_secs" in faults(feed(frequencies=head + "t0,06:00:00,20:00:00,0\n"))


def test_intervals_that_run_over_one_another_are_a_fault(feed):
    """From 8.10 to 12 the trip would run every ten minutes, though each line says twenty: one would wait half as long as is true."""
    head = "trip_id,start_time,end_time,headway_secs\n"
    files = {"trips": trips("t0", "t1"), "stop_times": f"{HEAD}\n{run('t0', 300, *ABC)}{run('t1', 300, *ABC)}"}
    told = faults(feed(**files, frequencies=head + "t0,08:10:00,20:00:00,1200\nt0,06:00:00,12:00:00,1200\n"))
    assert 'frequencies.txt, row 2, column start_time: the interval starts at "08:10:00", before another' in told
    nested = "t0,06:00:00,20:00:00,1200\nt0,07:00:00,08:00:00,600\nt0,09:00:00,10:00:00,600\n"
    assert faults(feed(**files, frequencies=head + nested)).count("before another of its trip has ended") == 2
    good = head + "t0,06:00:00,09:00:00,600\nt0,09:00:00,20:00:00,1200\nt1,21:00:00,22:00:00,600\n"
    assert minutes(feed(**files, frequencies=good)) == 25.0


@pytest.mark.parametrize("end", ["00:00:00", "01:30:00", "06:00:00"])
def test_an_interval_that_ends_before_it_starts_is_a_fault(feed, end):
    """A trip until midnight ends at 24:00:00; at 00:00:00 it would never run."""
    head = "trip_id,start_time,end_time,headway_secs\n"
    files = {"trips": trips("t0"), "stop_times": f"{HEAD}\n{run('t0', 300, *ABC)}"}
    told = faults(feed(**files, frequencies=head + f"t0,06:00:00,{end},1200\n"))
    assert f'frequencies.txt, row 2, column end_time: the interval ends at "{end}", not after its start' in told
    assert "24:00:00" in told
    assert minutes(feed(**files, frequencies=head + "t0,06:00:00,24:00:00,1200\n")) == 25.0


@pytest.mark.parametrize(
    ("types", "found"),
    [
        (("1,0", "0,0", "0,0"), None),  # nobody may board at A
        (("0,0", "0,0", "0,1"), None),  # nobody may alight at C
        (("0,1", "1,1", "1,0"), 25.0),  # an express: what B forbids is no matter to who sits
        (("2,0", "0,0", "0,3"), 25.0),  # by request, of which one is told
    ],
)
def test_boarding_and_alighting_where_the_call_allows(feed, types, found):
    rows = (f"{r},{w}" for r, w in zip(("{t},{0},{0},A,1", "{t},{6},{6},B,2", "{t},{14},{14},C,3"), types, strict=True))
    path = feed(stop_times=each(*rows, head=f"{HEAD},pickup_type,drop_off_type"))
    assert minutes(path) == found
    asked = ["Timetable: calls only if asked for beforehand, which count as any other: 84"]
    assert notes(path) == (asked if "2" in types[0] else [])


def test_the_day_before_still_runs_after_midnight(feed):
    """32:00 is eight in the morning of the next day: on a Tuesday Monday's trips run then, on a Monday there are none of Sunday's."""
    names = [f"t{k}" for k in range(10)]
    calls = "".join(run(n, 32 * 60 + 20 * k, *ABC) for k, n in enumerate(names))
    path = feed(trips=trips(*names), stop_times=f"{HEAD}\n{calls}")
    assert minutes(path, on=TUESDAY) == 25.0
    assert (read_feed(path).on(MONDAY).departs > 86_400).all()
    head = "trip_id,start_time,end_time,headway_secs\n"
    every = feed(
        trips=trips("t0"),
        stop_times=f"{HEAD}\n{run('t0', 300, *ABC)}",
        frequencies=head + "t0,32:00:00,35:00:00,1200\n",
    )
    assert (minutes(every, on=TUESDAY), len(read_feed(every).on(TUESDAY).trip)) == (25.0, 36)


def test_times_count_from_noon_less_twelve_hours(feed):
    """The night of 29 March 2026 has no hour from three to four: 31:00 of Saturday is eight, not seven, on Sunday's clock."""
    week = WEEKDAYS + "W,1,1,1,1,1,1,1,20260101,20261231\n"
    path = feed(trips=trips("t0"), stop_times=f"{HEAD}\n{run('t0', 31 * 60, *ABC)}", calendar=week)
    assert read_feed(path).on(date(2026, 3, 29)).departs.min() == 8 * 3600
    assert read_feed(path).on(date(2026, 3, 28)).departs.min() == 7 * 3600


def test_the_night_of_25_hours_is_counted_out(feed):
    """28:00 of 24 October 2026 is four by summer time and three by the clock of the 25th."""
    week = WEEKDAYS + "W,0,0,0,0,0,1,0,20260101,20261231\n"
    path = feed(trips=trips("t0"), stop_times=f"{HEAD}\n{run('t0', 28 * 60, *ABC)}", calendar=week)
    assert read_feed(path).on(date(2026, 10, 25)).departs.min() == 3 * 3600
    assert read_feed(path).on(date(2026, 10, 18)).departs.min() == 4 * 3600


def test_times_are_in_the_agencys_zone(feed):
    """A Swedish bus at eight leaves at nine by the clock of Tornio."""
    agency = "agency_id,agency_name,agency_url,agency_timezone\n1,X,http://x,"
    path = feed(trips=trips("t0"), stop_times=f"{HEAD}\n{run('t0', 480, *ABC)}", agency=agency + "Europe/Stockholm\n")
    assert read_feed(path).on(MONDAY).departs.min() == 9 * 3600
    assert "is not a time zone" in faults(feed(agency=agency + "Suomi\n"))
    assert minutes(feed(agency=agency + "Europe/Helsinki\n2,Y,http://y,Europe/Mariehamn\n")) == 25.0
    assert "more than one time zone" in faults(feed(agency=agency + "Europe/Helsinki\n2,Y,http://y,Europe/Stockholm\n"))


def test_the_day_asked_for_is_the_day_read(feed):
    assert minutes(feed(), on=SUNDAY) is None
    dates = "service_id,date,exception_type\n"
    assert minutes(feed(calendar_dates=dates + "W,20261123,2\n")) is None
    assert minutes(feed(calendar_dates=dates + "W,20261122,1\n"), on=SUNDAY) == 25.0


def test_a_service_that_has_ended_does_not_run(feed):
    old = [f"o{k}" for k in range(160)]
    calls = "".join(run(n, 360 + 5 * k, ("A", 0), ("C", 4)) for k, n in enumerate(old))
    path = feed(
        calendar=FILES["calendar"] + "OLD,1,1,1,1,1,0,0,20190101,20191231\n",
        trips=usual()["trips"] + "".join(f"R,OLD,{n}\n" for n in old), stop_times=usual()["stop_times"] + calls,
    )  # fmt: skip
    assert minutes(path) == 25.0
    assert not read_feed(path).knows(date(2023, 5, 2)), "between the two nothing is known"


def test_a_day_outside_the_calendar_is_not_known(feed):
    """That no bus is known of is not that none runs."""
    with pytest.raises(BadInput, match=r"says nothing of 4\.1\.2027; it covers 1\.1\.2026–31\.12\.2026"):
        read_timetable(feed(), on=date(2027, 1, 4))


@pytest.mark.parametrize("calendar", [None, WEEKDAYS])
def test_days_may_be_given_one_by_one(feed, calendar):
    dates = "service_id,date,exception_type\n" + "".join(f"W,202611{d:02},1\n" for d in (20, 23))
    path = feed(calendar=calendar, calendar_dates=dates)
    assert minutes(path) == 25.0
    assert minutes(path, on=SUNDAY) is None
    assert read_feed(path).knows(SUNDAY), "between its days the timetable is known, and empty"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("W,20261225,2\nW,20270106,2\n", "1.1.2026–31.12.2026"),  # holidays written down for longer than the week
        ("W,20261206,1\nW,20270606,1\n", "1.1.2026–31.12.2026, 6.6.2027–6.6.2027"),
        ("X,20270601,1\nX,20270603,1\n", "1.1.2026–31.12.2026, 1.6.2027–3.6.2027"),
        ("X,20270601,2\n", "1.1.2026–31.12.2026"),
    ],
)
def test_exceptions_past_the_weeks_end_tell_of_their_own_days_only(feed, rows, told):
    """In January 2027 no bus is known of: that is not that none runs."""
    path = feed(calendar_dates="service_id,date,exception_type\n" + rows)
    assert read_feed(path).days.told() == told
    assert not read_feed(path).knows(date(2027, 1, 4))
    assert minutes(path) == 25.0


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ("20260101,20261122", "1.1.2026–22.11.2026"), (",20261122", "–22.11.2026"), ("20261124,", "24.11.2026–"),
        ("20260101,20261123", None), ("20261123,", None), (",", None), ("20261231,20260101", None),
    ],
)  # fmt: skip
def test_a_day_outside_the_timetables_own_period_is_told_to_be_likely_only(feed, period, told):
    """feed_info.txt: what is told of days outside its period is not authoritative (Schedule Reference)."""
    head = "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date\n"
    path = feed(feed_info=f"{head}X,http://x,fi,{period}\n")
    assert minutes(path) == 25.0
    said = read_feed(path).days.only_likely(MONDAY)
    assert (said and said.values["a"]) == told


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "Europe/Stockholm", "Pacific/Auckland", "America/Los_Angeles"])
@pytest.mark.parametrize("day", [date.min, date(2028, 2, 29), date(2026, 10, 25), date(2026, 3, 29), date.max])
def test_every_day_that_is_covered_can_be_asked_for(feed, zone, day):
    agency = f"agency_id,agency_name,agency_url,agency_timezone\n1,X,http://x,{zone}\n"
    path = feed(agency=agency, calendar=WEEKDAYS + "W,1,1,1,1,1,1,1,00010101,99991231\n")
    assert read_feed(path).knows(day)
    assert 0 < len(read_feed(path).on(day).trip) <= 3 * 84


def _two_legs(wait: int, block: bool) -> dict[str, str]:
    calls, names = "", []
    for k, start in enumerate(STARTS):
        calls += run(f"a{k}", start, ("A", 0), ("B", 6)) + run(f"b{k}", start + 6 + wait, ("B", 0), ("C", 8))
        names += [f"a{k},{f'k{k}' if block else ''}", f"b{k},{f'k{k}' if block else ''}"]
    return {"trips": trips(*names, more=",block_id"), "stop_times": f"{HEAD}\n{calls}"}


PAIRS = "from_stop_id,to_stop_id,from_trip_id,to_trip_id,transfer_type\n"


def test_who_sits_stays_in_the_vehicle_that_goes_on(feed):
    assert minutes(feed(**_two_legs(0, block=False))) == 45.0, "no time to change"
    assert minutes(feed(**_two_legs(0, block=True))) == 25.0
    forbidden = PAIRS + "".join(f",,a{k},b{k},5\n" for k in range(42))
    assert minutes(feed(**_two_legs(0, block=True), transfers=forbidden)) == 45.0
    allowed = PAIRS + "".join(f",,a{k},b{k},4\n" for k in range(42))
    assert minutes(feed(**_two_legs(0, block=False), transfers=allowed)) == 25.0


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("", 27.0),
        ("B,B,0,", 27.0),
        ("B,B,2,600", 47.0),  # the connection of two minutes is missed
        ("B,B,2,120", 27.0),
        ("B,B,3,", None),
        ("S,S,3,", None),  # a station's rule is its stops'
        ("S,S,3,\nB,B,2,60", 27.0),  # a stop's own comes before it
    ],
)
def test_a_change_takes_the_time_that_the_timetable_says(feed, rule, found):
    stops = FILES["stops"].replace("B,B,62.7081486,25.3308626,0,", "B,B,62.7081486,25.3308626,0,S") + "S,S,62.7081486,25.3308626,1,\n"  # fmt: skip
    head = "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"
    assert minutes(feed(**_two_legs(2, block=False), stops=stops, transfers=head + rule + "\n")) == found


def test_a_connection_that_waits_needs_no_time(feed):
    head = "from_stop_id,to_stop_id,transfer_type\n"
    assert minutes(feed(**_two_legs(0, block=False), transfers=head + "B,B,1\n")) == 25.0


def test_rules_of_a_single_line_are_told_as_not_read(feed):
    head = "from_stop_id,to_stop_id,from_route_id,transfer_type\n"
    path = feed(transfers=head + "B,B,R,3\nB,X,,0\n")
    assert notes(path) == [
        "Timetable: rules of changes for a single line or trip, which are not read: 1",
        "Timetable: rules of changes at stops or trips that are not there: 1",
    ]


def test_trips_that_go_back_in_time_are_left_out(feed):
    back = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nt0,06:00:00,06:00:00,A,1\nt0,05:14:00,05:14:00,C,2\n"
    assert "no trip can be ridden on any day" in faults(feed(trips=trips("t0"), stop_times=back))
    path = feed(trips=trips(*(f"t{k}" for k in range(42)), "bad"), stop_times=usual()["stop_times"] + back.partition("\n")[2].replace("t0", "bad"))  # fmt: skip
    assert minutes(path) == 25.0
    assert notes(path) == ["Timetable: trips that go back in time, which are left out: 1"]
    assert read_feed(
        feed(stop_times=usual()["stop_times"].replace("t0,06:06:00,06:06:00", "t0,06:07:00,06:06:00"))
    ).notes


@pytest.mark.parametrize(
    "row",
    [
        "Z,Nolla,0,0,0,",
        "Z,Väärä,6270000,252000,0,",
        "Z,Tyhjä,,,0,",
        "Z,Napa,90,25,0,",
        "Z,Nolla,0.0001,0,,",
        "Z,Kaukana,-7.5,-65,0,",
    ],
)
def test_a_stop_without_a_usable_point_is_told_and_served_by_none(feed, row):
    path = feed(stops=FILES["stops"] + row + "\n")
    assert minutes(path) == 25.0
    assert notes(path) == ["Timetable: stops without a usable point, where nobody boards or alights: 1"]


def test_a_call_at_a_stop_without_a_point_stops_nobody_on_the_way(feed):
    path = feed(stops=FILES["stops"].replace("62.7081486,25.3308626", "0,0"))
    assert (minutes(path), minutes(path, end="B")) == (25.0, None)
    assert "Timetable: calls at stops without a usable point, which are not read: 42" in notes(path)


def test_a_node_within_a_station_needs_no_point(feed):
    path = feed(
        stops=FILES["stops"] + "N,Käytävä,,,3,A\nS,Asema,62.7071975,25.2527088,1,\nE,Ovi,62.7071975,25.2527088,2,S\n"
    )
    assert minutes(path) == 25.0
    assert notes(path) == []


def test_a_platform_without_a_point_stands_at_its_station(feed):
    stops = FILES["stops"].replace("B,B,62.7081486,25.3308626,0,", "B,B,,,0,S\nS,S,62.7081486,25.3308626,1,")
    assert minutes(feed(stops=stops), end="B") == 17.0


def test_longitude_and_latitude_that_are_swapped_are_a_fault(feed):
    swapped = "stop_id,stop_lat,stop_lon\nA,25.25,62.70\nB,25.33,62.70\nC,25.42,62.70\n"
    assert "Longitude and latitude are swapped." in faults(feed(stops=swapped))


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ("25.3308626,62.7081486", "has longitude and latitude swapped"),
        ("62.7081486,-25.3308626", "is far from Finland"),
        ("6.27081486,25.3308626", "is far from Finland"),
        ("0.253308626,62.7081486", "is far from Finland"),
    ],
)
def test_one_stop_far_away_among_good_ones_is_told_by_its_name(feed, point, told):
    stops = FILES["stops"].replace("B,B,62.7081486,25.3308626", f"B,Keskustori,{point}")
    path = feed(stops=stops)
    assert notes(path)[:-1] == [
        f'Timetable: the point of the stop "Keskustori" (stops.txt, row 3) {told} and is not used'
    ]
    assert minutes(path) == 25.0
    many = "".join(f"F{i},,25.3,62.7,0,\n" for i in range(8))
    assert notes(feed(stops=FILES["stops"] + many))[-1].endswith("which are not used: 3")
    abroad = (
        FILES["stops"] + "T,Tallinn,59.43,24.75,0,\nH,Haparanda,65.83,24.13,0,\nP,Saint Petersburg,59.93,30.36,0,\n"
    )
    assert notes(feed(stops=abroad)) == []


def test_a_ride_that_no_vehicle_makes_is_counted_and_whole_minutes_are_forgiven(feed):
    """From A to B is 4 km: left and come in the same minute, it may have taken the most of a minute, at 240 km/h."""
    quick = read_feed(feed(stop_times=each("{t},{0},{0},A,1", "{t},{0},{0},B,2", "{t},{14},{14},C,3")))
    assert [quick.faster_than(kmh) for kmh in (230, 250)] == [len(STARTS), 0]
    assert read_feed(feed()).faster_than(100) == 0


def test_what_points_nowhere_is_counted(feed):
    path = feed(
        stop_times=usual()["stop_times"] + "x9,06:00:00,06:00:00,A,1\nt0,07:00:00,07:00:00,Q,9\n",
        stops=FILES["stops"].replace("25.3308626,0,", "25.3308626,0,GONE"),
        trips=usual()["trips"] + "R,NONE,n1\nR,W,n2\n", pathways="pathway_id,from_stop_id\np,A\n",
        frequencies="trip_id,start_time,end_time,headway_secs\ny9,06:00:00,07:00:00,600\n",
        routes="route_id,continuous_pickup\nR,0\n",
    )  # fmt: skip
    assert minutes(path) == 25.0
    assert sorted(notes(path)) == [
        "Timetable: calls at stops that stops.txt lacks, which are not read: 1",
        "Timetable: calls of trips that trips.txt lacks, which are not read: 1",
        "Timetable: intervals of trips that trips.txt lacks, which are not read: 1",
        "Timetable: lines that one may board anywhere, which is not read: 1",
        "Timetable: paths within stations, which are not read: 1",
        "Timetable: stops whose station stops.txt lacks, each taken by itself: 1",
        "Timetable: trips whose service no calendar names, which never run: 1",
        "Timetable: trips without two calls that can be used, which nobody can ride: 2",
    ]
