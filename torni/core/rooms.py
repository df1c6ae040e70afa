"""The rooms of the house that take part in the record room, and what each brings to it: the one place where it is gathered.

Plain names, so that the lowest rooms can read them and import nothing upwards: which event types are a room's own (a file of
`definitions/events/`), which of them are told to producers' systems, and which functions its `present.sql` makes in the database.
What only the pages, commands and background processes need stands in the room's own `brings.py` (`torni/core/brought.py`).
`tests/conventions/test_rooms.py` tells the line to write where something is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from torni.core.language import Message

Caller = Literal["pages", "door", ""]


@dataclass(frozen=True)
class Room:
    """What a folder of `torni/` brings to the record room.

    `events`: its files of `definitions/events/`, by name. `messages`: the event types that are told to the producer's system and its open
    inbox as they are written, and what each is called. `functions`: what its `present.sql` makes in the database, and which
    connection may call each (pages, door, or the owner alone: ""). A function that pages may call looks itself at who asks, or tells
    nothing of a person. `begins_reading`, `ends_reading`: the event types by which a client is sent to a unit's producer, and those with which
    the producer's right to read the client's data ends. `brings`: whether it has pages, commands or background processes of its own, declared in its `brings.py`.
    """

    folder: str
    events: tuple[str, ...] = ()
    messages: Mapping[str, Message] = field(default_factory=dict)
    functions: Mapping[str, Caller] = field(default_factory=dict)
    begins_reading: tuple[str, ...] = ()
    ends_reading: tuple[str, ...] = ()
    brings: bool = False


ROOMS = (
    Room("facts", events=("record_room",)),
    Room("guidance", events=("guidance",), begins_reading=("enrolment.began",), ends_reading=("enrolment.ended",)),
    Room(
        "producers",
        events=("producers",),
        messages={"plan.sent": Message("plan sent"), "plan.recalled": Message("plan recalled")},
        functions={
            "voucher_prices": "pages", "unit_languages": "pages", "inbox": "pages", "missed_questions": "pages", "webhooks_shown": "pages", "deliveries": "pages", "delivery_history": "pages",
            "redeliver": "pages", "redeliver_as": "",
        },
        begins_reading=("plan.sent", "service.started"), ends_reading=("service.ended", "plan.recalled"),
        brings=True,
    ),
    Room("services", events=("changes",)),
    Room("supervision", events=("supervision",)),
)  # fmt: skip
FUNCTIONS: Mapping[str, Caller] = {name: caller for room in ROOMS for name, caller in room.functions.items()}
MESSAGES: Mapping[str, Message] = {type_: told for room in ROOMS for type_, told in room.messages.items()}
BEGINS_READING = tuple(type_ for room in ROOMS for type_ in room.begins_reading)
ENDS_READING = tuple(type_ for room in ROOMS for type_ in room.ends_reading)
# As a query says it: in words and not as a value, for only so does the database use the index of what is told (`event_sent`).
TOLD_IN_SQL = "IN ('" + "', '".join(MESSAGES) + "')"
