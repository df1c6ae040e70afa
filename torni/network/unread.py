"""What of a region's imported streets is not read, as sentences: told at the import and in every finding by road."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torni.core.language import Message
from torni.sources import roads


def told(counts: Mapping[str, int]) -> list[Message]:
    """One sentence for each thing that is left out or read in part, with its count."""
    return [say(counts[name]) for name, say in _SENTENCES.items() if counts.get(name)]


def street_assumptions(folder: Path | None) -> list[Message]:
    """The same for the streets that a region has imported; none for the shipped state roads."""
    if folder is None:
        return []
    counts = roads.unread(folder)
    if counts is None or not roads.knows_grounds(folder):
        return [
            Message("The streets were imported before access and islands were read as they now are: import them again")
        ]
    return told(counts)


_SENTENCES: dict[str, Callable[[int], Message]] = {
    "turn_restrictions": lambda n: Message("Of the streets, turn restrictions are not read: {count}", count=n),
    "conditional": lambda n: Message("Of the streets, conditions by hour, date or weight are not read: {count} ways", count=n),
    "maxspeed": lambda n: Message("Of the streets, speed limits are not read (speeds are by class): {count} ways", count=n),
    "changing_direction": lambda n: Message("Of the streets, ways whose one-way direction changes count as both ways: {count}", count=n),
    "destination": lambda n: Message("Of the streets, ways without through traffic count as open: {count}", count=n),
    "unknown_access": lambda n: Message("Of the streets, ways whose access is not understood count as closed: {count}", count=n),
    "seasonal": lambda n: Message("Of the streets, ice and winter roads and others not open all year are left out: {count} ways", count=n),
    "part_year": lambda n: Message("Of the streets and ferries, those shut to some for a season count as shut to them: {count}", count=n),
    "winter_service": lambda n: Message("Of the streets, ways without winter maintenance count as open all year: {count}", count=n),
    "tracks": lambda n: Message("Of the streets, tracks that do not say whether cars may use them count as closed to cars: {count}", count=n),
    "gone": lambda n: Message("Of the streets, ways being built or no longer there are left out: {count}", count=n),
    "closed": lambda n: Message("Of the streets, ways that nobody may use are left out: {count}", count=n),
    "areas": lambda n: Message("Of the streets, squares and other areas are left out: {count}", count=n),
    "over_gap": lambda n: Message("Of the streets, short pieces that only a gap of the map parts from the rest, taken to be joined: {count}", count=n),
    "apart_short": lambda n: Message("Of the streets, pieces of less than a kilometre that no road, ferry or short gap joins to the rest: {count}", count=n),
    "apart": lambda n: Message("Of the streets, pieces of a kilometre or more that no road or ferry joins to the rest, islands perhaps: {count}", count=n),
    "on_foot": lambda n: Message("Of the streets, pieces for cars that only walkers get to, by a foot bridge, a path or a boat: {count}; short ones are left on foot, but not by boat", count=n),
    "ferry_seasonal": lambda n: Message("Of the ferries, those that do not sail all year are left out: {count}", count=n),
    "ferry_times": lambda n: Message("Of the ferries, timetables and headways are not read, the wait is the same for all: {count}", count=n),
    "ferry_duration": lambda n: Message("Of the ferries, crossings without a duration that is understood are timed by length: {count}", count=n),
    "ferry_doubted": lambda n: Message("Of the ferries, crossings whose duration cannot be true for their length are timed by length: {count}", count=n),
    "ferry_cars_assumed": lambda n: Message("Of the ferries, those that do not say whether cars may board and are taken to carry them: {count}", count=n),
    "ferry_no_cars_assumed": lambda n: Message("Of the ferries, those that do not say whether cars may board and are taken to carry none: {count}", count=n),
    "ferry_loose": lambda n: Message("Of the ferries, ways that do not meet a street at both ends: {count}", count=n),
}  # fmt: skip
