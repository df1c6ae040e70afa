"""What has been told of changes: events of the record room, and what a file of before holds that has not been taken in yet.

The definitions of a day rest on the changes approved by then, so whoever reads them asks the room: the one that runs
(`DATABASE_URL`, or that of the data folder), or the data folder's as it stood when it was stopped: what it told is kept beside it,
with the mark of that state, and only a room that has run since is started for the look. From whatever folder one asks, it is the
same. Of a room in use one look a second is enough; what this process writes itself it sees at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from torni.core import places
from torni.core.clock import HELSINKI
from torni.core.faults import BadInput, bad_input
from torni.core.language import t

SOURCE = (
    "torni"  # nobody's feed may tell of a change: it is proposed and approved by people, on the pages or by command
)
TYPES = ("change.proposed", "change.rehearsed", "change.approved", "change.rejected", "change.withdrawn")
_NEEDS = {  # an event of the type that lacks one of these tells of no change
    "change.proposed": {"change", "by", "kind", "name", "why", "text", "diff"}, "change.rehearsed": {"change", "by", "figures"},
    "change.approved": {"change", "by", "start"}, "change.rejected": {"change", "by", "why"}, "change.withdrawn": {"change", "by"},
}  # fmt: skip
LOOK_S = 1.0
_NO_ROOM = ""
_KEPT = "changes-told.json"  # in the data folder: a copy, which may be deleted
# as a query says it: in words and not as values, for only so does the database use the index of them (`event_change`)
_TOLD = "type IN ('" + "', '".join(TYPES) + "')"
_lock = threading.RLock()


@dataclass(frozen=True)
class Told:
    """One event of a change. `id`: the event's own; the change's stands in `data`, with its region."""

    type: str
    id: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class _Seen:
    """What a room told when it was looked at. `where`: which room it was."""

    where: str
    position: int = 0
    told: tuple[Told, ...] = ()


_last: dict[
    tuple[str | None, ...], tuple[_Seen, float]
] = {}  # by the settings that choose the room: the last look, and when


def told(region: str) -> list[Told]:
    """Everything told of the region's changes, in its order; what a file of before holds comes last, until it is taken in."""
    known = in_room(region)
    here = {e.id for e in known}
    return [*known, *(e for e in of_before(region, known) if e.id not in here)]


def in_room(region: str) -> list[Told]:
    """What the record room tells of the region's changes, in its order."""
    return [e for e in _look().told if e.data.get("region") == region and _NEEDS[e.type] <= {*e.data}]


def mark(region: str) -> tuple[Any, ...]:
    """What differs when something has been told since."""
    seen = _look()
    with suppress(OSError):
        return seen.where, seen.position, file_of_before(region).stat().st_mtime_ns
    return seen.where, seen.position


def forget() -> None:
    """Look at the room anew at the next question: something has been written."""
    with _lock:
        for key, (seen, _at) in _last.items():
            _last[key] = seen, -LOOK_S


def event_id(region: str, change: str, what: str) -> str:
    """The event's own id. A change is decided once: its approval and its rejection have the same."""
    return f"change {region} {change} {what}"


def _look() -> _Seen:
    """What the room tells now, not older than a second."""
    key = tuple(os.environ.get(name) for name in ("TORNI_DATABASE", "DATABASE_URL", "TORNI_DATA"))
    with _lock:
        known, at = _last.get(key, (None, -LOOK_S))
        now = time.monotonic()
        if known is not None and now - at < LOOK_S:
            return known
        if key[0]:  # a server's own processes
            seen = _read(key[0], known, part=os.environ.get("TORNI_PART", "door"))
        else:
            from torni.facts import postgres  # what needs no database is not loaded with it

            seen = _of_running(postgres.running(), known) or _of_stopped(known)
        _last[key] = seen, now
        return seen


def _of_running(url: str | None, known: _Seen | None) -> _Seen | None:
    """What a room that runs tells; None where none does, or where whoever had started it stopped it meanwhile."""
    import psycopg

    try:
        return _read(url, known) if url else None
    except psycopg.OperationalError:
        if os.environ.get("DATABASE_URL"):
            raise
        return None


def _of_stopped(known: _Seen | None) -> _Seen:
    """What a room that does not run holds: as it was kept, or started for the look, once. Nothing where the data folder has no room."""
    from torni.facts import postgres

    with suppress(OSError):
        if (state := postgres.stopped_state()) is None:
            return _Seen(_NO_ROOM)
        where = f"{postgres.data_folder()} {state}"
        if known is not None and known.where == where:
            return known
        if (kept := _kept(where)) is not None:
            return kept
        with postgres.server() as server:
            seen = _read(server.url, None)
        state = postgres.stopped_state()  # None: somebody else uses it now, and it runs on
        return _keep(f"{postgres.data_folder()} {state}", seen) if state else seen
    return _Seen(_NO_ROOM)  # closed to this user


