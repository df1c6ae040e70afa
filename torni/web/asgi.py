"""The whole site: the streams by the bare ASGI app, every page by Django's WSGI in threads."""

from __future__ import annotations

from torni.web.inbox_stream import Inboxes
from torni.web.stream import Receive, Scope, Send, Tower
from torni.web.whole import Whole
from torni.web.wsgi import application as pages

_pages = Whole(pages, workers=6)
_streams = Tower()
_inboxes = Inboxes()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "http" and scope["path"].startswith("/stream/"):
        await _streams(scope, receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/inbox-stream/"):
        await _inboxes(scope, receive, send)
    elif scope["type"] == "http":
        await _pages(scope, receive, send)
