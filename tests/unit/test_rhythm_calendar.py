"""A service may be open on Sundays and yet busier, or closed, on a day off in the week: what is expected learns the two apart."""

from datetime import date, timedelta

import numpy as np
import pytest

from torni.engines.rhythm import Calendar, believed, change_watch

FIRST = date(2022, 1, 3)


@pytest.mark.parametrize(("sunday", "day_off"), [(40.0, 10.0), (10.0, 40.0)])
def test_a_day_off_in_the_week_is_not_taken_for_a_sunday(sunday: float, day_off: float) -> None:
    chance = np.random.default_rng(5)
    watch = change_watch(np.full(50, -1), believed=believed(part=False), drift=0.003, false_alarms_a_year=0.1)
    expected, told = {}, 0
    for i in range(3 * 365):
        day = FIRST + timedelta(days=i)
        x = Calendar().terms(day)
        usual = day_off if x[7] and day.weekday() < 5 else sunday if x[7] else 20.0
        told += int(watch.step(chance.poisson(usual, 50).astype(float), x).sum())
        expected[day] = float(watch.expected.mean())
    assert expected[date(2024, 12, 25)] == pytest.approx(day_off, rel=0.15)
    assert expected[date(2024, 12, 29)] == pytest.approx(sunday, rel=0.1)
    assert told <= 1
