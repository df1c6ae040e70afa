"""The worker that tells webhooks: `python -m torni.producers.deliver`. One at a time; killed at any moment, it tells what is untold.

At least once: a message counts as told only when its answer (2xx) is written down, so one that was cut off in between is told again
with the same id. A failing webhook is tried with one message at a time, ever more seldom; a message that fails for a day is dead,
and the client's later ones wait until a person sends it again or sets it aside.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import random
import select
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import local
from typing import Any

import psycopg
import requests

from torni.core import clock, logs
from torni.core.faults import BadInput
from torni.core.rooms import TOLD_IN_SQL
from torni.core.starter import starter
from torni.facts import closed
from torni.facts.access import connected
from torni.facts.fold_worker import WRITTEN
from torni.facts.opening import Connection
from torni.producers.addresses import NotAllowed, session
from torni.producers.webhooks import message, signed
from torni.producers.witnesses import Witnesses

AT_ONCE, AT_ONCE_EACH = 32, 4
TIMEOUT_S = (5, 15)  # to connect, to answer
FIRST_WAIT_S, LONGEST_WAIT_S, LONGEST_PAUSE_S = 1.0, 3600.0, 300.0  # a message's waits; a failing webhook's
GIVEN_UP_S = 86_400.0
GONE = 410
_ONE = 7_461_002  # the advisory lock of the one that tells
log = logging.getLogger("torni.webhooks")
_sessions = local()

_TAKE = (
    "INSERT INTO delivery (webhook, position, line) SELECT w.webhook, e.position, (SELECT min(f.position) FROM event f WHERE f.client = e.client) "
    "FROM event e JOIN webhook w ON w.producer = e.producer AND e.position > w.since "
    f"WHERE e.type {TOLD_IN_SQL} AND e.sign = 1 AND e.client IS NOT NULL AND e.position > %(after)s AND e.position <= %(upto)s "
    "AND NOT EXISTS (SELECT 1 FROM webhook_ended x WHERE x.webhook = w.webhook) ON CONFLICT DO NOTHING"
)
_PICK = (
    "SELECT d.webhook, d.position, w.url, w.secret, w.producer, d.tries, d.first_at, e.type, e.at, e.unit, coalesce((SELECT min(s.position) FROM event s "
    "WHERE s.matter = e.matter AND s.type LIKE 'plan.%%' AND s.type = 'plan.sent'), e.position) "
    "FROM delivery d JOIN webhook w USING (webhook) JOIN event e ON e.position = d.position "
    "WHERE d.state = 'waiting' AND d.due_at <= clock_timestamp() AND d.webhook <> ALL (%(busy)s) "
    "AND NOT EXISTS (SELECT 1 FROM webhook_ended x WHERE x.webhook = d.webhook) "
    "AND NOT EXISTS (SELECT 1 FROM delivery p WHERE p.webhook = d.webhook AND p.line = d.line AND p.position < d.position "
    "AND p.state IN ('waiting', 'dead')) ORDER BY d.due_at, d.position LIMIT 200"
)


@dataclass(frozen=True)
class Attempt:
    """What came of one try: the status answered, or the kind of failure."""

    webhook: int
    position: int
    status: int | None
    fault: str | None
    ms: int
    tries: int
    first_at: datetime | None

    @property
    def done(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Teller:
    """Takes what is new from the log, sends what is due, writes down what came of it. One connection, one thread of its own."""

    connection: Connection
    region: str
    pool: ThreadPoolExecutor
    results: queue.SimpleQueue[Attempt] = field(default_factory=queue.SimpleQueue)
    going: set[tuple[int, int]] = field(default_factory=set)
    failing: dict[int, tuple[int, float]] = field(default_factory=dict)  # webhook -> failures in a row, not before

    def __post_init__(self) -> None:
        self.woken, self._wake = os.pipe()
        os.set_blocking(self.woken, False)

    def take(self) -> None:
        """Each new message in the log, once for each of its producer's webhooks."""
        with self.connection.transaction():
            row = self.connection.execute(
                "SELECT position, (SELECT max(position) FROM event) FROM consumer WHERE name = 'webhooks' FOR UPDATE"
            ).fetchone()
            if row is None or row[1] is None or row[1] <= row[0]:
                return
            self.connection.execute(_TAKE, {"after": row[0], "upto": row[1]})
            self.connection.execute("UPDATE consumer SET position = %s WHERE name = 'webhooks'", [row[1]])

    def send(self) -> None:
        """Hand out what is due, a few at a time to each webhook; a failing one gets one."""
        now = time.monotonic()
        each = Counter(webhook for webhook, _position in self.going)
        most = dict.fromkeys(self.failing, 1)
        busy = [w for w, n in each.items() if n >= most.get(w, AT_ONCE_EACH)]
        busy += [w for w, (_n, until) in self.failing.items() if until > now]
        for webhook, position, *rest in self.connection.execute(_PICK, {"busy": busy}).fetchall():
            if len(self.going) >= AT_ONCE:
                return
            if (webhook, position) in self.going or each[webhook] >= most.get(webhook, AT_ONCE_EACH):
                continue
            each[webhook] += 1
            self.going.add((webhook, position))
            self.pool.submit(self._tell, webhook, position, *rest)

    def _tell(self, webhook: int, position: int, url: str, secret: str, producer: str, tries: int, first_at: datetime | None, type_: str, at: datetime, unit: str | None, task: int) -> None:  # fmt: skip
        body = message(self.region, position, type_, at, unit, task)
        started, status, fault = time.monotonic(), None, None
        try:
            status = _post(url, closed.open_(secret, closed.webhook_of(producer, url)), str(position), body)
        except BadInput:
            fault = "no key"
        except NotAllowed:
            fault = "closed address"
        except requests.Timeout:
            fault = "timeout"
        except requests.exceptions.SSLError:
            fault = "certificate"
        except requests.ConnectionError:
            fault = "no connection"
        except Exception as error:  # whatever a library makes of an odd answer: this try has failed
            fault = type(error).__name__
        ms = round((time.monotonic() - started) * 1000)
        self.results.put(Attempt(webhook, position, status, fault, ms, tries, first_at))
        os.write(self._wake, b".")

    def write_down(self) -> None:
        """Write down what has come back, all in one transaction."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.woken, 65_536)
        came: list[Attempt] = []
        while not self.results.empty():
            came.append(self.results.get())
        if not came:
            return
        with self.connection.transaction():
            for told in came:
                self.connection.execute(
                    "INSERT INTO delivery_try (webhook, position, status, fault, ms) VALUES (%s, %s, %s, %s, %s)",
                    [told.webhook, told.position, told.status, told.fault, told.ms],
                )
                self.connection.execute(
                    "UPDATE delivery SET tries = tries + 1, first_at = coalesce(first_at, clock_timestamp()), "
                    "state = CASE WHEN %(done)s THEN 'delivered' WHEN %(gone)s OR clock_timestamp() - first_at > %(long)s * interval '1 second' THEN 'dead' "
                    "ELSE 'waiting' END, done_at = CASE WHEN %(done)s THEN clock_timestamp() END, "
                    "due_at = clock_timestamp() + %(wait)s * interval '1 second' "
                    "WHERE webhook = %(webhook)s AND position = %(position)s",
                    {"done": told.done, "gone": told.status == GONE, "long": GIVEN_UP_S, "wait": _wait(told.tries), "webhook": told.webhook, "position": told.position},
                )  # fmt: skip
        for told in came:
            self.going.discard((told.webhook, told.position))
            if told.done:
                if self.failing.pop(told.webhook, None):  # it is well again: what had failed need not wait
                    self.connection.execute(
                        "UPDATE delivery SET due_at = clock_timestamp() WHERE webhook = %s AND state = 'waiting'",
                        [told.webhook],
                    )
            elif told.status is None or told.status >= 500 or told.status == 429:  # it is the other side that fails
                times = self.failing.get(told.webhook, (0, 0.0))[0]
                self.failing[told.webhook] = times + 1, time.monotonic() + min(_wait(times), LONGEST_PAUSE_S)

    def rest_s(self) -> float:
        """How long until something may be due."""
        row = self.connection.execute("SELECT extract(epoch FROM min(due_at) - clock_timestamp()) FROM delivery WHERE state = 'waiting' AND due_at > clock_timestamp()").fetchone()  # fmt: skip
        waits = [until - time.monotonic() for _n, until in self.failing.values() if until > time.monotonic()]
        if row and row[0] is not None:
            waits.append(float(row[0]))
        return min([5.0, *(max(0.01, w) for w in waits)])


def work(url: str) -> None:
    """Tell until stopped, or until whoever started us is gone. A lost server is waited for."""
    parent = starter()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        witnesses = Witnesses(pool)
        while os.getppid() == parent:
            try:
                with connected(url, "courier") as connection:
                    if not _alone(connection, parent):
                        continue
                    connection.execute(f"LISTEN {WRITTEN}")
                    owner = connection.execute("SELECT region FROM room").fetchone()
                    teller = Teller(connection, owner[0] if owner else "", pool)
                    while os.getppid() == parent:
                        teller.write_down()
                        teller.take()
                        teller.send()
                        witnesses.tell(connection)
                        select.select([connection.fileno(), teller.woken], [], [], teller.rest_s())
                        for _ in connection.notifies(timeout=0):
                            pass
            except (psycopg.Error, BadInput) as error:
                log.warning("the record room does not answer (%s); trying again", type(error).__name__)
                time.sleep(0.5)


def _alone(connection: Connection, parent: int) -> bool:
    """Wait to be the only one that tells this room's webhooks."""
    while os.getppid() == parent:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", [_ONE]).fetchone() == (True,):
            return True
        time.sleep(1)
    return False


def _post(url: str, secret: str, id_: str, body: bytes) -> int:
    """One try. A redirect is not followed, the answer's body not read, no proxy of the environment used."""
    known: Any = getattr(_sessions, "one", None)
    if known is None:
        known = _sessions.one = session()
    moment = int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/cloudevents+json", "User-Agent": "Torni", "webhook-id": id_, "webhook-timestamp": str(moment),
        "webhook-signature": signed(secret, id_, moment, body),
    }  # fmt: skip
    with known.post(url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer:
        return int(answer.status_code)


def _wait(tries: int) -> float:
    """Twice as long each time, an hour at most, spread so that many do not come at once."""
    return float(min(FIRST_WAIT_S * 2.0 ** min(tries, 20), LONGEST_WAIT_S) * random.uniform(0.8, 1.2))  # noqa: S311


def main() -> int:
    logs.begin("webhooks")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # what is under way is told again, with the same id
    with contextlib.suppress(KeyboardInterrupt):
        work(os.environ["TORNI_DATABASE"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
