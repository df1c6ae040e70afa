"""Reach by public transport, where the region has a timetable: the median over a departure window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from torni.core.language import Message
from torni.engines.travel import UNREACHABLE, Seconds
from torni.network.region import Network
from torni.services import Library

_timetables: dict[str, object] = {}


def nearest(network: Network, rows: npt.NDArray[np.int64]) -> Seconds:
    """Median seconds from every cell to the unit reached first, over departures each minute of the window.

    Half of the departures take longer; waiting at home is not counted, waiting at stops is. The region must have a
    timetable.
    """
    path = network.timetable_file
    assert path is not None
    x, y = network.units["x"].to_numpy()[rows], network.units["y"].to_numpy()[rows]
    return median_seconds(network, path, x, y)


def median_seconds(
    network: Network, path: Path, unit_x: npt.NDArray[np.float64], unit_y: npt.NDArray[np.float64]
) -> Seconds:
    """The same for any points and any timetable file."""
    from torni.engines.travel.timetable import NEVER, Timetable, Walking, profiles, travel_seconds
    from torni.sources.gtfs import read_timetable

    key = str(path.resolve())
    if key not in _timetables:
        _timetables[key] = read_timetable(path)
    timetable = _timetables[key]
    assert isinstance(timetable, Timetable)
    library = network.library
    walking = Walking(
        kmh=library.number("travel.walk.joining_kmh"), detour=library.number("travel.joining_detour"),
        stop_max_km=library.number("travel.transit.walk_max_km"), transfer_max_km=library.number("travel.transit.transfer_max_km"),
        change_s=round(library.number("travel.transit.change_min") * 60),
    )  # fmt: skip
    found = profiles(timetable, unit_x, unit_y, walking)
    start, end = (round(library.number(f"travel.transit.departure_{w}_h") * 3600) for w in ("from", "to"))
    times = travel_seconds(
        timetable, found, network.population.x, network.population.y, unit_x, unit_y, walking, np.arange(start, end, 60)
    )  # fmt: skip
    # The median of an even count is the later of the two middle ones: never better than half of the departures.
    median = np.sort(times, axis=1)[:, times.shape[1] // 2]
    return np.where(median >= NEVER, UNREACHABLE, np.minimum(median, UNREACHABLE - 1)).astype(np.uint16)


def assumptions(library: Library) -> list[Message]:
    return [
        Message(
            "Public transport: the median over departures every minute from {start} to {end} o'clock; at most {km} km on foot to a stop",
            start=library.number("travel.transit.departure_from_h"), end=library.number("travel.transit.departure_to_h"),
            km=library.number("travel.transit.walk_max_km"),
        )
    ]  # fmt: skip
