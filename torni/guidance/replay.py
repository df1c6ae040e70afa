"""Past decisions decided again: under the rules of their own day, where they must be identical, or under another day's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from torni.core import bounds
from torni.core.bounds import Unreadable, read_json
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, t
from torni.core.notes import note
from torni.core.progress import each
from torni.engines.rules.tree import Value
from torni.guidance.client import client_of, typed
from torni.guidance.proposal import VERDICT, Verdict
from torni.services.days import Days
from torni.services.rules import Rules
from torni.sources.encodings import decoded
from torni.sources.tables import WORKBOOKS, read_rows
from torni.sources.written import day

_OWN = ("id", "service", "region", "on", "verdict", "rule_version")


@dataclass(frozen=True)
class Past:
    """A decision made before: which service, where, when, on what facts, and what was decided under which version."""

    id: str
    service: str
    region: str
    on: date
    verdict: Verdict
    rule_version: str
    facts: Mapping[str, Value | None]


@dataclass(frozen=True)
class Replayed:
    """A past decision beside the new one. `version` is the replaying rule's."""

    past: Past
    verdict: Verdict
    version: str

    @property
    def differs(self) -> bool:
        return self.verdict != self.past.verdict

    @property
    def other_text(self) -> bool:
        """Same verdict or not: the rule's text is not the one the decision names."""
        return bool(self.past.rule_version) and self.past.rule_version != self.version


def replay(past: Iterable[Past], *, under: date | None = None) -> list[Replayed]:
    """Each decision again, in order: under its own day's rules, or all under the rules of the day `under`."""
    days: dict[str, Days] = {}
    out = []
    for one in each(past, Message("Past decisions again")):
        rules = days.setdefault(one.region, Days(one.region)).on(under or one.on)
        granting = rules.service(one.service)
        facts = {**one.facts, "decision_day": one.on}
        out.append(Replayed(one, VERDICT[granting.reasoning.verdict(facts)], granting.version))
    return out


def read_decisions(path: Path) -> list[Past]:
    """Decisions from JSON lines (as `torni decide --json` writes them, one a line), or a table (CSV, xlsx) with a column for each fact.

    Needed: service, on, verdict, and the facts. Raises BadInput with every fault of every row.
    """
    if path.suffix.lower() in (".csv", *WORKBOOKS):
        table = read_rows(path, needs=[("service",), ("on",), ("verdict",)])
        rows = [
            (i, {**{k: v for k, v in row.items() if k in _OWN}, "facts": {k: v for k, v in row.items() if k not in _OWN and v}})
            for i, row in zip(table.rows, table.frame.iter_rows(named=True), strict=True)
        ]  # fmt: skip
    else:
        rows = []
        text, notes = decoded(path.name, path.read_bytes())
        note(*notes)
        for i, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    rows.append((i, read_json(line, most=bounds.MOST_CLIENT)))
                except Unreadable as error:
                    raise bad_input(f"{path.name}:{i}", error.what, t("Write one decision a line, as torni decide --json gives it.")) from error  # fmt: skip
    return _past(rows, path.name)


def _past(rows: Iterable[tuple[int, Mapping[str, Any]]], name: str) -> list[Past]:
    days: dict[str, Days] = {}
    faults: list[Fault] = []
    out: list[Past] = []
    for i, row in rows:
        where = f"{name}:{i}"
        lacking = [name for name in ("on", "service", "verdict") if row.get(name) in (None, "")]
        if lacking:
            faults += [Fault(where, t("{name} is missing", name=name), _remedy(name)) for name in lacking]
            continue
        on = day(str(row["on"]))
        if on is None:
            faults.append(Fault(where, t('"{text}" is not a date', text=row["on"]), _remedy("on")))
            continue
        if row["verdict"] not in VERDICT.values():
            faults.append(
                Fault(
                    where,
                    t('"{found}" is not a verdict', found=row["verdict"]),
                    _remedy("verdict"),
                )
            )
            continue
        region = str(row.get("region") or "keski-suomi")
        try:
            rules = days.setdefault(region, Days(region)).on(on)
            service = rules.service(str(row["service"])).service.id
            facts = row.get("facts")
            given = facts if isinstance(facts, dict) else row.get("used") or {}
            known = {k: v for k, v in given.items() if k != "decision_day"}
            unknown = [k for k in known if k not in rules.fields]
            ready = (
                client_of(known, rules, name=where).facts
                if unknown
                else {**dict.fromkeys(rules.fields), **_typed(known, rules, where)}
            )
        except BadInput as error:
            faults += [Fault(where, f.what, f.remedy) for f in error.faults]
            continue
        out.append(
            Past(
                str(row.get("id") or i), service, region, on, row["verdict"], str(row.get("rule_version") or ""), ready
            )
        )
    if faults:
        raise BadInput(*faults)
    return out


def _remedy(name: str) -> str:
    """What to write as a decision's own value."""
    return {
        "on": t("Write such as 2026-01-31."),
        "service": t("Write the service's id, such as home_care."),
        "verdict": t("Write granted, refused or undecided."),
    }[name]


def _typed(known: Mapping[str, Any], rules: Rules, where: str) -> dict[str, Value | None]:
    out: dict[str, Value | None] = {}
    for name, value in known.items():
        found = typed(value, rules.fields[name])
        if isinstance(found, tuple):
            raise bad_input(where, *found)
        out[name] = found
    return out
