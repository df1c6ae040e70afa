"""Who may do what is told once: roles are named in the table of rights and nowhere else, and everything else asks by action."""

from __future__ import annotations

import ast
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
from torni.core.language import Message
from torni.facts import rights
from torni.facts.access import Who
from torni.facts.rights import ACTIONS, ALL, EVERYBODY, OWN_PRODUCER, ROLES, SIGNED_IN, Role

TORNI = Path(__file__).parents[2] / "torni"
# Words that mean other things too (a column, a level, a field of an event): roles only where they stand for one.
AMBIGUOUS = {"producer", "resident", "case_manager"}
PLAIN = {*ROLES} - AMBIGUOUS
# Where roles may be named besides the table. The list may only shrink.
ALLOWED = {
    "facts/rights.py": "the table",
    "simulation/cast.py": "the demonstration's people: one at least for each role, as a test holds",
    "simulation/scene.py": "what those people have done",
}


def sources(suffix: str) -> Iterator[tuple[str, str]]:
    for path in sorted(TORNI.rglob(f"*{suffix}")):
        name = path.relative_to(TORNI).as_posix()
        if "migrations/" not in name:
            yield name, path.read_text(encoding="utf-8")


def named(text: str) -> Iterator[tuple[int, str]]:
    """Each role that a Python text names, with its line."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in PLAIN:
                yield node.lineno, node.value
            for role in re.findall(r"'(\w+)'", node.value) if "SELECT" in node.value or "INSERT" in node.value else ():
                if role in PLAIN:
                    yield node.lineno, role
        said: list[ast.expr] = []
        if isinstance(node, ast.Compare) and "role" in ast.unparse(node.left):
            said = [e for part in node.comparators for e in ast.walk(part) if isinstance(e, ast.expr)]
        elif isinstance(node, ast.keyword) and node.arg == "role":
            said = [node.value]
        for one in said:
            if isinstance(one, ast.Constant) and one.value in AMBIGUOUS:
                yield node.value.lineno if isinstance(node, ast.keyword) else node.lineno, str(one.value)


def test_roles_are_named_in_the_table_and_nowhere_else():
    found = {name: [*named(text)] for name, text in sources(".py")}
    for name, told in found.items():
        if told and name not in ALLOWED:
            line, role = told[0]
            pytest.fail(f'torni/{name}:{line} names the role {role}: ask who.may("an action") of torni/facts/rights.py')
    for name in ALLOWED:
        assert found.get(name), f"{name} names no role any more: take it out of ALLOWED"


def test_the_databases_text_and_the_pages_name_no_role():
    for name, text in sources(".sql"):
        for role in PLAIN:
            assert f"'{role}'" not in text, f"torni/{name} names the role {role}: ask how('an action')"
    for name, text in sources(".html"):
        told = re.search(r"\.(role\s*(==|!=|in\b|not in\b)|staff\b)", text)
        assert not told, f'torni/{name}: {told and told.group()}: ask may("an action")'
        for code in re.findall(r"{[%{].*?[%}]}", text):
            spoken = re.sub(r"_\((\"[^\"]*\"|'[^']*')\)", "", code)  # a word for the reader
            assert not PLAIN & {*re.findall(r"[\"'](\w+)[\"']", spoken)}, f'torni/{name}: {code}: ask may("an action")'


def test_the_rule_itself_finds_what_it_is_for():
    for text in ('if who.role == "producer": ...', 'x = {"director"}', "f(role='resident')", "q = \"SELECT 1 WHERE x = 'adviser'\"", 'who.role in ("producer",)'):  # fmt: skip
        assert [*named(text)], text
    assert not [*named('row["producer"]; f(kind="resident"); level == "producer"')]


def test_what_is_asked_is_in_the_table_and_what_is_in_the_table_is_asked():
    asked: dict[str, str] = {}
    for suffix, pattern in ((".py", r"\b(?:may|how|denied|who_may|allows)\((?:[\w.]+, ?)*\"(\w+)\"\)"), (".html", r"\bmay\(\"(\w+)\"\)"), (".sql", r"\b(?:how|of_producer)\('(\w+)'")):  # fmt: skip
        for name, text in sources(suffix):
            asked |= dict.fromkeys(re.findall(pattern, text), name)
    from torni.web.urls import urlpatterns

    for pattern in urlpatterns:
        asked |= {a: str(pattern.pattern) for a in (pattern.callback.may, pattern.callback.form) if a}
    asked |= {table.seen: name for name, table in rights.TABLES.items()}
    for action, where in asked.items():
        assert action in {*ACTIONS, EVERYBODY, SIGNED_IN, rights.NOBODY}, (
            f"{where} asks {action!r}: write it in ACTIONS"
        )
    assert {*ACTIONS} <= {*asked}, "an action that nothing asks"
    for role in ROLES.values():
        assert role.may or role.id == "outsider"


def test_whose_work_and_whose_alert_definitions_may_name_follows_the_table():
    """A role that gets the worklist, is a producer's or may handle an alert can be written in a definition at once; no other can."""
    from typing import get_args

    from torni.promises.promise import OWN_PEOPLE, Owner, Responsible

    assert {*get_args(Responsible)} == {role.id for role in ROLES.values() if "worklist" in role.may or role.of == "producer"}  # fmt: skip
    assert {*get_args(Owner)} == {role.id for role in ROLES.values() if "handle_alert" in role.may}
    assert {*OWN_PEOPLE} == {*get_args(Responsible)} - {*rights.of("producer")}


