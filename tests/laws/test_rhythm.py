"""Watching: an e-value has mean one, false alarms stay under their bound, a change is found, told once, and then normal."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from torni.core.calendar import day_off
from torni.engines.rhythm import Calendar, believed, change_watch, share_watch
from torni.engines.rhythm.evidence import added, log_ratio, mixed

YEAR = 365


@settings(max_examples=60)
@given(
    mean=st.floats(0.01, 60), wide=st.floats(1.01, 5), times=st.floats(0.1, 12).filter(lambda t: abs(t - 1) > 0.05)
)  # fmt: skip
def test_an_e_value_has_mean_one_while_nothing_has_changed(mean, wide, times):
    """Summed over every count that can come, whatever the mean and the spread: no distribution's tail is cut."""
    size = mean / (wide - 1)
    most = int(nbinom.isf(1e-13, size, size / (size + mean))) + 5
    came = np.arange(most, dtype=float)
    chance = nbinom.pmf(came, size, size / (size + mean))
    moved = nbinom.pmf(came, size, size / (size + mean * times))  # the alternative's own chances: the ratio of the two
    ratio = np.exp(log_ratio(came, np.full(most, mean), np.full(most, size), np.array([times]))[:, 0])
    seen = chance > 1e-200
    assert np.allclose(ratio[seen] * chance[seen], moved[seen], rtol=1e-6, atol=1e-300)


def test_the_sum_of_a_quiet_year_has_its_length_as_mean():
    """Shiryaev and Roberts' sum: after T days its mean is T. So it is at A at most T / A times."""
    rng = np.random.default_rng(3)
    days, series = 60, 40_000
    mean, size = np.full(series, 4.0), np.full(series, 8.0)
    log_sum = np.full((series, 1), -1e3)
    for _ in range(days):
        came = rng.negative_binomial(8, 8 / 12, series).astype(float)
        log_sum = added(log_sum, log_ratio(came, mean, size, np.array([1.25])))
    assert np.exp(log_sum).mean() == pytest.approx(days, rel=0.15)
    assert (mixed(log_sum, np.zeros(1)) > np.log(days * 20)).mean() < 1 / 20


def clustered(rng, n, share, wide):
    """Misses in clusters: beta-binomial, so many times a binomial's variance (at most as many as there are)."""
    if wide == 1:
        return rng.binomial(n, share).astype(float)
    like = np.minimum((wide - 1) / np.maximum(n - 1, 1), 0.5)
    odds = (1 - like) / like
    return rng.binomial(n, rng.beta(share * odds, (1 - share) * odds)).astype(float)


@pytest.mark.parametrize("wide", [1.0, 1.5, 3.0])
def test_units_exactly_at_their_target_are_hardly_ever_told(wide):
    """However misses cluster, by nurse and by day: of 400 units that miss just what they may, at most two are told in three years."""
    rng = np.random.default_rng(int(wide * 10))
    told = 0
    for share in (0.02, 0.05, 0.1):
        n = rng.choice([1, 3, 10, 30, 100, 700], 400)
        watch = share_watch(np.full(400, share), false_alarms_a_year=0.5)
        for day in range(YEAR):
            told += int(watch.step(n.astype(float), clustered(rng, n, share, wide), free=day % 7 > 4).sum())
    assert told <= 2


@pytest.mark.parametrize(("n", "most_days"), [(700, 4), (100, 25), (30, 90)])
@pytest.mark.parametrize("wide", [1.0, 1.5])
def test_a_share_thrice_what_is_promised_is_found(n, wide, most_days):
    rng = np.random.default_rng(n)
    watch = share_watch(np.full(20, 0.02), false_alarms_a_year=0.5, series=500)
    found = np.full(20, np.inf)
    for day in range(300):
        share = np.full(20, 0.006 if day < 150 else 0.06)
        out = watch.step(np.full(20, float(n)), clustered(rng, np.full(20, n), share, wide))
        assert day >= 150 or not out.any()
        found[out & np.isinf(found)] = day - 150
    assert np.median(found) <= most_days


