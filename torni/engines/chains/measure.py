"""Chains of steps measured on a log: one declaration gives the check of one instance as it goes, and the SQL over all of them.

An instance is whatever shares a key (a matter). Its steps are the first event of each kind. A chain is a graph without cycles from
its first step; an edge may state the most days from one step to the next. Pure functions: no policy, no names of services.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from torni.core.language import t

State = Literal["done", "open", "late", "not_reached"]


@dataclass(frozen=True)
class Step:
    """A step: the type of event that reaches it, of one service where one is named."""

    id: str
    event: str
    service: str | None = None


@dataclass(frozen=True)
class Edge:
    """From one step to the next, within so many days where they are stated."""

    first: str
    then: str
    within_days: int | None = None


@dataclass(frozen=True)
class Chain:
    """Steps, the first of them being where every instance begins, and edges between them. A cycle or an unknown step is an error."""

    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        known = {s.id for s in self.steps}
        if not self.steps or len(known) != len(self.steps):
            raise ValueError(t("a chain has steps, each named once"))
        unknown = [e for e in self.edges if e.first not in known or e.then not in known]
        if unknown:
            raise ValueError(t("{first} → {then}: no such step", first=unknown[0].first, then=unknown[0].then))
        self.ranks()

    def after(self, step: str) -> tuple[Edge, ...]:
        return tuple(e for e in self.edges if e.first == step)

    def before(self, step: str) -> tuple[Edge, ...]:
        return tuple(e for e in self.edges if e.then == step)

    def ranks(self) -> dict[str, int]:
        """How many edges the longest way to each step has; a step that is not on a way from the first is an error."""
        ranks = {self.steps[0].id: 0}
        for _ in self.steps:
            for e in self.edges:
                if e.first in ranks:
                    ranks[e.then] = max(ranks.get(e.then, 0), ranks[e.first] + 1)
        if any(r >= len(self.steps) for r in ranks.values()):
            raise ValueError(t("the chain goes round in a circle"))
        lost = [s.id for s in self.steps if s.id not in ranks]
        if lost:
            raise ValueError(t("{step}: no way leads to it from the first step", step=lost[0]))
        return ranks

    def due(self, step: str, reached: date) -> date | None:
        """The day by which something must follow a step: the longest of its edges' limits; None where one states none, or none follows."""
        limits = [e.within_days for e in self.after(step)]
        if not limits or None in limits:
            return None
        return reached + timedelta(days=max(limit for limit in limits if limit is not None))


