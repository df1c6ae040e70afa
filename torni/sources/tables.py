"""A user's table, CSV or xlsx, as texts: nothing guessed, nothing lost."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import polars as pl

from torni.core import bounds
from torni.core.faults import bad_input
from torni.core.language import t

MOST_BYTES = 200_000_000


def read_table(path: Path) -> pl.DataFrame:
    """The file's rows as texts (null where empty). CSV with comma, semicolon or tab, UTF-8 or Latin-1; or xlsx."""
    if not path.is_file():
        raise bad_input(str(path), t("no such file"), t("Check the path."))
    if path.stat().st_size > MOST_BYTES:
        raise bad_input(path.name, t("larger than 200 MB"), t("Split the file."))
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        _unpacked(path)
        table = _workbook(path)
        return table.with_columns(pl.all().cast(pl.String).str.strip_chars().replace("", None))
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    first = text.partition("\n")[0]
    if not first.strip():
        raise bad_input(
            path.name, t("the file is empty, or its first row is"), t("The first row must name the columns.")
        )
    if "\x00" in text:
        raise bad_input(path.name, t("not a text file"), t("Give a CSV or xlsx file."))
    separator = max(",;\t", key=first.count)
    if (columns := first.count(separator) + 1) > bounds.MOST_COLUMNS:
        raise bad_input(path.name, t("{n} columns; at most {most} are read", n=columns, most=bounds.MOST_COLUMNS), t("Keep the columns that are needed."))  # fmt: skip
    try:
        table = pl.read_csv(text.encode(), separator=separator, infer_schema=False, truncate_ragged_lines=False)
    except pl.exceptions.PolarsError as error:
        raise bad_input(
            path.name,
            t("not readable as CSV: {a}", a=str(error).splitlines()[0]),
            t("Every row must have as many fields as the first."),
        ) from error
    return table.with_columns(pl.all().str.strip_chars().replace("", None))


_READ = """
import resource, sys
import polars as pl
memory, written, path, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
table = pl.read_excel(path, engine="calamine", infer_schema_length=0, raise_if_empty=False)
table.with_columns(pl.all().cast(pl.String)).write_ipc(out)
"""


def _workbook(path: Path) -> pl.DataFrame:
    """The workbook's first sheet, read by a process of its own that has so much memory and time and no more: one cell in the last
    corner, or one long text that a million cells name, would else end the server."""
    with tempfile.TemporaryDirectory(prefix="torni-") as folder:
        out = Path(folder) / "table.arrow"
        try:
            subprocess.run(
                [sys.executable, "-c", _READ, str(bounds.MOST_MEMORY), str(bounds.MOST_UNPACKED), str(path), str(out)], check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=bounds.MOST_SECONDS,
                env={**os.environ, "POLARS_MAX_THREADS": "1", "RUST_BACKTRACE": "0"},
            )  # fmt: skip
            return pl.read_ipc(io.BytesIO(out.read_bytes()))
        except (subprocess.SubprocessError, OSError, pl.exceptions.PolarsError) as error:
            raise bad_input(
                path.name, t("not readable as an Excel workbook, or too large"), t("Save it again as xlsx, or as CSV.")
            ) from error


def _unpacked(path: Path) -> None:
    """Refuse a workbook that is larger inside than it may be, by unpacking it bit by bit and keeping nothing: what a zip says of its
    own size need not be true. An old .xls is no zip, and as large as it looks."""
    if not zipfile.is_zipfile(path):
        return
    left = bounds.MOST_UNPACKED
    try:
        with zipfile.ZipFile(path) as book:
            for part in book.infolist():
                with book.open(part) as inside:
                    while piece := inside.read(1 << 20):
                        left -= len(piece)
                        if left < 0:
                            raise bad_input(
                                path.name, t("larger than {n} MB once unpacked", n=bounds.MOST_UNPACKED // 1_000_000), t("Split the file, or save it as CSV."),
                            )  # fmt: skip
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise bad_input(
            path.name, t("not readable as an Excel workbook, or too large"), t("Save it again as xlsx, or as CSV.")
        ) from error
