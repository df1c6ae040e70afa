"""How far long work has come: told to whoever shows it, and dropped where nobody does.

A year is loaded, a log is copied, a proof is sought far below the command that asks for it, and the same function serves a page or a
notebook that has other ways to wait. So the work says only its name and how much of it is done; the nearest that shows it, does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

from torni.core.language import Message

T = TypeVar("T")
Done = Callable[[float], None]
Show = Callable[[Message, "float | None"], AbstractContextManager[Done]]
_shows: ContextVar[Show | None] = ContextVar("shows", default=None)


@contextmanager
def working(name: Message, total: float | None = None) -> Iterator[Done]:
    """Work of this name goes on inside; what it gives is called with how much of `total` is done. `total`: None where nobody can tell."""
    show = _shows.get()
    if show is None:
        yield _nobody
    else:
        with show(name, total) as done:
            yield done


def each(parts: Iterable[T], name: Message, *, of: int | None = None) -> Iterator[T]:
    """The parts one by one, each counted as done when the next is asked for. `of`: how many they are, where they do not tell it."""
    with working(name, len(parts) if of is None and isinstance(parts, Sized) else of) as done:
        for n, part in enumerate(parts, start=1):
            yield part
            done(n)


@contextmanager
def showing(show: Show) -> Iterator[None]:
    """Work inside is shown by this one."""
    token = _shows.set(show)
    try:
        yield
    finally:
        _shows.reset(token)


def _nobody(_done: float) -> None:
    """Nobody watches."""
