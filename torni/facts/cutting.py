"""Where a batch is cut, so that it leaves the room as its events one by one would.

The door takes many events at once. Those that look back at others of the batch must find them written: a correction at what it
replaces, and whatever belongs to the same matter or register row as what is taken back. Between such, the batch is cut. (Events
that open and answer one matter are no reason to cut: the door settles them in rounds.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from torni.facts.opening import Connection
from torni.facts.registers import RESIDENT, TYPES, UNIT

_LOOKED_AT = ("source", "id", "type", "matter", "client", "unit", "replaces_id")
Key = tuple[Any, ...]


def cut(events: pl.DataFrame | Sequence[Mapping[str, Any]], connection: Connection) -> Iterator[tuple[int, int]]:
    """The batch's parts, each as (first, after its last); in order they are the whole batch."""
    rows = _rows(events)
    if rows is None:
        yield 0, len(events)
        return
    targets = _targets(rows, connection)
    start = 0
    seen: set[Key] = set()  # whatever the part has so far
    taken: set[Key] = set()  # whatever the part takes back
    for number, row in enumerate(rows):
        mine = _keys(row)
        target = targets.get((row["source"], row["replaces_id"])) if row["replaces_id"] else None
        back = _back(row, target) if row["replaces_id"] else set()
        if _id(row) in seen or mine & taken or back & (seen | taken):
            yield start, number
            start, seen, taken = number, set(), set()
        seen |= mine
        taken |= back
    yield start, len(rows)


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


def _rows(events: pl.DataFrame | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """What the cutting looks at; None where no event can look back at another."""
    if isinstance(events, pl.DataFrame):
        replaces = "replaces_id" in events.columns and events["replaces_id"].null_count() < len(events)
        if not replaces and not events.select(pl.struct("source", "id").is_duplicated().any()).item():
            return None
        missing = [pl.lit(None).alias(name) for name in _LOOKED_AT if name not in events.columns]
        return events.with_columns(missing).select(_LOOKED_AT).to_dicts()
    if not any(e.get("replaces_id") for e in events) and len({(e["source"], e["id"]) for e in events}) == len(events):
        return None
    return [{name: e.get(name) for name in _LOOKED_AT} for e in events]


def _targets(rows: Sequence[Mapping[str, Any]], connection: Connection) -> dict[Key, Mapping[str, Any]]:
    """What is replaced, by its source and id, as the log or the batch itself has it."""
    wanted = [(r["source"], r["replaces_id"]) for r in rows if r["replaces_id"]]
    found: dict[Key, Mapping[str, Any]] = {}
    if wanted:
        for source, id_, type_, matter, client, unit in connection.execute(
            "SELECT e.source, e.id, e.type, e.matter, e.client, e.unit FROM unnest(%s::text[], %s::text[]) AS w (source, id) "
            "JOIN LATERAL (SELECT * FROM event e WHERE e.id = w.id AND e.source = w.source LIMIT 1) e ON true",
            [[s for s, _ in wanted], [i for _, i in wanted]],
        ).fetchall():
            found[source, id_] = {"type": type_, "matter": matter, "client": client, "unit": unit}
    for row in rows:
        found.setdefault((row["source"], row["id"]), row)
    return found


def _id(row: Mapping[str, Any]) -> Key:
    return ("id", row["source"], row["id"])


def _keys(row: Mapping[str, Any]) -> set[Key]:
    """What the event is about."""
    return {_id(row), ("matter", row["matter"]), ("client", row["client"]), ("unit", row["unit"])} - _NONE


def _back(row: Mapping[str, Any], target: Mapping[str, Any] | None) -> set[Key]:
    """What it takes back: an event, what else is of its matter, and where it is a telling all that is of its subject."""
    keys: set[Key] = {("id", row["source"], row["replaces_id"])}
    if target:
        keys.add(("matter", target["matter"]))
        if target["type"] in TYPES:
            keys |= {("client", target["client"]), ("unit", target["unit"])}
    return keys - _NONE


_NONE: set[Key] = {("matter", None), ("client", None), ("unit", None)}
