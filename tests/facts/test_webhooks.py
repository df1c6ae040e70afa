"""Webhooks: signed, in each client's order, until confirmed; given up, sent again; told once more after any kill, never lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest
from standardwebhooks import Webhook as Reader

from tests.conftest import NOW
from torni.core.faults import BadInput
from torni.facts import access, rights
from torni.facts.access import Who
from torni.producers import deliver, webhooks


class Receiver:
    """A producer's system: answers as `says` tells (200 where nothing is told) and keeps what came."""

    def __init__(self) -> None:
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        self.says: dict[str, list[int]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                id_ = self.headers["webhook-id"]
                outer.came.append((id_, {k.lower(): v for k, v in self.headers.items()}, body))
                said = outer.says.get(id_) or [200]
                self.send_response(said.pop(0) if len(said) > 1 else said[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/torni"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def ids(self) -> list[str]:
        return [id_ for id_, _headers, _body in self.came]


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setenv("TORNI_WEBHOOK_HOSTS", "127.0.0.1")
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def tell(here, monkeypatch):
    """`tell()`: the worker's own steps until nothing is due."""
    monkeypatch.setattr(deliver, "FIRST_WAIT_S", 0.01)
    pool = ThreadPoolExecutor(8)
    courier = psycopg.connect(access.login(here.url, "courier"), autocommit=True, **access.options("courier"))
    teller = deliver.Teller(courier, "trial", pool)

    def until_quiet(seconds: float = 0.3) -> None:
        idle = 0  # rounds, not time: on a machine that stands still for a while nothing has become quiet
        while idle < seconds * 100:
            before = len(teller.going)
            teller.take()
            teller.send()
            teller.write_down()
            idle = 0 if teller.going or before else idle + 1
            time.sleep(0.01)

    yield until_quiet
    pool.shutdown()
    courier.close()
    os.close(teller.woken)
    os.close(teller._wake)


def plan(here, client, matter, type_="plan.sent", unit="north"):
    """An event of a plan through the door; its position as text."""
    here.send(here.event(type_, unit=unit, client=client, matter=matter, data={"item": {"service": "care"}}))
    return str(here.rows("SELECT max(position) FROM event")[0][0])


def asking(here, role, producer=None):
    """The room as that role's page sees it."""
    here.connection.execute("RESET ROLE")
    made = here.connection.execute(
        "WITH made AS (INSERT INTO account (name, shown) VALUES (%(n)s, %(n)s) ON CONFLICT DO NOTHING RETURNING account) "
        "SELECT account FROM made UNION SELECT account FROM account WHERE name = %(n)s", {"n": f"t-{role}"},
    ).fetchone()  # fmt: skip
    here.connection.execute("SET ROLE torni_pages")
    access.asking(here.connection, Who(made[0], role, role, role, producer))
    return here.connection


@pytest.fixture
def reset(here):
    yield
    here.connection.execute("RESET ROLE")


class Standing(datetime):
    """The clock of another's reader, which stands with ours: it refuses what is five minutes old."""

    @classmethod
    def now(cls, tz=None):
        return NOW


def test_a_message_is_signed_and_tells_nothing_of_the_client(here, receiver, tell, monkeypatch):
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Standing)
    _number, secret = webhooks.new(here.connection, "A", receiver.url)
    sent = plan(here, 1, "plan-1/1/a")
    plan(here, 2, "plan-2/1/a", unit="south")  # producer B's is not A's business
    recalled = plan(here, 1, "plan-1/1/a", "plan.recalled")
    tell()
    assert receiver.ids == [sent, recalled]
    for id_, headers, body in receiver.came:
        told = Reader(secret).verify(body, headers)
        assert told["id"] == id_ and told["data"] == {"unit": "north", "task": f"/fhir/Task/{sent}"}
        assert b"plan-1" not in body and b"client" not in body
    assert [json.loads(b)["type"] for _i, _h, b in receiver.came] == ["plan.sent", "plan.recalled"]
    with pytest.raises(Exception, match="signature"):
        Reader(webhooks.new(here.connection, "A", receiver.url)[1]).verify(receiver.came[0][2], receiver.came[0][1])


def test_one_clients_messages_keep_their_order_and_others_do_not_wait(here, receiver, tell):
    webhooks.new(here.connection, "A", receiver.url)
    first, second, other = (plan(here, c, f"plan-{c}/{v}/a") for c, v in ((1, 1), (1, 2), (3, 1)))
    receiver.says[first] = [400, 400, 200]
    tell()
    assert receiver.ids.count(first) == 3 and receiver.ids[-1] == second
    assert receiver.ids.index(other) < receiver.ids.index(second)
    tries = here.rows(f"SELECT status FROM delivery_try WHERE position = {first} ORDER BY number")
    assert tries == [(400,), (400,), (200,)]


def test_a_failing_webhook_is_tried_with_one_message_and_gets_all_when_it_is_well(here, receiver, tell):
    webhooks.new(here.connection, "A", receiver.url)
    ids = [plan(here, c, f"plan-{c}/{v}/a") for v in range(1, 9) for c in (1, 3)]
    for id_ in ids:
        receiver.says[id_] = [503, 200]
    tell(1.0)
    assert sorted(set(receiver.ids), key=int) == ids
    assert here.rows("SELECT state, count(*) FROM delivery GROUP BY 1") == [("delivered", 16)]
    for c in (0, 1):
        told = [i for i in dict.fromkeys(receiver.ids) if i in ids[c::2]]
        assert told == ids[c::2]


def test_what_is_given_up_holds_the_clients_later_ones_until_a_person_acts(here, receiver, tell, reset):
    number, _secret = webhooks.new(here.connection, "A", receiver.url)
    first, second, third = (plan(here, 1, f"plan-1/{v}/a") for v in (1, 2, 3))
    receiver.says |= {first: [410, 200], second: [410]}
    tell()
    assert receiver.ids == [first]
    connection = asking(here, "producer", "A")
    shown = {d.position: d for d in webhooks.deliveries(connection)}
    assert shown[int(first)].state == "dead" and shown[int(second)].behind and shown[int(third)].behind
    assert webhooks.shown(connection)[0].dead == 1 and webhooks.shown(connection)[0].failing
    for role, producer in (("producer", "B"), ("resident", None), ("outsider", None)):
        connection = asking(here, role, producer)
        assert webhooks.deliveries(connection) == [] == webhooks.shown(connection)
        assert webhooks.history(connection, number, int(first)) == []
    for role, producer in (("producer", "B"), ("director", None), ("case_manager", None), ("resident", None)):
        assert not webhooks.redeliver(asking(here, role, producer), number, int(first), "again")
    assert webhooks.redeliver(asking(here, "producer", "A"), number, int(first), "again")
    here.connection.execute("RESET ROLE")
    tell()
    assert receiver.ids == [first, first, second]
    assert webhooks.redeliver(asking(here, "supervisor"), number, int(second), "set aside")
    assert [h[4] for h in webhooks.history(here.connection, number, int(second))] == [None, "set aside"]
    here.connection.execute("RESET ROLE")
    tell()
    assert receiver.ids == [first, first, second, third]
    assert webhooks.dead_again(here.connection, by="torni") == 0


def test_after_a_day_of_failing_a_message_is_given_up(here, receiver, tell):
    webhooks.new(here.connection, "A", receiver.url)
    sent = plan(here, 1, "plan-1/1/a")
    receiver.says[sent] = [404]
    deliver_at = "UPDATE delivery SET first_at = clock_timestamp() - interval '25 hours', due_at = clock_timestamp()"
    tell(0.05)
    assert here.rows("SELECT state FROM delivery") == [("waiting",)]
    here.connection.execute(deliver_at)
    tell()
    assert here.rows("SELECT state FROM delivery") == [("dead",)]
    receiver.says.clear()
    assert webhooks.dead_again(here.connection, by="torni") == 1
    tell()
    assert here.rows("SELECT state FROM delivery") == [("delivered",)]


def test_a_new_address_is_told_what_still_waits_for_confirmation(here, receiver, tell):
    waits, done = plan(here, 1, "plan-1/1/a"), plan(here, 3, "plan-3/1/a")
    plan(here, 3, "plan-3/1/a", "plan.confirmed")
    tell()  # the log has been followed past them already
    number, _secret = webhooks.new(here.connection, "A", receiver.url)
    tell()
    assert receiver.ids == [waits] and done not in receiver.ids
    webhooks.end(here.connection, number)
    plan(here, 1, "plan-1/2/a")
    tell()
    assert receiver.ids == [waits]
    with pytest.raises(BadInput):
        webhooks.end(here.connection, number)


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "http://producer.example/", "https://user:word@producer.example/", "torni", "https://x.example:99999/", "https://x .example/", "https://"]
)  # fmt: skip
def test_an_unsound_address_is_refused(here, url):
    with pytest.raises(BadInput):
        webhooks.new(here.connection, "A", url)


