"""Who reaches any units that a user brings: share of residents within so many minutes, by municipality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core.faults import bad_input, nearest_name
from torni.core.language import Message, t
from torni.core.shown import Shown
from torni.network import transit
from torni.network.region import ROAD_MODES, Network
from torni.sources.coordinates import to_metres


@dataclass(frozen=True)
class Reach(Shown):
    """Residents and the share of them within each limit.

    `seconds`: from every cell to the nearest unit (65535 unreachable); `people`: who live in it. `by_municipality`: municipality, name,
    residents, mean_min, and within_M (a share) for every limit M. `units`: as brought, more columns kept, with
    `residents_nearest` added. `assumptions`: what the times rest on, and what of a timetable is not read.
    """

    _shown_by: ClassVar[str] = "torni.notebook.shows:reach"

    region: str
    mode: str
    residents: int
    share_within: dict[int, float]
    by_municipality: pl.DataFrame
    units: pl.DataFrame
    seconds: npt.NDArray[np.uint16]
    assumptions: tuple[Message, ...]
    people: npt.NDArray[np.float64]
    network: Network = field(repr=False, compare=False)


def reach(
    network: Network, units: pl.DataFrame, *, within: Sequence[int], mode: str = "car", timetable: Path | None = None
) -> Reach:
    """Reach of `units` (columns name, lon, lat; others are kept) by the region's residents.

    Units anywhere count, also outside the region, over the whole country's roads. Not considered: sizes and opening.
    """
    if mode not in (*ROAD_MODES, "transit"):
        near = nearest_name(mode, (*ROAD_MODES, "transit"))
        meant = t('Did you mean "{near}"?', near=near) + " " if near else ""
        one_of = t("Write one of: {a}, transit.", a=", ".join(ROAD_MODES))
        raise bad_input(f'mode "{mode}"', t("no such mode"), meant + one_of)
    if not within or any(m < 1 or m > 1000 for m in within):
        raise bad_input(
            "within", t("{a} are not minutes", a=list(within)), t("Write whole minutes from 1 to 1000, such as 30,60.")
        )
    x, y = to_metres(units["lon"].to_numpy(), units["lat"].to_numpy())
    if mode == "transit":
        file = timetable or network.timetable_file
        if file is None:
            raise bad_input(
                "--mode transit",
                t("no timetable"),
                t("Give one with --timetable FILE.zip, or import it: torni import timetable FILE.zip"),
            )
        matrix = np.column_stack(
            [transit.median_seconds(network, file, x[i : i + 1], y[i : i + 1]) for i in range(len(x))]
        )
        seconds = transit.median_seconds(network, file, x, y)
        assumptions = transit.assumptions(network, file)
    else:
        matrix = network.travel(mode).matrix(x, y)
        seconds = matrix.min(axis=1)
        assumptions = network.road_assumptions(mode)
    people = network.people("residents")
    total = float(people.sum())
    index, codes = network.municipality_index, network.municipality_codes
    of = np.bincount(index, people, len(codes))
    reached = seconds < np.iinfo(np.uint16).max
    minutes = np.bincount(index, np.where(reached, people * seconds / 60, 0), len(codes))
    weight = np.bincount(index, np.where(reached, people, 0), len(codes))
    table = pl.DataFrame({
        "municipality": codes, "name": [str(network.names[c]) for c in codes], "residents": of.astype(int),
        "mean_min": pl.Series(np.where(weight > 0, minutes / np.maximum(weight, 1), np.nan)).fill_nan(None),
        **{f"within_{m}": np.bincount(index, people * (seconds <= m * 60), len(codes)) / np.maximum(of, 1) for m in within},
    })  # fmt: skip
    nearest = np.bincount(matrix.argmin(axis=1)[reached], people[reached], len(units))
    return Reach(
        network.library.region.id, mode, round(total),
        {m: float(people[seconds <= m * 60].sum()) / total if total else 0.0 for m in within},
        table, units.with_columns(pl.Series("residents_nearest", np.rint(nearest).astype(int))), seconds,
        tuple(assumptions), people, network,
    )  # fmt: skip
