"""Presence: at least so many units for each municipality, each producer, or the region."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from torni.core.language import Message
from torni.core.texts import Range, Whole
from torni.promises.finding import Counted as What
from torni.promises.finding import Finding, state_of
from torni.promises.ground import (
    ROUNDING,
    Counted,
    Ground,
    NetworkPromise,
    Times,
    UnitFilter,
    counted_units,
    places_table,
)

Holds = list[npt.NDArray[np.bool_]]
_COUNTED: dict[str, What] = {"municipality": "municipalities", "producer": "producers", "region": "region"}


class Residents(Range):
    """The sizes of municipality that a promise is made to."""


class PresencePromise(NetworkPromise):
    """At least so many units for each municipality, each producer, or the region."""

    kind: Literal["presence"]
    each: Literal["municipality", "producer", "region"]
    residents: Residents = Residents()
    at_least: Whole = Field(1, ge=1)
    serving: bool = Field(False, description="Count the units that serve the place, wherever they stand.")

    labels: ClassVar = {"presence": Message("Presence")}

    @property
    def mended_by(self) -> Literal["places"] | None:
        return "places" if self.each == "municipality" and not self.serving else None

    def measure(self, ground: Ground, service: str, times: Times) -> Finding:
        counted = counted_units(ground, self.unit)
        missing: list[Message] = []
        kind = ground.library.unit_kinds[self.unit.kind].name
        if self.each == "producer":
            places, holds = self._by_producer(ground, counted, missing)
        elif self.each == "municipality":
            places, holds = self._in_municipalities(ground, counted)
        else:
            places, holds = ["region"], [self._enough([len(c)]) for c in counted.cases]
        known, known_real = counted.known, counted.known_real
        if self.serving and known:
            known = known_real = bool(ground.units["serves"].is_not_null().any())
            if not known:
                missing.append(Message("which municipalities the units serve"))
        if not counted.known:
            missing.append(Message("no unit of the kind “{kind}” in the data of the unit network", kind=kind))
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
        if self.each == "municipality":
            people = np.array([ground.residents_of(code) for code in places], float)
            table = places_table(ground, places, people, np.where(lacking, people, 0.0))
            affected = round(float(people[lacking].sum())) if told else None
        else:
            table = places_table(ground, [], np.empty(0), np.empty(0))
            affected = (
                0
                if told and not lacking.any()
                else (int(ground.population.residents.sum()) if self.each == "region" and told else None)
            )
        assumptions = (
            [Message("A unit anywhere in the municipality counts")]
            if self.each == "municipality" and not self.serving
            else []
        )
        if self.unit.size_at_least == "S":
            assumptions.append(Message("Every unit of the kind counts as at least size S"))
        return self.found(
            ground, service, target=1.0, low=low, high=high, state=state_of(low, high, 1.0), told=told, counted=_COUNTED[self.each],
            met=float(bounds[0].sum()), total=float(total), affected=affected, by_municipality=table, assumptions=assumptions, missing=missing,
            invented=bool(any(not np.array_equal(a, b) for a, b in zip(bounds, real, strict=True))),
        )  # fmt: skip

    def _in_municipalities(self, ground: Ground, counted: Counted) -> tuple[list[str], Holds]:
        rule = self.residents
        places = [
            code for code in ground.municipality_codes
            if (rule.below is None or ground.residents_of(code) < rule.below)
            and (rule.at_least is None or ground.residents_of(code) >= rule.at_least)
        ]  # fmt: skip
        homes = ground.units["municipality"].to_list()
        serves = ground.units["serves"].to_list()
        holds = []
        for rows in counted.cases:
            where = [code for i in rows for code in ((serves[i] or []) if self.serving else [homes[i]])]
            holds.append(self._enough([where.count(code) for code in places]))
        return places, holds

    def _by_producer(self, ground: Ground, counted: Counted, missing: list[Message]) -> tuple[list[str], Holds]:
        producer = ground.units["producer"].to_list()
        whole = counted_units(ground, UnitFilter(kind=self.unit.kind))
        places = sorted({producer[i] for i in whole.sure if producer[i]})
        invented = ground.units["invented"].to_numpy() | ground.units["size_invented"].to_numpy()
        real = {producer[i] for i in whole.sure if producer[i] and not invented[i]}
        if not places and counted.known:
            missing.append(Message("which producer each unit belongs to"))
        holds = [self._enough([sum(producer[i] == p for i in rows) for p in places]) for rows in counted.cases]
        if set(places) != real:  # without the demonstration's producers nothing could be told
            holds[2], holds[3] = np.zeros(len(places), bool), np.ones(len(places), bool)
        return places, holds

    def _enough(self, counts: Iterable[int]) -> npt.NDArray[np.bool_]:
        return np.array([c >= self.at_least for c in counts], bool)
