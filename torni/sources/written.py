"""Numbers and days as people write them in tables: decimal commas, blanks or dots between thousands, Finnish dates.

What may be read in two ways is not read: the caller tells it as a fault, with what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from torni.core.bounds import FIRST_YEAR
from torni.core.clock import HELSINKI
from torni.core.faults import bad_input
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
_MOMENT = re.compile(
    r"(.*\d)(?:T|\s+)(?:(?:klo|kl\.?)\s*)?(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_FINNISH_MOMENT = re.compile(
    r"(\d{1,2}\.\s?\d{1,2}\.\s?\d{4})"
    r"(?:(?:T|\s+)(?:(?:klo|kl\.?)\s*)?(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_CURRENCY = r"(?:€|eur|euroa?)"
_EUROS = re.compile(rf"(?:{_CURRENCY}\s*)?(.*?)(?:\s*{_CURRENCY})?", re.IGNORECASE)
_PER_CENT = re.compile(r"(.*\d)\s*(?:%|pros\.?|prosenttia?|procent|per ?cent)", re.IGNORECASE | re.DOTALL)
_SERIAL = re.compile(r"(?:3[6-9]|[4-6]\d|7[0-2])\d{3}", re.ASCII)
_YES_NO = {"yes": True, "true": True, "kyllä": True, "ja": True, "1": True, "no": False, "false": False, "ei": False, "nej": False, "0": False}  # fmt: skip
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


def yes_no(text: str) -> bool | None:
    """Yes or no as people write it in Finnish, Swedish and English; None where it is neither."""
    return _YES_NO.get(text.strip().lower())


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


def in_per_cent(text: str) -> str | None:
    """Of 85 %, 85,5 prosenttia and the like the number as it is written there; None for what is not in per cent."""
    found = _PER_CENT.fullmatch(text.strip())
    return found[1] if found else None


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

    None for anything else: a week (2026-W06-1), a year of two digits, or 2/1/2026, which is two days; and for a year before
    `FIRST_YEAR`: 1.2.0026 is a slip. 31.12.9999 is a register's way to write no end.
    """
    text = text.strip()
    if found := _DAY.fullmatch(text):
        year, month, of_month = found.groups()
    elif found := _FINNISH.fullmatch(text):
        of_month, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(of_month)) if int(year) >= FIRST_YEAR else None
    except ValueError:
        return None


def day_told(where: str, text: str) -> date:
    """The day that a person wrote; a fault names the place where it is none."""
    found = day(text)
    if found is None:
        raise bad_input(where, t('"{text}" is not a date', text=text[:40]), t("Write such as 2026-01-31."))
    return found


def moment(text: str) -> tuple[date, int | None] | None:
    """The day that the text writes, and of its time in Helsinki the minutes since midnight; None where it writes neither.

    2026-02-01T09:30 and 2026-02-01 09:30:00 and 1.2.2026 klo 9.30; with an offset (2026-03-31T22:30:00Z) turned into Helsinki's, so of
    the next day. Midnight is no time: so a table program writes a day alone.
    """
    if (alone := day(text)) is not None:
        return alone, None
    found = _MOMENT.fullmatch(text.strip())
    on = day(found[1]) if found else None
    if found is None or on is None:
        return None
    hour, minute = int(found[2]), int(found[3])
    if hour > 23 or minute > 59:
        return None
    if not found[5] or not hour + minute:
        return on, hour * 60 + minute or None
    offset = "+00:00" if found[5] in "Zz" else found[5] if len(found[5]) > 3 else f"{found[5]}:00"
    return in_helsinki(datetime.fromisoformat(f"{on}T{hour:02}:{minute:02}{offset}"))


def standard(text: str) -> str:
    """A day or a moment that begins with a Finnish day in the standard's form: 1.6.2026 klo 9.30 is 2026-06-01T09:30. Any other text as
    it is, so that nothing that it tells is lost."""
    found = _FINNISH_MOMENT.fullmatch(text.strip())
    on = day(found[1]) if found else None
    if found is None or on is None:
        return text
    hour, minute, second, zone = found[2], found[3], found[4] or "00", (found[5] or "").upper()
    return f"{on}T{hour:0>2}:{minute}:{second}{zone}" if hour else f"{on}"


def in_helsinki(told: datetime) -> tuple[date, int | None]:
    """The moment's day and minute by the clock of Helsinki; of one without a zone, its own."""
    local = told.astimezone(HELSINKI) if told.tzinfo else told
    return local.date(), local.hour * 60 + local.minute or None


def serial(text: str) -> date | None:
    """The day that a table program keeps as a bare number, such as 46113; of this century, by the count that begins in 1900."""
    return date(1899, 12, 30) + timedelta(days=int(text)) if _SERIAL.fullmatch(text.strip()) else None


def euros(text: str) -> Decimal | None:
    """The sum that the text writes: a number, with or without € or EUR; less than nothing with the sign before or after, or in brackets."""
    plain = _EUROS.fullmatch(text.strip().replace("\u2212", "-"))
    bare = plain[1].strip() if plain else ""
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1].strip()}"
    elif bare.endswith("-"):
        bare = f"-{bare[:-1].strip()}"
    if bare[:1] in ("+", "-"):  # the currency after the sign: -€30.20
        rest = _EUROS.fullmatch(bare[1:].strip())
        bare = bare[0] + (rest[1].strip() if rest else "")
    return number(bare)
