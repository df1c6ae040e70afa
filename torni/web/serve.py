"""`torni serve`: first the process that all processes of the pages come from, then everything else.

Reading the code is most of a start. It is read once, in a process that does nothing else (Python's fork server): each process of the
pages is a copy of it, there in no time and with the code in memory that all share. It reads while this process starts the record room.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from multiprocessing import forkserver, get_context

from torni.core import logs

COPIES = get_context("forkserver")
FIGURES = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name of where the processes' figures are


def serve(args: argparse.Namespace) -> int:
    """Run everything until Ctrl+C; a part that dies is started again."""
    logs.begin("torni")
    os.environ["TORNI_LANG"] = args.lang  # the other processes tell of long work in the same language
    with _figures():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
        os.environ.setdefault("TORNI_SECRET", secrets.token_urlsafe(50))  # what one process signed another reads
        COPIES.set_forkserver_preload(["torni.web.asgi", "torni.web.urls"])
        forkserver.ensure_running()
        from torni.web.parts import run  # read beside it

        return run(args)


@contextlib.contextmanager
def _figures() -> Iterator[None]:
    """A folder for the processes' figures, which ends with the server."""
    with tempfile.TemporaryDirectory(prefix="torni-metrics-") as folder:
        os.environ[FIGURES] = folder
        yield
