"""How what happened gets into the records: late, mended, and with the client's mark."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from torni.simulation.year.block import Block, text
from torni.simulation.year.chance import Ints


def recorded_on(block: Block, what: str, most: float, unit: Ints, day: Ints, *keys: Ints) -> Ints:
    """The days on which what happened is recorded: the same evening, but a few one to seven days late.

    A unit's share of late ones is its own, up to `most`; and where a unit's practice changes, all are recorded a day later.
    """
    share = block.level(0.2, 1.0, f"unit's late records of {what}", unit) * most
    rest = block.chance.share(f"{what} recorded late", day, *keys) / share  # of the late ones: even draws below 1
    late = np.where(rest < 1, np.minimum(1 + np.floor(-np.log2(np.maximum(rest, 2.0**-8))), 7), 0).astype(np.int64)
    late += block.changed("recorded_next_day", day, unit)
    return day + late


def mended(
    block: Block,
    service: str,
    made: Any,
    minute: Ints,
    who: Ints,
    unit: Ints,
    matter: pl.Series,
    day: Ints,
    recorded: Ints,
    *keys: Ints,
) -> None:
    """A few records of visits are mended some days later: most get the right time, some are withdrawn, for nobody came."""
    draw = block.chance.share(f"{service} record mended", day, *keys)
    for low, high, type_ in ((0.0, 0.0015, "visit.made"), (0.0015, 0.0019, "event.withdrawn")):
        rows = np.flatnonzero(made & (draw >= low) & (draw < high))
        wrong = text(day[rows], "visit.made", matter.gather(rows))
        again = recorded[rows] + block.chance.whole(1, 5, "mended after", day[rows], *(k[rows] for k in keys))
        if type_ == "visit.made":
            block.add(type_, service, day[rows], minute[rows] + 10, key=matter.gather(rows) + "-again", who=who[rows], unit=unit[rows], matter=matter.gather(rows), recorded=again, replaces=wrong)  # fmt: skip
        else:
            block.add(type_, None, again, 14 * 60, key=wrong, unit=unit[rows], replaces=wrong)


def feedback(block: Block, service: str, day: Ints, unit: Ints, key: pl.Series, client: Ints) -> None:
    """Marks from 1 to 5 on the day after; 95 to 97 in a hundred are good, by unit. Nobody's name goes with it."""
    draw = block.chance.share("mark", client, day)
    bad = block.level(0.03, 0.05, "unit's bad marks", unit)
    mark = np.select([draw < 0.52, draw < 1 - bad, draw < 1 - bad / 2, draw < 1 - bad / 8], [5, 4, 3, 2], 1)
    block.add("feedback.given", service, day + 1, 12 * 60, key=key, unit=unit, quantity=mark)
