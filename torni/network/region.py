"""A region as the network planner sees it on a day: residents, units and roads, with their travel times."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core import places
from torni.core.faults import BadInput
from torni.core.language import Message
from torni.core.progress import working
from torni.core.texts import Text
from torni.engines.travel import Mode, RoadGraph, Seconds
from torni.network.named_units import unknown_units
from torni.network.stored import Stored
from torni.network.unread import street_assumptions
from torni.services import Library, load_library
from torni.sources import own_units, roads, shipped
from torni.sources import population as population_source
from torni.sources import units as unit_source
from torni.sources.population import Population

if TYPE_CHECKING:
    from torni.engines.travel.trips import Travel

STREET_MODES = ("car", "bicycle", "walk")
ROAD_MODES = (*STREET_MODES, "car_helsinki_daytime")
MOST_COLUMN_BYTES = 300_000_000


@dataclass(frozen=True, eq=False)
class Network:
    """One region on one day. `units`: one row a unit (see `sources.units.SCHEMA`), only those open on the day.

    `known_kinds`: kinds of unit that the data covers at all; about others nothing can be told.
    `names`: municipality code to its name. `data_versions`: what the answers rest on.
    """

    library: Library
    population: Population
    units: pl.DataFrame
    roads_folder: Path | None
    names: Mapping[str, Text]
    known_kinds: frozenset[str]
    data_versions: Mapping[str, str]
    modes: Mapping[str, Mode] = field(default_factory=dict)
    _travels: dict[str, Travel] = field(default_factory=dict, repr=False)
    _columns: dict[tuple[str, float, float], Seconds] = field(default_factory=dict, repr=False)
    _people: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @property
    def as_of(self) -> date:
        return self.library.as_of

    def travel(self, mode: str) -> Travel:
        """Travel from every cell of the region by a mode, set up once."""
        if mode not in self._travels:
            from torni.engines.travel.trips import Travel  # SciPy's import is half of a stored answer's time

            self._travels[mode] = Travel(self.graph, self.mode(mode), self.population.x, self.population.y)
        return self._travels[mode]

    def mode(self, name: str) -> Mode:
        """The assumptions behind a mode of travel here."""
        return self.modes.get(name) or mode_of(self.library, name, self.population.side_m)

    @property
    def graph(self) -> RoadGraph:
        """The road network, read when first needed."""
        # Streets imported again while a server runs are other streets.
        key = f"{self.roads_folder or ''} {self.data_versions['roads']}"
        if key not in _graphs:
            _graphs[key] = roads.read_network(self.roads_folder) if self.roads_folder else roads.state_roads()
        return _graphs[key]

    def with_mode(self, name: str, mode: Mode) -> Network:
        """The same region under another assumption about one mode."""
        return replace(self, modes={**self.modes, name: mode}, _travels={}, _columns={})

    def with_units(self, units: pl.DataFrame) -> Network:
        """The same region with other units; travel times already known are kept."""
        return replace(self, units=units)

    def people(self, population: str) -> npt.NDArray[np.float64]:
        if population not in self._people:
            self._people[population] = self.population.people(population)
        return self._people[population]

    def nearest(self, mode: str, groups: Sequence[npt.NDArray[np.int64]]) -> list[Seconds]:
        """Seconds from every cell to the nearest unit of each group (row numbers of `units`).

        Uses the matrix where every unit's column is known, otherwise one search a group: the same to the bit.
        """
        x, y = self.units["x"].to_numpy(), self.units["y"].to_numpy()
        rows = np.unique(np.concatenate([*groups, np.empty(0, np.int64)])).astype(np.int64)
        if not self._columns:
            stored = Stored(self, mode)
            found = [stored.nearest(x[g], y[g]) for g in groups]
            unknown = [i for i, seconds in enumerate(found) if seconds is None]
            if unknown:
                with working(Message("Travel times")):
                    computed = self.travel(mode).nearest(x, y, [groups[i] for i in unknown])
                for i, seconds in zip(unknown, computed, strict=True):
                    found[i] = stored.keep_nearest(x[groups[i]], y[groups[i]], seconds)
            return [seconds for seconds in found if seconds is not None]
        columns = dict(zip(rows.tolist(), self.times(mode, rows), strict=True))
        far = np.full(len(self.population.x), np.iinfo(np.uint16).max, np.uint16)
        return [
            np.minimum.reduce([columns[int(i)] for i in group]) if len(group) else far for group in groups
        ]  # fmt: skip

    def times(self, mode: str, rows: npt.NDArray[np.int64]) -> list[Seconds]:
        """For each of these rows of `units`, seconds from every cell to it; kept for the next question."""
        x, y = self.units["x"].to_numpy()[rows], self.units["y"].to_numpy()[rows]
        with _columns_lock:
            self.fill_matrix(mode, x, y)
            return [self._columns[mode, float(a), float(b)] for a, b in zip(x, y, strict=True)]

    def fill_matrix(self, mode: str, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
        """Compute and keep the seconds from every cell to each of these points."""
        if len(self._columns) * len(self.population.x) * 2 > MOST_COLUMN_BYTES:
            self._columns.clear()  # a long-lived server is asked about ever new places
        new = [k for k in range(len(x)) if (mode, float(x[k]), float(y[k])) not in self._columns]
        if new:
            stored = Stored(self, mode)
            columns = stored.matrix(x[new], y[new])
            if columns is None:
                with working(Message("Travel times")):
                    times = np.ascontiguousarray(self.travel(mode).matrix(x[new], y[new]).T)
                columns = stored.keep_matrix(x[new], y[new], times)
            for k, column in zip(new, columns, strict=True):
                self._columns[mode, float(x[k]), float(y[k])] = column

    def ready_for_changes(self, mode: str = "car") -> Network:
        """The same, every unit's travel times in the matrix, so that a what-if needs no search for old units."""
        self.fill_matrix(mode, self.units["x"].to_numpy(), self.units["y"].to_numpy())
        return self

    @cached_property
    def municipality_codes(self) -> list[str]:
        return sorted(set(self.population.municipality.tolist()))

    @cached_property
    def municipality_index(self) -> npt.NDArray[np.int64]:
        """For each cell, the position of its municipality in `municipality_codes`."""
        return np.searchsorted(np.array(self.municipality_codes), self.population.municipality)

    def residents_of(self, code: str) -> int:
        return int(self.population.residents[self.population.municipality == code].sum())

    def by_transit(self, rows: npt.NDArray[np.int64]) -> Seconds:
        """Seconds from every cell to the nearest of these rows of `units` by public transport; see `torni.network.transit`."""
        from torni.network import transit

        return transit.nearest(self, rows)

    def no_transit(self) -> Message | None:
        """Why nothing can be told by public transport on the day; None when it can."""
        from torni.network import transit

        return transit.unusable(self)

    def travel_assumptions(self, mode: str) -> list[Message]:
        """What travel by a mode rests on, as sentences."""
        if mode == "transit":
            from torni.network import transit

            return transit.assumptions(self)
        return self.road_assumptions(mode)

    def road_assumptions(self, mode: str) -> list[Message]:
        """What travel by road rests on: the mode, what of the streets is not read, and how they are joined."""
        from torni.network.joined import joined_assumptions

        return (
            mode_assumptions(self.mode(mode)) + street_assumptions(self.roads_folder) + joined_assumptions(self, mode)
        )

    @property
    def timetable_file(self) -> Path | None:
        """The region's timetable (GTFS), or None."""
        return self.library.region.file("timetable.zip")


