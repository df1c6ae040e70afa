"""The units of a kind seen from a municipality: how far each is for its residents, by road, the nearest first."""

from __future__ import annotations

import numpy as np
import polars as pl

from torni.network.region import Network


def seen_from(network: Network, municipality: str, kind: str, *, mode: str = "car") -> pl.DataFrame:
    """One row a unit of the kind: unit_id, name, municipality, size, producer, minutes (the mean over the municipality's residents,
    null where none of them gets there), `invented` as the network has it. The nearest first, ties by name. No row where the region
    has no such unit. A municipality outside the region is an empty frame.
    """
    units = network.units.with_row_index("row").filter(pl.col("kinds").list.contains(kind))
    if municipality not in network.municipality_codes or not len(units):
        return units.clear().drop("row").with_columns(pl.lit(None, pl.Float64).alias("minutes"))
    inside = network.municipality_index == network.municipality_codes.index(municipality)
    weight = np.where(inside, network.people("residents"), 0.0)
    minutes = []
    for seconds in network.times(mode, units["row"].to_numpy().astype(np.int64)):
        reached = seconds < np.iinfo(np.uint16).max
        people = weight * reached
        minutes.append(float((people * seconds).sum() / people.sum() / 60) if people.sum() > 0 else None)
    return (
        units.drop("row")
        .with_columns(pl.Series("minutes", minutes, dtype=pl.Float64))
        .sort("minutes", "name", nulls_last=True)
    )
