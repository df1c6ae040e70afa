"""A workbook's visible sheets as texts, read by a process of its own that has so much memory and time and no more."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from torni.core import bounds
from torni.core.faults import BadInput, bad_input
from torni.core.language import t

_READING = Path(__file__).with_name("workbook_reading.py")
_TWO_WAYS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")  # as a text: a thousand and something, or one and something


@dataclass(frozen=True, eq=False)
class Sheet:
    """A visible sheet's rows as texts, none of them taken for a header. An error stands as it is shown (#N/A), a formula that no
    program has reckoned as itself (=A1+A2), a number so that it cannot be read as thousands (1.2340).

    `hidden_rows`: numbers of rows; `hidden_columns`: places in `rows`; `merged`: (first row, place in `rows`, last row) of cells that
    are one over several rows, of which the first alone holds the text. `first`: which column of the sheet is the first here, from 1.
    """

    rows: pl.DataFrame
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[tuple[int, int, int], ...] = ()
    first: int = 1


def read_sheets(path: Path) -> tuple[dict[str, Sheet], tuple[str, ...]]:
    """Each visible sheet by its name, and the names of the hidden ones.

    In a process of its own: one cell in the last corner, or one long text that a million cells name, would else end the server.
    """
    _unpacked(path)
    with tempfile.TemporaryDirectory(prefix="torni-") as folder:
        try:
            subprocess.run(
                [sys.executable, "-P", str(_READING), str(bounds.MOST_MEMORY), str(bounds.MOST_UNPACKED), str(path), folder], check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=bounds.MOST_SECONDS,
                env={**os.environ, "POLARS_MAX_THREADS": "1", "RUST_BACKTRACE": "0"},
            )  # fmt: skip
            told = [
                json.loads(line) for line in (Path(folder) / "names").read_text(encoding="utf-8").split("\n") if line
            ]
            sheets = {
                name: _marked(pl.read_ipc(io.BytesIO((Path(folder) / f"{n}").read_bytes())), marks)
                for seen, n, name, marks in told
                if seen == "visible"
            }
            return sheets, tuple(name for seen, _n, name, _marks in told if seen != "visible")
        except (subprocess.SubprocessError, OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise _unreadable(path) from error


def _marked(rows: pl.DataFrame, marks: dict[str, Any]) -> Sheet:
    """The sheet with what its reader of cells left out."""
    first = marks["first"] or 1
    texts: dict[int, dict[int, str]] = {}
    for row, column, text in marks["broken"]:
        texts.setdefault(column - first, {})[row - 1] = text
    for row, column in marks["numbers"]:
        place = column - first
        if place < rows.width and row <= rows.height:
            shown = rows[row - 1, place]
            if shown and _TWO_WAYS.fullmatch(shown):
                texts.setdefault(place, {})[row - 1] = shown + "0"
    if texts and rows.width:
        if (height := max(max(found) for found in texts.values()) + 1) > rows.height:
            below = pl.DataFrame({name: [None] * (height - rows.height) for name in rows.columns}, schema=rows.schema)
            rows = pl.concat([rows, below])
        for place in range(rows.width, max(texts) + 1):
            rows = rows.with_columns(pl.lit(None, pl.String).alias(f"beside {place}"))
        for place, found in texts.items():
            column = rows.to_series(place).scatter(list(found), list(found.values()))
            rows = rows.with_columns(column)
    hidden = {i for a, b in marks["hidden_columns"] for i in range(a - first, min(b - first + 1, rows.width))}
    merged = tuple((a, column - first, b) for a, column, b in marks["merged"])
    return Sheet(rows, frozenset(marks["hidden_rows"]), frozenset(i for i in hidden if i >= 0), merged, first)


def _unreadable(path: Path) -> BadInput:
    return bad_input(
        path.name, t("not readable as an Excel workbook, or too large"), t("Save it again as xlsx, or as CSV.")
    )


def _unpacked(path: Path) -> None:
    """Refuse a workbook that is larger inside than it may be, by unpacking it bit by bit and keeping nothing: what a zip says of its
    own size need not be true."""
    if not zipfile.is_zipfile(path):  # an old .xls, though it may be called .xlsx
        raise _unreadable(path)
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
