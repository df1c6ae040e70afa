"""A region's own streets brought again: what was stored of the earlier ones is never taken for them."""

from __future__ import annotations

import numpy as np

from torni.engines.travel.graph import RoadGraph
from torni.sources import roads, shipped


def streets(moved: float) -> RoadGraph:
    one = np.array([1], np.int32)
    return RoadGraph(
        np.array([0.0, 1000.0 + moved]),
        np.zeros(2),
        one - 1,
        one,
        one * 1500,
        np.zeros(1, np.int16),
        ("primary",),
        np.zeros(1, np.uint8),
        one * 0,
    )


def test_streets_that_differ_in_their_points_alone_are_other_streets(tmp_path):
    versions = []
    for name, moved in (("a", 0.0), ("b", 100.0), ("c", 0.0)):
        folder = tmp_path / name
        folder.mkdir()
        roads.write_network(streets(moved), folder)
        versions.append(shipped.version_of_all(folder))
    assert versions[0] == versions[2] != versions[1]
