"""Every unit closed alone: for whom each promise would then fail, and how many minutes it would add."""

from __future__ import annotations

import numpy as np
import polars as pl

from torni.core.language import Message
from torni.core.progress import working
from torni.network.check import check
from torni.network.region import Network
from torni.promises.finding import state_of
from torni.promises.ground import counted_units


def every_closure(network: Network, *, pattern: str = "*") -> pl.DataFrame:
    """One row a promise of reach by road and unit that counts in it.

    Columns: promise, unit_id, name, lost (people who fall outside), added_min (person-minutes), share_after, state,
    state_after. `pattern` is as in `check`. A promise that cannot be told is left out. Each unit is closed alone: two
    closures together may harm more than their sum, which `mend` with `closures` weighs. Capacity is not considered.
    """
    from torni.engines.travel.guidelines import Guidelines

    rows: list[dict[str, object]] = []
    trips = [
        (f, f.promise.trip)
        for f in check(network, pattern=pattern)
        if f.promise.trip and f.promise.by_road and f.value is not None
    ]
    units = network.units.select("unit_id", "name").rows()
    for mode in sorted({trip.mode for _, trip in trips}):
        of_mode = [(f, trip) for f, trip in trips if trip.mode == mode]
        sets = [counted_units(network, trip.unit).sure for _, trip in of_mode]
        every = np.unique(np.concatenate(sets))
        matrix = np.stack(network.times(mode, every), axis=1)
        people = np.stack([network.people(trip.population) for _, trip in of_mode])
        limits = np.array([trip.within_min * 60 for _, trip in of_mode])
        kept = Guidelines(matrix, [np.searchsorted(every, s) for s in sets], people.astype(np.float32), limits)
        with working(Message("Each unit closed alone")):
            lost, added = kept.every_closure()
        for g, ((finding, _), own) in enumerate(zip(of_mode, sets, strict=True)):
            for slot, unit in enumerate(own, start=int(kept.first[g])):
                share = (finding.met - float(lost[slot])) / finding.total if finding.total else 1.0
                rows.append({
                    "promise": finding.id, "unit_id": units[int(unit)][0], "name": units[int(unit)][1],
                    "lost": float(lost[slot]), "added_min": float(added[slot]) / 60, "share_after": share,
                    "state": finding.state, "state_after": state_of(share + 1e-9, share + 1e-9, finding.target),
                })  # fmt: skip
    schema = {"promise": pl.String, "unit_id": pl.String, "name": pl.String, "lost": pl.Float64, "added_min": pl.Float64,
              "share_after": pl.Float64, "state": pl.String, "state_after": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=schema)
