"""Pairs of places between which one may walk, and who knows how long it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import Floats

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """From the places `i` of one table of points to the places `j` of another; metres."""

    from_x: Floats
    from_y: Floats
    to_x: Floats
    to_y: Floats
    i: Places
    j: Places

    def as_bytes(self) -> bytes:
        return b"|".join(a.tobytes() for a in (self.from_x, self.from_y, self.to_x, self.to_y, self.i, self.j))


class Streets(Protocol):
    """Who knows how long a walk is by street."""

    def seconds(self, pairs: Pairs, /) -> npt.NDArray[np.int64]:
        """Of each pair of places, -1 where no street leads there."""
