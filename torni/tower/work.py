"""The process that does the jobs: `python -m torni.tower.work`. A lost server is waited for."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time

import psycopg
from procrastinate.exceptions import ProcrastinateException

from torni.tower.jobs import work

log = logging.getLogger("torni.jobs")


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    for own in ("procrastinate", "psycopg.pool"):  # they tell a lost server as a traceback each; we tell it in a line
        logging.getLogger(own).setLevel(logging.CRITICAL)
    while True:
        try:
            asyncio.run(work(os.environ["TORNI_DATABASE"]))
            return 0
        except (psycopg.Error, ProcrastinateException, OSError) as error:
            log.warning("the record room does not answer (%s); trying again", type(error).__name__)
            time.sleep(1)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
