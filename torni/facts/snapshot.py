"""The log as Parquet files, for DuckDB, notebooks and Spark: streamed by parts, in memory that does not grow with the log."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from psycopg import sql

from torni.core.language import Message
from torni.core.progress import each
from torni.facts.opening import Connection
from torni.facts.postgres import data_folder

PART = 250_000
SCHEMA: dict[str, Any] = {
    "position": pl.Int64, "recorded_at": pl.Datetime("us", "UTC"), "at": pl.Datetime("us", "UTC"), "source": pl.String, "id": pl.String,
    "type": pl.String, "service": pl.String, "unit": pl.String, "client": pl.Int64, "matter": pl.String, "due": pl.Date, "quantity": pl.Int64,
    "of_quantity": pl.Int64, "cents": pl.Int64, "data": pl.String, "sign": pl.Int16, "replaces": pl.Int64, "municipality": pl.String,
    "producer": pl.String, "definition": pl.String,
    "day": pl.Date, "known_on": pl.Date,
}  # fmt: skip
PERSONAL = ("client", "matter", "id", "data")
_DAYS = {"day": "at", "known_on": "recorded_at"}
EFFECTS: dict[str, Any] = {
    "position": pl.Int64, "since": pl.Int64, "sign": pl.Int16, "promise": pl.String, "what": pl.String, "day": pl.Date, "unit": pl.String,
    "municipality": pl.String, "known_on": pl.Date, "total": pl.Int64, "met": pl.Int64, "late": pl.Int64, "began": pl.Int64,
}  # fmt: skip
_SHAPE = 4  # of the columns: a folder of parts with others is begun anew


@dataclass(frozen=True)
class Snapshot:
    """Where the files are, how many events, and up to which position."""

    folder: Path
    events: int
    position: int


def snapshot(connection: Connection, folder: Path, *, persons: bool = False) -> Snapshot:
    """The log up to now as Parquet files in the folder, those of an earlier snapshot kept: only what is new is written.

    Beside the events (`event_*.parquet`) stands what they did for each promise (`effect_*.parquet`, by the position from which it is known).
    `day` is the Finnish day of `at`, `known_on` of `recorded_at`. `persons=False` leaves out what tells of a person: client, matter, id and data. The municipality of a client
    with a protected address is left out of both, in what was told as well. Moments are UTC. A file holds a fixed range of
    positions, complete or not at all; the last, half-full one is written anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    row = connection.execute(
        "SELECT greatest((SELECT max(position) FROM event), (SELECT max(position) FROM consumer))"
    ).fetchone()
    upto = (row and row[0]) or 0
    columns = [c for c in SCHEMA if persons or c not in PERSONAL]
    events = 0
    for first in each(range(0, upto + 1, PART), Message("The log as files")):
        last = min(first + PART - 1, upto)
        _kept(folder, f"effect_{first:012d}", last, partial(effects_part, connection, first, last))
        events += _kept(folder, f"event_{first:012d}", last, partial(_part, connection, columns, first, last))
    return Snapshot(folder, events, upto)


def _rows(path: Path) -> int | None:
    """The rows of a file that is there and whole; None for one that is to be written."""
    try:
        return int(pl.scan_parquet(path).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        return None


def unlike(folder: Path) -> list[str]:
    """The snapshot's files that are damaged, or not of a snapshot with persons."""
    found = []
    for name, schema in (("event", SCHEMA), ("effect", EFFECTS)):
        for path in sorted(folder.glob(f"{name}_*.parquet")):
            try:
                columns = set(pl.scan_parquet(path).collect_schema())
            except (pl.exceptions.PolarsError, OSError):
                columns = set()
            if not set(schema) <= columns:
                found.append(path.name)
    return found


def _kept(folder: Path, name: str, last: int, making: Callable[[], pl.DataFrame]) -> int:
    """The part of this name up to a position, made where it is not there: its rows."""
    path = folder / f"{name}_{last:012d}.parquet"
    if (rows := _rows(path)) is not None:
        return rows
    frame = making()
    for old in folder.glob(f"{name}_*.parquet"):
        old.unlink()
    half = path.with_suffix(".making")
    frame.write_parquet(half, compression="zstd", compression_level=1)
    os.replace(half, path)
    return len(frame)


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


def forget_kept(connection: Connection) -> None:
    """Take away what is kept on this machine of the room: it still tells of who has been erased."""
    folder = kept_folder(connection)
    for old in folder.parent.glob(f"{folder.name.rsplit('-', 2)[0]}-*"):
        shutil.rmtree(old, ignore_errors=True)


def effects_part(
    connection: Connection, first: int, last: int, *, whole: Collection[str] | None = None
) -> pl.DataFrame:
    """What became known of the effects in one range of the log's positions. `whole`: of these promises (of all where there are none),
    with the municipality of everybody, for no file that stays."""
    hidden = "CASE WHEN client IN (SELECT client FROM protected_client) THEN '' ELSE municipality END AS municipality"
    some = f"AND promise IN ({', '.join(sql.Literal(p).as_string(connection) for p in whole)})" if whole else ""
    return _copied(
        connection, EFFECTS, {"municipality": hidden} if whole is None else {},
        f"FROM effect WHERE since BETWEEN {first} AND {last} {some} ORDER BY since",
    ).with_columns(pl.col("unit", "municipality").fill_null(""))  # fmt: skip


def _part(connection: Connection, columns: list[str], first: int, last: int) -> pl.DataFrame:
    """One range of positions of the log."""
    protected = "client IN (SELECT client FROM protected_client)"
    told = """regexp_replace(data::text, '"municipality": *"[^"]*"', '"municipality": ""', 'g')"""  # what was told of it then, at any depth
    chosen = {
        "municipality": f"CASE WHEN {protected} THEN NULL ELSE municipality END AS municipality",
        "data": f"CASE WHEN {protected} THEN {told} ELSE data::text END AS data",
    } | {c: f"({of} AT TIME ZONE 'Europe/Helsinki')::date" for c, of in _DAYS.items()}
    source = f"FROM event WHERE position BETWEEN {first} AND {last} ORDER BY position"
    return _copied(connection, {c: SCHEMA[c] for c in columns}, chosen, source)


def _copied(connection: Connection, schema: dict[str, Any], chosen: dict[str, str], source: str) -> pl.DataFrame:
    """Rows by COPY. Moments travel as whole microseconds and days as their number, which no session's settings change."""
    moment = pl.Datetime("us", "UTC")
    columns = [
        f"(extract(epoch FROM {c}) * 1000000)::bigint AS {c}" if kind == moment
        else f"({chosen.get(c, c)} - date '1970-01-01') AS {c}" if kind == pl.Date
        else chosen.get(c, c)
        for c, kind in schema.items()
    ]  # fmt: skip
    buffer = io.BytesIO()
    with connection.cursor().copy(f"COPY (SELECT {', '.join(columns)} {source}) TO STDOUT (FORMAT csv)") as copy:
        for block in copy:
            buffer.write(block)
    raw = {c: pl.Int64 if kind == moment else pl.Int32 if kind == pl.Date else kind for c, kind in schema.items()}
    buffer.seek(0)
    frame = pl.read_csv(buffer, has_header=False, schema=raw) if buffer.getbuffer().nbytes else pl.DataFrame(schema=raw)
    return frame.with_columns([pl.col(c).cast(kind) for c, kind in schema.items() if kind in (moment, pl.Date)])
