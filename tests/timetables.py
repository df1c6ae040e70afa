"""A small timetable as a zip: a bus from A by B to C every 20 minutes, of which a test says only what differs."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from torni.core.faults import BadInput
from torni.engines.travel.timetable import NEVER, Walking, profiles, travel_seconds
from torni.sources.coordinates import to_metres
from torni.sources.gtfs import read_feed

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 22)
POINTS = {"A": (25.2527088, 62.7071975), "B": (25.3308626, 62.7081486), "C": (25.4285627, 62.7092763)}
WALK = Walking(kmh=4.8, detour=1.3, stop_max_km=1.5, transfer_max_km=0.4, change_s=60)
WEEKDAYS = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
FILES = {
    "stops": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    + "".join(f"{s},{s},{lat},{lon},0,\n" for s, (lon, lat) in POINTS.items()),
    "calendar": WEEKDAYS + "W,1,1,1,1,1,0,0,20260101,20261231\n",
}
HEAD = "trip_id,arrival_time,departure_time,stop_id,stop_sequence"


def clock(minutes: float) -> str:
    return f"{int(minutes // 60):02}:{int(minutes % 60):02}:00"


def trips(*names: str, more: str = "") -> str:
    """trips.txt of service W; a name may go on with further columns, as `more` names them."""
    return f"route_id,service_id,trip_id{more}\n" + "".join(f"R,W,{n}\n" for n in names)


def run(trip: str, start: float, *stops: tuple[str, float], tail: str = "") -> str:
    """One trip's calls: stop and minutes after its start."""
    return "".join(
        f"{trip},{clock(start + m)},{clock(start + m)},{s},{i + 1}{tail}\n" for i, (s, m) in enumerate(stops)
    )


ABC = (("A", 0), ("B", 6), ("C", 14))
STARTS = range(6 * 60, 20 * 60, 20)


def usual() -> dict[str, str]:
    calls = "".join(run(f"t{k}", start, *ABC) for k, start in enumerate(STARTS))
    return FILES | {"trips": trips(*(f"t{k}" for k in range(len(STARTS)))), "stop_times": f"{HEAD}\n{calls}"}


def packed(folder: Path, files: dict[str, str | bytes], *, inside: str = "") -> Path:
    path = folder / "feed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            zipped.writestr(f"{inside}{name}.txt", text)
    return path


def minutes(path: Path, *, on: date = MONDAY, start: str = "A", end: str = "C") -> float | None:
    """The median ride from beside one stop to another, departures from 9 to 10; None where one does not come there."""
    home, unit = (to_metres(*(np.array([v]) for v in POINTS[s])) for s in (start, end))
    timetable = read_feed(path).on(on)
    found = profiles(timetable, *unit, WALK)
    seconds = travel_seconds(timetable, found, *home, *unit, WALK, np.arange(9 * 3600, 10 * 3600, 60), extra_s=1)
    median = np.sort(seconds[0])[30]
    return None if median >= NEVER else median / 60


def notes(path) -> list[str]:
    return [str(note) for note in read_feed(path).notes]


def faults(path) -> str:
    with pytest.raises(BadInput) as caught:
        read_feed(path)
    return str(caught.value)
