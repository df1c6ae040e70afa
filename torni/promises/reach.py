"""Reach: a share of a population reaches a unit within so many minutes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from torni.core.language import Message, per_cent
from torni.core.texts import Identifier, Text, Whole
from torni.engines.travel import Seconds
from torni.promises.finding import Finding, state_of
from torni.promises.ground import ROUNDING, Ground, NetworkPromise, Rows, Times, counted_units, places_table
from torni.promises.promise import Trip
from torni.sources.population import AGE_GROUPS, POPULATIONS

Mode = Literal["car", "bicycle", "walk", "transit"]


class ReachPromise(NetworkPromise):
    """A share of a population reaches a unit within so many minutes."""

    kind: Literal["reach"]
    population: Identifier = Field("residents", description="residents, or an age group such as aged_65_plus")
    stands_in_for: Text | None = Field(
        None, description="Whom the population stands in for, where theirs is not known."
    )
    mode: Mode = "car"
    within_min: Whole = Field(gt=0, le=600)
    share: Decimal = Field(gt=0, le=1)

    labels: ClassVar = {"reach": Message("Reach")}
    remedies: ClassVar = {"within_min": "Write whole minutes, such as: within_min: 30"}

    @property
    def target(self) -> float:
        return float(self.share)

    @property
    def trip(self) -> Trip:
        return self

    @property
    def mended_by(self) -> Literal["sites"] | None:
        return "sites" if self.by_road else None

    def references(self) -> Iterator[tuple[tuple[str | int, ...], str, str, str]]:
        yield from super().references()
        yield ("population",), self.population, "population", "a population"

    def value_text(self, f: Finding) -> str:
        return super().value_text(f) if f.value is None else per_cent(f.value)

    def target_text(self, f: Finding) -> str:
        return "≥ " + per_cent(f.target, 0 if abs(f.target * 100 - round(f.target * 100)) < 1e-9 else 1)

    def particulars(self) -> dict[str, Any]:
        return {"mode": self.mode, "within_min": self.within_min}

    def measure(self, ground: Ground, service: str, times: Times) -> Finding:
        people = ground.people(self.population)
        total = float(people.sum())
        counted = counted_units(ground, self.unit)
        missing: list[Message] = []
        kind = ground.library.unit_kinds[self.unit.kind].name
        lacking = ground.no_transit() if self.mode == "transit" else None
        if lacking:
            missing.append(lacking)
            bounds, real = [], []
        else:
            found = [self._seconds(ground, rows, times) for rows in counted.cases]
            bounds, real = found[:2], found[2:]
        if not counted.known:
            missing.append(Message("no unit of the kind “{kind}” in the data of the unit network", kind=kind))
        elif len(counted.perhaps) > len(counted.sure):
            missing.append(Message("the size of {count} units", count=len(counted.perhaps) - len(counted.sure)))
        limit = self.within_min * 60
        nothing = np.zeros(len(people))
        inside = [np.where(s <= limit, people, 0.0) for s in bounds] if counted.known and bounds else [nothing, people]
        inside_real = (
            [np.where(s <= limit, people, 0.0) for s in real] if counted.known_real and real else [nothing, people]
        )
        low, high = (float(i.sum()) / total if total else 0.0 for i in inside)
        told = abs(low - high) < ROUNDING
        outside = people - inside[0]
        nearest = bounds[0] if bounds and counted.known else None
        return self.found(
            ground, service, target=self.target, low=low, high=high, told=told, counted="residents",
            state=state_of(low + ROUNDING, high + ROUNDING, self.target), met=total - float(outside.sum()), total=total,
            affected=round(float(outside.sum())) if told else None,
            by_municipality=_by_municipality(ground, people, outside, nearest), by_age=self._by_age(ground, nearest),
            assumptions=self._assumptions(ground, counted.known, timed=bool(bounds)), missing=missing,
            invented=bool(abs(low - float(inside_real[0].sum()) / max(total, 1)) > ROUNDING or abs(high - float(inside_real[1].sum()) / max(total, 1)) > ROUNDING),
        )  # fmt: skip

    def _seconds(self, ground: Ground, rows: Rows, times: Times) -> Seconds:
        return ground.by_transit(rows) if self.mode == "transit" else times(self.mode, rows)

    def _assumptions(self, ground: Ground, known: bool, *, timed: bool) -> list[Message]:
        population = ground.population
        out = [Message("Residents of the 2021 census grid, {side} km cells", side=population.side_m / 1000)]
        if population.own:
            out = [
                Message(
                    "Residents of the region's own table, cells of {side} m as told at its import",
                    side=population.side_m,
                )
            ]
        if self.mode != "transit" or timed:
            out += ground.travel_assumptions(self.mode)
        if self.population != "residents":
            out.append(Message("Ages within a cell refined by the municipality's 2018 age bands"))
            if population.own and (without := population.without_ages):
                out.append(Message("Of {count} residents the region's own table tells no ages: taken as in its other cells of the municipality, or as in the whole country", count=without))  # fmt: skip
        if self.stands_in_for:
            out.append(
                Message(
                    "Measured on residents {ages}, who stand in for {group}",
                    ages=population_name(self.population),
                    group=self.stands_in_for.model_dump(),
                )
            )
        if self.unit.size_at_least == "S":
            out.append(Message("Every unit of the kind counts as at least size S"))
        if known:
            out.append(Message("Only the region's own units count"))
        return out

    def _by_age(self, ground: Ground, seconds: Seconds | None) -> pl.DataFrame:
        rows = []
        for group in POPULATIONS[self.population]:
            people = ground.population.ages[:, AGE_GROUPS.index(group)]
            total = float(people.sum())
            outside = float(people[seconds > self.within_min * 60].sum()) if seconds is not None else float("nan")
            rows.append((group, total, outside, 1 - outside / total if total else 1.0))
        return pl.DataFrame(rows, schema=["age_group", "people", "outside", "share"], orient="row").with_columns(
            pl.col("outside", "share").fill_nan(None))  # fmt: skip


def _by_municipality(
    ground: Ground, people: npt.NDArray[np.float64], outside: npt.NDArray[np.float64], seconds: Seconds | None
) -> pl.DataFrame:
    index, count = ground.municipality_index, len(ground.municipality_codes)
    of = np.bincount(index, people, count).astype(float)
    table = places_table(ground, ground.municipality_codes, of, np.bincount(index, outside, count).astype(float))
    if seconds is None:
        return table.with_columns(pl.lit(None, pl.Float64).alias("mean_min"))
    reached = seconds < np.iinfo(np.uint16).max
    minutes = np.bincount(index, np.where(reached, people * seconds / 60, 0.0), count)
    weight = np.bincount(index, np.where(reached, people, 0.0), count)
    return table.with_columns(
        pl.Series("mean_min", np.where(weight > 0, minutes / np.maximum(weight, 1e-12), np.nan)).fill_nan(None)
    )


def population_name(population: str) -> str:
    """A population as people say it: 65+, 18-64."""
    ages = population.removeprefix("aged_")
    return ages.removesuffix("_plus") + "+" if ages.endswith("_plus") else ages.replace("_", "–")
