"""The record room as the pages see it: a pool of connections, and the newest pictures kept while they are the newest."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from typing import Any

from psycopg_pool import ConnectionPool

from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts.book import Books
from torni.facts.door import Door
from torni.facts.room import Connection
from torni.guidance.charges import charge
from torni.services.book import books_of
from torni.services.days import Days
from torni.services.library import Library
from torni.supervision.moment import moment
from torni.tower.live import Live, before_of, live
from torni.web.store import hold

MOST_PICTURES = 12
_pictures: OrderedDict[tuple[Any, ...], Live] = OrderedDict()
_before: OrderedDict[tuple[str, date], Any] = OrderedDict()
_lock = threading.RLock()


def is_open() -> bool:
    """Does this server have a record room?"""
    return "TORNI_DATABASE" in os.environ


def _connections(name: str, *, least: int, most: int) -> ConnectionPool[Connection]:
    return ConnectionPool(
        os.environ["TORNI_DATABASE"], min_size=least, max_size=most, timeout=10, kwargs={"autocommit": True}, open=True,
        check=ConnectionPool.check_connection, name=name,
    )  # fmt: skip


@cache
def _pool() -> ConnectionPool[Connection]:
    return _connections("pages", least=1, most=8)


@cache
def _doors() -> ConnectionPool[Connection]:
    return _connections("doors", least=0, most=2)


@contextmanager
def connection() -> Iterator[Connection]:
    with _pool().connection() as one:
        yield one


@contextmanager
def door() -> Iterator[Door]:
    """A door of the room's own region, on a connection that keeps its books."""
    with _doors().connection() as one:
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


@cache
def _books(region: str) -> Books:
    return books_of(days(region), charge=charge)


def health() -> dict[str, Any]:
    """The newest moment recorded, its position, how many events wait to be folded, and whether a year is being written."""
    with connection() as one:
        row = one.execute(
            "SELECT nullif(r.recorded_at, '-infinity'), r.invented, (SELECT max(position) FROM event), c.position FROM room r, consumer c "
            "WHERE c.name = 'tally'"
        ).fetchone()
    if row is None:
        return {"recorded_at": None, "position": 0, "behind": 0, "loading": False}
    recorded, invented, newest, folded = row
    return {
        "recorded_at": recorded and recorded.isoformat(), "position": folded, "behind": (newest or 0) - folded,
        "loading": bool(invented and not invented.get("loaded")),
    }  # fmt: skip


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
    with connection() as one:
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
        residents = int(one.execute("SELECT count(DISTINCT client) FROM client").fetchone()[0])  # type: ignore[index]
        then_key = (region, now.today)
        before = _before.get(then_key)
        if before is None:
            before = _kept(_before, then_key, before_of(one, libraries(region), now, residents=residents))
        made = live(one, libraries(region), residents=residents, known=known, before=before)
        return None if made is None else _kept(_pictures, key, made)


def _kept(shelf: OrderedDict[Any, Any], key: Any, value: Any) -> Any:
    with _lock:
        shelf[key] = value
        while len(shelf) > MOST_PICTURES:
            shelf.popitem(last=False)
        return value


def names(region: str) -> Any:
    """Municipality codes to names."""
    from torni.core.clock import today

    return hold(region, today()).network.names
