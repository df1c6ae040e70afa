"""How long, how deep and of how many parts a text may be that somebody sends or brings; and JSON read within that.

A parser's work grows with what it is given, and some of it faster: brackets in brackets end a process by its stack, ten short lines
that name one another ten times make ten thousand million values, and a number of a million digits takes minutes. So every text is
measured before anything is built of it. The limits are far above what is ever written by hand or sent by a system that means well.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

from torni.core.faults import Fault
from torni.core.language import t

FIRST_YEAR, LAST_YEAR = 1850, 2150  # of a day or a moment in a region's facts
MOST_LEVELS = 32  # one inside another: the deepest definition has 6, an event 4, a FHIR bundle about 12
MOST_CHARACTERS = 1_000_000  # of one YAML file: the largest definition has 20,000
MOST_TEXT = 40_000  # of a change, a rule or a table written on a page
MOST_ALTERNATIVES = 20  # of one change: each is tried on the whole population, some seconds
MOST_CLIENT = 200_000  # of one client's facts, with the visits of some years: they are read by the slower, exact reader
MOST_PARTS = 50_000  # values of a YAML text, each repetition by alias counted: the largest definition has 1,000
MOST_MARKS = 1_000_000  # commas, colons and brackets of a JSON text: 10,000 events of 20 fields have 500,000
MOST_WEIGHT = 20_000  # parts of one rule with every service, table and line it names written out: some name others that name others
MOST_CASES = 100_000  # at which a region's table is held against the national one: each takes some microseconds
MOST_DIGITS = 100  # of one number: what is counted here has at most 18
MOST_EXPONENT = 300  # as a 64-bit float has it: a whole number made of 1e999999999 would fill the memory
MOST_COLUMNS = 1_000  # of a table: the widest that is read has some dozens
MOST_ROWS = 100_000  # of a file brought on a page: a larger one goes by the command line
MOST_UNPACKED = (
    200_000_000  # bytes of a workbook once unpacked, or read: a zip of 16 MB may hold 16 GB of one and the same
)
MOST_TIMETABLE = (
    1_000_000_000  # bytes of the tables read of one GTFS zip, unpacked: a capital's are some hundreds of millions
)
MOST_CALLS = 10_000_000  # rows of one of its tables, and connections once its headways are counted out: a capital has some millions
MOST_MEMORY, MOST_SECONDS = (
    4_000_000_000,
    120,
)  # of the process that reads a workbook: addresses, of which it uses a fourth

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAMES = re.compile(r'("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
_NEST = re.compile(r'"(?:[^"\\]|\\.)*"?|[][{}\n]', re.DOTALL)


class Unreadable(ValueError):
    """Why the text is not read: its line, what is wrong there, and what to write instead."""

    def __init__(self, line: int, what: str, remedy: str) -> None:
        self.line, self.what, self.remedy = line, what, remedy
        super().__init__(what)

    def fault(self, name: str) -> Fault:
        return Fault(f"{name}:{self.line}", self.what, self.remedy)


def too_long(length: int, most: int) -> Unreadable | None:
    """Why a text of so many characters is not read; None where it may be."""
    if length <= most:
        return None
    return Unreadable(
        1, t("{n} characters; at most {most} are read", n=length, most=most), t("Divide it into parts of their own.")
    )


def too_deep(line: int) -> Unreadable:
    return Unreadable(
        line, t("more than {most} levels, one inside another", most=MOST_LEVELS), t("Close the brackets or write it flatter: nothing here is nested so deep."),
    )  # fmt: skip


def too_many(line: int, most: int) -> Unreadable:
    return Unreadable(
        line, t("more than {most} parts", most=most), t("Divide it, and write out what is repeated only where it is needed.")
    )  # fmt: skip


def too_large_a_number(line: int) -> Unreadable:
    return Unreadable(
        line, t("a number of more than {most} digits", most=MOST_DIGITS), t("Write the number itself, or quotes round it where it is a text."),
    )  # fmt: skip


def read_json(given: str | bytes, *, exact: bool = False, most: int | None = None) -> Any:
    """The text's value; decimal numbers as Decimal where `exact`; at most so many characters. What is not JSON, or past a limit,
    is Unreadable.

    Stricter than Python's own reader: NaN and Infinity are no numbers of JSON.
    """
    try:
        text = given.decode(json.detect_encoding(given)) if isinstance(given, bytes) else given.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Unreadable(1, t("not UTF-8 text"), t("Save the file as UTF-8.")) from error
    if most is not None and (fault := too_long(len(text), most)):
        raise fault
    if sum(map(text.count, ",:[{")) > MOST_MARKS:
        raise too_many(1, MOST_MARKS)
    try:
        found = (_EXACT if exact else _PLAIN).decode(text)
    except json.JSONDecodeError as error:
        raise Unreadable(error.lineno, t("is not JSON"), t("Every text between quotation marks, commas between.")) from error  # fmt: skip
    except RecursionError as error:
        raise too_deep(_where_too_deep(text)) from error
    except _Twice as error:
        raise _told_twice(text, str(error)) from error
    except Unreadable:
        raise
    except ValueError as error:
        raise too_large_a_number(1) from error
    if _levels(found) > MOST_LEVELS:
        raise too_deep(_where_too_deep(text))
    return found


def _levels(found: Any) -> int:
    """How many lists and mappings stand one inside another, counted level by level: no recursion of its own to run out."""
    level, depth = [found] if isinstance(found, dict | list) else [], 0
    while level and depth <= MOST_LEVELS:
        depth += 1
        below = []
        for whole in level:
            for part in whole.values() if type(whole) is dict else whole:
                if type(part) is dict or type(part) is list:
                    below.append(part)
        level = below
    return depth


def _where_too_deep(text: str) -> int:
    depth, line = 0, 1
    for mark in _NEST.finditer(text):
        sign = mark[0]
        line += sign == "\n"
        depth += (sign in "[{") - (sign in "]}") if len(sign) == 1 else 0
        if depth > MOST_LEVELS:
            break
    return line


def _no_number(name: str) -> Any:
    raise Unreadable(1, t('"{found}" is not a number of JSON', found=name), t("Leave out what is not known."))


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise too_large_a_number(1)
    return int(digits)


def decimal(digits: str) -> Decimal:
    """The decimal number as it is written; one that no memory holds once it is whole is Unreadable."""
    if len(digits) > MOST_DIGITS:
        raise too_large_a_number(1)
    found = Decimal(digits)
    if found.is_finite() and abs(found.adjusted()) > MOST_EXPONENT:
        raise too_large_a_number(1)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of the pairs, where no name is told twice: of two values JSON's readers would take the last without a word."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for i, name in enumerate(names) if name in names[:i]))
    return found


class _Twice(Exception):
    """A name that one object of the text tells twice."""


def _told_twice(text: str, name: str) -> Unreadable:
    """Where: the second of the two and, in the words, the first."""
    around: list[dict[str, int]] = []
    line = 1
    for sign in _NAMES.finditer(text):
        if sign[0] == "{":
            around.append({})
        elif sign[0] == "}":
            around = around[:-1]
        elif sign[1] is not None and around:
            at = line + text.count("\n", 0, sign.start())
            here, key = around[-1], json.loads(sign[1])
            if key == name and key in here:
                return Unreadable(at, t('"{name}" is written twice, first on line {n}', name=name[:40], n=here[key]), t("Keep one of the two."))  # fmt: skip
            here[key] = at
    return Unreadable(1, t('"{name}" is written twice', name=name[:40]), t("Keep one of the two."))


_PLAIN = json.JSONDecoder(
    parse_constant=_no_number, object_pairs_hook=_once
)  # a whole number of thousands of digits Python refuses by itself
_EXACT = json.JSONDecoder(parse_constant=_no_number, parse_int=_whole, parse_float=decimal, object_pairs_hook=_once)


def day_written(text: str) -> date:
    """The day that a text writes as year-month-day; ValueError for all else, the standard's other forms too: 2026-W05-1 is a slip as often as a
    day, and 20260201 a number."""
    if not _DAY.fullmatch(text):
        raise ValueError(f"not year-month-day: {text[:40]!r}")
    return date.fromisoformat(text)
