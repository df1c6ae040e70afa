"""A kind of promise is one file with all that the kind is: nobody outside asks which kind a promise is, or keeps a list of them."""

import ast
import json
import os
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.conftest import TODAY
from torni.cli import main
from torni.promises import kinds
from torni.services import load_library

ROOT = Path(__file__).parents[2] / "torni"
ELSEWHERE = [p for p in ROOT.rglob("*.py") if "promises" not in p.relative_to(ROOT).parts[:1]]
NAMES = {name for kind in kinds.KINDS for name in kind.labels}
CLASSES = {kind.__name__ for kind in kinds.KINDS}


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nobody_outside_the_kinds_asks_which_kind_a_promise_is(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            asked = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
            assert not any(name.endswith("Promise") for name in asked), (
                f"line {node.lineno}: ask the promise what it can do instead"
            )
        if isinstance(node, ast.Name):
            assert node.id not in CLASSES, f"line {node.lineno}: {node.id} is the kinds' own"
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            told = {e.value for e in node.elts if isinstance(e, ast.Constant)} & NAMES
            assert len(told) < 3, f"line {node.lineno}: a list of kinds; torni.promises.kinds has it"


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/templates/*.html")), ids=lambda p: p.name)
def test_no_template_knows_the_kinds(path):
    for part in re.findall(r"{[{%].*?[}%]}", path.read_text(encoding="utf-8"), re.S):
        assert len(set(re.findall(r"[\"'](\w+)[\"']", part)) & NAMES) < 2, part


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda k: k.__name__)
def test_a_kind_tells_all_that_is_asked_of_it(kind):
    """Its labels are of its own kinds; what it says of its fields is of fields that it has."""
    assert set(kind.labels) == set(get_args(kind.model_fields["kind"].annotation))
    assert {*kind.remedies, *kind.parameters, *getattr(kind, "named_by", ())} <= set(kind.model_fields)
    assert kind.__doc__ and all(str(label) for label in kind.labels.values())
    for method in ("value_text", "counted_text"):
        assert getattr(kind, method) is not getattr(kinds.Promise, method)


def test_every_promise_is_listed_by_check_and_by_the_tower(capsys, monkeypatch):
    """The same ids, in the order of the definitions, of every kind."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
    monkeypatch.delenv("TORNI_DATABASE", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    import django
    from django.test import Client

    django.setup()
    main(["check", "--json", "--on", str(TODAY)])
    listed = [f["id"] for f in json.loads(capsys.readouterr().out)["findings"]]
    defined = [f"{s.id}.{p.id}" for s, p in load_library("keski-suomi", on=TODAY).promises()]
    text = Client(headers={"host": "127.0.0.1"}).get(f"/keski-suomi/?on={TODAY}").content.decode()
    shown = re.findall(r'data-promise="([^"]+)"', text)
    assert listed == defined
    assert sorted(shown) == sorted(listed)
