"""A change of the definitions, before it is decided or after: only what differs, in the definitions' own shape.

    name: Home care from MAPLe 4
    from: 2027-01-01
    parameters:
      grant.home_care.maple: 4
    services:
      home_care:
        criteria:
          granting:
            - {id: need, when: "rai_maple >= param.grant.home_care.maple"}

`alternatives` holds several changes to be compared; what stands beside them is common to all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from torni.core import bounds
from torni.core.faults import BadInput, Fault, nearest_name
from torni.core.language import t
from torni.core.texts import Text
from torni.services.reading import Document, Loc, read, read_text
from torni.services.schema import Source

PARTS = ("parameters", "tables", "formulas", "services", "fields")
_KEYS = ("name", "why", "from", *PARTS, "network", "alternatives")


@dataclass(frozen=True)
class Change:
    """One change with its name, its first day if it has one, and the layer to lay on a region's definitions."""

    name: str
    why: str
    start: date | None
    content: Mapping[str, Any]
    lines: Mapping[Loc, int]
    file: str
    network: str = ""  # steps on the network, as the network page writes them: the definitions stay as they are

    def layer(self, on: date, *, source: str = "this_change") -> Document:
        """The change as a layer of definitions in force from its start, or from `on` where it has none."""
        text = Text(fi=self.name, sv=self.name, en=self.name)
        content = {
            **self.content, "from": self.start or on, "source": source, "source_text": Source(title=text, published=str(self.start or on)),
        }  # fmt: skip
        return Document(self.file, content, dict(self.lines))


def read_changes(path: Path) -> list[Change]:
    """The change of a file, or its alternatives in their order. Raises BadInput with every fault of its shape."""
    document = read(path, path.parent)
    if isinstance(document, Fault):
        raise BadInput(document)
    return _changes(document)


def parse_changes(text: str, *, name: str = "change") -> list[Change]:
    """The same from a text, as the page sends it."""
    document = read_text(text, name, most=bounds.MOST_TEXT)
    if isinstance(document, Fault):
        raise BadInput(document)
    return _changes(document)


def _changes(document: Document) -> list[Change]:
    content, faults = document.content, []
    if not isinstance(content, dict):
        raise BadInput(Fault(document.where(()), t("a change has fields"), t("Write such as: name, from, parameters.")))
    faults += part_faults(document, (), content)
    alternatives = content.get("alternatives") or []
    if not isinstance(alternatives, list) or not all(isinstance(a, dict) for a in alternatives):
        raise BadInput(
            Fault(
                document.where(("alternatives",)),
                t("alternatives are a list of changes"),
                t("Begin each with - name: ..."),
            )
        )
    if len(alternatives) > bounds.MOST_ALTERNATIVES:
        raise BadInput(
            Fault(
                document.where(("alternatives",)),
                t("{n} alternatives; at most {most} are compared", n=len(alternatives), most=bounds.MOST_ALTERNATIVES),
                t("Choose those that differ most, or rehearse them by turns."),
            )
        )
    for i, alternative in enumerate(alternatives):
        faults += part_faults(document, ("alternatives", i), alternative)
    if not alternatives and not any(content.get(p) for p in (*PARTS, "network")):
        faults.append(
            Fault(document.where(()), t("nothing is changed"), t("Write parameters, tables, formulas or services, and what differs in them."))
        )  # fmt: skip
    if faults:
        raise BadInput(*faults)
    name = str(content.get("name") or Path(document.name).stem)
    common = Change(
        name,
        str(content.get("why") or ""),
        content.get("from"),
        _parts(content),
        document.lines,
        document.name,
        str(content.get("network") or ""),
    )
    if not alternatives:
        return [common]
    made = []
    for i, alternative in enumerate(alternatives):
        at: Loc = ("alternatives", i)
        lines = {loc[2:]: line for loc, line in document.lines.items() if loc[:2] == at}
        faults += _told_by_both(document, common.content, at, _parts(alternative))
        parts = {p: {**common.content.get(p, {}), **_parts(alternative).get(p, {})} for p in PARTS}
        made.append(
            Change(
                str(alternative.get("name") or f"{name} {i + 1}"),
                str(alternative.get("why") or common.why),
                alternative.get("from") or common.start,
                parts,
                {**document.lines, **lines},
                document.name,
            )
        )
    if faults:
        raise BadInput(*faults)
    return made


def _told_by_both(document: Document, common: Mapping[str, Any], at: Loc, own: Mapping[str, Any]) -> list[Fault]:
    """What an alternative states and what is common to all states as well: two answers to one question."""
    return [
        Fault(
            document.where((*at, part, name)),
            t('"{name}" is changed for every alternative as well, in {place}', name=name, place=document.where((part, name))),
            t("Keep it in one of the two places."),
        )
        for part in PARTS
        for name in own.get(part, {})
        if name in common.get(part, {})
    ]  # fmt: skip


def _parts(content: Mapping[str, Any]) -> dict[str, Any]:
    return {p: content[p] for p in PARTS if content.get(p)}


def part_faults(document: Document, at: Loc, content: Mapping[str, Any], keys: Sequence[str] = _KEYS) -> list[Fault]:
    """What there is of the content that is none of the parts of a change that may stand here, or not of a part's shape."""
    faults = []
    for key, value in content.items():
        where = document.where((*at, key))
        if key not in keys:
            near = nearest_name(str(key), keys)
            faults.append(
                Fault(where, t('"{found}" is not part of a change', found=key), t('Did you mean "{near}"?', near=near) if near else t("A change has: {parts}.", parts=", ".join(keys)))
            )  # fmt: skip
        elif key in PARTS and not isinstance(value, dict):
            faults.append(
                Fault(
                    where,
                    t("names and what differs in them are expected"),
                    t("Write such as: grant.home_care.maple: 4"),
                )
            )
        elif key in PARTS:
            faults += [
                Fault(where, t('"{found}" is not a name', found=name), t("Write such as: grant.home_care.maple: 4"))
                for name in value
                if not isinstance(name, str)
            ]
        elif key == "network" and not isinstance(value, str):
            faults.append(
                Fault(
                    where, t("the steps of a network plan are expected"), t("Write such as: close KS16; resize KS13 M")
                )
            )
        elif key == "from" and type(value) is not date:  # a date with a time is not a first day
            faults.append(Fault(where, t('"{text}" is not a date', text=value), t("Write such as 2026-01-31.")))
    return faults
