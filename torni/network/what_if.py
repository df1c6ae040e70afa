"""What a tried change does: every promise before and after, what flips, who gains and who loses minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from torni.core.shown import Shown
from torni.network.check import check, measure
from torni.network.plan import NetworkPlan, applied
from torni.network.region import Network
from torni.promises.finding import Finding
from torni.promises.ground import counted_units
from torni.promises.promise import Trip
from torni.sources.population import AGE_GROUPS

NOTICED_S = 60  # a change of a minute or more is a gain or a loss


@dataclass(frozen=True)
class PromiseChange:
    """One promise before and after. `flips`: its state is another."""

    before: Finding
    after: Finding

    @property
    def flips(self) -> bool:
        return self.before.state != self.after.state

    @property
    def moved(self) -> bool:
        return (self.before.low, self.before.high) != (self.after.low, self.after.high)


@dataclass(frozen=True)
class WhatIf(Shown):
    """A plan's effect.

    `changes`: every promise in order. `minutes`: one row a reach promise and municipality with any change: promise,
    municipality, name, gain (people whose trip shortens by a minute or more), lose, gain_min, lose_min (person-minutes).
    `minutes_by_age`: the same by age group.
    """

    _shown_by: ClassVar[str] = "torni.notebook.shows:what_if"

    plan: NetworkPlan
    network: Network
    changes: tuple[PromiseChange, ...]
    minutes: pl.DataFrame
    minutes_by_age: pl.DataFrame

    @property
    def flips(self) -> tuple[PromiseChange, ...]:
        return tuple(change for change in self.changes if change.flips)

    def table(self) -> pl.DataFrame:
        """One row a promise: promise, sentence, before, after (shares), state_before, state_after, flips, affected_*."""
        return pl.DataFrame(
            [
                {
                    "promise": c.before.id, "sentence": str(c.before.sentence), "target": c.before.target,
                    "before": c.before.value, "after": c.after.value, "state_before": c.before.state,
                    "state_after": c.after.state, "flips": c.flips,
                    "affected_before": c.before.affected, "affected_after": c.after.affected,
                }
                for c in self.changes
            ],
            infer_schema_length=None,
        )  # fmt: skip


def what_if(network: Network, plan: NetworkPlan, *, before: Sequence[Finding] | None = None) -> WhatIf:
    """Every promise measured again after the plan; the result is the same as computing the new region from scratch.

    `network` with its matrix ready (`ready_for_changes`) answers in milliseconds. `before`: its findings, if known.
    Not considered: capacity, and residents choosing another unit than the nearest.
    """
    after = applied(network, plan)
    was = list(before) if before is not None else check(network)
    touched = _kinds_touched(network, after)
    # A promise about other kinds of units rests on the same rows as before: its finding stands.
    again = {f"{s.id}.{p.id}": p for s, p in network.library.of_network() if p.unit.kind in touched}
    now = [measure(after, after.library.services[f.service], again[f.id]) if f.id in again else f for f in was]
    minutes, ages = _minutes(
        network, after, [(f.id, f.promise.trip) for f in was if f.id in again and f.promise.trip and f.promise.by_road]
    )
    return WhatIf(plan, after, tuple(PromiseChange(f, g) for f, g in zip(was, now, strict=True)), minutes, ages)


def _kinds_touched(before: Network, after: Network) -> set[str]:
    """Kinds of the units that differ in any column between the two."""
    old = {row[0]: row for row in before.units.iter_rows()}
    new = {row[0]: row for row in after.units.iter_rows()}
    kinds = before.units.columns.index("kinds")
    changed = [unit for unit in old.keys() | new.keys() if old.get(unit) != new.get(unit)]
    return {kind for unit in changed for rows in (old, new) if unit in rows for kind in rows[unit][kinds]}


def _minutes(before: Network, after: Network, trips: Sequence[tuple[str, Trip]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, ages = [], []
    for name, promise in trips:
        old, new = counted_units(before, promise.unit).sure, counted_units(after, promise.unit).sure
        if _places(before, old) == _places(after, new):
            continue
        (was,), (now,) = before.nearest(promise.mode, [old]), after.nearest(promise.mode, [new])
        change = now.astype(np.int64) - was.astype(np.int64)
        people = before.people(promise.population)
        index, codes = before.municipality_index, before.municipality_codes
        sums = [
            np.bincount(index, people * weight, len(codes))
            for weight in (
                change <= -NOTICED_S,
                change >= NOTICED_S,
                np.maximum(-change, 0) / 60,
                np.maximum(change, 0) / 60,
            )
        ]
        for i, code in enumerate(codes):
            if sums[2][i] or sums[3][i]:
                rows.append((name, code, str(before.names[code]), *(float(s[i]) for s in sums)))
        for g, group in enumerate(AGE_GROUPS):
            own = before.population.ages[:, g]
            values = (
                own[change <= -NOTICED_S].sum(), own[change >= NOTICED_S].sum(),
                (own * np.maximum(-change, 0)).sum() / 60, (own * np.maximum(change, 0)).sum() / 60,
            )  # fmt: skip
            if values[2] or values[3]:
                ages.append((name, group, *map(float, values)))
    measures = ["gain", "lose", "gain_min", "lose_min"]
    return (
        pl.DataFrame(rows, schema={"promise": pl.String, "municipality": pl.String, "name": pl.String, **dict.fromkeys(measures, pl.Float64)}, orient="row"),
        pl.DataFrame(ages, schema={"promise": pl.String, "age_group": pl.String, **dict.fromkeys(measures, pl.Float64)}, orient="row"),
    )  # fmt: skip


def _places(network: Network, rows: np.ndarray) -> bytes:
    """Which points serve, whatever their ids."""
    x, y = network.units["x"].to_numpy()[rows], network.units["y"].to_numpy()[rows]
    return np.unique(np.column_stack([x, y]), axis=0).tobytes()
