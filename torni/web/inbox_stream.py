"""A producer's open inbox: each plan that is sent, and each that is replaced, told as it is written; none missed, none twice.

What is told is the event's position in the log, its id in the stream: a browser or a system that comes back says the last one it
got, and goes on from there. Nothing of the client is in it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from typing import Any
from urllib.parse import parse_qs

import psycopg

from torni.core.rooms import TOLD_IN_SQL
from torni.facts.access import Who, for_the_tower_async, login, options
from torni.web.access import who_with
from torni.web.stream import BEAT_S, LASTS_S, Looks, Receive, Scope, Send, begin, gone_of, plain

MOST_WATCHING = 2_000
_NEW = (  # the types are the house's own names
    f"SELECT position, producer, type, unit FROM shown.event WHERE type {TOLD_IN_SQL} AND position > %(after)s "  # noqa: S608
    "AND (%(producer)s::text IS NULL OR producer = %(producer)s) AND sign = 1 ORDER BY position LIMIT 5000"
)
Row = tuple[int, str, str, str]
log = logging.getLogger("torni.inbox")


class Inboxes:
    """Every open inbox, by its producer, and how far the log has been followed."""

    def __init__(self) -> None:
        self.open: dict[str, set[asyncio.Queue[Row]]] = {}
        self._after = -1
        self._following: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._asking = asyncio.Semaphore(4)  # after a restart all come back at once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].strip("/").split("/")
        if len(parts) != 2 or scope["method"] != "GET":
            await plain(send, 404, b"not found")
            return
        who = await asyncio.to_thread(who_with, scope.get("headers", []))
        if who is None or who.producer is None or not who.may("inbox"):
            await plain(send, 403, b"a producer signs in first")
            return
        if sum(map(len, self.open.values())) >= MOST_WATCHING:
            await plain(send, 503, b"too many are watching")
            return
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())
        await begin(send)
        queue: asyncio.Queue[Row] = asyncio.Queue()
        self.open.setdefault(who.producer, set()).add(queue)
        gone = asyncio.create_task(gone_of(receive))
        try:
            await send({"type": "http.response.body", "body": b"retry: 500\n\n", "more_body": True})
            await self._tell(who, queue, scope, gone, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.open[who.producer].discard(queue)

    async def _tell(
        self, who: Who, queue: asyncio.Queue[Row], scope: Scope, gone: asyncio.Task[None], send: Send
    ) -> None:
        """What the reader has missed, then what comes; the queue was there before the asking, so nothing falls between."""
        after, looks = _after(scope), Looks(scope)
        await asyncio.wait_for(self._ready.wait(), 20)
        sent = self._after if after is None else after
        if after is not None:
            async with self._asking, await self._connection() as connection:
                while rows := await (
                    await connection.execute(_NEW, {"after": sent, "producer": who.producer})
                ).fetchall():
                    for row in rows:
                        if who.unit in (None, row[3]):
                            await send(_message(row))
                    sent = rows[-1][0]
        until = time.monotonic() + LASTS_S
        while not gone.done() and time.monotonic() < until:
            if looks.due() and await asyncio.to_thread(who_with, looks.headers) != who:
                break  # signed out, ended, or another unit's now
            waiting = asyncio.create_task(queue.get())
            await asyncio.wait({waiting, gone}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                waiting.cancel()
                if not gone.done():
                    await send({"type": "http.response.body", "body": b": \n\n", "more_body": True})
            elif waiting.result()[0] > sent:
                sent = waiting.result()[0]
                if who.unit in (None, waiting.result()[3]):
                    await send(_message(waiting.result()))

    async def _follow(self) -> None:
        """Follow the log for as long as the server lives; a lost database is tried again, from where it was lost."""
        while True:
            try:
                async with await self._connection() as listening, await self._connection() as asking:
                    await listening.execute("LISTEN torni_written")
                    if self._after < 0:
                        row = await (await asking.execute("SELECT newest()")).fetchone()
                        self._after = row[0] if row else 0
                    self._ready.set()
                    await self._renew(asking)
                    async for _ in listening.notifies():
                        await self._renew(asking)
            except (psycopg.Error, OSError):
                log.warning("the record room does not answer; trying again")
                await asyncio.sleep(0.5)

    async def _renew(self, asking: psycopg.AsyncConnection[Any]) -> None:
        while rows := await (await asking.execute(_NEW, {"after": self._after, "producer": None})).fetchall():
            for row in rows:
                for queue in self.open.get(row[1], ()):
                    queue.put_nowait(row)
            self._after = rows[-1][0]

    async def _connection(self) -> psycopg.AsyncConnection[Any]:
        made = await psycopg.AsyncConnection.connect(
            login(os.environ["TORNI_DATABASE"], "pages"), autocommit=True, **options("pages")
        )
        await for_the_tower_async(made)
        return made


def _after(scope: Scope) -> int | None:
    """The last position that the reader has: by the header of one who comes back, or as the page says."""
    header = next((v.decode("latin-1") for k, v in scope.get("headers", []) if k == b"last-event-id"), "")
    asked = header or parse_qs(scope.get("query_string", b"").decode("latin-1")).get("after", [""])[0]
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None


def _message(row: Row) -> dict[str, Any]:
    position, _producer, type_, unit = row
    told = json.dumps({"position": position, "type": type_, "unit": unit}, ensure_ascii=False)
    return {
        "type": "http.response.body",
        "body": f"id: {position}\nevent: plan\ndata: {told}\n\n".encode(),
        "more_body": True,
    }
