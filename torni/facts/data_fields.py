"""What an event may tell in its `data`, field by field as its type declares it: of what kind, within what, and how it is erased.

A declaration is part of the definitions (`definitions/events/`); the door of the record room holds what comes against it, and
erasing, the API's description and the reference page are made from it. A field that no type declares is taken in as it is, and is
emptied with its client. An empty value (null) says that there is none, and is of every kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from torni.core.bounds import FIRST_YEAR, LAST_YEAR
from torni.core.language import t
from torni.core.texts import Strict, Text

MOST_TEXT = 200
Kind = Literal[
    "text",
    "short_text",
    "municipality",
    "choice",
    "day",
    "whole",
    "cents",
    "number",
    "yes_no",
    "client",
    "list",
    "object",
]
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]*")
_MUNICIPALITY = re.compile(r"[0-9]{3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE, _NUMBER, _CLIENT = (
    re.compile(form) for form in (r"-?[0-9]{1,18}", r"-?[0-9]{1,18}([.,][0-9]{1,18})?", r"[0-9]{1,18}")
)
_COUNTED = ("whole", "cents", "number")
_LIMIT = 10**18


class DataField(Strict):
    """One field of an event's data."""

    kind: Kind = Field(
        description="text; short_text: one line of at most 200 letters; municipality: its three digits; choice: one of `of`; day: such as 2026-05-04; whole; cents; "
        "number; yes_no: true or false; client: another client's number; list; object."
    )
    erased: Literal["emptied", "kept"] = Field(
        description="What becomes of it when its client is erased: emptied, or kept where it tells of nobody. "
        "The number of another client is emptied when that client is erased as well."
    )
    what: Text
    of: tuple[str, ...] = Field((), description="Of a choice: what may be written.")
    range: tuple[int, int] | None = Field(
        None, description="Of a number: the least and the most. Of a day: the same, in days from the event's own day."
    )

    @property
    def told(self) -> str:
        """Its kind, with what may be chosen or the range."""
        if self.of:
            return " or ".join(self.of)
        within = f"{self.kind} {self.range[0]}..{self.range[1]}" if self.range else self.kind
        return f"{within} days from the event's own" if self.range and self.kind == "day" else within

    @model_validator(mode="after")
    def _whole_told(self) -> Self:
        if (self.kind == "choice") != bool(self.of):
            raise ValueError(t("a choice has what may be chosen, such as: of: [granted, refused]; no other kind has"))
        if self.range and (self.kind not in (*_COUNTED, "day") or self.range[0] > self.range[1]):
            raise ValueError(
                t("a range is a number's or a day's, the least first, such as: kind: whole, range: [1, 5]")
            )
        if self.kind == "client" and self.erased == "kept":
            raise ValueError(t("the number of a client tells of somebody: write erased: emptied"))
        return self


Declared = Mapping[str, DataField]  # the data of one type of event, by field
ByType = Mapping[str, Declared]


def faults(declared: Declared, data: Mapping[str, Any], day: date) -> list[str]:
    """What is wrong with the data, as codes of `torni.facts.reasons`: `bad_` and the field that is of another kind, `range_` and the
    one that is outside its range. `day`: the event's own."""
    found = []
    for name, value in data.items():
        field = declared.get(name)
        if field is None or value is None:
            continue
        if not _KINDS[field.kind](value, field):
            found.append(f"bad_{name}")
        elif not _within(field, value, day):
            found.append(f"range_{name}")
    return found


def misspelt(declared: Iterable[str], data: Mapping[str, Any], given: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each field of the data that is a declared one but for a slip of the pen, and that one: `protectd`, `Born`, `replace`.

    `given`: what the event tells besides its data. Of what it tells rightly as well, a like name is a field of the sender's own.
    """
    missing = [name for name in declared if name not in data and name not in set(given)]
    for name in data:
        if name not in declared and (meant := next((m for m in missing if _a_slip_apart(name, m)), None)):
            yield name, meant


def _a_slip_apart(one: str, other: str) -> bool:
    """Do they differ by capitals, hyphens or blanks alone; or, from four letters on, by one letter too many, too few or wrong, or two that
    changed places?"""
    a, b = (re.sub(r"[\s_-]", "", text).casefold() for text in (one, other))
    if a == b:
        return True
    if min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _within(field: DataField, value: Any, day: date) -> bool:
    if not field.range:
        return True
    told = (day_of(value) or day) - day if field.kind == "day" else None
    counted = Decimal(str(value).replace(",", ".")) if told is None else told.days
    return field.range[0] <= counted <= field.range[1]


def naming(by_type: ByType) -> Iterator[tuple[str, str]]:
    """Each type and field that names another client than the event's own."""
    return ((type_, n) for type_, declared in by_type.items() for n, f in declared.items() if f.kind == "client")


def kept(by_type: ByType) -> Iterator[tuple[str, str]]:
    """Each type and field that stays when the client is erased."""
    return ((type_, n) for type_, declared in by_type.items() for n, f in declared.items() if f.erased == "kept")


def is_short_text(value: Any) -> bool:
    """One line that a database can keep, not too long."""
    if not isinstance(value, str) or len(value) > MOST_TEXT or not _PLAIN.fullmatch(value):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def looks_like_another(name: str) -> bool:
    """May the name be told from another that is written as it is seen? A blank at an end, a sign that is not seen and letters composed
    otherwise make two names of one."""
    unseen = any(unicodedata.category(sign) in ("Cf", "Zl", "Zp") for sign in name)
    return unseen or name != name.strip() or not unicodedata.is_normalized("NFC", name)


def day_of(value: Any) -> date | None:
    """A day as year-month-day alone: other forms of the standard (a week's day) are not what a database reads."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and FIRST_YEAR <= value.year <= LAST_YEAR else None


def _number(value: Any, form: re.Pattern[str]) -> bool:
    """A number, or as a table's cell tells one. True and false are none."""
    if isinstance(value, str):
        return form.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LIMIT


def _whole(value: Any) -> bool:
    return _number(value, _WHOLE) and not (isinstance(value, float) and not value.is_integer())


def _yes_no(value: Any) -> bool:
    return value in (0, 1) if isinstance(value, int) else isinstance(value, str) and value.lower() in ("true", "false")


# each kind's check; a text may be a number, such as who wrote it by their number
_KINDS: Mapping[str, Callable[[Any, DataField], bool]] = {
    "text": lambda v, f: isinstance(v, str | int | float) and not isinstance(v, bool),
    "short_text": lambda v, f: is_short_text(v),
    "municipality": lambda v, f: isinstance(v, str) and _MUNICIPALITY.fullmatch(v) is not None,
    "choice": lambda v, f: isinstance(v, str) and v in f.of,
    "day": lambda v, f: day_of(v) is not None,
    "whole": lambda v, f: _whole(v),
    "cents": lambda v, f: _whole(v),
    "number": lambda v, f: _number(v, _NUMBER),
    "yes_no": lambda v, f: _yes_no(v),
    "client": lambda v, f: _number(v, _CLIENT) and not isinstance(v, float) and (isinstance(v, str) or v >= 0),
    "list": lambda v, f: isinstance(v, list | tuple),
    "object": lambda v, f: isinstance(v, Mapping),
}
