"""What a person should know of how a file of theirs was read, though it was read: told to whoever asked, and dropped by nobody.

A table is read far below the command or the page that asks for it, and most callers on the way have no use for such a word. So it does
not pass through their hands: it goes to the nearest that hears, and where nobody does, as in a notebook, it is a Python warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torni.core.faults import Fault

Hear = Callable[[Fault], object]
_hears: ContextVar[Hear | None] = ContextVar("hears", default=None)


def note(*notes: Fault) -> None:
    """Tell each of them to the nearest that hears."""
    hear = _hears.get()
    for one in notes:
        if hear is None:
            warnings.warn(str(one), stacklevel=2)
        else:
            hear(one)


@contextmanager
def hearing(hear: Hear) -> Iterator[None]:
    """What is noted inside is told to this one, at once."""
    token = _hears.set(hear)
    try:
        yield
    finally:
        _hears.reset(token)
