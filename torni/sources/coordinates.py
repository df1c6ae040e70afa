"""Between longitude and latitude (WGS84) and the metres of ETRS-TM35FIN that Torni measures in."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

Floats = npt.NDArray[np.float64]
FINLAND = (19.0, 59.4, 31.7, 70.2)  # west, south, east, north


def to_metres(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = _transformer(4326, 3067).transform(lon, lat)
    return np.asarray(x, float), np.asarray(y, float)


def to_degrees(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    lon, lat = _transformer(3067, 4326).transform(x, y)
    return np.asarray(lon, float), np.asarray(lat, float)


def inside_finland(lon: float, lat: float) -> bool:
    west, south, east, north = FINLAND
    return west <= lon <= east and south <= lat <= north


@cache
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
