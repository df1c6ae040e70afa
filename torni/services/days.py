"""A region's rules on any day, loaded once for each stretch of days between two changes of a definition.

A change that is approved while a server runs is seen at the next question: the record room tells it.
"""

from __future__ import annotations

import bisect
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from torni.services import regions
from torni.services.change_log import mark
from torni.services.history import versions
from torni.services.library import load_library
from torni.services.rules import Rules, load_rules


class Days:
    """A region's rules by day; days between two changes of any definition share one set of rules."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._held: dict[date, Rules] = {}
        self._edges: list[date] | None = None
        self._mark: tuple[Any, ...] | None = None

    @cached_property
    def _place(self) -> str:
        return regions.find(self.region).id

    def on(self, day: date) -> Rules:
        """The rules of the day; the same object as long as nothing has changed."""
        key = self.begins(day)
        if key not in self._held:
            self._held[key] = load_rules(load_library(self.region, on=day))
        return self._held[key]

    def exactly(self, day: date) -> Rules:
        """The same with the library on the day itself: what is decided on a day counts ages and freshness from it."""
        rules = self.on(day)
        return rules if rules.library.as_of == day else replace(rules, library=replace(rules.library, as_of=day))

    def begins(self, day: date) -> date:
        """The first day of the stretch that the day belongs to."""
        now = mark(self._place)
        if self._edges is None or now != self._mark:
            self._held.clear()
            self._mark = now
            self._edges = edges(load_rules(load_library(self.region, on=day)))
        i = bisect.bisect_right(self._edges, day)
        return self._edges[i - 1] if i else date.min


def edges(rules: Rules) -> list[date]:
    """Every day on which some definition of the region begins or ends."""
    library = rules.library
    found: set[date] = set()
    for parameter in library.parameters.values():
        for value in parameter.values:
            found.add(value.from_)
            if value.until:
                found.add(value.until + timedelta(days=1))
    for table in rules.table_definitions.values():
        for dated in table.values:
            found.add(dated.from_)
            if dated.until:
                found.add(dated.until + timedelta(days=1))
    for path in (library.root / "services").rglob("*.yaml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("valid_from:"):
                found.add(date.fromisoformat(line.split(":", 1)[1].strip()))
    found |= {v.start for v in versions(library.region.id) if v.state == "approved" and v.start}
    return sorted(found)
