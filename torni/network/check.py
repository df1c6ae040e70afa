"""Which network promises hold: each one measured on residents, units and roads."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core.language import Message
from torni.engines.travel import Seconds
from torni.network import transit
from torni.network.region import Network, mode_assumptions
from torni.network.unread import street_assumptions
from torni.services.finding import Finding, state_of
from torni.services.schema import FeaturePromise, PresencePromise, ReachPromise, Service, UnitFilter
from torni.sources.population import AGE_GROUPS, POPULATIONS, Population

if TYPE_CHECKING:
    from torni.services.library import AnyPromise

SIZES = ("S", "M", "L")
ROUNDING = 1e-9  # shares of fractional people carry float noise, never a person
Rows = npt.NDArray[np.int64]


def check(network: Network, *, pattern: str = "*") -> list[Finding]:
    """Every promise whose id (`service.promise`) fits the pattern, measured; in the sapluuna's order.

    A pattern without wildcards also fits as a part of the id. Nothing is considered but reach, presence and features
    of units: waits, capacity and quality have promises of their own kinds.
    """
    chosen = [(s, p) for s, p in network.library.promises() if fits(f"{s.id}.{p.id}", pattern)]
    groups = _Groups(network)
    for _, promise in chosen:
        if isinstance(promise, ReachPromise) and promise.mode != "transit":
            for counted in counted_units(network, promise.unit).cases:
                groups.want(promise.mode, counted)
    return [measure(network, service, promise, groups.seconds) for service, promise in chosen]


def fits(promise_id: str, pattern: str) -> bool:
    if any(c in pattern for c in "*?["):
        return fnmatch.fnmatchcase(promise_id, pattern)
    return pattern in promise_id


Times = Callable[[str, Rows], Seconds]


def measure(network: Network, service: Service, promise: AnyPromise, times: Times | None = None) -> Finding:
    """One promise measured. `times(mode, rows)`: seconds from every cell to the nearest of these unit rows."""
    if isinstance(promise, ReachPromise):
        return _reach(network, service, promise, times or _Groups(network).seconds)
    if isinstance(promise, PresencePromise):
        return _presence(network, service, promise)
    return _feature(network, service, promise)


@dataclass(frozen=True)
class Counted:
    """Which unit rows count: for sure, perhaps (size unknown), and the same without invented data."""

    sure: Rows
    perhaps: Rows
    sure_real: Rows
    perhaps_real: Rows
    known: bool
    known_real: bool

    @property
    def cases(self) -> list[Rows]:
        return [self.sure, self.perhaps, self.sure_real, self.perhaps_real]


def counted_units(network: Network, wanted: UnitFilter) -> Counted:
    units = network.units
    offers = np.array([wanted.kind in kinds for kinds in units["kinds"].to_list()], bool)
    if wanted.unit_ids:
        offers &= np.isin(units["unit_id"].to_numpy().astype(str), wanted.unit_ids)
    size = units["size"].to_list()
    rank = np.array([SIZES.index(s) if s in SIZES else -1 for s in size])
    # S is the smallest: every unit of the kind meets it, whatever is known of its size.
    needed = SIZES.index(wanted.size_at_least) if wanted.size_at_least else 0
    large = rank >= needed if needed else np.ones(len(rank), bool)
    unstated = (rank < 0) & (needed > 0)
    invented = units["invented"].to_numpy().astype(bool)
    size_invented = units["size_invented"].to_numpy().astype(bool) & (needed > 0)
    real_kinds = {
        k for kinds, made_up in zip(units["kinds"].to_list(), invented, strict=True) if not made_up for k in kinds
    }
    return Counted(
        sure=np.flatnonzero(offers & large),
        perhaps=np.flatnonzero(offers & (large | unstated)),
        sure_real=np.flatnonzero(offers & ~invented & large & ~size_invented),
        perhaps_real=np.flatnonzero(offers & ~invented & (large | unstated | size_invented)),
        known=wanted.kind in network.known_kinds,
        known_real=wanted.kind in real_kinds,
    )


class _Groups:
    """The groups of units that are asked for, each mode's searched together."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.wanted: dict[str, dict[bytes, Rows]] = {}
        self.known: dict[tuple[str, bytes], Seconds] = {}

    def want(self, mode: str, rows: Rows) -> None:
        self.wanted.setdefault(mode, {})[rows.tobytes()] = rows

    def seconds(self, mode: str, rows: Rows) -> Seconds:
        if (mode, rows.tobytes()) not in self.known:
            self.want(mode, rows)
            keys = [k for k in self.wanted[mode] if (mode, k) not in self.known]
            found = self.network.nearest(mode, [self.wanted[mode][k] for k in keys])
            self.known |= {(mode, k): seconds for k, seconds in zip(keys, found, strict=True)}
        return self.known[mode, rows.tobytes()]


