"""The coming days: many ways in which each series may go on, and when its window breaks the promise in them, or mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import numpy.typing as npt

from torni.engines.margin import learn
from torni.engines.margin.learn import LEVEL, LEVEL_SD, MOOD, MOODS, SLOPE, SLOPE_SD, TERMS, Shares, day_terms
from torni.engines.margin.limit import Limits

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

PATHS = 256
HORIZON = 56  # days
_NEVER = 10_000
_EDGE = 0.03  # left out at each end of the days: with a twentieth 85 of 100 were held where misses cluster more than was learnt (measured)


@dataclass(frozen=True)
class Ahead:
    """Of each series, over the coming days (the first is tomorrow).

    `low`, `middle`, `high`: (series, days), the window's share in time, between low and high with a chance of 90 %. `within`: (series, days), the chance
    that the state turns (breaks, or mends where it is broken) by the day. `first`, `last`: (series), between which days it turns with a chance of
    90 %, where it turns in these days at all; -1 where it never does.
    """

    low: Floats
    middle: Floats
    high: Floats
    within: Floats
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


def ahead(
    state: Shares, limits: Sequence[Limits], windows: Sequence[int], total: Floats, missed: Floats, days: Sequence[date], *,
    broken: npt.NDArray[np.bool_], due: Floats | None = None, easier: Floats | None = None, paths: int = PATHS, bands: bool = True,
) -> Ahead:  # fmt: skip
    """How the windows go on from the last known day.

    `total`, `missed`: (series, days back), the newest last, at least as many as the longest of `windows`. `days`: the coming ones. `due`: (series, days),
    how many are due on each; None: as the weeks behind tell. `easier`: (series, days), how many times the usual share of them is still open
    (what is done already cannot be missed). `broken`: which are told as broken now: of them the days are those on which the target is met again.
    """
    count, horizon = len(limits), len(days)
    n = np.maximum(state.due(list(days)) if due is None else due, 0.0)
    came = _paths(state, n, days, paths, easier)  # (days, series, paths), cumulated
    low, middle, high = (np.zeros((count, horizon)) for _ in range(3))
    within = np.zeros((count, horizon))
    first, last = np.full(count, -1), np.full(count, -1)
    for s in range(count):
        w = min(windows[s], total.shape[1])
        all_n = np.concatenate([total[s, -w:], n[s]])
        all_y = np.concatenate([missed[s, -w:], np.zeros(horizon)])
        window_n = np.convolve(all_n, np.ones(w), "valid")[1 : horizon + 1]
        known = np.convolve(all_y, np.ones(w), "valid")[1 : horizon + 1]
        sums = came[:, s].astype(np.float64)
        if horizon > w:
            sums[w:] -= came[: horizon - w, s]
        sums += known[:, None]
        if broken[s]:
            turned = (sums <= (1.0 - limits[s].target) * window_n[:, None]) & (window_n > 0)[:, None]
        else:
            turned = (sums > np.maximum(limits[s].most(window_n), 0.0)[:, None]) & (sums > 0)
        at = np.where(turned.any(axis=0), turned.argmax(axis=0), _NEVER)
        within[s] = np.searchsorted(np.sort(at), np.arange(horizon), "right") / paths
        do = np.sort(at[at < _NEVER])
        if len(do):
            first[s], last[s] = do[int(_EDGE * len(do))], do[min(len(do) - 1, int((1 - _EDGE) * len(do)))]
        if bands:
            share = 1.0 - np.sort(sums, axis=1) / np.maximum(window_n, 1e-9)[:, None]
            for out, q in ((high, 0.05), (middle, 0.5), (low, 0.95)):
                out[s] = np.clip(share[:, int(q * paths)], 0.0, 1.0)
    return Ahead(low, middle, high, within, first, last)


@cache
def _chances(paths: int, horizon: int) -> tuple[Singles, Singles, Singles, Singles, Singles]:
    """The same dice for every series and every morning: what differs between two answers is what was known.

    So few ways tell as much as many more: each day's throws have exactly the mean and the variance of chance, and no two days' go together.
    """
    chance = np.random.default_rng(20261126)
    half = -(-paths // 2)

    def even(columns: int) -> Floats:
        z = chance.standard_normal((half, columns))
        if columns <= half:
            z = np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(half)
        return np.concatenate([z, -z])[:paths]

    picks = (np.arange(paths) + 0.5) / paths
    chance.shuffle(picks)
    start = even(TERMS)
    z = np.stack([even(horizon) for _ in range(4)], axis=2)
    ranks = (z[:, :, 3].argsort(axis=0).argsort(axis=0) + 0.5) / paths
    u = chance.random((paths, horizon, 2))
    picks_, start_, z_, ranks_, u_ = (x.astype(np.float32) for x in (picks, start, z, ranks, u))
    return picks_, start_, z_, ranks_, u_


def _paths(state: Shares, n: Floats, days: Sequence[date], paths: int, easier: Floats | None) -> Singles:
    """(days, series, paths): the misses cumulated over the coming days."""
    count, horizon = n.shape
    picks, z0, z, ranks, u = _chances(paths, horizon)
    rows = np.arange(count)[:, None]
    chosen = (np.cumsum(state.weight, axis=1)[:, :, None] < picks).sum(axis=1).clip(max=8)  # (series, paths)
    root = np.linalg.cholesky(state.cov + 1e-9 * np.eye(TERMS))
    start = state.mean[rows, chosen] + np.einsum("spij,pj->spi", root[rows, chosen], z0)
    start = start.astype(np.float32)
    level, slope, mood = start[:, :, LEVEL].copy(), start[:, :, SLOPE].copy(), start[:, :, MOOD].copy()
    drifting = chosen % 3 > 0
    mood_sd = (MOODS[chosen // 3] * np.sqrt(1 - learn.MOOD_LEFT**2)).astype(np.float32)
    wide = state.wide.astype(np.float32)[:, None]
    out = np.zeros((horizon, count, paths), np.float32)
    so_far = np.zeros((count, paths), np.float32)
    for h, day in enumerate(days):
        x = day_terms(day).astype(np.float32)
        drifting = np.where(drifting, u[:, h, 0] > learn.CALMS, u[:, h, 0] < learn.DRIFTS)
        kind = drifting.astype(np.intp)
        jumps = u[:, h, 1] < learn.JUMPS
        sd = LEVEL_SD.astype(np.float32)[kind]
        level = level + slope + np.where(jumps, np.float32(learn.JUMP_SD), sd) * z[:, h, 0]
        slope = np.float32(learn.SLOPE_LEFT) * slope + SLOPE_SD.astype(np.float32)[kind] * z[:, h, 1]
        mood = np.float32(learn.MOOD_LEFT) * mood + mood_sd * z[:, h, 2]
        eta = (
            level
            + mood
            + x[learn.OFF] * start[:, :, learn.OFF]
            + x[learn.COS] * start[:, :, learn.COS]
            + x[learn.SIN] * start[:, :, learn.SIN]
        )
        p = 1.0 / (1.0 + np.exp(-eta))
        due = n[:, h].astype(np.float32)[:, None]
        if easier is not None:
            p = np.minimum(p * easier[:, h].astype(np.float32)[:, None], 1.0)
        so_far = so_far + np.minimum(_drawn(due * p, wide * (1.0 - p), z[:, h, 3], ranks[:, h]), due)
        out[h] = so_far
    return out


def _drawn(mean: Singles, spread: Singles, z: Singles, u: Singles) -> Singles:
    """Counts of a mean and of `spread` times its variance: few come in clusters of `spread` (Poisson many), many lie about the mean's root."""
    rate = mean / np.maximum(spread, 1e-3)
    term = np.exp(-np.minimum(rate, 4.0))
    below, clusters = term, np.zeros_like(mean)
    for k in range(1, 7):
        clusters += u > below
        term = term * rate / k
        below = below + term
    many = np.square(np.sqrt(mean) + 0.5 * np.sqrt(spread) * z) - 0.25 * spread
    out: Singles = np.where(rate < 2.0, clusters * spread, np.maximum(many, 0.0))
    return out
