"""A client's facts from a file or a form: each checked against its field, all faults told at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from torni.core import bounds
from torni.core.bounds import Unreadable
from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import t
from torni.core.texts import Text
from torni.engines.rules.evaluate import moved
from torni.engines.rules.sentences import day as day_text
from torni.engines.rules.tree import Field, Value
from torni.services.reading import doubled, measured
from torni.services.rules import Reckoning, Rules
from torni.services.schema import Counted
from torni.sources import written

OWN_KEYS = ("events", "letter")


@dataclass(frozen=True)
class Client:
    """What is known of one client on a day. `stale`: why a fact that was given counts as missing; `measured`: its day."""

    facts: Mapping[str, Value | None]
    measured: Mapping[str, date] = field(default_factory=dict)
    stale: Mapping[str, str] = field(default_factory=dict)
    letter: Mapping[str, str] = field(default_factory=dict)


def read_client(path: Path, rules: Rules) -> Client:
    """A YAML or JSON file of declared fields; a measured fact may be written as {value: 4, on: 2026-03-01}.

    `events` (kind, code, on) are counted into the fields that count them; one with `charged: no` (as of a minor) not into those that
    count what a fee was taken of (decree 912/1992, section 7). Raises BadInput with every fault.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:  # a name on the letter would lose its letters
        raise bad_input(path.name, t("not UTF-8 text"), t("Save the file as UTF-8.")) from error
    return parse_client(text, rules, name=path.name)


def parse_client(text: str, rules: Rules, *, name: str = "client") -> Client:
    try:
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            content = bounds.read_json(text, exact=True, most=bounds.MOST_CLIENT)
        else:
            measured(text, bounds.MOST_CLIENT)
            if twice := doubled(text):
                raise BadInput(twice.fault(name))
            content = yaml.load(text, _Exact)  # noqa: S506 - a safe loader
    except Unreadable as error:
        raise BadInput(error.fault(name)) from error
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise bad_input(
            f"{name}:{line}", t("not readable as YAML or JSON"), t("Write one fact a line, such as age: 82")
        ) from error
    if not isinstance(content, dict):
        raise bad_input(f"{name}:1", t("a client's facts are expected"), t("Write one fact a line, such as age: 82"))
    return client_of(content, rules, name=name)


def client_of(content: Mapping[str, Any], rules: Rules, *, name: str = "client") -> Client:
    """The same from a mapping of fields to values."""
    faults: list[Fault] = []
    facts: dict[str, Value | None] = dict.fromkeys(rules.fields)
    measured: dict[str, date] = {}
    stale: dict[str, str] = {}
    counts: dict[str, Value] = {}
    on = rules.library.as_of
    events = _events(content.get("events"), rules, name, faults)
    of_fees = {formula.definition.counted_by for formula in rules.formulas.values()}
    for asked, definition in rules.definitions.items():
        if definition.counted is not None and events is not None:
            facts[asked] = counts[asked] = counted(
                definition.counted, [e for e in events if asked not in of_fees or e["charged"]], on, rules.fields[asked]
            )
    for key, given in content.items():
        if key in OWN_KEYS or given is None:
            continue
        known = rules.fields.get(str(key))
        if known is None:
            near = nearest_name(str(key), rules.fields)
            faults.append(
                Fault(
                    f"{name}: {key}", t('"{found}" is not a client field', found=key),
                    (t('Did you mean "{near}"?', near=near) + " " if near else "") + t("`torni fields` lists them."),
                )
            )  # fmt: skip
            continue
        value, at = given, None
        if isinstance(given, dict):
            if not set(given) <= {"value", "on"} or "value" not in given:
                faults.append(
                    Fault(f"{name}: {key}", t("a value and its day are expected"), t("Write such as {{value: 4, on: 2026-03-01}}."))
                )  # fmt: skip
                continue
            value, at = given["value"], _day(given.get("on"))
            if given.get("on") is not None and at is None:
                faults.append(
                    Fault(
                        f"{name}: {key}.on",
                        t('"{text}" is not a date', text=given["on"]),
                        t("Write such as 2026-01-31."),
                    )
                )
                continue
        if value is None:
            continue
        found = typed(value, known)
        if isinstance(found, tuple):
            faults.append(Fault(f"{name}: {key}", *found))
            continue
        if known.name in counts and counts[known.name] != found:
            faults.append(Fault(f"{name}: {key}", t("is told as {one}, and counted from the events as {other}", one=value, other=counts[known.name]), t("Leave out the one that is not right.")))  # fmt: skip
        facts[known.name] = found
        if at is not None:
            measured[known.name] = at
            months = rules.definitions[known.name].fresh_months
            if at > on:
                faults.append(
                    Fault(f"{name}: {key}.on", t("the day is after the day of the decision"), t("Correct the day."))
                )
            elif months and moved(at, months, "month") < on:
                stale[known.name] = t("measured on {day}, more than {n} months ago", day=day_text(at), n=months)
                facts[known.name] = None
    for asked in counts:
        counting = rules.definitions[asked].counted
        if counting is None or asked not in of_fees or asked in content:
            continue
        sure = counted(counting, [e for e in events or () if e["charged"] and e["sure"]], on, rules.fields[asked])
        if _may_have_been_free(rules, asked, facts, sure, counts[asked]):
            facts[asked] = None
    if facts.get("decision_day") is None and "decision_day" in facts:
        facts["decision_day"] = on
    letter = content.get("letter") or {}
    if not isinstance(letter, dict):
        faults.append(
            Fault(
                f"{name}: letter", t("name and address are expected"), t("Write such as {{name: ..., address: ...}}.")
            )
        )
        letter = {}
    if faults:
        raise BadInput(*faults)
    return Client(facts, measured, stale, {str(k): str(v) for k, v in letter.items()})


