"""A region's own units and residents, read back from its folder: what a hand has touched since the import is told, all at once.

The import judged what it kept; but the files lie open in a folder, and a table program, a merge or a person may have been at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.sources import shipped, units
from torni.sources.intake import SIZES, read_units
from torni.sources.kept import kept_table
from torni.sources.tables import read_rows

_SIZES_OF = ("unit_id", "size", "opening", "producer")  # columns of demo/sizes.csv
_POPULATION = {"x": pl.Int32, "y": pl.Int32, "municipality": pl.String, "residents": pl.Int32, "age_0_14": pl.Int32, "age_15_64": pl.Int32, "age_65": pl.Int32, "side_m": pl.Int32}  # fmt: skip
_read: dict[tuple[str, str, bool, frozenset[tuple[str, str]]], pl.DataFrame] = {}


def own_units(path: Path, kind_names: Mapping[str, str], *, invented: bool = False) -> pl.DataFrame:
    """The units of the region's own `units.csv`, by `units.SCHEMA`; `invented`: of its `demo/units.csv`.

    Raises BadInput with every fault of every place: what `torni import units` would refuse, a column that it writes and that is gone,
    an empty id. Judged once for each state of the file.
    """
    key = (str(path), shipped.version_of(path), invented, frozenset(kind_names.items()))
    if key not in _read:
        with _told_of(path):
            intake = read_units(path, kind_names=kind_names, far_km=float("inf"), kept=not invented)
            if intake.faults:
                raise BadInput(*intake.faults)
        _read[key] = units.of_texts(intake.good, units.source_of(path, invented), invented=invented)
    return _read[key]


def own_sizes(path: Path) -> pl.DataFrame:
    """The columns of a region's own `demo/sizes.csv`, as texts. Raises BadInput with every fault of it."""
    with _told_of(path):
        return _sizes(path)


def _sizes(path: Path) -> pl.DataFrame:
    table = read_rows(path, needs=[(name,) for name in _SIZES_OF])
    faults = [table.missing([name]) for name in _SIZES_OF if name not in table.frame.columns]
    first: dict[str, int] = {}
    for row, values in zip(table.rows, table.frame.iter_rows(named=True), strict=True) if not faults else ():
        unit_id, size = values["unit_id"], values["size"]
        where = t("{file}, row {row}, column {column}", file=table.where, row=row, column="unit_id" if not unit_id or unit_id in first else "size")  # fmt: skip
        if not unit_id:
            faults.append(Fault(where, t("empty"), t("Write the unit's id.")))
        elif unit_id in first:
            faults.append(Fault(where, t('"{unit_id}" is already on row {a}', unit_id=unit_id, a=first[unit_id]), t("Keep one of the two.")))  # fmt: skip
        elif size and size not in SIZES:
            faults.append(Fault(where, t('"{a}" is not a size', a=size), t("Write S, M or L, or leave it empty.")))
        first.setdefault(unit_id, row)
    if faults:
        raise BadInput(*faults)
    return table.frame.select(_SIZES_OF)


def own_population(path: Path) -> pl.DataFrame:
    """The cells of the region's own `population.parquet`. Raises BadInput where it is not as `torni import population` writes it."""
    where, again = f"{path.parent.name}/{path.name}", t("Import the residents again with torni import population.")
    filled = [name for name in _POPULATION if not name.startswith("age_")]
    table = kept_table(path, _POPULATION, where=where, again=again, filled=filled)
    amiss = {
        "municipality": ~pl.col("municipality").is_in(shipped.municipalities()["municipality"].to_list()),
        "residents": pl.col("residents") < 0,
        "side_m": (pl.col("side_m") < 1) | (pl.col("side_m") != pl.col("side_m").first()),
    }
    told = [name for name, wrong in amiss.items() if table.select(wrong.any()).item()]
    if told:
        raise BadInput(*(Fault(where, t('the column "{name}" is not as it was imported', name=name), again) for name in told))  # fmt: skip
    return table


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Faults name the folder too: many regions have a `units.csv`."""
    try:
        yield
    except BadInput as error:
        raise BadInput(*(Fault(f"{path.parent.name}/{f.where}", f.what, f.remedy) for f in error.faults)) from error
