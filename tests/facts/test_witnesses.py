"""Checkpoints are sent to those outside until they hold the newest, and hold up nothing else."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from torni.core.faults import BadInput
from torni.facts import access, checkpoint
from torni.facts.fold import fold
from torni.facts.sealing import seal
from torni.producers import witnesses


@pytest.fixture
def outside(monkeypatch):
    """Two receivers: what each was sent, and which status each answers."""
    came, says = {"/a": [], "/b": []}, {"/a": 204, "/b": 204}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            came[self.path].append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(says[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TORNI_WEBHOOK_HOSTS", "127.0.0.1")
    monkeypatch.setenv(witnesses.NAMED, ", ".join(f"http://127.0.0.1:{server.server_port}{path}" for path in came))
    yield came, says
    server.shutdown()
    server.server_close()


@pytest.fixture
def told(here, outside):
    """`told()`: the courier's round, and the answers waited for."""
    pool = ThreadPoolExecutor(4)
    known = witnesses.Witnesses(pool)

    def round_(*, later: bool = False):
        known.looked = None
        for one in known.known:
            one.after = 0.0 if later else one.after
        with access.connected(here.url, "courier") as connection:
            known.tell(connection)
        while any(one.busy for one in known.known):
            time.sleep(0.005)

    yield round_
    pool.shutdown()


@pytest.fixture
def day(here, monkeypatch, tmp_path):
    """`day()`: a day passes and its checkpoint is signed; the note."""
    monkeypatch.setenv("TORNI_SEAL_KEY", str(tmp_path / "seal.key"))

    def pass_():
        here.send(here.event("feedback.given", unit="north", quantity=5))
        here.later(days=1)
        here.send(here.event("feedback.given", unit="north", quantity=4))
        fold(here.connection)
        seal(here.connection)
        return checkpoint.keep(here.connection)

    return pass_


def test_each_newest_checkpoint_goes_to_all_of_them_once(outside, told, day):
    came, _says = outside
    told()
    assert came == {"/a": [], "/b": []}, "nothing is signed yet"
    first = day()
    told()
    told()
    assert came == {"/a": [first], "/b": [first]}
    second = day()
    told()
    assert came == {"/a": [first, second], "/b": [first, second]}


def test_one_that_does_not_take_it_is_asked_later_and_holds_up_nobody(outside, told, day):
    came, says = outside
    says["/b"] = 500
    first = day()
    told()
    told()
    assert came == {"/a": [first], "/b": [first]}, "not again at once"
    second = day()
    says["/b"] = 200
    told(later=True)
    assert came["/a"] == [first, second] and came["/b"] == [first, second], "the newest, not what was missed"
    told(later=True)
    assert came["/b"] == [first, second]


def test_addresses_that_nothing_is_sent_to_are_told_all_at_once(monkeypatch):
    monkeypatch.setenv(
        witnesses.NAMED, "http://auditor.example/, ftp://x.example/, https://good.example/, https://10.0.0.1/"
    )
    with pytest.raises(BadInput) as found:
        witnesses.addresses()
    assert len(found.value.faults) == 3
    monkeypatch.setenv(witnesses.NAMED, "")
    assert witnesses.addresses() == ()
