"""A server that a bench starts, waits for and kills: what the benches of the record room share."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def begun_by(pid: int) -> list[tuple[int, str]]:
    """The processes that this one has begun, and those that they have, with their commands: a bench ends none but its own."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    of: dict[int, list[tuple[int, str]]] = {}
    for line in listed.splitlines():
        own, parent, what = line.split(None, 2)
        of.setdefault(int(parent), []).append((int(own), what))
    found, waiting = [], [pid]
    while waiting:
        own_children = of.get(waiting.pop(), [])
        found += own_children
        waiting += [p for p, _ in own_children]
    return found


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended since
            os.kill(pid, signal.SIGKILL)


def until_up(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=5) as answer:
                if json.load(answer)["ok"]:
                    return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def peak_mb(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        rows = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return round((int(rows["RssAnon"].split()[0])) / 1e3)
    except (OSError, KeyError):
        return None
