"""The mornings' watch kept: today's first, so that the tower has it, then those before it that nobody has watched yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, timedelta

from torni.facts.fold import start_of
from torni.facts.room import Connection
from torni.services.library import Library
from torni.supervision.moment import Moment, last_days_of, moment, units
from torni.supervision.watch import Sighting, Watch, rows_known

BACK_DAYS = 365  # so far back the mornings are watched
_FEEDS = (
    "SELECT data->>'producer', due, (recorded_at AT TIME ZONE 'Europe/Helsinki')::date FROM event "
    "WHERE type = 'feed.complete' AND client IS NULL AND unit IS NULL AND due IS NOT NULL AND position <= %s"
)


def keep_watch(connection: Connection, libraries: Callable[[date], Library], *, back: int = BACK_DAYS) -> int:
    """Write what the watch tells on today's morning and on those of so many days back, where it is not written. Returns how many were.

    Nothing is written of a day whose evening has not been folded yet. `connection`: the owner's.
    """
    now = moment(connection)
    if now is None or _evening_waits(connection, now):
        return 0
    version = libraries(now.today).whole_version
    done = connection.execute(
        "SELECT day, definitions FROM watched WHERE day > %s", [now.today - timedelta(days=back + 1)]
    ).fetchall()
    written = 0
    if (now.today, version) not in done:
        for day, seen in mornings(connection, libraries, now, now.today):
            _write(connection, day, version, seen)
            written += 1
    have = {day for day, _version in done}
    first = connection.execute("SELECT min(known_on) FROM tally").fetchone()
    begins = max(now.today - timedelta(days=back), first[0] + timedelta(days=1)) if first and first[0] else now.today
    wanted = [begins + timedelta(days=i) for i in range((now.today - begins).days)]
    if any(day not in have for day in wanted):
        for day, seen in mornings(connection, libraries, now, *wanted):
            if day not in have:
                _write(connection, day, version, seen)
                written += 1
    return written


def mornings(
    connection: Connection, libraries: Callable[[date], Library], now: Moment, *days: date
) -> Iterator[tuple[date, list[Sighting]]]:
    """What stands on each of the mornings, which come in their order, by the definitions of the last of them."""
    library = libraries(days[-1])
    register = units(connection)
    watch = Watch(rows_known(connection, library, days[-1]), register, library)
    feeds: dict[str, list[tuple[date, date]]] = {}
    for feed, due, on in connection.execute(_FEEDS, [now.position]).fetchall():
        feeds.setdefault(feed, []).append((due, on))
    for day in days:
        complete = {f: max(known) for f, told in feeds.items() if (known := [due for due, on in told if on < day])}
        yield day, watch.on(day, last_days_of(day, complete, register))


def _evening_waits(connection: Connection, now: Moment) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM event WHERE position > %s AND recorded_at < %s)",
        [now.position, start_of(now.today)],
    ).fetchone()
    return bool(row and row[0])


def _write(connection: Connection, day: date, version: str, seen: list[Sighting]) -> None:
    connection.execute(
        "INSERT INTO watched (day, definitions, seen) VALUES (%s, %s, %s)",
        [day, version, json.dumps([asdict(s) for s in seen], default=str)],
    )
