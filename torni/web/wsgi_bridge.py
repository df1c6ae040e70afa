"""A WSGI application for an ASGI server, each answer made whole in one thread and handed to the loop once.

a2wsgi's own middleware streams: it hands over the head, each part and the end one by one, and the thread waits for the loop each
time. Under load those waits cost more than the pages (see the measurements), and a thread cut off in one waits for ever. Our pages are
whole, so they need none of it. The environment of a request is a2wsgi's.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import build_environ

from torni.web.metrics import WAIT_S
from torni.web.stream import Receive, Scope, Send, plain

MOST_BODY = 48 * 2**20  # what a page takes is less, and it tells why; this only guards the memory
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class WsgiBridge:
    """The application in so many threads."""

    def __init__(self, app: Callable[..., Iterable[bytes]], workers: int) -> None:
        self.app = app
        self.threads = ThreadPoolExecutor(workers, thread_name_prefix="page")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            await plain(send, 413, b"too large")
            return
        status, headers, content = await asyncio.get_running_loop().run_in_executor(
            self.threads, self._answer, scope, body, time.perf_counter()
        )
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, scope: Scope, body: io.BytesIO, asked: float) -> Answer:
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


async def _body(receive: Receive) -> io.BytesIO | None:
    """The whole body; None where it is more than the memory is for."""
    held = io.BytesIO()
    while True:
        message = await receive()
        held.write(message.get("body", b""))
        if held.tell() > MOST_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            held.seek(0)
            return held
