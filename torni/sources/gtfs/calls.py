"""The calls of every trip in order, with a time each, as rides from one call to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core.language import Message
from torni.sources.gtfs.archive import ROW, Archive, worth_telling
from torni.sources.gtfs.fields import Reading
from torni.sources.gtfs.stops import Stops

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
_BY_REQUEST = (2, 3)


@dataclass(frozen=True, eq=False)
class Rides:
    """Every trip's rides between successive calls; trip k has those from `first[k]` up to `first[k + 1]`.

    `begins`: when each trip leaves its first call, also one at a stop that is not read. `departs`, `arrives`: seconds after its service day's start. `boards`, `alights`: whether one may at the ride's ends.
    """

    first: npt.NDArray[np.int64]
    begins: npt.NDArray[np.int64]
    from_stop: Ints
    to_stop: Ints
    departs: Ints
    arrives: Ints
    boards: Bools
    alights: Bools


def read_calls(
    archive: Archive, reading: Reading, stops: Stops, trip_of: dict[str, int]
) -> tuple[Rides, list[Message]]:
    """The rides of all trips. What cannot be ridden (no times at an end, back in time, no stop) is left out and told."""
    table = archive.table("stop_times")
    notes: list[Message] = []
    flexible = table.filter(pl.col("stop_id").is_null() & pl.col("start_pickup_drop_off_window").is_not_null())
    notes.append(Message("Timetable: calls on demand within an area, which are not read: {count}", count=len(flexible)))
    if len(flexible):
        table = table.filter(~(pl.col("stop_id").is_null() & pl.col("start_pickup_drop_off_window").is_not_null()))
    reading.given("stop_times", ("trip_id", "stop_id", "stop_sequence"), table)
    calls = pl.DataFrame({
        ROW: table[ROW],
        "trip": _numbered(table["trip_id"], trip_of, -1),
        "stop": _numbered(table["stop_id"], stops.place, -2),
        "sequence": reading.whole("stop_times", "stop_sequence", table),
        "arrives": reading.seconds("stop_times", "arrival_time", table),
        "departs": reading.seconds("stop_times", "departure_time", table),
        "board": reading.whole("stop_times", "pickup_type", table, most=3),
        "alight": reading.whole("stop_times", "drop_off_type", table, most=3),
        "along": reading.number("stop_times", "shape_dist_traveled", table),
        "between": _continuous(table),
    })  # fmt: skip
    if reading.faults:
        return _rides(calls.clear(), np.zeros(0, np.int64)), []
    strangers = calls["trip"] < 0
    notes.append(
        Message(
            "Timetable: calls of trips that trips.txt lacks, which are not read: {count}", count=int(strangers.sum())
        )
    )
    calls = calls.filter(~strangers).sort("trip", "sequence", maintain_order=True)
    key = calls.select("trip", "sequence")
    if (key[1:] == key[:-1]).select(pl.all_horizontal(pl.all())).to_series().any():
        reading.once("stop_times", ("trip_id", "stop_sequence"), table)
        return _rides(calls.clear(), np.zeros(0, np.int64)), []
    notes.append(Message("Timetable: calls between which one may board anywhere, which is not read: {count}", count=int(calls["between"].sum())))  # fmt: skip
    calls, more = _timed(calls)
    notes += more
    bad = _back_in_time(calls)
    notes.append(Message("Timetable: trips that go back in time, which are left out: {count}", count=len(bad)))
    if len(bad):
        calls = calls.filter(~pl.col("trip").is_in(bad.implode()))
    begins = np.zeros(len(trip_of), np.int64)
    starts = calls.filter(pl.col("trip").is_first_distinct())
    begins[starts["trip"].to_numpy()] = starts["departs"].to_numpy()
    nowhere = int((calls["stop"] == -2).sum())
    notes.append(Message("Timetable: calls at stops that stops.txt lacks, which are not read: {count}", count=nowhere))
    unplaced = int((calls["stop"] == -1).sum())
    notes.append(
        Message("Timetable: calls at stops without a usable point, which are not read: {count}", count=unplaced)
    )
    if nowhere + unplaced:
        calls = calls.filter(pl.col("stop") >= 0)
    asked = calls.select(pl.any_horizontal(pl.col("board", "alight").is_in(_BY_REQUEST)).sum()).item()
    notes.append(
        Message("Timetable: calls only if asked for beforehand, which count as any other: {count}", count=int(asked))
    )
    rides = _rides(calls, begins)
    short = int((np.diff(rides.first) == 0).sum()) - len(bad)
    notes.append(
        Message("Timetable: trips without two calls that can be used, which nobody can ride: {count}", count=short)
    )
    return rides, worth_telling(*notes)


def _numbered(ids: pl.Series, number: dict[str, int], otherwise: int) -> pl.Series:
    if not number:
        return pl.Series([otherwise] * len(ids), dtype=pl.Int32)
    old, new = pl.Series(list(number), dtype=pl.String), pl.Series(list(number.values()), dtype=pl.Int32)
    return ids.replace_strict(old, new, default=otherwise, return_dtype=pl.Int32).fill_null(otherwise)


def _continuous(table: pl.DataFrame) -> pl.Series:
    """Whether one may board or alight anywhere after the call: 0, 2 and 3 say so, empty and 1 not."""
    said = [pl.col(c).is_in(["0", "2", "3"]).fill_null(False) for c in ("continuous_pickup", "continuous_drop_off")]
    return table.select(pl.any_horizontal(said)).to_series()


def _timed(calls: pl.DataFrame) -> tuple[pl.DataFrame, list[Message]]:
    """Every call with both times: one stands for the other; between two timed calls by the distance along the line where
    it is given, otherwise in even steps. A call before a trip's first time or after its last is left out."""
    calls = calls.with_columns(
        pl.coalesce("arrives", "departs").alias("arrives"), pl.coalesce("departs", "arrives").alias("departs")
    )
    untimed = calls["arrives"].is_null()
    if not untimed.any():
        return calls, []
    at, trip = np.arange(len(calls)), calls["trip"].to_numpy()
    timed = ~untimed.to_numpy()
    before = np.maximum.accumulate(np.where(timed, at, -1))
    after = np.minimum.accumulate(np.where(timed, at, len(calls))[::-1])[::-1]
    held = timed | ((before >= 0) & (after < len(calls)))
    held[held] &= (trip[before[held]] == trip[held]) & (trip[after[held]] == trip[held])
    blank = np.flatnonzero(held & ~timed)
    arrives, departs = (calls[c].fill_null(0).to_numpy().copy() for c in ("arrives", "departs"))
    along = calls["along"].to_numpy()
    start, end = before[blank], after[blank]
    share = (blank - start) / np.maximum(end - start, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        measured = (along[blank] - along[start]) / (along[end] - along[start])
    # Distances serve only where every call of the stretch has one and they never fall.
    falls = np.concatenate([[False], ~(along[1:] >= along[:-1])])
    broken = np.cumsum(falls)
    share = np.where((broken[end] == broken[start]) & np.isfinite(measured), measured, share)
    arrives[blank] = departs[start] + np.rint(share * (arrives[end] - departs[start])).astype(np.int32)
    departs[blank] = arrives[blank]
    calls = calls.with_columns(pl.Series("arrives", arrives), pl.Series("departs", departs)).filter(pl.Series(held))
    return calls, [
        Message("Timetable: calls without times, placed between those that have them: {count}", count=len(blank)),
        Message(
            "Timetable: calls at a trip's ends without times, which are left out: {count}", count=int((~held).sum())
        ),
    ]


def _back_in_time(calls: pl.DataFrame) -> pl.Series:
    """Trips that leave a stop before they come there, or come to the next before they left."""
    same = pl.col("trip") == pl.col("trip").shift(1)
    wrong = (pl.col("arrives") > pl.col("departs")) | (same & (pl.col("arrives") < pl.col("departs").shift(1)))
    return calls.filter(wrong.fill_null(False))["trip"].unique()


def _rides(calls: pl.DataFrame, begins: npt.NDArray[np.int64]) -> Rides:
    trip = calls["trip"].to_numpy()
    same = trip[1:] == trip[:-1]
    leaves, comes = np.concatenate([same, [False]])[: len(trip)], np.concatenate([[False], same])[: len(trip)]

    def column(name: str, of: Bools) -> npt.NDArray[np.int32]:
        return calls[name].to_numpy()[of].astype(np.int32)

    may = calls.select(pl.col("board", "alight").fill_null(0) != 1)
    return Rides(
        np.searchsorted(trip[leaves], np.arange(len(begins) + 1)).astype(np.int64), begins,
        column("stop", leaves), column("stop", comes), column("departs", leaves), column("arrives", comes),
        may["board"].to_numpy()[leaves], may["alight"].to_numpy()[comes],
    )  # fmt: skip
