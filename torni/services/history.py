"""Changes on their way to force, as the region's log tells them: proposed, approved by another, in force from a day.

The log of a region's own changes is a file of lines that only grows, beside the region's other own files. Every version
of the definitions can be seen: who, when, why, what text differs, and the rehearsal it was based on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from torni.core import places
from torni.core.faults import bad_input, nearest_name
from torni.core.language import t
from torni.services import regions
from torni.services.change import Change, parse_changes
from torni.services.reading import Document

State = Literal["proposed", "approved", "withdrawn"]


@dataclass(frozen=True)
class Version:
    """One change's way: who proposed it, who approved it, when it starts, what differs and what it was rehearsed to do."""

    id: str
    region: str
    name: str
    why: str
    text: str
    state: State
    proposed_by: str
    proposed_at: str
    rehearsal: Mapping[str, Any]
    diff: tuple[tuple[str, str, str], ...]
    approved_by: str = ""
    approved_at: str = ""
    start: date | None = None

    @property
    def change(self) -> Change:
        made = parse_changes(self.text, name=self.id)[0]
        content = _broken_told(_in_one_list(made.content))
        return replace(made, start=self.start or made.start, content=content)


def _in_one_list(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A change written before all promises stood in one list of a service, as it is written now: the log is not rewritten."""
    services = content.get("services")
    if not isinstance(services, dict):
        return content
    out = {}
    for name, text in services.items():
        availability = text.get("availability") if isinstance(text, dict) else None
        inside = availability.get("promises") if isinstance(availability, dict) else None
        followed = text.get("followed") if isinstance(text, dict) else None
        if inside or followed:
            text = {k: v for k, v in text.items() if k not in ("availability", "followed")}
            if rest := {k: v for k, v in (availability or {}).items() if k != "promises"}:
                text["availability"] = rest
            text["promises"] = [*(text.get("promises") or []), *(inside or []), *(followed or [])]
        out[name] = text
    return {**content, "services": out}


def _broken_told(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A change written before each promise had a sentence of its own for when it is broken: made of what it promises."""
    services = content.get("services")
    if not isinstance(services, dict):
        return content
    return {**content, "services": {name: _with_broken(text) for name, text in services.items()}}


def _with_broken(text: Any) -> Any:
    promises = text.get("promises") if isinstance(text, dict) else None
    if not isinstance(promises, list):
        return text
    out = []
    for promise in promises:
        sentence = promise.get("sentence") if isinstance(promise, dict) else None
        if isinstance(sentence, dict) and "broken" not in promise:
            heads = {"fi": "ei toteudu", "sv": "uppfylls inte", "en": "not kept"}
            broken = {k: f"{head}: {sentence[k]}" for k, head in heads.items() if k in sentence}
            promise = {**promise, "broken": broken}
        out.append(promise)
    return {**text, "promises": out}


def log_file(region: str) -> Path:
    return places.own_regions() / region / "changes.jsonl"


def versions(region: str) -> list[Version]:
    """The region's changes in the order proposed, each in its present state."""
    found: dict[str, Version] = {}
    path = log_file(regions.find(region).id)
    if not path.exists():
        return []
    for i, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            if "\ufffd" in line:
                raise ValueError("not UTF-8")
            row = json.loads(line)
            if row["event"] == "proposed":
                found[row["id"]] = Version(
                    row["id"], row["region"], row["name"], row["why"], row["text"], "proposed", row["by"], row["at"], row["rehearsal"],
                    tuple((a, b, c) for a, b, c in row["diff"]),
                )  # fmt: skip
            elif row["event"] == "approved":
                start = date.fromisoformat(row["start"])
                found[row["id"]] = replace(found[row["id"]], state="approved", approved_by=row["by"], approved_at=row["at"], start=start)  # fmt: skip
            else:
                found[row["id"]] = replace(found[row["id"]], state="withdrawn")
        except (ValueError, KeyError, TypeError) as error:
            raise bad_input(f"{path}:{i}", t("the line cannot be read"), t("Restore the file from a backup; it only grows.")) from error  # fmt: skip
    return list(found.values())


def version(region: str, id_: str) -> Version:
    known = {v.id: v for v in versions(region)}
    if id_ in known:
        return known[id_]
    near = nearest_name(id_, known)
    raise bad_input(f'change "{id_}"', t("no such change"), t('Did you mean "{near}"?', near=near) if near else t("`torni change list` names them."))  # fmt: skip


def layers_of(region: str, on: date) -> list[Document]:
    """The approved changes in force on a day, in the order of their starts."""
    found = [v for v in versions(region) if v.state == "approved" and v.start and v.start <= on]
    return [
        v.change.layer(on, source=f"change_{v.id.replace('-', '_')}")
        for v in sorted(found, key=lambda v: (v.start, v.id))
    ]
