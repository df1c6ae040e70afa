"""Small street maps drawn in a line, and how long one goes on them.

Cars go 1 km a minute here, bicycles 1 km in 4 minutes, walkers 1 km in 12; a ferry is waited for 15 minutes.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import osmium
import pytest

from torni.engines.travel import UNREACHABLE, Mode
from torni.engines.travel.trips import Travel
from torni.sources.coordinates import to_degrees
from torni.sources.osm import Believed, read_streets
from torni.sources.osm.access import CLASSES, use_of
from torni.sources.osm.ferries import boarding

KMH = {"car": 60.0, "bicycle": 15.0, "walk": 5.0}


STREET = {"highway": "unclassified"}


FERRY = {"route": "ferry", "motor_vehicle": "yes", "duration": "00:10"}


ROUNDING = 0.03  # minutes: metres, tenths of a second and the last rounding up


Tags = dict[str, str]


class Map:
    """A drawn map. Points are names with kilometres east and north; `way("a b c", tags)` draws through them."""

    def __init__(self, path, points: str, first_id: int = 1) -> None:
        self.path, self.sign = path, -1 if first_id < 0 else 1
        self.at: dict[str, tuple[float, float]] = {}
        for text in points.split():
            name, place = text.split("=")
            x, _, y = place.partition(",")
            self.at[name] = (float(x), float(y or 0))
        self.ways: list[tuple[list[str], Tags]] = []
        self.barriers: dict[str, Tags] = {}
        self.relations: list[tuple[list[int], Tags]] = []

    def way(self, through: str, tags: Mapping[str, str] = STREET, **more: str) -> "Map":
        self.ways.append((through.split(), {**tags, **more}))
        return self

    def barrier(self, at: str, **tags: str) -> "Map":
        self.barriers[at] = tags
        return self

    def relation(self, ways: Sequence[int], **tags: str) -> "Map":
        self.relations.append((list(ways), tags))
        return self

    def streets(self, *, on: date | None = None, **bounds: int):
        number = {name: self.sign * i for i, name in enumerate(self.at, start=1)}
        new = osmium.osm.mutable
        with osmium.SimpleWriter(str(self.path), overwrite=True) as writer:
            for name, (east, north) in self.at.items():
                x, y = np.array([410_000 + east * 1000]), np.array([6_954_000 + north * 1000])
                lon, lat = to_degrees(x, y)
                place = (float(lon[0]), float(lat[0]))
                writer.add_node(new.Node(id=number[name], location=place, tags=self.barriers.get(name, {})))
            for i, (through, tags) in enumerate(self.ways, start=1):
                writer.add_way(new.Way(id=self.sign * i, nodes=[number[n] for n in through], tags=tags))
            for i, (ways, tags) in enumerate(self.relations, start=1):
                writer.add_relation(new.Relation(id=i, members=[("w", self.sign * w, "") for w in ways], tags=tags))
        believed = Believed(slowest_kmh=2, fastest_kmh=80, port_min=30)
        return read_streets(self.path, ferry_wait_min=15, ferry_kmh=12, believed=believed, on=on, **bounds)

    def minutes(
        self, home: str, unit: str, mode: str = "car", *, direct_km: float = 0.0, on: date | None = None
    ) -> float | None:
        kmh = dict.fromkeys(CLASSES, KMH[mode])
        how = Mode(
            mode,
            kmh,
            joining_kmh=KMH[mode] / 2,
            joining_detour=1.0,
            within_cell_km=0.0,
            direct_km=direct_km,
            means=mode,
            walking_kmh=KMH["walk"],
        )
        (hx, hy), (ux, uy) = (
            (np.array([410_000 + self.at[n][0] * 1000]), np.array([6_954_000 + self.at[n][1] * 1000]))
            for n in (home, unit)
        )
        seconds = Travel(self.streets(on=on).graph, how, hx, hy, "plain").matrix(ux, uy)[0, 0]
        return None if seconds == UNREACHABLE else float(seconds) / 60


def may(tags: Tags, *, ferry: bool = False) -> str:
    """Who may go: c, b, w along the way as it is drawn, C, B, W against it."""
    if ferry:
        closed = boarding(tags)
    else:
        use = use_of(tags)
        assert use is not None
        closed = use.closed
    return "".join(letter for i, letter in enumerate("cbwCBW") if not closed >> i & 1)


def read(text: str) -> Tags:
    return dict(pair.split("=") for pair in text.split())


def near(minutes: float):
    return pytest.approx(minutes, abs=ROUNDING)
