"""A tree as Python functions over one client's facts. None is missing, and stays missing as it would in SQL."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from operator import add, eq, ge, gt, le, lt, mul, sub
from typing import Any

from torni.engines.rules import tree
from torni.engines.rules.tables import Split, way
from torni.engines.rules.tree import Node, Value

Facts = Mapping[str, Value | None]
Function = Callable[[Facts], Any]
_COMPARE = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_SUM = {"+": add, "-": sub, "*": mul}


def function(node: Node) -> Function:
    """The node's value for a client's facts; a formula's earlier lines are among them as "line.NAME"."""
    match node:
        case tree.Const(value) | tree.Param(_, value):
            return lambda facts: value
        case tree.Ask(field):
            name = field.name
            return lambda facts: facts.get(name)
        case tree.EarlierLine(name):
            name = f"line.{name}"
            return lambda facts: facts.get(name)
        case tree.Unknown(field):
            name = field.name
            return lambda facts: facts.get(name) is None
        case tree.Compare(operator, tree.Ask(field), tree.Const(value) | tree.Param(_, value)):
            return _field_compared(_COMPARE[operator], field.name, value)
        case tree.Compare(operator, left, right):
            return _both(_COMPARE[operator], function(left), function(right))
        case tree.Arithmetic(operator, left, right):
            return _both(_SUM[operator], function(left), function(right))
        case tree.OneOf(term, values):
            inner, known = function(term), frozenset(values)
            return lambda facts: None if (found := inner(facts)) is None else found in known
        case tree.And(parts):
            return _joined([function(p) for p in parts], False)
        case tree.Or(parts):
            return _joined([function(p) for p in parts], True)
        case tree.Not(part):
            inner = function(part)
            return lambda facts: None if (found := inner(facts)) is None else not found
        case tree.Shift(day, count, unit):
            inner = function(day)
            return lambda facts: None if (found := inner(facts)) is None else moved(found, count, unit)
        case tree.Rounded(number, divisor, type_):
            inner, scale = function(number), type_.scale
            return lambda facts: None if (found := inner(facts)) is None else rounded(found, divisor, scale)
        case tree.Choice(branches, otherwise):
            return _chosen([(function(c), function(v)) for c, v in branches], function(otherwise))
        case tree.Lookup(table):
            return _looked_up(table)
    raise AssertionError(node)


def _field_compared(compare: Callable[[Any, Any], bool], name: str, value: Value) -> Function:
    def run(facts: Facts) -> bool | None:
        found = facts.get(name)
        return None if found is None else bool(compare(found, value))

    return run


def _both(operation: Callable[[Any, Any], Any], left: Function, right: Function) -> Function:
    def run(facts: Facts) -> Any:
        a, b = left(facts), right(facts)
        return None if a is None or b is None else operation(a, b)

    return run


def _joined(parts: list[Function], settles: bool) -> Function:
    """Or is settled by one that holds, and by one that does not; else missing if any is missing."""

    def run(facts: Facts) -> bool | None:
        result: bool | None = not settles
        for part in parts:
            found = part(facts)
            if found is settles:
                return settles  # type: ignore[no-any-return]
            if found is None:
                result = None
        return result

    return run


def _chosen(branches: list[tuple[Function, Function]], otherwise: Function) -> Function:
    def run(facts: Facts) -> Any:
        for condition, value in branches:
            held = condition(facts)
            if held is None:
                return None
            if held:
                return value(facts)
        return otherwise(facts)

    return run


def _looked_up(table: tree.Table) -> Function:
    start, names = way(table), [d.name for d in table.dimensions]
    whole = table.type.kind == "whole"

    def run(facts: Facts) -> Any:
        values = [facts.get(name) for name in names]
        if None in values:
            return None
        step: Split | Decimal = start
        while isinstance(step, Split):
            value: Any = values[step.dimension]
            inside = value in step.limit if isinstance(step.limit, frozenset) else value < step.limit
            step = step.inside if inside else step.outside
        return int(step) if whole else step

    return run


def moved(day: date, count: int, unit: str) -> date:
    """So many days, or months (a month's last day stays within its month)."""
    if unit == "day":
        return day + timedelta(days=count)
    months = day.year * 12 + day.month - 1 + count
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def rounded(number: int | Decimal, divisor: int, scale: int) -> int | Decimal:
    """The number divided and rounded, halves away from zero, in whole numbers all the way."""
    value = Decimal(number)
    exponent = max(0, -int(value.as_tuple().exponent))
    top = int(value.scaleb(exponent)) * 10**scale
    bottom = divisor * 10**exponent
    result = (2 * abs(top) + bottom) // (2 * bottom) * (-1 if top < 0 else 1)
    return Decimal(result).scaleb(-scale) if scale else result
