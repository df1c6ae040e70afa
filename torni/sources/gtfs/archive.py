"""The tables of a GTFS zip as texts: nothing guessed, nothing too large unpacked."""

from __future__ import annotations

import csv
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from torni.core import bounds
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, t

_SPARE = 8  # columns past the header in which a row's surplus fields are looked at
ROW = "row"

# Columns by table: what must be there, and what is read if it is.
NEEDED = {
    "stops": ("stop_id", "stop_lat", "stop_lon"),
    "trips": ("trip_id", "service_id"),
    "stop_times": ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
    "calendar": ("service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "start_date", "end_date"),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
    "transfers": (),
    "agency": (),
    "feed_info": (),
    "routes": (),
    "pathways": (),
}  # fmt: skip
READ_IF_GIVEN = {
    "stops": ("parent_station", "location_type", "stop_name"),
    "trips": ("block_id", "route_id"),
    "stop_times": ("pickup_type", "drop_off_type", "shape_dist_traveled", "continuous_pickup", "continuous_drop_off", "start_pickup_drop_off_window"),
    "frequencies": ("exact_times",),
    "transfers": ("from_stop_id", "to_stop_id", "transfer_type", "min_transfer_time", "from_route_id", "to_route_id", "from_trip_id", "to_trip_id"),
    "agency": ("agency_timezone",),
    "feed_info": ("feed_start_date", "feed_end_date"),
    "routes": ("route_id", "route_type", "continuous_pickup", "continuous_drop_off"),
}  # fmt: skip
MUST_BE = ("stops", "trips", "stop_times")


@dataclass
class Archive:
    """The tables that were found. Every column asked for is there (null where the file lacks it), stripped, null where
    empty; `row` is the line in the file. `notes`: what was done to read them."""

    name: str
    tables: dict[str, pl.DataFrame]
    notes: list[Message] = field(default_factory=list)

    def table(self, name: str) -> pl.DataFrame:
        """The table; without rows where the zip has none of this name."""
        if name in self.tables:
            return self.tables[name]
        columns = (*NEEDED[name], *READ_IF_GIVEN.get(name, ()))
        return pl.DataFrame(schema={ROW: pl.Int64, **dict.fromkeys(columns, pl.String)})

    def where(self, table: str, row: int | None = None, column: str = "") -> str:
        """Where in the zip: the file, and the row and column as far as they are known."""
        file = f"{self.name}, {table}.txt"
        file += f", {t('row {row}', row=row)}" if row is not None else ""
        return file + (f", {t('column {column}', column=column)}" if column else "")


def worth_telling(*notes: Message) -> list[Message]:
    """The notes whose count is not nothing."""
    return [note for note in notes if note.values["count"]]


def open_archive(path: Path) -> Archive:
    """The tables of the zip. Raises BadInput with every missing table and column, for what is no zip, and past a bound."""
    if not path.is_file():
        raise bad_input(str(path), t("no such file"), t("Check the path."))
    try:
        with zipfile.ZipFile(path) as zipped:
            return _tables(path.name, zipped, _names(path.name, zipped))
    except _DAMAGED as error:
        if isinstance(error, zipfile.BadZipFile) and not _begins_as_zip(path):
            raise bad_input(path.name, t("not a zip file"), t("Give a GTFS timetable as one .zip.")) from error
        raise bad_input(
            path.name, t("the zip is damaged or locked"), t("Fetch it again, or pack it without a password.")
        ) from error


# What the unpackers raise of each way of packing, and the reader of the list of contents.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, IndexError,
)  # fmt: skip