def test_misses_at_weekends_only_are_found_where_the_week_as_a_whole_keeps_the_promise():
    rng = np.random.default_rng(8)
    watch, found = share_watch(np.full(10, 0.1), false_alarms_a_year=0.5, series=500), np.full(10, np.inf)
    for day in range(250):
        free = day % 7 > 4
        share = 0.24 if free and day >= 120 else 0.02  # 8.3 % in all, promised at most 10 %
        out = watch.step(np.full(10, 200.0), rng.binomial(200, np.full(10, share)).astype(float), free=free)
        found[out & np.isinf(found)] = day - 120
    assert found.max() < 40


def test_an_alarm_stands_until_the_promise_is_kept_again_and_may_then_be_told_anew():
    rng = np.random.default_rng(1)
    watch, told = share_watch(np.array([0.05]), false_alarms_a_year=0.5), []
    for day in range(600):
        bad = 100 <= day < 200 or day >= 400
        if watch.step(np.array([50.0]), rng.binomial(50, [0.25 if bad else 0.01]).astype(float))[0]:
            told.append(day)
        if day == 399:
            assert watch.told[0] == -1
    assert len(told) == 2 and 100 <= told[0] < 110 and 400 <= told[1] < 410


def test_what_is_not_yet_recorded_is_not_held_against_anybody():
    """A unit that records 15 % of its visits a day late looks as if it missed them; what usually comes late is taken off."""
    rng = np.random.default_rng(2)
    late = share_watch(np.array([0.02]), false_alarms_a_year=0.5)
    blind = share_watch(np.array([0.02]), false_alarms_a_year=0.5)
    for _ in range(60):
        missed = rng.binomial(200, [0.155]).astype(float)
        assert not late.step(np.array([200.0]), missed, late=0.15).any()
        blind.step(np.array([200.0]), missed)
    assert blind.told[0] >= 0


TOWNS = np.array([148, 20, 18, 16, 12, 10, 9, 8, 7, 6, 5, 5, 4, 4, 3, 3, 2.5, 2, 2, 1.5, 1.2, 1])
FIRST = date(2025, 9, 1)  # a Monday


def lives(rng, residents, *, change=None, times=1.7, day=150, days=340):
    """Daily contacts of twenty-two towns: closed on days off, an influenza, days of their own, growth; one town may change."""
    mean = TOWNS / TOWNS.sum() * residents * 1.2 / 255
    peak, high, shared = rng.uniform(90, 160), rng.uniform(0.2, 0.5), 0.0
    for d in range(days):
        shared = 0.3 * shared + rng.normal(0, 0.03)
        on = FIRST + timedelta(days=d)
        usual = (0.0 if day_off(on) else (1.15, 1.05, 1, 1, 0.85)[d % 7]) * np.exp(
            high * np.exp(-0.5 * ((d - peak) / 12) ** 2) + shared + 0.03 * d / YEAR + rng.normal(0, 0.03, len(mean))
        )
        if change is not None and d >= day:
            usual[change] *= times
        yield on, rng.poisson(mean * usual).astype(float)


def watched(came, *, group=0, bound=0.1):
    calendar = Calendar(epidemic=range(1, 18))
    watch, told = None, []
    for day, counts in came:
        watch = watch or change_watch(
            np.full(len(counts), group), believed=believed(part=True), drift=0.003, false_alarms_a_year=bound
        )
        out = watch.step(counts, calendar.terms(day), restless=9.0 if calendar.restless(day) else 1.0)
        told += [((day - FIRST).days, int(i), int(watch.told_began[i])) for i in np.flatnonzero(out)]
    return told


