"""A region's table held against the national one, and its cells against what their unit may be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import product

from torni.core import bounds
from torni.core.faults import Fault
from torni.core.language import t
from torni.engines.rules import tree
from torni.engines.rules.candidates import values as candidate_values
from torni.engines.rules.evaluate import function
from torni.engines.rules.tree import Table
from torni.services.bounded import past


def cell_faults(where: str, table: Table, unit: str) -> Iterator[Fault]:
    """The first cell that its unit cannot have: a share above 1, or euros with a third decimal, which would be rounded without a word."""
    for _, value in table.rows:
        if unit == "share" and value > 1:
            yield Fault(
                where, t("a share of {found} is more than all", found=value), t("Write a decimal share, such as 0.85.")
            )
            return
        if unit.partition("/")[0] == "EUR" and value != value.quantize(Decimal("0.01")):
            yield Fault(
                where, t("{found} is not in whole cents", found=value), t("Write at most two decimals, such as 20.20.")
            )
            return


def bound_faults(where: str, table: Table, limit: Table, above: bool) -> Iterator[Fault]:
    """The first cell past the national one: tried at one point of each stretch on which neither table changes."""
    both = tree.And((tree.Compare("=", tree.Lookup(table), tree.Lookup(limit)),))
    points = candidate_values(both)
    if (cases := math.prod(map(len, points.values()))) > bounds.MOST_CASES:
        yield Fault(where, t("{n} cases to hold against the national ones; at most {most} are tried", n=cases, most=bounds.MOST_CASES), t("Use wider bands."))  # fmt: skip
        return
    own, national = function(tree.Lookup(table)), function(tree.Lookup(limit))
    for combination in product(*points.values()):
        case = dict(zip(points, combination, strict=True))
        value, most = own(case), national(case)
        if value is None or most is None or not ((value > most) if above else (value < most)):
            continue
        told = ", ".join(f"{k} {v}" for k, v in case.items())
        yield Fault(where, *past(f"{value} ({told})", str(most), above))
        return
