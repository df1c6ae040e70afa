"""Tables that an import wrote into a region's folder, read back as they were written: a damaged one is told with what makes it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t

Columns = Mapping[str, type[pl.DataType]]


def kept_table(
    path: Path, columns: Columns, *, where: str, again: str, filled: Sequence[str] | None = None, beside: Columns | None = None
) -> pl.DataFrame:  # fmt: skip
    """The Parquet file with each of the columns in its type, and others as they are.

    `beside`: columns that the file may lack, judged as the others where it has them. `where`: what a fault calls the file; `again`: which command makes it again; `filled`: the columns that have no empty cell, all if
    None. Raises BadInput where the file is cut short, is none, lacks a column or has no row.
    """
    try:
        table = pl.read_parquet(path)
        if absent := [name for name in columns if name not in table.columns]:
            raise BadInput(*(Fault(where, t('the column "{ours}" is missing', ours=name), again) for name in absent))
        columns = {**columns, **{name: kind for name, kind in (beside or {}).items() if name in table.columns}}
        table = table.with_columns(pl.col(name).cast(kind) for name, kind in columns.items())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise bad_input(where, t("not readable as it was imported"), again) from error
    if empty := [name for name in (columns if filled is None else filled) if table[name].null_count()]:
        raise BadInput(*(Fault(where, t('the column "{name}" has empty cells', name=name), again) for name in empty))
    if not len(table):
        raise bad_input(where, t("the table has no rows"), again)
    return table
