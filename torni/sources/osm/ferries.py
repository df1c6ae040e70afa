"""Ferries as they are drawn in OpenStreetMap: who may board, how long a crossing takes, and where one waits.

Sources: OpenStreetMap wiki, Tag:route=ferry, Key:duration (minutes, HH:MM, HH:MM:SS or ISO 8601) and Key:access.
A crossing's duration is of its whole way, or of its whole line where only the line's relation tells it. One waits
where one boards: once a line, whatever its ways and ports, and again where one changes to another line (`ferry_lines`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import MEANS, closed_bits
from torni.sources.osm.access import (
    ACCESS_KEYS,
    EVERYBODY,
    KEYS,
    NO_LONGER,
    against,
    gone,
    part_year,
    said,
    seasonal,
    unread,
)
from torni.sources.osm.ferry_lines import FerryLine, LineName, boats, line_names

LONGEST_S = 3 * 24 * 3600
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_WORDS = re.compile(
    rf"{_NUMBER}\s*(d(?:ays?)?|h(?:(?:ou)?rs?|ours?)?|t(?:untia?|im(?:mar?|me)?)?|m(?:n|in(?:ute?s?|s|uuttia?|uter?|uutti)?)?|"
    r"s(?:ec(?:ond)?s?|ek(?:untia?|under)?)?|['\u2019\u2032])\.?\s*"
)
_SPELT = {
    "puoli tuntia": 1800.0,
    "tunti": 3600.0,
    "vartti": 900.0,
    "half an hour": 1800.0,
    "halvtimme": 1800.0,
    "en halvtimme": 1800.0,
}
_ISO = re.compile(rf"p(?:0+y)?(?:0+m)?(?:{_NUMBER}d)?(?:t(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?)?")


@dataclass(frozen=True)
class Believed:
    """Which durations are: between what two speeds take, and so many minutes more that may be of lying in port."""

    slowest_kmh: float = 0.0
    fastest_kmh: float = 1e9
    port_min: float = 0.0

    def takes(self, seconds: float, metres: float) -> bool:
        """Whether a crossing of that length may take that long."""
        slowest_s = metres / (self.slowest_kmh / 3.6) if self.slowest_kmh else float("inf")
        return metres / (self.fastest_kmh / 3.6) <= seconds <= slowest_s + self.port_min * 60


EVERY = Believed()
ONE_TRACK = ("bicycle", "motorcycle", "moped", "mofa", "speed_pedelec", "small_electric_vehicle")
ONE_WAY = closed_bits(MEANS, forward=False, backward=True)


@dataclass(frozen=True)
class Ferry:
    """One way of a ferry. `seconds`: of the whole way, None unknown. `closed`: bits. `lines`: those it tells that it is of."""

    refs: tuple[int, ...]
    seconds: float | None
    closed: int
    lines: tuple[LineName, ...]
    notes: tuple[str, ...] = ()
    relations: tuple[int, ...] = ()
    doubted: bool = False


@dataclass
class Sailings:
    """Edges that ferries add. Nodes are rows of the street network's points; `points` repeats the point of each new one."""

    tail: list[int] = field(default_factory=list)
    head: list[int] = field(default_factory=list)
    fixed_s: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    loose: int = 0


def is_ferry(tags: Mapping[str, str]) -> bool:
    return "ferry" in (part.strip() for part in tags.get("route", "").split(";"))


def was_ferry(tags: Mapping[str, str]) -> bool:
    """Whether it is drawn as a ferry that no longer sails, or not yet."""
    return (
        not is_ferry(tags)
        and "highway" not in tags
        and any(tags.get(f"{s}:route") == "ferry" for s in (*NO_LONGER, "was"))
    )


def ferry_of(refs: Sequence[int], tags: Mapping[str, str], lines: Sequence[FerryLine], on: date | None = None) -> Ferry:
    """A ferry's way; what its own tags lack is taken from the relations that it belongs to."""
    own_duration = duration_s(tags.get("duration"))
    everything = dict(tags)
    for line in lines:
        everything = _added(line.tags, everything)
    notes = [n for n in unread(everything) if n != "maxspeed"]
    if {"interval", "opening_hours", "service_times"} & set(everything):
        notes.append("ferry_times")
    if not (said(everything, "car", True) or said(everything, "car", False)):
        takes_cars = boarding(everything) & closed_bits(("car",), forward=True, backward=True) == 0
        notes.append("ferry_cars_assumed" if takes_cars else "ferry_no_cars_assumed")
    # A line that is planned or ended takes its ways with it, unless another sails them.
    ended = was_ferry(tags) or gone(everything, on) or (bool(lines) and all(gone(line.tags, on) for line in lines))
    part_of_year = not ended and _of_a_season(tags, lines)
    closed = EVERYBODY if ended or part_of_year else boarding(everything)
    if not ended and part_year(everything):
        part_of_year = closed == EVERYBODY
        notes.append("part_year")
    if ended or part_of_year:
        notes = ["gone" if ended else "seasonal"]
    of = tuple(line.id for line in lines)
    return Ferry(tuple(refs), own_duration, closed, line_names(tags, lines), tuple(notes), of)


