"""The job queue: asked for by those who may, done by the worker, once while it waits, and again after a worker is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from tests.facts.conftest import DATA
from torni.facts import access, rights
from torni.facts.access import Who
from torni.facts.condition import condition


def pages(url, role):
    connection = psycopg.connect(access.login(url, "pages"), autocommit=True, **access.options("pages"))
    access.asking(
        connection, Who(1, "n", "n", role, "A" if role == "producer" else None, 1 if role == "resident" else None)
    )
    return connection


@pytest.mark.parametrize("role", tuple(rights.ROLES))
def test_who_may_ask_and_see(here, role):
    staff, asks = role in rights.who_may("live_tower"), role in rights.who_may("ask_job")
    with pages(here.url, role) as connection:
        if asks:
            assert connection.execute("SELECT ask_job('verify')").fetchone()[0] > 0
            assert connection.execute("SELECT ask_job('verify')").fetchone() == (None,), "it waits already"
            assert connection.execute("SELECT task, status FROM job").fetchall() == [("verify", "todo")]
        for task in ("verify", "drop tables") if not asks else ("drop tables",):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT ask_job(%s)", [task])
        for statement in (
            "SELECT * FROM procrastinate_jobs",
            "SELECT queue_job('verify')",
            "INSERT INTO verified (position, whole, seconds, checks) VALUES (0, true, 0, '[]')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        if not staff:
            assert connection.execute("SELECT count(*) FROM job").fetchone() == (0,)


def test_what_is_done_every_minute_does_not_hide_what_failed_in_the_night(here):
    """Of each job the newest in each state: the room's page tells them all."""
    begin = "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status, attempts) VALUES ('q', %s, NULL, '{}', %s, 1)"
    done = [("t:verify", "failed"), ("t:measure", "succeeded"), *[("t:watch", "succeeded")] * 60, ("t:watch", "doing")]
    with here.connection.cursor() as cursor:
        cursor.executemany(begin, done)
    with pages(here.url, "supervisor") as connection:
        told = [(task, status) for task, status, _tries, _at in condition(connection).jobs]
    assert told == [("watch", "doing"), ("watch", "succeeded"), ("measure", "succeeded"), ("verify", "failed")]


def test_jobs_are_done_and_a_killed_workers_job_is_done_again(invented_year, tmp_path_factory, monkeypatch):
    """The worker verifies and measures; one is killed in the middle of it and the next does the rest."""

    def start():
        return subprocess.Popen(
            [sys.executable, "-m", "torni.tower.job_worker"], env={**os.environ, "TORNI_DATABASE": invented_year}
        )

    with psycopg.connect(invented_year, autocommit=True) as connection:

        def count(table):
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

        def until(what, seconds=90):
            end = time.monotonic() + seconds
            while not what():
                assert time.monotonic() < end, connection.execute(
                    "SELECT task_name, status, attempts FROM procrastinate_jobs"
                ).fetchall()
                time.sleep(0.1)

        before = count("measured"), count("verified")
        connection.execute("SELECT queue_job('measure')")
        first = start()
        until(
            lambda: (
                connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'").fetchone()[0]
                or count("measured") > before[0]
            )
        )
        first.send_signal(signal.SIGKILL)
        first.wait()
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")
        assert connection.execute("SELECT queue_job('measure')").fetchone()[0], "asked again while it was cut short"
        connection.execute("SELECT queue_job('verify')")
        second = start()
        try:
            until(lambda: count("measured") > before[0] and count("verified") > before[1])
            undone = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = 'room:measure'"
            until(lambda: connection.execute(undone).fetchone() == (0,))
        finally:
            second.terminate()
            second.wait(20)
        assert connection.execute("SELECT whole FROM verified ORDER BY at DESC LIMIT 1").fetchone() == (True,)
        rows = connection.execute("SELECT rows FROM measured ORDER BY at DESC LIMIT 1").fetchone()[0]
        assert {r["indicator"] for r in rows} >= {"days_to_doctor", "good_feedback", "home_care_visits_per_client"}
        whole = {r["indicator"]: r["value"] for r in rows if r["municipality"] == "" and r["period"] == 3}
        assert 0.85 < whole["good_feedback"] < 0.97 and 0 < whole["home_care_visits_missed"] < 0.1


def test_a_snapshot_begins_anew_after_an_erasure(here, monkeypatch, tmp_path):
    from torni.facts import erasing
    from torni.facts.snapshot import snapshot, snapshot_folder

    monkeypatch.setenv("TORNI_DATA", str(tmp_path))
    first = snapshot_folder(here.connection)
    snapshot(here.connection, first, persons=True)
    assert list(first.glob("*.parquet")) and first.parent.stat().st_mode & 0o077 == 0
    erasing.erase(here.connection, 1, data=DATA, by="x", why="a mistake")
    second = snapshot_folder(here.connection)
    assert second != first and not first.exists() and not list(second.glob("*.parquet"))
