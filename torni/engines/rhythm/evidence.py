"""How strongly a day speaks against what was expected, and how such days add up: e-values and Shiryaev and Roberts' sum of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NONE = -1e3  # the logarithm of no evidence at all
_MOST = 600.0  # sums are kept as logarithms and never grow past what a float holds


def log_ratio(came: Floats, mean: Floats, size: Floats, times: Floats) -> Floats:
    """(series, alternatives): the logarithm of how much likelier a count is at `times` the mean than at the mean.

    Negative binomial of one `size`. Its exponential has mean exactly 1 while the mean is true, whatever the size: an e-value.
    `came`, `mean`, `size`: (series). `times`: (alternatives), or (series, alternatives).
    """
    came, mean, size = came[:, None], mean[:, None], size[:, None]
    out: Floats = came * np.log(times) - (came + size) * np.log1p((times - 1.0) * mean / (mean + size))
    return out


def size_of(mean: Floats, variance: Floats) -> Floats:
    """The size of the negative binomial of a mean and variance; nearly Poisson where the variance is hardly more."""
    out: Floats = mean * mean / np.maximum(variance - mean, 1e-6 * mean + 1e-12)
    return out


def added(log_sum: Floats, log_e: Floats) -> Floats:
    """Shiryaev and Roberts' sum with a day more, as logarithms: R <- (1 + R) e. Over T days its mean is T while nothing has happened."""
    out: Floats = np.minimum(np.logaddexp(0.0, log_sum) + log_e, _MOST)
    return out


def mixed(log_sum: Floats, log_weights: Floats) -> Floats:
    """(series): the logarithm of the weighted sum over the alternatives."""
    out: Floats = np.logaddexp.reduce(log_sum + log_weights, axis=1)
    return out


def spread(squares: Floats, before: Floats | float, weighs: float) -> Floats:
    """(rows): how much wider than chance: the mean of the squares, with what was believed before; never less than chance.

    `squares`: (rows, 2), the squares' sum and how many they are. `before` weighs as so many of them.
    """
    out: Floats = np.maximum(1.0, (squares[:, 0] + before * weighs) / (squares[:, 1] + weighs))
    return out


def threshold(series: int, false_alarms_a_year: float) -> float:
    """The logarithm of the sum at which one of so many series tells an alarm, for the bound on all of them together."""
    return float(np.log(max(series, 1) * 365.0 / false_alarms_a_year))
