"""Whatever is brought as a timetable: it is refused in words, or every day of it can be asked for."""

import zipfile
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.timetables import POINTS, WALK, minutes, packed, usual
from torni.core import bounds
from torni.core.faults import BadInput
from torni.engines.travel.timetable import NEVER, profiles, travel_seconds
from torni.sources.coordinates import to_metres
from torni.sources.gtfs import read_feed

FILES = usual() | {
    "frequencies": "trip_id,start_time,end_time,headway_secs,exact_times\nt3,06:00:00,20:00:00,1200,1\n",
    "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_trip_id,to_trip_id\nB,B,2,600,,\nA,C,1,,,\n,,4,,t1,t2\n",
    "calendar_dates": "service_id,date,exception_type\nW,20261123,1\nX,20261222,2\n",
    "agency": "agency_timezone\nEurope/Helsinki\n",
    "feed_info": "feed_start_date,feed_end_date\n20260101,20261231\n",
    "trips": "\n".join(f"{row},k{i // 2}" if i else f"{row},block_id" for i, row in enumerate(usual()["trips"].splitlines())) + "\n",
}  # fmt: skip
ODD = ["", " ", "0", "-1", "1.5", "1e9", "nan", "inf", "99999999999", "A", "Z", "24:00:00", "47:59:59", "168:00:00", "6:5:4", "20261123", "00010101", "99991231", '"', "ä", "0;0", "3"]  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_timetable_is_refused_or_rideable_on_every_day(tmp_path, data):
    files = dict(FILES)
    for _ in range(data.draw(st.integers(1, 4))):
        name = data.draw(st.sampled_from(sorted(files)))
        rows = [line.split(",") for line in files[name].splitlines()[:9]] or [[""]]
        row = rows[data.draw(st.integers(0, len(rows) - 1))]
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(st.sampled_from(ODD) | st.text(max_size=6))
        files[name] = "\n".join([*(",".join(r) for r in rows), *files[name].splitlines()[9:]])
    path = packed(tmp_path, {name: text.encode("utf-8", "replace") for name, text in files.items()})
    try:
        feed = read_feed(path)
    except BadInput as error:
        refused = error.faults
    else:
        refused = ()
    assert all(fault.where.startswith("feed.zip") and fault.what for fault in refused)
    if refused:
        return
    for day in (feed.busiest_day(), date(2026, 11, 22), date(2026, 11, 23), date(1, 1, 1), date(9999, 12, 31)):
        timetable = feed.on(day)
        assert (timetable.departs >= 0).all() and (timetable.arrives >= timetable.departs).all()
        home, unit = (to_metres(*(np.array([v]) for v in POINTS[s])) for s in "AC")
        found = profiles(timetable, *unit, WALK)
        seconds = travel_seconds(timetable, found, *home, *unit, WALK, np.arange(32_400, 36_000, 600))
        assert (seconds > 0).all() and ((seconds < 8 * 86_400) | (seconds == NEVER)).all()
    assert feed.knows(feed.busiest_day()) and len(feed.on(feed.busiest_day()).trip)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_the_order_of_rows_is_no_matter(tmp_path, seed):
    rng = np.random.default_rng(seed)
    mixed = {}
    for name, text in FILES.items():
        head, *rows = text.splitlines()
        mixed[name] = "\n".join([head, *rng.permutation(rows)]) + "\n"
    for day in (date(2026, 11, 23), date(2026, 11, 23) + timedelta(days=6)):
        assert minutes(packed(tmp_path, mixed), on=day) == minutes(packed(tmp_path, FILES), on=day)


def test_a_zip_that_swells_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_TIMETABLE", 3_000_000)
    swollen = FILES | {"stop_times": FILES["stop_times"] + " " * 50_000_000}
    with pytest.raises(BadInput, match="larger than 3 MB once unpacked"):
        read_feed(packed(tmp_path, swollen))


@pytest.mark.parametrize(
    ("most", "change", "told"),
    [
        (600, {"stop_times": FILES["stop_times"] + "\n" * 700}, "more than 600 rows"),
        (900, {"frequencies": FILES["frequencies"].replace("1200", "1")}, "more than 900 rides once every interval"),
        (600, {"trips": FILES["trips"] + "\n" * 700}, "more than 60 rows"),
        (500, {"stops": FILES["stops"] + "".join(f"s{i},s,62.7,25.2,0,A\n" for i in range(30)), "transfers": "from_stop_id,to_stop_id\nA,A\n"}, "more than 50 rows"),
    ],
)  # fmt: skip
def test_too_much_of_anything_is_refused(tmp_path, monkeypatch, most, change, told):
    monkeypatch.setattr(bounds, "MOST_CALLS", most)
    with pytest.raises(BadInput, match=told):
        read_feed(packed(tmp_path, FILES | change))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"stop_id\n"])
def test_what_is_no_zip_is_refused(tmp_path, data):
    path = tmp_path / "feed.zip"
    path.write_bytes(data)
    with pytest.raises(BadInput, match="not a zip file"):
        read_feed(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    packing=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
    cut=st.floats(0, 0.99),
    garbled=st.booleans(),
)
def test_a_zip_cut_or_garbled_anywhere_is_one_fault_however_it_is_packed(tmp_path, packing, cut, garbled):
    path = tmp_path / "timetable.zip"
    with zipfile.ZipFile(path, "w", packing) as zipped:
        for table, text in FILES.items():
            zipped.writestr(f"{table}.txt", text)
    whole = path.read_bytes()
    at = 4 + int((len(whole) - 4) * cut)
    path.write_bytes(
        whole[:at] + bytes(255 - b for b in whole[at : at + 30]) + whole[at + 30 :] if garbled else whole[:at]
    )
    refused = ""
    try:
        read_feed(path)
    except BadInput as fault:
        refused = str(fault)
    # What a zip tells of its entries besides, such as their day, may be garbled without harm.
    assert garbled or refused.startswith("timetable.zip: the zip is damaged or locked")


def test_a_zip_that_is_cut_or_damaged_is_refused(tmp_path):
    whole = packed(tmp_path, FILES).read_bytes()
    at = whole.index(b"stop_times.txt") + 100
    path = tmp_path / "cut.zip"
    path.write_bytes(whole[:at] + b"\xff" * 40 + whole[at + 40 :])
    with pytest.raises(BadInput):
        read_feed(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput):
        read_feed(path)
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("readme.txt", "x")
    with pytest.raises(BadInput, match=r"stop_times\.txt is missing"):
        read_feed(path)
