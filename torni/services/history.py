"""Changes on their way to force, as the record room tells them: proposed, approved or rejected by another, in force from a day.

Every version of the definitions can be seen: who, when, why, what text differs, and the rehearsal it was based on. A change of the
definitions is one kind of proposal; another kind (a plan of the network) goes the same way and lays nothing on the definitions.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from torni.core.clock import HELSINKI
from torni.core.faults import bad_input, nearest_name
from torni.core.language import t
from torni.services import change_log, regions
from torni.services.change import Change, parse_changes
from torni.services.change_log import Told
from torni.services.reading import Document

State = Literal["proposed", "approved", "rejected", "withdrawn"]
DEFINITIONS, NETWORK_PLAN = (
    "definitions",
    "network_plan",
)  # kinds of proposals; a network plan lays nothing on the definitions
_lock = threading.Lock()
_folded: dict[str, tuple[tuple[Any, ...], tuple[Version, ...]]] = {}


@dataclass(frozen=True)
class Version:
    """One change's way: who proposed it, who approved or rejected it and why, when it starts, what differs, what it was rehearsed to do.

    `kind`: definitions, or another kind of proposal. `diff`: each text that differs, where, as it was and as it will be.
    `rehearsal`: its figures; of any kind `gainers`, `losers`, `client_eur_year` and `organiser_eur_year` where they are known.
    """

    id: str
    region: str
    name: str
    why: str
    text: str
    state: State
    proposed_by: str
    proposed_at: str
    diff: tuple[tuple[str, str, str], ...]
    kind: str = DEFINITIONS
    rehearsal: Mapping[str, Any] = field(default_factory=dict)
    approved_by: str = ""
    approved_at: str = ""
    start: date | None = None
    rejected_by: str = ""
    rejected_at: str = ""
    reason: str = ""

    @property
    def change(self) -> Change:
        made = parse_changes(self.text, name=self.id)[0]
        content = _broken_told(_in_one_list(made.content))
        return replace(made, start=self.start or made.start, content=content)

    def coming(self, on: date) -> bool:
        """Is it approved and yet to begin?"""
        return self.state == "approved" and self.start is not None and self.start > on


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


def versions(region: str) -> list[Version]:
    """The region's changes in the order proposed, each in its present state."""
    place = regions.find(region).id
    now = change_log.mark(place)
    with _lock:
        known = _folded.get(place)
        if known is None or known[0] != now:
            known = _folded[place] = now, tuple(folded(change_log.told(place)))
    return list(known[1])


def folded(told: Iterable[Told]) -> list[Version]:
    """The changes that events tell of. What comes after a change was decided does not decide it again."""
    found: dict[str, Version] = {}
    for e in told:
        id_, by = e.data["change"], e.data["by"]
        at = e.at.astimezone(HELSINKI).replace(tzinfo=None).isoformat(timespec="seconds")
        if e.type == "change.proposed":
            found[id_] = Version(
                id_, e.data["region"], e.data["name"], e.data["why"], e.data["text"], "proposed", by, at,
                tuple((a, b, c) for a, b, c in e.data["diff"]), e.data["kind"],
            )  # fmt: skip
            continue
        v = found.get(id_)
        if v is None:
            continue
        if e.type == "change.rehearsed":
            found[id_] = replace(v, rehearsal=e.data["figures"])
        elif e.type == "change.withdrawn":
            found[id_] = replace(v, state="withdrawn")
        elif e.type == "change.approved" and v.state == "proposed":
            start = date.fromisoformat(e.data["start"])
            found[id_] = replace(v, state="approved", approved_by=by, approved_at=at, start=start, reason=e.data.get("why") or "")  # fmt: skip
        elif e.type == "change.rejected" and v.state == "proposed":
            found[id_] = replace(v, state="rejected", rejected_by=by, rejected_at=at, reason=e.data["why"])
    return list(found.values())


def version(region: str, id_: str) -> Version:
    known = {v.id: v for v in versions(region)}
    if id_ in known:
        return known[id_]
    near = nearest_name(id_, known)
    raise bad_input(f'change "{id_}"', t("no such change"), t('Did you mean "{near}"?', near=near) if near else t("`torni change list` names them."))  # fmt: skip


def layers_of(region: str, on: date) -> list[Document]:
    """The approved changes of the definitions in force on a day, in the order of their starts."""
    found = [
        v for v in versions(region) if v.kind == DEFINITIONS and v.state == "approved" and v.start and v.start <= on
    ]
    return [
        v.change.layer(on, source=f"change_{v.id.replace('-', '_')}")
        for v in sorted(found, key=lambda v: (v.start, v.id))
    ]
