"""The whole site: the streams by the bare ASGI app, every page by Django's WSGI in threads. Each process of the pages is one of these."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time

import psycopg
from psycopg_pool import PoolTimeout

from torni.core import logs
from torni.core.faults import BadInput
from torni.web import metrics, processes, record_room, store
from torni.web.inbox_stream import Inboxes
from torni.web.stream import Receive, Scope, Send, Tower, of_this_host, plain
from torni.web.wsgi import application as pages
from torni.web.wsgi_bridge import WsgiBridge

LATER_S = 5.0
_pages = WsgiBridge(pages, workers=6, proving=("/sign-in/", "/me/"))
_streams = Tower()
_inboxes = Inboxes()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                _begin()
            elif record_room.is_open():
                await asyncio.to_thread(record_room.close)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "http" and scope["path"].startswith(("/stream/", "/inbox-stream/")) and not of_this_host(scope["headers"]):  # fmt: skip
        await plain(send, 400, b"not a name of this server")
    elif scope["type"] == "http" and scope["path"].startswith("/stream/"):
        with metrics.STREAMS.labels("tower").track_inprogress():
            await _streams(scope, receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/inbox-stream/"):
        with metrics.STREAMS.labels("inbox").track_inprogress():
            await _inboxes(scope, receive, send)
    elif scope["type"] == "http":
        await _pages(scope, receive, send)


def _begin() -> None:
    logs.begin("pages")
    processes.end_with_starter()
    if region := os.environ.get("TORNI_WARM"):
        threading.Thread(target=_warm, args=[region], daemon=True, name="picture").start()


def _warm(region: str) -> None:
    """The region and its picture made ready beside, so that events are taken in at once and the first page need not wait long; what only
    a what-if needs when the first page has had its time."""
    with contextlib.suppress(psycopg.Error, PoolTimeout, BadInput):
        record_room.picture(region)
    time.sleep(LATER_S)
    store.warm(region)
