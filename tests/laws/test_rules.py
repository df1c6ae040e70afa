"""What holds for every rule: one tree, the same answer from the reasoning, from SQL and from its own text."""

from __future__ import annotations

import random
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import random_rules as rr
from torni.engines.rules import lower, sql, tree
from torni.engines.rules.bounds import suspect
from torni.engines.rules.evaluate import function
from torni.engines.rules.reasoning import Reasoning

SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def duck():
    connection = duckdb.connect(config={"threads": 1})
    yield connection
    connection.close()


def trees(seed: int, count: int, *, number: bool = False) -> list[tree.Node]:
    r = random.Random(seed)
    found: list[tree.Node] = []
    while len(found) < count:
        text = rr.sum_(r, 3) if number else rr.condition(r)
        node = lower(text, rr.SCOPE, number=number)
        if isinstance(node, list):
            known = (
                "depends on",
                "digits",
                "levels",
                "characters",
            )  # the generator may write too much, or nothing of the client
            assert any(word in str(node[0]) for word in known), (text, node)
            continue
        found.append(node)
    return found


def in_duckdb(duck, people, expressions: list[str]) -> list[tuple[object, ...]]:
    duck.execute(f"CREATE OR REPLACE TABLE people ({rr.columns_sql()})")
    duck.execute(f"INSERT INTO people VALUES {rr.values_sql(people)}")
    return duck.execute(f"SELECT {', '.join(expressions)} FROM people ORDER BY person").fetchall()


@settings(max_examples=25)
@given(SEEDS)
def test_reasoning_and_duckdb_agree_leaf_by_leaf(duck, seed):
    r = random.Random(seed)
    people = [rr.person(r) for _ in range(60)]
    nodes = trees(seed, 8)
    found = in_duckdb(duck, people, [sql.expression(x) for n in nodes for x in (n, *tree.leaves(n))])
    for person, row in zip(people, found, strict=True):
        cells = iter(row)
        for node in nodes:
            reasoning = Reasoning([node])
            assert reasoning.verdict(person) is next(cells), sql.source(node)
            states = {leaf.node: leaf.state for leaf in reasoning.leaves(person)}
            for leaf in tree.leaves(node):
                held = next(cells)
                assert states[leaf] == {True: "held", False: "not_held", None: "missing"}[held], sql.source(leaf)


@settings(max_examples=25)
@given(SEEDS)
def test_sums_agree_to_the_last_digit(duck, seed):
    r = random.Random(seed)
    people = [rr.person(r, 0.05) for _ in range(60)]
    nodes = trees(seed, 8, number=True)
    nodes += [
        tree.Rounded(n, 1, tree.Type("decimal", min(30, n.type.digits + 3), 2)) for n in nodes if n.type.digits < 20
    ]
    nodes += [tree.Rounded(n, 60, tree.Type("decimal", 20, 4)) for n in nodes if n.type.digits < 12]
    for person, row in zip(people, in_duckdb(duck, people, [sql.expression(n) for n in nodes]), strict=True):
        for node, cell in zip(nodes, row, strict=True):
            value = function(node)(person)
            assert (cell is None) == (value is None) and (value is None or Decimal(cell) == Decimal(value)), sql.source(
                node
            )


@settings(max_examples=50)
@given(SEEDS)
def test_the_packed_number_holds_every_leafs_state(duck, seed):
    r = random.Random(seed)
    people = [rr.person(r) for _ in range(20)]
    node = trees(seed, 1)[0]
    leaves = tree.leaves(node)[:31]
    rows = in_duckdb(duck, people, [sql.packed([sql.expression(x) for x in leaves])])
    for person, (code,) in zip(people, rows, strict=True):
        states = [{None: 0, True: 1, False: 2}[function(leaf)(person)] for leaf in leaves]
        assert [(code >> (2 * i)) & 3 for i in range(len(leaves))] == states


@settings(max_examples=100)
@given(SEEDS)
def test_a_rules_own_text_gives_the_same_tree_and_version(seed):
    for node in trees(seed, 3):
        again = lower(sql.source(node), rr.SCOPE)
        assert not isinstance(again, list), again
        assert tree.written(again) == tree.written(node)
        assert tree.version(again) == tree.version(node)


