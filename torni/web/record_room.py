"""The record room as the pages see it: a pool of connections, and the newest pictures kept while they are the newest."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

import psycopg
from django.http import Http404, HttpRequest
from psycopg_pool import ConnectionPool

from torni.core import clock
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.facts import access, accounts, data_fields, intake, recording, senders
from torni.facts.access import Who
from torni.facts.book import Books
from torni.facts.door import Accepted, Door, local_day
from torni.facts.opening import Connection
from torni.facts.reasons import reason
from torni.guidance.charges import charge
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.services.library import Library
from torni.supervision.known_sums import Gathered, Moment, moment
from torni.tower.live import Live, Then, before_of, live, then_of
from torni.web import metrics
from torni.web.store import Held, held, hold

MOST_PICTURES, LATELY_S = 12, 60.0
DAY_S = 1.0  # how long the room's day is kept: each link of a page asks for it, and a demonstration's minute is an hour
PATIENCE = "5s"  # how long a page waits for its turn to write
STILL_S = 20.0  # the worker tells every five seconds that the tallies are level: silent so long, they stand still
_pictures: OrderedDict[tuple[Any, ...], Live] = OrderedDict()
_before: OrderedDict[tuple[str, date], Any] = OrderedDict()
_year_ago: OrderedDict[tuple[str, date], dict[str, Then]] = OrderedDict()
_newest: dict[str, Gathered] = {}  # what the newest picture rests on: the next adds to it
_residents: dict[tuple[str, date], int] = {}
_lately: dict[str, tuple[Live | None, float]] = {}
_day: dict[str, tuple[str | None, date | None, float]] = {}
_lock = threading.RLock()
_making = threading.Lock()


def is_open() -> bool:
    """Does this server have a record room?"""
    return "TORNI_DATABASE" in os.environ


@cache
def _pool(role: Literal["pages", "door", "gate"]) -> ConnectionPool[Connection]:
    """Connections that hold the rights of one role, and no more."""
    least, most = {"pages": (1, 8), "door": (0, 2), "gate": (1, 4)}[role]
    return ConnectionPool(
        access.login(os.environ["TORNI_DATABASE"], role), min_size=least, max_size=most, timeout=10, open=True, name=role,
        kwargs={"autocommit": True, **access.options(role)}, check=None if role == "pages" else ConnectionPool.check_connection,
    )  # fmt: skip


def close() -> None:
    """Close every connection and forget what was kept: another room follows, or none."""
    if _pool.cache_info().currsize:
        for role in ("pages", "door", "gate"):
            _pool(role).close()
    _pool.cache_clear()
    forget()


def forget() -> None:
    """Forget every picture; the next is made from nothing."""
    for shelf in (_pictures, _before, _year_ago, _newest, _residents, _lately, _day):
        shelf.clear()


@contextmanager
def reading(who: Who | None) -> Iterator[Connection]:
    """A connection that sees what the one who asks may see."""
    with _asked(lambda one: access.asking(one, who)) as one:
        yield one


@contextmanager
def _asked(ask: Callable[[Connection], None]) -> Iterator[Connection]:
    """A connection that has been told who asks; the telling shows whether it still lives, and another is taken where it does not."""
    pool = _pool("pages")
    for left in range(pool.max_size, -1, -1):
        one = pool.getconn()
        try:
            ask(one)
        except psycopg.OperationalError:
            pool.putconn(one)  # the pool throws it away and makes a new one
            if not left:
                raise
            continue
        try:
            with one:  # as the pool's own: what was begun is undone when the block fails
                yield one
        finally:
            pool.putconn(one)
        return


@contextmanager
def gate() -> Iterator[Connection]:
    """A connection that knows accounts and sessions, and nothing else."""
    with _pool("gate").connection() as one:
        yield one


@contextmanager
def door() -> Iterator[Door]:
    """A door of the room's own region, on a connection that keeps its books."""
    with _pool("door").connection() as one:
        made = getattr(one, "torni_door", None)
        if made is None:
            owner = one.execute("SELECT region FROM room").fetchone()
            if owner is None:
                raise bad_input(
                    t("the record room"),
                    t("belongs to no region yet"),
                    t("Start it with `torni demo` or `torni serve`."),
                )
            made = Door(one, _books(owner[0]))
            one.torni_door = made  # type: ignore[attr-defined]
        yield made


@contextmanager
def whole_log(region: str) -> Iterator[Connection | None]:
    """A connection that sees the whole log, for sums of it; None where there is no record room of the region."""
    if not is_of(region):
        yield None
        return
    with _pool("door").connection() as one:
        yield one


def now() -> datetime:
    """The room's present: the clock's, or the newest recorded where the facts are invented and time is theirs."""
    with reading(None) as one:
        return recording.present_moment(one)


