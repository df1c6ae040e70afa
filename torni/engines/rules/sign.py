"""Whether a number may fall below nothing, and the number that never does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from torni.engines.rules import tree
from torni.engines.rules.tree import Node, Type

NOTHING = tree.Const(0, Type("whole", 1))


def may_be_below(node: Node, lines: Mapping[str, Node]) -> bool:
    """May the number be below nothing? Told from its parts: True also where only their going together keeps it above.

    `lines`: the trees of the formula's earlier lines. A difference under a condition that its first part is the greater is not below.
    """
    match node:
        case tree.Const(value) | tree.Param(_, value):
            return isinstance(value, int | Decimal) and value < 0
        case tree.Ask(field):
            least = field.least
            return least is None or (not isinstance(least, date) and least < 0)
        case tree.Lookup(table):
            return any(value < 0 for _, value in table.rows)
        case tree.EarlierLine(name):
            return may_be_below(lines[name], lines)
        case tree.Arithmetic("-", left, right):
            return not (isinstance(right, tree.Const) and right.value == 0 and not may_be_below(left, lines))
        case tree.Choice(branches, otherwise):
            return may_be_below(otherwise, lines) or any(
                not _held_above(condition, value) and may_be_below(value, lines) for condition, value in branches
            )
        case tree.Rounded(number):
            return may_be_below(number, lines)
    return any(may_be_below(child, lines) for child in tree.children(node))


def _held_above(condition: Node, value: Node) -> bool:
    """Is the value a difference, and does the condition say that it is above nothing?"""
    return (
        isinstance(value, tree.Arithmetic)
        and value.operator == "-"
        and isinstance(condition, tree.Compare)
        and condition.operator in (">", ">=")
        and (condition.left, condition.right) == (value.left, value.right)
    )


def not_below(node: Node) -> Node:
    """The number, or nothing where it is below."""
    return tree.Choice(((tree.Compare("<", node, NOTHING), NOTHING),), node, node.type)
