"""A fault is told in its reader's language: what it says and what to write instead come from the catalogue."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOLD = {"Fault": 1, "bad_input": 1}  # by the call's name: its first argument that is a text; the one before says where
KEYS = ("what", "remedy")


def plain(node: ast.expr) -> Iterator[ast.expr]:
    """The English of an argument: literal words in it that no t(...), _(...) or Message(...) holds."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and any(c.isalpha() for c in node.value):
            yield node
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from plain(part)
    elif isinstance(node, ast.FormattedValue):
        yield from plain(node.value)
    elif isinstance(node, ast.BinOp):
        yield from plain(node.left)
        yield from plain(node.right)
    elif isinstance(node, ast.BoolOp):
        for part in node.values:
            yield from plain(part)
    elif isinstance(node, ast.IfExp):
        yield from plain(node.body)
        yield from plain(node.orelse)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        yield from plain(node.func.value)


def untold(tree: ast.AST) -> list[str]:
    """`line: words` of each fault's text that is not from the catalogue. Not considered: texts that reach it by a variable."""
    out = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in TOLD:
            continue
        texts = [*node.args[TOLD[name] :], *(k.value for k in node.keywords if k.arg in KEYS)]
        out += [f"{found.lineno}: {ast.unparse(found)}" for text in texts for found in plain(text)]
    return out


@pytest.mark.parametrize("package", sorted(p.name for p in (ROOT / "torni").iterdir() if (p / "__init__.py").exists()))
def test_what_a_fault_says_comes_from_the_catalogue(package):
    found = [
        f"{path.relative_to(ROOT)}:{words}"
        for path in sorted((ROOT / "torni" / package).rglob("*.py"))
        for words in untold(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, 'write t("...") around:\n' + "\n".join(found)


@pytest.mark.parametrize(
    ("code", "held"),
    [
        ('Fault(where, "no such place")', False),
        ("Fault(where, f'\"{name}\" is none')", False),
        ('Fault(where, t("no such place"), "Write " + name)', False),
        ('bad_input("--by", t("a"), remedy="b" if c else "")', False),
        ('faults.Fault("file:1", what, t("Did you mean {near}?", near=near) if near else "")', True),
        ('bad_input("--by", t("no such place"), t("Write one."))', True),
        ("Fault(where, f'{what} ({named})')", True),
    ],
)
def test_the_convention_finds_each_way_of_plain_words(code, held):
    assert (not untold(ast.parse(code))) == held
