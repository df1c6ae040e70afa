"""Points that a person brings, as degrees and metres; or why they are not in Finland, with the remedy.

Finland has several plane coordinate systems whose numbers look alike: which one was written is told where the numbers tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from torni.core.language import t
from torni.sources.coordinates import inside_finland, to_degrees, to_metres


class Point(NamedTuple):
    """`lon`, `lat`: WGS84 degrees. `x`, `y`: ETRS-TM35FIN metres."""

    lon: float
    lat: float
    x: float
    y: float


def points_of(pairs: Sequence[tuple[Any, float, float]], *, degrees: bool) -> list[Point | str]:
    """Of each pair (anything, lon, lat in degrees, or x, y in metres) its point; where that is not in Finland, the remedy."""
    if not pairs:
        return []
    first, second = np.array([p[1] for p in pairs], float), np.array([p[2] for p in pairs], float)
    lon, lat = (first, second) if degrees else to_degrees(first, second)
    within = np.array([inside_finland(a, b) for a, b in zip(lon.tolist(), lat.tolist(), strict=True)])
    x, y = to_metres(np.where(within, lon, 25.0), np.where(within, lat, 62.0)) if degrees else (first, second)
    return [
        Point(*map(float, (lon[i], lat[i], x[i], y[i]))) if within[i] else _remedy(float(first[i]), float(second[i]), degrees)
        for i in range(len(pairs))
    ]  # fmt: skip


def _remedy(first: float, second: float, degrees: bool) -> str:
    if degrees:
        if inside_finland(second, first):
            return t("Longitude and latitude are swapped.")
        if abs(first) > 1000 and abs(second) > 1000:
            return t("These are metres: name the columns x and y (ETRS-TM35FIN).")
        return t("Check the coordinate system: WGS84 degrees as lon and lat, or ETRS-TM35FIN metres as x and y.")
    if inside_finland(first, second) or inside_finland(second, first):
        return t("These are degrees: name the columns lon and lat (WGS84).")
    east, north = sorted((first, second))
    if 19e6 <= north < 32e6 and 6.5e6 <= east <= 7.9e6:  # the zone's two digits stand before the easting
        return t("These are metres of ETRS-GK{zone}: turn them into ETRS-TM35FIN or WGS84.", zone=int(north // 1e6))
    if 3e6 <= east <= 3.9e6 and 6.5e6 <= north <= 7.9e6:
        return t("These are metres of the old KKJ (YKJ): turn them into ETRS-TM35FIN or WGS84.")
    if first > second and 4e4 <= second <= 9e5 and 6.5e6 <= first <= 7.9e6:
        return t("x and y are swapped: x is the easting, such as 434485, y the northing, such as 6901853.")
    return t("Check the coordinate system: WGS84 degrees as lon and lat, or ETRS-TM35FIN metres as x and y.")
