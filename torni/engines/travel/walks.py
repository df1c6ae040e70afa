"""Walks between near points along the streets, for the legs to, between and from stops."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import UNREACHABLE
from torni.engines.travel.pairs import Pairs
from torni.engines.travel.trips import Travel

AT_ONCE = 64  # points gone to in one sweep
FAST_FROM = 200  # as many points pay for the hierarchy
KEPT = 4  # answers: the same homes are asked for again for every unit


class Walks:
    """Seconds on foot by the streets and waters that `travel` knows; its homes do not matter."""

    def __init__(self, travel: Travel) -> None:
        self._travel = travel
        self._kept: dict[str, npt.NDArray[np.int64]] = {}

    def seconds(self, pairs: Pairs) -> npt.NDArray[np.int64]:
        """For each pair of places the seconds by street, -1 where none leads there."""
        key = hashlib.sha256(pairs.as_bytes()).hexdigest()
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._by_street(pairs)
        return self._kept[key]

    def _by_street(self, pairs: Pairs) -> npt.NDArray[np.int64]:
        out = np.full(len(pairs.i), -1, np.int64)
        homes, home = np.unique(pairs.i, return_inverse=True)
        places, place = np.unique(pairs.j, return_inverse=True)
        if not len(homes):
            return out
        if len(places) >= FAST_FROM:
            self._travel.warmed()
        walkers = self._travel.from_homes(pairs.from_x[homes], pairs.from_y[homes])
        for start in range(0, len(places), AT_ONCE):
            some = places[start : start + AT_ONCE]
            times = walkers.matrix(pairs.to_x[some], pairs.to_y[some])
            mine = np.flatnonzero((place >= start) & (place < start + len(some)))
            found = times[home[mine], place[mine] - start]
            out[mine] = np.where(found == UNREACHABLE, -1, found)
        return out