def _of_a_season(own: Mapping[str, str], lines: Sequence[FerryLine]) -> bool:
    """Whether a way is sailed a part of the year only. What the way itself tells of its season stands over its lines; of one that tells
    nothing, some line sails it all year or none does."""
    if seasonal(own):
        return True
    told = "seasonal" in own or own.get("opening_hours", "").strip() == "24/7"
    return not told and bool(lines) and all(seasonal(line.tags) for line in lines)


def _added(of_line: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """A way's tags and those of its line that it lacks. Of whom the way says anything, the line says nothing more."""
    told = {means for means in MEANS if said(own, means, True) or said(own, means, False)}

    def adds(key: str) -> bool:
        first = key.split(":")[0]
        if first in ACCESS_KEYS:
            return any(first in KEYS[means] for means in MEANS if means not in told)
        return key not in ("duration", "name", "ref", "type")

    return {**{key: value for key, value in of_line.items() if adds(key)}, **own}


def boarding(tags: Mapping[str, str]) -> int:
    """Closed bits of a ferry. Walkers board every one that does not forbid them.

    A ferry of which nothing is said, or that takes cars, carries everybody whom it does not forbid; one that names
    walkers, vehicles of one track, passengers or a cargo alone carries no cars, and bicycles only where it names them.
    A lorry or a bus is of the kind that a car is (Key:access: motor vehicles of two tracks), and has no more room; a
    motorcycle or a moped is of the other, so what is said of it tells nothing of cars.
    """
    named = {means: said(tags, means, True) or said(tags, means, False) for means in MEANS}
    cargo = {part.strip() for part in tags.get("cargo", "").split(";") if part.strip()}
    cars = (
        any(_yes(tags, key) for key in ("hgv", "goods", "bus", "coach", "motorhome", "caravan"))
        or "vehicle" in cargo
        or "hgv" in cargo
    )
    cars = cars or tags.get("ferry", "no") in ("trunk", "primary", "secondary", "tertiary", "unclassified", "local")
    cars = cars or any(_bears_cars(tags[key]) for key in ("maxweight", "maxgcweight", "maxaxleload") if key in tags)
    cars = cars or any(tags.get(key, "none") not in ("none", "no") for key in ("maxheight", "maxlength", "maxwidth"))
    # Who is kept ashore tells nothing of the others; who is let aboard does.
    some_named = (
        any(_yes(tags, key) for key in ("foot", *ONE_TRACK)) or bool(cargo) or tags.get("passengers", "no") != "no"
    )
    takes_cars = named["car"][0] if named["car"] else cars or not some_named
    default = {"car": takes_cars, "bicycle": takes_cars or not some_named or "bicycle" in cargo, "walk": True}
    closed = 0
    for means, forward in product(MEANS, (True, False)):
        told = said(tags, means, forward)
        may = told[0] if told is not None else default[means]
        # A ferry that sails one way sails it with everybody aboard.
        bound = "car" if means == "walk" else means
        if not may or against(tags, bound, forward, motorway=False):
            closed |= closed_bits((means,), forward=forward, backward=not forward)
    return closed


def _yes(tags: Mapping[str, str], key: str) -> bool:
    return tags.get(key, "no") in ("yes", "designated", "permissive", "official")


def _bears_cars(limit: str) -> bool:
    """Whether a limit of weight, in tonnes unless it says kg, is one for vehicles (assumed: from two tonnes on)."""
    found = re.match(rf"\s*{_NUMBER}\s*(kg)?", limit.casefold())
    return found is not None and _number(found[1]) / (1000 if found[2] else 1) >= 2


def duration_s(text: str | None) -> float | None:
    """A written duration in seconds; None when it is not given or not understood. Of a range, or of two, the longer."""
    text = (text or "").strip().casefold().replace("\N{EN DASH}", "-")
    text = re.sub(r"^(?:~|ca\.?|about|n\.|noin|circa)\s*", "", text)
    parts = [_one_duration(part.strip()) for part in re.split(r"[-;]", text)]
    told = [part for part in parts if part is not None]
    return max(told) if len(told) == len(parts) <= 2 and 0 < max(told) <= LONGEST_S else None


def _one_duration(text: str) -> float | None:
    if text in _SPELT:
        return _SPELT[text]
    if dotted := re.fullmatch(r"(0\d|\d)\.([0-5]\d)", text):
        # A Finnish clock: 0.20 is twenty minutes, as 7.5 is seven and a half.
        return int(dotted[1]) * 3600 + int(dotted[2]) * 60
    if re.fullmatch(_NUMBER, text):
        return _number(text) * 60
    if past_hour := re.fullmatch(r"0?0:([6-9]\d)", text):
        return int(past_hour[1]) * 60  # 00:90
    if clock := re.fullmatch(r"(\d{1,3}):([0-5]?\d)(?::([0-5]?\d))?(?:\s*h(?:ours?|rs?)?)?", text):
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    if (iso := _ISO.fullmatch(text)) and any(iso.groups()):
        return sum(_number(v) * s for v, s in zip(iso.groups(), _UNITS.values(), strict=True) if v)
    text = re.sub(r"h\s*(\d{1,2})$", r"h \1m", text)  # 1h30
    found = list(_WORDS.finditer(text))
    if not found or "".join(m[0] for m in found) != text:
        return None
    return sum(
        _number(m[1]) * _UNITS["m" if m[2] in "'\u2019\u2032" else "h" if m[2][0] == "t" else m[2][0]] for m in found
    )


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def with_line_durations(
    ferries: Sequence[Ferry], lines: Iterable[FerryLine], length_m: Sequence[float], believed: Believed
) -> list[Ferry]:
    """Ways whose duration only their line's relation tells: the line's, less what its other ways take, by length.

    A duration that is not `believed` is none, and `doubted`.
    """
    out = [
        replace(f, seconds=None, doubted=True) if f.seconds and not believed.takes(f.seconds, metres) else f
        for f, metres in zip(ferries, length_m, strict=True)
    ]
    for line in lines:
        whole = duration_s(line.tags.get("duration"))
        of_line = sum(length_m[i] for i, f in enumerate(out) if line.id in f.relations)
        if whole and not believed.takes(whole, of_line) and not believed.takes(whole, of_line / 2):
            whole = None  # neither drawn but once, nor there and back
        legs: dict[frozenset[int], list[int]] = {}
        for i, f in enumerate(out):
            if line.id in f.relations:
                legs.setdefault(frozenset((f.refs[0], f.refs[-1])), []).append(i)
        # Ways between the same two ports, as there and back, are each the leg: it is sailed by one of them.
        told = {ends: max((out[i].seconds or 0.0 for i in own), default=0.0) for ends, own in legs.items()}
        metres = {ends: max(length_m[i] for i in own) for ends, own in legs.items() if not told[ends]}
        left, sea = (whole or 0.0) - sum(told.values()), sum(metres.values())
        for ends, own in legs.items():
            seconds = told[ends] or (left * metres[ends] / sea if left > 0 and sea > 0 else None)
            for i in own:
                if out[i].seconds is None and seconds:
                    out[i] = replace(out[i], seconds=seconds)
    return out


def sailings(
    ferries: Sequence[Ferry], nodes: Sequence[npt.NDArray[np.int64]], along: Sequence[npt.NDArray[np.float64]],
    ports: frozenset[int], *, first_new: int, wait_s: int, kmh: float,
) -> Sailings:  # fmt: skip
    """Edges of boarding, sailing and landing.

    `nodes`: each ferry's points, rows of the network; `along`: metres from its beginning (NaN where the extract lacks
    the point). `ports`: rows where a street or a path is met. A line has a deck of its own at each of its
    ports: boarding it costs `wait_s`, leaving it nothing, and staying aboard nothing either. Where two lines meet at a
    pier without a street one changes for `wait_s`.
    """
    met = Counter(int(n) for own in nodes for n in set(own.tolist()))
    aboard, changes = boats([ferry.lines for ferry in ferries], nodes, ports)
    out, decks = Sailings(), {}

    def deck(boat: int, node: int) -> int:
        if boat not in decks:
            decks[boat] = first_new + len(out.points)
            out.points.append(node)
            if node in ports:
                for tail, head, seconds in ((node, decks[boat], wait_s), (decks[boat], node, 0)):
                    _add(out, tail, head, seconds, ONE_WAY)
        return decks[boat]

    for number, (ferry, own, metres) in enumerate(zip(ferries, nodes, along, strict=True)):
        known = np.flatnonzero(np.isfinite(metres))
        if len(known) < 2:
            continue
        ends = {int(known[0]), int(known[-1])}
        stops = [int(i) for i in known if i in ends or int(own[i]) in ports or met[int(own[i])] > 1]
        ashore = all(int(own[i]) in ports or met[int(own[i])] > 1 for i in ends)
        out.loose += not ashore and ferry.closed != EVERYBODY
        whole = float(metres[known[-1]])
        seconds = ferry.seconds if ferry.seconds is not None else whole / (kmh / 3.6)
        share = metres / whole if whole > 0 else np.arange(len(metres)) / (len(metres) - 1)
        # Rounded along the way and not piece by piece: the pieces add up to the whole duration.
        at = [round(seconds * float(share[i])) for i in stops]
        for (i, j), (start, end) in zip(
            zip(stops[:-1], stops[1:], strict=True), zip(at[:-1], at[1:], strict=True), strict=True
        ):
            if own[i] != own[j]:
                for boat in aboard[number]:
                    tail, head = boat[int(own[i])], boat[int(own[j])]
                    _add(out, deck(tail, int(own[i])), deck(head, int(own[j])), end - start, ferry.closed)
    for one, other in changes:
        if one in decks and other in decks:
            _add(out, decks[one], decks[other], wait_s, ONE_WAY)
            _add(out, decks[other], decks[one], wait_s, ONE_WAY)
    return out


def _add(out: Sailings, tail: int, head: int, seconds: int, closed: int) -> None:
    out.tail.append(tail)
    out.head.append(head)
    out.fixed_s.append(seconds)
    out.closed.append(closed)
