"""The moment of recording: it never goes back, and it never leaps ahead with a clock that has jumped.

One event written while a clock is years ahead would hold every later moment there until that day comes. So a room of real facts takes a
clock that is far ahead of when it was last seen alive for a clock that has jumped: nothing is recorded, whoever sends is told to send
again, and an administrator looks at the clock (`torni clock`). The worker sees the room each few minutes, so quiet days are no leap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from torni.core import clock
from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts.opening import Connection

LONGEST_PAUSE = timedelta(
    days=3
)  # a server that nobody started for longer than a weekend has somebody who looks at its clock


class ClockDoubted(BadInput):
    """The clock is further ahead of the room than the room can have been out of use. Nothing was recorded."""


@dataclass(frozen=True)
class Clocks:
    """`clock`: the machine's; `recorded`: the newest moment of recording; `seen`: when the room was last alive; None where never. `doubted`: the
    clock is too far ahead of both. Of invented facts, whose time is their own, it is never doubted."""

    clock: datetime
    recorded: datetime | None
    seen: datetime | None
    doubted: bool


_LAST = "greatest(recorded_at, clock_seen)"  # a null is left out
_TRUSTED = f"(invented IS NOT NULL OR {_LAST} = '-infinity' OR %(clock)s <= {_LAST} + %(pause)s)"


def lock(connection: Connection, now: datetime | None) -> datetime | None:
    """Lock the room and return the moment at which to record: `now`, else the clock's, never before the newest. None where the room belongs to
    nobody yet; ClockDoubted where the clock has leapt."""
    told = clock.now()
    found = connection.execute(
        f"UPDATE room SET recorded_at = greatest(recorded_at, %(now)s) WHERE {_TRUSTED} RETURNING recorded_at",
        {"now": now or told, "clock": now or told, "pause": LONGEST_PAUSE},
    ).fetchone()
    if found is None:
        if (known := clocks(connection)) is not None:
            raise _doubt(known)
        return None
    moment: datetime = found[0]
    return moment


def refuse_doubted(connection: Connection) -> None:
    """ClockDoubted where the clock has leapt: for a page, whose moment is then the room's last and would be believed."""
    known = clocks(connection)
    if known is not None and known.doubted:
        raise _doubt(known)


def clocks(connection: Connection) -> Clocks | None:
    """The machine's clock beside the room's own moments; None where the room belongs to nobody yet."""
    told = clock.now()
    row = connection.execute(
        f"SELECT nullif(recorded_at, '-infinity'), clock_seen, NOT {_TRUSTED} FROM room",
        {"clock": told, "pause": LONGEST_PAUSE},
    ).fetchone()
    return Clocks(told, *row) if row else None


def present_moment(connection: Connection) -> datetime:
    """The room's present: the clock's where it may be trusted, else when the room was last alive; the newest recorded where facts are invented
    and time is theirs."""
    row = connection.execute(
        f"SELECT CASE WHEN invented IS NOT NULL AND recorded_at <> '-infinity' THEN recorded_at WHEN {_TRUSTED} THEN greatest(recorded_at, %(clock)s) "
        f"ELSE {_LAST} END FROM room",
        {"clock": clock.now(), "pause": LONGEST_PAUSE},
    ).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def see(connection: Connection) -> None:
    """The room is alive at this moment of the clock, where the clock may be trusted. Whoever writes at the moment is not waited for."""
    connection.execute(
        f"UPDATE room SET clock_seen = greatest(clock_seen, %(clock)s) WHERE ctid IN (SELECT ctid FROM room FOR UPDATE SKIP LOCKED) AND {_TRUSTED}",
        {"clock": clock.now(), "pause": LONGEST_PAUSE},
    )


def trust(connection: Connection) -> None:
    """The clock is right: an administrator has looked. What the room was seen at is the clock's moment, be it earlier or later."""
    connection.execute("UPDATE room SET clock_seen = %s", [clock.now()])


def _doubt(known: Clocks) -> ClockDoubted:
    last = max(filter(None, (known.recorded, known.seen)))
    told = t("says {clock}, and the record room was last in use {last}: it may have jumped, so nothing is recorded", clock=_told(known.clock), last=_told(last))  # fmt: skip
    return ClockDoubted(Fault(t("the server's clock"), told, t("Set the clock right and send again. If it is right, an administrator says so: torni clock --right")))  # fmt: skip


def _told(moment: datetime) -> str:
    local = moment.astimezone(clock.HELSINKI)
    return f"{local:%-d.%-m.%Y %-H.%M}"
