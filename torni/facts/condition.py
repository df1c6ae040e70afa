"""How whole the record room is, how far it has come, and what its jobs have done: as the one who asks may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from torni.facts.opening import Connection

MOST_JOBS = 5_000  # that are looked at: a day and more, though some are done every minute


@dataclass(frozen=True)
class Condition:
    """`position`: the newest event's in the log, `folded`: up to which the tallies are. `seal`: the last sealed day, its hash and how many
    days are sealed. `verified`: when, whole, in how many seconds, its checks. `measured`: when, up to which position and day. `jobs`: of
    each task and status the newest, the newest first: task, status, tries, since when. None: not yet."""

    recorded_at: datetime | None
    position: int
    folded: int
    invented: dict[str, Any] | None
    seal: tuple[date, str, int] | None
    verified: tuple[datetime, bool, float, Any] | None
    measured: tuple[datetime, int, date] | None
    jobs: tuple[tuple[str, str, int, datetime], ...]
    tried: datetime | None  # when a backup was last brought back whole


def condition(connection: Connection) -> Condition:
    """The room's condition at this moment."""
    state = connection.execute(
        "SELECT nullif(recorded_at, '-infinity'), newest(), (SELECT position FROM consumer WHERE name = 'tally'), invented FROM room"
    ).fetchone()
    assert state is not None
    seal = connection.execute(
        "SELECT day, encode(hash, 'hex'), (SELECT count(*) FROM seal) FROM seal ORDER BY day DESC LIMIT 1"
    ).fetchone()
    verified = connection.execute("SELECT at, whole, seconds, checks FROM verified ORDER BY at DESC LIMIT 1").fetchone()
    measured = connection.execute("SELECT at, position, last_day FROM measured ORDER BY at DESC LIMIT 1").fetchone()
    jobs = connection.execute(
        "SELECT task, status, attempts, at FROM job WHERE id IN (SELECT DISTINCT ON (task, status) id FROM "
        "(SELECT id, task, status FROM job ORDER BY id DESC LIMIT %s) newest ORDER BY task, status, id DESC) ORDER BY id DESC",
        [MOST_JOBS],
    ).fetchall()
    tried = connection.execute("SELECT max(at) FROM backup_tried WHERE whole").fetchone()
    recorded, position, folded, invented = state
    return Condition(
        recorded,
        position,
        folded,
        invented,
        seal=seal,
        verified=verified,
        measured=measured,
        jobs=tuple(jobs),
        tried=tried[0] if tried else None,
    )


def region_of(connection: Connection) -> str | None:
    """Whose record room it is; None where it is no region's yet."""
    row = connection.execute("SELECT region FROM room").fetchone()
    return row[0] if row else None


def ask_job(connection: Connection, task: Literal["measure", "verify"]) -> None:
    """Ask for a measuring or a verification: it is done by the worker, when its turn comes."""
    connection.execute("SELECT ask_job(%s)", [task])
