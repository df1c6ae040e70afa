"""The record room as a command or a notebook finds it: what is known of a region's promises about what happens, and why nothing is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from torni.core.clock import today
from torni.core.language import Message
from torni.services.days import Days
from torni.services.library import Library
from torni.tower.picture import NO_ROOM

if TYPE_CHECKING:
    from torni.tower.live import Live


def happening(region: str, *, on: date | None = None) -> tuple[Live | None, Message]:
    """The live picture of a region's room that runs (`DATABASE_URL`, or the embedded one), at the end of a past day or now.

    None, and why, where no room runs, or it is another region's: nothing is started.
    """
    from torni.facts.postgres import running  # what a check without a room does not need is not loaded

    url = running()
    if url is None:
        return None, NO_ROOM
    import psycopg

    from torni.facts.fold import start_of
    from torni.facts.room import connect
    from torni.tower.live import live

    days = Days(region)

    def library(day: date) -> Library:
        return days.on(day).library

    known = start_of(on + timedelta(days=1)) - timedelta(microseconds=1) if on and on < today() else None
    try:
        with connect(url, autocommit=True) as connection:
            owner = connection.execute("SELECT region FROM room").fetchone()
            if owner is None or owner[0] != region:
                return None, Message("the record room is of another region")
            row = connection.execute("SELECT registered()").fetchone()
            found = live(connection, library, residents=row[0] if row else 0, known=known)
            return found, Message("nothing has been recorded")
    except psycopg.OperationalError:
        return None, Message("the record room does not answer")
    except psycopg.errors.UndefinedTable:
        return None, NO_ROOM
