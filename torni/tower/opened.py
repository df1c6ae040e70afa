"""The record room as a command or a notebook finds it: what is known of a region's promises about what happens, and why nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from torni.core.clock import today
from torni.core.faults import bad_input
from torni.core.language import Message, t
from torni.network.check import fits
from torni.promises.finding import NO_ROOM
from torni.services import regions

if TYPE_CHECKING:
    from torni.facts.opening import Connection
    from torni.services.library import Library
    from torni.tower.live import Live


@contextmanager
def opened(region: str) -> Iterator[tuple[Connection | None, Message]]:
    """The region's record room that runs, on a connection that sees the whole log; None, and why, where there is none."""
    from torni.facts.postgres import running  # what a check without a room does not need is not loaded

    url = running()
    if url is None:
        yield None, NO_ROOM
        return
    import psycopg

    from torni.facts.opening import connect

    with ExitStack() as kept:
        try:
            connection = kept.enter_context(connect(url, autocommit=True))
            owner = connection.execute("SELECT region FROM room").fetchone()
        except psycopg.OperationalError:
            connection, why = None, Message("the record room does not answer")
        except psycopg.errors.UndefinedTable:
            connection, why = None, NO_ROOM
        else:
            why = Message("nothing has been recorded")
            if owner is None or owner[0] != region:
                connection, why = None, Message("the record room is of another region")
        yield connection, why


@contextmanager
def room(region: str) -> Iterator[Connection]:
    """The same, for what needs it: BadInput where the region's room does not run."""
    found = regions.find(region).id
    with opened(found) as (connection, why):
        if connection is None:
            raise bad_input(found, str(why), t("Start the room first: torni demo, or torni serve."))
        yield connection


def happening(
    region: str, *, on: date | None = None, clients: str | None = None, small: bool = False
) -> tuple[Live | None, Message]:  # fmt: skip
    """The live picture of a region's room that runs (`DATABASE_URL`, or the embedded one), at the end of a past day or now.

    `clients`: of the promises that fit, as in `network.check`, is also told for how many clients each was not kept. None, and why, where no room runs, or it is another region's: nothing is started.
    `small`: with the sums of a few clients, for what is not shown on.
    """
    with opened(region) as (connection, why):
        if connection is None:
            return None, why
        from torni.facts.access import for_the_tower
        from torni.facts.fold import start_of
        from torni.services.days import Days
        from torni.supervision.measure import clients_behind
        from torni.tower.live import live

        days = Days(region)

        def library(day: date) -> Library:
            return days.on(day).library

        known = start_of(on + timedelta(days=1)) - timedelta(microseconds=1) if on and on < today() else None
        row = connection.execute("SELECT registered()").fetchone()
        shown = live(connection, library, residents=row[0] if row else 0, known=known)
        if shown is None:
            return None, why
        if not small:
            shown = shown.for_all
        if clients is None:
            return shown, why
        for_the_tower(connection)
        found = (
            replace(f, clients=clients_behind(connection, f, shown.now, shown.register)) if fits(f.id, clients) else f
            for f in shown.found
        )
        return replace(shown, found=tuple(found)), why
