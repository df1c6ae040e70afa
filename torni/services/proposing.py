"""Proposing a change, approving or rejecting it as another person, and the text that differs. Each step is an event of the record room."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import yaml

from torni.core import places
from torni.core.clock import HELSINKI
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.facts import senders
from torni.facts.door import Door
from torni.facts.reasons import reason
from torni.facts.senders import Sender
from torni.services import change_log, regions
from torni.services.change import Change, parse_changes
from torni.services.change_log import SOURCE, event_id
from torni.services.history import DEFINITIONS, Version, version, versions
from torni.services.library import load_library
from torni.services.rules import Rules, load_rules


def propose(
    door: Door, region: str, text: str, *, by: str, at: datetime, on: date, rehearsal: Mapping[str, Any], sender: Sender
) -> Version:
    """A change of the definitions put forward with the rehearsal it rests on. A faulty change is not taken."""
    place = regions.find(region).id
    changes = parse_changes(text)
    if len(changes) > 1:
        raise bad_input(
            changes[0].file, t("alternatives are rehearsed, one of them is proposed"), t("Write the chosen one alone.")
        )
    change = changes[0]
    diff = differences(*both(place, change, on))
    return put_forward(door, place, kind=DEFINITIONS, name=change.name, why=change.why, text=text, diff=diff, by=by, at=at, figures=rehearsal, sender=sender)  # fmt: skip


def put_forward(
    door: Door, region: str, *, kind: str, name: str, why: str, text: str, diff: Sequence[tuple[str, str, str]], by: str, at: datetime,
    figures: Mapping[str, Any], sender: Sender,
) -> Version:  # fmt: skip
    """A proposal of any kind, with what it was rehearsed to do. Whoever knows the kind has looked at its text."""
    by = _named(by)
    own = {"kind": kind, "name": name, "why": why, "text": text, "diff": [list(row) for row in diff]}
    known = {v.id for v in versions(region)}
    for number in range(1, 1_000):
        if (id_ := f"{at.astimezone(HELSINKI):%Y-%m-%d}-{number}") in known:
            continue
        told = {"change": id_, "region": region, "by": by}
        taken = _tell(
            door, at, sender,
            _event(region, id_, "change.proposed", "proposed", at, {**told, **own}),
            _event(region, id_, "change.rehearsed", "rehearsed", at, {**told, "figures": _plain(figures)}),
        )  # fmt: skip
        if taken:
            return version(region, id_)
    raise AssertionError("a thousand proposals of one day")


def approve(
    door: Door, region: str, id_: str, *, by: str, at: datetime, start: date, why: str = "", sender: Sender
) -> Version:
    """The change in force from its start. Who proposed it cannot approve it; what has begun cannot be moved."""
    found = _open(region, id_)
    by = _named(by)
    if by.casefold() == found.proposed_by.casefold():
        raise bad_input(f'change "{id_}"', t("who proposed it cannot approve it"), t("Another person approves."))
    today = at.astimezone(HELSINKI).date()
    if start < today:
        raise bad_input("--start", t("a change does not start in the past"), t("Write today or a later day."))
    if found.kind == DEFINITIONS:
        both(found.region, replace(found.change, start=start), max(start, today))
    told = {"change": id_, "region": found.region, "by": by, "start": str(start), "why": why.strip()}
    return _decide(door, found, "change.approved", at, told, sender)


def reject(door: Door, region: str, id_: str, *, by: str, at: datetime, why: str, sender: Sender) -> Version:
    """The proposal is not taken, and why. Who proposed it takes it back instead."""
    found = _open(region, id_)
    by = _named(by)
    if by.casefold() == found.proposed_by.casefold():
        raise bad_input(f'change "{id_}"', t("who proposed it does not reject it"), t("Take your own proposal back."))
    if not why.strip():
        raise bad_input("--why", t("a reason is needed"), t("Write why the proposal is rejected: who proposed it reads it."))  # fmt: skip
    told = {"change": id_, "region": found.region, "by": by, "why": why.strip()}
    return _decide(door, found, "change.rejected", at, told, sender)


def withdraw(door: Door, region: str, id_: str, *, by: str, at: datetime, sender: Sender) -> Version:
    found = version(region, id_)
    if found.state == "approved" and found.start and found.start <= at.astimezone(HELSINKI).date():
        raise bad_input(f'change "{id_}"', t("it is in force"), t("Propose a change that puts the earlier text back."))
    if found.state in ("rejected", "withdrawn"):
        raise already(found)
    told = {"change": id_, "region": found.region, "by": _named(by)}
    _tell(door, at, sender, _event(found.region, id_, "change.withdrawn", "withdrawn", at, told))
    return version(region, id_)


def take_in(door: Door, *, at: datetime) -> list[str]:
    """What the files of before hold, into the record room, once: every region's that has one here. Each is then renamed, not removed.

    Sent again, after a stop in between, the same events are known already. Returns the ids of the regions.
    """
    taken = []
    for path in sorted(places.own_regions().glob("*/changes.jsonl")):
        region = path.parent.name
        events = change_log.of_before(region, change_log.in_room(region))
        if not _tell(
            door,
            at,
            None,
            *({"source": SOURCE, "id": e.id, "type": e.type, "at": e.at, "data": dict(e.data)} for e in events),
        ):
            raise bad_input(str(path), t("tells otherwise of a change than the record room does"), t("Compare the two: torni change show ID."))  # fmt: skip
        path.rename(path.with_name("changes.taken-in.jsonl"))
        taken.append(region)
    change_log.forget()
    return taken


def already(found: Version) -> BadInput:
    return bad_input(f'change "{found.id}"', state_told(found.state), t("Propose a new change."))


def state_told(state: str) -> str:
    return {
        "proposed": t("it waits for approval already"), "approved": t("it is approved already"),
        "rejected": t("it is rejected already"), "withdrawn": t("it is withdrawn already"),
    }[state]  # fmt: skip


def _open(region: str, id_: str) -> Version:
    found = version(region, id_)
    if found.state != "proposed":
        raise already(found)
    return found


def _decide(door: Door, found: Version, type_: str, at: datetime, told: Mapping[str, Any], sender: Sender) -> Version:
    if not _tell(door, at, sender, _event(found.region, found.id, type_, "decided", at, told)):
        raise already(version(found.region, found.id))  # another was faster
    return version(found.region, found.id)


def _event(region: str, id_: str, type_: str, what: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": SOURCE, "id": event_id(region, id_, what), "type": type_, "at": at, "data": dict(data)}


def _tell(door: Door, at: datetime, sender: Sender | None, *events: Mapping[str, Any]) -> bool:
    """The events through the door, all or none; without a sender they are of a file of before. False where another event has the id of one: somebody was faster."""
    try:
        with door.connection.transaction():
            done = door.accept(events, now=at, sender=sender or senders.process(SOURCE))
            codes = [code for reasons in done.refused.values() for code in reasons]
            if codes:
                raise _Refused(codes)
    except _Refused as refused:
        if refused.codes == ["same_id_other_content"] * len(refused.codes):
            return False
        raise BadInput(*(Fault(t("the record room"), reason(code), "") for code in refused.codes)) from None
    finally:
        change_log.forget()
    return True


class _Refused(Exception):
    def __init__(self, codes: list[str]) -> None:
        self.codes = codes


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(figures, ensure_ascii=False, default=str)))


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
