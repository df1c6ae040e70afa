"""What differs laid on a shared text, and where each field of the whole was written."""

from __future__ import annotations

from typing import Any

from torni.core.faults import Fault
from torni.core.language import t
from torni.services.reading import Document, Loc


def laid_on(shared: Document, difference: Document) -> Document:
    """The region's text over the shared text: mappings field by field, promises by their id, all else replaced. Each field keeps the
    file and line where it was written."""
    lines: dict[Loc, int] = {}
    files: dict[Loc, str] = {}

    def taken(document: Document, at: Loc, to: Loc) -> None:
        for loc, line in document.lines.items():
            if loc[: len(at)] == at:
                lines[(*to, *loc[len(at) :])] = line
                files[(*to, *loc[len(at) :])] = document.files.get(loc, document.name)

    def laid(below: Any, above: Any, under: Loc, over: Loc, to: Loc) -> None:
        if isinstance(below, dict) and isinstance(above, dict):
            for key in {**below, **above}:
                at: Loc = (*to, key)
                if key in below and key in above:
                    lines[at], files[at] = difference.lines.get((*over, key), 1), difference.name
                    laid(below[key], above[key], (*under, key), (*over, key), at)
                else:
                    taken(*(shared, (*under, key)) if key in below else (difference, (*over, key)), at)
        elif _has_ids(below) and _has_ids(above):
            places = {item["id"]: i for i, item in enumerate(above)}
            for i, item in enumerate(below):
                if (own := places.pop(item["id"], None)) is None:
                    taken(shared, (*under, i), (*to, i))
                else:
                    lines[(*to, i)], files[(*to, i)] = difference.lines.get((*over, own), 1), difference.name
                    laid(item, above[own], (*under, i), (*over, own), (*to, i))
            for i, own in enumerate(places.values(), len(below)):
                taken(difference, (*over, own), (*to, i))
        else:
            taken(difference, over, to)

    laid(shared.content, difference.content, (), (), ())
    return Document(difference.name, merged(shared.content, difference.content), lines, files)


def merged(below: Any, above: Any) -> Any:
    """What differs laid on a text: mappings field by field, lists of items with ids by their id, all else replaced."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{k: merged(below[k], v) if k in below else v for k, v in above.items()}}
    if _has_ids(below) and _has_ids(above):
        changes = {item["id"]: item for item in above}
        kept = [merged(item, changes.pop(item["id"])) if item["id"] in changes else item for item in below]
        return kept + list(changes.values())
    return above


def _has_ids(value: Any) -> bool:
    """Is it a list of items each with an id of its own? Where one is written twice, neither is laid on anything: it is told later."""
    if not isinstance(value, list) or not all(isinstance(i, dict) and isinstance(i.get("id"), str) for i in value):
        return False
    return len({item["id"] for item in value}) == len(value)


def with_added(layer: Document, name: str, below: list[Any], above: Any, together: Any) -> tuple[Any, list[Fault]]:
    """A formula's lines with those that a change adds, each before the line that follows it in the change, or before the amount.

    The last line is the amount, and stays so: a change states only what differs, and a line that helps is no amount.
    """
    old = {line["id"] for line in below}
    if not isinstance(above, list) or not all(isinstance(a, dict) and "id" in a for a in above):
        return together, []  # its shape is told by the schema
    amount = below[-1]["id"]
    ids = [a["id"] for a in above]
    after = [i for i in ids[ids.index(amount) + 1 :] if i not in old] if amount in ids else []
    faults = [
        Fault(
            layer.where(("formulas", name, "lines", ids.index(added))),
            t('the line "{line}" is added after "{amount}", which is the amount', line=added, amount=amount),
            t('Write it before "{amount}", and what the amount now is in "{amount}".', amount=amount),
        )
        for added in after
    ]
    out = [line for line in together if line["id"] in old]
    new = {line["id"]: line for line in together if line["id"] not in old}
    before = amount
    for id_ in reversed(ids):
        if id_ in new:
            out.insert(next(i for i, line in enumerate(out) if line["id"] == before), new[id_])
        before = id_
    return out, faults
