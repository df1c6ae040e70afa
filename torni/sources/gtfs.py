"""Timetables in the GTFS form: one service day's connections."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.engines.travel.timetable import Timetable
from torni.sources.coordinates import to_metres

NEEDED = {"stops": ("stop_id", "stop_lat", "stop_lon"), "trips": ("trip_id", "service_id"),
          "stop_times": ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence")}  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_timetable(path: Path, *, on: date | None = None) -> Timetable:
    """The connections of one service day.

    `on`: the day; by default the day of most trips within the feed (the earliest of equals). Not considered:
    frequencies.txt, fares, whether boarding is by request. Raises BadInput with every missing table and column.
    """
    tables = _tables(path)
    day = on or busiest_day(tables)
    services = _services_on(tables, day)
    trips = tables["trips"].filter(pl.col("service_id").is_in(services)).select("trip_id").with_row_index("trip")
    if not len(trips):
        raise bad_input(
            path.name,
            t("no trips on {day}", day=day),
            t("Choose a day that the timetable covers, such as {a}.", a=busiest_day(tables)),
        )
    stops = tables["stops"].with_row_index("stop").filter(pl.col("stop_lat").is_not_null())
    rows = (
        tables["stop_times"].join(trips, on="trip_id").join(stops.select("stop_id", "stop"), on="stop_id")
        .with_columns(_seconds("arrival_time"), _seconds("departure_time"), pl.col("stop_sequence").cast(pl.Int32))
        .filter(pl.col("arrival_time").is_not_null() & pl.col("departure_time").is_not_null())
        .sort("trip", "stop_sequence")
    )  # fmt: skip
    trip, stop = rows["trip"].to_numpy(), rows["stop"].to_numpy()
    same = trip[1:] == trip[:-1]
    x, y = to_metres(
        tables["stops"]["stop_lon"].cast(pl.Float64).to_numpy(), tables["stops"]["stop_lat"].cast(pl.Float64).to_numpy()
    )
    return Timetable(
        x=x, y=y,
        from_stop=stop[:-1][same].astype(np.int32), to_stop=stop[1:][same].astype(np.int32),
        departs=rows["departure_time"].to_numpy()[:-1][same].astype(np.int32),
        arrives=rows["arrival_time"].to_numpy()[1:][same].astype(np.int32),
        trip=trip[:-1][same].astype(np.int32),
    )  # fmt: skip


def _tables(path: Path) -> dict[str, pl.DataFrame]:
    if not path.is_file():
        raise bad_input(str(path), t("no such file"), t("Check the path."))
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise bad_input(path.name, t("not a zip file"), t("Give a GTFS timetable as one .zip.")) from error
    faults, tables = [], {}
    with archive:
        names = set(archive.namelist())
        for table in ("stops", "trips", "stop_times", "calendar", "calendar_dates"):
            if f"{table}.txt" not in names:
                if table in NEEDED:
                    faults.append(
                        Fault(path.name, t("{table}.txt is missing", table=table), t("Give a whole GTFS timetable."))
                    )
                continue
            tables[table] = pl.read_csv(io.BytesIO(archive.read(f"{table}.txt")), infer_schema=False)
            for column in NEEDED.get(table, ()):
                if column not in tables[table].columns:
                    faults.append(
                        Fault(
                            f"{path.name}, {table}.txt",
                            t('the column "{column}" is missing', column=column),
                            t("Give a whole GTFS timetable."),
                        )
                    )
    if not faults and "calendar" not in tables and "calendar_dates" not in tables:
        faults.append(
            Fault(path.name, t("neither calendar.txt nor calendar_dates.txt"), t("Give a whole GTFS timetable."))
        )
    if faults:
        raise BadInput(*faults)
    return tables


def busiest_day(tables: dict[str, pl.DataFrame]) -> date:
    """The first day with the most trips."""
    per_service = dict(tables["trips"].group_by("service_id").len().iter_rows())
    days: set[date] = set()
    for row in tables["calendar"].iter_rows(named=True) if "calendar" in tables else ():
        start, end = _day(row["start_date"]), _day(row["end_date"])
        days |= {
            date.fromordinal(d) for d in range(start.toordinal(), min(end.toordinal(), start.toordinal() + 60) + 1)
        }
    for row in tables["calendar_dates"].iter_rows(named=True) if "calendar_dates" in tables else ():
        days.add(_day(row["date"]))
    return max(sorted(days), key=lambda day: sum(per_service.get(s, 0) for s in _services_on(tables, day)))


def _services_on(tables: dict[str, pl.DataFrame], day: date) -> list[str]:
    running: set[str] = set()
    for row in tables["calendar"].iter_rows(named=True) if "calendar" in tables else ():
        if _day(row["start_date"]) <= day <= _day(row["end_date"]) and row[_WEEKDAYS[day.weekday()]] == "1":
            running.add(row["service_id"])
    for row in tables["calendar_dates"].iter_rows(named=True) if "calendar_dates" in tables else ():
        if _day(row["date"]) == day:
            (running.add if row["exception_type"] == "1" else running.discard)(row["service_id"])
    return sorted(running)


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _seconds(column: str) -> pl.Expr:
    parts = pl.col(column).str.strip_chars().str.split(":").list.eval(pl.element().cast(pl.Int32))
    return (parts.list.get(0) * 3600 + parts.list.get(1) * 60 + parts.list.get(2)).alias(column)
