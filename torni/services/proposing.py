"""Proposing a change, approving it as another person, and the text that differs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import yaml

from torni.core.faults import bad_input
from torni.core.language import t
from torni.services import regions
from torni.services.change import Change, parse_changes
from torni.services.history import Version, log_file, version, versions
from torni.services.library import load_library
from torni.services.rules import Rules, load_rules


def propose(region: str, text: str, *, by: str, at: datetime, on: date, rehearsal: Mapping[str, Any]) -> Version:
    """A change put forward with the rehearsal it rests on. A faulty change is not taken."""
    place = regions.find(region).id
    by = _named(by)
    changes = parse_changes(text)
    if len(changes) > 1:
        raise bad_input(
            changes[0].file, t("alternatives are rehearsed, one of them is proposed"), t("Write the chosen one alone.")
        )
    change = changes[0]
    before, after = both(place, change, on)
    known = {v.id for v in versions(place)}
    id_ = next(i for n in range(1, 1_000) if (i := f"{at:%Y-%m-%d}-{n}") not in known)
    _write(
        place,
        {"event": "proposed", "id": id_, "region": place, "name": change.name, "why": change.why, "text": text, "by": by, "at": at.isoformat(timespec="seconds"), "rehearsal": rehearsal, "diff": differences(before, after)},
    )  # fmt: skip
    return version(place, id_)


def approve(region: str, id_: str, *, by: str, at: datetime, start: date) -> Version:
    """The change in force from its start. Who proposed it cannot approve it; what has begun cannot be moved."""
    found = version(region, id_)
    by = _named(by)
    if found.state != "proposed":
        raise bad_input(f'change "{id_}"', t("it is {state} already", state=found.state), t("Propose a new change."))
    if by.casefold() == found.proposed_by.casefold():
        raise bad_input(f'change "{id_}"', t("who proposed it cannot approve it"), t("Another person approves."))
    if start < at.date():
        raise bad_input("--start", t("a change does not start in the past"), t("Write today or a later day."))
    both(found.region, replace(found.change, start=start), max(start, at.date()))
    _write(
        found.region,
        {"event": "approved", "id": id_, "by": by, "at": at.isoformat(timespec="seconds"), "start": str(start)},
    )
    return version(region, id_)


def withdraw(region: str, id_: str, *, by: str, at: datetime) -> Version:
    found = version(region, id_)
    if found.state == "approved" and found.start and found.start <= at.date():
        raise bad_input(f'change "{id_}"', t("it is in force"), t("Propose a change that puts the earlier text back."))
    _write(found.region, {"event": "withdrawn", "id": id_, "by": _named(by), "at": at.isoformat(timespec="seconds")})
    return version(region, id_)


def both(region: str, change: Change, on: date) -> tuple[Rules, Rules]:
    """The rules before and after a change, on its start or the day asked for."""
    day = max(on, change.start or on)
    return load_rules(load_library(region, on=day)), load_rules(
        load_library(region, on=day, layers=[change.layer(day)])
    )


def differences(before: Rules, after: Rules) -> list[tuple[str, str, str]]:
    """Every text that differs: where, how it was, how it is. Empty where there was nothing, or is nothing."""
    old, new = texts(before), texts(after)
    return [(key, old.get(key, ""), new.get(key, "")) for key in sorted({*old, *new}) if old.get(key) != new.get(key)]


def texts(rules: Rules) -> dict[str, str]:
    """Every decided text and amount of the region on the rules' day, by its place."""
    out: dict[str, str] = {}
    library = rules.library
    for name in library.parameters:
        begun = [v for v in library.parameters[name].values if v.from_ <= library.as_of]
        if begun:
            out[f"param.{name}"] = str(begun[-1].value)
    for name, table in rules.table_definitions.items():
        dated = [v for v in table.values if v.from_ <= library.as_of]
        if dated:
            out[f"table.{name}"] = dated[-1].cells.strip()
    for name, formula in rules.formulas.items():
        for line in formula.definition.lines:
            out[f"formula.{name}.{line.id}"] = line.value
    for name, granting in rules.granting.items():
        for criterion in granting.criteria:
            out[f"{name}.{criterion.id}"] = criterion.when
    for name, service in library.services.items():
        content = service.model_dump(mode="json", exclude={"criteria"}, exclude_none=True)
        for column, value in content.items():
            if column not in ("id", "name", "group", "valid_from"):
                out[f"{name}.{column}"] = yaml.safe_dump(value, allow_unicode=True, sort_keys=True).strip()
    return out


def _named(by: str) -> str:
    if not by.strip():
        raise bad_input("--by", t("a person's name is needed"), t("Write who proposes or approves."))
    return by.strip()


def _write(region: str, row: Mapping[str, Any]) -> None:
    path = log_file(region)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
