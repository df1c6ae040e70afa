"""Numbers and days as people write them in tables: decimal commas, blanks or dots between thousands, Finnish dates.

What may be read in two ways is not read: the caller tells it as a fault, with what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from torni.core.language import t

_BLANKS = (
    " \u00a0\u202f\u2009\u2007'\u2019"  # spaces: plain, unbroken, narrow, thin, a figure's width; and the Swiss mark
)
_GROUPED = re.compile(rf"([+-]?)(\d{{1,3}}(?:[{_BLANKS}]\d{{3}})+)([.,]\d+)?", re.ASCII)
_DOTTED = re.compile(r"([+-]?)([1-9]\d{0,2}(?:\.\d{3})+)(,\d+)?", re.ASCII)
_COMMAED = re.compile(r"([+-]?)([1-9]\d{0,2}(?:,\d{3})+)(\.\d+)?", re.ASCII)
_TWO_WAYS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_FINNISH = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:[ T]0?0[:.]00(?:[:.]00)?)?", re.ASCII)


def number(text: str) -> Decimal | None:
    """The number that the text writes, or None where it writes none, or may write two.

    1234,5 and 1234.5, 1 234,5 (any blank between groups of three), 1.234.567 and 1.234,5. A single dot or comma is the decimal sign;
    where it could part thousands as well, `two_ways` tells, and a table's column may settle it (`number_in`).
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


def two_ways(text: str) -> bool:
    """May the text write two numbers: 1.234 and 1,234 are a thousand and something to one, one and something to another?"""
    return bool(_TWO_WAYS.fullmatch(text.strip().replace("\u2212", "-")))


def decimal_sign(texts: Iterable[str | None]) -> str | None:
    """The sign before the decimals in a column of numbers: "." or ","; None where no number tells it, or some tell one and some the other.

    12,5 and 1.234.567 and 1 234,5 tell the comma; 0.512 and 120.0 and 1,234.5 the dot; 1.234 tells nothing.
    """
    found = set()
    for text in texts:
        if text and ("." in text or "," in text):
            text = text.strip().replace("\u2212", "-")
            if grouped := _GROUPED.fullmatch(text):
                found |= {grouped[3][0]} if grouped[3] else set()
            elif _PLAIN.fullmatch(text):
                found |= set() if two_ways(text) else {"." if "." in text else ","}
            elif _DOTTED.fullmatch(text):
                found.add(",")
            elif _COMMAED.fullmatch(text):
                found.add(".")
    return found.pop() if len(found) == 1 else None


def number_in(text: str, sign: str | None) -> Decimal | None:
    """The number that the text writes in a column whose decimals begin with the sign (`decimal_sign`); None where it may write two."""
    if not two_ways(text):
        return number(text)
    if sign is None:
        return None
    plain = text.strip().replace("\u2212", "-")
    return Decimal(plain.replace(",", ".") if sign in plain else re.sub("[.,]", "", plain))


def either(text: str) -> tuple[str, str]:
    """What is to be said of a number that may be two, and what to write instead."""
    plain = re.sub("[.,]", "", text)
    one = text.replace(",", ".")
    return (
        t('"{text}" may be {thousands} or {decimals}, and the column does not tell which', text=text, thousands=plain, decimals=one),
        t("Write {thousands} or {decimals}0.", thousands=plain, decimals=one),
    )  # fmt: skip


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
