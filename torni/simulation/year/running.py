"""The invented year through the door: a year back at once, then as time runs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from torni.facts import senders
from torni.facts.book import Books
from torni.facts.door import Accepted, Door
from torni.facts.fold import fold
from torni.facts.opening import connect
from torni.facts.sealing import seal
from torni.guidance.charges import charge
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.simulation.year.block import Right
from torni.simulation.year.changes import RecordingChange, changes_of
from torni.simulation.year.faults import PlantedFault, plant
from torni.simulation.year.happening import begin, blocks, happening, held_back
from torni.simulation.year.world import World, make_world
from torni.supervision.meaning import keep_meaning

HELSINKI = ZoneInfo("Europe/Helsinki")
EVENING = time(23, 55)  # what happened on a day of the past is recorded in one batch that evening


@dataclass(frozen=True, eq=False)
class Year:
    """A world, its faults, and what its fees should be: everything needed to make any day's events.

    `first`: the day the records begin; what happened before it is neither recorded late nor corrected. `changes`: what changes without
    being wrong. `clustering`: see Block.
    """

    world: World
    faults: tuple[PlantedFault, ...]
    right: Right
    first: date
    changes: tuple[RecordingChange, ...] = ()
    clustering: float = 1.0

    def days(self, first: date, last: date) -> Iterator[tuple[date, pl.DataFrame]]:
        """Each day with what is recorded on it, in order; a day's events are the same whatever days are asked for."""
        waiting: list[pl.DataFrame] = []
        numbers = list(blocks(first, last))
        for i, number in enumerate(numbers):
            made = held_back(self._block(number), self.faults)
            waiting.append(made.filter(pl.col("recorded_day") >= _day(first)))
            end = (
                (number + 1) * 28 - 2 if i + 1 < len(numbers) else _day(last)
            )  # a later block's plans are made a day before
            gathered = pl.concat(waiting)
            ready = gathered.filter(pl.col("recorded_day") <= end)
            waiting = [gathered.filter(pl.col("recorded_day") > end)]
            for (day,), events in ready.sort("recorded_day", "at", "id").group_by(
                ["recorded_day"], maintain_order=True
            ):
                on = date(1970, 1, 1) + timedelta(days=int(day))
                if on <= last:
                    yield on, events

    def _block(self, number: int) -> pl.DataFrame:
        made = happening(self.world, self.faults, number, self.right, changes=self.changes, clustering=self.clustering)
        begins = datetime.combine(self.first, time(0), HELSINKI).astimezone(UTC)
        of_day = pl.col("replaces_id").str.split("-").list.first().cast(pl.Int64)  # an id begins with its day
        return made.filter((pl.col("at") >= begins) & (pl.col("replaces_id").is_null() | (of_day >= _day(self.first))))


def assembled(
    region: str, *, seed: int, residents: int | None, first: date, planted: bool = True, clustering: float = 1.0
) -> tuple[Year, Books]:
    """The region's year from a seed, and the books that its door needs. `planted=False` leaves the faults out.

    `clustering`: how many times the variance of independent chances the day's count of a nurse's missed visits, or of what a unit
    does late, has; their mean stays.
    """
    days = Days(region)
    known: dict[tuple[Any, ...], Decimal | None] = {}

    def right(day: date, formula: str, facts: Mapping[str, Any]) -> Decimal | None:
        key = (days.begins(day), formula, *facts.values())
        if key not in known:
            known[key] = charge(days.on(day), {"formula": formula, "facts": facts})
        return known[key]

    world = make_world(region, seed=seed, residents=residents)
    faults = plant(world, first)
    changes = changes_of(world, faults, first)
    return Year(world, faults if planted else (), right, first, changes, clustering), books_of(days, charge=charge)


