"""Server-sent events: one bare ASGI app that hears of each fold and sends what changed to every open tower.

One picture is made for each language a moment, not one for each reader; a reader who is slow gets the newest, not all.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from torni.core.faults import BadInput
from torni.core.language import LANGUAGES, euros_text, number, speaking
from torni.facts.access import login, options
from torni.facts.fold import CHANNEL
from torni.services import regions
from torni.supervision import sentences
from torni.tower.finding_texts import counted_text, margin_text, now_text, value_text
from torni.tower.live import Live
from torni.web import record_room
from torni.web.access import watches

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
BEAT_S = 15.0  # a line now and then, so that nothing between takes the silence for a dead connection
PAUSE_S = 0.2  # events come in bursts: at most five pictures a second
LASTS_S = 600.0  # then the browser asks again, and is asked again who it is
LOOKS_S = 30.0  # as long at most a stream outlives its session
MOST_WATCHING = 5_000
log = logging.getLogger("torni.stream")


class Tower:
    """Everybody who watches, and the newest text for each region and language."""

    def __init__(self) -> None:
        self.watching: dict[tuple[str, str], set[asyncio.Event]] = {}
        self.newest: dict[tuple[str, str], SentPicture] = {}
        self._listening: asyncio.Task[None] | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].strip("/").split("/")
        if len(parts) != 3 or parts[2] not in LANGUAGES or scope["method"] != "GET" or not _known(parts[1]):
            await plain(send, 404, b"not found")
            return
        if not await asyncio.to_thread(watches, scope.get("headers", [])):
            await plain(send, 403, b"sign in first")
            return
        if sum(map(len, self.watching.values())) >= MOST_WATCHING:
            await plain(send, 503, b"too many are watching")
            return
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        key = (parts[1], parts[2])
        await begin(send)
        woken = asyncio.Event()
        self.watching.setdefault(key, set()).add(woken)
        gone = asyncio.create_task(gone_of(receive))
        sent: SentPicture | None = None
        looks = Looks(scope)
        try:
            await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
            if (
                key not in self.newest
            ):  # the first to watch after a quiet time: the page may be older than the newest fold
                await self._renew(key, only_first=True)
            until = time.monotonic() + LASTS_S
            while not gone.done() and time.monotonic() < until:
                if looks.due() and not await asyncio.to_thread(watches, looks.headers):
                    break  # signed out, ended, or another role: what is told from now on is not this one's to hear
                told = self.newest.get(key)
                if told is not None and told is not sent:
                    text = told.change if sent is not None and sent.number == told.number - 1 else told.whole
                    sent = told
                    await send({"type": "http.response.body", "body": text, "more_body": True})
                waiting = asyncio.create_task(woken.wait())
                await asyncio.wait({waiting, gone}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    if not gone.done():
                        await send({"type": "http.response.body", "body": b": \n\n", "more_body": True})
                woken.clear()
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.watching[key].discard(woken)
            if not self.watching[key]:
                self.newest.pop(key, None)  # nobody keeps it new from now on

    async def _listen(self) -> None:
        """Hear of folds for as long as the server lives; a lost database is tried again."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    login(os.environ["TORNI_DATABASE"], "pages"), autocommit=True, **options("pages")
                )
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for _ in connection.notifies():
                        await asyncio.sleep(PAUSE_S)
                        await self._tell()
            except (psycopg.Error, OSError):
                log.warning("the record room does not answer; trying again")
                await asyncio.sleep(1.0)

    async def _tell(self) -> None:
        for key in [k for k, who in self.watching.items() if who]:
            await self._renew(key)

    async def _renew(self, key: tuple[str, str], *, only_first: bool = False) -> None:
        """Make the newest text of a region and language, and wake those who watch it."""
        async with self._making:
            before = self.newest.get(key)
            if only_first and before is not None:
                return
            now = await asyncio.to_thread(_told, *key, before)
            if now is not None and now is not before and self.watching[key]:
                self.newest[key] = now
                for one in self.watching[key]:
                    one.set()


def _known(region: str) -> bool:
    if not record_room.is_open():
        return False
    try:
        return regions.find(region).id == region
    except BadInput:
        return False


@dataclass(frozen=True)
class SentPicture:
    """A picture as it is sent: `whole` to whoever comes new or has missed one, `change` to those who have the one before."""

    number: int
    content: dict[str, Any]
    whole: bytes
    change: bytes


def _told(region: str, language: str, before: SentPicture | None) -> SentPicture | None:
    found = record_room.picture(region)
    if found is None:
        return None
    with speaking(language):
        content = told(found)
    if before is None:
        return SentPicture(0, content, _event(content), b"")
    if content == before.content:
        return before
    change = content | {
        part: {k: v for k, v in content[part].items() if before.content[part].get(k) != v}
        for part in ("promises", "cells")
    }
    return SentPicture(before.number + 1, content, _event(content), _event(change))


def _event(content: dict[str, Any]) -> bytes:
    return ("event: picture\ndata: " + json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n\n").encode()


def told(found: Live) -> dict[str, Any]:
    """What an open page needs to show the newest: texts in the language of the moment."""
    return {
        "position": found.now.position,
        "at": sentences.moment_text(found.now.at),
        "counts": {state: found.count(state) for state in ("broken", "unknown", "kept")},
        "alerts": len(found.alerts),
        "cells": {f"{service} {producer}": number(count) for service, producer, count in found.for_all.serving if count is not None}
        | {f.id: euros_text(f.accrued.total) for f in found.found if f.accrued},
        "promises": {
            f.id: {"state": f.state, "told": f.told, "value": value_text(f), "counted": counted_text(f), "now": now_text(f), "margin": margin_text(f)}
            for f in found.found
        },
    }  # fmt: skip


def of_this_host(headers: Headers) -> bool:
    """Was it asked for under a name of this server's? As every page asks it: another's page could read the stream under its own name."""
    from django.conf import settings
    from django.http.request import split_domain_port, validate_host

    named = next((v.decode("latin-1") for k, v in headers if k == b"host"), "")
    domain, _port = split_domain_port(named)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


class Looks:
    """When a stream looks again at whose it is, by the headers with which it was asked for."""

    def __init__(self, scope: Scope) -> None:
        self.headers: Headers = scope.get("headers", [])
        self._next = time.monotonic() + LOOKS_S

    def due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + LOOKS_S
        return True


async def begin(send: Send) -> None:
    """The head of a stream's answer."""
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"),
        (b"content-security-policy", b"default-src 'none'"), (b"x-content-type-options", b"nosniff"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def gone_of(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def plain(send: Send, status: int, text: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain"), (b"x-content-type-options", b"nosniff")]})  # fmt: skip
    await send({"type": "http.response.body", "body": text})
