"""The mornings' watch kept, and what each foretold: today's first, so that the tower has it, then those that nobody has watched yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import polars as pl

from torni.core.language import Message
from torni.core.progress import each
from torni.engines.margin import HORIZON
from torni.facts.fold import start_of
from torni.facts.opening import Connection
from torni.promises.margin import Foretold
from torni.services.library import Library
from torni.supervision.known_sums import Moment, last_days_of, moment, units
from torni.supervision.margins import CALL_DAYS, Margins
from torni.supervision.watch import Sighting, Watch, rows_known

BACK_DAYS = 365  # so far back the mornings are watched
_FEEDS = (
    "SELECT data->>'producer', due, (recorded_at AT TIME ZONE 'Europe/Helsinki')::date FROM event "
    "WHERE type = 'feed.complete' AND client IS NULL AND unit IS NULL AND due IS NOT NULL AND position <= %s"
)


@dataclass(frozen=True)
class Morning:
    """What stands on a morning, and what it foretells of each promise."""

    day: date
    seen: list[Sighting]
    foretold: dict[str, Foretold]


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
        for morning in mornings(connection, libraries, now, now.today):
            _write(connection, morning, version)
            written += 1
    have = {day for day, _version in done}
    first = connection.execute("SELECT min(known_on) FROM tally").fetchone()
    begins = max(now.today - timedelta(days=back), first[0] + timedelta(days=1)) if first and first[0] else now.today
    wanted = [begins + timedelta(days=i) for i in range((now.today - begins).days)]
    if any(day not in have for day in wanted):
        watched = each(mornings(connection, libraries, now, *wanted), Message("The mornings' watch"), of=len(wanted))
        for morning in watched:
            if morning.day not in have:
                _write(connection, morning, version)
                written += 1
    return written


def mornings(
    connection: Connection, libraries: Callable[[date], Library], now: Moment, *days: date
) -> Iterator[Morning]:
    """What stands on each of the mornings, which come in their order, by the definitions of the last of them."""
    library = libraries(days[-1])
    register = units(connection)
    known = rows_known(connection, library, days[-1], ahead=HORIZON)
    watch = Watch(known.filter(pl.col("day") < days[-1]), register, library)
    margins = Margins(known, library)
    feeds: dict[str, list[tuple[date, date]]] = {}
    for feed, due, on in connection.execute(_FEEDS, [now.position]).fetchall():
        feeds.setdefault(feed, []).append((due, on))
    first, wanted = min(days) - timedelta(days=CALL_DAYS - 1), set(days)
    for i in range((max(days) - first).days + 1):
        day = first + timedelta(days=i)
        complete = {f: max(dues) for f, told in feeds.items() if (dues := [due for due, on in told if on < day])}
        last = last_days_of(day, complete, register)
        foretold = margins.on(day, last.filter(pl.col("unit") == "")["last"].item())
        if day in wanted:
            yield Morning(day, watch.on(day, last), foretold)


def _evening_waits(connection: Connection, now: Moment) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM event WHERE position > %s AND recorded_at < %s)",
        [now.position, start_of(now.today)],
    ).fetchone()
    return bool(row and row[0])


def _write(connection: Connection, told: Morning, version: str) -> None:
    foretold = {name: f.as_json() for name, f in told.foretold.items()}
    connection.execute(
        "INSERT INTO watched (day, definitions, seen, foretold) VALUES (%s, %s, %s, %s)",
        [told.day, version, json.dumps([asdict(s) for s in told.seen], default=str), json.dumps(foretold)],
    )
