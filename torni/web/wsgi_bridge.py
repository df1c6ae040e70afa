"""A WSGI application for an ASGI server, each answer made whole in one thread and handed to the loop once.

a2wsgi's own middleware streams: it hands over the head, each part and the end one by one, and the thread waits for the loop each
time. Under load those waits cost more than the pages (see the measurements), and a thread cut off in one waits for ever. Our pages are
whole, so they need none of it. The environment of a request is a2wsgi's.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any

from a2wsgi.wsgi import build_environ

from torni.web.metrics import WAIT_S
from torni.web.stream import Receive, Scope, Send, plain

MOST_BODY = 48 * 2**20  # what a page takes is less, and it tells why; this only guards the disk
IN_MEMORY = 2**20  # of a body that is longer the rest waits in a file
FIRST_S, SLOWEST = 20.0, 16 * 2**10  # a body comes within this, and a second more for so many bytes of it
MOST_UNFINISHED, MOST_FROM_ONE = 200, 20  # bodies still on their way, in all and from one address
MOST_PROVING = 40  # passwords waiting for their turn
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class WsgiBridge:
    """The application in so many threads. `proving`: the addresses whose forms prove a password. They have one thread of their own, since that
    is slow by intent and many of them at once would keep every page waiting.

    A request whose body does not come, comes too slowly, is too large, or is one of too many from its address is answered
    with a line of text, without the application. One that breaks off is nobody's: what came of it is not a whole.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], workers: int, proving: tuple[str, ...] = ()) -> None:
        self.app = app
        self.threads: Executor = ThreadPoolExecutor(workers, thread_name_prefix="page")
        self.proving, self.prover, self.waiting = proving, ThreadPoolExecutor(1, thread_name_prefix="proving"), 0
        self.unfinished: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with tempfile.SpooledTemporaryFile(IN_MEMORY, prefix="torni-body-") as body:
            try:
                refused = await self._received(scope, receive, body)
            except ConnectionAbortedError:
                return
            if refused:
                await plain(send, *refused)
                return
            body.seek(0)
            if scope["method"] == "POST" and scope["path"] in self.proving:
                answer = await self._proved(scope, body)
            else:
                answer = await self._in(self.threads, scope, body)
        if answer is None:
            await plain(send, 503, b"too many are signing in: try again in a moment")
            return
        status, headers, content = answer
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _in(self, threads: Executor, scope: Scope, body: IO[bytes]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(threads, self._answer, scope, body, time.perf_counter())

    async def _proved(self, scope: Scope, body: IO[bytes]) -> Answer | None:
        if self.waiting >= MOST_PROVING:
            return None
        self.waiting += 1
        try:
            return await self._in(self.prover, scope, body)
        finally:
            self.waiting -= 1

    async def _received(self, scope: Scope, receive: Receive, body: IO[bytes]) -> tuple[int, bytes] | None:
        """The whole body written; else the status and the words by which it is refused. ConnectionAbortedError: nobody is there any more."""
        message = _sent(await receive())
        body.write(message.get("body", b""))
        if not message.get("more_body"):
            return None
        with self._counted((scope.get("client") or ("",))[0]) as too_many:
            if too_many:
                return 429, b"too many unfinished requests"
            began = time.monotonic()
            while message.get("more_body"):
                left = began + FIRST_S + body.tell() / SLOWEST - time.monotonic()
                try:
                    message = _sent(await asyncio.wait_for(receive(), max(left, 0)))
                except TimeoutError:
                    return 408, b"the request did not come in time"
                body.write(message.get("body", b""))
                if body.tell() > MOST_BODY:
                    return 413, b"too large"
        return None

    @contextmanager
    def _counted(self, address: str) -> Iterator[bool]:
        """Counted among those on their way while it is; is it one too many?"""
        if self.unfinished.total() >= MOST_UNFINISHED or self.unfinished[address] >= MOST_FROM_ONE:
            yield True
            return
        self.unfinished[address] += 1
        try:
            yield False
        finally:
            self.unfinished[address] -= 1
            if not self.unfinished[address]:
                del self.unfinished[address]

    def _answer(self, scope: Scope, body: IO[bytes], asked: float) -> Answer:
        WAIT_S.observe(time.perf_counter() - asked)
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _fault: Any = None) -> Callable[[bytes], None]:
            told[:] = [int(status.split(" ", 1)[0]), headers]
            return parts.append

        parts: list[bytes] = []
        made = self.app(build_environ(scope, body), start)  # type: ignore[arg-type]
        try:
            parts += made
        finally:
            getattr(made, "close", lambda: None)()
        return (
            told[0],
            [(k.strip().lower().encode("latin1"), v.strip().encode("latin1")) for k, v in told[1]],
            b"".join(parts),
        )


def _sent(message: dict[str, Any]) -> dict[str, Any]:
    if message["type"] == "http.disconnect":
        raise ConnectionAbortedError
    return message
