"""The parts of a server, each started again when it dies: the record room, its worker, jobs, deliveries, the invented year, the pages."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from torni.core import clock
from torni.core.brought import brought
from torni.core.faults import BadInput, bad_input
from torni.core.language import _, t
from torni.core.starter import STARTER
from torni.facts import access, opening
from torni.facts.door import Door
from torni.facts.postgres import server
from torni.guidance.charges import charge
from torni.producers import witnesses
from torni.services import regions
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.services.proposing import take_in
from torni.simulation import cast
from torni.web import metrics, processes

SOON_S = 3.0
STOPS_S = 5.0
log = logging.getLogger("torni")


def run(args: argparse.Namespace) -> int:
    """Run everything until told to stop. A demonstration tells its findings while the pages are on their way."""
    region = regions.find(args.region).id
    witnesses.addresses()
    with _socket(args.port) as listening, server() as database:
        opening.prepare(database.url)
        os.environ["TORNI_DATABASE"] = database.url
        os.environ["TORNI_WARM"] = region
        if database.folder:
            os.environ["TORNI_ROOM_FOLDER"] = str(database.folder)
        parts: list[tuple[list[str], tuple[str, ...]]] = [
            (["torni.facts.fold_worker"], ("worker",)),
            (["torni.tower.job_worker"], ("jobs", "verifier")),
            *(([module], (login,)) for b in brought() for module, login in b.workers.items()),
        ]
        with opening.connect(database.url, autocommit=True) as connection:
            many = processes.count(args.processes, connection)
            wanted = {"seed": args.seed, "residents": args.residents} if hasattr(args, "seed") else None
            invented = opening.claim(connection, region, invented=wanted)
            if invented:
                cast.gather(connection)
            else:  # where facts are invented, the year's own process does it when the year is there
                take_in(Door(connection, books_of(Days(region), charge=charge)), at=clock.now())
        if invented:
            speed = str(getattr(args, "speed", 1.0))
            residents = str(invented["residents"] or "all")
            parts.append((["torni.simulation.year.live", region, str(invented["seed"]), residents, speed], ()))
        told = [metrics.tell(args.metrics, database.url)] if args.metrics is not None else []
        commands = [([sys.executable, "-m", *of], access.environment(database.url, *logins)) for of, logins in parts]
        os.environ.update(pages := access.environment(database.url, "door", "pages", "gate"))
        for name in {*os.environ} - {*pages}:
            del os.environ[name]
        with _running(commands, database.revive):
            port = listening.getsockname()[1]

            def meanwhile() -> None:
                getattr(args, "first", lambda: None)()
                address = f"http://127.0.0.1:{port}/{region}/"
                print("\n" + _("The pages: {address}   (Ctrl+C stops)").format(address=address), flush=True)

            code = processes.serve(listening, many, meanwhile)
        for one in told:
            one.shutdown()
        return code


@contextlib.contextmanager
def _running(parts: Sequence[tuple[Sequence[str], Mapping[str, str]]], revive: Callable[[], None]) -> Iterator[None]:
    """The other processes and the embedded server, each started again when it dies, all stopped at the end."""
    stopping = threading.Event()
    started: dict[int, subprocess.Popen[bytes]] = {}

    def keep(number: int, command: Sequence[str], told: Mapping[str, str]) -> None:
        stopping.wait(SOON_S if number else 0)  # the worker first; the others must not keep the door waiting
        while not stopping.is_set():
            since = time.monotonic()
            started[number] = subprocess.Popen(
                list(command), start_new_session=True, env={**told, STARTER: str(os.getpid())}
            )  # Ctrl+C is ours to hand on
            code = started[number].wait()
            if not stopping.is_set():
                log.warning("%s ended with %s; starting it again", command[2], code)
                metrics.ended(command[2].removeprefix("torni."))
                stopping.wait(0.2 if time.monotonic() - since > 5 else 2.0)

    threads = [threading.Thread(target=keep, args=(i, *part), daemon=True) for i, part in enumerate(parts)]
    for thread in threads:
        thread.start()

    def watch() -> None:
        while not stopping.wait(1.0):
            with contextlib.suppress(BadInput):  # told by /health; tried again in a second
                revive()

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        stopping.set()
        for process in started.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        until = time.monotonic() + STOPS_S
        for process in started.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:  # in a long job, which begins again at the next start
                process.kill()
                process.wait()


@contextlib.contextmanager
def _socket(wanted: int) -> Iterator[socket.socket]:
    """The wanted port, or the first free one of the twenty after it, held from now on; who asks before the pages are there waits."""
    if not 1 <= wanted <= 65_500:
        raise bad_input("--port", t("{wanted} is not a port", wanted=wanted), t("Write a number from 1024 to 65500."))
    for port in range(wanted, wanted + 20):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            one.listen(2048)
            yield one
            return
    raise bad_input(
        "--port",
        t("ports {first} to {last} are all in use", first=wanted, last=wanted + 19),
        t("Choose another with --port."),
    )
