"""A producer's inbox: the plans that were sent to it, how each stands, and what has become of them since.

The list is a function of the database that sees who asks (`present.sql`); it tells nothing of the client, who is opened one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from torni.facts.opening import Connection

MOST = 200


@dataclass(frozen=True)
class Sent:
    """One plan in a producer's inbox. `answer`: the newest answer's type of event, `owed`: still to be confirmed. `opens`: the
    client's data may still be opened; not where the service has ended or the client has forbidden it."""

    position: int
    at: datetime
    unit: str
    service: str | None
    version: int | None
    ends: date | None
    due: date | None
    owed: bool
    answer: str | None
    answered_at: datetime | None
    opened_by: str | None
    opens: bool


def inbox(connection: Connection, promises: Sequence[str], *, most: int = MOST) -> list[Sent]:
    """What the producer who asks was sent, the newest first: all that is owed by these promises, and the newest of the rest."""
    return [Sent(*row) for row in connection.execute("SELECT * FROM inbox(%s, %s)", [most, list(promises)]).fetchall()]


@dataclass(frozen=True)
class Question:
    """A question about visits not made that waits for the producer's answer."""

    position: int
    at: datetime
    unit: str
    service: str


def questions(connection: Connection, *, most: int = MOST) -> list[Question]:
    """What the producer who asks has been asked and has not answered, the oldest first."""
    return [Question(*row) for row in connection.execute("SELECT * FROM missed_questions(%s)", [most]).fetchall()]


def since_sent(door: Connection, positions: Sequence[int], producer: str) -> dict[int, list[tuple[str, datetime]]]:
    """What has become of plans that this producer was sent: types and moments, in order, of their answers, and of the service's start
    and end at the unit. What was taken back is left out. It tells no client; `door`: a connection that sees the whole log."""
    rows = door.execute(
        """
        SELECT s.position, e.type, e.at FROM event s JOIN event e ON (
          (e.matter = s.matter AND e.type LIKE 'plan.%%' AND e.type <> 'plan.sent')
          OR (e.client = s.client AND e.type IN ('service.started', 'service.ended') AND e.unit = s.unit
              AND e.service = s.data->'item'->>'service' AND e.at >= s.at))
        WHERE s.position = ANY(%s) AND s.producer = %s AND s.type = 'plan.sent' AND e.sign = 1
          AND NOT EXISTS (SELECT 1 FROM event u WHERE u.client = e.client AND u.replaces = e.position AND u.sign = -1)
        ORDER BY e.at, e.position""",
        [list(positions), producer],
    ).fetchall()
    out: dict[int, list[tuple[str, datetime]]] = {}
    for position, type_, at in rows:
        out.setdefault(position, []).append((type_, at))
    return out