def typed(value: Any, field_: Field) -> Value | tuple[str, str]:
    """The value as its field's type, or what is wrong with it and what to write instead."""
    limits = t("Write a number from {least} to {most}.", least=field_.least, most=field_.most)
    if field_.kind == "yes_no":
        found = value if isinstance(value, bool) else written.yes_no(str(value))
        return found if found is not None else (t('"{found}" is not yes or no', found=value), t("Write true or false."))
    if field_.kind == "code":
        return _code(value, field_)
    if field_.kind == "date":
        day = _day(value)
        if day is None:
            return t('"{text}" is not a date', text=value), t("Write such as 2026-01-31.")
        if not field_.least <= day <= field_.most:  # type: ignore[operator]
            return t("{value} is outside the range {least}–{most}", value=day, least=field_.least, most=field_.most), ""
        return day
    if isinstance(value, bool):
        return t('"{found}" is not a number', found=value), limits
    if isinstance(value, str) and written.two_ways(value):
        one, other = re.sub("[.,]", "", value.strip()), value.strip().replace(",", ".")
        return t(
            '"{text}" may be {thousands} or {decimals}', text=value.strip(), thousands=one, decimals=other
        ), written.either(value.strip())[1]
    try:
        number = written.number(value) if isinstance(value, str) else Decimal(str(value))
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or len(str(value)) > 40:
        return t('"{found}" is not a number', found=str(value)[:40]), limits
    if not field_.least <= number <= field_.most:  # type: ignore[operator]
        return t(
            "{value} is outside the range {least}–{most}", value=number, least=field_.least, most=field_.most
        ), limits
    if field_.kind == "whole":
        if number != int(number):
            return t("{value} is not a whole number", value=number), t("Round it as the decision does.")
        return int(number)
    if number != round(number, field_.decimals):
        return t("{value} has more than {n} decimals", value=number, n=field_.decimals), t(
            "Round it as the decision does."
        )
    if field_.halves_up and number == int(number):
        return int(number)  # whole hours are said and kept as whole
    return round(number, field_.decimals)


def _may_have_been_free(rules: Rules, asked: str, facts: Mapping[str, Value | None], sure: Value, most: Value) -> bool:
    """Whether it matters which of the year's earlier events, of which it is not told, were charged: of one just of age they may have been a
    minor's, of whom no fee is taken, and with `sure` of them charged the fee is another than with `most`."""
    age = facts.get("age")
    if not isinstance(age, int) or sure == most:
        return False
    return any(
        _fee(f, {**facts, asked: 0, "age": age - 1}) == 0
        and _fee(f, {**facts, asked: 0}) != 0
        and _fee(f, {**facts, asked: sure}) != _fee(f, {**facts, asked: most})
        for f in rules.formulas.values()
        if f.definition.counted_by == asked
    )


def _fee(formula: Reckoning, facts: Mapping[str, Value | None]) -> Value | None:
    known, value = dict(facts), None
    for line, run in formula.functions:
        value = known[f"line.{line.id}"] = run(known)
    return value