def _reach(network: Network, service: Service, promise: ReachPromise, times: Times) -> Finding:
    people = network.people(promise.population)
    total = float(people.sum())
    counted = counted_units(network, promise.unit)
    missing: list[Message] = []
    kind = network.library.unit_kinds[promise.unit.kind].name
    lacking = transit.unusable(network) if promise.mode == "transit" else None
    if lacking:
        missing.append(lacking)
        bounds, real = [], []
    else:
        found = [_minutes_to(network, promise, rows, times) for rows in counted.cases]
        bounds, real = found[:2], found[2:]
    if not counted.known:
        missing.append(Message("no unit of the kind “{kind}” in the data", kind=kind))
    elif len(counted.perhaps) > len(counted.sure):
        missing.append(Message("the size of {count} units", count=len(counted.perhaps) - len(counted.sure)))
    limit = promise.within_min * 60
    nothing = np.zeros(len(people))
    inside = [np.where(s <= limit, people, 0.0) for s in bounds] if counted.known and bounds else [nothing, people]
    inside_real = (
        [np.where(s <= limit, people, 0.0) for s in real] if counted.known_real and real else [nothing, people]
    )
    low, high = (float(i.sum()) / total if total else 0.0 for i in inside)
    target = float(promise.share)
    state = state_of(low + ROUNDING, high + ROUNDING, target)
    told = abs(low - high) < ROUNDING
    outside = people - inside[0]
    assumptions = _of_residents(network.population)
    if promise.mode != "transit":
        assumptions += mode_assumptions(network.mode(promise.mode)) + street_assumptions(network.roads_folder)
    elif bounds:
        assumptions += transit.assumptions(network)
    if promise.population != "residents":
        assumptions.append(Message("Ages within a cell refined by the municipality's 2018 age bands"))
        if network.population.own and (without := network.population.without_ages):
            assumptions.append(Message("Of {count} residents the region's own table tells no ages: taken as in its other cells of the municipality, or as in the whole country", count=without))  # fmt: skip
    if promise.stands_in_for:
        assumptions.append(
            Message(
                "Measured on residents {ages}, who stand in for {group}",
                ages=population_name(promise.population),
                group=promise.stands_in_for.model_dump(),
            )
        )
    if promise.unit.size_at_least == "S":
        assumptions.append(Message("Every unit of the kind counts as at least size S"))
    if counted.known:
        assumptions.append(Message("Only the region's own units count"))
    return _finding(
        network, service, promise, target=target, low=low, high=high, state=state, told=told, counted="residents",
        met=total - float(outside.sum()), total=total,
        affected=round(float(outside.sum())) if told else None,
        by_municipality=_by_municipality(network, people, outside, bounds[0] if bounds and counted.known else None),
        by_age=_by_age(network, promise, bounds[0] if bounds and counted.known else None, limit),
        assumptions=assumptions, missing=missing,
        invented=bool(abs(low - float(inside_real[0].sum()) / max(total, 1)) > ROUNDING or abs(high - float(inside_real[1].sum()) / max(total, 1)) > ROUNDING),
    )  # fmt: skip


def _of_residents(population: Population) -> list[Message]:
    if population.own:
        return [
            Message(
                "Residents of the region's own table, cells of {side} m as told at its import", side=population.side_m
            )
        ]
    return [Message("Residents of the 2021 census grid, {side} km cells", side=population.side_m / 1000)]


def _minutes_to(network: Network, promise: ReachPromise, rows: Rows, times: Times) -> Seconds:
    if promise.mode == "transit":
        return transit.nearest(network, rows)
    return times(promise.mode, rows)


