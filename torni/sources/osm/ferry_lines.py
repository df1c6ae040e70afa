"""Which ways of ferries one boat sails, and where one changes from one boat to another.

It is told at each point where ways of ferries meet, from the ways that meet there and from no others: a ref is local to
its operator, and two lines of another coast say nothing of these two. Source: OpenStreetMap wiki, Tag:route=ferry and
Key:ref. Boats of different lines that cross at sea call at no port there; where one of them ends there is a pier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeVar

import numpy as np
import numpy.typing as npt

# Names of what it is and of no single line (assumed): two ferries so named that meet are two lines.
COMMON_NAMES = {
    "lossi", "lautta", "yhteysalus", "maantielautta", "maantielossi", "vene", "färja", "landsvägsfärja", "vajerlossi", "vaijerilossi",
    "linfärja", "förbindelsefartyg", "ferry", "cable ferry", "car ferry", "boat", "autolautta", "bilfärja",
}  # fmt: skip

Nodes = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class FerryLine:
    """A relation route=ferry: its tags stand for those that its ways lack."""

    id: int
    tags: Mapping[str, str]
    ways: tuple[int, ...]


@dataclass(frozen=True)
class LineName:
    """What a way tells of the line that sails it; a relation below zero is one that no map has, of ways that tell nothing."""

    relation: int | None = None
    refs: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()

    def is_one_with(self, other: LineName) -> bool:
        """Whether two ways that meet are of one line: by relation, else by ref where both have one, else by name."""
        if self.relation is not None and self.relation == other.relation:
            return True
        if self.operators and other.operators and not self.operators & other.operators:
            return False
        if self.refs and other.refs:
            return bool(self.refs & other.refs)
        return bool(self.names & other.names)


def line_names(tags: Mapping[str, str], lines: Sequence[FerryLine]) -> tuple[LineName, ...]:
    """The lines that a way tells it is of, none where it tells nothing: its relations, else its refs, else its name."""
    refs, names, operators = _parts(tags, "ref"), _names(tags), _parts(tags, "operator")
    if len(lines) == 1:
        of_line = lines[0].tags
        return (
            LineName(
                lines[0].id, refs or _parts(of_line, "ref"), names | _names(of_line), operators or _parts(of_line, "operator")
            ),
        )  # fmt: skip
    of_lines = [
        LineName(line.id, _parts(line.tags, "ref"), _names(line.tags), _parts(line.tags, "operator") or operators)
        for line in lines
    ]
    own = [LineName(None, frozenset((ref,)), names, operators) for ref in sorted(refs)]
    if not own and names:
        own = [LineName(None, refs, names, operators)]
    return (*of_lines, *own)


def _parts(tags: Mapping[str, str], key: str) -> frozenset[str]:
    return frozenset(part for text in tags.get(key, "").casefold().split(";") if (part := " ".join(text.split())))


def _names(tags: Mapping[str, str]) -> frozenset[str]:
    """A common name tells of a line only together with who runs it."""
    name = " ".join(tags.get("name", "").casefold().split())
    operators = _parts(tags, "operator")
    if name in COMMON_NAMES:
        return frozenset(f"{name} of {operator}" for operator in operators)
    return frozenset((name,)) if name else frozenset()


@dataclass
class _Point:
    """A point that ways of ferries touch: those that end there, by their two ends, and those that pass it."""

    ends: dict[int, frozenset[int]] = field(default_factory=dict)
    passing: set[int] = field(default_factory=set)

    def ways(self) -> list[int]:
        return sorted({*self.ends, *self.passing})

    def goes_on(self, ways: Iterable[int]) -> bool:
        """Whether what these ways sail goes on past the point. Ways between the same two ends are sailed there and back."""
        own = set(ways)
        return bool(own & self.passing) or len({self.ends[way] for way in own & set(self.ends)}) > 1


Boat = dict[int, int]


def boats(
    lines: Sequence[Sequence[LineName]], nodes: Sequence[Nodes], ports: frozenset[int]
) -> tuple[list[list[Boat]], list[tuple[int, int]]]:
    """For each way its boats, each by node a number that boats which are one there share; and where one changes.

    A way that several lines sail has a boat of each. One that tells nothing is sailed by those that it meets away from
    a street. A change is of two numbers: boats that meet away from a street, one of which ends there.
    """
    points: dict[int, _Point] = {}
    for way, own in enumerate(nodes):
        ends = frozenset((int(own[0]), int(own[-1])))
        for node in {int(n) for n in own}:
            point = points.setdefault(node, _Point())
            if node in ends:
                point.ends[way] = ends
            else:
                point.passing.add(way)
    met = {node: point for node, point in points.items() if len(point.ends) + len(point.passing) > 1}
    sailed = _sailed(lines, {node: point for node, point in met.items() if node not in ports})
    out: list[list[Boat]] = [[{} for _ in own] for own in sailed]
    changes: list[tuple[int, int]] = []
    count = 0
    for node, point in points.items():
        here = [(way, i) for way in point.ways() for i in range(len(sailed[way]))]
        together = _groups(here, lambda one, other: sailed[one[0]][one[1]].is_one_with(sailed[other[0]][other[1]]))
        for number, group in enumerate(together, start=count):
            for way, i in group:
                out[way][i][node] = number
        if node not in ports:
            changes += [
                (count + i, count + j)
                for i, j in combinations(range(len(together)), 2)
                if not all(point.goes_on(way for way, _ in together[k]) for k in (i, j))
            ]
        count += len(together)
    return out, changes


def _sailed(lines: Sequence[Sequence[LineName]], at_sea: Mapping[int, _Point]) -> list[list[LineName]]:
    """The lines of each way: of one that tells nothing those that it meets at sea, itself or over others like it."""
    parent = list(range(len(lines)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    meets: list[tuple[int, LineName]] = []
    for point in at_sea.values():
        silent = [way for way in point.ways() if not lines[way]]
        for one, other in combinations(silent, 2):
            if not {one, other} <= point.passing:
                parent[root(one)] = root(other)
        telling = [(way, line) for way in point.ways() for line in lines[way]]
        for group in _groups(telling, lambda one, other: one[1].is_one_with(other[1])) if silent else ():
            # What goes on past what goes on crosses it.
            if not (point.goes_on(silent) and point.goes_on(way for way, _ in group)):
                meets += [(way, line) for way in silent for _, line in group]
    found: dict[int, dict[LineName, None]] = {}
    for way, line in meets:
        found.setdefault(root(way), {})[line] = None
    return [
        list(own) if own else list(found.get(root(way), ())) or [LineName(-1 - root(way))] for way, own in enumerate(lines)
    ]  # fmt: skip


def _groups(items: Sequence[T], one: Callable[[T, T], bool]) -> list[list[T]]:
    """The items in groups: those that are one with some of a group are of it."""
    groups: list[list[T]] = []
    for item in items:
        own = [group for group in groups if any(one(item, other) for other in group)]
        groups = [group for group in groups if group not in own] + [[*(x for group in own for x in group), item]]
    return groups
