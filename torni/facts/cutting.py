"""Where a batch is cut, so that it leaves the room as its events one by one would.

The door takes many events at once. Those that look back at others of the batch must find them written: a correction at what it
replaces, and whatever belongs to the same matter or register row as what is taken back. Between such, the batch is cut. (Events
that open and answer one matter are no reason to cut: the door settles them in rounds.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from torni.facts.opening import Connection
from torni.facts.registers import RESIDENT, TYPES, UNIT

_LOOKED_AT = ("source", "id", "type", "matter", "client", "unit", "replaces_id")
Key = tuple[Any, ...]
Batch = pl.DataFrame | Sequence[Mapping[str, Any]]


def cut(events: Batch, connection: Connection) -> Iterator[tuple[int, int]]:
    """The batch's parts, each as (first, after its last); in order they are the whole batch."""
    start = 0
    if looking := _looking_back(events):
        targets = _targets(looking, events, connection)
        back_of = [_back(row, targets.get((row["source"], row["replaces_id"]))) for row in looking]
        seen: set[Key] = set()  # whatever the part has so far
        taken: set[Key] = set()  # whatever the part takes back
        for number, row in _having(events, set(map(_id, looking)).union(*back_of)):  # no other meets any of them
            mine, back = _keys(row), _back(row, targets.get((row["source"], row["replaces_id"])))
            if _id(row) in seen or mine & taken or back & (seen | taken):
                yield start, number
                start, seen, taken = number, set(), set()
            seen |= mine
            taken |= back
    yield start, len(events)


def ordered(events: Sequence[Mapping[str, Any]]) -> list[int]:
    """The lines in the order in which they are taken in: registers first, then by their own time, a correction after what it replaces.

    So the order in which they were written into one batch or file changes nothing. Of one moment they stay as they came. What
    takes back or corrects a register's telling comes at its own time: of two that replace one event the earlier is taken.
    """
    lines = sorted(range(len(events)), key=lambda i: (not _first_telling(events[i]), events[i]["at"]))
    if not any(e.get("replaces_id") for e in events):
        return lines
    here = {(e["source"], e["id"]) for e in events}
    placed: set[Key] = set()
    out: list[int] = []
    waiting: dict[Key, list[int]] = {}
    for line in lines:
        ready = [line]
        while ready:
            event = events[now := ready.pop()]
            target = (event["source"], event.get("replaces_id"))
            if event.get("replaces_id") and target in here and target not in placed:
                waiting.setdefault(target, []).append(now)
                continue
            out.append(now)
            placed.add(key := (event["source"], event["id"]))
            ready += reversed(waiting.pop(key, []))
    return out + sorted(line for left in waiting.values() for line in left)  # those that replace each other in a ring


def _first_telling(event: Mapping[str, Any]) -> bool:
    return event["type"] in (RESIDENT, UNIT) and not event.get("replaces_id")


def _looking_back(events: Batch) -> list[dict[str, Any]]:
    """The events by which a batch may have to be cut: those that replace another, and those whose id is there twice."""
    if not isinstance(events, pl.DataFrame):
        times = Counter((e["source"], e["id"]) for e in events)
        return [_row(e) for e in events if e.get("replaces_id") or times[e["source"], e["id"]] > 1]
    some = pl.struct("source", "id").is_duplicated()
    if "replaces_id" in events.columns:
        some |= pl.col("replaces_id").is_not_null()
    return [_row(e) for e in events.filter(some).to_dicts()]


def _having(events: Batch, keys: set[Key]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The batch's events that have any of these keys, with their lines; and those that have another source's id like them."""
    values: dict[str, set[Any]] = {}
    for name, *value in keys:
        values.setdefault(name, set()).add(value[-1])
    if isinstance(events, pl.DataFrame):
        here = [name for name in values if events.schema.get(name, pl.Null) != pl.Null]
        some = pl.any_horizontal(pl.col(name).is_in(list(values[name])) for name in here)
        yield from ((row["line"], _row(row)) for row in events.with_row_index("line").filter(some).to_dicts())
    else:
        for line, event in enumerate(events):
            if any(event.get(name) in some for name, some in values.items()):
                yield line, _row(event)


def _row(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: event.get(name) for name in _LOOKED_AT}


def _targets(
    looking: Sequence[Mapping[str, Any]], events: Batch, connection: Connection
) -> dict[Key, Mapping[str, Any]]:
    """What is replaced, by its source and id, as the log or the batch itself has it."""
    wanted = [(r["source"], r["replaces_id"]) for r in looking if r["replaces_id"]]
    found: dict[Key, Mapping[str, Any]] = {}
    if wanted:
        for source, id_, type_, matter, client, unit in connection.execute(
            "SELECT e.source, e.id, e.type, e.matter, e.client, e.unit FROM unnest(%s::text[], %s::text[]) AS w (source, id) "
            "JOIN LATERAL (SELECT * FROM event e WHERE e.id = w.id AND e.source = w.source LIMIT 1) e ON true",
            [[s for s, _ in wanted], [i for _, i in wanted]],
        ).fetchall():
            found[source, id_] = {"type": type_, "matter": matter, "client": client, "unit": unit}
        for _, row in _having(events, {("id", *one) for one in wanted}):
            found.setdefault((row["source"], row["id"]), row)
    return found


def _id(row: Mapping[str, Any]) -> Key:
    return ("id", row["source"], row["id"])


def _keys(row: Mapping[str, Any]) -> set[Key]:
    """What the event is about."""
    return {_id(row), ("matter", row["matter"]), ("client", row["client"]), ("unit", row["unit"])} - _NONE


def _back(row: Mapping[str, Any], target: Mapping[str, Any] | None) -> set[Key]:
    """What it takes back: an event, what else is of its matter, and where it is a telling all that is of its subject; most take back nothing."""
    if not row["replaces_id"]:
        return set()
    keys: set[Key] = {("id", row["source"], row["replaces_id"])}
    if target:
        keys.add(("matter", target["matter"]))
        if target["type"] in TYPES:
            keys |= {("client", target["client"]), ("unit", target["unit"])}
    return keys - _NONE


_NONE: set[Key] = {("matter", None), ("client", None), ("unit", None)}