@pytest.mark.parametrize(("residents", "most_days"), [(5_000, 30), (20_000, 10), (60_000, 4), (270_043, 4)])
def test_a_sudden_demand_in_the_largest_town_is_found_at_any_size(residents, most_days):
    """Though the town is half of the region, so that what all do together is mostly its own doing; and nobody else is told."""
    days = []
    for seed in range(6):
        told = watched(lives(np.random.default_rng(seed), residents, change=0))
        assert {i for _, i, _ in told} == {0}, told
        days.append(told[0][0] - 150)
        assert len(told) == 1, "told once, and then it is what is normal"
    assert min(days) >= 0 and np.median(days) <= most_days


@pytest.mark.parametrize("residents", [5_000, 20_000, 60_000, 270_043])
def test_an_epidemic_and_holidays_are_nobodys_change(residents):
    told = [watched(lives(np.random.default_rng(100 + seed), residents)) for seed in range(6)]
    assert sum(map(len, told)) <= 1


def test_a_change_upon_a_change_is_found():
    rng = np.random.default_rng(5)
    first = [c for _, c in lives(rng, 60_000, change=3, times=2.0, day=120, days=200)]
    then = [c * np.where(np.arange(len(c)) == 3, 2.0, 1.0) for _, c in lives(rng, 60_000, days=336)][200:]
    then = [np.where(np.arange(len(c)) == 3, rng.poisson(np.maximum(c * 1.8, 0)), c).astype(float) for c in then]
    days = [FIRST + timedelta(days=i) for i in range(336)]
    told = watched(zip(days, first + then, strict=True))
    assert [i for _, i, _ in told] == [3, 3] and 120 <= told[0][0] < 140 and 200 <= told[1][0] < 225, told


def test_days_without_records_teach_nothing_and_tell_nothing():
    """An outage: no town's counts are known for three days, and one big town's come as nothing for two more."""
    came = []
    for d, (day, counts) in enumerate(lives(np.random.default_rng(9), 270_043, days=260)):
        if 150 <= d < 153:
            counts = np.full_like(counts, np.nan)
        elif 153 <= d < 155:
            counts[0] = 0.0
        came.append((day, counts))
    assert watched(came) == []


def test_the_state_is_the_same_whether_days_are_tried_on_a_copy_first():
    days = list(lives(np.random.default_rng(4), 20_000, days=120))
    calendar = Calendar()
    a, b = (
        change_watch(np.zeros(22, np.int64), believed=believed(part=True), drift=0.003, false_alarms_a_year=1)
        for _ in "ab"
    )
    for day, counts in days:
        b.copy().step(counts * 3, calendar.terms(day))
        a.step(counts, calendar.terms(day))
        b.step(counts, calendar.terms(day))
    for name in ("m", "p", "others", "log_sum", "by_day", "by_week", "held"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def test_a_holiday_in_the_week_is_a_sunday_and_the_day_before_it_is_told():
    calendar = Calendar(
        school_holidays={9}, epidemic={50, 51, 1}, season={m: 1.0 + 0.1 * (m == 1) for m in range(1, 13)}
    )
    independence = calendar.terms(date(2028, 12, 6))  # a Wednesday
    assert independence[7] == 1 and independence[1:7].sum() == 0
    assert calendar.terms(date(2028, 12, 5))[8] == 1 and calendar.terms(date(2028, 12, 7))[9] == 1
    assert calendar.terms(date(2028, 12, 8))[8] == 0, "a Friday is always before a day off"
    assert calendar.terms(date(2027, 3, 1))[10] == 1 and calendar.terms(date(2027, 3, 8))[10] == 0
    assert calendar.restless(date(2027, 1, 5)) and not calendar.restless(date(2027, 6, 1))
    assert calendar.shape(date(2027, 1, 15)) == pytest.approx(np.log(1.1)) and calendar.shape(date(2027, 6, 15)) == 0
    assert 0 < calendar.shape(date(2027, 2, 1)) < np.log(1.1)
