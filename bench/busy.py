"""Many at work at once: `python bench/busy.py FOLDER`. 100 advisers and case managers and 1,000 residents on one server over loopback.

FOLDER holds the embedded room of `bench/room.py FOLDER load`. Each has a session of their own and goes round own pages with a time to read in
between (advisers 10 s, residents 30 s in the mean): an adviser the worklist, a case, every service's verdicts, now and then a new need; a resident own
services, own data, now and then a message; guests the guide. One line of JSON for each number of processes in BENCH_PROCESSES (default 1,2): requests, faults,
p50, p95, p99 by page, each page process's memory; and as many pages a second as the server gives when nobody reads in between
(`most_a_second`, so many askers at once as BENCH_AT_ONCE says, 16). The callers take their share of the same cores: their processor time is told.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode

FOLDER = Path(sys.argv[1]).absolute()
sys.argv = [sys.argv[0], str(FOLDER)]
os.environ["TORNI_DATA"] = str(FOLDER)

import driven
from memory import peak_mib

from torni.facts import accounts, opening
from torni.facts.access import Who
from torni.facts.door import Door
from torni.facts.postgres import server
from torni.guidance.charges import charge
from torni.services.days import Days
from torni.services.door_book import books_of

ADVISERS, RESIDENTS = int(os.environ.get("BENCH_ADVISERS", "100")), int(os.environ.get("BENCH_RESIDENTS_AT_ONCE", "1000"))  # fmt: skip
SECONDS = int(os.environ.get("BENCH_SECONDS", "120"))
AT_ONCE, MOST_S = int(os.environ.get("BENCH_AT_ONCE", "16")), int(os.environ.get("BENCH_MOST_SECONDS", "30"))
READS_S = {"adviser": 10.0, "resident": 30.0}
chance = random.Random(3)


class Figures:
    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.faults: dict[str, int] = defaultdict(int)
        self.by_ten: dict[int, list[float]] = defaultdict(list)
        self.counting = False
        self.callers_s = 0.0

    def add(self, page: str, seconds: float, status: int, wanted: int) -> None:
        if self.counting:
            self.times[page].append(seconds)
            self.by_ten[int(time.monotonic() // 10)].append(seconds)
            if status != wanted:
                self.faults[f"{page} {status}"] += 1


class Browser:
    """One person's connection, kept open as browsers do."""

    def __init__(self, port: int, key: str, figures: Figures) -> None:
        self.port, self.key, self.figures = port, key, figures
        self.reader: asyncio.StreamReader | None = None

    async def ask(self, page: str, path: str, form: dict[str, str] | None = None, wanted: int = 200) -> str:
        body = urlencode(form).encode() if form is not None else b""
        head = f"{'POST' if form is not None else 'GET'} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: torni_session={self.key}; language=fi\r\n"
        if form is not None:
            head += f"Origin: http://127.0.0.1:{self.port}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        started = time.perf_counter()
        for attempt in (0, 1):
            if self.reader is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                self.writer.write(head.encode() + b"\r\n" + body)
                answer = await self.reader.readuntil(b"\r\n\r\n")
                break
            except (
                asyncio.IncompleteReadError,
                ConnectionError,
            ):  # the server closed an idle one: a browser opens another
                self.reader = None
                if attempt:
                    self.figures.add(page, time.perf_counter() - started, 0, wanted)
                    return ""
        fields = dict(line.lower().split(b": ", 1) for line in answer.split(b"\r\n")[1:] if b": " in line)
        if b"content-length" in fields:
            text = await self.reader.readexactly(int(fields[b"content-length"]))
        else:
            text = b""
            while size := int((await self.reader.readline()).split(b";")[0] or b"0", 16):
                text += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
        self.figures.add(page, time.perf_counter() - started, int(answer.split(b" ", 2)[1]), wanted)
        return text.decode("utf-8", "replace")


async def adviser(browser: Browser, n: int, ends: float, clients: list[int]) -> None:
    await asyncio.sleep(chance.uniform(0, READS_S["adviser"]))
    while time.monotonic() < ends:
        queue = await browser.ask("worklist", "/keski-suomi/worklist/")
        cases = re.findall(r'href="(/keski-suomi/case/[0-9]+/)"', queue)
        await asyncio.sleep(chance.expovariate(1 / READS_S["adviser"]))
        if cases:
            case = chance.choice(cases)
            await browser.ask("case", case)
            await asyncio.sleep(chance.expovariate(1 / READS_S["adviser"]))
            await browser.ask("verdicts", case + "decide/")
            await asyncio.sleep(chance.expovariate(1 / READS_S["adviser"]))
        if chance.random() < 0.2 and clients:
            form = {"client": str(chance.choice(clients)), "channel": "telephone", "text": "Tarvitsee apua arjessa.", "once": f"b{n}x{time.monotonic_ns()}"}  # fmt: skip
            await browser.ask("new need", "/keski-suomi/intake/", form, wanted=302)


async def resident(browser: Browser, n: int, ends: float) -> None:
    await asyncio.sleep(chance.uniform(0, READS_S["resident"]))
    while time.monotonic() < ends:
        await browser.ask("my services", "/mine/")
        await asyncio.sleep(chance.expovariate(1 / READS_S["resident"]))
        dice = chance.random()
        if dice < 0.1:
            form = {"do": "message", "text": "Kiitos, tämä onnistui.", "once": f"b{n}y{time.monotonic_ns()}"}
            await browser.ask("message", "/mine/", form, wanted=302)
        elif dice < 0.4:
            await browser.ask("own data", "/me/")
        elif dice < 0.6:
            await browser.ask("guide", "/keski-suomi/guide/")
        if dice < 0.6:
            await asyncio.sleep(chance.expovariate(1 / READS_S["resident"]))


