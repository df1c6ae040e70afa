"""Numbers and days as people write them in tables: decimal commas, blanks or dots between thousands, Finnish dates.

What may be read in two ways is not read: the caller tells it as a fault, with what to write instead.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

_BLANKS = (
    " \u00a0\u202f\u2009\u2007'\u2019"  # spaces: plain, unbroken, narrow, thin, a figure's width; and the Swiss mark
)
_GROUPED = re.compile(rf"([+-]?)(\d{{1,3}}(?:[{_BLANKS}]\d{{3}})+)([.,]\d+)?", re.ASCII)
_DOTTED = re.compile(r"([+-]?)([1-9]\d{0,2}(?:\.\d{3})+)(,\d+)?", re.ASCII)
_COMMAED = re.compile(r"([+-]?)([1-9]\d{0,2}(?:,\d{3})+)(\.\d+)?", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_FINNISH = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:[ T]0?0[:.]00(?:[:.]00)?)?", re.ASCII)


def number(text: str) -> Decimal | None:
    """The number that the text writes, or None where it writes none, or may write two.

    1234,5 and 1234.5, 1 234,5 (any blank between groups of three), 1.234.567 and 1.234,5. A single dot or comma is the decimal sign.
    Powers of ten are not read: a table program that writes 6.95E+06 has lost what came after.
    """
    text = text.strip().replace("\u2212", "-")
    if len(text) > 40:
        return None
    if found := _GROUPED.fullmatch(text):
        whole = re.sub(rf"[{_BLANKS}]", "", found[2])
    elif _PLAIN.fullmatch(text):
        return Decimal(text.replace(",", "."))
    elif found := _DOTTED.fullmatch(text):
        whole = found[2].replace(".", "")
    elif found := _COMMAED.fullmatch(text):
        whole = found[2].replace(",", "")
    else:
        return None
    return Decimal(found[1] + whole + (found[3] or "").replace(",", "."))


def whole(text: str, *, dots_are_thousands: bool) -> int | None:
    """The whole number that the text writes; None where it writes none. 120.0 is 120.

    `dots_are_thousands`: a single dot before three digits parts thousands, as `thousands_by_dot` found of the whole column.
    """
    if dots_are_thousands and (found := _DOTTED.fullmatch(text.strip())) and not found[3]:
        return int(found[1] + found[2].replace(".", ""))
    value = number(text)
    return int(value) if value is not None and value == value.to_integral_value() else None


def thousands_by_dot(texts: list[str | None]) -> bool:
    """Does a dot part thousands in a column of whole numbers: is every dot in it before three digits, and none after a zero alone?

    Of people counted there are no thousandths. Of people reckoned (1.234 in each square) there are, but not in every row just three.
    """
    dotted = [text.strip() for text in texts if text and "." in text]
    return bool(dotted) and all(_DOTTED.fullmatch(text) for text in dotted)


def day(text: str) -> date | None:
    """The day that the text writes: 2026-02-01, 20260201 or 1.2.2026, as a table program gives it with the hour 00:00 or without.

    None for anything else: a week (2026-W06-1), a year of two digits, or 2/1/2026, which is two days.
    """
    text = text.strip()
    if found := _DAY.fullmatch(text):
        year, month, of_month = found.groups()
    elif found := _FINNISH.fullmatch(text):
        of_month, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        return None
