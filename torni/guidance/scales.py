"""Scales of an assessment brought from a file: FHIR Observations (one, or a Bundle), or lines of scale, value and day."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from torni.core.bounds import Unreadable, day_written, read_json
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.guidance.fhir import helsinki_day

MOST_BYTES = 1_000_000
_OURS = re.compile(r"^urn:torni:field$|interrai", re.IGNORECASE)
_FINAL, _UNDONE = ("final", "amended", "corrected"), ("entered-in-error", "cancelled")
Row = tuple[str, str, Any, str]  # where it stands, which scale, its value, its day


@dataclass(frozen=True)
class Scale:
    """One scale as it was measured."""

    value: int
    on: date


def scales(name: str, content: bytes, known: Mapping[str, str]) -> dict[str, Scale]:
    """The newest of each scale in the file, by field. `known`: each field of a scale and what it is called.

    A scale may be named by its field (rai_maple), without the instrument (MAPLe), or as it is called. Observations of something else
    are left out, as are those cancelled or entered in error; a line of something else is a fault, as is a name that several scales
    share, two values of one day, a value that is not whole or a day that is none, an Observation that is not final or has what may turn
    its meaning, and scales of several clients. All are told at once.
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
    faults: list[Fault] = []
    given = _observations(name, text, by_name, faults) if text.lstrip()[:1] in ("{", "[") else _lines(name, text, by_name)  # fmt: skip
    found: dict[str, tuple[Scale, str]] = {}
    for where, called, value, on in given:
        fields, day = sorted(by_name.get(_plain(called), ())), _date(on)
        whole = re.fullmatch(r"[0-9]{1,4}(\.0+)?", str(value).strip()) if not isinstance(value, bool) else None
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


def _observations(name: str, text: str, by_name: Mapping[str, Collection[str]], faults: list[Fault]) -> Iterator[Row]:
    """The scales of the Observations, wherever a Bundle has them. What keeps one from being read goes to `faults`."""
    try:
        told = read_json(text)
    except Unreadable as error:
        raise bad_input(
            f"{name}:{error.line}", error.what, t("Give FHIR Observations as JSON, or lines of scale;value;day.")
        ) from error
    subjects: set[str] = set()
    for n, o in _numbered(told):
        where = f"{name}: Observation {n}"
        parts = [(part, codes) for part in (o, *_listed(o.get("component"))) if (codes := _ours(part, by_name))]
        if not parts or o.get("status") in _UNDONE:
            continue
        if o.get("status") not in _FINAL:
            status = str(o.get("status") or "")[:40]
            faults.append(Fault(where, t('the status is "{text}"', text=status), t("Final, amended and corrected ones are read: {names}.", names=", ".join(_FINAL))))  # fmt: skip
        if any(part.get(key) for part, _codes in parts for key in ("modifierExtension", "implicitRules")):
            faults.append(Fault(where, t("it has a modifierExtension or implicitRules, which may turn its meaning"), t("Write its scales on the form yourself.")))  # fmt: skip
        subjects |= _subject(o.get("subject"))
        for part, codes in parts:
            fields = set.intersection(*(set(by_name[_plain(code)]) for code in codes))
            if not fields:
                among = ", ".join(sorted({field for code in codes for field in by_name[_plain(code)]}))
                faults.append(Fault(where, t('"{text}" is the name of several scales', text=" ".join(codes)[:40]), t("Write which one: {names}.", names=among)))  # fmt: skip
                continue
            values = _values(part)
            if not values:
                faults.append(Fault(where, t("empty"), t("Write such as 4.")))
                continue
            called = fields.pop() if len(fields) == 1 else codes[0]
            yield where, called, ", ".join(values), _effective(str(o.get("effectiveDateTime") or ""))
    if len(subjects) > 1:
        faults.append(Fault(name, t("scales of {n} clients", n=len(subjects)), t("Bring each client's scales in a file of their own.")))  # fmt: skip


def _numbered(told: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every Observation with its number: of a Bundle within a Bundle, or contained in the first resource, 1.2."""
    waiting = [("", r) for r in (told if isinstance(told, list) else [told])]
    if len(waiting) > 1:
        waiting = [(str(n), r) for n, (_number, r) in enumerate(waiting, 1)]
    while waiting:
        number, o = waiting.pop(0)
        if not isinstance(o, dict):
            continue
        if o.get("resourceType") == "Observation":
            yield number or "1", o
        inner: list[Any] = [*_listed(o.get("contained"))]
        if o.get("resourceType") == "Bundle":
            inner += [entry.get("resource") for entry in _listed(o.get("entry"))]
        waiting += [(f"{number}.{n}".lstrip("."), r) for n, r in enumerate(inner, 1)]


def _listed(told: Any) -> list[Mapping[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _values(part: Mapping[str, Any]) -> list[str]:
    """What it was measured to be, each once; "<5" of a value that is below or above."""
    quantity = part.get("valueQuantity")
    told = [
        part.get("valueInteger"),
        quantity.get("value") if isinstance(quantity, dict) else None,
        part.get("valueString"),
    ]
    below = str(quantity.get("comparator") or "") if isinstance(quantity, dict) else ""
    return list(dict.fromkeys(re.sub(r"\.0+$", "", f"{below}{value}") for value in told if value is not None))


def _subject(told: Any) -> set[str]:
    """Of whom it is: what the reference ends with, whether whole or of its server; else the identifier."""
    if not isinstance(told, dict):
        return set()
    if isinstance(told.get("reference"), str):
        return {"/".join(told["reference"].split("/")[-2:])}
    by = told.get("identifier")
    return {f"{by.get('system')}|{by.get('value')}"} if isinstance(by, dict) else set()


def _effective(told: str) -> str:
    """A moment as its day here, not the day of its own zone; anything else as it is, to be told."""
    found = helsinki_day(told)
    return str(found) if found else told


def _ours(part: Mapping[str, Any], by_name: Mapping[str, Collection[str]]) -> list[str]:
    """The codes that name a scale: ours, the instrument's own, or of no system. Another system's CPS is something else."""
    code = part.get("code")
    return [
        str(c.get("code"))
        for c in (_listed(code.get("coding")) if isinstance(code, dict) else [])
        if (not c.get("system") or _OURS.search(str(c["system"]))) and _plain(str(c.get("code"))) in by_name
    ]


def _lines(name: str, text: str, by_name: Mapping[str, object]) -> Iterator[Row]:
    divider = max(";\t,", key=text.count)
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=divider))
    except csv.Error as error:  # a cell longer than any scale
        raise bad_input(name, t("is not text"), t("Save it as UTF-8: JSON or CSV.")) from error
    for n, row in enumerate(rows, 1):
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
