"""What a tried plan costs a year: the units it opens, closes and resizes, and the residents' trips; what is not known is said.

A unit's fixed cost is the parameter `cost.unit_year.KIND` by its size, the trips' are `cost.travel_minute` and `cost.visits_year.KIND`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from torni.core.faults import BadInput
from torni.core.language import Message
from torni.network.plan import Step
from torni.network.region import Network
from torni.network.what_if import WhatIf
from torni.services.library import Library


@dataclass(frozen=True)
class PlanCost:
    """Euros a year, more is a plus. `units`: of the organiser; `travel`: of the residents; None where nothing of it is known. `unknown`:
    what the definitions do not tell, each once. `invented`: whether any amount is. Not considered: what building or moving costs once,
    and that staff and visits go on elsewhere when a unit closes."""

    units: float | None
    travel: float | None
    unknown: tuple[Message, ...]
    invented: bool


def cost_of(found: WhatIf, before: Network) -> PlanCost:
    """The yearly cost of a plan against the network `before` it."""
    library = found.network.library
    units: list[float] = []
    unknown: dict[str, Message] = {}
    sources: list[str] = []
    known = {
        row["unit_id"]: (list(row["kinds"]), row["size"])
        for row in before.units.select("unit_id", "kinds", "size").iter_rows(named=True)
    }
    kinds: dict[str, None] = {}
    for step in found.plan.steps:
        for kind, was, now in _changes(step, known):
            kinds[kind] = None
            if was == now:
                continue
            amounts = [_of_unit(library, kind, size, sources) if size is not None else 0.0 for size in (was, now)]
            if None in amounts:
                name = library.unit_kinds[kind].name.model_dump()
                unknown[kind] = Message("what a unit of this kind costs a year: {kind}", kind=name)
            else:
                units.append((amounts[1] or 0.0) - (amounts[0] or 0.0))
        if step.verb == "hours":
            unknown["hours"] = Message("what other opening hours cost")
        if step.verb == "move":
            unknown["move"] = Message("what moving a unit costs")
    travel = [_travel(found, kind, sources, unknown) for kind in kinds]
    trips = [t for t in travel if t is not None]
    return PlanCost(
        sum(units) if units else None, sum(trips) if trips else None, tuple(unknown.values()),
        any(library.value(name).source.invented for name in sources),
    )  # fmt: skip


def _changes(step: Step, known: dict[str, tuple[list[str], str | None]]) -> list[tuple[str, str | None, str | None]]:
    """Of each kind that a step touches: its size before and after, "" where it has none, None where there is no unit."""
    kinds, size = known.get(step.unit, ([], None))
    if step.verb == "open":
        known[step.unit] = ([step.kind or ""], step.size)
        return [(step.kind or "", None, step.size or "")]
    if step.verb == "close":
        gone = [step.kind] if step.kind else kinds
        known[step.unit] = ([k for k in kinds if k not in gone], size)
        return [(k, size or "", None) for k in gone]
    if step.verb == "resize":
        known[step.unit] = (kinds, step.size)
        return [(k, size or "", step.size or "") for k in kinds]
    return [(k, size or "", size or "") for k in kinds]


def _of_unit(library: Library, kind: str, size: str, sources: list[str]) -> float | None:
    value = _value(library, f"cost.unit_year.{kind}", sources)
    found = value.get(size) if isinstance(value, Mapping) else value
    return None if found is None else float(found)


def _travel(found: WhatIf, kind: str, sources: list[str], unknown: dict[str, Message]) -> float | None:
    """The residents' trips to units of the kind, there and back, by the first promise of reach to them by car."""
    library = found.network.library
    reach = next((c.after for c in found.changes if (trip := c.after.promise.trip) and trip.unit.kind == kind and trip.mode == "car"), None)  # fmt: skip
    minute, visits = (
        _value(library, "cost.travel_minute", sources),
        _value(library, f"cost.visits_year.{kind}", sources),
    )
    if reach is None or not isinstance(minute, Decimal) or not isinstance(visits, Decimal):
        name = library.unit_kinds[kind].name.model_dump() if kind in library.unit_kinds else kind
        unknown[f"travel {kind}"] = Message("how often residents travel to units of this kind: {kind}", kind=name)
        return None
    rows = found.minutes.filter(pl.col("promise") == reach.id)
    minutes = float((rows["lose_min"] - rows["gain_min"]).sum()) if len(rows) else 0.0
    return minutes * 2 * float(visits) * float(minute)


def _value(library: Library, name: str, sources: list[str]) -> Decimal | Mapping[str, Decimal] | None:
    try:
        found = library.value(name).value
    except BadInput:
        return None
    sources.append(name)
    return found
