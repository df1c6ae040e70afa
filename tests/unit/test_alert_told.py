"""An alert tells what its number rests on: over which days, up to which, how many of how many; never "now" beside another figure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from torni.core.language import Message, speaking
from torni.promises.finding import Group, unmeasured
from torni.services import load_library
from torni.supervision.alerts import Alert, alerts
from torni.supervision.sentences import alert_told

DAY = date(2026, 5, 3)


@pytest.fixture(scope="module")
def library():
    return load_library("keski-suomi", on=date(2026, 5, 4))


def finding(library, name, **how):
    _service, promise = library.promise(name)
    found = unmeasured(name.partition(".")[0], promise, version="x", as_of=DAY, why=Message("none"), invented=False)
    return replace(found, last=DAY, **how)


def told(found, alert):
    with speaking("en"):
        return alert_told(alert, found, "North", "")


def test_a_group_over_twelve_weeks_says_so_and_counts(library):
    """Kept over four weeks, broken over twelve: the number is the longer one's, with its days."""
    long = {"unit": (Group("north", 90, 43, 40, 43 / 90, False),)}
    found = finding(library, "home_care.complaints_answered", long=long)
    assert found.promise.alerts_by == "groups"
    (alert,) = alerts([found], [], {}, DAY)
    assert (alert.days, alert.until) == (84, DAY) and "(43 of 90 in 84 days up to 3.5.2026)" in told(found, alert)


def test_each_form_tells_its_days(library):
    watched = finding(library, "home_care.visits_made")
    alert = Alert(
        "promise", watched.id, "unit", "north", 0.9, 0.98, 200, 20, date(2026, 5, 2), date(2026, 4, 20), 13, DAY
    )
    assert told(watched, alert).endswith(", up to 3.5.2026") and "20.4.2026" in told(watched, alert)
    counted = replace(alert, began=None, since=None, days=84)
    assert told(watched, counted).endswith("(180 of 200 in 84 days up to 3.5.2026)")
    staffed = finding(library, "elder_housing.staffed")
    assert told(staffed, Alert("promise", staffed.id, "unit", "north", 0.54, 1.0, 90, 5, days=28, until=DAY)).endswith("(28 days up to 3.5.2026)")  # fmt: skip
    money = finding(library, "elder_housing.within_appropriation", value=1.1, state="broken")
    (whole,) = alerts([money], [], {}, DAY)
    assert told(money, whole).endswith("(as it stood 3.5.2026)")


def test_a_promise_of_what_each_unit_meets_is_told_with_its_days(library):
    by = {"unit": (Group("north", 90, 5, 0, 0.54, False),)}
    staffed = finding(library, "elder_housing.staffed", by=by)
    (alert,) = alerts([staffed], [], {}, DAY)
    assert alert.days == staffed.promise.over_days
    late = finding(library, "elder_housing.supervised", by={"unit": (Group("north", 1, 0, 1, 0.0, False),)})
    (alert,) = alerts([late], [], {}, DAY)
    assert alert.days is None and told(late, alert).endswith("(as it stood 3.5.2026)")
