"""The days that something is counted over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """`days` back (None: from the beginning), up to the last complete day where `complete`, else up to the moment. `key` names it: one
    promise may be counted over several."""

    key: str
    promise: str
    days: int | None
    complete: bool = True
