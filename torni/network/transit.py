"""Reach by public transport, where the region has a timetable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from torni.engines.travel.trips import Seconds
from torni.network.region import Network


def nearest(network: Network, rows: npt.NDArray[np.int64]) -> Seconds | None:
    return None