def _presence(network: Network, service: Service, promise: PresencePromise) -> Finding:
    counted = counted_units(network, promise.unit)
    missing: list[Message] = []
    kind = network.library.unit_kinds[promise.unit.kind].name
    if promise.each == "producer":
        places, holds = _by_producer(network, promise, counted, missing)
    elif promise.each == "municipality":
        places, holds = _in_municipalities(network, promise, counted)
    else:
        places, holds = ["region"], [_at_least(promise, [len(c)]) for c in counted.cases]
    known, known_real = counted.known, counted.known_real
    if promise.serving and known:
        known = known_real = bool(network.units["serves"].is_not_null().any())
        if not known:
            missing.append(Message("which municipalities the units serve"))
    if not counted.known:
        missing.append(Message("no unit of the kind “{kind}” in the data", kind=kind))
    elif known and not np.array_equal(holds[0], holds[1]):
        missing.append(Message("the size of {count} units", count=len(counted.perhaps) - len(counted.sure)))
    none, every = np.zeros(len(places), bool), np.ones(len(places), bool)
    if missing and not places:
        none, every = np.zeros(1, bool), np.ones(1, bool)
    bounds = holds[:2] if known and places else [none, every]
    real = holds[2:] if known_real and places else [none, every]
    total = len(bounds[0])
    low, high = (float(b.sum()) / total if total else 1.0 for b in bounds)
    told = abs(low - high) < ROUNDING
    lacking = ~bounds[0]
    if promise.each == "municipality":
        people = np.array([network.residents_of(code) for code in places], float)
        table = _places_table(network, places, people, np.where(lacking, people, 0.0))
        affected = round(float(people[lacking].sum())) if told else None
    else:
        table = _places_table(network, [], np.empty(0), np.empty(0))
        affected = (
            0
            if told and not lacking.any()
            else (int(network.population.residents.sum()) if promise.each == "region" and told else None)
        )
    assumptions = (
        [Message("A unit anywhere in the municipality counts")]
        if promise.each == "municipality" and not promise.serving
        else []
    )
    if promise.unit.size_at_least == "S":
        assumptions.append(Message("Every unit of the kind counts as at least size S"))
    return _finding(
        network, service, promise, target=1.0, low=low, high=high, state=state_of(low, high, 1.0), told=told,
        counted={"municipality": "municipalities", "producer": "producers", "region": "region"}[promise.each],
        met=float(bounds[0].sum()), total=float(total), affected=affected, by_municipality=table, by_age=None,
        assumptions=assumptions, missing=missing,
        invented=bool(any(not np.array_equal(a, b) for a, b in zip(bounds, real, strict=True))),
    )  # fmt: skip


def _in_municipalities(
    network: Network, promise: PresencePromise, counted: Counted
) -> tuple[list[str], list[npt.NDArray[np.bool_]]]:
    rule = promise.residents
    places = [
        code for code in network.municipality_codes
        if (rule.below is None or network.residents_of(code) < rule.below)
        and (rule.at_least is None or network.residents_of(code) >= rule.at_least)
    ]  # fmt: skip
    homes = network.units["municipality"].to_list()
    serves = network.units["serves"].to_list()
    holds = []
    for rows in counted.cases:
        where = [code for i in rows for code in ((serves[i] or []) if promise.serving else [homes[i]])]
        holds.append(_at_least(promise, [where.count(code) for code in places]))
    return places, holds


def _by_producer(
    network: Network, promise: PresencePromise, counted: Counted, missing: list[Message]
) -> tuple[list[str], list[npt.NDArray[np.bool_]]]:
    producer = network.units["producer"].to_list()
    whole = counted_units(network, UnitFilter(kind=promise.unit.kind))
    places = sorted({producer[i] for i in whole.sure if producer[i]})
    invented = network.units["invented"].to_numpy() | network.units["size_invented"].to_numpy()
    real = {producer[i] for i in whole.sure if producer[i] and not invented[i]}
    if not places and counted.known:
        missing.append(Message("which producer each unit belongs to"))
    holds = [_at_least(promise, [sum(producer[i] == p for i in rows) for p in places]) for rows in counted.cases]
    if set(places) != real:  # without the demonstration's producers nothing could be told
        holds[2], holds[3] = np.zeros(len(places), bool), np.ones(len(places), bool)
    return places, holds


def _at_least(promise: PresencePromise, counts: Iterable[int]) -> npt.NDArray[np.bool_]:
    return np.array([c >= promise.at_least for c in counts], bool)