def load_year(
    url: str, year: Year, books: Books, *, first: date, until: datetime, told: Callable[[date, int], None] | None = None
) -> int:  # fmt: skip
    """Write everything from the first day until the moment, each day's events recorded that evening, folded and sealed.

    Returns how many events were written. What is there already is left out by the door, so that a stopped load goes on.
    While one connection writes, another folds, and the next days are being made.
    """
    written = 0
    with connect(url, autocommit=True) as connection, ThreadPoolExecutor(2) as beside:
        connection.execute("SET synchronous_commit = off")  # a load that is cut short is begun again
        door = Door(connection, books)
        row = connection.execute("SELECT region FROM room").fetchone()
        if row:  # of an empty log: what comes means what the definitions say
            keep_meaning(connection, Days(row[0]), books)
        ends: queue.Queue[int | None] = queue.Queue()
        ready: queue.Queue[tuple[date, pl.DataFrame] | None] = queue.Queue(maxsize=6)
        stopped = threading.Event()
        making = beside.submit(_made, year, first, until, ready, stopped)
        folding = beside.submit(_folded, url, ends)
        try:
            start = begin(year.world, first)
            registers = pl.col("type").is_in(["unit.opened", "resident.registered"])
            for rows in (start.filter(registers), start.filter(~registers)):
                for part in rows.iter_slices(100_000):
                    written += _sent(door, part, _evening(first - timedelta(days=1))).written
            while (found := ready.get()) is not None:
                day, events = found
                sent = _sent(door, events, min(_evening(day), until))
                written += sent.written
                if sent.position:
                    ends.put(sent.position)
                if told:
                    told(day, written)
        finally:
            stopped.set()
            ends.put(None)
            while not making.done():
                with suppress(queue.Empty):
                    ready.get(timeout=0.05)
        making.result()
        folding.result()
        connection.execute("SET synchronous_commit = on")
        connection.execute("ANALYZE event, owed, tally, tally_now, client, unit")
        seal(connection)  # the last commit waits for the disk, and with it all before
    return written


def _made(year: Year, first: date, until: datetime, ready: Any, stopped: threading.Event) -> None:
    """The days' events, made while those before are being written."""
    try:
        for day, events in year.days(first, until.astimezone(HELSINKI).date()):
            if _evening(day) > until:
                events = events.filter(_told_at() <= until)
            while not stopped.is_set():
                with suppress(queue.Full):
                    ready.put((day, events), timeout=0.2)
                    break
            if stopped.is_set():
                return
    finally:
        while not stopped.is_set():
            with suppress(queue.Full):
                ready.put(None, timeout=0.2)
                break


def _folded(url: str, ends: Any) -> None:
    """Each day's end folded as a moment of its own; sealed now and then."""
    with connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        done = 0
        while (end := ends.get()) is not None:
            fold(connection, upto=end, most=10**9, tell=done % 8 == 0)
            done += 1
            if done % 30 == 0:
                seal(connection)


def _sent(door: Door, events: pl.DataFrame, moment: datetime) -> Accepted:
    accepted = door.accept(events.drop("recorded_day"), now=moment, sender=senders.process("torni demo"))
    assert not accepted.refused, f"the invented year is refused: {dict(list(accepted.refused.items())[:3])}"
    return accepted


class LiveYear:
    """What happens next, as time runs: each call writes what has happened since the one before."""

    def __init__(self, door: Door, year: Year, since: datetime) -> None:
        self.door, self.year, self.since = door, year, since
        self._day: date | None = None
        self._events = pl.DataFrame()

    def upto(self, moment: datetime) -> int:
        """Write what happens up to the moment, at most a day of it at once. Returns how many."""
        day = self.since.astimezone(HELSINKI).date()
        end = datetime.combine(day + timedelta(days=1), time(0), HELSINKI).astimezone(UTC)
        if self._day != day:
            found = list(self.year.days(day, day))
            self._events = found[0][1] if found else pl.DataFrame()
            self._day = day
        upto = min(moment, end)
        now = self._events
        if len(now):
            now = now.filter((_told_at() > self.since) & (_told_at() <= upto))
        self.since = upto
        return _sent(self.door, now, upto.astimezone(UTC)).written if len(now) else 0


def _told_at() -> pl.Expr:
    """When each event is recorded as time runs: when it happens, or in the morning of the day on which it is recorded late."""
    morning = (
        pl.col("recorded_day")
        .cast(pl.Date)
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("Europe/Helsinki")
        .dt.offset_by("8h")
    )
    return pl.max_horizontal(
        pl.col("at"),
        pl.when(
            pl.col("at").dt.convert_time_zone("Europe/Helsinki").dt.date() < pl.col("recorded_day").cast(pl.Date)
        ).then(morning.dt.convert_time_zone("UTC")),
    )


def _evening(day: date) -> datetime:
    return datetime.combine(day, EVENING, HELSINKI).astimezone(UTC)


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days
