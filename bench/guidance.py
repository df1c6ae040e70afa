"""Guidance measured: chains over five million rows beside pm4py, worklists and verdicts in a whole region, open inboxes under changes.

`python bench/guidance.py FOLDER [chains pages inbox killed]`: FOLDER holds the embedded room of `bench/room.py FOLDER load` (made there when
empty, as `BENCH_RESIDENTS` says). Each part prints one line of JSON. pm4py (AGPL) is a measured peer in an environment of its own, never a part of the product: `.peers`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

FOLDER = Path(sys.argv[1]).absolute()
PARTS = sys.argv[2:] or ["chains", "pages", "inbox", "killed"]
sys.argv = [sys.argv[0], str(FOLDER)]
os.environ["TORNI_DATA"] = str(FOLDER)

import driven
import room as room_bench  # the bench of the record room, in the same folder

from torni.facts import accounts, opening
from torni.facts.access import Who
from torni.facts.postgres import server
from torni.simulation import cast

told = room_bench.told
ROWS = int(os.environ.get("BENCH_ROWS", "5000000"))
PEER = """
import sys, time
import pandas as pd, pm4py
frame = pd.read_parquet(sys.argv[1])
frame = frame.rename(columns={"matter": "case:concept:name", "name": "concept:name", "at": "time:timestamp"})
started = time.perf_counter()
frequency, starts, ends = pm4py.discover_dfg(frame)
performance, _, _ = pm4py.discover_performance_dfg(frame)
print(time.perf_counter() - started)
"""


def chains(url: str) -> None:
    """Conformance, lead times and leaks of every defined chain on a log of five million rows; the check of one instance by event."""
    import duckdb

    from torni.engines.chains import Trace
    from torni.services.chain import chains as defined
    from torni.services.library import load_library
    from torni.supervision.chains import measure_on

    today = date(2026, 11, 22)
    graphs = {name: chain.chain for name, chain in defined(load_library(on=today)).items()}
    log = _log(graphs, today)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/log.parquet"
        log.write_parquet(path)
        times = []
        for _ in range(3):
            with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as connection:
                connection.execute(f"CREATE VIEW log AS SELECT * FROM read_parquet('{path}')")
                started = time.perf_counter()
                found = measure_on(connection, graphs, today)
                times.append(time.perf_counter() - started)
        peer_s = None
        peer = room_bench.Path(".peers/bin/python").absolute()
        if peer.exists():
            chosen = log.select(
                "matter",
                name=pl.col("type") + pl.col("service").fill_null(""),
                at=pl.col("day").cast(pl.Datetime("us")),
            )
            chosen.write_parquet(f"{folder}/peer.parquet")
            done = subprocess.run(
                [str(peer), "-c", PEER, f"{folder}/peer.parquet"], capture_output=True, text=True, check=False
            )
            peer_s = float(done.stdout.split()[-1]) if done.returncode == 0 else done.stderr.strip().splitlines()[-1:]
    chain = graphs["into_home_care"]
    events = [
        ("need.reported", "needs_assessment"),
        ("assessment.made", "needs_assessment"),
        ("decision.made", "home_care"),
        ("service.started", "home_care"),
    ]
    rounds = 20_000
    started = time.perf_counter()
    for _ in range(rounds):
        trace = Trace(chain)
        for type_, service in events:
            trace.add(type_, service, today)
            trace.conforms(today)
    one = (time.perf_counter() - started) / rounds / len(events)
    told(
        "chains", rows=len(log), instances=sum(m.instances for m in found.values()), seconds=round(min(times), 2), rows_a_second=round(len(log) / min(times)),
        pm4py_s=round(peer_s, 2) if isinstance(peer_s, float) else peer_s, factor=round(peer_s / min(times), 1) if isinstance(peer_s, float) else None,
        check_us_an_event=round(one * 1e6, 1),
    )  # fmt: skip


def _log(graphs: dict, today: date) -> pl.DataFrame:
    """A log of so many rows: instances of each chain that go on at random, some late, among as many visits of no chain."""
    rng = np.random.default_rng(7)
    parts = []
    share = ROWS // (2 * len(graphs))
    for name, chain in graphs.items():
        rows = 0
        types, services, days, matters = [], [], [], []
        while rows < share:
            n = 200_000
            at = rng.integers(0, 330, n)
            step = np.zeros(n, np.int64)
            matter = np.arange(n) + rows * 7
            alive = np.ones(n, bool)
            ids = [s.id for s in chain.steps]
            for _ in range(len(ids)):
                which = np.flatnonzero(alive)
                if not len(which):
                    break
                kinds = [chain.steps[i] for i in step[which]]
                types += [s.event for s in kinds]
                services += [s.service for s in kinds]
                days.append(at[which].copy())
                matters.append(matter[which].copy())
                rows += len(which)
                for i in which:
                    after = chain.after(ids[step[i]])
                    if not after or rng.random() < 0.1:
                        alive[i] = False
                        continue
                    edge = after[rng.integers(0, len(after))]
                    at[i] += rng.integers(0, (edge.within_days or 20) + 2)
                    step[i] = ids.index(edge.then)
        whole = pl.DataFrame(
            {"type": types, "service": services, "n": np.concatenate(days), "m": np.concatenate(matters)}
        ).head(share)
        parts.append(whole.with_columns(matter=pl.lit(name + "-") + pl.col("m").cast(pl.String)))
    rest = ROWS - sum(map(len, parts))
    visits = pl.DataFrame({"n": rng.integers(0, 365, rest), "m": np.arange(rest)}).with_columns(
        type=pl.lit("visit.planned"), service=pl.lit("home_care"), matter=pl.lit("v-") + pl.col("m").cast(pl.String)
    )  # fmt: skip
    log = pl.concat([p.select("type", "service", "n", "matter") for p in (*parts, visits)])
    return log.with_row_index("position").select(
        pl.col("position").cast(pl.Int64), "type", "service", "matter", (pl.lit(today - timedelta(days=364)) + pl.duration(days="n")).cast(pl.Date).alias("day"),
        pl.lit(1, pl.Int16).alias("sign"), pl.lit(None, pl.Int64).alias("replaces"),
    )  # fmt: skip


def pages(url: str) -> None:
    """Server time of a case manager's worklist, an adviser's queue, a case, and every service's verdicts with their reasons."""
    os.environ["TORNI_DATABASE"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
    import re

    import django
    from django.test import Client

    django.setup()
    from torni.web import record_room as shown

    figures: dict[str, object] = {}

    def timed(client: Client, name: str, path: str) -> str:
        times = []
        for _ in range(15):
            started = time.perf_counter()
            answer = client.get(path)
            times.append(time.perf_counter() - started)
            assert answer.status_code == 200, (path, answer.status_code)
        figures[f"{name}_ms"] = round(statistics.median(times[1:]) * 1e3)
        return str(answer.content.decode())

    who = {name: _browser(url, name) for name in ("case-manager", "adviser", "producer-a")}
    text = timed(who["case-manager"], "worklist", "/keski-suomi/worklist/")
    timed(who["case-manager"], "case", re.findall(r'href="(/keski-suomi/case/[0-9]+/)"', text)[0])
    text = timed(who["adviser"], "queue", "/keski-suomi/worklist/")
    decide = next(p for p in re.findall(r'href="(/keski-suomi/case/[0-9]+/)">Make', text))
    services = timed(who["adviser"], "verdicts", decide + "decide/").count("<tr>") - 1
    timed(who["producer-a"], "inbox", "/keski-suomi/inbox/")
    with opening.connect(url) as connection:
        (events,) = connection.execute("SELECT count(*) FROM event").fetchone()
        (residents,) = connection.execute("SELECT count(DISTINCT client) FROM client").fetchone()
    told("pages", events=events, residents=residents, services=services, **figures)
    shown.close()


def _browser(url: str, name: str):  # type: ignore[no-untyped-def]
    from django.test import Client

    with opening.connect(url, autocommit=True) as connection:
        cast.gather(connection)
        key = accounts.begin_session(connection, next(w for w in accounts.cast(connection) if w.name == name))
    client = Client(headers={"host": "127.0.0.1"})
    client.cookies["torni_session"], client.cookies["language"] = key, "en"
    return client


def killed(url: str) -> None:
    """The same while the pages' process is killed (SIGKILL) at random moments; each open inbox comes back with the last it heard, as a browser does."""
    inbox(url, kills=int(os.environ.get("BENCH_KILLS", "100")))


def inbox(url: str, kills: int = 0) -> None:
    """Plans sent at a steady pace to producers whose inboxes are open: how soon each hears, and that each hears each once."""
    seconds, pace, producers = int(os.environ.get("BENCH_SECONDS", "60")), int(os.environ.get("BENCH_PACE", "50")), int(os.environ.get("BENCH_PRODUCERS", "200"))  # fmt: skip
    from torni.facts.door import Door
    from torni.guidance.charges import charge
    from torni.services.days import Days
    from torni.services.door_book import books_of

    run = f"{time.time():.0f}"
    books = books_of(Days("keski-suomi"), charge=charge)
    with opening.connect(url, autocommit=True) as connection:
        (clock, client) = connection.execute(
            "SELECT recorded_at, (SELECT client FROM client LIMIT 1) FROM room"
        ).fetchone()
        names = [f"Bench {run} {i}" for i in range(producers)]
        opened = [
            {"source": "bench", "id": f"{run}-{i}", "type": "unit.opened", "at": clock, "unit": f"bench-{run}-{i}",
             "data": {"name": n, "kind": "home_care", "producer": n, "municipality": "179"}}
            for i, n in enumerate(names)
        ]  # fmt: skip
        assert not Door(connection, books).accept(opened, now=clock).refused
        keys = []
        for i, name in enumerate(names):
            number = accounts.new(
                connection, f"bench-{run}-{i}", shown=name, role="producer", producer=name, by="bench", invented=True
            )
            keys.append(accounts.begin_session(connection, Who(number, f"bench-{run}-{i}", name, "producer", name)))
    port = driven.free_port()
    log = open(FOLDER / "bench.log", "w")  # noqa: SIM115
    environment = {**os.environ, "TORNI_DATABASE": url}
    only_pages = f"from torni.web.serve import _pages; _pages('keski-suomi', {port})"
    command = ["-c", only_pages] if kills else ["-m", "torni", "serve", "--port", str(port)]

    def serve() -> subprocess.Popen[bytes]:
        found = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log, env=environment)
        driven.until_up(port)
        return found

    running, left, over = serve(), kills, threading.Event()

    def kill() -> None:
        nonlocal running, left
        chance = random.Random(3)
        over.wait(10)
        while left and not over.wait(chance.uniform(0.2, 4)):
            running.kill()
            running.wait()
            running, left = serve(), left - 1
        over.set()

    killer = threading.Thread(target=kill)
    try:
        with opening.connect(url, autocommit=True) as connection:
            lasts = over if kills else None
            if kills:
                killer.start()
            figures = asyncio.run(
                _send(Door(connection, books), port, keys, client, clock, run, seconds=seconds, pace=pace, lasts=lasts)
            )
    finally:
        over.set()
        if kills:
            killer.join()
        running.terminate()
        running.wait(30)
        log.close()
    told("killed" if kills else "inbox", producers=producers, pace=pace, kills=kills - left, **figures)


