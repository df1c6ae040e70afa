"""How many may be missed of so many: up to there the promise is not told as broken, for fewer could be chance alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_HALVINGS = 44
_MOST = 10_000_000
_GRID = np.unique(np.concatenate([np.arange(0.0, 60.0), np.geomspace(60.0, _MOST, 400)]))


@dataclass(frozen=True)
class Limits:
    """The judging of one promise: at least `target` in time; misses that chance gives oftener than `few` are not told as broken.

    `spread`: how many times a binomial's variance they vary. `few` 1: whatever is below the target is broken; of a promise to
    all the first miss.
    """

    target: float
    few: float = 1.0
    spread: float = 1.0

    def most(self, total: Floats) -> Floats:
        """The most misses of so many totals (real numbers, not rounded) for which it is not told as broken."""
        total = np.asarray(total, float)
        plain = (1.0 - self.target) * total
        if self.few >= 1 or self.target >= 1:
            return np.maximum(plain, 0.0)
        return np.maximum(plain, np.interp(total, _GRID, _table(self.target, self.few, self.spread)))

    def broken(self, total: int, missed: int) -> bool:
        """Is so many missed of so many told as broken? Exactly."""
        if total <= 0 or missed <= 0:
            return False
        if (total - missed) / total >= self.target:
            return False
        return self.few >= 1 or self.target >= 1 or float(_chance(np.array([float(total)]), np.array([float(missed)]), self.target, self.spread)[0]) <= self.few  # fmt: skip


@lru_cache(maxsize=8_192)  # the same question comes again with each picture of a day
def more_misses(limits: Limits, total: int, missed: int) -> int | None:
    """How many more, due and missed, break it; None where it is broken, or where no number of them does (nothing is promised)."""
    if limits.broken(total, missed) or limits.target <= 0:
        return None
    high = 1
    while not limits.broken(total + high, missed + high):
        high *= 2
        if high > _MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if limits.broken(total + middle, missed + middle) else (middle, high)
    return high


def more_kept(limits: Limits, total: int, missed: int) -> int | None:
    """How many in time in a row, with no miss between, bring the share back to its target; 0 where it is there, None where none do."""
    if limits.target >= 1:
        return None if missed else 0
    return max(0, int(np.ceil(missed / (1.0 - limits.target) - total - 1e-9)))


def _chance(total: Floats, missed: Floats, target: float, spread: float) -> Floats:
    from scipy.special import betainc

    out: Floats = betainc(np.maximum(missed, 1e-12) / spread, (total - missed) / spread + 1.0, 1.0 - target)
    return out


_TABLES: dict[tuple[float, float, float], Floats] = {}


def _table(target: float, few: float, spread: float) -> Floats:
    """Over the grid of totals, where the chance comes down to `few`: halved between nothing missed and all."""
    key = target, few, spread
    if key not in _TABLES:
        low, high = np.zeros_like(_GRID), _GRID + 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            often = _chance(_GRID, middle, target, spread) > few
            low, high = np.where(often, middle, low), np.where(often, high, middle)
        _TABLES[key] = high
    return _TABLES[key]
