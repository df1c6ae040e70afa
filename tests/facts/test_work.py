"""The worker: folds what is written as soon as it is, and ends when whoever started it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time


def test_it_folds_what_is_written_and_ends_with_its_starter(here):
    """Its starter ends when its input does; the worker sees it, and stops by itself."""
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-m', 'torni.facts.work']).pid); sys.stdout.flush(); sys.stdin.read()"
    started = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TORNI_DATABASE": here.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    worker = int(started.stdout.readline())
    here.send(here.event("feedback.given", unit="north", quantity=5))
    until = time.monotonic() + 60
    while not here.rows("SELECT 1 FROM tally_now WHERE promise = 'care.good'"):
        assert time.monotonic() < until, "not folded"
        time.sleep(0.05)
    started.stdin.close()
    assert started.wait(30) == 0
    started.stdout.close()
    until = time.monotonic() + 20
    while _lives(worker):
        assert time.monotonic() < until, "the worker outlives its starter"
        time.sleep(0.1)


def _lives(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