async def _send(
    door, port: int, keys: list[str], client: int, clock: datetime, run: str, *, seconds: int, pace: int, lasts: threading.Event | None
) -> dict[str, object]:  # type: ignore[no-untyped-def]  # fmt: skip
    """For so many seconds, or until `lasts` is set."""
    heard: list[dict[int, float]] = [{} for _ in keys]
    twice = again = disordered = 0
    (newest,) = door.connection.execute("SELECT newest()").fetchone()

    async def watch(n: int) -> None:
        """An open inbox as a browser keeps it: a lost one comes back in half a second, with the last it heard."""
        nonlocal twice, again, disordered
        last = newest
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(
                    f"GET /inbox-stream/keski-suomi HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: torni_session={keys[n]}\r\nLast-Event-ID: {last}\r\n\r\n".encode()
                )
                while line := await reader.readline():
                    if line.startswith(b"data: ") and line.endswith(b"\n"):
                        position = json.loads(line[6:])["position"]
                        twice += position in heard[n]
                        disordered += position < last
                        heard[n].setdefault(position, time.perf_counter())
                        last = position
                writer.close()
            except OSError:
                pass
            again += 1
            await asyncio.sleep(0.5)

    watching = [asyncio.create_task(watch(n)) for n in range(len(keys))]
    await asyncio.sleep(8)
    sent: list[tuple[int, int, float]] = []
    begun = time.perf_counter()

    def one(i: int) -> int:
        n = i % len(keys)
        matter = f"bench-{run}-{i}"
        event = {
            "source": "bench", "id": matter, "type": "plan.sent", "at": clock, "service": "client_guidance", "unit": f"bench-{run}-{n}", "client": client,
            "matter": matter, "data": {"version": 1, "item": {"item": "a", "service": "home_care"}, "goals": []},
        }  # fmt: skip
        return int(door.accept([event], now=clock).position)

    for i in itertools.count():
        if lasts.is_set() if lasts else i >= seconds * pace:
            break
        wait = begun + i / pace - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        started = time.perf_counter()
        sent.append((i % len(keys), await asyncio.to_thread(one, i), started))
    spent = time.perf_counter() - begun
    await asyncio.sleep(8 if lasts else 3)
    for task in watching:
        task.cancel()
    delays = sorted(heard[n][p] - at for n, p, at in sent if p in heard[n])
    return {
        "sent": len(sent), "a_second": round(len(sent) / spent, 1), "missed": sum(p not in heard[n] for n, p, _at in sent), "twice": twice, "out_of_order": disordered, "came_back": again,
        "p50_ms": round(delays[len(delays) // 2] * 1e3), "p99_ms": round(delays[int(0.99 * len(delays))] * 1e3),
    }  # fmt: skip


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o755)
    with server(folder=FOLDER) as database:
        opening.prepare(database.url)
        with opening.connect(database.url) as checked:
            empty = checked.execute("SELECT 1 FROM event LIMIT 1").fetchone() is None
        if empty and set(PARTS) - {"chains"}:
            room_bench.load(database.url)
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", file=sys.stderr)
        for part in PARTS:
            {"chains": chains, "pages": pages, "inbox": inbox, "killed": killed}[part](database.url)
