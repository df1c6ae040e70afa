"""What every Python process that the tests start does first (the tests put this folder on PYTHONPATH): its clock stands too.

So the product needs no variable that moves its clock, and nobody can move it in production.
"""

from __future__ import annotations

import os
import select
import time
from datetime import UTC, datetime

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)  # the tests' moment: the end of their invented year


def stand() -> None:
    """The product's clock stands at the tests' moment, in this process."""
    from torni.core import clock

    clock._machine = lambda: NOW


def sleep_well() -> None:
    """Sleep by `select`: the faked clock of Debian (libfaketime 0.9.10) takes Python's own sleep for one until a day in 1970."""
    time.sleep = lambda seconds: select.select([], [], [], seconds) and None


if "TORNI_TESTS" in os.environ:
    stand()
if "FAKETIME" in os.environ:
    sleep_well()
