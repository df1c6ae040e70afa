"""The rooms of the house that take part in the record room, and what each brings to it: the one place where it is gathered.

Plain names, so that the lowest rooms can read them and import nothing upwards: which event types are a room's own (a file of
`definitions/events/`), and which functions its `present.sql` makes in the database. `tests/conventions/test_rooms.py` tells the line to
write where something is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Caller = Literal["pages", "door", ""]


@dataclass(frozen=True)
class Room:
    """What a folder of `torni/` brings to the record room.

    `events`: its files of `definitions/events/`, by name. `functions`: what its `present.sql` makes in the database, and which
    connection may call each (pages, door, or the owner alone: ""). A function that pages may call looks itself at who asks, or tells
    nothing of a person.
    """

    folder: str
    events: tuple[str, ...] = ()
    functions: Mapping[str, Caller] = field(default_factory=dict)


ROOMS = (
    Room("facts", events=("record_room",)),
    Room("guidance", events=("guidance",)),
    Room("producers", events=("producers",), functions={"voucher_prices": "pages"}),
    Room("supervision", events=("supervision",)),
)
FUNCTIONS: Mapping[str, Caller] = {name: caller for room in ROOMS for name, caller in room.functions.items()}
