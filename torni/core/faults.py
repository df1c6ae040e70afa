"""Faults told to a person: what, where, why, and what to write instead. Never a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing to mend. `where` names file, line or row and field; `remedy` is what to write instead."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n    {self.remedy}" if self.remedy else "")


class BadInput(Exception):
    """The person can mend this: printed without a traceback, exit code 2. Carries every fault found, not the first."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


def bad_input(where: str, what: str, remedy: str = "") -> BadInput:
    return BadInput(Fault(where, what, remedy))


def nearest_name(found: str, known: Iterable[str]) -> str | None:
    """The known name that the person most likely meant, or None when nothing is near."""
    known = list(known)
    folded = {name.casefold(): name for name in known}
    hits = difflib.get_close_matches(found.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[hits[0]] if hits else None