def test_a_page_that_reads_a_form_says_whose_it_is():
    """Forgotten, the form would be refused with 405 only when somebody sends it."""
    from torni.web.urls import urlpatterns

    for pattern in urlpatterns:
        reads = re.search(r"request\.(POST|FILES)|method == \"POST\"", inspect.getsource(pattern.callback.__wrapped__))
        if reads and pattern.callback.form is None:
            pytest.fail(f'/{pattern.pattern} reads a form: write form="an action" in torni/web/urls.py')


def test_a_new_role_gets_its_addresses_and_its_menu(monkeypatch):
    from torni.facts.access import allows
    from torni.web.urls import urlpatterns

    role = Role(
        "auditor", Message("auditor"), Message("Sums."), {"report": ALL, "records": OWN_PRODUCER}, of="producer"
    )
    monkeypatch.setitem(ROLES, "auditor", role)
    for unit, expected in ((None, ["report", "records"]), ("a-unit", ["report"])):
        who = Who(1, "aada", "Aada", "auditor", producer="A", unit=unit)
        own = {*keys(who)} - {*keys(None)}
        assert own == {*expected}
        opened = {p.callback.may for p in urlpatterns if allows(who, p.callback.may)} - {EVERYBODY, SIGNED_IN}
        assert opened == {*expected}


def test_every_role_has_somebody_in_the_demonstration_and_a_line_in_the_how_to():
    from torni.simulation.cast import CAST, RESIDENT

    text = (TORNI.parent / "docs" / "howto" / "accounts-and-readings.md").read_text(encoding="utf-8")
    told = {role for _name, _shown, role, _producer in CAST} | {RESIDENT[0]}
    for role in ROLES:
        assert role in told, f'nobody looks as {role}: write ("name", "Etunimi Sukunimi", "{role}", None) in torni/simulation/cast.py'  # fmt: skip
        assert f"`{role}`" in text, f"{role} is not told in docs/howto/accounts-and-readings.md"


def keys(who: Who | None) -> list[str]:
    from torni.web.menu import menu

    return [entry.key for task in menu(who) for entry in task.entries]


def test_the_menu_leads_each_where_they_may_go():
    """Own work first, the tower next, then the tasks; nothing that would be denied, and everything that would not be."""
    from torni.web.menu import TASKS, menu, needed

    services, rest = "sapluuna rules chains", "guide network"
    everybody = f"tower {services} {rest}"
    changed = f"tower report {services} rehearse changes"
    for role, unit, expected in (
        (None, None, everybody), ("outsider", None, everybody), ("resident", None, f"mine me {everybody}"),
        ("director", None, f"waiting {changed} {rest} deliveries alerts moments emergencies room"),
        ("service_owner", None, f"waiting {changed} {rest} deliveries alerts moments room"),
        ("adviser", None, f"work {changed} intake person {rest} deliveries alerts moments room"),
        ("case_manager", None, f"work {changed} intake person {rest} deliveries alerts moments room"),
        ("supervisor", None, f"waiting {changed} person {rest} deliveries alerts moments emergencies records room"),
        ("controller", None, f"waiting {changed} person {rest} deliveries alerts moments records room"),
        ("producer", None, f"inbox own tower {services} person {rest} deliveries records"),
        ("producer", "a-unit", f"inbox own tower {services} person {rest}"),
    ):  # fmt: skip
        who = Who(1, "n", "N", role, unit=unit) if role else None
        assert keys(who) == expected.split(), (role, unit)
        assert all(task.entries for task in menu(who)), "a task without a page is not shown"
    for entry in (e for task in TASKS for e in task.entries):
        if entry.only:
            wider = {EVERYBODY: {*ROLES}, SIGNED_IN: {*ROLES}}.get(needed(entry)) or {*rights.who_may(needed(entry))}
            assert {*rights.who_may(entry.only)} <= wider, f"{entry.key} is shown to those who may not open it"


def test_each_role_begins_at_its_own_work():
    """After signing in one stands at the first page of one's own menu; who has no work of their own, at the tower."""
    from torni.web.menu import home, menu

    for role in ROLES:
        who = Who(1, "n", "N", role)
        assert home(who, "keski-suomi") == menu(who)[0].entries[0].leads("keski-suomi"), role


def test_every_page_stands_on_the_menu_under_its_own_key():
    """What a page says of itself (`here`) is an entry of the menu, so that its breadcrumbs lead up to the right task."""
    from torni.web.menu import TASKS

    known = {e.key for task in TASKS for e in task.entries} | {"data", "sign-in", "search"}  # these are on no menu
    for name, text in sources(".py"):
        for key in re.findall(r'\bhere="([\w-]+)"', text) if name.startswith("web/views/") else ():
            assert key in known, f'torni/{name}: here="{key}" is no entry of torni/web/menu.py'
