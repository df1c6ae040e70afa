"""On which days a timetable's services run, and which days it knows of at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from torni.core.language import Message
from torni.sources.gtfs.archive import Archive, worth_telling
from torni.sources.gtfs.fields import Reading

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOST_TRIED = 1000  # days for the busiest: three years, however far an absurd calendar reaches


@dataclass(frozen=True)
class Days:
    """`weekly`: service, seven booleans, first and last day. `added` and `removed`: day to services.

    `known`: the stretches of days about which the timetable says something, in order, apart from one another.
    `complete`: the first and the last day for which it says of itself that it is complete; None where it does not say.
    """

    weekly: tuple[tuple[str, tuple[bool, ...], int, int], ...]
    added: dict[int, frozenset[str]]
    removed: dict[int, frozenset[str]]
    known: tuple[tuple[int, int], ...]
    complete: tuple[int, int] | None = None

    def services_on(self, day: date) -> frozenset[str]:
        """The services that run on a day: the week's, with that day's exceptions."""
        at, weekday = day.toordinal(), day.weekday()
        usual = {s for s, week, first, last in self.weekly if first <= at <= last and week[weekday]}
        return frozenset((usual | self.added.get(at, frozenset())) - self.removed.get(at, frozenset()))

    def knows(self, day: date) -> bool:
        """Whether the timetable says anything of the day. On a day it knows, what does not run does not run."""
        return any(first <= day.toordinal() <= last for first, last in self.known)

    def only_likely(self, day: date) -> Message | None:
        """What is told of a day outside the period for which the timetable says that it is complete."""
        if self.complete is None or self.complete[0] <= day.toordinal() <= self.complete[1]:
            return None
        first, last = self.complete
        ends = _shown(first) if first > 1 else "", _shown(last) if last < date.max.toordinal() else ""
        return Message(
            "The timetable says that it is complete for {a}; of {day} it tells only what is likely",
            a="–".join(ends), day=f"{day.day}.{day.month}.{day.year}",
        )  # fmt: skip

    @property
    def services(self) -> frozenset[str]:
        return frozenset(s for s, *_ in self.weekly).union(*self.added.values())

    def busiest(self, trips_of: dict[str, int]) -> date | None:
        """The first day with the most trips, among the exceptions and the weeks after each change of the weekly services."""
        tried: set[int] = set(self.added) | set(self.removed)
        for _, _, first, last in self.weekly:
            tried |= set(range(first, min(last, first + 13) + 1)) | {last}
        best, most = None, 0
        for at in sorted(tried)[:_MOST_TRIED]:
            day = date.fromordinal(at)
            count = sum(trips_of.get(s, 0) for s in self.services_on(day))
            if count > most:
                best, most = day, count
        return best

    def told(self) -> str:
        """The known stretches, as 1.9.2026–30.11.2026; the last few of many."""
        shown = [f"{_shown(a)}–{_shown(b)}" for a, b in self.known[-3:]]
        return ("… " if len(self.known) > 3 else "") + ", ".join(shown)


def _shown(ordinal: int) -> str:
    day = date.fromordinal(ordinal)
    return f"{day.day}.{day.month}.{day.year}"


def read_days(archive: Archive, reading: Reading) -> tuple[Days, list[Message]]:
    """The calendar of the archive. Faults go to `reading`; what is merely useless is told."""
    week = archive.table("calendar")
    reading.given("calendar", ("service_id", *_WEEKDAYS, "start_date", "end_date"), week)
    reading.once("calendar", ("service_id",), week)
    first, last = reading.days("calendar", "start_date", week), reading.days("calendar", "end_date", week)
    runs = [reading.whole("calendar", day, week, most=1) for day in _WEEKDAYS]
    dates = archive.table("calendar_dates")
    reading.given("calendar_dates", ("service_id", "date", "exception_type"), dates)
    reading.once("calendar_dates", ("service_id", "date"), dates)
    at = reading.days("calendar_dates", "date", dates)
    kind = reading.whole("calendar_dates", "exception_type", dates, least=1, most=2)
    info = archive.table("feed_info")
    from_info = reading.days("feed_info", "feed_start_date", info), reading.days("feed_info", "feed_end_date", info)
    if reading.faults:
        return Days((), {}, {}, ()), []
    weekly, backwards = [], 0
    for service, a, b, *on in zip(week["service_id"], first, last, *runs, strict=True):
        backwards += a > b
        if a <= b:
            weekly.append((service, tuple(bool(x) for x in on), a, b))
    exceptions: tuple[dict[int, set[str]], dict[int, set[str]]] = ({}, {})
    for service, day, what in zip(dates["service_id"], at, kind, strict=True):
        exceptions[what - 1].setdefault(day, set()).add(service)
    spans = [(a, b) for _, _, a, b in weekly] + _stretches(exceptions[0], {s for s, *_ in weekly})
    spans += [(a, b) for a, b in zip(*from_info, strict=True) if a is not None and b is not None and a <= b]
    added, removed = ({d: frozenset(s) for d, s in table.items()} for table in exceptions)
    notes = worth_telling(
        Message("Timetable: services that end before they begin, which never run: {count}", count=backwards)
    )
    return Days(tuple(weekly), added, removed, _joined(spans), _complete(*from_info)), notes


def _complete(starts: pl.Series, ends: pl.Series) -> tuple[int, int] | None:
    """The period of feed_info.txt, either end of which may be left open."""
    told = [(a or 1, b or date.max.toordinal()) for a, b in zip(starts, ends, strict=True) if a or b]
    return told[0] if told and told[0][0] <= told[0][1] else None


def _stretches(added: dict[int, set[str]], weekly: set[str]) -> list[tuple[int, int]]:
    """What the added days tell of: from the first to the last of a service that has no week, else each day alone.

    A day that is taken away tells of nothing: holidays are written down for years past a week's end.
    """
    out: dict[tuple[str, int], tuple[int, int]] = {}
    for day, services in added.items():
        for service in services:
            key = (service, day if service in weekly else 0)
            a, b = out.get(key, (day, day))
            out[key] = min(a, day), max(b, day)
    return list(out.values())


def _joined(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    out: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if out and a <= out[-1][1] + 1:
            out[-1] = out[-1][0], max(out[-1][1], b)
        else:
            out.append((a, b))
    return tuple(out)