def _kept(where: str) -> _Seen | None:
    """What the stopped room told, if it was kept in this very state."""
    from torni.facts import postgres

    try:
        row = json.loads((postgres.data_folder() / _KEPT).read_text(encoding="utf-8"))
        if row["where"] != where:
            return None
        told = tuple(Told(type_, id_, datetime.fromisoformat(at), data) for type_, id_, at, data in row["told"])
        return _Seen(where, row["position"], told)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # whatever is wrong with a copy, the room itself is asked


def _keep(where: str, seen: _Seen) -> _Seen:
    from torni.facts import postgres

    seen = _Seen(where, seen.position, seen.told)
    rows = [[e.type, e.id, e.at.isoformat(), e.data] for e in seen.told]
    with suppress(OSError):
        path = postgres.data_folder() / _KEPT
        making = path.with_name(f"{_KEPT}.{os.getpid()}")
        with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"where": where, "position": seen.position, "told": rows}, file)
        making.replace(path)
    return seen


def _read(url: str, known: _Seen | None, *, part: str = "") -> _Seen:
    import psycopg

    from torni.facts import access, opening

    if known is not None and known.where != url:
        known = None
    try:
        with (
            access.connected(url, cast(access.Login, part))
            if part
            else opening.connect(url, autocommit=True) as connection
        ):
            row = connection.execute(f"SELECT coalesce(max(position), 0) FROM event WHERE {_TOLD}").fetchone()  # noqa: S608
            position = row[0] if row else 0
            if known is not None and known.position == position:
                return known
            rows = connection.execute(
                f"SELECT type, id, at, data FROM event WHERE {_TOLD} AND source = %s AND data IS NOT NULL ORDER BY position",  # noqa: S608
                [SOURCE],
            ).fetchall()
    except psycopg.errors.UndefinedTable:
        return _Seen(url)  # a database without a room as yet
    except (BadInput, psycopg.OperationalError):
        if known is None:
            raise
        return known  # it is on its way back: what was known holds
    return _Seen(url, position, tuple(Told(*row) for row in rows))


def file_of_before(region: str) -> Path:
    """Where a region's changes stood before they were events: a file beside its other own files."""
    return places.own_regions() / region / "changes.jsonl"


def of_before(region: str, known: Sequence[Told]) -> list[Told]:
    """The file of before as events, the same ones each time. A change whose id another change of the room has gets one of its own."""
    path = file_of_before(region)
    if not path.exists():
        return []
    proposed = {e.data["change"]: e for e in known if e.type == "change.proposed"}
    names: dict[str, str] = {}
    found: list[Told] = []
    for i, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            if "\ufffd" in line:
                raise ValueError("not UTF-8")
            found += _as_events(region, json.loads(line), proposed, names)
        except (ValueError, KeyError, TypeError) as error:
            raise bad_input(f"{path}:{i}", t("the line cannot be read"), t("Restore the file from a backup; it only grows.")) from error  # fmt: skip
    return found


def _as_events(region: str, row: Mapping[str, Any], known: Mapping[str, Told], names: dict[str, str]) -> list[Told]:
    """One line of the file as the events that it tells of. `names`: the ids of the file as they are in the room."""
    at = _moment(row["at"])
    if row["event"] == "proposed":
        there = known.get(row["id"])
        mine = hashlib.sha256(f"{row['at']} {row['by']} {row['text']}".encode()).hexdigest()[:6]
        same = there is None or (there.at, there.data["by"], there.data["text"]) == (at, row["by"], row["text"])
        names[row["id"]] = row["id"] if same else f"{row['id']}-{mine}"
    id_ = names[row["id"]]
    common = {"change": id_, "region": region, "by": row["by"]}
    if row["event"] == "proposed":
        content = {"kind": "definitions", "name": row["name"], "why": row["why"], "text": row["text"]}
        diff = [[str(part) for part in (a, b, c)] for a, b, c in row["diff"]]
        return [
            Told("change.proposed", event_id(region, id_, "proposed"), at, {**common, **content, "diff": diff}),
            Told("change.rehearsed", event_id(region, id_, "rehearsed"), at, {**common, "figures": row["rehearsal"]}),
        ]
    if row["event"] == "approved":
        start = str(datetime.fromisoformat(row["start"]).date())
        return [Told("change.approved", event_id(region, id_, "decided"), at, {**common, "start": start, "why": ""})]
    return [Told("change.withdrawn", event_id(region, id_, "withdrawn"), at, common)]


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=HELSINKI)
