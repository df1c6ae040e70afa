"""A change made in a form: a service's limits, fees and tables with their present values; what is filled otherwise is what changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from torni.core.faults import BadInput, Fault
from torni.core.language import Message, t
from torni.engines.rules.sentences import label
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
class Grid:
    """One table of the form: its bands in words, and each amount by its field's name. `of`: what the rows' bands tell (a fact for each of
    their columns), `across`: what the columns tell, where they are bands too; `text` as the definition writes it."""

    field: str
    what: str
    unit: str
    of: tuple[str, ...]
    across: str
    heads: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...]
    text: str

    def changed_in(self, filled: Mapping[str, str]) -> bool:
        return any(filled.get(field, value) != value for _bands, amounts in self.rows for field, value in amounts)


def lines(rules: Rules, service: str) -> tuple[list[Line], list[Grid]]:
    """What a service's criteria, fees, cost and promises use: amounts and tables, each as it is in force on the rules' day."""
    amounts: list[Line] = []
    tables: list[Grid] = []
    for used in asked(rules, service):
        kind, _dot, name = used.partition(".")
        if kind == "table":
            begun = [v for v in rules.table_definitions[name].values if v.from_ <= rules.library.as_of]
            if begun:
                tables.append(_grid(rules, used, name, begun[-1].cells.strip()))
            continue
        parameter = rules.library.parameters[name]
        try:
            now = rules.library.value(name)
        except BadInput:  # not of this day
            continue
        common = (_unit(now.unit), str(now.source.title), now.source.invented)
        times = _times(rules, used)
        if isinstance(now.value, Mapping):
            amounts += [
                Line(f"{used}:{key}", f"{parameter.what}: {key}", common[0], _plain(v * times), *common[1:])
                for key, v in now.value.items()
            ]
        else:
            amounts.append(Line(used, str(parameter.what), common[0], _plain(now.value * times), *common[1:]))
    return amounts, tables


def written(rules: Rules, service: str, filled: Mapping[str, str]) -> str:
    """The change that the filled form asks for, as text: only what differs. Raises BadInput with every field that is wrong."""
    amounts, tables = lines(rules, service)
    faults: list[Fault] = []
    parameters: dict[str, Any] = {}
    for one in amounts:
        value = _amount(filled.get(one.field, one.value), one.what, faults)
        if value is None:
            continue
        if value == Decimal(one.value):
            continue
        used, _colon, key = one.field.partition(":")
        name, value = used.removeprefix("param."), value / _times(rules, used)
        if key:
            whole = rules.library.value(name).value
            assert isinstance(whole, Mapping)
            parameters.setdefault(name, {k: _number(v) for k, v in whole.items()})[key] = _number(value)
        else:
            parameters[name] = _number(value)
    changed = {
        one.field.removeprefix("table."): text
        for one in tables
        if (text := _refilled(one, _times(rules, one.field), filled, faults)) is not None
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


def filled_of(rules: Rules, text: str) -> dict[str, str]:
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
            found |= {f"param.{name}:{key}": _shown(v, _times(rules, f"param.{name}")) for key, v in value.items()}
        else:
            found[f"param.{name}"] = _shown(value, _times(rules, f"param.{name}"))
    for name, cells in (content.get("tables") or {}).items() if isinstance(content.get("tables"), dict) else ():
        for at, value in _values(_cells(str(cells))):
            found[f"table.{name}:{at[0]}:{at[1]}"] = _shown(value, _times(rules, f"table.{name}"))
    return found


def _times(rules: Rules, used: str) -> int:
    """A share is a part of one in the definitions, and so many per cent in the form."""
    kind, _dot, name = used.partition(".")
    known: Any = rules.table_definitions.get(name) if kind == "table" else rules.library.parameters.get(name)
    return 100 if known is not None and known.unit == "share" else 1


def _unit(unit: str) -> str:
    return "%" if unit == "share" else unit_name(unit)


def _shown(value: Any, times: int) -> str:
    """As the form would show it; what is no number is left as it was written."""
    try:
        return _plain(Decimal(str(value)) * times)
    except InvalidOperation:
        return str(value)


def _amount(told: str, where: str, faults: list[Fault]) -> Decimal | None:
    """The amount as people write it; None and a fault where it is none."""
    text = told.strip().replace("\u00a0", "").replace(" ", "").replace(",", ".").replace("−", "-")
    try:
        value = Decimal(text)
        if value.is_finite():
            return value
    except InvalidOperation:
        pass
    faults.append(Fault(where, t('"{text}" is not a number', text=told), t("Write such as: 4 or 12,50")))
    return None


def _cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]


def _values(cells: list[list[str]]) -> list[tuple[tuple[int, int], str]]:
    """Each amount of a table and where it stands: all but the first column where the columns are bands, else the last column."""
    spread = bool(cells) and "/" in cells[0][0]
    return [((r, c), line[c]) for r, line in enumerate(cells) if r for c in (range(1, len(line)) if spread else [len(line) - 1])]  # fmt: skip


def _grid(rules: Rules, field: str, name: str, text: str) -> Grid:
    cells = _cells(text)
    spread = "/" in cells[0][0]
    bands = 1 if spread else len(cells[0]) - 1
    told = [str(label(rules.fields[one.strip()])) for one in (cells[0][0].split("/") if spread else cells[0][:-1])]
    unit = _unit(rules.table_definitions[name].unit)
    values = {at: _shown(value, _times(rules, field)) for at, value in _values(cells)}
    return Grid(
        field, str(rules.table_definitions[name].what), unit, tuple(told[:bands]), told[1] if spread else "",
        tuple(_band(one) for one in cells[0][1:]) if spread else (unit,),
        tuple(
            (tuple(_band(one) for one in line[:bands]), tuple((f"{field}:{at[0]}:{at[1]}", value) for at, value in values.items() if at[0] == r))
            for r, line in enumerate(cells) if r
        ),
        text,
    )  # fmt: skip


def _band(text: str) -> str:
    """A band as people say it: "6 or more", "at most 4"; several with commas as they are written."""
    if text == "*":
        return t("all")
    for written_, told in (
        (r"(\S+)\.\.|>=(\S+)", Message("{n} or more")), (r"\.\.(\S+)|<=(\S+)", Message("at most {n}")), (r">(\S+)", Message("over {n}")),
        (r"<(\S+)", Message("under {n}")),
    ):  # fmt: skip
        if found := re.fullmatch(written_, text):
            return t(told.message, n=next(filter(None, found.groups())))
    return re.sub(r"(\d)\.\.(\d)", r"\1–\2", text)


def _refilled(grid: Grid, times: int, filled: Mapping[str, str], faults: list[Fault]) -> str | None:
    """The table's text with what was filled in otherwise; None where nothing is."""
    cells, changed = _cells(grid.text), False
    for (r, c), value in _values(cells):
        what = f"{grid.what}: {', '.join(_band(one) for one in cells[r][: len(grid.of)])}"
        new = _amount(filled.get(f"{grid.field}:{r}:{c}", _shown(value, times)), what, faults)
        if new is not None and new / times != Decimal(value):
            cells[r][c], changed = _plain(new / times), True
    wide = [max(len(line[c]) for line in cells) for c in range(len(cells[0]))]
    return "\n".join(" | ".join(one.ljust(w) for one, w in zip(line, wide, strict=True)).rstrip() for line in cells) if changed else None  # fmt: skip


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