def counted(how: Counted, events: Iterable[Mapping[str, Any]], on: date, field_: Field) -> Value:
    """How many events of the kind, or whether any, up to the day; of the day's calendar year alone where the field says so."""
    n = 0
    for event in events:
        day = event["on"]
        recent = how.within_days is None or day >= on - timedelta(days=how.within_days)
        recent = recent and (not how.this_year or day.year == on.year)
        coded = not how.codes or any(str(event.get("code") or "").startswith(c) for c in how.codes)
        n += event["kind"] == how.event and coded and recent and day <= on
    return n > 0 if field_.kind == "yes_no" else min(n, int(field_.most))  # type: ignore[arg-type]


def _events(given: Any, rules: Rules, name: str, faults: list[Fault]) -> list[dict[str, Any]] | None:
    """The events, None when nothing is said of them (then what they are counted into is missing, not none)."""
    if given is None:
        return None
    if not isinstance(given, list):
        faults.append(
            Fault(f"{name}: events", t("a list of events is expected"), t("Begin each with - {{kind: ..., on: ...}}."))
        )
        return []
    kinds = {d.counted.event for d in rules.definitions.values() if d.counted}
    out = []
    for i, event in enumerate(given):
        where = f"{name}: events[{i}]"
        day = _day(event.get("on")) if isinstance(event, dict) else None
        kind = str(event.get("kind")) if isinstance(event, dict) else ""
        if day is None or event.get("kind") in (None, ""):
            faults.append(
                Fault(
                    where,
                    t("an event has a kind and a day"),
                    t("Write such as {{kind: emergency_visit, on: 2026-03-01}}."),
                )
            )
        elif kind not in kinds:
            near = nearest_name(kind, kinds)
            faults.append(
                Fault(where, t('"{found}" is not a kind of event', found=kind), t('Did you mean "{near}"?', near=near) if near else t("The kinds are: {kinds}.", kinds=", ".join(sorted(kinds))))
            )  # fmt: skip
        elif (charged := written.yes_no(str(event.get("charged", True)))) is None:
            faults.append(Fault(where, t('"{found}" is not yes or no', found=event["charged"]), t("Write true or false.")))  # fmt: skip
        else:
            out.append({**event, "kind": kind, "on": day, "charged": charged, "sure": "charged" in event})
    return out


def _code(value: Any, field_: Field) -> Value | tuple[str, str]:
    text = str(value).strip()
    if text in field_.codes:
        return text
    if isinstance(value, int) and not isinstance(value, bool) and text.zfill(3) in field_.codes:
        return text.zfill(3)  # a municipality's code written without quotes is a number to YAML
    labels: dict[str, set[str]] = {}
    for code, labels_ in field_.code_labels.items():
        for k in ("fi", "sv", "en"):
            labels.setdefault(Text(**labels_).model_dump()[k].casefold(), set()).add(code)
    meant = sorted(labels.get(text.casefold(), ()))
    if len(meant) > 1:
        return t('"{text}" is what several codes are called', text=text[:40]), t(
            "Write the code: {codes}.", codes=", ".join(meant)
        )
    if meant:
        return meant[0]
    near = nearest_name(text, [*field_.codes, *labels])
    shown = ", ".join(field_.codes[:8]) + (" …" if len(field_.codes) > 8 else "")
    return (
        t('"{text}" is not in the code list {name}', text=text[:40], name=field_.code_list),
        t('Did you mean "{near}"?', near=near) if near else t("The codes are: {codes}.", codes=shown),
    )


def _day(value: Any) -> date | None:
    """The day; of a moment the day in Helsinki."""
    if isinstance(value, datetime):
        return written.in_helsinki(value)[0]
    if isinstance(value, date):
        return value
    found = written.moment(value) if isinstance(value, str) else None
    return found[0] if found else None


class _Exact(yaml.SafeLoader):
    """YAML whose decimal numbers stay exact, whose codes such as 010 and days stay text, and whose `on` and `no` are words."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its base declares it
        first: [
            (tag, regexp)
            for tag, regexp in found
            if tag != "tag:yaml.org,2002:timestamp" and (tag != "tag:yaml.org,2002:bool" or first in "tTfF")
        ]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    text = node.value
    try:
        return bounds.decimal(text) if len(text) <= 40 and "_" not in text else text
    except InvalidOperation:
        return text
    except Unreadable as error:
        raise Unreadable(node.start_mark.line + 1, error.what, error.remedy) from error


def _whole(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    text = node.value
    plain = re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,17})", text)
    return int(text) if plain else text


_Exact.add_constructor("tag:yaml.org,2002:float", _number)
_Exact.add_constructor("tag:yaml.org,2002:int", _whole)
