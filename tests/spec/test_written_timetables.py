"""How a timetable's files may be written, and what is told of those that are written wrong. The rules are those of gtfs.org's Schedule Reference."""

from __future__ import annotations

import pytest

from tests.timetables import FILES, faults, minutes, notes, usual


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace(",0", ","),
        lambda t: "\ufeff" + t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: ("\ufeff" + t).encode("utf-16-le"),
        lambda t: "\n" + t.replace(",", " , ") + "\n \n,,\n\n",
        lambda t: t.replace(",", ";"),
        lambda t: t.upper() if t.startswith("trip_id") else t.replace("trip_id", "TRIP_ID").replace(",t", ",T"),
        lambda t: t.replace("stop_sequence", '"stop_sequence"').replace("A,1\n", '"A",1.0\n'),
        lambda t: t.replace("A,1\n", "A,1,,\n"),
    ],
    ids=["h:mm:ss", "bom-crlf", "cr", "utf-16", "blanks", "semicolons", "capitals", "quotes-and-1.0", "longer-rows"],
)
def test_the_same_file_written_otherwise_says_the_same(feed, change):
    changed = {name: change(usual()[name]) for name in ("trips", "stop_times")}
    path = feed(**changed)
    assert minutes(path) == 25.0
    assert notes(path) == []


def test_an_older_encoding_is_read_and_told(feed):
    stops = FILES["stops"].replace("B,B,", "B,Jyväskylä,").encode("latin-1")
    assert minutes(feed(stops=stops)) == 25.0
    assert notes(feed(stops=stops)) == ["stops.txt is not UTF-8; it was read as Windows-1252"]


@pytest.mark.parametrize("stops", [b"\xef\xbb\xbf" + FILES["stops"].replace("B,B,", "B,J\xe4,").encode("latin-1"), b"\xff\xfe" + FILES["stops"].encode("utf-16-le")[:-1]])  # fmt: skip
def test_what_begins_as_utf_and_is_not_is_refused(feed, stops):
    """Two ids of which a letter each was lost would be one."""
    assert "feed.zip, stops.txt: it begins as UTF-8 or UTF-16 text and is not" in faults(feed(stops=stops))


def test_a_folder_in_the_zip_is_looked_into(feed):
    assert minutes(feed(inside="gtfs/")) == 25.0
    assert minutes(feed(inside="gtfs/", **{"__MACOSX/._stops": "x", "/../other/._trips": "y"})) == 25.0
    assert "more than one timetable in the zip" in faults(feed(inside="", **{"b/stop_times": "trip_id\n"}))


@pytest.mark.parametrize(
    ("table", "old", "new", "told"),
    [
        ("stop_times", "t0,06:00:00", "t0,06:00", 'stop_times.txt, row 2, column arrival_time: "06:00" is not a time'),
        ("stop_times", "t0,06:00:00", "t0,06:61:00", '"06:61:00" is not a time'),
        ("stop_times", "t0,06:00:00", "t0,999:00:00", '"999:00:00" is not a time'),
        ("stop_times", ",A,1\n", ",A,first\n", '"first" is not a whole number that stop_sequence may have'),
        ("stop_times", ",A,1\n", ",A,\n", "row 2, column stop_sequence: stop_sequence is empty"),
        ("stop_times", "B,2\n", "B,1\n", '"t0 1" is on row 2 already'),
        ("stops", "B,B,62.7081486", "B,B,pohjoinen", '"pohjoinen" is not a number'),
        ("stops", "B,B,62.7081486", "B,B,62_7081486", '"62_7081486" is not a number'),
        ("stops", "B,B,62.7081486", "B,B,٦٢.7", '"٦٢.7" is not a number'),
        ("stops", "B,B,62.7081486", "B,B,inf", '"inf" is not a number'),
        ("stop_times", ",A,1\n", ",A,1_0\n", '"1_0" is not a whole number that stop_sequence may have'),
        ("stops", "B,B,62", "B,Tori, Jyväskylä,62", 'row 3, column stop_lat: "Jyväskylä" is not a number'),
        ("stop_times", "A,1\n", "A,1,,x\n", "stop_times.txt, row 2: rows with more fields than the header: 1, this the first"),
        ("stops", "C,C,", "A,C,", 'stops.txt, row 4, column stop_id: "A" is on row 2 already'),
        ("trips", "R,W,t1\n", "R,W,t0\n", 'trips.txt, row 3, column trip_id: "t0" is on row 2 already'),
        ("trips", "R,W,t1\n", "R,,t1\n", "service_id is empty"),
        ("calendar", "20260101", "2026-01-01", '"2026-01-01" is not a date'),
        ("calendar", "20261231", "20261131", '"20261131" is not a date'),
        ("calendar", "W,1,1", "W,1,", "tuesday is empty"),
        ("calendar", "monday", "mon", 'the column "monday" is missing'),
        ("stops", "stop_name", "stop_id", 'the column "stop_id" is there twice'),
        ("stops", "stop_name", "x" * 200_000, "stops.txt: not a text file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_row(feed, table, old, new, told):
    text = usual()[table]
    assert old in text
    assert told in faults(feed(**{table: text.replace(old, new, 1)}))


@pytest.mark.parametrize("name", ['"Bee', 'Bee 5" stop', '"Bee 5" stop"', 'Bee"', '"Bee" 5'])
def test_quotation_marks_that_go_wrong_are_told_with_their_row(feed, name):
    stops = FILES["stops"].replace("B,B,", f"B,{name},")
    for text in (stops, stops.replace("\n", "\r\n"), stops + 'D,"Dee",62.7,25.4,0,\n'):
        told = faults(feed(stops=text))
        assert "feed.zip, stops.txt, row 3: a quotation mark that is not closed" in told
        assert "twice" in told


@pytest.mark.parametrize("name", ['"Bee 5"" stop"', '"Bee, north"', '"Bee\nnorth"', '""', ' "Bee" '])
def test_quotation_marks_as_the_reference_has_them_are_read(feed, name):
    for text in (FILES["stops"], FILES["stops"].replace("\n", "\r\n"), FILES["stops"].rstrip("\n")):
        assert minutes(feed(stops=text.replace("B,B,", f"B,{name},"))) == 25.0


def test_every_fault_is_told_at_once_and_like_ones_are_counted(feed):
    told = faults(feed(
        stop_times=usual()["stop_times"].replace(":00,06", ",06"), stops=FILES["stops"].replace("A,A,62", "A,A,x"),
        calendar=FILES["calendar"].replace("20260101", "tammi"),
    ))  # fmt: skip
    assert "more rows like these: " in told
    assert {"stops.txt, row 2", "calendar.txt, row 2", "stop_times.txt, row 2"} <= {line.partition(", column")[0].removeprefix("feed.zip, ") for line in told.splitlines()}  # fmt: skip
