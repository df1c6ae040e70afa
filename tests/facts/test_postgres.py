"""The embedded server: started when needed, stopped by the last, back after a kill, never another version's folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from torni.core.faults import BadInput
from torni.facts.postgres import server


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="torni-pg-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_of_several_that_come_and_go_at_once_each_finds_it_running(folder):
    """The last to go stops it while others come: none finds it stopped under its hands, and none starts it twice."""
    coming_and_going = (
        "import sys, psycopg; from pathlib import Path; from torni.facts.postgres import server\n"
        "for _ in range(4):\n    with server(folder=Path(sys.argv[1])) as s:\n        print(psycopg.connect(s.url).execute('SELECT 1').fetchone()[0])"
    )
    several = [
        subprocess.Popen(
            [sys.executable, "-c", coming_and_going, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    assert [p.communicate(timeout=300)[0].split() for p in several] == [["1"] * 4] * 4


def test_it_starts_serves_several_and_stops_with_the_last(folder):
    with server(folder=folder) as one:
        assert answers(one.url)
        with server(folder=folder) as two:
            assert two.url == one.url
        assert answers(one.url)
    assert not answers(one.url)


def test_a_killed_server_recovers_and_keeps_what_was_committed(folder):
    with server(folder=folder) as running:
        with psycopg.connect(running.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
            number = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGKILL)
        time.sleep(0.2)
    with server(folder=folder) as again, psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_nobody_but_this_user_can_reach_it(folder):
    with server(folder=folder) as running, psycopg.connect(running.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        socket = Path(connection.info.host)
        assert socket.stat().st_mode & 0o077 == 0
        assert (folder / "postgres").stat().st_mode & 0o077 == 0


def test_a_folder_of_another_version_is_never_opened(folder):
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(BadInput, match="PostgreSQL 15") as told, server(folder=folder):
        pass
    assert "torni backup" in told.value.faults[0].remedy


def test_a_closed_folder_and_a_server_that_does_not_answer_are_told(folder, monkeypatch):
    from torni.facts.opening import connect

    with (
        pytest.raises(BadInput, match="does not answer") as told,
        connect("postgresql://me:secret@/none?host=/nowhere"),
    ):
        pass
    assert "secret" not in str(told.value)


def test_two_processes_share_one_server(folder):
    code = (
        "from pathlib import Path; import sys, psycopg; from torni.facts.postgres import server\n"
        "with server(folder=Path(sys.argv[1])) as s:\n    print(psycopg.connect(s.url).execute('SELECT 1').fetchone()[0])"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [p.communicate(timeout=90)[0].strip() for p in started] == [b"1"] * 3
