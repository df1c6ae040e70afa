"""The picture of docs/explanation/travel-times.md: Torni's minutes against the Helsinki Region Travel Time Matrix.

`python tools/helsinki_fit.py` renews docs/images/helsinki-fit.svg from the validation data in tests/data.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from torni.engines.travel.trips import Travel
from torni.network.region import mode_of
from torni.services import load_library
from torni.sources.roads import state_roads

ROOT = Path(__file__).parents[1]
SIDE, MOST, BIN = 300, 70, 1.0  # pixels a panel, minutes shown, minutes a square


def main() -> None:
    matrix = pl.read_parquet(ROOT / "tests/data/helsinki_railway_station_2018.parquet").filter(
        pl.col("car_m_t").is_finite() & (pl.col("car_m_t") >= 0)
    )
    theirs = matrix["car_m_t"].to_numpy().astype(float)
    library = load_library("uusimaa", on=date(2026, 11, 22))
    panels = []
    for i, (mode, title) in enumerate(
        (("car", "free roads"), ("car_helsinki_daytime", "calibrated to Helsinki's midday"))
    ):
        travel = Travel(
            state_roads(), mode_of(library, mode, 250), matrix["x3067"].to_numpy(), matrix["y3067"].to_numpy()
        )
        ours = travel.matrix(np.array([385_875.0]), np.array([6_672_125.0]))[:, 0] / 60
        panels.append(panel(ours, theirs, 60 + i * (SIDE + 70), title))
    width, height = 2 * SIDE + 160, SIDE + 90
    (ROOT / "docs/images/helsinki-fit.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>Torni\'s minutes against the Helsinki travel time matrix</title>'
        f'<rect width="{width}" height="{height}" fill="#fbfaf6"/>{"".join(panels)}</svg>\n',
        encoding="utf-8",
    )


def panel(ours: np.ndarray, theirs: np.ndarray, left: int, title: str) -> str:
    """Squares as dark as they hold cells; the line is equality."""
    scale = SIDE / MOST
    count, _, _ = np.histogram2d(ours, theirs, bins=np.arange(0, MOST + BIN, BIN))
    parts = [f'<g transform="translate({left} 40)"><text y="-14" font-weight="bold">{title}</text>']
    for a, b in zip(*np.nonzero(count), strict=True):
        shade = min(1.0, 0.12 + float(count[a, b]) / 60)
        parts.append(
            f'<rect x="{a * scale:.1f}" y="{SIDE - (b + 1) * scale:.1f}" width="{scale:.1f}" height="{scale:.1f}" '
            f'fill="#0f5f4b" fill-opacity="{shade:.2f}"/>'
        )
    parts.append(
        f'<path d="M0 {SIDE}L{SIDE} 0" stroke="#b93420" fill="none"/><path d="M0 0V{SIDE}H{SIDE}" stroke="#16202c" fill="none"/>'
    )
    for minutes in range(0, MOST + 1, 10):
        at = minutes * scale
        parts.append(f'<text x="{at:.0f}" y="{SIDE + 16}" text-anchor="middle">{minutes}</text>')
        parts.append(f'<text x="-8" y="{SIDE - at + 4:.0f}" text-anchor="end">{minutes}</text>')
    parts.append(f'<text x="{SIDE / 2}" y="{SIDE + 36}" text-anchor="middle">Torni, minutes</text>')
    parts.append(
        f'<text transform="translate(-34 {SIDE / 2}) rotate(-90)" text-anchor="middle">matrix, minutes</text></g>'
    )
    return "".join(parts)


if __name__ == "__main__":
    main()
