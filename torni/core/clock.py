"""What moment it is, and what day it is in Finland: the one place that reads the machine's clock.

Whoever must know the moment asks here; how long something lasts is measured with `time.monotonic`, which no setting of the clock
moves. No variable, option or call sets this clock: in production it is the machine's own and nothing else. The tests put a fixed
moment in the place of `_machine`, in their own processes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")


def now() -> datetime:
    """The moment, in UTC."""
    return _machine()


def local_now() -> datetime:
    """The moment as Finland's clocks show it, with its offset: for what a person reads or a day is taken from."""
    return _machine().astimezone(HELSINKI)


def today() -> date:
    """The day in Finland."""
    return local_now().date()


def _machine() -> datetime:
    return datetime.now(UTC)
