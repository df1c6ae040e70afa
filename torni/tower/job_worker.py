"""The process that does the jobs: `python -m torni.tower.job_worker`. A lost server is waited for."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time

import psycopg
from procrastinate.exceptions import ProcrastinateException

from torni.core import logs
from torni.tower.jobs import work

log = logging.getLogger("torni.jobs")


def main() -> int:
    logs.begin("jobs")
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
