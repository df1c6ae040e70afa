"""One client decided with reasons: every leaf held, did not hold or is missing, which decided, what would change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from torni.engines.rules import candidates, tree
from torni.engines.rules.evaluate import Facts, Function, function
from torni.engines.rules.tree import Field, Node, Value

State = Literal["held", "not_held", "missing"]
STATE: dict[bool | None, State] = {True: "held", False: "not_held", None: "missing"}


@dataclass(frozen=True)
class Leaf:
    """One condition's state. `decided`: the verdict rests on it (of an undecided verdict: it is what is missing)."""

    node: Node
    state: State
    decided: bool
    criterion: int


@dataclass(frozen=True)
class LeastChange:
    """The least change of one fact that gives another verdict. `distance`: share of the field's range, for ordering."""

    field: Field
    now: Value | None
    to: Value
    verdict: bool | None
    distance: float


class Reasoning:
    """Criteria that must all hold, ready to decide clients one at a time."""

    def __init__(self, criteria: Sequence[Node]) -> None:
        self.criteria = tuple(criteria)
        self.whole: Node = criteria[0] if len(criteria) == 1 else tree.And(tuple(criteria))
        self.fields = tree.fields(self.whole)
        self._leaves: list[tuple[Node, int, Function]] = []
        self._shape = [self._planned(node, i) for i, node in enumerate(self.criteria)]
        self._verdict = function(self.whole)

    def verdict(self, facts: Facts) -> bool | None:
        """True is granted, False refused, None undecided because a fact is missing."""
        return self._verdict(facts)  # type: ignore[no-any-return]

    def leaves(self, facts: Facts) -> list[Leaf]:
        """Every leaf in the order written, with its state and whether the verdict rests on it."""
        states: list[bool | None] = [run(facts) for _, _, run in self._leaves]
        results = [_result(plan, states) for plan in self._shape]
        whole = _all(results)
        decided: set[int] = set()
        for plan, result in zip(self._shape, results, strict=True):
            if result is whole:
                _mark(plan, states, decided)
        return [
            Leaf(node, STATE[states[i]], i in decided, criterion) for i, (node, criterion, _) in enumerate(self._leaves)
        ]

    def criteria_states(self, facts: Facts) -> list[State]:
        states: list[bool | None] = [run(facts) for _, _, run in self._leaves]
        return [STATE[_result(plan, states)] for plan in self._shape]

    def missing(self, facts: Facts) -> list[tuple[Field, bool]]:
        """Fields asked for and not known, each with whether it could still change the verdict."""
        absent = [f for f in self.fields if facts.get(f.name) is None]
        if not absent:
            return []
        open_ = {
            f.name
            for leaf in self.leaves(facts)
            if leaf.decided and leaf.state == "missing"
            for f in tree.fields(leaf.node)
        }
        undecided = self.verdict(facts) is None
        return [(f, undecided and f.name in open_) for f in absent]

    def changes(self, facts: Facts) -> list[LeastChange]:
        """For each field, the least change of it alone that gives another verdict, nearest first.

        Considers the values at which the criteria's answers change; a field that stands only inside a sum is not tried.
        """
        now = self.verdict(facts)
        found: dict[tuple[str, bool | None], LeastChange] = {}
        points = candidates.values(self.whole, facts=facts)
        trial = dict(facts)
        for field in self.fields:
            held = facts.get(field.name)
            for value in points[field.name]:
                if value == held:
                    continue
                trial[field.name] = value
                verdict = self.verdict(trial)
                if verdict is now or verdict is None:
                    continue
                change = LeastChange(field, held, value, verdict, _distance(field, held, value))
                key = (field.name, verdict)
                if key not in found or change.distance < found[key].distance:
                    found[key] = change
            trial[field.name] = held
        return sorted(found.values(), key=lambda c: (c.distance, c.field.name, not c.verdict))

    def _planned(self, node: Node, criterion: int) -> _Plan:
        if isinstance(node, tree.And | tree.Or):
            kind: Literal["and", "or"] = "and" if isinstance(node, tree.And) else "or"
            return _Plan(kind, tuple(self._planned(p, criterion) for p in node.parts))
        if isinstance(node, tree.Not):
            return _Plan("not", (self._planned(node.part, criterion),))
        self._leaves.append((node, criterion, function(node)))
        return _Plan("leaf", leaf=len(self._leaves) - 1)


@dataclass(frozen=True)
class _Plan:
    kind: Literal["and", "or", "not", "leaf"]
    parts: tuple[_Plan, ...] = ()
    leaf: int = -1


def _all(results: Sequence[bool | None]) -> bool | None:
    return False if False in results else None if None in results else True


def _result(plan: _Plan, states: Sequence[bool | None]) -> bool | None:
    if plan.kind == "leaf":
        return states[plan.leaf]
    results = [_result(part, states) for part in plan.parts]
    if plan.kind == "and":
        return _all(results)
    if plan.kind == "or":
        return True if True in results else None if None in results else False
    return None if results[0] is None else not results[0]


def _mark(plan: _Plan, states: Sequence[bool | None], decided: set[int]) -> bool | None:
    """Mark the leaves that the plan's result rests on: those parts whose own result is (or, negated, gives) it."""
    result = _result(plan, states)
    if plan.kind == "leaf":
        decided.add(plan.leaf)
    elif plan.kind == "not":
        _mark(plan.parts[0], states, decided)
    else:
        for part in plan.parts:
            if _result(part, states) is result:
                _mark(part, states, decided)
    return result


def _distance(field: Field, now: Value | None, to: Value) -> float:
    """Share of the field's range; a changed code or a yes-no fact, and anything from nothing, is half of it."""
    if now is None or isinstance(to, bool | str):
        return 0.5
    if isinstance(to, date):
        assert isinstance(now, date)
        return abs((to - now).days) / 36_525
    assert (
        isinstance(now, int | Decimal)
        and isinstance(field.least, int | Decimal)
        and isinstance(field.most, int | Decimal)
    )
    return float(abs(Decimal(to) - Decimal(now)) / max(Decimal(1), Decimal(field.most) - Decimal(field.least)))
