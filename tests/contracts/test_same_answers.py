"""One tree, the same answers cell by cell: the reasoning in Python, and the SQL it writes for DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
from decimal import Decimal

import pytest

from tests import random_rules as rr
from tests.contracts import engines
from torni.engines.rules import lower, sql, tree
from torni.engines.rules.evaluate import function


def _needed(name: str, there: bool) -> pytest.MarkDecorator:
    required = name in os.environ.get("TORNI_ENGINES", "")
    return pytest.mark.skipif(not there and not required, reason=f"{name} is not installed")


ENGINES = [
    pytest.param("duckdb", engines.in_duckdb),
    pytest.param("postgres", engines.in_postgres, marks=_needed("postgres", engines.postgres_binaries() is not None)),
    pytest.param("spark", engines.in_spark, marks=[
        _needed("spark", importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None),
        pytest.mark.filterwarnings("ignore"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "engine"), ENGINES)
def test_every_cell_is_the_reasonings(dialect, engine):
    r = random.Random(2026)
    people = [rr.person(r) for _ in range(400)]
    conditions, numbers = [], []
    while len(conditions) < 120:
        found = lower(rr.condition(r), rr.SCOPE)
        if not isinstance(found, list):
            conditions.append(found)
    while len(numbers) < 60:
        found = lower(rr.sum_(r, 3), rr.SCOPE, number=True)
        if not isinstance(found, list):
            numbers.append(found)
    numbers += [
        tree.Rounded(n, 1, tree.Type("decimal", min(30, n.type.digits + 3), 2)) for n in numbers if n.type.digits < 18
    ]
    numbers += [
        tree.Rounded(n, 60, tree.Type("decimal", 20, 4))
        for n in numbers
        if n.type.digits < 12 and not isinstance(n, tree.Rounded)
    ]
    nodes = [*conditions, *dict.fromkeys(leaf for c in conditions for leaf in tree.leaves(c)), *numbers]
    cells = 0
    with engine(people) as run:
        size = 30 if dialect == "spark" else 60
        for i in range(0, len(nodes), size):
            batch = nodes[i : i + size]
            for person, row in zip(people, run([sql.expression(n, dialect) for n in batch]), strict=True):
                for node, cell in zip(batch, row, strict=True):
                    wanted = function(node)(person)
                    same = (
                        cell is wanted
                        if node.type == tree.CONDITION
                        else (cell is None) == (wanted is None) and (cell is None or Decimal(cell) == wanted)
                    )
                    assert same, (sql.source(node), person, cell, wanted)
                    cells += 1
    assert cells > 200_000
