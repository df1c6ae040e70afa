"""A fee's national maximum belongs to the fee: no text of a formula, a region's or a change's, makes a client pay more, or drops a limit.

The shared texts are within their maxima by their parts, each of which has its own bound; every other text is tried here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from typing import Any

from torni.core import bounds
from torni.core.language import t
from torni.core.texts import Text
from torni.engines.rules import tree
from torni.engines.rules.candidates import values as candidate_values
from torni.engines.rules.evaluate import function
from torni.engines.rules.sign import NOTHING
from torni.engines.rules.tree import Node, Type
from torni.services.schema import Formula, FormulaLine

FormulaLines = Sequence[tuple[FormulaLine, Node]]


def kept(own: Formula, shared: Formula | None) -> Formula:
    """Another text of a shared formula, with what a client's fee is held to by law (its cost, and that it counts towards the ceiling),
    and with what it assumes."""
    if shared is None or shared is own or shared.paid_by != "client":
        return own
    counts = own.counts_towards_ceiling or shared.counts_towards_ceiling
    return own.model_copy(
        update={
            "cost": own.cost or shared.cost,
            "counts_towards_ceiling": counts,
            "paid_by": "client",
            "assumes": own.assumes or shared.assumes,
        }
    )


def past_maximum(lines: FormulaLines, maximum: Node | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the amount, and what to write: the first case tried that is above the maximum, and one below nothing.

    Tried at one point of each stretch on which nothing changes; of an amount that grows with a fact, at the ends of these and of its
    range, so not everywhere (`stepwise`). More than 100,000 cases are not tried.
    """
    nodes = [node for _, node in lines] + ([maximum] if maximum is not None else [])
    points = candidate_values(tree.And(tuple(tree.Compare("=", node, NOTHING) for node in nodes)))
    if math.prod(map(len, points.values())) > bounds.MOST_CASES:
        return
    runs = [(f"line.{line.id}", function(node)) for line, node in lines]
    most = function(maximum) if maximum is not None else None
    step = Decimal(1).scaleb(-(lines[-1][0].decimals or 0)) if lines[-1][0].decimals is not None else None
    above = below = False
    for case in product(*points.values()):
        facts: dict[str, Any] = dict(zip(points, case, strict=True))
        told = ", ".join(f"{name} {value}" for name, value in facts.items())
        for name, run in runs:
            facts[name] = run(facts)
        amount, limit = facts[runs[-1][0]], most(facts) if most else None
        if amount is None:
            continue
        if step is not None:
            amount = Decimal(amount).quantize(step, rounding=ROUND_HALF_UP)
            limit = None if limit is None else Decimal(limit).quantize(step, rounding=ROUND_HALF_UP)
        if not above and limit is not None and amount > max(limit, 0):
            above = True
            yield t("the fee would be {amount} ({case}), above the national maximum {most}", amount=amount, case=told, most=limit), t("Write at most {most} there.", most=limit)  # fmt: skip
        if not below and amount < 0 and stepwise(lines):
            below = True
            yield (
                t("the fee would be {amount} ({case}), below 0", amount=amount, case=told),
                t("Write at least 0 there."),
            )


def stepwise(lines: FormulaLines) -> bool:
    """Is the amount the same on whole stretches of every fact, so that the points tried tell of all cases?"""
    for _, node in lines:
        for part in tree.walk(node):
            if isinstance(part, tree.Arithmetic) and any(
                isinstance(p, tree.Ask | tree.EarlierLine | tree.Lookup) for p in tree.walk(part)
            ):
                return False
            if isinstance(part, tree.Compare) and not _fixed(part):
                return False
    return True


def _fixed(part: tree.Compare) -> bool:
    sides = (part.left, part.right)
    return any(isinstance(s, tree.Ask) for s in sides) and any(isinstance(s, tree.Const | tree.Param) for s in sides)


def held(node: Node, maximum: Node) -> Node:
    """The lesser of the amount and its maximum. A fee of nothing stays nothing where the maximum cannot be told."""
    scale = max(node.type.scale, maximum.type.scale)
    digits = max(n.type.digits - n.type.scale for n in (node, maximum)) + scale
    within = tree.Or((tree.Compare("<=", node, NOTHING), tree.Compare("<=", node, maximum)))
    return tree.Choice(((within, node),), maximum, Type("decimal" if scale else "whole", digits, scale))


def said(line: FormulaLine) -> FormulaLine:
    """The line, told as held to the maximum."""
    what = Text(
        fi=f"{line.what.fi}, enintään valtakunnallinen enimmäismäärä",
        sv=f"{line.what.sv}, högst det riksomfattande maximibeloppet",
        en=f"{line.what.en}, at most the national maximum",
    )
    return line.model_copy(update={"what": what})
