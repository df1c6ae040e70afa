"""Scales of an assessment brought from a file: FHIR Observations (one, or a Bundle), or lines of scale, value and day."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from torni.core.bounds import Unreadable, day_written, read_json
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.guidance.fhir import helsinki_day

MOST_BYTES = 1_000_000
_OURS = re.compile(r"^urn:torni:field$|interrai", re.IGNORECASE)
Row = tuple[str, str, Any, str]  # where it stands, which scale, its value, its day


@dataclass(frozen=True)
class Scale:
    """One scale as it was measured."""

    value: int
    on: date


def scales(name: str, content: bytes, known: Mapping[str, str]) -> dict[str, Scale]:
    """The newest of each scale in the file, by field. `known`: each field of a scale and what it is called.

    A scale may be named by its field (rai_maple), without the instrument (MAPLe), or as it is called. Observations of something else
    are left out; a line of something else is a fault, as is a name that several scales share, two values of one day, a value that is
    not whole or a day that is none. All are told at once.
    """
    if len(content) > MOST_BYTES:
        raise bad_input(name, t("is too large"), t("A file of scales is at most 1 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_input(name, t("is not text"), t("Save it as UTF-8: JSON or CSV.")) from error
    by_name: dict[str, set[str]] = {}
    for field, called in known.items():
        for n in (field, field.partition("_")[2], called, called.partition(",")[0]):
            by_name.setdefault(_plain(n), set()).add(field)
    given = _observations(name, text, by_name) if text.lstrip()[:1] in ("{", "[") else _lines(name, text, by_name)
    found: dict[str, tuple[Scale, str]] = {}
    faults: list[Fault] = []
    for where, called, value, on in given:
        fields, day = sorted(by_name.get(_plain(called), ())), _date(on)
        whole = re.fullmatch(r"\d{1,4}(\.0+)?", str(value).strip()) if not isinstance(value, bool) else None
        if len(fields) > 1:
            faults.append(Fault(where, t('"{text}" is the name of several scales', text=called[:40]), t("Write which one: {names}.", names=", ".join(fields))))  # fmt: skip
        elif not fields:
            faults.append(Fault(where, t('"{text}" is not a scale that is known', text=called[:40]), t("Known are: {names}", names=", ".join(sorted(known)))))  # fmt: skip
        elif whole is None:
            faults.append(
                Fault(where, t('"{text}" is not a whole number', text=str(value)[:20]), t("Write such as 4."))
            )
        elif day is None:
            faults.append(Fault(where, t('"{text}" is not a date', text=on[:20]), t("Write such as 2026-01-31.")))
        else:
            field, told = fields[0], Scale(int(float(str(value))), day)
            before, at = found.get(field, (None, ""))
            if before and before.on == day and before.value != told.value:
                faults.append(Fault(where, t('"{text}" of {day} is {one}, and {other} in {where}', text=called[:40], day=day, one=told.value, other=before.value, where=at), t("Keep the one that is right.")))  # fmt: skip
            elif before is None or before.on < day:
                found[field] = (told, where)
    if faults:
        raise BadInput(*faults)
    if not found:
        raise bad_input(
            name, t("holds no scale that is known"), t("Known are: {names}", names=", ".join(sorted(known)))
        )
    return {field: scale for field, (scale, _where) in found.items()}


def _observations(name: str, text: str, by_name: Mapping[str, object]) -> Iterator[Row]:
    try:
        told = read_json(text)
    except Unreadable as error:
        raise bad_input(
            f"{name}:{error.line}", error.what, t("Give FHIR Observations as JSON, or lines of scale;value;day.")
        ) from error
    entries = (
        told.get("entry") if isinstance(told, dict) and told.get("resourceType") == "Bundle" else [{"resource": told}]
    )
    for n, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        o = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(o, dict) or o.get("resourceType") != "Observation":
            continue
        ours = next((c for c in _codes(o.get("code")) if _plain(c) in by_name), None)
        if ours is None or o.get("status") in ("entered-in-error", "cancelled"):
            continue
        quantity = o.get("valueQuantity")
        value = quantity.get("value") if isinstance(quantity, dict) else o.get("valueInteger")
        yield f"{name}: Observation {n}", ours, value, _effective(str(o.get("effectiveDateTime") or ""))


def _effective(told: str) -> str:
    """A moment as its day here, not the day of its own zone; anything else as it is, to be told."""
    found = helsinki_day(told)
    return str(found) if found else told


def _codes(told: Any) -> list[str]:
    """The codes that may name a scale: ours, the instrument's own, or of no system. Another system's CPS is something else."""
    coding = told.get("coding") if isinstance(told, dict) else None
    return [
        str(c.get("code"))
        for c in (coding if isinstance(coding, list) else [])
        if isinstance(c, dict) and (not c.get("system") or _OURS.search(str(c["system"])))
    ]


def _lines(name: str, text: str, by_name: Mapping[str, object]) -> Iterator[Row]:
    divider = max(";\t,", key=text.count)
    for n, row in enumerate(csv.reader(text.splitlines(), delimiter=divider), 1):
        cells = [c.strip() for c in row]
        if not any(cells) or (
            n == 1 and _plain(cells[0]) not in by_name and not any(ch.isdigit() for ch in text.splitlines()[0])
        ):
            continue
        called, value, on = ([*cells, "", "", ""])[:3]
        finnish = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", on)
        yield (
            f"{name}: {t('line {n}', n=n)}",
            called,
            value,
            "{2}-{1:0>2}-{0:0>2}".format(*finnish.groups()) if finnish else on,
        )


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _date(text: str) -> date | None:
    try:
        return day_written(text)
    except ValueError:
        return None
