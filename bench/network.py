"""A generated street-size network with one-ways and ferries, written as PBF so that every engine reads the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmium
from pyproj import Transformer

SIDE = 670  # 670 x 670 junctions: 448,900 nodes


def write(path: Path, side: int = SIDE, seed: int = 7) -> None:
    """A jittered grid with holes, arterial roads, one-way streets and 12 ferries over a wide water."""
    rng = np.random.default_rng(seed)
    step = 90.0
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    x = 400_000 + column * step + rng.normal(0, 18, column.shape)
    y = 6_900_000 + row * step + rng.normal(0, 18, row.shape)
    x = x + np.where(column >= side // 2, 2_500.0, 0.0)  # the water between the halves
    lon, lat = Transformer.from_crs(3067, 4326, always_xy=True).transform(x.ravel(), y.ravel())
    node = (row * side + column).ravel()
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for i in range(len(node)):
            writer.add_node(osmium.osm.mutable.Node(id=i + 1, location=(float(lon[i]), float(lat[i]))))
        way = 1

        def add(a: int, b: int, tags: dict[str, str]) -> None:
            nonlocal way
            writer.add_way(osmium.osm.mutable.Way(id=way, nodes=[a + 1, b + 1], tags=tags))
            way += 1

        for across in (True, False):
            chance = rng.random(side * side)
            oneway = rng.random(side * side)
            for i in range(side * side):
                r, c = divmod(i, side)
                if (across and (c == side - 1 or c == side // 2 - 1)) or (not across and r == side - 1):
                    continue
                line = r if across else c
                kind = "primary" if line % 40 == 0 else "tertiary" if line % 10 == 0 else "residential"
                if kind == "residential" and chance[i] < 0.12:
                    continue
                tags = {"highway": kind}
                if kind == "residential" and oneway[i] < 0.1:
                    tags["oneway"] = "yes"
                add(i, i + 1 if across else i + side, tags)
        for k in range(12):
            r = (2 * k + 1) * side // 24
            add(r * side + side // 2 - 1, r * side + side // 2, {"route": "ferry", "duration": "00:12"})
