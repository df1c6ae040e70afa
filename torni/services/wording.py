"""A change in words: what it changes, as it was and as it will be, and which services it touches. Made anew in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from torni.core.language import choose, number, per_cent, t
from torni.engines.rules import lower, tree
from torni.engines.rules.sentences import sentence
from torni.services.history import Version
from torni.services.rules import Rules
from torni.services.schema import Service
from torni.services.unit_names import unit_name

_CALLED = re.compile(r"\b(?:param|table)\.[\w.]+\w|\b[a-z_]\w*(?:\.\w+)+")

TEXTS = ("sentence", "broken", "note")  # a promise's own words: what its numbers change in them follows by itself


@dataclass(frozen=True)
class Difference:
    """One thing that a change changes, in words: what, as it was and as it will be (empty where there was or is nothing)."""

    what: str
    before: str
    after: str


def in_words(rules: Rules, diff: Sequence[tuple[str, str, str]]) -> list[Difference]:
    """The texts that differ, in words. What the region's present definitions no longer know is told by its own place."""
    found: list[Difference] = []
    for where, before, after in diff:
        head, _dot, rest = where.partition(".")
        if head == "param" and rest in rules.library.parameters:
            found += _of_parameter(rules, rest, before, after)
        elif head == "table" and rest in rules.table_definitions:
            found.append(Difference(str(rules.table_definitions[rest].what), *_cells(before, after)))
        elif head == "formula":
            found.append(_of_formula(rules, rest, before, after))
        elif head in rules.library.services:
            found += _of_service(rules, head, rest, before, after)
        else:
            found.append(Difference(where, before, after))
    return found


def touches(rules: Rules, diff: Sequence[tuple[str, str, str]]) -> list[str]:
    """The ids of the services that a change touches: their own text, or an amount, limit, table or formula that they use."""
    changed = {where for where, _old, _new in diff}
    found = []
    for name, service in rules.library.services.items():
        formulas = {f"formula.{f}." for f in _formulas(service)}
        used = asked(rules, name)
        if any(w.startswith((f"{name}.", *formulas)) or w in used for w in changed):
            found.append(name)
    return found


def asked(rules: Rules, service: str) -> list[str]:
    """What a service's criteria, fees, cost and promises use: `param.NAME` and `table.NAME`, in their order."""
    found: dict[str, None] = {}
    for text in _texts(rules, rules.library.services[service]):
        for called in _CALLED.findall(text):
            name = called.removeprefix("param.").removeprefix("table.")
            if name in rules.library.parameters:
                found[f"param.{name}"] = None
            elif name in rules.table_definitions:
                found[f"table.{name}"] = None
    return list(found)


def coming(changes: Sequence[Version], rules: Rules, service: str | None = None) -> list[Version]:
    """The approved changes of the definitions (those that touch the service, where one is named) that have not begun on the rules' day, in the
    order of their starts."""
    found = [
        v
        for v in changes
        if v.coming(rules.library.as_of) and v.diff and (service is None or service in touches(rules, v.diff))
    ]
    return sorted(found, key=lambda v: (v.start, v.id))


def _formulas(service: Service) -> list[str]:
    paid = list(service.fees.formulas) if service.fees else []
    return [*paid, *([service.cost.formula] if service.cost and service.cost.formula else [])]


def _texts(rules: Rules, service: Service) -> Iterator[str]:
    for criterion in service.criteria.granting if service.criteria else ():
        yield criterion.when
    for name in _formulas(service):
        if name in rules.formulas:
            yield from (line.value for line in rules.formulas[name].definition.lines)
    for amount in service.fees.amounts if service.fees else ():
        yield amount.parameter
    for promise in service.promises:
        yield from (str(named) for name in promise.parameters if (named := getattr(promise, name)))


def _of_parameter(rules: Rules, name: str, before: str, after: str) -> list[Difference]:
    parameter = rules.library.parameters[name]
    unit = parameter.values[-1].unit or parameter.unit
    old, new = _value(before), _value(after)
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        sides = [side if isinstance(side, Mapping) else {} for side in (old, new)]
        keys = [k for k in {**sides[0], **sides[1]} if sides[0].get(k) != sides[1].get(k)]
        return [Difference(f"{parameter.what}: {k}", *(amount_text(s.get(k), unit) for s in sides)) for k in keys]
    return [Difference(str(parameter.what), amount_text(old, unit), amount_text(new, unit))]