def test_a_producer_without_units_is_refused(here):
    with pytest.raises(BadInput, match="C"):
        webhooks.new(here.connection, "C", "https://c.example/")


def test_the_secret_is_not_for_the_pages(here, reset):
    for role in (f"torni_{one}" for one in rights.LOGINS if one not in ("courier", "verifier")):
        here.connection.execute(f"SET ROLE {role}")
        with pytest.raises(Exception, match="permission denied"):
            here.connection.execute("SELECT secret FROM webhook")
        here.connection.execute("RESET ROLE")


def test_killed_again_and_again_it_loses_nothing_and_keeps_the_order(here, receiver):
    webhooks.new(here.connection, "A", receiver.url)
    environment = {**os.environ, "TORNI_DATABASE": here.url}
    ids: list[str] = []
    for round_ in range(5):
        worker = subprocess.Popen([sys.executable, "-m", "torni.producers.deliver"], env=environment)
        seen = len(receiver.came)
        ids += [plan(here, c, f"plan-{c}/{round_}/{n}") for n in range(5) for c in (1, 3)]
        until = time.monotonic() + 20
        while len(receiver.came) < seen + 4 and time.monotonic() < until:
            time.sleep(0.002)
        if round_ < 4:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    until = time.monotonic() + 30
    while here.rows("SELECT 1 FROM delivery WHERE state <> 'delivered'") or len(set(receiver.ids)) < len(ids):
        assert time.monotonic() < until, "not all were told"
        time.sleep(0.05)
    worker.terminate()
    worker.wait()
    assert sorted(set(receiver.ids), key=int) == sorted(ids, key=int)
    for c in (0, 1):
        assert [i for i in dict.fromkeys(receiver.ids) if i in ids[c::2]] == ids[c::2]
