"""What a rehearsed change does to units: how many clients have each as their nearest, before and after.

Clients are counted at the nearest unit of the service's kind by car, whatever its capacity: no open source tells where
clients go, or how many a unit can take. A unit that is invented says so.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torni.network import Network
from torni.services.schema import Service
from torni.simulation.rehearsal import Rehearsal
from torni.simulation.running import Run, considered


@dataclass(frozen=True)
class UnitLoad:
    """Clients of one service whose nearest unit this is."""

    service: str
    unit: str
    name: str
    invented: bool
    before: int
    after: int


def network_load(made: Rehearsal, network: Network, *, run: Run | None = None) -> list[UnitLoad]:
    """Each unit whose clients change, by service; empty where the region's data has no units of the service's kind."""
    found: list[UnitLoad] = []
    with nullcontext(run) if run else Run(made.population) as connection:
        for effect in made.services:
            kind = _kind(made.after.library.services[effect.service])
            rows = np.flatnonzero([kind in kinds for kinds in network.units["kinds"].to_list()])
            if kind is None or not len(rows):
                continue
            found += _loads(connection, made, effect.service, network, rows)
    return found


def _loads(run: Run, made: Rehearsal, service: str, network: Network, rows: npt.NDArray[np.int64]) -> list[UnitLoad]:
    verdicts = [run.condition(r.granting[service].whole, r) for r in (made.before, made.after)]
    places = run.rows(
        f"SELECT x, y, coalesce(count_if(b), 0), coalesce(count_if(a), 0) FROM (SELECT x, y, {verdicts[0]} AS b, {verdicts[1]} AS a "
        f"FROM people WHERE {considered(made.after.granting[service], run)}) WHERE b OR a GROUP BY x, y"
    )
    cell = {
        (int(x), int(y)): i for i, (x, y) in enumerate(zip(network.population.x, network.population.y, strict=True))
    }
    nearest = rows[np.argmin(np.array(network.times("car", rows)), axis=0)]
    counts = np.zeros((len(network.units), 2), np.int64)
    for x, y, before, after in places:
        at = cell.get((x, y))
        if at is not None:
            counts[nearest[at]] += (before, after)
    units = network.units
    return [
        UnitLoad(service, units["unit_id"][int(i)], units["name"][int(i)], bool(units["invented"][int(i)]), int(counts[i, 0]), int(counts[i, 1]))
        for i in sorted(rows, key=lambda i: -abs(int(counts[i, 1] - counts[i, 0])))
        if counts[i, 0] != counts[i, 1]
    ]  # fmt: skip


def _kind(service: Service) -> str | None:
    """The kind of unit that the service's own promises name."""
    return next((p.counts.kind for p in service.promises if p.counts), None)
