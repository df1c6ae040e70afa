"""Who reaches any units that a user brings: share of residents within so many minutes, by municipality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, t
from torni.network import transit
from torni.network.region import ROAD_MODES, Network, mode_assumptions
from torni.sources.coordinates import inside_finland, to_metres
from torni.sources.tables import read_table


@dataclass(frozen=True)
class Reach:
    """Residents and the share of them within each limit.

    `seconds`: from every cell to the nearest unit (65535 unreachable). `by_municipality`: municipality, name,
    residents, mean_min, and within_M (a share) for every limit M. `units`: as brought, more columns kept, with
    `residents_nearest` added. `assumptions`: what the times rest on, and what of a timetable is not read.
    """

    region: str
    mode: str
    residents: int
    share_within: dict[int, float]
    by_municipality: pl.DataFrame
    units: pl.DataFrame
    seconds: npt.NDArray[np.uint16]
    assumptions: tuple[Message, ...]


def reach(
    network: Network, units: pl.DataFrame, *, within: Sequence[int], mode: str = "car", timetable: Path | None = None
) -> Reach:
    """Reach of `units` (columns name, lon, lat; others are kept) by the region's residents.

    Units anywhere count, also outside the region, over the whole country's roads. Not considered: sizes and opening.
    """
    if mode not in (*ROAD_MODES, "transit"):
        raise bad_input(f'mode "{mode}"', t("no such mode"), t("Write one of: {a}, transit.", a=", ".join(ROAD_MODES)))
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
        assumptions = mode_assumptions(network.mode(mode))
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
        tuple(assumptions),
    )  # fmt: skip


def read_points(path: Path) -> pl.DataFrame:
    """A user's units: name, lon, lat as numbers; other columns as they are. Every fault of the file at once."""
    raw = read_table(path)
    faults: list[Fault] = []
    names = {c.strip().casefold(): c for c in raw.columns}
    absent = [c for c in ("name", "lon", "lat") if c not in names]
    if absent:
        raise BadInput(
            *[
                Fault(
                    path.name,
                    t('the column "{c}" is missing', c=c),
                    t("The first row must name the columns; found: {a}.", a=", ".join(raw.columns)),
                )
                for c in absent
            ]
        )
    raw = raw.rename({names[c]: c for c in ("name", "lon", "lat")})
    if not len(raw):
        raise bad_input(path.name, t("no units in the file"), t("Add at least one row after the column names."))
    values: dict[str, list[float]] = {"lon": [], "lat": []}
    for row, (lon, lat) in enumerate(raw.select("lon", "lat").iter_rows(), start=2):
        point = []
        for column, text in (("lon", lon), ("lat", lat)):
            try:
                point.append(float(str(text).replace(",", ".")))
            except ValueError:
                faults.append(
                    Fault(
                        t("{file}, row {row}, column {column}", file=path.name, row=row, column=column),
                        t('"{text}" is not a number', text=text),
                        t("Write decimal degrees, such as 25.7048."),
                    )
                )
        if len(point) == 2:
            if not inside_finland(*point):
                hint = (
                    t("Longitude and latitude are swapped.")
                    if inside_finland(point[1], point[0])
                    else t("Write longitude 19 to 32 and latitude 59 to 71.")
                )
                faults.append(
                    Fault(f"{path.name}, row {row}", t("{a}, {b} is not in Finland", a=point[0], b=point[1]), hint)
                )
            values["lon"].append(point[0])
            values["lat"].append(point[1])
    if faults:
        raise BadInput(*faults)
    return raw.with_columns(pl.Series("lon", values["lon"]), pl.Series("lat", values["lat"]))
