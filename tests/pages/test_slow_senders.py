"""Who sends slowly, too much at once or never ends keeps nobody else waiting; a page's own words are not needed for it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

import pytest

from tests.pages.conftest import alone
from torni.web import wsgi_bridge
from torni.web.wsgi_bridge import WsgiBridge


def _app(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [str(len(environ["wsgi.input"].read())).encode()]


class Sender:
    """One request: what it sends piece by piece, and what it is answered. After the last piece it says no more."""

    def __init__(self, *pieces, method="POST", path="/", client="192.0.2.1", ends=True):
        self.scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "headers": [], "client": (client, 1), "server": ("x", 80),
            "scheme": "http", "http_version": "1.1", "root_path": "",
        }  # fmt: skip
        self.pieces, self.ends, self.told = deque(pieces), ends, []

    async def receive(self):
        if not self.pieces:
            await asyncio.Event().wait()
        body = self.pieces.popleft()
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces) or not self.ends}

    async def send(self, message):
        self.told.append(message)

    async def asked(self, bridge):
        await bridge(self.scope, self.receive, self.send)
        return self.told[0]["status"], self.told[1]["body"]


@pytest.mark.parametrize("sizes", [(0,), (5,), (5, 0), (3, 4, 5), (2**20, 2**20, 7)])
def test_a_body_in_any_pieces_comes_whole(sizes):
    assert alone(lambda: Sender(*(b"x" * n for n in sizes)).asked(WsgiBridge(_app, 1))) == (
        200,
        str(sum(sizes)).encode(),
    )


def test_a_body_that_is_too_large_is_refused_before_it_has_all_come():
    many = Sender(*[b"x" * 2**20] * 60)
    assert alone(lambda: many.asked(WsgiBridge(_app, 1)))[0] == 413
    assert many.pieces, "the rest was not even waited for"


@pytest.mark.parametrize("pieces", [(), (b"{1}\n",), (b"{1}\n", b"{2}\n")])
def test_a_body_that_breaks_off_is_handed_to_nobody(pieces):
    """Its lines that came are not the whole that was sent: half a file taken would look like all of it."""
    asked = []

    class Broken(Sender):
        async def receive(self):
            return await super().receive() if self.pieces else {"type": "http.disconnect"}

    bridge, sender = WsgiBridge(lambda *one: asked.append(one), 1), Broken(*pieces, ends=False)
    alone(lambda: bridge(sender.scope, sender.receive, sender.send))
    assert not asked and not sender.told and not bridge.unfinished


def test_a_body_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(wsgi_bridge, "FIRST_S", 0.05)
    bridge = WsgiBridge(_app, 1)
    assert alone(lambda: Sender(b"a", ends=False).asked(bridge))[0] == 408
    assert not bridge.unfinished


def test_one_address_cannot_keep_others_out_by_bodies_that_never_end():
    bridge = WsgiBridge(_app, 1)

    async def tried():
        slow = [asyncio.create_task(Sender(b"a", ends=False).asked(bridge)) for _ in range(wsgi_bridge.MOST_FROM_ONE)]
        await asyncio.sleep(0)
        one_more = await Sender(b"a", b"b").asked(bridge)
        whole_at_once = await Sender(b"ab").asked(bridge)
        another = await Sender(b"a", b"b", client="198.51.100.1").asked(bridge)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return one_more[0], whole_at_once, another, await Sender(b"a", b"b").asked(bridge)

    assert alone(tried) == (429, (200, b"2"), (200, b"2"), (200, b"2"))
    assert not bridge.unfinished


def test_passwords_being_proved_keep_no_page_waiting():
    """Proving is slow by intent: it has a thread of its own, and a queue that ends."""
    go = threading.Event()

    def app(environ, start):
        if environ["PATH_INFO"] == "/sign-in/" and environ["REQUEST_METHOD"] == "POST":
            assert go.wait(60)
        return _app(environ, start)

    bridge = WsgiBridge(app, 2, proving=("/sign-in/",))

    async def tried():
        proving = [
            asyncio.create_task(Sender(b"name", path="/sign-in/").asked(bridge))
            for _ in range(wsgi_bridge.MOST_PROVING)
        ]
        await asyncio.sleep(0)
        pages = [await Sender(b"", method="GET", path=path).asked(bridge) for path in ("/", "/sign-in/")]
        too_many = await Sender(b"name", path="/sign-in/").asked(bridge)
        go.set()
        return pages, too_many[0], [status for status, _ in await asyncio.gather(*proving)]

    pages, too_many, proved = alone(tried)
    assert pages == [(200, b"0")] * 2 and too_many == 503 and proved == [200] * wsgi_bridge.MOST_PROVING
