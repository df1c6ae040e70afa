"""`torni serve` in several processes: any of them answers, one that dies is replaced, all end together; what is told of them, and to whom."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from torni.facts import accounts, feeds, opening

WAITS_S = 180


class Served:
    """A server of two processes on a room of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.port, self.figures = _free(), _free()
        self.log = folder / "log"
        command = [sys.executable, "-m", "torni", "serve", "--port", str(self.port), "--processes", "2", "--metrics", str(self.figures)]  # fmt: skip
        env = {**os.environ, "DATABASE_URL": url, "TORNI_LOG": "json", "TORNI_DATA": str(folder)}
        env.pop("TORNI_DATABASE", None)
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=env)
        self.until(lambda: self.ask("/health")[0] == 200, "it does not serve")
        self.until(lambda: len(self.pages()) == 2, "not two processes")

    def until(self, done, why: str) -> None:
        end = time.monotonic() + WAITS_S
        while not done():
            assert time.monotonic() < end, f"{why}\n{self.log.read_text()[-3000:]}"
            time.sleep(0.2)

    def ask(self, path: str, port: int | None = None, **headers: str) -> tuple[int, str]:
        asked = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def send(self, key: str, batch: list[dict]) -> int:
        sent = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/events", json.dumps(batch).encode(), {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        )  # fmt: skip
        with urllib.request.urlopen(sent, timeout=60) as answer:
            return answer.status

    def metric(self, name: str) -> float:
        """The sum of a metric's lines."""
        lines = self.ask("/metrics", self.figures)[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def pages(self) -> list[int]:
        """The numbers of the processes that serve pages: copies of the one that holds the code."""
        return [n for first in self.everyone(1) if b"forkserver" in _command(first) for n in _children(first)]

    def everyone(self, generations: int = 2) -> list[int]:
        """The processes that it started, and those that these started."""
        found = _children(self.process.pid)
        return found if generations == 1 else [*found, *(n for one in found for n in _children(one))]

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


class _Stream:
    """An open tower's stream."""

    def __init__(self, port: int, session: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.sendall(f"GET /stream/keski-suomi/en HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: torni_session={session}\r\n\r\n".encode())  # fmt: skip
        self.socket.settimeout(0.05)
        self.said = b""

    def heard(self) -> bool:
        """Has a picture come?"""
        with contextlib.suppress(TimeoutError):
            self.said += self.socket.recv(65_536)
        return b"event: picture" in self.said

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def served(new_room, tmp_path):
    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi")
    made = Served(url, tmp_path)
    made.url = url
    yield made
    made.process.kill()
    made.process.wait(30)


def test_the_pages_of_several_processes(served):
    """One start for all that is told of several processes, for a start takes seconds."""
    with opening.connect(served.url, autocommit=True) as connection:
        accounts.new(connection, "maija", shown="Maija", role="supervisor", by="test", password="kolme sanaa ja yksi")
        key = feeds.new(connection, "trial")

    # pages and refusals are counted under their patterns, whichever process answers
    before = served.metric('torni_pages_total{method="GET",route="sign-in/",status="200"}')
    for _ in range(20):
        assert served.ask("/sign-in/")[0] == 200
    assert served.metric('torni_pages_total{method="GET",route="sign-in/",status="200"}') == before + 20
    assert served.ask("/keski-suomi/case/987654321/")[0] in (200, 401)  # asked to sign in
    assert served.ask("/keski-suomi/person/?client=987654321")[0] in (200, 401)
    assert served.ask("/987654321/nowhere/at/all")[0] == 404

    # the door, by what became of each event
    batch = [{"id": "1", "type": "no.such.type", "time": "2026-05-04T12:00:00+03:00", "data": {"client": 987654321}}]
    assert served.send(key, batch) == 207
    assert served.metric('torni_events_total{by="feed",outcome="refused"}') == 1
    assert served.metric("torni_quarantine_events") == 1
    assert served.metric("torni_fold_lag_events") == 0 and served.metric("torni_room_up") == 1
    assert served.metric("torni_page_seconds_count") >= 23

    # open streams hear of what comes in, in whichever process they are
    with opening.connect(served.url, autocommit=True) as connection:
        session = accounts.begin_session(
            connection, accounts.by_password(connection, "maija", "kolme sanaa ja yksi"), "provider"
        )
    streams = [_Stream(served.port, session) for _ in range(6)]
    served.until(lambda: served.metric('torni_streams_open{kind="tower"}') == 6, "not all streams are open")
    unit = [{"id": "2", "type": "unit.opened", "time": "2026-05-04T12:00:00+03:00", "data": {"unit": "u1", "name": "Yksikkö", "kind": "home_care", "producer": "Esimerkkihoiva Oy", "municipality": "179"}}]  # fmt: skip
    assert served.send(key, unit) == 200
    served.until(lambda: all(one.heard() for one in streams), "an open tower has heard nothing")
    for one in streams:
        one.close()

    # nothing of a person, and no address as it was asked for, in the figures or the log
    told = served.ask("/metrics", served.figures)[1] + served.log.read_text()
    assert "987654321" not in told and "Maija" not in told and "maija" not in told
    assert 'route="<str:region>/case/<int:position>/"' in told
    pages = [line for line in served.lines() if line["told"] == "page"]
    assert {"route", "method", "status", "ms"} <= set(pages[0]) and {line["part"] for line in pages} == {"pages"}
    assert len({line["process"] for line in pages}) <= 2

    # the figures are not among the pages, and no other address of this machine tells them
    assert served.ask("/metrics")[0] == 404 and served.ask("/metrics/")[0] == 404
    assert _listens_at(served.figures) == {"127.0.0.1"}

    # one that dies is replaced, told and counted, and what it had counted stays
    counted = served.metric('torni_pages_total{method="GET",route="sign-in/"')
    first, second = served.pages()
    os.kill(first, signal.SIGKILL)
    served.until(lambda: len(served.pages()) == 2 and first not in served.pages(), "not replaced")
    assert served.ask("/health")[0] == 200
    assert any(f"a process of the pages ({first}) ended" in line["told"] for line in served.lines())
    assert served.metric('torni_processes_ended_total{part="pages"}') == 1
    assert served.metric('torni_pages_total{method="GET",route="sign-in/"') == counted

    # told to stop, all stop, and in time
    everyone = served.everyone()
    served.process.terminate()
    assert served.process.wait(60) == 0
    served.until(lambda: not any(_lives(n) for n in everyone), "some outlive it")


def test_pages_end_with_the_one_that_started_them(served):
    """Killed, it can tell nobody: its processes see it themselves, and leave the port to the next."""
    everyone = served.everyone()
    served.process.kill()
    served.process.wait(30)
    served.until(lambda: not any(_lives(n) for n in everyone), "some outlive it")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", served.port))


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(number: int) -> list[int]:
    found = Path(f"/proc/{number}/task").glob("*/children")
    return [int(n) for path in found for n in path.read_text().split()]


def _command(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


def _lives(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _listens_at(port: int) -> set[str]:
    """The addresses at which this machine listens at a port (state 0A of /proc/net/tcp)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    six = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]] if Path("/proc/net/tcp6").exists() else []  # fmt: skip
    found = [row[1].split(":")[0] for row in [*rows, *six] if row[3] == "0A" and int(row[1].split(":")[1], 16) == port]
    return {".".join(str(int(at[i : i + 2], 16)) for i in (6, 4, 2, 0)) if len(at) == 8 else at for at in found}
