"""A stop in sight over a water is not walked to: the walks to, between and from stops follow the region's streets."""

import numpy as np
import pytest

from tests.streets import FERRY, KMH, STREET, near
from torni.engines.travel import Mode
from torni.engines.travel.timetable import NEVER, Timetable, Walking, profiles, travel_seconds
from torni.engines.travel.trips import Travel
from torni.engines.travel.walks import Walks
from torni.sources.osm.access import CLASSES

NINE = 9 * 3600


@pytest.fixture
def ride(drawn):
    """Minutes from a home on an islet to a unit, by a bus each ten minutes from the stop on the other shore; None: never."""

    def minutes(crossing: dict[str, str] | None, home: str = "h") -> float | None:
        land = drawn("h=3,0.4 i=4,0.4 a=3,0 b=4,0 u=9,0").way("a b u").way("h i")
        if crossing:
            land.way("a h", crossing)
        x, y = ({n: np.array([m + v[axis] * 1000]) for n, v in land.at.items()} for axis, m in ((0, 410_000), (1, 6_954_000)))  # fmt: skip
        walk = Mode("walk", dict.fromkeys(CLASSES, KMH["walk"]), KMH["walk"], 1.0, within_cell_km=0.0, means="walk")
        streets = Walks(Travel(land.streets().graph, walk, x[home], y[home], "plain"))
        walking = Walking(kmh=KMH["walk"], detour=1.0, stop_max_km=1.5, transfer_max_km=0.4, change_s=60, streets=streets)  # fmt: skip
        starts = np.arange(NINE, NINE + 3 * 3600, 600, dtype=np.int32)
        at = np.zeros(len(starts), np.int32)
        bus = Timetable(np.array([*x["a"], *x["u"]]), np.array([*y["a"], *y["u"]]), at, at + 1, starts, starts + 600, np.arange(len(starts), dtype=np.int32))  # fmt: skip
        to = profiles(bus, x["u"], y["u"], walking)
        found = travel_seconds(bus, to, x[home], y[home], x["u"], y["u"], walking, np.array([NINE]))[0, 0]
        return None if found >= NEVER else found / 60

    return minutes


@pytest.mark.parametrize(
    ("crossing", "right"), [(None, None), (STREET, 20), (FERRY | {"foot": "no"}, None), (FERRY | {"duration": "4"}, 30)]
)
def test_a_stop_over_the_water_is_as_far_as_its_bridge_or_ferry_is(ride, crossing, right):
    """By the bridge 0.4 km, five minutes at five kilometres an hour, and the bus at ten past; by the ferry 15 + 4."""
    assert ride(crossing) == (None if right is None else near(right))


def test_the_same_shore_is_walked_along(ride):
    """One kilometre, twelve minutes, and the bus at twenty past."""
    assert ride(None, home="b") == near(30)
