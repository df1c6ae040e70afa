"""The processes that serve the pages: as many as are wanted, all on one socket; one that dies is replaced, and it is told.

Uvicorn's own supervisor starts them, asks each whether it still answers, replaces what does not, and hands on the signal to stop
(SIGHUP replaces them one after another). What is here is what it does not do: copies of one process, telling, counting, an end in time.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess

from uvicorn._subprocess import subprocess_started
from uvicorn.config import Config
from uvicorn.supervisors import multiprocess
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts.opening import Connection
from torni.web import metrics
from torni.web.serve import COPIES

MOST = 64
CONNECTIONS = (
    21  # to the record room, of one process at most: 8 for pages, 2 doors, 4 gates (`room.py`), 7 of its streams
)
OTHERS = 20  # the worker's, the jobs', the deliveries', the invented year's, and some for commands and for the server's owner
ANSWERS_S = 20  # a page that reckons in one long step keeps its process from answering: only longer than this is it taken for dead
STOPS_S = 10.0
_OURS = ("TORNI_", "DATABASE_URL")
log = logging.getLogger("torni")


class Pages(Multiprocess):
    """Uvicorn's supervisor, that begins with one process, tells of what it replaces and does not wait for ever at the end.

    The first is on its way alone, for two at once take each other's time and the first page waits for both; `meanwhile` is done
    beside it. The others come when it serves.
    """

    def __init__(self, config: Config, sockets: list[socket.socket], meanwhile: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self.meanwhile = meanwhile

    def init_processes(self) -> None:
        self._one_more()
        try:
            self.meanwhile()
        except BaseException:
            self.terminate_all()
            self.join_all()
            raise

    def _one_more(self) -> None:
        process = Process(self.config, self.sockets)
        process.start()
        self.processes.append(process)

    def keep_subprocess_alive(self) -> None:
        before = list(self.processes)
        super().keep_subprocess_alive()
        if (
            len(self.processes) < self.processes_num
            and not self.should_exit.is_set()
            and self.processes[-1].is_ready(0.1)
        ):
            self._one_more()
        for was, now in zip(before, self.processes, strict=False):
            if was is not now:
                log.warning("a process of the pages (%s) ended with %s; another serves in its place", was.pid, was.exitcode)  # fmt: skip
                metrics.ended("pages", was.pid)

    def join_all(self) -> None:
        until = time.monotonic() + STOPS_S
        for one in self.processes:
            one.process.join(max(0.1, until - time.monotonic()))
            if one.process.is_alive():  # a long reckoning: it has changed nothing yet, and can be asked for again
                one.process.kill()
                one.process.join()


def _copy(config: Config, target: Callable[..., None], sockets: list[socket.socket]) -> BaseProcess:
    """A copy of the process that holds the code, with what is known only now; Uvicorn's own would read the code anew."""
    ours = {name: os.environ[name] for name in os.environ if name.startswith(_OURS)}
    return COPIES.Process(target=_begun, args=(ours, config, target, sockets), name="pages")


def _begun(
    environment: dict[str, str], config: Config, target: Callable[..., None], sockets: list[socket.socket]
) -> None:
    for name in {name for name in os.environ if name.startswith(_OURS)} - {*environment}:
        del os.environ[name]  # the copies' own starter may have been told more
    os.environ.update(environment)
    subprocess_started(config, target, sockets, None)


multiprocess.get_subprocess = _copy  # type: ignore[attr-defined, assignment, unused-ignore]


def serve(socket_: socket.socket, processes: int, meanwhile: Callable[[], None] = lambda: None) -> int:
    """Serve the pages on the socket until told to stop. 1 where no process could begin. `meanwhile` is done while the first begins."""
    config = Config(
        "torni.web.asgi:application", workers=processes, log_config=None, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=2, timeout_worker_healthcheck=ANSWERS_S, lifespan="on",
    )  # fmt: skip
    pages = Pages(config, [socket_], meanwhile)
    pages.run()
    return 1 if any(p.exitcode == 3 for p in pages.processes) else 0


def count(wanted: int | None, connection: Connection) -> int:
    """How many: what is wanted, or one for each core that we may use, and no more than the record room has connections for."""
    row = connection.execute("SELECT current_setting('max_connections')::int").fetchone()
    assert row is not None
    room_for: int = min(MOST, max(1, (row[0] - OTHERS) // CONNECTIONS))
    if wanted is None:
        return min(_cores(), room_for)
    if not 1 <= wanted <= room_for:
        raise bad_input(
            "--processes",
            t("{wanted} is out of range", wanted=wanted),
            t("Write a number from 1 to {most}: the record room's server takes {connections} connections, and each process may need {each}.",
              most=room_for, connections=row[0], each=CONNECTIONS),
        )  # fmt: skip
    return wanted


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_with_starter() -> None:
    """Stop this process, as if told to, when the one that started it is gone: killed, it could not tell us."""
    starter = parent_process()
    if starter is None:
        return

    def wait() -> None:
        starter.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="starter").start()
