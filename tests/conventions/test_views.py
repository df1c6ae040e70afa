"""A view authorises, parses, calls a function of a task and renders: it asks the database nothing itself, and stays short."""

from __future__ import annotations

import ast
import re
from pathlib import Path

VIEWS = Path(__file__).parents[2] / "torni" / "web" / "views"
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 250, 40, 6
SQL = re.compile(r"\b(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s)")
# What does not hold yet, by file, or by file and function. The lists may only shrink.
ASKS = {"records.py": "what was refused is opened and mended here; it belongs to the intake"}
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS = {"events.py:_schemas": 41, "sapluuna.py:view": 45}


def texts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(VIEWS.glob("*.py"))}


def sql(text: str) -> list[int]:
    found = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [n.lineno for n in found if SQL.search(n.value)]


def test_no_view_asks_the_database_in_its_own_words():
    asking = {name: lines for name, text in texts().items() if (lines := sql(text))}
    for name, lines in asking.items():
        assert name in ASKS, (
            f"torni/web/views/{name}:{lines[0]} holds SQL: make it a function of its task, and call that"
        )
    assert {*ASKS} <= {*asking}, f"{ ({*ASKS} - {*asking}) } asks nothing any more: take it out of ASKS"


def test_a_view_is_short():
    for name, text in texts().items():
        lines, most = text.count("\n"), LONG_FILES.get(name, LONGEST_FILE)
        assert lines <= most, f"torni/web/views/{name} has {lines} lines: move what decides into a function of its task"
        if name in LONG_FILES:
            assert lines > LONGEST_FILE, f"{name} is short now: take it out of LONG_FILES"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                where, long = f"{name}:{node.name}", (node.end_lineno or 0) - node.lineno + 1
                assert long <= LONG_FUNCTIONS.get(where, LONGEST_FUNCTION), f"{where} has {long} lines"
                wide = len(node.args.args) + len(node.args.kwonlyargs)
                if where in LONG_FUNCTIONS:
                    assert long > LONGEST_FUNCTION, f"{where} is short now: take it out of LONG_FUNCTIONS"
                assert wide <= MOST_PARAMETERS, f"{where} takes {wide} parameters: give it one frozen value"


def test_the_rule_itself_finds_what_it_is_for():
    assert (
        sql('x = "SELECT 1"') and sql('x = f"DELETE FROM t WHERE {y}"') and not sql('x = "Select a unit of the list"')
    )
