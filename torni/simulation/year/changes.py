"""What changes in the invented year without being wrong: a centre's ways of recording. They explain alerts; nobody need mend them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from torni.simulation.year.faults import PlantedFault
from torni.simulation.year.world import World

ChangeKind = Literal["recorded_next_day", "phone_contacts_recorded"]


@dataclass(frozen=True)
class RecordingChange:
    """`where`: the unit whose way of recording changes, from its day `since` on.

    `recorded_next_day`: the reception's contacts and visits are recorded a day later than before.
    `phone_contacts_recorded`: contacts settled by phone are recorded too: a quarter more contacts.
    """

    kind: ChangeKind
    where: str
    since: date


def changes_of(world: World, faults: Sequence[PlantedFault], first: date) -> tuple[RecordingChange, ...]:
    """The year's changes: each once, in two centres of middling size where no fault is planted, as far as there are such."""
    chance, people = world.chance, world.residents
    enrolled = np.bincount(people["centre"].to_numpy(), minlength=len(world.units))
    centres = sorted((int(r) for r in world.rows("centre") if enrolled[r]), key=lambda r: (enrolled[r], r))
    units = world.units["unit"].to_list()
    wrong = {f.where for f in faults}
    middle = [r for r in centres[len(centres) // 4 : 3 * len(centres) // 4 + 1] if units[r] not in wrong] or centres
    chosen = sorted(middle, key=lambda r: float(chance.share("changes its recording", r)[0]))
    kinds: tuple[ChangeKind, ...] = ("recorded_next_day", "phone_contacts_recorded")
    return tuple(
        RecordingChange(
            kind,
            units[chosen[i % len(chosen)]],
            first + timedelta(days=int(chance.whole(100, 250, "change begins", i)[0])),
        )
        for i, kind in enumerate(kinds)
    )
