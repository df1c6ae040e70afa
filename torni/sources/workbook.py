"""A workbook's visible sheets as texts, read by a process of its own that has so much memory and time and no more."""

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
from torni.core.faults import BadInput, bad_input
from torni.core.language import t

Sheets = dict[str, pl.DataFrame]

# `skip_rows=0`: a row keeps the number that its reader sees, though the first rows are empty. All is read as text, or a column of
# codes would lose its zeros. One that is hidden is not read: it holds last year's rows, or a list that a cell chooses from.
_READ = """
import resource, sys
import fastexcel
memory, written, path, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
book = fastexcel.read_excel(path)
with open(out + "/names", "w", encoding="utf-8") as names:
    for n, name in enumerate(book.sheet_names):
        sheet = book.load_sheet(n, header_row=None, skip_rows=0, dtypes="string")
        if sheet.visible == "visible":
            sheet.to_polars().write_ipc(f"{out}/{n}")
        names.write(f"{sheet.visible}\\t{n}\\t{name}\\n")
"""


def read_sheets(path: Path) -> tuple[Sheets, tuple[str, ...]]:
    """Each visible sheet's rows by its name, none of them taken for a header, and the names of the hidden ones.

    One cell in the last corner, or one long text that a million cells name, would else end the server.
    """
    _unpacked(path)
    with tempfile.TemporaryDirectory(prefix="torni-") as folder:
        try:
            subprocess.run(
                [sys.executable, "-c", _READ, str(bounds.MOST_MEMORY), str(bounds.MOST_UNPACKED), str(path), folder], check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=bounds.MOST_SECONDS,
                env={**os.environ, "POLARS_MAX_THREADS": "1", "RUST_BACKTRACE": "0"},
            )  # fmt: skip
            told = [
                line.split("\t", 2) for line in (Path(folder) / "names").read_text(encoding="utf-8").split("\n") if line
            ]
            sheets = {
                name: pl.read_ipc(io.BytesIO((Path(folder) / n).read_bytes()))
                for seen, n, name in told
                if seen == "visible"
            }
            return sheets, tuple(name for seen, _n, name in told if seen != "visible")
        except (subprocess.SubprocessError, OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise _unreadable(path) from error


def _unreadable(path: Path) -> BadInput:
    return bad_input(
        path.name, t("not readable as an Excel workbook, or too large"), t("Save it again as xlsx, or as CSV.")
    )


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
        raise _unreadable(path) from error
