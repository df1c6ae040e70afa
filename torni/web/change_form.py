"""A change made in a form: a service's limits, fees and tables with their present values; what is filled otherwise is what changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.services.rules import Rules
from torni.services.unit_names import unit_name
from torni.services.wording import asked
from torni.sources.written import day_told


@dataclass(frozen=True)
class Line:
    """One amount of the form: its field's name, what it is, its unit, its value in force, and whether that is invented."""

    field: str
    what: str
    unit: str
    value: str
    source: str
    invented: bool


@dataclass(frozen=True)
class Cells:
    """One table of the form, as text."""

    field: str
    what: str
    cells: str


def lines(rules: Rules, service: str) -> tuple[list[Line], list[Cells]]:
    """What a service's criteria, fees, cost and promises use: amounts and tables, each as it is in force on the rules' day."""
    amounts: list[Line] = []
    tables: list[Cells] = []
    for used in asked(rules, service):
        kind, _dot, name = used.partition(".")
        if kind == "table":
            begun = [v for v in rules.table_definitions[name].values if v.from_ <= rules.library.as_of]
            if begun:
                tables.append(Cells(used, str(rules.table_definitions[name].what), begun[-1].cells.strip()))
            continue
        parameter = rules.library.parameters[name]
        try:
            now = rules.library.value(name)
        except BadInput:  # not of this day
            continue
        common = (unit_name(now.unit), str(now.source.title), now.source.invented)
        if isinstance(now.value, Mapping):
            amounts += [
                Line(f"{used}:{key}", f"{parameter.what}: {key}", common[0], _plain(v), *common[1:])
                for key, v in now.value.items()
            ]
        else:
            amounts.append(Line(used, str(parameter.what), common[0], _plain(now.value), *common[1:]))
    return amounts, tables


def written(rules: Rules, service: str, filled: Mapping[str, str]) -> str:
    """The change that the filled form asks for, as text: only what differs. Raises BadInput with every field that is wrong."""
    amounts, tables = lines(rules, service)
    faults: list[Fault] = []
    parameters: dict[str, Any] = {}
    for one in amounts:
        text = filled.get(one.field, one.value).strip().replace("\u00a0", "").replace(" ", "").replace(",", ".").replace("−", "-")  # fmt: skip
        try:
            value = Decimal(text)
            if not value.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            faults.append(Fault(one.what, t('"{text}" is not a number', text=filled.get(one.field, "")), t("Write such as: 4 or 12,50")))  # fmt: skip
            continue
        if value == Decimal(one.value):
            continue
        name, _colon, key = one.field.removeprefix("param.").partition(":")
        if key:
            whole = rules.library.value(name).value
            assert isinstance(whole, Mapping)
            parameters.setdefault(name, {k: _number(v) for k, v in whole.items()})[key] = _number(value)
        else:
            parameters[name] = _number(value)
    changed = {
        one.field.removeprefix("table."): given
        for one in tables
        if (given := _rows(filled.get(one.field, one.cells))) != _rows(one.cells)
    }
    start = None
    if filled.get("start", "").strip():
        try:
            start = day_told(t("In force from"), filled["start"])
        except BadInput as bad:
            faults += bad.faults
    if not faults and not parameters and not changed:
        faults.append(Fault(str(rules.library.services[service].name), t("nothing is changed"), t("Write a new value for at least one line.")))  # fmt: skip
    if faults:
        raise BadInput(*faults)
    content = {
        "name": filled.get("name", "").strip() or str(rules.library.services[service].name),
        "why": filled.get("why", "").strip(), "from": start, "parameters": parameters, "tables": changed,
    }  # fmt: skip
    return as_text({k: v for k, v in content.items() if v})


def filled_of(text: str) -> dict[str, str]:
    """A change's text as the form would be filled with it; nothing of what no form can hold."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    if not isinstance(content, dict):
        return {}
    found = {name: str(content[key]) for name, key in (("name", "name"), ("why", "why"), ("start", "from")) if content.get(key)}  # fmt: skip
    for name, value in (content.get("parameters") or {}).items() if isinstance(content.get("parameters"), dict) else ():
        if isinstance(value, dict):
            found |= {f"param.{name}:{key}": str(v) for key, v in value.items()}
        else:
            found[f"param.{name}"] = str(value)
    for name, cells in (content.get("tables") or {}).items() if isinstance(content.get("tables"), dict) else ():
        found[f"table.{name}"] = str(cells)
    return found


def _rows(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


class _Texts(yaml.SafeDumper):
    """Tables stay readable: a text of several lines is written as a block."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Texts.add_representer(str, _text)


def as_text(content: object) -> str:
    """A change's content as text."""
    return str(yaml.dump(content, Dumper=_Texts, allow_unicode=True, sort_keys=False, width=200))
