"""Whether opening hours leave a season out, by the days of the year that their rules name.

Source: OpenStreetMap wiki, Key:opening_hours and its specification: rules parted by semicolons, each overriding those
before it on the days that it names; one that names no dates is of the whole year; `off` and `closed` shut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = 366  # those of a leap year, in which every date is
LONGEST_BREAK = 14  # days shut on end: as many are holidays, more are a season (assumed)

_RULES = re.compile(
    r";|(?=\|\|)|(?<=\d:\d\d)\s*,\s*(?=[a-z])(?!sun|dawn|dusk)|(?<=24/7)\s*,|(?<=off)\s*,|(?<=closed)\s*,"
)
_MONTH = rf"\b({'|'.join(MONTHS)})[a-z]*\b\.?"
_DAY = r"(\d\d?)(?![\d:])"
_DATES = re.compile(
    rf"{_MONTH}(?:\s*{_DAY})?(?:\s*-\s*(?:{_MONTH}(?:\s*{_DAY})?|{_DAY}))?((?:\s*,\s*\d\d?(?:-\d\d?)?(?![\d:]))*)"
)
_WEEKS = re.compile(r"\bweek\s*(\d\d?(?:-\d\d?)?(?:/\d)?(?:\s*,\s*\d\d?(?:-\d\d?)?(?:/\d)?(?![\d:]))*)")
_NTH = r"\s+(?:mo|tu|we|th|fr|sa|su)\[[-\d, ]+\](?:\s*[+-]\d+ days?)?"
# Comments, years, and the weekdays at either end of a span of months.
_UNSEEN = re.compile(
    rf'"[^"]*"|(?<![\d:])20\d\d(?![\d:])(?:-20\d\d|\+)?|(?<=[a-z]){_NTH}(?=\s*-\s*(?:{"|".join(MONTHS)}))'
)
_UNSEEN_END = re.compile(rf"(-\s*(?:{'|'.join(MONTHS)})[a-z]*){_NTH}")
# Words of a rule that shuts whole days; any other makes it one of part of a day or a week, or not understood.
_WHOLE_DAYS = re.compile(r"\b(?:off|closed|mo-su|mo-fr,\s*sa-su|24/7)\b(?:,\s*ph\b)?|\b0?0:00-24:00|[\s,:.|-]")
# 1.5. is the first of May; a clock's 8.30 has no dot after it, nor a month 30.
_FINNISH_DATE = re.compile(r"(?<![\d.:])(0?[1-9]|[12]\d|3[01])\.\s?(0?[1-9]|1[0-2])\.(?!\d)")
_SEASON = re.compile(
    r"(?:vain |only |endast )?(?:kesä|kesällä|kesäisin|kesäkausi|summers?|summer only|in summer|sommar(?:tid|en)?|talvi|talvella|talvisin|winter|vinter(?:tid)?)"
)
_HOLIDAYS_ONLY = re.compile(r"\s*(?:ph|sh)(?:\s*,\s*(?:ph|sh))*\b(?!\s*,)")


def leaves_a_season_out(hours: str) -> bool:
    """Whether opening hours shut for more than `LONGEST_BREAK` days on end. What is not understood shuts nothing."""
    text = hours.casefold().replace("\N{EN DASH}", "-")
    if _SEASON.fullmatch(text.strip()):
        return True
    text = _UNSEEN_END.sub(r"\1", text)
    text = _UNSEEN.sub("", _FINNISH_DATE.sub(lambda m: f"{MONTHS[int(m[2]) - 1]} {int(m[1])}", text))
    rules = [rule.strip() for rule in _RULES.split(text) if rule.strip(" |")]
    shuts = [bool(re.search(r"\b(?:off|closed)\b", rule)) for rule in rules]
    # Hours that tell only when it is shut are open otherwise.
    open_on = set(range(DAYS)) if all(shuts) else set[int]()
    for rule, shut in zip(rules, shuts, strict=True):
        if shut and not rule.startswith("||") and _shuts_whole_days(rule):
            open_on -= _days(rule)
        elif not shut and not _HOLIDAYS_ONLY.match(rule):
            open_on |= _days(rule)
    return bool(rules) and _longest_break(open_on) > LONGEST_BREAK


def shuts_a_season(conditional: str, allows: Callable[[str], bool | None]) -> bool:
    """Whether a value under conditions shuts for a season: no @ (Nov 1-May 15). `allows`: whether a value opens, None where it says nothing.

    Source: OpenStreetMap wiki, Conditional restrictions: values with conditions, parted by semicolons, a later one over those before it.
    """
    rules = ["24/7"]
    for value, inside, bare in _CONDITIONS.findall(conditional):
        opens = allows(value)
        for condition in (inside or bare).split(";"):
            if opens is not None and condition.strip():
                rules.append(f"{condition.strip()} {'open' if opens else 'off'}")
    return len(rules) > 1 and leaves_a_season_out(";".join(rules))


_CONDITIONS = re.compile(r"([^@;]+)@\s*(?:\(([^)]*)\)|([^;]*))")


def _shuts_whole_days(rule: str) -> bool:
    """Whether a rule that shuts names days of the year only, and not hours, weekdays, holidays or what is not understood."""
    left = _WHOLE_DAYS.sub(" ", _WEEKS.sub(" ", _DATES.sub(" ", rule))).strip()
    return not left or _SEASON.fullmatch(left) is not None


def _days(rule: str) -> set[int]:
    """The days of a rule, 0 the first of January: those of its dates and weeks, all of them where it names none."""
    found = {day for span in _spans(rule) for day in span}
    return found or set(range(DAYS))


def _spans(rule: str) -> Iterator[list[int]]:
    for first, day, last, last_day, same_month, more in _DATES.findall(rule):
        begin = _number(first, day or "1")
        yield _between(begin, _number(last or first, last_day or same_month or ("" if last or not day else day)))
        for part in re.findall(r"\d\d?(?:-\d\d?)?", more):
            start, _, end = part.partition("-")
            yield _between(_number(first, start), _number(first, end or start))
    for weeks in _WEEKS.findall(rule):
        for start, end, step in re.findall(r"(\d\d?)(?:-(\d\d?))?(?:/(\d))?", weeks):
            for week in range(int(start), int(end or start) + 1, max(1, int(step or 1))):
                yield [d for d in range((week - 1) * 7, week * 7 if week < 52 else DAYS) if d < DAYS]


def _number(month: str, day: str) -> int:
    """A day of the leap year; the month's last for no day, and for one that the month lacks."""
    number = MONTHS.index(month) + 1
    following = date(2024, number + 1, 1) if number < 12 else date(2025, 1, 1)
    length = (following - date(2024, number, 1)).days
    return (date(2024, number, 1) - date(2024, 1, 1)).days + min(int(day or length), length) - 1


def _between(begin: int, end: int) -> list[int]:
    return [(begin + i) % DAYS for i in range((end - begin) % DAYS + 1)]


def _longest_break(open_on: set[int]) -> int:
    """Days shut on end, over the turn of the year too."""
    if not open_on:
        return DAYS
    days = sorted(open_on)
    return max((after - before - 1) % DAYS for before, after in zip(days, [*days[1:], days[0]], strict=True))