def load(region: str = "keski-suomi", *, on: date, invented: bool = True) -> Network:
    """The region's network on a day.

    `region`: id, name or county code. `invented=False` leaves the demonstration's invented units and sizes out.
    Raises BadInput for an unknown region or faulty definitions.
    """
    library = load_library(region, on=on)
    codes = municipality_codes(library)
    key = shipped.municipalities().filter(pl.col("municipality").is_in(codes))
    names = {
        row["municipality"]: Text(fi=row["name_fi"], sv=row["name_sv"], en=row["name_fi"])
        for row in key.select("municipality", "name_fi", "name_sv").iter_rows(named=True)
    }
    own_population = library.region.file("population.parquet")
    if own_population:
        stored = own_units.own_population(own_population)
        side = int(stored["side_m"][0])
        population = population_source.population_of(
            stored, side_m=side, turn_deg=0.0, version=shipped.version_of(own_population), own=True
        )
        population = restricted(population, codes) if library.region.municipalities else population
    else:
        population = population_source.census_grid(codes)
    own_roads = library.region.file("roads")
    road_version = shipped.version_of_all(own_roads) if own_roads else shipped.version("road_edges")
    every = _units(library, codes, invented=True)
    if faults := list(unknown_units(library, set(every["unit_id"].to_list()))):
        raise BadInput(*faults)
    units = open_on(every if invented else _units(library, codes, invented=False), on)
    known = frozenset(kind for kinds in units["kinds"].to_list() for kind in kinds)
    versions = {"population": population.version, "roads": road_version, "units": _version(units)}
    if own_timetable := library.region.file("timetable.zip"):
        versions["timetable"] = shipped.version_of(own_timetable)
    return Network(library, population, units, own_roads, names, known, versions)


