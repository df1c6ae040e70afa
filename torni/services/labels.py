"""Parameters and client fields by what they are called: who writes a label where its key belongs is told the key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.services.schema import Parameter

Called = Mapping[str, Iterable[str]]  # each key with its labels, in every language


def called(parameters: Mapping[str, Parameter]) -> Called:
    return {key: parameter.what.model_dump().values() for key, parameter in parameters.items()}


def key_meant(found: str, known: Called) -> str | None:
    """The key that the person most likely meant: by its label in any language, else the nearest key, else the nearest label; None
    when nothing is near."""
    labels = _labels(known)
    if (exact := labels.get(_plain(found))) is not None:
        return exact
    if near := nearest_name(found, known):
        return near
    label = nearest_name(_plain(found), labels)
    return labels[label] if label else None


def labels_in_rule(text: str, parameters: Called, fields: Called, where: str) -> list[Fault]:
    """Of a rule that cannot be read: its parameters and fields that are written by their labels, the longest label first."""
    faults = []
    for prefix, known in (("param.", parameters), ("", fields)):
        labels = _labels(known)
        for label in sorted(labels, key=len, reverse=True):
            if label in known or (not prefix and len(label) < _SHORTEST):
                continue
            written = r"[\s_]+".join(map(re.escape, label.split()))
            before = re.escape(prefix) + r"[\"'`]?" if prefix else r"(?<![\w.])[\"'`]?"
            if match := re.search(rf"{before}({written})(?!\w)[\"'`]?", text, re.IGNORECASE):
                what = (
                    t('"{found}" is what a parameter is called, not its key', found=match[1])
                    if prefix
                    else t('"{found}" is what a client field is called, not its key', found=match[1])
                )
                faults.append(Fault(where, what, t("Write {key}.", key=f"{prefix}{labels[label]}")))
                text = text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]
    return faults


_SHORTEST = 3  # letters of a label that is looked for as a word of a rule


def _labels(known: Called) -> dict[str, str]:
    """Each label, in its plain form, with its key; one that two share is neither's."""
    found: dict[str, set[str]] = {}
    for key, texts in known.items():
        for label in texts:
            if label:
                found.setdefault(_plain(label), set()).add(key)
    return {label: keys.pop() for label, keys in found.items() if len(keys) == 1}


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").casefold().split())
