"""The values at which a field's answers change: one of each stretch between a rule's thresholds, ends included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from torni.engines.rules import tree
from torni.engines.rules.evaluate import Facts, function
from torni.engines.rules.tree import Field, Node, Value

MOST_CODES = 60


def values(node: Node, *, facts: Facts | None = None) -> Mapping[str, list[Value]]:
    """Per field, in order, the values that between them give every answer the node can give by that field alone.

    A threshold that depends on other fields is read from `facts`; without facts it is left out.
    """
    found: dict[str, set[Value]] = {}
    asked = {f.name: f for f in tree.fields(node)}
    for part in tree.walk(node):
        if isinstance(part, tree.Compare):
            for side, other in ((part.left, part.right), (part.right, part.left)):
                if isinstance(side, tree.Ask):
                    found.setdefault(side.field.name, set()).update(_around(side.field, _threshold(other, facts)))
        elif isinstance(part, tree.OneOf) and isinstance(part.term, tree.Ask):
            for value in part.values:
                found.setdefault(part.term.field.name, set()).update(_around(part.term.field, value))
        elif isinstance(part, tree.Lookup):
            for d, dimension in enumerate(part.table.dimensions):
                for bands, _ in part.table.rows:
                    found.setdefault(dimension.name, set()).update(_around(dimension, bands[d].low))
    return {name: _within(field, found.get(name, set())) for name, field in asked.items()}


def _threshold(node: Node, facts: Facts | None) -> Value | None:
    fixed = isinstance(node, tree.Const | tree.Param)
    return function(node)(facts or {}) if fixed or facts is not None else None


def _around(field: Field, value: Any) -> Iterable[Value]:
    if value is None or isinstance(value, str | bool):
        return [] if value is None else [value]
    if isinstance(value, date):
        return [value - timedelta(days=1), value, value + timedelta(days=1)]
    if field.kind == "whole":
        floor = int(Decimal(value).to_integral_value(ROUND_FLOOR))
        return [floor - 1, floor, floor + 1]
    step = Decimal(1).scaleb(-field.decimals)
    near = Decimal(value).quantize(step, rounding=ROUND_FLOOR)
    return [near - step, near, near + step]


def _within(field: Field, found: set[Value]) -> list[Value]:
    if field.kind == "yes_no":
        return [False, True]
    if field.kind == "code":
        if len(field.codes) <= MOST_CODES:
            return list(field.codes)
        other = next((c for c in field.codes if c not in found), None)
        return [*sorted(found), *([other] if other else [])]
    ends = {e for e in (field.least, field.most) if e is not None}
    least, most = field.least, field.most
    inside = {v for v in found if (least is None or v >= least) and (most is None or v <= most)}  # type: ignore[operator]
    return sorted(inside | ends)