@settings(max_examples=60)
@given(SEEDS)
def test_what_decided_decides_alone(seed):
    """Forget every fact that no deciding leaf asks for: the verdict stays."""
    r = random.Random(seed)
    for node in trees(seed, 3):
        reasoning = Reasoning([node])
        person = rr.person(r)
        verdict = reasoning.verdict(person)
        if verdict is None:
            continue
        kept = {f.name for leaf in reasoning.leaves(person) if leaf.decided for f in tree.fields(leaf.node)}
        unknowns = {f.name for f in reasoning.fields if any(isinstance(x, tree.Unknown) and x.field is f for x in tree.walk(node))}  # fmt: skip
        assert (
            reasoning.verdict({k: v for k, v in person.items() if k in kept or (k in unknowns and v is None)})
            is verdict
            or unknowns
        )


@settings(max_examples=60)
@given(SEEDS)
def test_every_change_told_gives_the_verdict_told_and_missing_facts_that_cannot_matter_do_not(seed):
    r = random.Random(seed)
    for node in trees(seed, 3):
        reasoning = Reasoning([node])
        person = rr.person(r)
        verdict = reasoning.verdict(person)
        for change in reasoning.changes(person):
            assert change.verdict is not verdict
            assert reasoning.verdict({**person, change.field.name: change.to}) is change.verdict
        for field, matters in reasoning.missing(person):
            if not matters:
                trial = {**person, field.name: rr.person(r, 0)[field.name]}
                asked_if_missing = any(isinstance(x, tree.Unknown) and x.field is field for x in tree.walk(node))
                assert asked_if_missing or reasoning.verdict(trial) is verdict


@settings(max_examples=60)
@given(SEEDS)
def test_what_can_never_hold_holds_for_nobody(seed):
    r = random.Random(seed)
    for node in trees(seed, 3):
        for told, part in suspect(node):
            run = function(part)
            for _ in range(40):
                assert run(rr.person(r)) is not (told == "never"), sql.source(part)


def test_impossible_and_empty_conditions_are_told():
    def told(text: str) -> list[tuple[str, str]]:
        node = lower(text, rr.SCOPE)
        assert not isinstance(node, list), node
        return [(kind, sql.source(part)) for kind, part in suspect(node)]

    assert told("age > 150") == [("never", "age > 150")]
    assert told("age >= 0 and lives_alone") == [("always", "age >= 0")]
    assert told("lives_alone and (age < 18 and age >= 65)") == [("never", "age < 18 and age >= 65")]
    assert told("age < 70 or age > 60") == [("always", "age < 70 or age > 60")]
    assert told("rai_maple is null and rai_maple > 3") == [("never", "rai_maple is null and rai_maple > 3")]
    assert told("rai_maple is null or rai_maple > 3") == []
    assert told("language in ('fi', 'sv') and language = 'en'") == [
        ("never", "language in ('fi', 'sv') and language = 'en'")
    ]
    assert told("age > household_size") == []
    wide = " and ".join(
        f"({f} > 3 or hours in ({','.join(map(str, range(20)))}))"
        for f in ("age", "household_size", "rai_maple", "income")
    )
    assert told(f"age > 90 and {wide} and age < 30") == [
        ("never", f"age > 90 and {wide} and age < 30".replace(",", ", "))
    ]


@settings(max_examples=400)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(
    ["age", "rai_maple", "language", "income", "(", ")", "and", "or", "not", "=", "<", ">=", "'fi'", "1", "2.5", "null", "is", "in", "between",
     "case", "when", "then", "else", "end", "interval", "month", "date", "'2026-01-01'", "param.limit", "table.cap", "-", "+", "*", ",", ".",
     "select", "from", "'", '"', "--", "/*", ";", "1e9", "true", "[", "{", "::", "cast", "read_csv", "\x00", "é", "𝔘"]), max_size=40).map(" ".join)))  # fmt: skip
def test_whatever_is_typed_is_a_typed_tree_or_a_clear_fault(text):
    found = lower(text, rr.SCOPE)
    if isinstance(found, list):
        assert found and all(f.what for f in found)
    else:
        assert found.type == tree.CONDITION
        sql.expression(found)
        suspect(found)
