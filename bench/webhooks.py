"""Webhooks under kills: `python bench/webhooks.py [KILLS]`. A room of its own, 200 producers' receivers, 50 plans a second, several to each client.

First without kills: how soon a plan is told, from its commit to the receiver. Then the worker is killed (SIGKILL) at random moments while the
receivers refuse one message in fifty and drop one connection in a hundred after having taken the message: every message must be received
exactly once by its id, and each client's in their order.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from torni.core.clock import today
from torni.facts import opening
from torni.facts.door import Door
from torni.facts.postgres import server
from torni.guidance.charges import charge
from torni.producers import webhooks
from torni.services.days import Days
from torni.services.door_book import books_of

PRODUCERS, PACE, CLIENTS = 200, 50, 400
KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
chance = random.Random(11)


class Receivers:
    """All producers' receivers in one: what came, by id, in its order; may refuse, or take a message and hang up."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self.order: list[str] = []
        self.again = 0
        self.unkind = False
        self.port = 0
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self) -> None:
        serving = await asyncio.start_server(self._one, "127.0.0.1", 0)
        self.port = serving.sockets[0].getsockname()[1]
        self._ready.set()
        async with serving:
            await serving.serve_forever()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                await reader.readexactly(int(fields[b"content-length"]))
                dice = chance.random() if self.unkind else 1.0
                if dice < 0.02:
                    writer.write(b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")
                    continue
                id_ = fields[b"webhook-id"].decode()
                if id_ in self.first:
                    self.again += 1
                else:
                    self.first[id_] = time.time()
                    self.order.append(id_)
                if dice < 0.03:
                    return
                writer.write(b"HTTP/1.1 204 ok\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="torni-bench-"))
    folder.chmod(0o755)
    with server(folder=folder) as database:
        opening.prepare(database.url)
        receivers = Receivers()
        with opening.connect(database.url, autocommit=True) as connection:
            opening.claim(connection, "keski-suomi", invented={"seed": 1, "residents": CLIENTS})
            door = Door(connection, books_of(Days("keski-suomi"), charge=charge))
            now = datetime.combine(today(), datetime.min.time(), UTC)
            opened = [event("unit.opened", f"u{n}", now, unit=f"u{n}", data={"name": f"u{n}", "kind": "home_care", "producer": f"P{n}", "municipality": "179"}) for n in range(PRODUCERS)]  # fmt: skip
            born = [event("resident.registered", f"r{c}", now, client=c, data={"municipality": "179", "born": "1941-05-30"}) for c in range(1, CLIENTS + 1)]  # fmt: skip
            assert not door.accept([*opened, *born], now=now).refused
            for n in range(PRODUCERS):
                webhooks.new(connection, f"P{n}", f"http://127.0.0.1:{receivers.port}/{n}")
            quiet = run(door, receivers, database.url, now, seconds=30, kills=0, batch=0)
            receivers.unkind = True
            killed = run(door, receivers, database.url, now, seconds=KILLS * 1.0, kills=KILLS, batch=1)
            raw = connection.execute("SELECT count(*), count(*) FILTER (WHERE status BETWEEN 200 AND 299) FROM delivery_try").fetchone()  # fmt: skip
    told("without kills", quiet)
    told(f"{KILLS} kills", killed | {"tries written down": raw[0]})


def run(door: Door, receivers: Receivers, url: str, now: datetime, *, seconds: float, kills: int, batch: int) -> dict[str, object]:  # fmt: skip
    """Plans at the pace, the worker killed at random moments; waits until all is told. What came, against what was sent."""
    stop = threading.Event()
    count = 0

    def keep() -> None:
        nonlocal count
        environment = {**os.environ, "TORNI_DATABASE": url}
        while not stop.is_set():
            worker = subprocess.Popen([sys.executable, "-m", "torni.producers.deliver"], env=environment)
            lives = chance.uniform(0.4, 1.6) if count < kills else 1e9
            until = time.monotonic() + lives
            while not stop.is_set() and time.monotonic() < until and worker.poll() is None:
                time.sleep(0.02)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            count += not stop.is_set()

    keeper = threading.Thread(target=keep)
    keeper.start()
    time.sleep(2)
    sent: list[tuple[str, int, float]] = []
    begun = time.monotonic()
    step = 0
    while time.monotonic() - begun < seconds or count < kills:
        client = chance.randrange(1, CLIENTS + 1)
        producer = client % PRODUCERS
        row = event("plan.sent", f"s{batch}-{step}", now, client=client, unit=f"u{producer}", service="client_guidance", matter=f"plan-{client}/{batch}-{step}/a", data={"item": {"service": "home_care"}})  # fmt: skip
        assert not door.accept([row], now=now).refused
        sent.append(
            (str(door.connection.execute("SELECT max(position) FROM event").fetchone()[0]), client, time.time())
        )
        step += 1
        time.sleep(max(0.0, begun + step / PACE - time.monotonic()))
    until = time.monotonic() + 120
    while len(set(receivers.first) & {s for s, _c, _t in sent}) < len(sent) and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(3)  # nothing more may come
    stop.set()
    keeper.join()
    ids = {s for s, _c, _t in sent}
    came = [i for i in receivers.order if i in ids]
    of = {s: c for s, c, _t in sent}
    place = {id_: n for n, id_ in enumerate(came)}
    lines: dict[int, list[int]] = {}
    for id_, _client, _t in sent:
        lines.setdefault(of[id_], []).append(place.get(id_, -1))
    late = sorted(receivers.first[s] - t for s, _c, t in sent if s in receivers.first)
    return {
        "sent": len(sent), "received": len(came), "lost": len(ids - set(came)), "out of order": sum(p != sorted(p) for p in lines.values()),
        "came again with the same id": receivers.again, "kills": count, "p50 ms": round(1000 * statistics.median(late)),
        "p99 ms": round(1000 * late[int(len(late) * 0.99)]),
    }  # fmt: skip


def event(type_: str, id_: str, at: datetime, **columns: object) -> dict[str, object]:
    return {"source": "bench", "id": id_, "type": type_, "at": at, **columns}


def told(what: str, figures: dict[str, object]) -> None:
    print(what, " ".join(f"{k}={v}" for k, v in figures.items()), flush=True)


if __name__ == "__main__":
    main()