def invented_day(region: str) -> date | None:
    """The day that it is in the region's record room, where its facts are invented and time is theirs; None where it is the clock's day,
    as it is while the invented year is still being written."""
    if not is_open():
        return None
    kept = _day.get("room")
    if kept is None or time.monotonic() - kept[2] > DAY_S:
        with reading(None) as one:
            row = one.execute("SELECT region, CASE WHEN (invented->>'loaded') IS NOT NULL THEN nullif(recorded_at, '-infinity') END FROM room").fetchone()  # fmt: skip
        owner, at = row or (None, None)
        kept = _day["room"] = owner, local_day(at) if at else None, time.monotonic()
    return kept[1] if kept[0] == region else None


@contextmanager
def _written() -> Iterator[Door]:
    """A door in whose block all is written or nothing. Whoever waits at a page is told, and keeps what was written, where another writes long:
    an invented year, a large file."""
    try:
        with door() as made, made.connection.transaction():
            made.connection.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            recording.refuse_doubted(made.connection)
            yield made
    except psycopg.errors.LockNotAvailable as error:
        told = t("is taking in much at once, and this was not recorded") if not health()["loading"] else t("is still being filled with the invented year, and this was not recorded")  # fmt: skip
        raise bad_input(
            t("the record room"), told, t("Nothing that you wrote is lost: press again in a moment.")
        ) from error


def write(
    events: Sequence[Mapping[str, Any]], *, at: datetime, who: Who | None = None, producer: str | None = None
) -> None:
    """Events of a person at a page through the door, all or none. What the door refuses is a fault, what is there already too."""
    if not events:
        return
    with _written() as made:
        done = _taken(made, events, at=at, who=who, producer=producer)
    metrics.events("page", taken=done.written, repeated=0, refused=0)


def write_of_new(
    identity: str, events: Callable[[int], Sequence[Mapping[str, Any]]], *, at: datetime, who: Who
) -> int | None:  # fmt: skip
    """The events of a client who is registered with them, by the number that the room gives, all or none; the number. None, and nothing
    written, where the identity code is in the register already."""
    with _written() as made:
        row = made.connection.execute("SELECT next_client(%s)", [identity or None]).fetchone()
        if row is None or row[0] is None:
            return None
        done = _taken(made, events(row[0]), at=at, who=who)
    metrics.events("page", taken=done.written, repeated=0, refused=0)
    number: int = row[0]
    return number


def _taken(
    made: Door, events: Sequence[Mapping[str, Any]], *, at: datetime, who: Who | None, producer: str | None = None
) -> Accepted:
    declared = intake.declared_by(made)
    doubted = [
        code
        for e in events
        for code in data_fields.faults(declared(e["type"], e["at"]), e.get("data") or {}, local_day(e["at"]))
    ]
    if doubted:
        raise BadInput(*(Fault(t("the record room"), reason(code), "") for code in doubted))
    done = made.accept(events, now=at, producer=producer, sender=senders.account(who) if who else None)
    if done.refused or done.repeated:
        metrics.events("page", taken=0, repeated=done.repeated, refused=len(done.refused))
    if done.refused:
        raise BadInput(*(Fault(t("the record room"), reason(code), "") for reasons in done.refused.values() for code in reasons))  # fmt: skip
    if done.repeated:
        raise BadInput(Fault(t("this step"), t("has been taken already"), t("Look at the page again: somebody was faster, or the form was sent twice.")))  # fmt: skip
    return done


@cache
def _books(region: str) -> Books:
    return books_of(days(region), charge=charge)


def health() -> dict[str, Any]:
    """The newest moment recorded, its position, how many events wait to be folded, whether they stand still, how many were set aside
    because they cannot be counted, whether the clock is doubted, and whether a year is being written."""
    with reading(None) as one:
        row = one.execute(
            "SELECT nullif(r.recorded_at, '-infinity'), r.invented, newest(), c.position, extract(epoch FROM clock_timestamp() - c.level_at), "
            "(SELECT count(*) FROM missed), (SELECT max(at) FROM backup_tried WHERE whole), (SELECT whole FROM backup_tried ORDER BY number DESC LIMIT 1) FROM room r, consumer c WHERE c.name = 'tally'"
        ).fetchone()
        clocks = recording.clocks(one)
    recorded, invented, newest, folded, since, aside, tried, whole = row or (None, None, 0, 0, 0, 0, None, None)
    behind = max(0, (newest or 0) - folded)  # a promise made anew has a position of its own after them
    late = 0 if invented or not recorded else max(0, round((recorded - clock.now()).total_seconds()))
    return {
        "recorded_at": recorded and recorded.isoformat(), "position": folded, "behind": behind, "standing_still": behind > 0 and since > STILL_S,
        "set_aside": aside, "loading": bool(invented and not invented.get("loaded")), "clock_behind_s": late,
        "clock_doubted": bool(clocks and clocks.doubted),
        "backup_tried_at": tried and tried.isoformat(), "backup_whole": whole,
        "disk_free_mb": round(shutil.disk_usage(folder).free / 1e6) if row and (folder := _folder()) else None,
    }  # fmt: skip


