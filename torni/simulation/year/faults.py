"""What is planted wrong in the invented year: what, where, from when. A seed decides everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from torni.simulation.cast import PRODUCER_A, PRODUCER_B
from torni.simulation.year.world import World

Kind = Literal[
    "missed_weekends", "long_waits", "wrong_formula", "never_billed", "understaffed", "late_answers", "full_list",
    "sudden_demand", "outage",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "missed_weekends", "long_waits", "wrong_formula", "never_billed", "understaffed", "late_answers", "full_list",
    "sudden_demand", "outage",
)  # fmt: skip


@dataclass(frozen=True)
class PlantedFault:
    """One thing planted. `where`: a unit, a producer, a municipality's code, a service, or "" for the whole region."""

    kind: Kind
    where: str
    since: date
    until: date | None = None

    def on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


def plant(world: World, first: date, *, days: int = 365) -> tuple[PlantedFault, ...]:
    """The year's faults: every kind once, long waits in two municipalities. Each begins when there is a time before it to
    compare with, and enough of the year after it to be told."""
    chance = world.chance
    begin = {kind: first + timedelta(days=int(chance.whole(80, 190, "begins", i)[0])) for i, kind in enumerate(KINDS)}
    people = world.residents
    by_size = people.group_by("municipality").len().sort("len", descending=True)["municipality"].to_list()
    waits = sorted(by_size[1:5], key=lambda m: chance.share("long waits", int(m))[0])[:2]
    centres = world.rows("centre")
    enrolled = np.bincount(people["centre"].to_numpy(), minlength=len(world.units))
    listed = sorted((int(r) for r in centres if enrolled[r]), key=lambda r: enrolled[r])
    middle = listed[len(listed) // 3 : 2 * len(listed) // 3 + 1]
    housing = [
        int(r) for r in world.rows("elder_housing") if (people["housing_unit"].to_numpy() == r).sum() >= min(12, _most(world))
    ]  # fmt: skip
    unit = world.units["unit"].to_list()
    busiest = sorted((int(r) for r in centres), key=lambda r: -enrolled[r])[:5]
    outage = begin["outage"]
    return (
        PlantedFault("missed_weekends", str(chance.one_of([PRODUCER_A, PRODUCER_B], "missed weekends")), begin["missed_weekends"]),
        *(PlantedFault("long_waits", municipality, begin["long_waits"]) for municipality in waits),
        PlantedFault("wrong_formula", "home_care", begin["wrong_formula"]),
        PlantedFault("never_billed", unit[chance.one_of(busiest, "never billed")], begin["never_billed"]),
        PlantedFault("understaffed", unit[chance.one_of(housing, "understaffed")], begin["understaffed"]),
        PlantedFault("late_answers", unit[chance.one_of(busiest[:2], "late answers")], begin["late_answers"]),
        PlantedFault("full_list", unit[chance.one_of(middle, "full list")], begin["full_list"]),
        PlantedFault("sudden_demand", by_size[0], begin["sudden_demand"]),
        PlantedFault("outage", "", outage, outage + timedelta(days=int(chance.whole(1, 3, "outage lasts")[0]))),
    )  # fmt: skip


def _most(world: World) -> int:
    """Clients of the fullest housing unit: a small region has no unit of twelve."""
    housed = world.residents["housing_unit"].to_numpy()
    return int(np.bincount(housed[housed >= 0]).max()) if (housed >= 0).any() else 0