def _feature(network: Network, service: Service, promise: FeaturePromise) -> Finding:
    counted = counted_units(network, promise.unit)
    stated = network.units[promise.feature].to_list()
    invented = network.units["size_invented"].to_numpy() if promise.feature == "size" else np.zeros(len(stated), bool)

    def share(rows: Rows, known: Callable[[int], bool]) -> tuple[float, float, int]:
        has = sum(1 for i in rows if known(i) and stated[i] is not False)
        unknown = sum(1 for i in rows if not known(i))
        count = len(rows)
        return (has / count, (has + unknown) / count, unknown) if count else (0.0, 1.0, 0)

    low, high, unknown = share(counted.sure, lambda i: stated[i] is not None)
    real = share(counted.sure_real, lambda i: stated[i] is not None and not invented[i])
    missing = []
    if not len(counted.sure):
        missing.append(
            Message("no unit of the kind “{kind}” in the data", kind=network.library.unit_kinds[promise.unit.kind].name)
        )
    elif unknown:
        what = (
            Message("the size of {count} units", count=unknown)
            if promise.feature == "size"
            else Message("whether {count} units serve electronically", count=unknown)
        )
        missing.append(what)
    target = float(promise.share)
    state, told = state_of(low, high, target), low == high
    return _finding(
        network, service, promise, target=target, low=low, high=high, state=state, told=told, counted="units",
        met=round(low * len(counted.sure)), total=float(len(counted.sure)), affected=0 if told and low == 1 else None,
        by_municipality=_places_table(network, [], np.empty(0), np.empty(0)), by_age=None, assumptions=[], missing=missing,
        invented=(low, high) != real[:2],
    )  # fmt: skip


def _finding(
    network: Network, service: Service, promise: AnyPromise, *, told: bool, low: float, high: float, **rest: object
) -> Finding:
    return Finding(
        id=f"{service.id}.{promise.id}", service=service.id, promise=promise, sentence=promise.sentence,
        value=low if told else None, low=low, high=high,
        definition_version=network.library.version(service.id), data_versions=network.data_versions, as_of=network.as_of,
        **{**rest, "assumptions": tuple(rest["assumptions"]), "missing": tuple(rest["missing"])},  # type: ignore[arg-type]
    )  # fmt: skip


def _by_municipality(
    network: Network, people: npt.NDArray[np.float64], outside: npt.NDArray[np.float64], seconds: Seconds | None
) -> pl.DataFrame:
    index, count = network.municipality_index, len(network.municipality_codes)
    of = np.bincount(index, people, count).astype(float)
    table = _places_table(network, network.municipality_codes, of, np.bincount(index, outside, count).astype(float))
    if seconds is None:
        return table.with_columns(pl.lit(None, pl.Float64).alias("mean_min"))
    reached = seconds < np.iinfo(np.uint16).max
    minutes = np.bincount(index, np.where(reached, people * seconds / 60, 0.0), count)
    weight = np.bincount(index, np.where(reached, people, 0.0), count)
    return table.with_columns(
        pl.Series("mean_min", np.where(weight > 0, minutes / np.maximum(weight, 1e-12), np.nan)).fill_nan(None)
    )


def _places_table(
    network: Network, codes: list[str], people: npt.NDArray[np.float64], outside: npt.NDArray[np.float64]
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "municipality": codes,
            "name": [str(network.names[c]) if c in network.names else c for c in codes],
            "residents": np.asarray(people, float),
            "outside": np.asarray(outside, float),
            "share": np.where(people > 0, 1 - outside / np.maximum(people, 1e-12), 1.0) if len(codes) else np.empty(0),
        },
        schema={
            "municipality": pl.String,
            "name": pl.String,
            "residents": pl.Float64,
            "outside": pl.Float64,
            "share": pl.Float64,
        },
    )


def _by_age(network: Network, promise: ReachPromise, seconds: Seconds | None, limit: int) -> pl.DataFrame:
    groups = POPULATIONS[promise.population]
    rows = []
    for group in groups:
        people = network.population.ages[:, AGE_GROUPS.index(group)]
        total = float(people.sum())
        outside = float(people[seconds > limit].sum()) if seconds is not None else float("nan")
        rows.append((group, total, outside, 1 - outside / total if total else 1.0))
    return pl.DataFrame(rows, schema=["age_group", "people", "outside", "share"], orient="row").with_columns(
        pl.col("outside", "share").fill_nan(None))  # fmt: skip


def population_name(population: str) -> str:
    """A population as people say it: 65+, 18-64."""
    ages = population.removeprefix("aged_")
    return ages.removesuffix("_plus") + "+" if ages.endswith("_plus") else ages.replace("_", "–")