def _begins_as_zip(path: Path) -> bool:
    """Whether it was a zip, of which the end, with the list of contents, is missing or damaged."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _names(name: str, zipped: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    """The tables' entries by name, wherever the zip keeps them; what a Mac adds beside them is passed by."""
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    faults = []
    for entry in zipped.infolist():
        at = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir() or at.suffix.lower() != ".txt" or at.name.startswith(".") or "__MACOSX" in at.parts:
            continue
        table = at.stem.lower()
        if table in NEEDED:
            files = folders.setdefault(str(at.parent), {})
            if table in files:
                faults.append(Fault(name, t("{table}.txt is there twice", table=table), t("Keep the one that is meant.")))  # fmt: skip
            files[table] = entry
    whole = [files for files in folders.values() if "stop_times" in files] or list(folders.values())
    if len(whole) > 1:
        faults.append(Fault(name, t("more than one timetable in the zip"), t("Give each as a zip of its own.")))
    if faults:
        raise BadInput(*faults)
    return whole[0] if whole else {}


def _tables(name: str, zipped: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]) -> Archive:
    archive, faults, left = Archive(name, {}), [], bounds.MOST_TIMETABLE
    again = t("Give a whole GTFS timetable.")
    for table in NEEDED:
        if table not in entries:
            if table in MUST_BE:
                faults.append(Fault(name, t("{table}.txt is missing", table=table), again))
            continue
        data = _unpacked(name, zipped, entries[table], left)
        left -= len(data)
        found = _read(archive, table, data)
        if isinstance(found, Fault):
            faults.append(found)
            continue
        archive.tables[table] = found
    if not faults and "calendar" not in archive.tables and "calendar_dates" not in archive.tables:
        faults.append(Fault(name, t("neither calendar.txt nor calendar_dates.txt"), again))
    if faults:
        raise BadInput(*faults)
    return archive


