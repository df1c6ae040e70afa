"""What would have to be done for a broken promise about events to be kept again: how many more as promised, and where what was missed is.

It is arithmetic and no forecast: had so many of those that were missed in the days counted been as promised, it would be kept. Who carries
the misses is told by unit, the most missed first, as far as it takes to make up that number. Which of them can be helped is not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torni.core.language import Message
from torni.promises.finding import Finding, Level


@dataclass(frozen=True)
class Carries:
    """A unit, or a producer where no units are told, that missed so many of so many."""

    group: str
    missed: int
    total: int


@dataclass(frozen=True)
class Restoring:
    """Of `total` counted, `missed` were not as promised, and with `more` of these as promised it is kept. `carried`: the fewest that missed
    as many, the most missed first. `why_not`: why no such mend is told, None where it is."""

    total: int = 0
    missed: int = 0
    more: int = 0
    level: Level = "unit"
    carried: tuple[Carries, ...] = ()
    why_not: Message | None = None


def restoring(f: Finding) -> Restoring:
    """The mend of a share of events. Of what is no such share (money, lists, a marking by days) and of what is not broken it says why none is."""
    if f.state == "kept":
        return Restoring(why_not=Message("Nothing needs mending."))
    if f.state == "unknown":
        return Restoring(why_not=Message("Whether it holds cannot be told, so neither can what would mend it."))
    if f.counted != "events" or not f.promise.weekly or not f.total:
        return Restoring(
            why_not=Message("It is no share of events, so that no number of them would mend it: see its margin.")
        )
    total, missed = round(f.total), round(f.total - f.met)
    more = max(1, math.ceil(round(f.target * f.total - f.met, 6)))
    level: Level = "unit" if f.groups("unit") else "producer"
    carriers = sorted(
        (Carries(g.group, g.total - g.met, g.total) for g in f.groups(level) if g.group and g.met < g.total),
        key=lambda c: (-c.missed, c.group),
    )
    carried: list[Carries] = []
    for carrier in carriers:
        if sum(c.missed for c in carried) >= more:
            break
        carried.append(carrier)
    return Restoring(total, missed, more, level, tuple(carried))
