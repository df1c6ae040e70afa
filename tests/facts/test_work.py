"""The worker: folds what is written as soon as it is, and ends when whoever started it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psycopg
import pytest

from torni.facts import fold_worker, opening
from torni.facts.fold import fold
from torni.facts.sealing import seal


def test_it_folds_what_is_written_and_ends_with_its_starter(here):
    """Its starter ends when its input does; the worker sees it, and stops by itself."""
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-m', 'torni.facts.fold_worker']).pid); sys.stdout.flush(); sys.stdin.read()"
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


def test_a_room_in_which_nothing_has_been_recorded_yet_is_no_trouble(new_room):
    """A newcomer's first minute: the worker waits in quiet while the year is being made."""
    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "trial", invented={"seed": 1, "residents": 3})
        assert fold(connection) is None
        assert seal(connection) == 0
    code = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-m', 'torni.facts.fold_worker']); time.sleep(4); p.terminate(); p.wait()"
    ran = subprocess.run([sys.executable, "-c", code], env={**os.environ, "TORNI_DATABASE": url}, capture_output=True, text=True, check=True)  # fmt: skip
    assert ran.stderr == ""


def test_one_trouble_is_told_once(monkeypatch, caplog, here):
    """The fold meets the same fault again and again: one line tells it, and one that it is over."""
    tries = iter([psycopg.errors.DiskFull(), psycopg.errors.DiskFull(), psycopg.errors.DiskFull()])

    def failing(connection, **how):
        if error := next(tries, None):
            raise error
        raise KeyboardInterrupt

    monkeypatch.setattr(fold_worker, "fold", failing)
    monkeypatch.setattr(fold_worker, "SHORT_S", 0.01)
    with pytest.raises(KeyboardInterrupt):
        fold_worker.work(here.url)
    assert [r.message for r in caplog.records] == [
        "the record room does not answer (DiskFull); trying again until it does"
    ]


def _lives(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
