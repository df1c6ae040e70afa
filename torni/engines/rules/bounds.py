"""Conditions that can never hold, or that hold for everyone: told from the fields' ranges, before anyone is decided.

Every field takes one value of each stretch on which no answer changes; the truth of a part over all combinations is
one whole number's bits, so that and, or and not are three operations however many combinations there are.
"""

from __future__ import annotations

from math import prod
from typing import Literal

from torni.engines.rules import candidates, tree
from torni.engines.rules.evaluate import function
from torni.engines.rules.tree import Node, Value

MOST_COMBINATIONS = 1 << 14
Found = tuple[Literal["never", "always"], Node]


def suspect(node: Node) -> list[Found]:
    """The smallest parts that can never hold, or that always do. A part with more than 16,384 cases is not judged whole.

    What a parameter's value makes so is told only where the value is outside its field's range: parameters are there
    to be changed, and a limit of 0 may mean none. A part that compares sums, or fields with each other, is taken to be
    able to go either way.
    """
    found: list[Found] = []
    for part in tree.walk(node):
        if isinstance(part, tree.Choice):
            for condition, _ in part.branches:
                _judge(condition, found)
    _judge(node, found)
    return list(dict.fromkeys(found))


def _judge(node: Node, found: list[Found]) -> bool:
    """True when the part, or a part of it, was told."""
    below = (
        [_judge(child, found) for child in tree.children(node)]
        if isinstance(node, tree.And | tree.Or | tree.Not)
        else []
    )
    if any(below) or node.type != tree.CONDITION:
        return any(below)
    told = _verdict(node)
    if told is None and isinstance(node, tree.And | tree.Or) and _cases(node) > MOST_COMBINATIONS:
        told = _by_field(node)
    if told and not outside(node) and any(isinstance(p, tree.Param) for p in tree.walk(node)):
        told = None
    if told:
        found.append((told, node))
    return told is not None


def outside(node: Node) -> list[tree.Param]:
    """The parameters with which a field is compared that can never have their value."""
    found = []
    for part in tree.walk(node):
        match part:
            case tree.Compare(_, tree.Ask(field), tree.Param(_, value) as parameter) if (
                field.least is not None and field.most is not None
            ):
                if value < field.least or value > field.most:  # type: ignore[operator]
                    found.append(parameter)
    return found


def _by_field(node: tree.And | tree.Or) -> Literal["never", "always"] | None:
    """Of a part too wide to judge whole: those of its parts that ask for one and the same field, together."""
    groups: dict[str, list[Node]] = {}
    for part in node.parts:
        names = [f.name for f in tree.fields(part)]
        if len(names) == 1:
            groups.setdefault(names[0], []).append(part)
    wanted = "never" if isinstance(node, tree.And) else "always"
    for parts in groups.values():
        if len(parts) > 1 and _verdict(type(node)(tuple(parts))) == wanted:
            return wanted
    return None


def _points(node: Node) -> dict[str, list[Value | None]]:
    points: dict[str, list[Value | None]] = {name: list(found) for name, found in candidates.values(node).items()}
    for part in tree.walk(node):
        if isinstance(part, tree.Unknown) and None not in points[part.field.name]:
            points[part.field.name].append(None)
    return points


def _cases(node: Node) -> int:
    return prod(len(v) for v in _points(node).values())


def _verdict(node: Node) -> Literal["never", "always"] | None:
    points = _points(node)
    total = prod(len(v) for v in points.values())
    if not points or total > MOST_COMBINATIONS:
        return None
    strides: dict[str, int] = {}
    stride = 1
    for name, found in points.items():
        strides[name] = stride
        stride *= len(found)
    holds, fails = _bits(node, points, strides, total)
    return "never" if not holds else "always" if not fails else None


def _bits(node: Node, points: dict[str, list[Value | None]], strides: dict[str, int], total: int) -> tuple[int, int]:
    """In which combinations the part can hold, and in which it can fail; a missing one is in neither."""
    everything = (1 << total) - 1
    if isinstance(node, tree.Not):
        holds, fails = _bits(node.part, points, strides, total)
        return fails, holds
    if isinstance(node, tree.And | tree.Or):
        pairs = [_bits(part, points, strides, total) for part in node.parts]
        all_hold, any_hold, all_fail, any_fail = everything, 0, everything, 0
        for holds, fails in pairs:
            all_hold, any_hold, all_fail, any_fail = (
                all_hold & holds,
                any_hold | holds,
                all_fail & fails,
                any_fail | fails,
            )
        return (all_hold, any_fail) if isinstance(node, tree.And) else (any_hold, all_fail)
    if not _plain(node):
        return everything, everything
    name = tree.fields(node)[0].name
    run, width, count = function(node), strides[name], len(points[name])
    repeat = everything // ((1 << (width * count)) - 1)
    holds = fails = 0
    for i, value in enumerate(points[name]):
        held = run({name: value})
        mask = (((1 << width) - 1) << (i * width)) * repeat
        if held is True:
            holds |= mask
        elif held is False:
            fails |= mask
    return holds, fails


def _plain(node: Node) -> bool:
    """Does the leaf ask one field, and compare it only with what is fixed?"""
    match node:
        case tree.Ask() | tree.Unknown():
            return True
        case tree.Compare(_, tree.Ask(), tree.Const() | tree.Param()):
            return True
        case tree.OneOf(tree.Ask(), _):
            return True
    return False