async def work(port: int, advisers: list[str], residents: list[str], clients: list[int]) -> Figures:
    figures = Figures()
    ends = time.monotonic() + SECONDS + 30
    tasks = [
        asyncio.create_task(adviser(Browser(port, key, figures), n, ends, clients)) for n, key in enumerate(advisers)
    ]
    tasks += [asyncio.create_task(resident(Browser(port, key, figures), n, ends)) for n, key in enumerate(residents)]
    await asyncio.sleep(30)  # all have come
    figures.counting, since = True, time.process_time()
    await asyncio.sleep(SECONDS)
    figures.counting, figures.callers_s = False, time.process_time() - since
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return figures


async def most(port: int, advisers: list[str], residents: list[str]) -> float:
    """Pages a second when each asks again as soon as it is answered: residents' own services and advisers' worklists, ten to one."""
    figures = Figures()

    async def go(n: int) -> None:
        while True:
            key, path = (
                (advisers[n % len(advisers)], "/keski-suomi/worklist/")
                if n % 11 == 0
                else (residents[n % len(residents)], "/mine/")
            )
            await Browser(port, key, figures).ask(path, path)
            n += AT_ONCE

    tasks = [asyncio.create_task(go(n)) for n in range(AT_ONCE)]
    await asyncio.sleep(5)
    figures.counting = True
    await asyncio.sleep(MOST_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not figures.faults, figures.faults
    return sum(map(len, figures.times.values())) / MOST_S


def page_processes(server_: int) -> list[int]:
    """The processes that serve pages: copies of the one that holds the code."""

    def children(number: int) -> list[int]:
        return [int(n) for path in Path(f"/proc/{number}/task").glob("*/children") for n in path.read_text().split()]

    return [
        n
        for first in children(server_)
        if b"forkserver" in Path(f"/proc/{first}/cmdline").read_bytes()
        for n in children(first)
    ]


def memory_mib(number: int) -> dict[str, int]:
    """The most it has held at once, and its share of what it holds now, in which memory that several hold is shared out."""
    shared = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{number}/smaps_rollup").read_text(), re.M)
    return {"peak": peak_mib(number), "own_share": int(shared[1]) // 1024 if shared else 0}


def main() -> None:
    with server(folder=FOLDER) as database:
        opening.prepare(database.url)
        run = f"{time.time():.0f}"
        with opening.connect(database.url, autocommit=True) as connection:
            cared = [
                c for (c,) in connection.execute("SELECT DISTINCT client FROM care ORDER BY 1 LIMIT %s", [RESIDENTS])
            ]
            others = [c for (c,) in connection.execute("SELECT client FROM client TABLESAMPLE SYSTEM (1) LIMIT 2000")]
            residents, advisers = [], []
            for client in cared:
                number = accounts.new(connection, f"b{run}-{client}", shown="b", role="resident", client=client, by="bench", invented=True)  # fmt: skip
                residents.append(accounts.begin_session(connection, Who(number, f"b{run}-{client}", "b", "resident", client=client)))  # fmt: skip
            for n in range(ADVISERS):
                role = "adviser" if n % 2 else "case_manager"
                number = accounts.new(connection, f"b{run}-a{n}", shown="b", role=role, by="bench", invented=True)
                advisers.append(accounts.begin_session(connection, Who(number, f"b{run}-a{n}", "b", role)))
            managers = [f"b{run}-a{n}" for n in range(0, ADVISERS, 2)]
            (now,) = connection.execute("SELECT recorded_at FROM room").fetchone()
            named = [
                {"source": "bench", "id": f"{run}-{c}", "type": "case_manager.named", "at": now, "client": c, "data": {"case_manager": managers[c % len(managers)]}}
                for c in cared
            ]  # fmt: skip
            assert not Door(connection, books_of(Days("keski-suomi"), charge=charge)).accept(named, now=now).refused
        for processes in map(int, os.environ.get("BENCH_PROCESSES", "1,2").split(",")):
            one(processes, advisers, residents, others)


def one(processes: int, advisers: list[str], residents: list[str], others: list[int]) -> None:
    port = driven.free_port()
    command = [sys.executable, "-m", "torni", "serve", "--port", str(port), "--processes", str(processes)]
    with open(FOLDER / "bench.log", "w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            driven.until_up(port)
            while len(page_processes(running.pid)) < processes:
                time.sleep(0.2)
            time.sleep(15)  # what is made ready beside is ready
            load = os.getloadavg()[0]
            at_most = asyncio.run(most(port, advisers, residents))
            figures = asyncio.run(work(port, advisers, residents, others))
            memory = [memory_mib(n) for n in page_processes(running.pid)]
        finally:
            running.terminate()
            running.wait(30)
    whole = sorted(t for times in figures.times.values() for t in times)

    def shares(times: list[float]) -> dict[str, int]:
        times = sorted(times)
        return {"n": len(times), "p50_ms": round(1e3 * statistics.median(times)), "p95_ms": round(1e3 * times[int(0.95 * len(times))]), "p99_ms": round(1e3 * times[int(0.99 * len(times))])}  # fmt: skip

    print(json.dumps({"processes": processes, "load_before": load, "most_a_second": round(at_most, 1), "memory_mib": memory, "callers_cpu_s": round(figures.callers_s), "advisers": len(advisers), "residents": len(residents), "seconds": SECONDS, "a_second": round(len(whole) / SECONDS, 1), **shares(whole), "faults": dict(figures.faults), "p95_each_ten_s": [round(1e3 * sorted(t)[int(0.95 * len(t))]) for _, t in sorted(figures.by_ten.items())], "pages": {p: shares(t) for p, t in sorted(figures.times.items())}}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