def _unpacked(name: str, zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Unpacked bit by bit: what a zip says of its own size need not be true."""
    data = bytearray()
    with zipped.open(entry) as inside:
        while piece := inside.read(1 << 20):
            data += piece
            if len(data) > most:
                raise _too_large(name, t("larger than {n} MB once unpacked", n=bounds.MOST_TIMETABLE // 1_000_000))
    return bytes(data)


def _too_large(name: str, what: str) -> BadInput:
    return bad_input(name, what, t("Cut the timetable to the region and some weeks."))


def _read(archive: Archive, table: str, data: bytes) -> pl.DataFrame | Fault:
    where = archive.where(table)
    try:
        data = _as_utf8(archive, table, data)
    except UnicodeDecodeError:
        return Fault(where, t("it begins as UTF-8 or UTF-16 text and is not"), t("Save the file as UTF-8."))
    if b"\x00" in data:
        return Fault(where, t("not a text file"), t("Save the file as UTF-8."))
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    most = bounds.MOST_CALLS if table == "stop_times" else bounds.MOST_CALLS // 10
    if data.count(b"\n") > most:
        raise _too_large(where, t("more than {most} rows", most=most))
    above = len(data) - len(data.lstrip(b"\r\n"))
    skipped = data[:above].count(b"\n")
    head, _, body = data[above:].partition(b"\n")
    line = head.decode("utf-8").strip()
    separator = max(",;\t", key=line.count)
    try:
        columns = [c.strip().strip('"').strip().lower() for c in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:  # a name longer than any is
        return Fault(where, t("not a text file"), t("Save the file as UTF-8."))
    if len(columns) > bounds.MOST_COLUMNS:
        return Fault(where, t("{n} columns; at most {most} are read", n=len(columns), most=bounds.MOST_COLUMNS), t("Keep the columns that are needed."))  # fmt: skip
    wanted = (*NEEDED[table], *READ_IF_GIVEN.get(table, ()))
    for column in NEEDED[table]:
        if column not in columns:
            return Fault(where, t('the column "{column}" is missing', column=column), t("Give a whole GTFS timetable."))
    for column in wanted:
        if columns.count(column) > 1:
            return Fault(where, t('the column "{column}" is there twice', column=column), t("Keep the one that is meant."))  # fmt: skip
    if (line_no := _ill_quoted(body, separator)) is not None:
        return Fault(
            archive.where(table, line_no + 2 + skipped), t("a quotation mark that is not closed, or stands within a text"),
            t('Close the marks, and write one within a text twice: "Bus 5"" stop".'),
        )  # fmt: skip
    texts = _rows(archive, table, body, len(columns), separator, skipped)
    if isinstance(texts, Fault):
        return texts
    first = 2 + skipped
    chosen = [pl.int_range(first, pl.len() + first).alias(ROW)]
    for column in wanted:
        if column in columns:
            text = pl.col(f"c{columns.index(column)}").str.strip_chars()
            chosen.append(pl.when(text != "").then(text).alias(column))
        else:
            chosen.append(pl.lit(None, pl.String).alias(column))
    found = texts.select(chosen)
    if table == "pathways":
        return found
    return found.filter(~pl.all_horizontal(pl.col(c).is_null() for c in wanted))


def _ill_quoted(data: bytes, separator: str) -> int | None:
    """The number of the line, from 0, where quotation marks go wrong: from there on rows would run into one another."""
    if b'"' not in data:
        return None
    # Rows one by one only where a line has an odd number of marks, or one stands between letters.
    signs = np.frombuffer(data, np.uint8)
    before = np.searchsorted(
        np.flatnonzero(signs == ord('"')), np.append(np.flatnonzero(signs == ord("\n")), len(data))
    )
    inside = re.compile(rf'[^\s"{re.escape(separator)}]"[ ]*[^\s"{re.escape(separator)}]'.encode())
    if not (np.diff(before, prepend=0) % 2).any() and not inside.search(data):
        return None
    body = data.decode("utf-8")
    end = rf"[ ]*(?={re.escape(separator)}|\r?\n|\r?\Z)"
    text = rf'(?:[^"{re.escape(separator)}\r\n]*|[ ]*"[^"]*(?:""[^"]*)*"{end})'
    row = re.compile(rf"{text}(?:{re.escape(separator)}{text})*(?=\r?\n|\r?\Z)")
    at, line = 0, 0
    while at < len(body):
        found = row.match(body, at)
        if found is None:
            # The row's own good fields may go over several lines before the bad one; that is told by where it begins.
            return line
        line += body.count("\n", at, found.end()) + 1
        at = body.find("\n", found.end()) + 1
        if not at:
            break
        if (quote := body.find('"', at)) < 0:
            break
        begin = body.rfind("\n", at, quote) + 1
        if begin > at:  # rows without marks need no look
            line += body.count("\n", at, begin)
            at = begin
    return None


def _as_utf8(archive: Archive, table: str, data: bytes) -> bytes:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding).encode()
    try:
        data.decode("utf-8")
        return data
    except UnicodeDecodeError:
        archive.notes.append(Message("{file} is not UTF-8; it was read as Windows-1252", file=f"{table}.txt"))
        return data.decode("cp1252", errors="replace").encode()


def _rows(archive: Archive, table: str, body: bytes, width: int, separator: str, skipped: int) -> pl.DataFrame | Fault:
    """The rows, columns c0, c1, ... A row may be short; what it has past the header must be empty."""

    def read(columns: int, *, cut: bool) -> pl.DataFrame:
        head = separator.join(f"c{i}" for i in range(columns)) + "\n"
        return pl.read_csv(
            io.BytesIO(head.encode() + body), separator=separator, infer_schema=False, truncate_ragged_lines=cut
        )

    try:
        return read(width, cut=False)
    except pl.exceptions.PolarsError:
        pass
    try:
        wide = read(width + _SPARE, cut=True)
    except pl.exceptions.PolarsError as error:
        return Fault(
            archive.where(table), t("not readable as CSV: {a}", a=str(error).splitlines()[0][:200]),
            t("Every row must have as many fields as the first."),
        )  # fmt: skip
    spare = [pl.col(f"c{width + i}").str.strip_chars().fill_null("") != "" for i in range(_SPARE)]
    long = wide.with_row_index("at").filter(pl.any_horizontal(spare))["at"]
    if len(long):
        return Fault(
            archive.where(table, int(long[0]) + 2 + skipped),
            t("rows with more fields than the header: {count}, this the first", count=len(long)),
            t("Put quotation marks round a text that has a comma in it."),
        )  # fmt: skip
    return wide
