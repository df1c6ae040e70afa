"""What a page of a room is asked: by whom, of which region, with what in its address and its form; and what it may read by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from torni.facts.access import Who
from torni.facts.opening import Connection


@dataclass(frozen=True)
class Asked:
    """`connection` sees what the one who asks may see. `parts`: of the address; `form`: what was sent, empty where nothing was.
    `units`, `services`: their names, as of the room's newest day."""

    who: Who
    connection: Connection
    region: str
    day: date
    units: Mapping[str, str]
    services: Mapping[str, str]
    parts: Mapping[str, Any]
    form: Mapping[str, str] = field(default_factory=dict)
