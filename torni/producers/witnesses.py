"""Those outside who are sent each newest checkpoint, such as an auditor's own system: the addresses of TORNI_CHECKPOINT_URLS.

Each gets the newest until it has confirmed it (2xx), once more after a start; what it missed meanwhile it needs not, for a newer checkpoint
stands for all that an older one stood for. The note is signed and tells of nobody, so nothing else is sent with it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from torni.facts.checkpoint import newest
from torni.facts.opening import Connection
from torni.producers.addresses import faults_of, session

NAMED = "TORNI_CHECKPOINT_URLS"
LOOK_S, FIRST_WAIT_S, LONGEST_WAIT_S = 60.0, 60.0, 3600.0
log = logging.getLogger("torni.witnesses")


def addresses() -> tuple[str, ...]:
    """The addresses that the administrator names, with commas between; BadInput tells all that cannot be sent to."""
    named = tuple(filter(None, (url.strip() for url in os.environ.get(NAMED, "").split(","))))
    faults_of(NAMED, *named)
    return named


@dataclass
class _Witness:
    """`holds`: the note that it has confirmed. `tries` in a row have failed; not tried again before `after`."""

    url: str
    holds: str = ""
    tries: int = 0
    after: float = 0.0
    busy: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass
class Witnesses:
    """Sends what is new, beside other work: nothing here waits for an answer."""

    pool: ThreadPoolExecutor
    known: list[_Witness] = field(default_factory=lambda: [_Witness(url) for url in addresses()])
    looked: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, connection: Connection) -> None:
        """Send the newest checkpoint to whoever does not hold it, looked for once a minute."""
        now = time.monotonic()
        if not self.known or (self.looked is not None and now - self.looked < LOOK_S):
            return
        self.looked = now
        if (note := newest(connection)) is None:
            return
        for one in self.known:
            with self._lock:
                due = not one.busy and one.holds != note and one.after <= now
                one.busy = one.busy or due
            if due:
                self.pool.submit(self._send, one, note)

    def _send(self, one: _Witness, note: str) -> None:
        told = ""
        try:
            with session() as way:
                headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "Torni"}
                answer = way.post(one.url, data=note.encode(), headers=headers, timeout=(5, 15), allow_redirects=False, stream=True)  # fmt: skip
                told = "" if 200 <= answer.status_code < 300 else str(answer.status_code)
        except (requests.RequestException, OSError) as error:
            told = type(error).__name__
        with self._lock:
            if told and not one.tries:
                log.warning("%s did not take the checkpoint (%s); trying again until it does", one.host, told)
            elif not told and one.tries:
                log.warning("%s takes checkpoints again", one.host)
            one.holds = one.holds if told else note
            one.after = time.monotonic() + min(FIRST_WAIT_S * 2.0**one.tries, LONGEST_WAIT_S) if told else 0.0
            one.tries = one.tries + 1 if told else 0
            one.busy = False