def invented() -> Mapping[str, Any] | None:
    """Of an invented year, its seed and residents; None where the facts are real."""
    with reading(None) as one:
        row = one.execute("SELECT invented FROM room").fetchone()
    return row[0] if row else None


def has_cast() -> bool:
    """Is this a demonstration, with people to look as?"""
    with gate() as one:
        return bool(accounts.cast(one))


def is_of(region: str) -> bool:
    """Is the record room this region's?"""
    if not is_open():
        return False
    with reading(None) as one:
        return one.execute("SELECT 1 FROM room WHERE region = %s", [region]).fetchone() is not None


def own(request: HttpRequest, region: str) -> Held:
    """The region of a page that is about what the room holds; not found where the room is another region's."""
    here = held(request, region)
    if not is_of(here.id):
        raise Http404
    return here


def about() -> tuple[str, date, dict[str, str]]:
    """The room's region, its newest day, and its units' names."""
    with reading(None) as one:
        row = one.execute("SELECT region, nullif(recorded_at, '-infinity') FROM room").fetchone()
        units = dict(
            one.execute(
                "SELECT DISTINCT ON (unit) unit, name FROM unit ORDER BY unit, valid_from DESC, position DESC"
            ).fetchall()
        )
    assert row is not None
    return row[0], local_day(row[1]) if row[1] else clock.today(), units


def _folder() -> str | None:
    """Where the embedded room's data is; None where it is another server's."""
    return os.environ.get("TORNI_ROOM_FOLDER")


@cache
def days(region: str) -> Days:
    return Days(region)


def libraries(region: str) -> Any:
    def on(day: date) -> Library:
        return days(region).on(day).library

    return on


def picture(region: str, known: datetime | None = None) -> Live | None:
    """The region's live picture, as known at a moment; None where there is no record room, or it is another region's."""
    if not is_open():
        return None
    with _asked(access.for_the_tower) as one:
        owner = one.execute("SELECT region FROM room").fetchone()
        if owner is None or owner[0] != region:
            return None
        now = moment(one, known)
        if now is None:
            return None
        key = (region, now.position, now.today, now.past)
        with _lock:
            if key in _pictures:
                _pictures.move_to_end(key)
                return _pictures[key]
        with _making if known is None else nullcontext():  # whoever else wants the newest meanwhile waits for this one
            if key in _pictures:
                return _pictures[key]
            return _made(one, region, now, known)


def _made(one: Connection, region: str, now: Moment, known: datetime | None) -> Live | None:
    """The picture of a moment, made of what is kept and what has come since."""
    then_key = (region, now.today)
    residents = _residents.get(then_key)
    if residents is None:
        residents = _residents[then_key] = int(one.execute("SELECT registered()").fetchone()[0])  # type: ignore[index]
    before = _before.get(then_key)
    if before is None:
        before = _kept(_before, then_key, before_of(one, libraries(region), now, residents=residents))
    newest = _newest.get(region) if known is None else None
    made = live(one, libraries(region), residents=residents, known=known, before=before, kept=newest)
    if made is None:
        return None
    if known is None and not made.now.past:
        _newest[region] = made.gathered
    _kept(_pictures, (region, made.now.position, made.now.today, made.now.past), made)
    return made


def year_ago(region: str, found: Live) -> Mapping[str, Then]:
    """What the promises were known to be a year before the picture; looked for once a day. Nothing where nothing was known then."""
    key = (region, found.now.today)
    known = _year_ago.get(key)
    if known is None:
        with _asked(access.for_the_tower) as one:
            known = then_of(one, libraries(region), found.now, 364, residents=_residents.get(key, 0))
        _kept(_year_ago, key, known)
    return known


def lately(region: str) -> Live | None:
    """The live picture without small numbers, a minute old at most: for those to whom a new event makes no difference, and who are many."""
    known, at = _lately.get(region, (None, 0.0))
    if known is None or time.monotonic() - at > LATELY_S:
        newest = picture(region)
        known, at = newest.for_all if newest else None, time.monotonic()
        _lately[region] = known, at
    return known


def _kept(shelf: OrderedDict[Any, Any], key: Any, value: Any) -> Any:
    with _lock:
        shelf[key] = value
        while len(shelf) > MOST_PICTURES:
            shelf.popitem(last=False)
        return value


def names(region: str) -> Any:
    """Municipality codes to names."""
    return hold(region).network.names
