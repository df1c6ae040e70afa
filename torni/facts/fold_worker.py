"""The worker: folds what is new as soon as it is written, and seals each day that is over, the newest signed. `python -m torni.facts.fold_worker`."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time

import psycopg

from torni.core import logs
from torni.core.faults import BadInput
from torni.core.starter import starter
from torni.facts.access import connected
from torni.facts.checkpoint import keep
from torni.facts.fold import fold, level
from torni.facts.opening import Connection
from torni.facts.recording import see
from torni.facts.sealing import seal

WRITTEN = "torni_written"  # the door's word that something is new
MOST = 100_000  # events folded at once, so that what waits is seen to grow less
SHORT_S, LONG_S = 0.5, 5.0
log = logging.getLogger("torni.work")


def work(url: str) -> None:
    """Fold and seal until stopped, or until whoever started us is gone. A lost server is waited for; what was half done is
    done again from the log. One trouble is told once, and once more when it is over."""
    parent = starter()
    trouble, unsigned, pause = "", "", SHORT_S
    while os.getppid() == parent:
        try:
            with connected(url, "worker") as connection:
                connection.execute(f"LISTEN {WRITTEN}")
                sealed = 0.0
                while os.getppid() == parent:
                    while fold(connection, most=MOST):
                        pass
                    if time.monotonic() - sealed > 60:
                        see(connection)
                        unsigned = _sealed(connection, unsigned)
                        sealed = time.monotonic()
                    level(connection)
                    if trouble:
                        log.warning("the record room answers again")
                    trouble, pause = "", SHORT_S
                    for _ in connection.notifies(timeout=5, stop_after=1):
                        pass
        except (psycopg.OperationalError, BadInput) as error:
            told = f"the record room does not answer ({type(error).__name__}); trying again until it does"
        except (
            psycopg.Error
        ) as error:  # not its silence: something that it holds; /health tells that the tallies stand still
            told = f"the tallies cannot be brought level with the log ({type(error).__name__}); trying again"
        else:
            return
        if told != trouble:
            log.warning(told)
        trouble = told
        time.sleep(pause)
        pause = min(2 * pause, LONG_S)


def _sealed(connection: Connection, before: str) -> str:
    """Each day that is over is sealed, and the newest signed: where that cannot be, why not, told once. The tallies do not wait for a key."""
    seal(connection)
    try:
        keep(connection)
    except BadInput as error:
        if str(error) != before:
            log.warning("no checkpoint is signed: %s", error)
        return str(error)
    return ""


def main() -> int:
    logs.begin("fold")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt):
        work(os.environ["TORNI_DATABASE"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