def municipality_codes(library: Library) -> list[str]:
    return list(library.region.codes())


def mode_of(library: Library, name: str, side_m: int) -> Mode:
    """A mode of travel with every assumption taken from the parameters of the day."""
    base = "car" if name.startswith("car") else name
    within = library.number("travel.within_cell_share") * side_m / 1000
    return Mode(
        name=name,
        speed_kmh=library.table(f"travel.{name}.speed_kmh"),
        joining_kmh=library.number(f"travel.{base}.joining_kmh"),
        joining_detour=library.number("travel.joining_detour"),
        within_cell_km=round(within, 6),
        end_min=library.number(f"travel.{name}.end_min"),
        direct_km=library.number("travel.direct_km"),
        piece_km=library.number("travel.joining_piece_km"),
        gap_km=library.number("travel.joining_gap_km"),
        means=base,
        walking_kmh=library.number("travel.walk.joining_kmh"),
    )


def mode_assumptions(mode: Mode) -> list[Message]:
    """The mode's assumptions as sentences."""
    seen: dict[float, None] = {}
    for name in ("main", "regional", "connecting", "street"):
        if name in mode.speed_kmh:
            seen[mode.speed_kmh[name]] = None
    speeds = "/".join(f"{s:g}" for s in seen)
    led = [Message("Bicycles are led on foot on steps and where one dismounts, at {kmh} km/h", kmh=mode.walking_kmh)]
    led = led if mode.means == "bicycle" else []
    return [
        Message("Road speeds {speeds} km/h by road class, without congestion", speeds=speeds),
        Message(
            "Joining legs {kmh} km/h over the straight distance × {detour}, at least {km} km for a home; {end} min at the destination",
            kmh=mode.joining_kmh, detour=mode.joining_detour, km=mode.within_cell_km, end=mode.end_min,
        ),
        *led,
    ]  # fmt: skip


def kind_names(library: Library) -> dict[str, str]:
    """Every name of a kind of unit (id, aliases, names in three languages), lower case, to the kind."""
    out = {}
    for kind, value in library.unit_kinds.items():
        for name in (kind, *value.aliases, value.name.fi, value.name.sv, value.name.en):
            out[name.casefold()] = kind
    return out


def open_on(units: pl.DataFrame, day: date) -> pl.DataFrame:
    begun = pl.col("open_from").is_null() | (pl.col("open_from") <= day)
    not_ended = pl.col("open_to").is_null() | (pl.col("open_to") >= day)
    return units.filter(begun & not_ended)


def restricted(population: Population, codes: Sequence[str]) -> Population:
    keep = np.isin(population.municipality, list(codes))
    return replace(
        population, x=population.x[keep], y=population.y[keep], municipality=population.municipality[keep],
        residents=population.residents[keep], ages=population.ages[keep],
    )  # fmt: skip


def _units(library: Library, codes: Sequence[str], *, invented: bool) -> pl.DataFrame:
    own, kinds = library.region.file("units.csv"), kind_names(library)
    units = _unit_file(own, kinds) if own else unit_source.register(codes, kinds)
    if invented:
        sizes, more = library.region.file("demo/sizes.csv"), library.region.file("demo/units.csv")
        if sizes:
            given = own_units.own_sizes(sizes) if _is_own(sizes) else unit_source.region_sizes(sizes)
            units = unit_source.with_invented_sizes(units, given)
        if more:
            units = pl.concat([units, _unit_file(more, kinds, invented=True)])
    return units.unique("unit_id", keep="first", maintain_order=True)


def _unit_file(path: Path, kinds: Mapping[str, str], *, invented: bool = False) -> pl.DataFrame:
    if _is_own(path):
        return own_units.own_units(path, kinds, invented=invented)
    return unit_source.read_region_file(path, invented=invented)


def _is_own(path: Path) -> bool:
    """Does the file lie where a hand may have touched it since it was judged, and not among what is shipped?"""
    return path.resolve().is_relative_to(places.own_regions().resolve())


_graphs: dict[str, RoadGraph] = {}
_columns_lock = threading.RLock()


def _version(units: pl.DataFrame) -> str:
    return hashlib.sha256(units.write_json().encode()).hexdigest()[:12]
