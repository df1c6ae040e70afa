"""The log as Parquet files, for DuckDB, notebooks and Spark: streamed by parts, in memory that does not grow with the log."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from torni.facts.postgres import data_folder
from torni.facts.room import Connection

PART = 250_000
SCHEMA: dict[str, Any] = {
    "position": pl.Int64, "recorded_at": pl.Datetime("us", "UTC"), "at": pl.Datetime("us", "UTC"), "source": pl.String, "id": pl.String,
    "type": pl.String, "service": pl.String, "unit": pl.String, "client": pl.Int64, "matter": pl.String, "due": pl.Date, "quantity": pl.Int64,
    "of_quantity": pl.Int64, "cents": pl.Int64, "data": pl.String, "sign": pl.Int16, "replaces": pl.Int64, "municipality": pl.String,
    "producer": pl.String, "definition": pl.String, "owes": pl.String, "owes_on": pl.Date, "settles": pl.String, "settles_on": pl.Date,
    "settles_unit": pl.String, "settles_municipality": pl.String, "settled": pl.Int16, "counts": pl.String, "counted": pl.Int64,
    "counted_met": pl.Int64, "settles_position": pl.Int64, "day": pl.Date, "known_on": pl.Date,
}  # fmt: skip
PERSONAL = ("client", "matter", "id", "data")
_DAYS = {"day": "at", "known_on": "recorded_at"}
_SHAPE = 2  # of the columns: a folder of parts with others is begun anew


@dataclass(frozen=True)
class Snapshot:
    """Where the files are, how many events, and up to which position."""

    folder: Path
    events: int
    position: int


def snapshot(
    connection: Connection, folder: Path, *, persons: bool = False, told: Callable[[int], None] | None = None
) -> Snapshot:
    """The log up to now as Parquet files in the folder, those of an earlier snapshot kept: only what is new is written.

    `day` is the Finnish day of `at`, `known_on` of `recorded_at`; `settles_position` the event that began what this one answers. `persons=False` leaves out what tells of a person: client, matter, id and data. The municipality of a client
    with a protected address is left out of both. Moments are UTC. A file holds a fixed range of
    positions, complete or not at all; the last, half-full one is written anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    row = connection.execute("SELECT max(position) FROM event").fetchone()
    upto = (row and row[0]) or 0
    columns = [c for c in SCHEMA if persons or c not in PERSONAL]
    events = 0
    for first in range(0, upto + 1, PART):
        last = min(first + PART - 1, upto)
        path = folder / f"event_{first:012d}_{last:012d}.parquet"
        if path.exists():
            events += pl.scan_parquet(path).select(pl.len()).collect().item()
            continue
        frame = _part(connection, columns, first, last)
        for old in folder.glob(f"event_{first:012d}_*.parquet"):
            old.unlink()
        making = path.with_suffix(".making")
        frame.write_parquet(making, compression="zstd", compression_level=1)
        os.replace(making, path)
        events += len(frame)
        if told:
            told(events)
    return Snapshot(folder, events, upto)


def brought(connection: Connection, folder: Path, kept: Path, *, upto: int) -> list[Path]:
    """The log up to a position as Parquet parts with persons: those that `kept` has whole, the rest written into the folder."""
    found = []
    for first in range(0, upto + 1, PART):
        last = first + PART - 1
        path = kept / f"event_{first:012d}_{last:012d}.parquet"
        if not path.exists():
            path = folder / path.name
            _part(connection, list(SCHEMA), first, min(last, upto)).write_parquet(path, compression="lz4")
        found.append(path)
    return found


def kept_folder(connection: Connection) -> Path:
    """Where the snapshot of the room is kept on this machine; another after each erasure, for an old one would still tell of the person."""
    row = connection.execute("SELECT current_database(), (SELECT count(*) FROM erasure)").fetchone() or ("torni", 0)
    return data_folder() / "snapshot" / f"{row[0]}-{row[1]}-{_SHAPE}"


def snapshot_folder(connection: Connection) -> Path:
    """The same, made where it is not there, closed to others, with those of before taken away."""
    folder = kept_folder(connection)
    for old in folder.parent.glob(f"{folder.name.rsplit('-', 2)[0]}-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o700)
    return folder


def _part(connection: Connection, columns: list[str], first: int, last: int) -> pl.DataFrame:
    """One range of positions. Moments travel as whole microseconds, which no session's settings change."""
    chosen = [
        f"(({_DAYS[c]} AT TIME ZONE 'Europe/Helsinki')::date - date '1970-01-01') AS {c}" if c in _DAYS else f"(extract(epoch FROM {c}) * 1000000)::bigint AS {c}" if SCHEMA[c] == pl.Datetime("us", "UTC")
        else f"({c} - date '1970-01-01') AS {c}" if SCHEMA[c] == pl.Date
        else f"CASE WHEN client IN (SELECT client FROM protected_client) THEN NULL ELSE {c} END AS {c}" if c.endswith("municipality") else c
        for c in columns
    ]  # fmt: skip
    query = f"SELECT {', '.join(chosen)} FROM event WHERE position BETWEEN {first} AND {last} ORDER BY position"
    buffer = io.BytesIO()
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
        for block in copy:
            buffer.write(block)
    raw = {
        c: pl.Int64 if SCHEMA[c] == pl.Datetime("us", "UTC") else pl.Int32 if SCHEMA[c] == pl.Date else SCHEMA[c]
        for c in columns
    }
    buffer.seek(0)
    frame = pl.read_csv(buffer, has_header=False, schema=raw) if buffer.getbuffer().nbytes else pl.DataFrame(schema=raw)
    return frame.with_columns(
        [pl.col(c).cast(SCHEMA[c]) for c in columns if SCHEMA[c] in (pl.Datetime("us", "UTC"), pl.Date)]
    )
