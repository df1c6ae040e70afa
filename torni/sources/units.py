"""Units of a region: the shipped register, a region's own file, and the invented demonstration set apart from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from torni.sources import shipped

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "unit_id": pl.String, "name": pl.String, "kinds": pl.List(pl.String), "municipality": pl.String,
    "x": pl.Float64, "y": pl.Float64, "size": pl.String, "opening": pl.String, "producer": pl.String,
    "electronic": pl.Boolean, "serves": pl.List(pl.String), "open_from": pl.Date, "open_to": pl.Date,
    "source": pl.String, "invented": pl.Boolean, "size_invented": pl.Boolean,
}  # fmt: skip
SAME_PLACE_M = 700.0
REGISTER = "unit register 2019 and 2024"


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema=SCHEMA)


def completed(table: pl.DataFrame) -> pl.DataFrame:
    """The table with every column of `SCHEMA`, in order; what is absent is null (flags: False)."""
    for name, kind in SCHEMA.items():
        if name not in table.columns:
            default = False if name in ("invented", "size_invented") else None
            table = table.with_columns(pl.lit(default, dtype=kind).alias(name))
    return table.select([pl.col(name).cast(kind) for name, kind in SCHEMA.items()])


def register(municipalities: Sequence[str], kind_names: Mapping[str, str]) -> pl.DataFrame:
    """The shipped register's units in these municipalities, the two sources' doubles joined.

    `kind_names`: any name of a kind, folded to lower case, to the kind. Two rows of the same municipality within
    700 m that share a kind are the same place; the first keeps its id, the kinds are united.
    """
    raw = shipped.table("unit_register").filter(pl.col("municipality").is_in(list(municipalities))).sort("unit_id")
    kept: list[dict[str, object]] = []
    for row in raw.iter_rows(named=True):
        kinds = list(dict.fromkeys(kind_names.get(k.casefold(), "other") for k in row["kinds"].split("|")))
        for other in kept:
            near = np.hypot(row["x"] - other["x"], row["y"] - other["y"]) <= SAME_PLACE_M
            if near and other["municipality"] == row["municipality"] and set(kinds) & set(other["kinds"]):  # type: ignore[call-overload]
                other["kinds"] = list(dict.fromkeys([*other["kinds"], *kinds]))  # type: ignore[misc]
                break
        else:
            kept.append({
                "unit_id": row["unit_id"], "name": row["name"], "kinds": kinds, "municipality": row["municipality"],
                "x": float(row["x"]), "y": float(row["y"]), "source": REGISTER,
            })  # fmt: skip
    if not kept:
        return empty()
    return completed(pl.DataFrame(kept))


def read_region_file(path: Path, *, invented: bool = False) -> pl.DataFrame:
    """A region's unit file as the project ships it. A user's own is read by `own_units`, which judges it first."""
    return of_texts(pl.read_csv(path, infer_schema=False), source_of(path, invented), invented=invented)


def source_of(path: Path, invented: bool) -> str:
    return "invented for demonstration" if invented else path.parent.name + "/" + path.name


def of_texts(raw: pl.DataFrame, source: str, *, invented: bool) -> pl.DataFrame:
    """Units from texts that have been judged, in the form of a region's `units.csv`."""
    if "x" in raw.columns:
        x, y = raw["x"].cast(pl.Float64).to_numpy(), raw["y"].cast(pl.Float64).to_numpy()
    else:
        from torni.sources.coordinates import to_metres  # a slow import that the shipped files do not need

        x, y = to_metres(raw["lon"].cast(pl.Float64).to_numpy(), raw["lat"].cast(pl.Float64).to_numpy())
    split = [pl.col(name).str.split("|").alias(name) for name in ("kinds", "serves") if name in raw.columns]
    dates = [pl.col(name).str.to_date().alias(name) for name in ("open_from", "open_to") if name in raw.columns]
    flags = [(pl.col(name) == "yes").alias(name) for name in ("electronic",) if name in raw.columns]
    return completed(
        raw.with_columns(
            *split,
            *dates,
            *flags,
            pl.Series("x", x),
            pl.Series("y", y),
            pl.lit(source).alias("source"),
            pl.lit(invented).alias("invented"),
            pl.lit(invented).alias("size_invented"),
        )
    )


def region_sizes(path: Path) -> pl.DataFrame:
    """A region's sizes as the project ships them. A user's own are read by `own_units`, which judges them first."""
    return pl.read_csv(path, infer_schema=False)


def with_invented_sizes(units: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """The demonstration's sizes, openings and producers laid on real units that have none, marked as invented."""
    sizes = given.rename({n: f"demo_{n}" for n in ("size", "opening", "producer")})
    return completed(
        units.join(sizes, on="unit_id", how="left", maintain_order="left").with_columns(
            pl.when(pl.col("size").is_null() & pl.col("demo_size").is_not_null()).then(True).otherwise(pl.col("size_invented")).alias("size_invented"),
            *[pl.coalesce(name, f"demo_{name}").alias(name) for name in ("size", "opening", "producer")],
        ).drop("demo_size", "demo_opening", "demo_producer")
    )  # fmt: skip
