"""What waits for whom: an adviser's or a case manager's worklist, own clients, clients sought, fees near a limit.

Each is a function of the database that sees who asks (`present.sql`); where names are shown, the reading is written down.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from torni.core.language import plain
from torni.facts.opening import Connection

MOST = 200
LEAST_LETTERS, MOST_SOUGHT = 3, 20


@dataclass(frozen=True)
class Work:
    """Something owed to a client: by which promise, begun by the event at `position`, due when, and whose. `followed`: what was last done
    of visits not made (asked, answered, noted); `channel`: where a need came from."""

    promise: str
    position: int
    due: date
    unit: str | None
    name: str | None
    born: date | None
    protected: bool
    began: datetime
    followed: str | None = None
    channel: str | None = None


def work(
    connection: Connection, promises: Sequence[str], *, late: Sequence[str], today: date, most: int = MOST
) -> list[Work]:
    """What is owed by these promises to those whom the one who asks serves, the soonest due first; of `late`, what is overdue."""
    rows = _shown(connection, "SELECT * FROM own_work(%s, %s, %s, %s)", list(promises), list(late), today, most)
    return [Work(*row) for row in rows]


def clients(connection: Connection) -> list[tuple[int, str | None, date | None, bool, date]]:
    """A case manager's own clients by name: the position of the event that made each so, name, born, protected, since when."""
    return _shown(connection, "SELECT * FROM own_clients()")


def sought(
    connection: Connection, text: str, *, most: int = MOST_SOUGHT
) -> list[tuple[int, str | None, date | None, bool]]:
    """Clients by number, or by parts of the name, whom the one who asks may open: position, name, born, protected; that the names were
    shown is written down. Of a name three letters at least are asked, in any case and with or without their dots and accents."""
    number, parts = _asked(text)
    if number is None and not parts:
        return []
    return _shown(connection, "SELECT * FROM sought_clients(%s, %s, %s)", number, parts, most)


@dataclass(frozen=True)
class Known:
    """One of the register. `municipality`: empty where the address is protected, or it is not known."""

    client: int
    name: str | None
    born: date | None
    municipality: str
    protected: bool


def known(connection: Connection, text: str, *, identity: str = "", most: int = MOST_SOUGHT) -> list[Known]:
    """Everybody in the register by number, by identity code, or by parts of the name, for one who writes a need down (`sought` tells how names
    are compared); that the names were shown is written down."""
    number, parts = _asked(text)
    if not identity and number is None and not parts:
        return []
    asked = "SELECT * FROM known_residents(%s, %s, %s, %s)"
    return [
        Known(*row) for row in _shown(connection, asked, None if identity else number, identity or None, parts, most)
    ]


def _asked(text: str) -> tuple[int | None, list[str]]:
    """A number, or the parts of a name: none where they are too short, or hold figures."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    parts = [part for part in (re.sub(r"[^\w'-]|_", "", plain(word)) for word in text.split()) if part]
    if number is None and (sum(map(len, parts)) < LEAST_LETTERS or re.search(r"\d", text)):
        return None, []
    return number, parts


def fees_near(
    connection: Connection, *, since: datetime, cents: int, formulas: Sequence[str]
) -> list[tuple[int, str | None, date | None, int]]:
    """Own clients whose charges by these formulas since a moment are at least so much: position, name, born, cents."""
    return _shown(connection, "SELECT * FROM own_fees(%s, %s, %s)", since, cents, list(formulas))


def emergencies(connection: Connection) -> list[tuple[datetime, str, str, str]]:
    """Data opened in an emergency within 90 days, for those who supervise it: when, who, role, why."""
    return connection.execute("SELECT * FROM emergencies()").fetchall()


def list_room(connection: Connection, promise: str) -> dict[str, tuple[int, int]]:
    """How many are on each unit's list and how many it may hold, by the list promise's sums."""
    rows = connection.execute("SELECT * FROM list_room(%s)", [promise]).fetchall()
    return {unit: (listed, most) for unit, listed, most in rows}


def represented(connection: Connection) -> list[tuple[int, str | None, str]]:
    """For whom the resident who asks acts: where each one's register begins, the name, and as what: guardian or proxy."""
    return _shown(connection, "SELECT * FROM represented()")


def _shown(connection: Connection, query: str, *values: Any) -> list[Any]:
    """The rows whose names may be shown. Those whose reading had to be written first are shown when it stands for good, so it is asked again."""
    rows = connection.execute(query, values).fetchall()
    noted = connection.execute("SELECT current_setting('torni.noted', true)").fetchone()
    return connection.execute(query, values).fetchall() if noted and noted[0] not in (None, "", "0") else rows
