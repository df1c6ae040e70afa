"""A generated street-size network with one-ways and ferries, written as PBF so that every engine reads the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmium
from pyproj import Transformer

SIDE = 270  # junctions a side; with the streets' shape points about 450,000 nodes


def write(path: Path, side: int = SIDE, seed: int = 7) -> None:
    """Junctions on a jittered grid with holes, shape points along every street, arterials, one-ways, 12 ferries."""
    rng = np.random.default_rng(seed)
    step = 300.0
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    x = (400_000 + column * step + rng.normal(0, 60, column.shape)).ravel()
    y = (6_900_000 + row * step + rng.normal(0, 60, row.shape)).ravel()
    x += np.where(column.ravel() >= side // 2, 4_000.0, 0.0)  # the water between the halves
    streets: list[tuple[int, int, dict[str, str]]] = []
    for across in (True, False):
        chance, oneway = rng.random((2, side * side))
        for i in range(side * side):
            r, c = divmod(i, side)
            if (across and c in (side - 1, side // 2 - 1)) or (not across and r == side - 1):
                continue
            line = r if across else c
            kind = "primary" if line % 30 == 0 else "tertiary" if line % 8 == 0 else "residential"
            if kind == "residential" and chance[i] < 0.3:
                continue
            tags = {"highway": kind}
            if kind == "residential" and oneway[i] < 0.1:
                tags["oneway"] = "yes"
            streets.append((i, i + 1 if across else i + side, tags))
    for k in range(12):
        r = (2 * k + 1) * side // 24
        streets.append((r * side + side // 2 - 1, r * side + side // 2, {"route": "ferry", "duration": "00:12"}))
    shapes = np.where([("route" in t) for _, _, t in streets], 0, rng.integers(1, 7, len(streets)))
    first = side * side + np.concatenate([[0], np.cumsum(shapes)])
    xs, ys = [x], [y]
    for (a, b, _), count in zip(streets, shapes.tolist(), strict=True):
        along = np.arange(1, count + 1) / (count + 1)
        xs.append(x[a] + (x[b] - x[a]) * along + rng.normal(0, 5, count))
        ys.append(y[a] + (y[b] - y[a]) * along + rng.normal(0, 5, count))
    lon, lat = Transformer.from_crs(3067, 4326, always_xy=True).transform(np.concatenate(xs), np.concatenate(ys))
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for i in range(len(lon)):
            writer.add_node(osmium.osm.mutable.Node(id=i + 1, location=(float(lon[i]), float(lat[i]))))
        for way, (a, b, tags) in enumerate(streets, start=1):
            between = range(int(first[way - 1]) + 1, int(first[way]) + 1)
            writer.add_way(osmium.osm.mutable.Way(id=way, nodes=[a + 1, *between, b + 1], tags=tags))
