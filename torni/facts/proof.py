"""Proof that one event is in the log: the hashes that lead from it to a signed checkpoint, in a text that anybody can check.

`tools/check_proof.py` checks it with nothing of Torni. The proof holds nothing of the event but its salt; its own line is beside it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts import merkle
from torni.facts.checkpoint import keep
from torni.facts.leaves import event_text
from torni.facts.opening import Connection
from torni.facts.sealing import FIRST, event_leaves, noted_leaf, seals

MARK = "torni proof 1"


@dataclass(frozen=True)
class Proof:
    """`event`: its line, as it was hashed. `text`: the proof. `client`: whose it is, if anybody's."""

    event: str
    text: str
    client: int | None


def prove(connection: Connection, position: int) -> Proof:
    """The proof of the event at a position of the log; BadInput where there is none, it was erased, or its day is not sealed yet."""
    connection.execute("SET timezone = 'UTC'")
    row = connection.execute(f"SELECT {event_text()}, salt, client, EXISTS (SELECT 1 FROM leaf l WHERE l.position = e.position) FROM event e WHERE position = %s", [position]).fetchone()  # fmt: skip
    if row is None or row[3]:
        raise bad_input(str(position), t("is no event of the log that still tells what it told"), t("Write the event's log position, as its page tells it."))  # fmt: skip
    note, found = keep(connection), seals(connection)
    number = next((n for n, s in enumerate(found) if s.position >= position), None)
    if number is None or note is None:
        raise bad_input(str(position), t("is of a day that is not sealed yet"), t("Ask again tomorrow."))
    one, before = found[number], found[number - 1] if number else None
    after, noted = (before.position, before.noted) if before else (FIRST, FIRST)
    index = len(event_leaves(connection, after, position)) - 1
    leaves = [*event_leaves(connection, after, one.position), noted_leaf(connection, noted, one.noted)]
    text = (
        f"{MARK}\nevent {index} {len(leaves)} {row[1].hex} {_path(merkle.inclusion(leaves, index))}\n"
        f"seal {one.day} {one.position} {one.events} {one.noted}{'' if one.held else ' broken'}\n"
        f"day {number} {_path(merkle.inclusion([s.leaf for s in found], number))}\n{note}"
    )
    return Proof(row[0], text, row[2])


def _path(hashes: list[bytes]) -> str:
    return base64.b64encode(b"".join(hashes)).decode() or "-"
