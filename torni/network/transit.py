"""Reach by public transport, where the region has a timetable: the median over a departure window of the day asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, language, t
from torni.engines.travel import UNREACHABLE, Seconds
from torni.network.joined import joined_assumptions
from torni.network.region import Network
from torni.services import Library

if TYPE_CHECKING:
    from torni.engines.travel.timetable import Changing, Timetable, Walking
    from torni.engines.travel.walks import Walks
    from torni.sources.gtfs import Feed


def nearest(network: Network, rows: npt.NDArray[np.int64]) -> Seconds:
    """Median seconds from every cell to the unit reached first, over departures each minute of the window.

    Half of the departures take longer; waiting at home is not counted, waiting at stops is. The region must have a
    timetable that is not `unusable`.
    """
    path = network.timetable_file
    assert path is not None
    x, y = network.units["x"].to_numpy()[rows], network.units["y"].to_numpy()[rows]
    return median_seconds(network, path, x, y)


def median_seconds(
    network: Network, path: Path, unit_x: npt.NDArray[np.float64], unit_y: npt.NDArray[np.float64]
) -> Seconds:
    """The same for any points and any timetable file, on the network's day. What takes more than 18 hours is not reached.

    Raises BadInput for a timetable with faults, and for a day of which it says nothing.
    """
    from torni.engines.travel.timetable import profiles, travel_seconds

    ready = _ready(network, path)
    if isinstance(ready, BadInput):
        raise ready
    library = network.library
    walking = _walking_in(network)
    found = profiles(ready.timetable, unit_x, unit_y, walking, ready.changing)
    start, end = (round(library.number(f"travel.transit.departure_{w}_h") * 3600) for w in ("from", "to"))
    times = travel_seconds(
        ready.timetable, found, network.population.x, network.population.y, unit_x, unit_y, walking, np.arange(start, end, 60)
    )  # fmt: skip
    # The median of an even count is the later of the two middle ones: never better than half of the departures.
    median = np.sort(times, axis=1)[:, times.shape[1] // 2]
    return np.minimum(median, UNREACHABLE).astype(np.uint16)


def unusable(network: Network) -> Message | None:
    """Why nothing can be told by the region's timetable on the network's day; None when it can."""
    path = network.timetable_file
    if path is None:
        return Message("no timetable (GTFS) of the region")
    if not isinstance(_ready(network, path), BadInput):
        return None
    feed = _feed(*_version(path))
    if isinstance(feed, BadInput):
        return Message("a timetable without faults: {fault}", fault=_FirstFault(*_version(path)))
    if not feed.knows(network.as_of):
        return Message(
            "a timetable of {day}: the region's covers {a}", day=f"{network.as_of:%-d.%-m.%Y}", a=feed.days.told()
        )
    return Message("a timetable without faults: `torni import timetable` tells those of the region's")


def assumptions(network: Network, path: Path | None = None) -> list[Message]:
    """What an answer by public transport rests on: the window, the day's timetable, and what of it is not read."""
    library = network.library
    out = [
        Message(
            "Public transport: the median over departures every minute from {start} to {end} o'clock; at most {km} km on foot to a stop",
            start=library.number("travel.transit.departure_from_h"), end=library.number("travel.transit.departure_to_h"),
            km=library.number("travel.transit.walk_max_km"),
        )
    ]  # fmt: skip
    if network.roads_folder is not None and network.graph.ground is not None:
        out.append(Message("Walks to, between and from stops are never quicker than by the region's streets"))
        out += joined_assumptions(network, "walk")
    file = path or network.timetable_file
    ready = _ready(network, file) if file else None
    if file and ready and not isinstance(ready, BadInput):
        feed = _feed(*_version(file))
        assert not isinstance(feed, BadInput)
        trips = len(np.unique(ready.timetable.trip))
        out += [
            Message("Timetable of {day}: {count} trips run", day=f"{network.as_of:%-d.%-m.%Y}", count=trips),
            *([likely] if (likely := feed.days.only_likely(network.as_of)) else []),
            *notes_of(feed, library),
        ]
    return out


