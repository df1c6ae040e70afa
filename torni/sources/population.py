"""Residents on the census grid, their ages refined by the municipality's own age bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.sources import shipped

AGE_GROUPS = ("0_6", "7_14", "15_17", "18_64", "65_74", "75_84", "85_plus")
# Which municipality bands (and which share of them) make each group; the grid's own three groups bound them.
_BANDS: dict[str, dict[str, float]] = {
    "0_6": {"age_0_2": 1, "age_3_6": 1},
    "7_14": {"age_7_12": 1, "age_13_15": 2 / 3},
    "15_17": {"age_13_15": 1 / 3, "age_16_17": 1},
    "18_64": {
        f"age_{a}": 1
        for a in ("18_19", "20_24", "25_29", "30_34", "35_39", "40_44", "45_49", "50_54", "55_59", "60_64")
    },
    "65_74": {"age_65_69": 1, "age_70_74": 1},
    "75_84": {"age_75_79": 1, "age_80_84": 1},
    "85_plus": {"age_85_": 1},
}
_GRID_GROUPS = {"age_0_14": ("0_6", "7_14"), "age_15_64": ("15_17", "18_64"), "age_65": ("65_74", "75_84", "85_plus")}
POPULATIONS = {
    "residents": AGE_GROUPS,
    **{f"aged_{group}": (group,) for group in AGE_GROUPS},
    "aged_65_plus": ("65_74", "75_84", "85_plus"),
    "aged_75_plus": ("75_84", "85_plus"),
    "aged_18_plus": ("18_64", "65_74", "75_84", "85_plus"),
}


@dataclass(frozen=True, eq=False)
class Population:
    """Cells with residents. `x`, `y`: centres in ETRS-TM35FIN metres. `municipality`: 3-digit codes, one a cell.

    `residents`: whole people, one number a cell. `ages`: cells x 7 people by `AGE_GROUPS` (fractions: derived), each
    row adding up to `residents`. `side_m`: the cells' side. `turn_deg`: how far the grid is turned on the map.
    `own`: the region's own table, not the shipped grid. `without_ages`: residents of cells whose ages the table does not tell.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    municipality: npt.NDArray[np.str_]
    residents: npt.NDArray[np.int64]
    ages: npt.NDArray[np.float64]
    side_m: int
    turn_deg: float
    version: str
    own: bool = False
    without_ages: int = 0

    def people(self, population: str) -> npt.NDArray[np.float64]:
        """People of a named population in each cell."""
        if population == "residents":
            return self.residents.astype(float)
        columns = [AGE_GROUPS.index(group) for group in POPULATIONS[population]]
        return np.asarray(self.ages[:, columns].sum(axis=1), float)


def census_grid(municipalities: Sequence[str]) -> Population:
    """The shipped 2021 grid for these municipalities."""
    cells = shipped.table("cells").filter(pl.col("municipality").is_in(list(municipalities)))
    return population_of(
        cells,
        side_m=1000,
        turn_deg=float(np.mean(cells["turn_deg"].to_numpy())) if len(cells) else 0.0,
        version=shipped.version("cells"),
    )


def population_of(cells: pl.DataFrame, *, side_m: int, turn_deg: float, version: str, own: bool = False) -> Population:
    """Cells as a `Population`: x, y, municipality, residents, and the three age groups where known.

    The grid's age groups carry noise: they are scaled to the cell's total. A cell without ages gets its
    municipality's. Within each of the three groups the municipality's 2018 bands share the people out.
    """
    residents = cells["residents"].to_numpy().astype(np.int64)
    codes = cells["municipality"].to_numpy().astype(str)
    within = _shares_within_groups()
    unknown = np.full(3, np.nan)
    groups = np.column_stack([
        cells[name].fill_null(0).to_numpy().astype(float) if name in cells.columns else np.zeros(len(cells)) for name in _GRID_GROUPS
    ])  # fmt: skip
    known = groups.sum(axis=1)
    without_ages = int(residents[known == 0].sum())
    whole = {code: groups[codes == code].sum(axis=0) for code in np.unique(codes)}
    nationwide = _national_groups()
    for i in np.flatnonzero(known == 0):
        total = whole[codes[i]]
        groups[i] = total if total.sum() else nationwide
    groups *= (residents / np.maximum(groups.sum(axis=1), 1e-12))[:, None]
    ages = np.empty((len(cells), len(AGE_GROUPS)))
    column = 0
    for g, (_, members) in enumerate(_GRID_GROUPS.items()):
        for member in members:
            share = np.array([within.get(code, within["all"])[member] for code in codes]) if len(codes) else unknown[:0]
            ages[:, column] = groups[:, g] * share
            column += 1
    return Population(
        cells["x"].to_numpy().astype(float), cells["y"].to_numpy().astype(float), codes, residents, ages, side_m, turn_deg, version, own, without_ages
    )  # fmt: skip


def _shares_within_groups() -> dict[str, dict[str, float]]:
    bands = shipped.table("age_bands")
    rows = {row["municipality"]: row for row in bands.iter_rows(named=True)}
    rows["all"] = {name: bands[name].sum() for name in bands.columns if name != "municipality"}
    out: dict[str, dict[str, float]] = {}
    for code, row in rows.items():
        count = {group: sum(row[band] * share for band, share in parts.items()) for group, parts in _BANDS.items()}
        out[code] = {}
        for members in _GRID_GROUPS.values():
            total = sum(count[m] for m in members)
            out[code] |= {m: count[m] / total if total else 1 / len(members) for m in members}
    return out


def _national_groups() -> npt.NDArray[np.float64]:
    cells = shipped.table("cells")
    return np.array([float(cells[name].sum()) for name in _GRID_GROUPS])
