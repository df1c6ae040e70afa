"""How a unit's change is held against comparable units' changes: by chance alone it is rarely told, what is really there is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from torni.engines.rhythm.compared import FEWEST_OTHERS, Counts, compared


def drawn(
    seed: int, *, effect: float = 0.0, wander: float = 0.0, others: int = 9, due: int = 400
) -> tuple[Counts, list[Counts]]:
    """A unit and comparable ones, each at its own level and wandering by itself; the unit's share of misses changes by `effect`."""
    rng = np.random.default_rng(seed)

    def one(change: float) -> Counts:
        p = float(rng.uniform(0.03, 0.10))
        q = float(np.clip(p + change + rng.normal(0, wander), 0.0, 1.0))
        return Counts(due, int(rng.binomial(due, p)), due, int(rng.binomial(due, q)))

    return one(effect), [one(0.0) for _ in range(others)]


def test_where_nothing_was_brought_about_hardly_anything_is_told():
    """At most 7 of 100, whether units wander by themselves or not: their wandering is in the range."""
    for wander in (0.0, 0.02):
        told = [compared(*drawn(seed, wander=wander), spread=1.0) for seed in range(600)]
        assert sum(c.low > 0 or c.high < 0 for c in told if c) < 0.07 * len(told)


def test_what_was_brought_about_is_told():
    told = [compared(*drawn(seed, effect=0.15, due=800), spread=1.5) for seed in range(100)]
    assert sum(c.low > 0 for c in told if c) > 90


@given(st.integers(0, 10_000), st.integers(0, FEWEST_OTHERS - 1))
def test_with_too_few_others_or_too_little_due_nothing_is_told(seed, others):
    one, rest = drawn(seed, others=9)
    assert compared(one, rest[:others], spread=1.5) is None
    assert compared(Counts(29, 3, 400, 10), rest, spread=1.5) is None
    assert compared(one, [Counts(*c[:2], 29, 0) for c in rest], spread=1.5) is None


@given(st.integers(0, 10_000), st.floats(1.0, 4.0))
def test_the_order_of_the_others_is_nothing_and_more_clustering_tells_less(seed, spread):
    one, rest = drawn(seed)
    a, b = compared(one, rest, spread=spread), compared(one, rest[::-1], spread=spread)
    assert a and b and abs(a.difference - b.difference) < 1e-12 and abs(a.high - b.high) < 1e-12
    assert a.low <= a.difference <= a.high and 0 <= a.before <= 1 and 0 <= a.others_after <= 1


def test_all_kept_before_and_after_is_no_proof_of_anything():
    found = compared(Counts(100, 0, 100, 0), [Counts(100, 0, 100, 0)] * 5, spread=1.0)
    assert found and found.difference == 0 and found.low < 0 < found.high
