"""Small numbers: which sums of persons are told, and which would tell of somebody. One rule for every surface.

A sum of fewer persons than `privacy.fewest_people` is not told, and neither is as much more beside it as keeps it from being reckoned
from the whole: where a producer's sum is told, at least two of its units are left out or none. Persons are counted by the clients in
the service where it tells of its clients, and never more than there are events; of what tells of no client (staffing, visits of
supervision) every sum is told. A whole region's sum is always told: the rule is of those whom a sum is about, not of how many were missed.

Not considered: two moments held side by side (a group that grew by one event), and groups that overlap in another way than units in
their producer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from torni.core.language import _
from torni.promises.finding import LEVELS, Finding, Group, Groups, Level
from torni.promises.promise import Definitions, Promise

People = Mapping[tuple[str, Level], Mapping[str, int]]  # by service and level, how many clients each group has
Key = TypeVar("Key", str, tuple[str, str])


def fewest(definitions: Definitions) -> int:
    """Of so many persons a sum may be told."""
    return int(definitions.number("privacy.fewest_people"))


def fewest_compared(definitions: Definitions) -> int:
    """Of so many events a unit's or a municipality's measure may be held beside another's in public."""
    return int(definitions.number("privacy.fewest_compared"))


def is_few(people: int, least: int) -> bool:
    """May a sum of so many persons not be told? Of nobody it tells nobody."""
    return 0 < people < least


def hidden(people: Mapping[Key, int], least: int, *, also: Iterable[Key] = ()) -> set[Key]:
    """The groups of one whole, whose sum is told, that may not be told: those of few persons (and `also`), and the smallest of the
    others beside them until they are two, and together not few. Ties by the group's name."""
    few = {group for group, count in people.items() if is_few(count, least)} | set(also)
    rest = sorted((count, group) for group, count in people.items() if group not in few)
    while few and rest and (len(few) < 2 or sum(people[group] for group in few) < least):
        few.add(rest.pop(0)[1])
    return few


@dataclass(frozen=True)
class Small:
    """`least`: of so many persons a sum is told. `clients`: in each service, by level. `producers`: of each unit."""

    least: int
    clients: People
    producers: Mapping[str, str]

    def of(self, f: Finding) -> Finding:
        """The finding as it may be told to all: what is hidden has no number, and stands last of its level."""
        return replace(f, by=self._told(f, f.by), long=self._told(f, f.long))

    def _told(self, f: Finding, by: Mapping[Level, Groups]) -> Mapping[Level, Groups]:
        promise = f.promise
        if promise.people is None:
            return by
        left_out = self._hidden(f.service, promise, by)
        return {level: _without(groups, left_out.get(level, set()), promise) for level, groups in by.items()}

    def _hidden(self, service: str, promise: Promise, by: Mapping[Level, Groups]) -> dict[Level, set[str]]:
        people = {
            level: {g.group: self._people(service, promise, level, g) for g in by.get(level, ())} for level in LEVELS
        }
        out: dict[Level, set[str]] = {
            level: hidden(people[level], self.least) for level in ("producer", "municipality")
        }
        of_producer: dict[str, dict[str, int]] = {}
        for unit, count in people["unit"].items():
            of_producer.setdefault(self.producers.get(unit) or "", {})[unit] = count
        out["unit"] = set()
        for producer, units in of_producer.items():
            least = min(units, key=lambda unit: (units[unit], unit))
            out["unit"] |= hidden(units, self.least, also=[least] if producer in out["producer"] else ())
        return out

    def _people(self, service: str, promise: Promise, level: Level, g: Group) -> int:
        known = self.clients.get((service, level))
        counted = {"total": g.total, "met": g.met, "service": self.least}[promise.people or "service"]
        # clients who have left may still be in the sum: of a group that has none now somebody is told all the same
        return max(min(counted, known.get(g.group, 0)), 1) if known is not None and g.total + g.met else counted


def _without(groups: Sequence[Group], left_out: set[str], promise: Promise) -> Groups:
    """Of what each unit meets or does not, whether it does is told: that is of the unit."""
    told = [g for g in groups if g.group not in left_out]
    rest = sorted((g.group, g.kept if promise.by_units else None) for g in groups if g.group in left_out)
    return (*told, *(Group(group, 0, 0, 0, None, kept, hidden=True) for group, kept in rest))


def hidden_note(least: int) -> str:
    """Why something is not told, as a sentence under a table."""
    return _("A sum of fewer than {n} clients is not told, nor another beside it from which it could be reckoned.").format(n=least)  # fmt: skip
