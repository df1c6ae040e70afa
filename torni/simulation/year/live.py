"""The invented year's own process: writes a year back if it is not there, then what happens as time runs.

`python -m torni.simulation.year.live REGION SEED RESIDENTS SPEED`, by `torni demo`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import psycopg

from torni.core import clock, logs
from torni.core.bars import Bars
from torni.core.faults import BadInput
from torni.core.language import Message, number, speak, spoken, t
from torni.core.progress import showing, working
from torni.core.starter import starter
from torni.facts.access import connected
from torni.facts.door import Door
from torni.facts.opening import connect
from torni.facts.recording import present_moment
from torni.services.days import Days
from torni.services.proposing import take_in
from torni.simulation import cast
from torni.simulation.scene import set_scene
from torni.simulation.year.running import LiveYear, assembled, load_year

YEAR_DAYS = 365
log = logging.getLogger("torni.year")


def run(
    url: str, *, region: str, seed: int, residents: int | None, speed: float, until: datetime | None = None
) -> None:
    """Load the year unless it is there, then let time run at `speed` from the newest moment recorded, until a moment.

    Time that passed while nothing ran happens at once, at most a day a step.
    """
    with connect(url, autocommit=True) as connection:
        first, loaded = _begun(connection)
        year, books = assembled(region, seed=seed, residents=residents, first=first)
        cast.gather(connection)
        cast.settle_resident(connection, year.world)
        if not loaded:
            started = time.monotonic()

            until_now = clock.now()
            with working(Message("The invented year"), (until_now.date() - first).days + 1) as done:

                def told(day: date, _written: int) -> None:
                    done((day - first).days + 1)

                written = load_year(url, year, books, first=first, until=until_now, told=told)
            set_scene(connection, Door(connection, books), Days(region).exactly)
            connection.execute("UPDATE room SET invented = invented || '{\"loaded\": true}'")
            connection.execute("SELECT queue_job('watch'), queue_job('measure')")
            log.info(t("The invented year is here: {events} events in {seconds} s.", events=number(written), seconds=number(time.monotonic() - started)))  # fmt: skip
        with _told_not_raised():
            take_in(Door(connection, books), at=present_moment(connection))
        row = connection.execute("SELECT recorded_at FROM room").fetchone()
        assert row is not None
        live = LiveYear(Door(connection, books), year, row[0])
    begun, since, parent = time.monotonic(), row[0], starter()
    ahead = max(clock.now() - since, timedelta(0))  # what passed while nothing ran is caught up with
    while True:
        now = since + ahead + timedelta(seconds=(time.monotonic() - begun) * speed)
        if until is not None and now > until:
            now = until
        try:
            with connected(url, "door") as connection:
                live.door = Door(connection, books)
                while True:
                    live.upto(now)
                    if live.since >= now:
                        if until is not None and now >= until:
                            return
                        if os.getppid() != parent:  # whoever started us is gone: nobody would stop us
                            return
                        time.sleep(0.25)
                        now = since + ahead + timedelta(seconds=(time.monotonic() - begun) * speed)
        except (psycopg.Error, BadInput) as error:
            log.warning("the record room does not answer (%s); trying again", type(error).__name__)
            time.sleep(0.5)


@contextlib.contextmanager
def _told_not_raised() -> Iterator[None]:
    """A file of before that cannot be read keeps nothing from running: whoever asks for the definitions is told of it."""
    try:
        yield
    except BadInput as error:
        log.warning("changes of before were not taken in: %s", error)


def _begun(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[date, bool]:
    """The year's first day (kept, so that a later start goes on with the same year) and whether it is loaded."""
    row = connection.execute("SELECT invented FROM room").fetchone()
    invented = row[0] if row else None
    assert isinstance(invented, dict), "only an invented room has an invented year"
    if "first" not in invented:
        first = clock.today() - timedelta(days=YEAR_DAYS)
        connection.execute(
            "UPDATE room SET invented = invented || jsonb_build_object('first', %s::text)", [first.isoformat()]
        )
        return first, False
    return date.fromisoformat(invented["first"]), bool(invented.get("loaded"))


def main(arguments: list[str]) -> int:
    logs.begin("year")
    speak(spoken())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    region, seed, residents, speed = arguments
    with contextlib.suppress(KeyboardInterrupt), showing(Bars(spoken=spoken())):
        run(
            os.environ["TORNI_DATABASE"], region=region, seed=int(seed), speed=float(speed),
            residents=int(residents) if residents != "all" else None,
        )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