@dataclass
class Trace:
    """One instance as it goes: the day on which each step was first reached. Adding an event is a look in a table."""

    chain: Chain
    reached: dict[str, date] = field(default_factory=dict)
    _by_event: dict[tuple[str, str | None], tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for step in self.chain.steps:
            key = (step.event, step.service)
            self._by_event[key] = (*self._by_event.get(key, ()), step.id)

    def add(self, event: str, service: str | None, day: date) -> None:
        for key in ((event, service), (event, None)) if service is not None else ((event, None),):
            for step in self._by_event.get(key, ()):
                if step not in self.reached or day < self.reached[step]:
                    self.reached[step] = day

    @property
    def begun(self) -> bool:
        return self.chain.steps[0].id in self.reached

    def taken(self) -> list[tuple[Edge, int]]:
        """The edges gone along, with the days each took."""
        return [
            (e, (self.reached[e.then] - self.reached[e.first]).days)
            for e in self.chain.edges
            if e.first in self.reached and e.then in self.reached and self.reached[e.then] >= self.reached[e.first]
        ]

    def waiting(self) -> list[str]:
        """The steps reached after which nothing has followed yet."""
        return [
            s.id
            for s in self.chain.steps
            if s.id in self.reached
            and self.chain.after(s.id)
            and not any(e.then in self.reached for e in self.chain.after(s.id))
        ]

    def state(self, step: str, today: date) -> State:
        if step not in self.reached:
            return "not_reached"
        if step not in self.waiting():
            return "done"
        due = self.chain.due(step, self.reached[step])
        return "late" if due is not None and today > due else "open"

    def strays(self) -> list[str]:
        """Steps reached past the chain: none of those before them had been reached by then."""
        return [
            s.id
            for s in self.chain.steps[1:]
            if s.id in self.reached
            and not any(
                e.first in self.reached and self.reached[e.first] <= self.reached[s.id] for e in self.chain.before(s.id)
            )
        ]

    def conforms(self, today: date) -> bool:
        """Every step in its order, every edge in its time, nothing late now."""
        slow = any(e.within_days is not None and days > e.within_days for e, days in self.taken())
        return not slow and not self.strays() and not any(self.state(s, today) == "late" for s in self.waiting())


@dataclass(frozen=True)
class Passed:
    """How an edge has been gone along: how often, of them in time (None where no limit is stated), and the days it took."""

    edge: Edge
    count: int
    in_time: int | None
    median_days: int | None
    p90_days: int | None


@dataclass(frozen=True)
class Stood:
    """How a step stands: instances that reached it, that wait after it, that are late, and that came past the chain."""

    step: str
    reached: int
    waiting: int
    late: int
    strays: int


@dataclass(frozen=True)
class MeasuredChain:
    """A chain on a log: instances begun, those that conform, and each edge and step."""

    instances: int
    conform: int
    edges: tuple[Passed, ...]
    steps: tuple[Stood, ...]

    def json(self) -> dict[str, Any]:
        return {
            "instances": self.instances, "conform": self.conform,
            "edges": [[p.edge.first, p.edge.then, p.count, p.in_time, p.median_days, p.p90_days] for p in self.edges],
            "steps": [[s.step, s.reached, s.waiting, s.late, s.strays] for s in self.steps],
        }  # fmt: skip

    @classmethod
    def read(cls, told: Mapping[str, Any], chain: Chain) -> MeasuredChain:
        """From its json; edges and steps that the chain no longer has are left out."""
        known = {(e.first, e.then): e for e in chain.edges}
        edges = tuple(Passed(known[(a, b)], *rest) for a, b, *rest in told["edges"] if (a, b) in known)
        steps = tuple(Stood(*row) for row in told["steps"] if row[0] in {s.id for s in chain.steps})
        return cls(told["instances"], told["conform"], edges, steps)


def query(chain: Chain, *, events: str, first: date, today: date, key: str = "matter") -> str:
    """The chain as one SQL query for DuckDB over a table of events (type, service, day, `key`; only what stands): one row with the
    instances begun on or after `first`, those that conform, then for each edge count, in time, median, p90, and for each step reached,
    waiting, late, strays. The same as Trace of every instance (a law test holds them together)."""
    s = {step.id: f"s{i}" for i, step in enumerate(chain.steps)}

    def is_(step: Step) -> str:
        of = f" AND service = {_text(step.service)}" if step.service else ""
        return f"type = {_text(step.event)}{of}"

    reached = ", ".join(f"min(day) FILTER (WHERE {is_(step)}) AS {s[step.id]}" for step in chain.steps)
    types = ", ".join(sorted({_text(step.event) for step in chain.steps}))
    late, waits, stray, slow = {}, {}, {}, []
    for step in chain.steps:
        c, after = s[step.id], chain.after(step.id)
        waits[step.id] = (
            f"({c} IS NOT NULL AND {' AND '.join(f'{s[e.then]} IS NULL' for e in after)})" if after else "false"
        )
        limits = [e.within_days for e in after]
        known = [limit for limit in limits if limit is not None]
        late[step.id] = (
            f"({waits[step.id]} AND {c} + {max(known)} < DATE '{today}')"
            if known and len(known) == len(limits)
            else "false"
        )
        before = " OR ".join(f"{s[e.first]} <= {c}" for e in chain.before(step.id))
        stray[step.id] = "false" if step is chain.steps[0] else f"({c} IS NOT NULL AND NOT coalesce({before}, false))"
    columns = []
    for e in chain.edges:
        a, b = s[e.first], s[e.then]
        gone, days = f"{b} >= {a}", f"({b} - {a})"
        in_time = "NULL" if e.within_days is None else f"count(*) FILTER (WHERE {gone} AND {days} <= {e.within_days})"
        if e.within_days is not None:
            slow.append(f"coalesce({gone} AND {days} > {e.within_days}, false)")
        columns += [
            f"count(*) FILTER (WHERE {gone})", in_time, f"quantile_disc({days}, 0.5) FILTER (WHERE {gone})", f"quantile_disc({days}, 0.9) FILTER (WHERE {gone})"
        ]  # fmt: skip
    for step in chain.steps:
        columns += [
            f"count({s[step.id]})",
            *(f"count(*) FILTER (WHERE {told[step.id]})" for told in (waits, late, stray)),
        ]
    amiss = " OR ".join([*slow, *late.values(), *stray.values()])
    begun = s[chain.steps[0].id]
    return (
        f"WITH i AS (SELECT {reached} FROM {events} WHERE type IN ({types}) AND {key} IS NOT NULL GROUP BY {key}) "
        f"SELECT count(*), count(*) FILTER (WHERE NOT ({amiss})), {', '.join(columns)} FROM i WHERE {begun} >= DATE '{first}'"
    )


def read(chain: Chain, row: Sequence[Any]) -> MeasuredChain:
    """The row of `query` as what was measured."""
    values = iter(row)
    instances, conform = next(values), next(values)
    edges = tuple(Passed(e, next(values), next(values), next(values), next(values)) for e in chain.edges)
    steps = tuple(Stood(s.id, next(values), next(values), next(values), next(values)) for s in chain.steps)
    return MeasuredChain(instances, conform, edges, steps)


def follow(chain: Chain, events: Iterable[tuple[str, str | None, date]]) -> Trace:
    """The trace of one instance from its events (type, service, day), in any order."""
    trace = Trace(chain)
    for event, service, day in events:
        trace.add(event, service, day)
    return trace


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
