"""`torni serve`: the record room, its worker, the invented year where one is asked for, and the pages, on this machine."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import psycopg
from psycopg_pool import PoolTimeout

from torni.core.faults import BadInput, bad_input
from torni.core.language import _, t
from torni.facts import room
from torni.facts.postgres import server
from torni.services import regions
from torni.simulation import cast

SOON_S = 3.0
log = logging.getLogger("torni")


def serve(args: argparse.Namespace) -> int:
    """Run everything until Ctrl+C; a part that dies is started again."""
    region = regions.find(args.region).id
    port = _free_port(args.port)
    with server() as database:
        room.prepare(database.url)
        os.environ["TORNI_DATABASE"] = database.url
        if database.folder:
            os.environ["TORNI_ROOM_FOLDER"] = str(database.folder)
        parts = [[sys.executable, "-m", f"torni.{part}"] for part in ("facts.work", "tower.work", "facts.deliver")]
        with room.connect(database.url, autocommit=True) as connection:
            wanted = {"seed": args.seed, "residents": args.residents} if hasattr(args, "seed") else None
            invented = room.claim(connection, region, invented=wanted)
            if invented:
                cast.gather(connection)
        if invented:
            speed = str(getattr(args, "speed", 1.0))
            residents = str(invented["residents"] or "all")
            parts.append(
                [sys.executable, "-m", "torni.simulation.year.live", region, str(invented["seed"]), residents, speed]
            )
        with _running(parts, database.revive):
            return _pages(region, port)


@contextlib.contextmanager
def _running(parts: Sequence[Sequence[str]], revive: Callable[[], None]) -> Iterator[None]:
    """The other processes and the embedded server, each started again when it dies, all stopped at the end."""
    stopping = threading.Event()
    processes: dict[int, subprocess.Popen[bytes]] = {}

    def keep(number: int, command: Sequence[str]) -> None:
        stopping.wait(SOON_S if number else 0)  # the worker first; the others must not keep the door waiting
        while not stopping.is_set():
            started = time.monotonic()
            processes[number] = subprocess.Popen(list(command), start_new_session=True)  # Ctrl+C is ours to hand on
            code = processes[number].wait()
            if not stopping.is_set():
                log.warning("%s ended with %s; starting it again", command[2], code)
                stopping.wait(0.2 if time.monotonic() - started > 5 else 2.0)

    threads = [threading.Thread(target=keep, args=(i, c), daemon=True) for i, c in enumerate(parts)]
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
        for process in processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


def _pages(region: str, port: int) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
    import uvicorn

    from torni.web import room as web_room
    from torni.web import store
    from torni.web.asgi import application

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for quiet in ("uvicorn.error", "psycopg.pool"):
        logging.getLogger(quiet).setLevel(logging.WARNING)

    def warm() -> None:
        store.warm(region)
        with contextlib.suppress(psycopg.Error, PoolTimeout, BadInput):
            web_room.picture(region)

    threading.Thread(target=warm, daemon=True).start()  # beside, so that events are taken in at once
    print(
        "\n" + _("The pages: {address}   (Ctrl+C stops)").format(address=f"http://127.0.0.1:{port}/{region}/"),
        flush=True,
    )
    config = uvicorn.Config(
        application, host="127.0.0.1", port=port, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=2, lifespan="on",
    )  # fmt: skip
    running = uvicorn.Server(config)
    signal.signal(signal.SIGTERM, lambda *_: setattr(running, "should_exit", True))
    with contextlib.suppress(KeyboardInterrupt):
        running.run()
    return 0


def _free_port(wanted: int) -> int:
    """The wanted port, or the first free one of the twenty after it."""
    if not 1 <= wanted <= 65_500:
        raise bad_input("--port", t("{wanted} is not a port", wanted=wanted), t("Write a number from 1024 to 65500."))
    for port in range(wanted, wanted + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise bad_input(
        "--port",
        t("ports {first} to {last} are all in use", first=wanted, last=wanted + 19),
        t("Choose another with --port."),
    )
