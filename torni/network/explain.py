"""One finding's steps, and how its value moves when each assumption is changed: so that a council can argue with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core.faults import BadInput, bad_input
from torni.core.language import Message, number, shown, t
from torni.core.shown import Shown
from torni.network import transit
from torni.network.check import measure
from torni.network.region import Network, mode_of
from torni.promises.finding import Finding
from torni.promises.ground import SIZES, NetworkPromise, UnitFilter, counted_units
from torni.promises.kinds import of_network
from torni.promises.promise import Promise, Trip
from torni.services.library import Library, Value
from torni.services.schema import Service
from torni.sources import shipped

HISTOGRAM_MIN = 5


@dataclass(frozen=True)
class Effect:
    """One assumption changed: what, the value then (None when it cannot be told), and the state."""

    what: Message
    value: float | None
    state: str


@dataclass(frozen=True)
class Limit:
    """A parameter that a promise rests on, on the day."""

    id: str
    what: str
    value: Value

    @property
    def shown(self) -> str:
        number_ = float(self.value.value)  # type: ignore[arg-type]
        return number(number_, 2 if number_ % 1 else 0)


def limits_of(library: Library, promise: Promise) -> tuple[Limit, ...]:
    """The parameters that the promise names, those that have a value on the day."""
    out = []
    for name in promise.parameters:
        parameter = getattr(promise, name)
        if parameter:
            with suppress(BadInput):
                out.append(Limit(parameter, str(library.parameters[parameter].what), library.value(parameter)))
    return tuple(out)


@dataclass(frozen=True)
class Explanation(Shown):
    """A finding with all that it rests on.

    `units`: the rows counted (unit_id, name, municipality, size, source, invented, people nearest to it).
    `histogram`: from_min, people, inside; steps of five minutes, the last row open ended (from_min None: unreachable).
    `effects`: each assumption's own effect. `files`: where the definition's text is. `sources`: source titles. Of what happens no units are
    counted here: `parameters` are its limits, `events` the types of event that keep or break it, `data` whose records are complete up to when.
    """

    _shown_by: ClassVar[str] = "torni.notebook.shows:explanation"

    finding: Finding
    service: Service
    promise: Promise
    files: tuple[str, ...]
    source: str
    units: pl.DataFrame
    histogram: pl.DataFrame | None
    effects: tuple[Effect, ...]
    data: dict[str, str]
    parameters: tuple[Limit, ...] = ()
    events: tuple[str, ...] = ()


def explain(network: Network, promise_id: str) -> Explanation:
    """The steps of one promise's finding. Raises BadInput for an unknown promise."""
    service, promise = network_promise(network, promise_id)
    finding = measure(network, service, promise)
    counted = counted_units(network, promise.unit)
    units, histogram, effects = _units(network, counted.perhaps), None, []
    trip = promise.trip
    if trip and can_be_timed(network, trip):
        histogram = minutes_histogram(network, trip, nearest_seconds(network, trip))
    if trip and promise.by_road and len(counted.sure):
        units = units.with_columns(pl.Series("people", _catchment(network, trip, counted.perhaps, counted.sure)))
        effects = _effects(network, service, promise, trip)
    return Explanation(
        finding, service, promise, network.library.files[service.id],
        str(network.library.sources[promise.source].title), units, histogram, tuple(effects), data_described(network),
    )  # fmt: skip


def network_promise(network: Network, promise_id: str) -> tuple[Service, NetworkPromise]:
    """The promise of this id, about the network. Raises BadInput for an unknown one, and for one that events keep or break."""
    service, _ = network.library.promise(promise_id)
    for promise in of_network(service.promises):
        if f"{service.id}.{promise.id}" == promise_id:
            return service, promise
    raise bad_input(
        f'promise "{promise_id}"', t("is kept or broken by what happens, not by the network"), t("Ask it of a promise about units.")
    )  # fmt: skip


def nearest_seconds(network: Network, promise: Trip) -> npt.NDArray[np.uint16]:
    """Seconds from every cell to the nearest unit that counts; 65535 everywhere when none is known."""
    rows = counted_units(network, promise.unit).sure
    if promise.mode == "transit":
        return transit.nearest(network, rows)
    return network.nearest(promise.mode, [rows])[0]


def can_be_timed(network: Network, promise: Trip) -> bool:
    """Whether there are units to travel to, and a timetable of the day where one is needed."""
    known = len(counted_units(network, promise.unit).sure) > 0
    return known and (promise.mode != "transit" or transit.unusable(network) is None)