def amount_text(value: Any, unit: str) -> str:
    """An amount with its unit, as people read it. Empty where there is none."""
    if value is None or value == "":
        return ""
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return str(value)
    if unit == "share":
        return per_cent(amount)
    decimals = len(f"{amount:.4f}".rstrip("0").partition(".")[2])
    return f"{number(amount, max(2, decimals) if decimals else 0)} {unit_name(unit)}"


def _value(text: str) -> Any:
    """An amount, or the amounts of a table of them, as the list of differences keeps it."""
    if text.startswith("{"):
        return dict(re.findall(r"'?([\w .-]+?)'?: (?:Decimal\(')?(-?[\d.]+)", text))
    return text


def _cells(before: str, after: str) -> tuple[str, str]:
    """The rows of a table that differ."""
    old, new = before.splitlines(), after.splitlines()
    return "\n".join(r for r in old if r not in new), "\n".join(r for r in new if r not in old)


def _of_formula(rules: Rules, place: str, before: str, after: str) -> Difference:
    name, _dot, line = place.rpartition(".")
    formula = rules.formulas.get(name)
    if formula is None:
        return Difference(place, before, after)
    told = next((str(one.what) for one in formula.definition.lines if one.id == line), line)
    return Difference(f"{formula.definition.what}: {told}", before, after)


def _of_service(rules: Rules, service: str, part: str, before: str, after: str) -> Iterator[Difference]:
    name = str(rules.library.services[service].name)
    granting = rules.granting.get(service)
    criterion = next((c for c in granting.criteria if c.id == part), None) if granting else None
    if criterion is not None:
        yield Difference(f"{name}: {criterion.text}", _rule(rules, before), _rule(rules, after))
    elif part == "promises":
        yield from _of_promises(rules, service, before, after)
    else:
        yield Difference(f"{name}: {part}", before, after)


def _of_promises(rules: Rules, service: str, before: str, after: str) -> Iterator[Difference]:
    """Each promise whose text differs, by its sentence, and the fields in which it does."""
    sides = [{p["id"]: p for p in yaml.safe_load(text) or [] if isinstance(p, dict)} for text in (before, after)]
    for id_ in {**sides[0], **sides[1]}:
        old, new = (side.get(id_, {}) for side in sides)
        if old == new:
            continue
        known = next((p for p in rules.library.services[service].promises if p.id == id_), None)
        told = str(known.sentence) if known else id_
        differing = [k for k in {**old, **new} if k not in TEXTS and old.get(k) != new.get(k)]
        if not differing:  # only its words differ
            yield Difference(f"{t('Promise')}: {told}", _sentence(old), _sentence(new))
            continue
        yield Difference(
            f"{t('Promise')}: {told}",
            t("not promised") if not old else ", ".join(f"{k} {old[k]}" for k in differing if k in old),
            t("not promised") if not new else ", ".join(f"{k} {new[k]}" for k in differing if k in new),
        )


def _sentence(promise: Mapping[str, Any]) -> str:
    return choose(promise["sentence"]) if promise else t("not promised")


def _rule(rules: Rules, text: str) -> str:
    """A condition as sentences; as it is written where it cannot be read by the present fields."""
    if not text:
        return ""
    found = lower(text, rules.scope, where="")
    return text if isinstance(found, list) else _told(found)


def _told(node: tree.Node) -> str:
    match node:
        case tree.And():
            return f" {t('and')} ".join(_part(child) for child in tree.children(node))
        case tree.Or():
            return f" {t('or')} ".join(_part(child) for child in tree.children(node))
        case tree.Not():
            return t("not so that {condition}", condition=_told(tree.children(node)[0]))
    return sentence(node)


def _part(node: tree.Node) -> str:
    return f"({_told(node)})" if isinstance(node, tree.And | tree.Or) else _told(node)
