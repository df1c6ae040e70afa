"""The arithmetic of watching, a day and a series at a time: the learning of what is expected, the weighing of what came.

Everything here is scalar work over rows of arrays, compiled; what it means stands in `change` and `share`.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

MOST_LOG = 600.0  # sums are kept as logarithms and never grow past what a float holds


@nb.njit(cache=True)
def log_ratio(came: float, mean: float, size: float, times: float) -> float:
    """The logarithm of how much likelier a count is at `times` the mean than at the mean: negative binomial of one `size`.

    Its exponential has mean exactly 1 while the mean is true, whatever the size: an e-value.
    """
    if mean <= 0.0:
        return 0.0
    return came * math.log(times) - (came + size) * math.log1p((times - 1.0) * mean / (mean + size))


@nb.njit(cache=True)
def size_of(mean: float, variance: float) -> float:
    """The size of the negative binomial of a mean and variance; nearly Poisson where the variance is hardly more."""
    return mean * mean / max(variance - mean, 1e-6 * mean + 1e-12)


@nb.njit(cache=True)
def add(log_sum: float, log_e: float) -> float:
    """Shiryaev and Roberts' sum with a day more: R <- (1 + R) e, as logarithms."""
    one_more = log_sum + math.log1p(math.exp(-log_sum)) if log_sum > 0 else math.log1p(math.exp(log_sum))
    return min(one_more + log_e, MOST_LOG)


@nb.njit(cache=True)
def mixed(log_sums: Any, log_weights: Any) -> float:
    """The logarithm of the weighted sum of the alternatives' sums."""
    top = -1e300
    for i in range(len(log_sums)):
        top = max(top, log_sums[i] + log_weights[i])
    if top < -700.0:
        return top
    total = 0.0
    for i in range(len(log_sums)):
        total += math.exp(log_sums[i] + log_weights[i] - top)
    return top + math.log(total)


@nb.njit(cache=True)
def learn(m: Any, p: Any, x: Any, came: float, offset: float, spread: float) -> None:
    """One count into a log-linear expectation: `m`, `p` the coefficients' mean and covariance, changed in place.

    The count's variance is `spread` times its mean. The most likely value along the day's own direction is found by
    Newton's steps, so that a count far from the expected cannot throw the coefficients past what it says.
    """
    n = len(m)
    px = np.zeros(n)
    eta, v = offset, 0.0
    for i in range(n):
        if x[i] != 0.0:
            eta += m[i] * x[i]
            for j in range(n):
                px[j] += p[j, i] * x[i]
    for i in range(n):
        v += px[i] * x[i]
    if v <= 0.0:
        return
    at = eta
    for _ in range(8):
        mean = math.exp(min(at, 30.0))
        step = ((came - mean) / spread - (at - eta) / v) / (mean / spread + 1.0 / v)
        at += max(-1.5, min(1.5, step))
        if abs(step) < 1e-6:
            break
    shift = (at - eta) / v
    weight = math.exp(min(at, 30.0)) / spread
    gain = weight / (1.0 + v * weight)
    for i in range(n):
        m[i] += px[i] * shift
        for j in range(n):
            p[i, j] -= gain * px[i] * px[j]
