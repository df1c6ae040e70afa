"""A user's table, CSV or xlsx, as texts: nothing guessed, nothing lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl

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
        try:
            table = pl.read_excel(path, engine="calamine", infer_schema_length=0, raise_if_empty=False)
        except Exception as error:
            raise bad_input(
                path.name, t("not readable as an Excel workbook"), t("Save it again as xlsx, or as CSV.")
            ) from error
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
    try:
        table = pl.read_csv(text.encode(), separator=separator, infer_schema=False, truncate_ragged_lines=False)
    except pl.exceptions.PolarsError as error:
        raise bad_input(
            path.name,
            t("not readable as CSV: {a}", a=str(error).splitlines()[0]),
            t("Every row must have as many fields as the first."),
        ) from error
    return table.with_columns(pl.all().str.strip_chars().replace("", None))
