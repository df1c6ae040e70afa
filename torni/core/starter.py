"""Who started this process: a part of a server ends when that one is gone."""

from __future__ import annotations

import os

STARTER = "TORNI_STARTER"


def starter() -> int:
    """The number of the process that started this one, as it said itself: one that was killed before we could ask is not our parent any more."""
    return int(os.environ.get(STARTER) or os.getppid())
