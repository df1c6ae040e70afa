"""Laws of siting: proven choices agree with trying every one."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.engines.siting import fewest, max_cover, p_median

few = settings(max_examples=40)


@st.composite
def problems(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**9)))
    cells, sites = draw(st.integers(1, 14)), draw(st.integers(1, 8))
    people = rng.integers(0, 30, cells).astype(float)
    seconds = rng.integers(60, 4000, (cells, sites)).astype(np.uint16)
    return seconds, people, rng.integers(1, 4, sites).astype(float)


def covered(cover, people, sites):
    return float(people[cover[:, list(sites)].any(axis=1)].sum()) if sites else 0.0


@few
@given(problems(), st.integers(1, 8))
def test_max_cover_is_the_most_of_all_choices(case, count):
    seconds, people, _ = case
    cover = seconds <= 1800
    best = max(
        (covered(cover, people, c) for k in range(1, count + 1) for c in combinations(range(cover.shape[1]), k)),
        default=0.0,
    )
    found = max_cover(cover, people, count)
    assert found.value == pytest.approx(best)
    assert found.proven
    assert covered(cover, people, found.sites) == pytest.approx(found.value)
    quick = max_cover(cover, people, count, quick=True)
    assert quick.value <= best + 1e-9 <= quick.bound + 2e-9


@few
@given(problems(), st.integers(0, 20), st.booleans())
def test_fewest_is_the_cheapest_of_all_choices_that_are_enough(case, share, priced):
    seconds, people, cost = case
    cost = cost if priced else np.ones(len(cost))
    cover = seconds <= 1800
    need = share / 20 * people.sum()
    choices = [c for k in range(cover.shape[1] + 1) for c in combinations(range(cover.shape[1]), k)]
    enough = [c for c in choices if covered(cover, people, c) >= need - 1e-6]
    found = fewest(cover, people, need, cost)
    if not enough:
        assert not found.feasible
        return
    assert found.feasible
    assert found.cost == pytest.approx(min(sum(cost[list(c)]) for c in enough))
    assert found.proven
    assert covered(cover, people, found.sites) >= need - 1e-4
    quick = fewest(cover, people, need, cost, quick=True)
    assert quick.bound - 1e-9 <= found.cost <= quick.cost + 1e-9


@few
@given(problems(), st.integers(1, 8))
def test_p_median_is_the_least_travel_of_all_choices(case, count):
    seconds, people, _ = case
    count = min(count, seconds.shape[1])
    best = min(
        float((people * seconds[:, list(c)].min(axis=1)).sum()) for c in combinations(range(seconds.shape[1]), count)
    )
    found = p_median(seconds, people, count)
    assert found.value == pytest.approx(best)
    assert found.gap == 0
    quick = p_median(seconds, people, count, quick=True)
    assert quick.bound - 1e-6 <= best <= quick.value + 1e-6
