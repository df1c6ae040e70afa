"""Where no season is given and years are at hand, a great season is learnt from them and is not told as a change every year."""

from datetime import date, timedelta

import numpy as np

from torni.engines.rhythm import Calendar, believed, change_watch


def test_a_great_season_is_learnt_from_the_series_own_years() -> None:
    chance = np.random.default_rng(7)
    watch = change_watch(
        np.full(40, -1), believed=believed(part=False, shaped=False), drift=0.003, false_alarms_a_year=0.1
    )
    told = np.zeros(6)
    for i in range(6 * 365):
        usual = np.exp(1.0 + 1.5 * np.cos(2 * np.pi * i / 365.25) + 1.0 * np.sin(2 * np.pi * i / 365.25))
        x = Calendar().terms(date(2019, 1, 1) + timedelta(days=i))
        came = chance.poisson(usual, 40).astype(float)
        told[i // 365] += watch.step(came, x).sum()
    assert told[3:].sum() <= 1
    assert np.abs(watch.m[:, 11] - 1.5).mean() < 0.2