def minutes_histogram(network: Network, promise: Trip, seconds: npt.NDArray[np.uint16]) -> pl.DataFrame:
    people = network.people(promise.population)
    reached = seconds < np.iinfo(np.uint16).max
    # A trip of exactly 30 minutes is within 30: bins are open below and closed above.
    bins = np.maximum(0, np.ceil(seconds / 60 / HISTOGRAM_MIN).astype(int) - 1)
    longest = max(24, promise.within_min // HISTOGRAM_MIN)
    bins = np.minimum(bins, longest)
    count = np.bincount(bins[reached], people[reached], longest + 1)
    last = max(int(np.flatnonzero(count > 0).max(initial=0)), promise.within_min // HISTOGRAM_MIN)
    rows: list[tuple[int | None, float, bool]] = [
        (i * HISTOGRAM_MIN, float(count[i]), (i + 1) * HISTOGRAM_MIN <= promise.within_min) for i in range(last + 1)
    ]
    if not reached.all():
        rows.append((None, float(people[~reached].sum()), False))
    return pl.DataFrame(rows, schema={"from_min": pl.Int64, "people": pl.Float64, "inside": pl.Boolean}, orient="row")


def data_described(network: Network) -> dict[str, str]:
    """Each data set with its version."""
    known = {
        str(Message("population")): f"{network.data_versions['population']}",
        str(Message("roads")): f"{network.data_versions['roads']}",
        str(Message("units")): f"{network.data_versions['units']}",
    }
    if "timetable" in network.data_versions:
        known[str(Message("timetable"))] = network.data_versions["timetable"]
    return known


def _units(network: Network, rows: npt.NDArray[np.int64]) -> pl.DataFrame:
    table = network.units.select(
        "unit_id", "name", "municipality", "size", "opening", "producer", "source",
        (pl.col("invented") | pl.col("size_invented")).alias("invented"),
    )[rows]  # fmt: skip
    names = {code: str(name) for code, name in network.names.items()}
    return table.with_columns(pl.col("municipality").replace(names), pl.lit(None, pl.Float64).alias("people"))


def _catchment(
    network: Network, promise: Trip, rows: npt.NDArray[np.int64], sure: npt.NDArray[np.int64]
) -> list[float | None]:
    """People to whom each unit is the nearest (ties to the first); None for a unit that may not count."""
    columns = np.stack(network.times(promise.mode, sure))
    nearest = columns.argmin(axis=0)
    reached = columns.min(axis=0) < np.iinfo(np.uint16).max
    people = np.bincount(nearest[reached], network.people(promise.population)[reached], len(sure))
    of = {int(row): float(people[i]) for i, row in enumerate(sure)}
    return [of.get(int(row)) for row in rows]


def _effects(network: Network, service: Service, promise: NetworkPromise, trip: Trip) -> list[Effect]:
    mode = mode_of(network.library, trip.mode, network.population.side_m)
    tried = [
        (Message("Road speeds −20 %"), trip.mode, mode.faster(0.8)),
        (Message("Road speeds +20 %"), trip.mode, mode.faster(1.2)),
        (Message("Joining legs twice as long"), trip.mode, mode.replace(joining_detour=mode.joining_detour * 2)),
        (Message("Joining legs straight"), trip.mode, mode.replace(joining_detour=1.0)),
        (Message("Destination (parking) +5 min"), trip.mode, mode.replace(end_min=mode.end_min + 5)),
    ]
    if trip.mode == "car":
        helsinki = mode_of(network.library, "car_helsinki_daytime", network.population.side_m)
        tried.append((Message("Traffic as in Helsinki at midday (speeds and parking)"), trip.mode, helsinki))
    out = []
    for what, name, changed in tried:
        out.append(_effect(what, measure(network.with_mode(name, changed), service, promise)))
    needed = promise.unit.size_at_least
    for size in SIZES if needed else ():
        if size != needed:
            other = promise.model_copy(update={"unit": UnitFilter(kind=promise.unit.kind, size_at_least=size)})
            out.append(
                _effect(Message("Units of size {size} and larger count", size=size), measure(network, service, other))
            )
    for minutes in (trip.within_min - 10, trip.within_min + 10):
        if minutes > 0:
            other = promise.model_copy(update={"within_min": minutes})
            out.append(_effect(Message("Limit {minutes} min", minutes=minutes), measure(network, service, other)))
    if network.units["invented"].any() or network.units["size_invented"].any():
        real = network.with_units(without_invented(network.units))
        out.append(_effect(Message("Without invented units and sizes"), measure(real, service, promise)))
    return out


def without_invented(units: pl.DataFrame) -> pl.DataFrame:
    """Only real units, with only the sizes that are known."""
    return units.filter(~pl.col("invented")).with_columns(
        pl.when("size_invented").then(None).otherwise(pl.col("size")).alias("size"), pl.lit(False).alias("size_invented"),
    )  # fmt: skip


def _effect(what: Message, finding: Finding) -> Effect:
    return Effect(what, finding.value, finding.state)


def sources_of_data() -> pl.DataFrame:
    """The shipped data with its origin, year and licence: file, what, source, year, licence, note; in the language of the moment."""
    import yaml

    content = yaml.safe_load((shipped.DATA / "SOURCES.yaml").read_text(encoding="utf-8"))
    return pl.DataFrame(
        [
            {"file": f, **{k: str(shown(v.get(k, ""))) for k in ("what", "source", "year", "licence", "note")}}
            for f, v in content.items()
        ]
    )
