"""Travel times against the Helsinki Region Travel Time Matrix: the table of docs/explanation/travel-times.md."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from torni.engines.travel.trips import Travel
from torni.network.region import mode_of
from torni.services import load_library
from torni.sources.roads import state_roads

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mode", ["car", "car_helsinki_daytime"])
def test_the_fit_is_what_the_explanation_says(mode):
    matrix = pl.read_parquet(ROOT / "tests/data/helsinki_railway_station_2018.parquet").filter(
        pl.col("car_m_t").is_finite() & (pl.col("car_m_t") >= 0)
    )
    library = load_library("uusimaa", on=date(2026, 11, 22))
    travel = Travel(state_roads(), mode_of(library, mode, 250), matrix["x3067"].to_numpy(), matrix["y3067"].to_numpy())
    ours = travel.matrix(np.array([385_875.0]), np.array([6_672_125.0]))[:, 0] / 60
    theirs = matrix["car_m_t"].to_numpy().astype(float)
    slope, offset = np.polyfit(ours, theirs, 1)
    off = theirs - ours
    sign = "+" if offset >= 0 else "−"
    row = (
        f"| {np.corrcoef(ours, theirs)[0, 1]:.2f} | {slope:.2f} × ours {sign} {abs(offset):.1f} | {off.mean():.1f} min | "
        f"{np.abs(off).mean():.1f} min | {100 * (np.abs(off) <= 5).mean():.0f} % |"
    )
    page = (ROOT / "docs/explanation/travel-times.md").read_text(encoding="utf-8")
    (written,) = re.findall(rf"^\| `{mode}` [^|]*(\|.*\|)$", page, re.M)
    assert written == row
