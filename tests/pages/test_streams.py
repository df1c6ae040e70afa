"""A stream is for this host's own pages, and ends with the session it was opened in."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tests.pages.conftest import OWN, alone
from torni.web import asgi, inbox_stream, stream
from torni.web.stream import Tower

MANY = [b"127.0.0.1", b"localhost:8000", b"[::1]:8000"]


def _asked(scope) -> int:
    """The status that the whole site answers, with nobody signed in."""
    told = []

    async def send(message):
        told.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    alone(asgi.application, {"type": "http", "method": "GET", **scope}, receive, send)
    return told[0]["status"]


@pytest.mark.parametrize("path", ["/stream/keski-suomi/fi", "/inbox-stream/keski-suomi"])
def test_a_stream_is_given_under_this_servers_own_names_alone(browsers, path):
    for name in MANY:
        assert _asked({"path": path, "headers": [(b"host", name)]}) == 403
    for name in (
        b"evil.example",
        b"127.0.0.1.evil.example",
        b"evil.example:80",
        b"",
        b"a b",
        b"127.0.0.1@evil.example",
    ):
        assert _asked({"path": path, "headers": [(b"host", name)]}) == 400
    assert _asked({"path": path, "headers": []}) == 400


def test_a_stream_ends_with_its_session(browsers, monkeypatch):
    """Signed out, the browser hears no more, though its connection stands."""
    _looks_at_once(monkeypatch)
    client = browsers["director"]
    headers = [(b"cookie", f"torni_session={client.cookies['torni_session'].value}".encode())]
    assert _ended_by_itself(Tower(), "/stream/keski-suomi/fi", headers, lambda: client.post("/sign-out/", headers=OWN))


def test_an_inbox_ends_with_its_session(browsers, monkeypatch):
    _looks_at_once(monkeypatch)
    client = browsers["producer-a"]
    headers = [(b"cookie", f"torni_session={client.cookies['torni_session'].value}".encode())]
    assert _ended_by_itself(
        inbox_stream.Inboxes(), "/inbox-stream/keski-suomi", headers, lambda: client.post("/sign-out/", headers=OWN)
    )


def _looks_at_once(monkeypatch) -> None:
    monkeypatch.setattr(stream, "LOOKS_S", 0.0)
    for module in (stream, inbox_stream):
        monkeypatch.setattr(module, "BEAT_S", 0.05)


def _ended_by_itself(app, path, headers, sign_out) -> bool:
    """Did the stream end without the browser's leaving, once it had been signed out?"""

    async def run() -> bool:
        begun, left = asyncio.Event(), asyncio.Event()
        said = []

        async def send(message):
            said.append(message)
            if message["type"] == "http.response.body":
                begun.set()

        async def receive():
            await left.wait()
            return {"type": "http.disconnect"}

        going = asyncio.create_task(
            app({"type": "http", "path": path, "method": "GET", "headers": headers, "query_string": b""}, receive, send)
        )
        await asyncio.wait_for(begun.wait(), 30)
        assert said[0]["status"] == 200
        await asyncio.to_thread(sign_out)
        await asyncio.wait_for(going, 60)
        for one in (getattr(app, "_listening", None), getattr(app, "_following", None)):
            if one is not None:
                one.cancel()
        return said[-1] == {"type": "http.response.body", "body": b"", "more_body": False}

    return alone(run)


BEHIND_HTTPS = """
import os
os.environ |= {"TORNI_HTTPS": "1", "DJANGO_SETTINGS_MODULE": "torni.web.settings"}
os.environ.pop("TORNI_DATABASE", None)
import django; django.setup()
from django.test import Client
from torni.web.access import COOKIE, let_out
from django.http import HttpResponse
closed, open_ = Client(headers={"X-Forwarded-Proto": "https", "Host": "127.0.0.1"}), Client(headers={"Host": "127.0.0.1"})
assert closed.get("/data/")["Strict-Transport-Security"].startswith("max-age=31536000")
assert "Strict-Transport-Security" not in open_.get("/data/")
assert COOKIE == "__Host-torni_session"
gone = let_out(None, HttpResponse()).cookies[COOKIE]
assert gone["secure"] and gone["path"] == "/" and not gone["domain"]
"""


def test_behind_https_browsers_ask_for_nothing_else_and_the_cookie_is_this_hosts_alone():
    ran = subprocess.run([sys.executable, "-c", BEHIND_HTTPS], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
