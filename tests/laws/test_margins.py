"""What margin is left: more misses never leave more, the count is where the judging turns, and later days change no earlier answer."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.engines.margin import Limits, ahead, more_kept, more_misses, shares
from torni.promises.sums import chance_of

FIRST = date(2025, 1, 1)
TARGETS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0])
LIMITS = st.builds(Limits, TARGETS, st.sampled_from([0.05, 1.0]), st.sampled_from([1.0, 1.5, 3.0]))


@settings(max_examples=150)
@given(limits=LIMITS, total=st.integers(0, 5_000), missed=st.integers(0, 300))
def test_so_many_more_misses_break_it_and_one_fewer_does_not(limits, total, missed):
    missed = min(missed, total)
    more = more_misses(limits, total, missed)
    if limits.broken(total, missed):
        assert more is None
    else:
        assert more is not None and more >= 1
        assert limits.broken(total + more, missed + more)
        assert more == 1 or not limits.broken(total + more - 1, missed + more - 1)


@settings(max_examples=150)
@given(limits=LIMITS, total=st.integers(1, 3_000), missed=st.integers(0, 200), again=st.integers(1, 50))
def test_more_misses_never_leave_more_margin(limits, total, missed, again):
    missed = min(missed, total)
    before, after = more_misses(limits, total, missed), more_misses(limits, total, missed + min(again, total - missed))
    assert (before or 0) >= (after or 0)


@settings(max_examples=150)
@given(limits=LIMITS, total=st.integers(1, 3_000), missed=st.integers(0, 500))
def test_so_many_in_time_keep_it_again_and_one_fewer_does_not(limits, total, missed):
    missed = min(missed, total)
    count = more_kept(limits, total, missed)
    if count is None:
        assert limits.target >= 1 and missed
        return
    assert (total + count - missed) / (total + count) >= limits.target - 1e-12
    assert count == 0 or (total + count - 1 - missed) / (total + count - 1) < limits.target


@settings(max_examples=200)
@given(
    target=TARGETS, few=st.sampled_from([0.01, 0.05]), spread=st.floats(1, 3), total=st.integers(0, 4_000), missed=st.integers(0, 400)
)  # fmt: skip
def test_broken_is_what_the_finding_tells_as_broken(target, few, spread, total, missed):
    """The engine's limit is the judging's own: below the target, and by more than chance gives oftener than so."""
    missed = min(missed, total)
    told = total > 0 and (total - missed) / total < target
    if told and target < 1:
        told = chance_of(total, missed, target, spread=spread) <= few
    assert Limits(target, few, spread).broken(total, missed) == told


@settings(max_examples=30)
@given(times=st.sampled_from([4, 10, 25]), total=st.integers(200, 2_000), share=st.floats(0.0, 0.04))
def test_a_region_so_many_times_as_large_has_so_many_times_the_margin(times, total, share):
    """Where nothing is left to chance; to a miss each, for counts are whole."""
    limits = Limits(0.95)
    one = more_misses(limits, total, int(total * share))
    many = more_misses(limits, total * times, int(total * share) * times)
    assert one is not None and many is not None and abs(many - one * times) <= times


def _made(seed, days=120, rate=0.03, size=40.0):
    rng = np.random.default_rng(seed)
    total = rng.poisson(size, (2, days)).astype(float)
    return total, rng.binomial(total.astype(int), rate).astype(float)


def _learnt(total, missed):
    state = shares(len(total), np.full(len(total), 0.05))
    for d in range(total.shape[1]):
        state.step(total[:, d], missed[:, d], FIRST + timedelta(days=d))
    return state


def _told(state, total, missed, *, broken=False, horizon=28, **known):
    days = [FIRST + timedelta(days=total.shape[1] + h) for h in range(horizon)]
    limits = [Limits(0.95, 0.05, 1.5)] * len(total)
    return ahead(state, limits, [28] * len(total), total, missed, days, broken=np.full(len(total), broken), **known)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), at=st.integers(40, 100))
def test_later_days_never_change_an_earlier_answer(seed, at):
    total, missed = _made(seed)
    early = _learnt(total[:, :at], missed[:, :at])
    whole = shares(2, np.full(2, 0.05))
    for d in range(total.shape[1]):
        whole.step(total[:, d], missed[:, d], FIRST + timedelta(days=d))
        if d == at - 1:
            then = whole.copy()
    one = _told(early, total[:, :at], missed[:, :at])
    two = _told(then, total[:, :at], missed[:, :at])
    assert np.array_equal(one.within, two.within) and np.array_equal(one.first, two.first)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_series_do_not_teach_one_another(seed):
    """One row alone is told as among others: an answer about a small unit rests on its own days."""
    total, missed = _made(seed)
    both = _told(_learnt(total, missed), total, missed)
    alone = _told(_learnt(total[:1], missed[:1]), total[:1], missed[:1])
    assert np.allclose(both.within[0], alone.within[0], atol=0.02)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), more=st.integers(1, 60))
def test_more_misses_in_the_window_never_make_a_break_less_likely(seed, more):
    """By the same share learnt: what stands in the window already only adds."""
    total, missed = _made(seed)
    state = _learnt(total, missed)
    heavier = missed.copy()
    heavier[:, -1] += more
    total = np.maximum(total, heavier)
    assert (_told(state, total, heavier).within >= _told(state, total, missed).within - 1e-12).all()


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), easier=st.floats(0.0, 0.9))
def test_what_is_done_already_makes_a_break_less_likely(seed, easier):
    total, missed = _made(seed, rate=0.06)
    state = _learnt(total, missed)
    usual, done = np.ones((2, 28)), np.full((2, 28), easier)
    assert (
        _told(state, total, missed, easier=done).within <= _told(state, total, missed, easier=usual).within + 0.02
    ).all()


def test_the_chance_grows_with_the_days_and_the_band_is_ordered():
    for seed in range(5):
        total, missed = _made(seed, rate=0.05)
        told = _told(_learnt(total, missed), total, missed, horizon=56)
        assert (np.diff(told.within, axis=1) >= 0).all() and (told.within <= 1).all()
        assert (told.low <= told.middle).all() and (told.middle <= told.high).all()
        assert ((told.first <= told.last) & ((told.first >= 0) == (told.last >= 0))).all()


def test_a_steady_worsening_is_told_before_it_breaks_and_its_band_holds_the_day():
    """From 3 to 9 % missed over 120 days, of 200 a day; 5 % may be missed."""
    rng = np.random.default_rng(11)
    days = 330
    rate = 0.03 + 0.06 * np.clip((np.arange(days) - 180) / 120, 0, 1)
    total = rng.poisson(200, (1, days)).astype(float)
    missed = rng.binomial(total.astype(int), rate).astype(float)
    window = np.convolve(missed[0], np.ones(28), "valid") > Limits(0.95, 0.05, 1.5).most(
        np.convolve(total[0], np.ones(28), "valid")
    )
    breaks = int(np.flatnonzero(window)[0]) + 27
    state = _learnt(total[:, : breaks - 13], missed[:, : breaks - 13])
    told = _told(state, total[:, : breaks - 13], missed[:, : breaks - 13], horizon=56)
    assert told.within[0, 27] > 0.5, "told two weeks ahead"
    assert told.first[0] <= 13 <= told.last[0]
    calm = _told(_learnt(total[:, :170], missed[:, :170]), total[:, :170], missed[:, :170])
    assert calm.within[0, 27] < 0.2


def test_a_broken_promise_is_kept_again_when_the_bad_days_have_left_the_window():
    """A week in which all was missed, and then as before: it is kept again about when that week is 28 days behind."""
    rng = np.random.default_rng(5)
    total = rng.poisson(60, (1, 200)).astype(float)
    missed = rng.binomial(total.astype(int), 0.02).astype(float)
    missed[0, 180:184] = total[0, 180:184]
    told = _told(_learnt(total, missed), total, missed, broken=True, horizon=56)
    assert told.within[0, 27] > 0.6
    assert 5 <= told.first[0] <= 11 and told.last[0] <= 40
