"""What is done in the background, in a process of its own (`torni.tower.job_worker`). The queue is Procrastinate's, in PostgreSQL.

Each night the room is verified, the log is written to the snapshot, and every indicator is measured on it; either may be asked for by day.
Each morning every series is watched for what surely goes wrong or has suddenly changed.
A job that was cut short is done again when a worker starts; each may be done twice without harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict

import procrastinate

from torni.core.brought import Brings, brought, found
from torni.core.starter import starter
from torni.facts.access import connected, login, options
from torni.facts.opening import Connection
from torni.facts.snapshot import snapshot, snapshot_folder
from torni.facts.verify import verify
from torni.guidance.charges import charge
from torni.needs.indicators import measure as measured
from torni.services.chain import chains
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.supervision.chains import measure_chains
from torni.supervision.heavy_users import measure_heavy
from torni.supervision.known_sums import last_days, moment, units
from torni.supervision.meaning import keep_meaning
from torni.tower.watching import keep_watch

jobs = procrastinate.Blueprint()
AGAIN = procrastinate.RetryStrategy(max_attempts=4, exponential_wait=20)


@jobs.periodic(cron="30 1 * * *")
@jobs.task(name="measure", queue="torni", queueing_lock="measure", lock="measure", retry=AGAIN)
def measure(timestamp: int | None = None) -> None:
    """The snapshot brought up to date, and every indicator, service chain and the heavy users measured on it."""
    with connected(os.environ["TORNI_DATABASE"], "jobs") as connection:
        now = moment(connection)
        row = connection.execute("SELECT region FROM room").fetchone()
        if now is None or row is None:
            return
        last = last_days(now, units(connection)).filter(unit="")["last"].item()
        made = snapshot(connection, snapshot_folder(connection), persons=True)
        library = Days(row[0]).on(now.today).library
        found = measured(made.folder, library, last)
        defined = chains(library)
        gone = measure_chains(made.folder, defined, last)
        told = {name: {**m.json(), "version": defined[name].version} for name, m in gone.items()}
        heavy = measure_heavy(made.folder, library.number("guidance.heavy_share"), last)
        connection.execute(
            "INSERT INTO measured (position, last_day, definitions, rows, chains, heavy) VALUES (%s, %s, %s, %s, %s, %s)",
            [
                made.position,
                last,
                library.whole_version,
                json.dumps(found.to_dicts()),
                json.dumps(told),
                json.dumps(heavy.json()),
            ],
        )


@jobs.periodic(cron="30 2 * * *")
@jobs.task(name="verify", queue="torni", queueing_lock="verify", lock="verify", retry=AGAIN)
def verify_room(timestamp: int | None = None) -> None:
    """The whole log read, and every tally and state row held against it."""
    started = time.monotonic()
    with connected(os.environ["TORNI_DATABASE"], "verifier") as connection:
        row = connection.execute("SELECT region FROM room").fetchone()
        checks = verify(connection, books_of(Days(row[0]), charge=charge) if row else None)
        connection.execute(
            "INSERT INTO verified (position, whole, seconds, checks) SELECT newest(), %s, %s, %s",
            [not any(c.wrong for c in checks), time.monotonic() - started, json.dumps([{**asdict(c), "told": c.told.message} for c in checks])],
        )  # fmt: skip


@jobs.periodic(cron="* * * * *")
@jobs.task(name="watch", queue="torni", queueing_lock="watch", lock="watch", retry=AGAIN)
def watch(timestamp: int | None = None) -> None:
    """This morning's watch, as soon as yesterday's evening is folded; asked each minute, done once a day."""
    with connected(os.environ["TORNI_DATABASE"], "jobs") as connection:
        row = connection.execute("SELECT region, invented FROM room").fetchone()
        if row is not None and row[0] is not None and not (row[1] and not row[1].get("loaded")):
            keep_watch(connection, lambda day: Days(row[0]).on(day).library)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="mean", queue="torni", queueing_lock="mean", lock="mean", retry=AGAIN)
def mean(timestamp: int | None = None) -> None:
    """A promise that is new, or whose events now do something else, is made of the whole past; asked each minute, done once a change."""
    with connected(os.environ["TORNI_DATABASE"], "jobs") as connection:
        row = connection.execute("SELECT region, invented FROM room").fetchone()
        if row is not None and row[0] is not None and not (row[1] and not row[1].get("loaded")):
            days = Days(row[0])
            keep_meaning(connection, days, books_of(days, charge=charge))


def gather(into: procrastinate.Blueprint, rooms: Iterable[Brings]) -> None:
    """The jobs that rooms declare (`brings.py`), each with a connection of its own."""
    for job in (job for brings in rooms for job in brings.jobs):
        task = into.task(name=job.name, queue="torni", queueing_lock=job.name, lock=job.name, retry=AGAIN)
        into.periodic(cron=job.cron)(task(_connected(found(job.run))))


def _connected(run: Callable[[Connection], None]) -> Callable[..., None]:
    def job(timestamp: int | None = None) -> None:
        with connected(os.environ["TORNI_DATABASE"], "jobs") as connection:
            run(connection)

    return job


gather(jobs, brought())


async def work(url: str) -> None:
    """Do jobs until told to stop (SIGTERM), or until whoever started us is gone."""
    parent, stopped = starter(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=login(url, "jobs"), kwargs=options("jobs"), min_size=1, max_size=4
        )
    )
    app.add_tasks_from(jobs, namespace="room")
    async with app.open_async():
        for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=30):
            try:
                await app.job_manager.retry_job(stalled)
            except procrastinate.exceptions.UniqueViolation:  # the same job waits again already
                await app.job_manager.finish_job(stalled, procrastinate.jobs.Status.ABORTED, delete_job=False)
        running = asyncio.create_task(
            app.run_worker_async(queues=["torni"], concurrency=1, install_signal_handlers=False)
        )
        while os.getppid() == parent and not running.done() and not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 1)
        if not running.done():
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
