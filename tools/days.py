"""Run something as if it were another day: `python tools/days.py DAY COMMAND...`, or `all COMMAND...` for the four hard days.

The clock of every process that the command starts is moved (libfaketime, Debian's package `faketime`), PostgreSQL's own too; how
long something lasts is not. The days: the evening before a holiday; the hour that Finland's clocks leave out (half past three in
the night to 28 March 2027 does not exist); a leap day; a year of another calendar.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
DAYS = ("2026-12-24T12:00Z", "2027-03-28T01:30Z", "2028-02-29T12:00Z", "2031-01-01T12:00Z")


def moved(day: str) -> dict[str, str]:
    """The environment in which it is that moment now (UTC where no offset is written), and time runs on from it."""
    found = sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    if not found:
        sys.exit("tools/days.py: libfaketime is not here. Install it: apt-get install faketime")
    moment = datetime.fromisoformat(day)
    ahead = round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time())
    path = os.pathsep.join(filter(None, [str(ROOT / "tests" / "started"), os.environ.get("PYTHONPATH")]))
    return {
        **os.environ, "LD_PRELOAD": str(found[0]), "FAKETIME": f"{ahead:+d}", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1", "PYTHONPATH": path,  # files keep their times: what was compiled is as new as it was
    }  # fmt: skip


def main(day: str, *command: str) -> int:
    failed = []
    for one in DAYS if day == "all" else (day,):
        print(f"As if it were {one}: {' '.join(command)}", flush=True)
        if subprocess.run(command, env=moved(one), check=False).returncode:
            failed.append(one)
    if failed:
        print(f"Failed on {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
