"""Chance keyed by who and what: the same seed, purpose and entity give the same draw, whatever else is drawn or left out.

Whole-number arithmetic (SplitMix64's mixing), so that every machine draws alike.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Chance:
    """Draws of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = np.uint64(seed & 0xFFFFFFFFFFFFFFFF)

    def share(self, purpose: str, *keys: Any) -> Floats:
        """Even draws in [0, 1), one for each entity that the keys (whole numbers, arrays or single) name together."""
        with np.errstate(over="ignore"):
            mixed = _mix(self.seed ^ (np.uint64(zlib.crc32(purpose.encode())) * _GOLDEN))
            for key in keys:
                mixed = _mix(np.asarray(key).astype(np.int64).view(np.uint64) * _GOLDEN + mixed)
        return np.atleast_1d((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53)

    def whole(self, low: int, high: int, purpose: str, *keys: Any) -> Ints:
        """Whole draws from low to high, both included."""
        return np.asarray(low + np.floor(self.share(purpose, *keys) * (high - low + 1)), np.int64)

    def waits(self, mean: Any, purpose: str, *keys: Any) -> Ints:
        """Whole days around a mean, never negative, with a tail that ends: the sum of three even draws of the mean."""
        total = sum((self.share(f"{purpose} {i}", *keys) for i in range(3)), np.zeros(1))
        return np.asarray(np.floor(total * np.asarray(mean) * (2 / 3)), np.int64)

    def counts(self, rate: Any, purpose: str, *keys: Any) -> Ints:
        """Poisson counts, at most twelve, by their inverse."""
        u = self.share(purpose, *keys)
        rate = np.broadcast_to(np.asarray(rate, float), u.shape)
        chance = np.exp(-rate)
        upto = chance.copy()
        found = np.zeros(u.shape, np.int64)
        for k in range(1, 13):
            found += u >= upto
            chance = chance * rate / k
            upto = upto + chance
        return found

    def between(self, low: float, high: float, purpose: str, *keys: Any) -> Floats:
        """Even draws from low to high: how a unit differs from others for good."""
        return low + (high - low) * self.share(purpose, *keys)

    def one_of(self, items: list[Any], purpose: str, *keys: int) -> Any:
        return items[int(self.share(purpose, *keys)[0] * len(items))]


def _mix(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
