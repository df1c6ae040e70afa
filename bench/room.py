"""The record room measured: loading, folding, rebuilding, pages, the API under load with open streams, kills.

`python bench/room.py FOLDER [part ...]`: FOLDER holds the embedded room (a `torni demo` year is made there when it is empty).
Parts: load fold pages api kills. Each prints one line of JSON; all in one run on one machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(sys.argv[1]).absolute()
PARTS = sys.argv[2:] or ["load", "fold", "pages", "api", "kills"]
RESIDENTS = int(os.environ.get("BENCH_RESIDENTS", "0")) or None
os.environ["TORNI_DATA"] = str(FOLDER)

from driven import begun_by, free_port, kill, peak_mb, until_up
from memory import peak_mib

from torni.facts import accounts, feeds, opening
from torni.facts.fold import FOLDED, rebuild
from torni.facts.postgres import server
from torni.facts.verify import verify
from torni.simulation import cast


def told(part: str, **figures: object) -> None:
    print(json.dumps({"part": part, **figures}), flush=True)


def load(url: str) -> None:
    """A year of the region through the door, folded and sealed."""
    from torni.simulation.year.live import run

    with opening.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM event LIMIT 1").fetchone():
            (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
            told("load", events=count, already=True)
            return
        opening.claim(connection, "keski-suomi", invented={"seed": 2026, "residents": RESIDENTS})
    started = time.perf_counter()
    run(url, region="keski-suomi", seed=2026, residents=RESIDENTS, speed=1.0, until=datetime.now(UTC))
    spent = time.perf_counter() - started
    with opening.connect(url, autocommit=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
        (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    told("load", events=count, seconds=round(spent, 1), events_a_second=round(count / spent), database_mb=round(size / 1e6), python_mib=peak_mib())  # fmt: skip


def fold_(url: str) -> None:
    """Rebuild of every tally from the log, its backend's memory; one batch folded beside the peer, the same sums recomputed."""
    with opening.connect(url, autocommit=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
        pid = connection.info.backend_pid
        started = time.perf_counter()
        rebuild(connection)
        spent = time.perf_counter() - started
        memory = peak_mb(pid)
        (newest,) = connection.execute("SELECT max(position) FROM event").fetchone()
        batch = {"after": newest - 1000, "upto": newest}
        connection.execute("CREATE TEMP TABLE other (LIKE tally INCLUDING INDEXES)")
        one = "INSERT INTO other (promise, day, known_on, unit, municipality, total, met, late) " + FOLDED
        times = []
        for _ in range(5):
            connection.execute("TRUNCATE other")
            started = time.perf_counter()
            connection.execute(one, batch)
            times.append(time.perf_counter() - started)
        connection.execute("TRUNCATE other")
        started = time.perf_counter()
        connection.execute(one, {"after": 0, "upto": newest})
        peer = time.perf_counter() - started
        ours = statistics.median(times)
    told("fold", events=count, rebuild_s=round(spent, 1), backend_mb=memory, batch_of_1000_ms=round(ours * 1e3, 1), recomputed_ms=round(peer * 1e3), factor=round(peer / ours))  # fmt: skip


def snap(url: str) -> None:
    """The whole log to Parquet, and every indicator measured on it: seconds, and the greatest memory of a process of its own."""
    import shutil

    folder = FOLDER / "bench-snapshot"
    shutil.rmtree(folder, ignore_errors=True)
    code = (
        "import json, sys, time\nfrom pathlib import Path\nfrom torni.facts import room\nfrom torni.facts.snapshot import snapshot\nfrom memory import peak_mib\n"
        "started = time.perf_counter()\nwith room.connect(sys.argv[1], autocommit=True) as connection:\n"
        "    made = snapshot(connection, Path(sys.argv[2]), persons=True)\n"
        "print(json.dumps([made.events, time.perf_counter() - started, peak_mib()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    events, spent, memory = json.loads(done.stdout)
    from torni.needs.indicators import measure
    from torni.services.days import Days

    started = time.perf_counter()
    measure(
        folder, Days("keski-suomi").on(datetime.now(UTC).date()).library, datetime.now(UTC).date() - timedelta(days=1)
    )
    measured = time.perf_counter() - started
    size = sum(f.stat().st_size for f in folder.glob("*.parquet"))
    told(
        "snapshot",
        events=events,
        seconds=round(spent, 1),
        python_mib=memory,
        parquet_mb=round(size / 1e6),
        indicators_s=round(measured, 1),
    )
    shutil.rmtree(folder)


def pages(url: str) -> None:
    """Server time of the tower (from nothing kept), of a past moment, and of a drill to rows."""
    os.environ["TORNI_DATABASE"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
    import django
    from django.test import Client

    django.setup()
    from torni.web import record_room as shown

    client = Client(headers={"host": "127.0.0.1"})
    client.cookies["torni_session"] = _signed(url)
    now = shown.picture("keski-suomi").now
    client.get("/keski-suomi/")
    paths = {
        "tower": "/keski-suomi/", "past": f"/keski-suomi/?known={now.at - timedelta(days=100, hours=3):%Y-%m-%dT%H:%M}",
        "promise": "/keski-suomi/promise/home_care.visits_made/", "rows": "/keski-suomi/promise/doctor_reception.visits_billed/rows/",
        "unit_rows": "/keski-suomi/promise/home_care.visits_made/rows/?unit=demo-home-care-179-b",
    }  # fmt: skip
    figures = {}
    for name, path in paths.items():
        times = []
        for _ in range(7):
            shown._pictures.clear()
            shown._newest.clear()
            started = time.perf_counter()
            assert client.get(path).status_code == 200
            times.append(time.perf_counter() - started)
        figures[f"{name}_ms"] = round(statistics.median(times) * 1e3)
    for name, path, every in (
        ("tower_kept", "/keski-suomi/", False),
        ("tower_added_to", "/keski-suomi/", True),
        ("rows_kept", paths["rows"], False),
    ):
        times = []
        for _ in range(20):
            if every:
                shown._pictures.clear()
            started = time.perf_counter()
            client.get(path)
            times.append(time.perf_counter() - started)
        figures[f"{name}_ms"] = round(statistics.median(times) * 1e3)
    told("pages", **figures)
    shown.close()


def api(url: str) -> None:
    """Batches over the API at a steady pace, with open streams: accepted, lost, doubled, and how soon an open tower hears."""
    seconds, pace, streams, size = int(os.environ.get("BENCH_SECONDS", "60")), int(os.environ.get("BENCH_PACE", "5000")), int(os.environ.get("BENCH_STREAMS", "500")), 500  # fmt: skip
    with opening.connect(url, autocommit=True) as connection:
        key = feeds.new(connection, f"bench-{time.time():.0f}")
        (unit,) = connection.execute("SELECT unit FROM unit WHERE kind = 'home_care' LIMIT 1").fetchone()
        (client,) = connection.execute("SELECT client FROM client LIMIT 1").fetchone()
        (before,) = connection.execute("SELECT count(*) FROM event").fetchone()
        (clock,) = connection.execute("SELECT recorded_at FROM room").fetchone()
    port = free_port()
    log = open(FOLDER / "bench.log", "w")  # noqa: SIM115
    running = subprocess.Popen([sys.executable, "-m", "torni", "serve", "--port", str(port)], stdout=log, stderr=log)
    try:
        until_up(port)
        figures = asyncio.run(
            _drive(port, _signed(url), key, unit, client, clock, seconds=seconds, pace=pace, streams=streams, size=size)
        )
    finally:
        running.terminate()
        running.wait(30)
        log.close()
    with opening.connect(url, autocommit=True) as connection:
        (after,) = connection.execute("SELECT count(*) FROM event WHERE source LIKE 'bench-%%'").fetchone()
    told("api", seconds=seconds, batch=size, streams=streams, in_log=after, grew_from=before, **figures)


def _signed(url: str) -> str:
    """A session of the supervisor of the cast."""
    with opening.connect(url, autocommit=True) as connection:
        cast.gather(connection)
        return accounts.begin_session(connection, next(w for w in accounts.cast(connection) if w.role == "supervisor"))


async def _drive(
    port: int,
    session: str,
    key: str,
    unit: str,
    client: int,
    clock: datetime,
    *,
    seconds: int,
    pace: int,
    streams: int,
    size: int,
) -> dict[str, object]:
    heard: list[list[float]] = [[] for _ in range(streams)]

    async def watch(n: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        writer.write(
            f"GET /stream/keski-suomi/fi HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: torni_session={session}\r\n\r\n".encode()
        )
        try:
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    heard[n].append(time.perf_counter())
        except (asyncio.CancelledError, ConnectionError):
            writer.close()

    watching = [asyncio.create_task(watch(n)) for n in range(streams)]
    await asyncio.sleep(2)
    sent_at, took, accepted, number = [], [], 0, 0
    lock = asyncio.Lock()
    begun = time.perf_counter()

    async def send() -> None:
        nonlocal number, accepted
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            async with lock:
                mine, number = number, number + 1
            wait = begun + mine * size / pace - time.perf_counter()
            if mine * size >= pace * seconds:
                writer.close()
                return
            if wait > 0:
                await asyncio.sleep(wait)
            kinds = [("visit.planned", {"due": clock.date().isoformat()}), ("visit.made", {})]
            events = [
                {
                    "specversion": "1.0", "id": f"{mine}-{i}", "type": kinds[i % 2][0], "time": clock.isoformat(),
                    "data": {"service": "home_care", "unit": unit, "client": client, "matter": f"b{mine}-{i // 2}", **kinds[i % 2][1]},
                }
                for i in range(size)
            ]  # fmt: skip
            body = json.dumps(events).encode()
            started = time.perf_counter()
            writer.write(f"POST /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)  # fmt: skip
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            answer = json.loads(await _body(reader, head))
            ended = time.perf_counter()
            took.append(ended - started)
            sent_at.append(started)
            accepted += answer["accepted"]

    await asyncio.gather(*(send() for _ in range(3)))
    spent = time.perf_counter() - begun
    await asyncio.sleep(3)
    for task in watching:
        task.cancel()
    delays = []
    for mine in heard:
        it = iter(sorted(mine))
        at = next(it, None)
        for started in sorted(sent_at):
            while at is not None and at < started:
                at = next(it, None)
            if at is not None:
                delays.append(at - started)
    delays.sort()
    took.sort()

    def quantile(values: list[float], q: float) -> float | None:
        return round(values[min(len(values) - 1, int(q * len(values)))] * 1e3) if values else None

    return {
        "accepted": accepted, "events_a_second": round(accepted / spent), "batch_p50_ms": quantile(took, 0.5), "batch_p99_ms": quantile(took, 0.99),
        "to_tower_p50_ms": quantile(delays, 0.5), "to_tower_p99_ms": quantile(delays, 0.99), "streams_that_heard": sum(bool(h) for h in heard),
    }  # fmt: skip


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    """An answer's body, of a told length or in chunks."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length"):
            return await reader.readexactly(int(line.split(b":")[1]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def kills(url: str) -> None:
    """Server, worker and database killed at random moments under load: nothing acknowledged lost, nothing doubled, all whole."""
    times, rounds = [], int(os.environ.get("BENCH_KILLS", "20"))
    dice = random.Random(4)
    with opening.connect(url, autocommit=True) as connection:
        key = feeds.new(connection, f"kills-{time.time():.0f}")
        (unit,) = connection.execute("SELECT unit FROM unit WHERE kind = 'home_care' LIMIT 1").fetchone()
        (clock,) = connection.execute("SELECT recorded_at FROM room").fetchone()
    port, acknowledged, n = free_port(), set(), 0
    log = open(FOLDER / "bench.log", "a")  # noqa: SIM115
    running = subprocess.Popen([sys.executable, "-m", "torni", "serve", "--port", str(port)], stdout=log, stderr=log)
    until_up(port)

    def send() -> bool:
        nonlocal n
        ids = [f"k{n}-{i}" for i in range(50)]
        events = [
            {
                "id": i,
                "type": "feedback.given",
                "time": clock.isoformat(),
                "data": {"service": "home_care", "unit": unit, "quantity": 5},
            }
            for i in ids
        ]
        n += 1
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/events",
            json.dumps(events).encode(),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                told_ = json.load(answer)
                assert told_["accepted"] + told_["repeated"] == 50
                acknowledged.update(ids)
                return True
        except OSError:
            return False

    for _ in range(rounds):
        until = time.monotonic() + dice.uniform(0.05, 1.5)
        while time.monotonic() < until:
            send()
        victim = dice.choice(["database", "worker", "server"])
        killed = time.perf_counter()
        if victim == "database":
            os.kill(int((FOLDER / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        elif victim == "worker":
            kill(p for p, what in begun_by(running.pid) if "torni.facts.fold_worker" in what)
        else:
            workers = [p for p, what in begun_by(running.pid) if any(name in what for name in WORKERS)]
            running.kill()
            running.wait()
            kill(workers)
            running = subprocess.Popen(
                [sys.executable, "-m", "torni", "serve", "--port", str(port)], stdout=log, stderr=log
            )
        while not send():
            time.sleep(0.05)
            assert time.perf_counter() - killed < 60, f"not back after a kill of the {victim}"
        times.append((victim, time.perf_counter() - killed))
    running.terminate()
    running.wait(30)
    log.close()
    with server(folder=FOLDER) as again, opening.connect(again.url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT id, count(*) FROM event WHERE source LIKE 'kills-%%' GROUP BY source, id"
        ).fetchall()
        found = {i for i, _ in rows}
        wrong = [c.name for c in verify(connection) if c.wrong]
    worst = {v: round(max((t for w, t in times if w == v), default=0), 1) for v in ("database", "worker", "server")}
    told("kills", rounds=rounds, acknowledged=len(acknowledged), lost=len(acknowledged - found), doubled=sum(c > 1 for _, c in rows), back_within_s=worst, not_whole=wrong)  # fmt: skip


WORKERS = ("torni.facts.fold_worker", "torni.simulation.year.live", "torni.tower.job_worker")


def disk(url: str) -> None:
    """The disk full under load: events are refused with a clear word, and after room is made all goes on, nothing lost. FOLDER on a
    small disk of its own, such as `mount -t tmpfs -o size=600m tmpfs FOLDER`."""
    free = os.statvfs(FOLDER)
    assert free.f_bavail * free.f_frsize < 2e9, "only on a small disk of its own"
    with opening.connect(url, autocommit=True) as connection:
        key = feeds.new(connection, f"disk-{time.time():.0f}")
        (unit,) = connection.execute("SELECT unit FROM unit WHERE kind = 'home_care' LIMIT 1").fetchone()
        (clock,) = connection.execute("SELECT recorded_at FROM room").fetchone()
    port, acknowledged, answers, n = free_port(), set(), {}, 0
    log = open("/tmp/torni-disk.log", "w")  # noqa: SIM115
    running = subprocess.Popen([sys.executable, "-m", "torni", "serve", "--port", str(port)], stdout=log, stderr=log)
    until_up(port)

    def send() -> int:
        nonlocal n
        n += 1
        ids = [f"d{n}-{i}" for i in range(200)]
        events = [{"id": i, "type": "feedback.given", "time": clock.isoformat(), "data": {"service": "home_care", "unit": unit, "quantity": 5, "said": "x" * 900}} for i in ids]  # fmt: skip
        request = urllib.request.Request(f"http://127.0.0.1:{port}/events", json.dumps(events).encode(), {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                told_ = json.load(answer)
                if told_["accepted"] == 200:
                    acknowledged.update(ids)
                return answer.status
        except urllib.error.HTTPError as error:
            told_ = json.load(error)["error"]
            answers[told_] = answers.get(told_, 0) + 1
            return error.code
        except OSError:
            return 0

    ballast = FOLDER / "ballast"
    full = 0
    with ballast.open("wb") as out:
        left = os.statvfs(FOLDER)
        out.write(b"\0" * max(0, left.f_bavail * left.f_frsize - 40_000_000))
    while full < 25:
        full += send() != 200
        assert n < 5_000, "the disk did not become full"
    ballast.unlink()
    begun = time.perf_counter()
    while send() != 200:
        time.sleep(0.2)
        assert time.perf_counter() - begun < 60, "not back after room was made"
    back = time.perf_counter() - begun
    running.terminate()
    running.wait(30)
    with opening.connect(url, autocommit=True) as connection:
        found = {i for (i,) in connection.execute("SELECT id FROM event WHERE source LIKE 'disk-%%'").fetchall()}
        wrong = [c.name for c in verify(connection) if c.wrong]
    told(
        "disk",
        refused=answers,
        acknowledged=len(acknowledged),
        lost=len(acknowledged - found),
        back_after_s=round(back, 1),
        not_whole=wrong,
    )


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with server(folder=FOLDER) as database:
        opening.prepare(database.url)
        for part in PARTS:
            if len(PARTS) > 1:  # each in a process of its own, so that its memory is its own
                subprocess.run([sys.executable, __file__, str(FOLDER), part], check=True)
                continue
            {"load": load, "fold": fold_, "snapshot": snap, "pages": pages, "api": api, "kills": kills, "disk": disk}[
                part
            ](database.url)
