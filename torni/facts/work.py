"""The worker: folds what is new as soon as it is written, and seals each day that is over. `python -m torni.facts.work`."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time

import psycopg

from torni.core.faults import BadInput
from torni.facts.fold import fold, seal
from torni.facts.room import connect

WRITTEN = "torni_written"  # the door's word that something is new
log = logging.getLogger("torni.work")


def work(url: str) -> None:
    """Fold and seal until stopped, or until whoever started us is gone. A lost server is waited for; what was half done is
    done again from the log."""
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            with connect(url, autocommit=True) as connection:
                connection.execute(f"LISTEN {WRITTEN}")
                sealed = 0.0
                while os.getppid() == parent:
                    while fold(connection):
                        pass
                    if time.monotonic() - sealed > 60:
                        seal(connection)
                        sealed = time.monotonic()
                    for _ in connection.notifies(timeout=5, stop_after=1):
                        pass
        except (psycopg.Error, BadInput) as error:
            log.warning("the record room does not answer (%s); trying again", type(error).__name__)
            time.sleep(0.5)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt):
        work(os.environ["TORNI_DATABASE"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
