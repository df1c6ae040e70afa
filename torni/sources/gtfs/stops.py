"""Where one boards and alights: the stops with a usable point, and which of them are one station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core.faults import Fault
from torni.core.language import Message, t
from torni.sources.coordinates import FINLAND, to_metres
from torni.sources.gtfs.archive import ROW, Archive, worth_telling
from torni.sources.gtfs.fields import Reading

# Degrees past Finland where its lines may still have stops: Stockholm, Travemünde and Saint Petersburg are within (assumed).
NEAR_LON, NEAR_LAT = 12.0, 7.0
NAMED = 5  # such stops are told one by one


@dataclass(frozen=True, eq=False)
class Stops:
    """`x`, `y`: metres (ETRS-TM35FIN). `place`: stop id to its number here, -1 for one without a usable point.

    `station`: for each stop a number shared by those of one station. `inside`: station id to the numbers of its stops.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    place: dict[str, int]
    station: npt.NDArray[np.int64]
    inside: dict[str, list[int]]


def read_stops(archive: Archive, reading: Reading) -> tuple[Stops, list[Message]]:
    """The stops of the archive. A stop without a point of its own has its station's; one without any is not served."""
    table = archive.table("stops")
    reading.given("stops", ("stop_id",), table)
    reading.once("stops", ("stop_id",), table)
    lat, lon = (reading.number("stops", c, table).fill_null(np.nan).to_numpy().copy() for c in ("stop_lat", "stop_lon"))
    ids, parents = table["stop_id"].to_list(), table["parent_station"].to_list()
    row_of = {stop: i for i, stop in enumerate(ids) if stop is not None}
    usable = _usable(lat, lon)
    with_metres = np.flatnonzero(usable)
    usable[with_metres] = np.isfinite(to_metres(lon[usable], lat[usable])).all(
        axis=0
    )  # the far side of the earth has none
    _in_finland(archive, reading, lat[usable], lon[usable])
    far, notes = _far(table, lat, lon, usable)
    usable &= ~far
    parent = np.array([row_of.get(p, -1) if p else -1 for p in parents], np.int64)
    borrowed = ~usable & (parent >= 0)
    borrowed[borrowed] = usable[parent[borrowed]]
    lat[borrowed], lon[borrowed] = lat[parent[borrowed]], lon[parent[borrowed]]
    usable |= borrowed
    number = np.where(usable, np.cumsum(usable) - 1, -1)
    place = {stop: int(number[i]) for stop, i in row_of.items()}
    x, y = to_metres(lon[usable], lat[usable])
    station = np.where(parent >= 0, parent, np.arange(len(ids)))[usable]
    inside: dict[str, list[int]] = {}
    for stop, p, n in zip(ids, parents, number, strict=True):
        if n >= 0 and p:
            inside.setdefault(p, []).append(int(n))
        if n >= 0 and stop:
            inside.setdefault(stop, []).append(int(n))
    # Nodes, entrances and boarding areas within a station (location types 2 to 4) may lack a point and miss nothing.
    within = table["location_type"].is_in(["2", "3", "4"]).fill_null(False).to_numpy()
    lost = sum(p is not None and p not in row_of for p in parents)
    pointless = int((~usable & ~within & ~far).sum())
    notes += worth_telling(
        Message("Timetable: stops without a usable point, where nobody boards or alights: {count}", count=pointless),
        Message("Timetable: stops whose station stops.txt lacks, each taken by itself: {count}", count=lost),
    )
    return Stops(x, y, place, station, inside), notes


def _usable(lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """On the earth, off the poles, and not at (0, 0), where programs put what they do not know."""
    with np.errstate(invalid="ignore"):
        return (np.abs(lat) < 89) & (np.abs(lon) <= 180) & ~((np.abs(lat) < 1) & (np.abs(lon) < 1))


def _far(
    table: pl.DataFrame, lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64], usable: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], list[Message]]:
    """Stops where no line from Finland comes, and what is told of them: the first by name, the others as a count.

    Points in Finland that are wrong otherwise cannot be known.
    """
    west, south, east, north = FINLAND
    with np.errstate(invalid="ignore"):
        near = (lon > west - NEAR_LON) & (lon < east + NEAR_LON) & (lat > south - NEAR_LAT) & (lat < north + NEAR_LAT)
        swapped = (west <= lat) & (lat <= east) & (south <= lon) & (lon <= north)
    far = usable & ~near
    notes, rows = [], np.flatnonzero(far)
    for i in rows[:NAMED].tolist():
        name, row = table["stop_name"][i] or table["stop_id"][i], table[ROW][i]
        if swapped[i]:
            notes.append(Message('Timetable: the point of the stop "{name}" (stops.txt, row {row}) has longitude and latitude swapped and is not used', name=name, row=row))  # fmt: skip
        else:
            notes.append(Message('Timetable: the point of the stop "{name}" (stops.txt, row {row}) is far from Finland and is not used', name=name, row=row))  # fmt: skip
    more = Message("Timetable: other stops whose points are far from Finland, which are not used: {count}", count=len(rows) - NAMED)  # fmt: skip
    return far, notes + ([more] if len(rows) > NAMED else [])


def _in_finland(archive: Archive, reading: Reading, lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> None:
    west, south, east, north = FINLAND

    def any_inside(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> bool:
        return bool(((west <= b) & (b <= east) & (south <= a) & (a <= north)).any())

    if any_inside(lat, lon):
        return
    remedy = t("Longitude and latitude are swapped.") if any_inside(lon, lat) else t("Write longitude 19 to 32 and latitude 59 to 71.")  # fmt: skip
    if not any(fault.where.startswith(archive.where("stops")) for fault in reading.faults):
        reading.faults.append(Fault(archive.where("stops"), t("none of the stops has a point in Finland"), remedy))