def notes_of(feed: Feed, library: Library) -> list[Message]:
    """What of the timetable is left out, put in or not read, and what of it cannot be true, each with its count."""
    kmh = library.number("travel.transit.believed_kmh")
    count = feed.faster_than(kmh)
    fast = Message("Timetable: rides faster than {kmh} km/h, which count as they are written: {count}", kmh=kmh, count=count)  # fmt: skip
    return [*feed.notes, *([fast] if count else [])]


def judged(path: Path, library: Library) -> tuple[Feed, Timetable]:
    """A timetable brought in: whole, and with its busiest day's connections. Raises BadInput for any that a check could
    not use on a day it covers."""
    from torni.sources.gtfs import read_feed

    feed = read_feed(path)
    day = feed.busiest_day()
    assert day is not None
    timetable = feed.on(day)
    ready = _changing(timetable, walking_of(library), path.name)
    if isinstance(ready, BadInput):
        raise ready
    return feed, timetable


def walking_of(library: Library) -> Walking:
    """How people walk to, between and from stops, by the parameters of the day."""
    from torni.engines.travel.timetable import Walking

    return Walking(
        kmh=library.number("travel.walk.joining_kmh"), detour=library.number("travel.joining_detour"),
        stop_max_km=library.number("travel.transit.walk_max_km"), transfer_max_km=library.number("travel.transit.transfer_max_km"),
        change_s=round(library.number("travel.transit.change_min") * 60),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Ready:
    timetable: Timetable
    changing: Changing


def _ready(network: Network, path: Path) -> _Ready | BadInput:
    return _ready_on(*_version(path), network.as_of, _walking_in(network))


def _walking_in(network: Network) -> Walking:
    """The same by the streets of the region, where it has brought its own: what they part, no walk to a stop joins."""
    walking = walking_of(network.library)
    if network.roads_folder is None or network.graph.ground is None:
        return walking
    if network not in _walks:
        from torni.engines.travel.trips import Travel
        from torni.engines.travel.walks import Walks

        # Straight to the stop from the cell's centre, as where no streets are known.
        mode = network.mode("walk").replace(within_cell_km=0.0, end_min=0.0)
        _walks[network] = Walks(Travel(network.graph, mode, network.population.x, network.population.y))
    return replace(walking, streets=_walks[network])


_walks: WeakKeyDictionary[Network, Walks] = WeakKeyDictionary()


@lru_cache(maxsize=8)
def _ready_on(path: Path, changed: int, size: int, day: date, walking: Walking) -> _Ready | BadInput:
    from torni.sources.gtfs.feed import unknown_day

    feed = _feed(path, changed, size)
    if isinstance(feed, BadInput):
        return feed
    return _changing(feed.on(day), walking, path.name) if feed.knows(day) else unknown_day(path.name, feed, day)


def _changing(timetable: Timetable, walking: Walking, name: str) -> _Ready | BadInput:
    from torni.engines.travel.timetable import TooDense, changes

    try:
        return _Ready(timetable, changes(timetable, walking))
    except TooDense:
        return BadInput(
            Fault(name, t("so many stops stand beside one another that the changes between them cannot be counted out"), t("Check the points of the stops, or cut the timetable to the region."))
        )  # fmt: skip


def _version(path: Path) -> tuple[Path, int, int]:
    """The file as it is now: a timetable brought in anew is read anew."""
    if not path.is_file():
        raise bad_input(str(path), t("no such file"), t("Check the path."))
    state = path.stat()
    return path.resolve(), state.st_mtime_ns, state.st_size


@dataclass(frozen=True)
class _FirstFault:
    """What is first wrong with a timetable, told in the language of its reader."""

    path: Path
    changed: int
    size: int

    def __str__(self) -> str:
        return _first_fault(self.path, self.changed, self.size, language())


@lru_cache(maxsize=6)
def _first_fault(path: Path, changed: int, size: int, in_language: str) -> str:
    """Read again, for a fault is worded where it is found: once a language."""
    from torni.sources.gtfs import read_feed

    try:
        read_feed(path)
    except BadInput as found:
        first = found.faults[0]
        return f"{first.where}: {first.what}. {first.remedy}".strip()
    return path.name


@lru_cache(maxsize=2)
def _feed(path: Path, changed: int, size: int) -> Feed | BadInput:
    from torni.sources.gtfs import read_feed

    try:
        return read_feed(path)
    except BadInput as fault:
        return fault
