"""Events as others send them: CloudEvents in JSON, or rows of a table, read into what the door takes; what is refused is kept.

A CloudEvent's `id`, `source`, `type` and `time` are its envelope; its `data` holds the columns (service, unit, client, matter,
due, quantity, of_quantity, cents, replaces) and whatever else the type tells. A table has the same names as columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from torni.core.bounds import FIRST_YEAR, LAST_YEAR
from torni.core.faults import nearest_name
from torni.core.language import Message
from torni.core.progress import each
from torni.facts.cutting import ordered
from torni.facts.data_fields import (
    MOST_TEXT,
    ByType,
    Declared,
    day_of,
    faults,
    is_short_text,
    looks_like_another,
    misspelt,
)
from torni.facts.door import HELSINKI, Door, local_day
from torni.facts.opening import Connection
from torni.facts.senders import ORGANISER, Sender, mended, part_of

COLUMNS = ("service", "unit", "client", "matter", "due", "quantity", "of_quantity", "cents", "replaces")
MOST_EVENTS = 10_000
_WHOLE = {"client", "quantity", "of_quantity", "cents"}
_NAMES = ("id", "source", "unit", "matter")  # by which one event meets another
_LIMIT = 2**63
_BEGINS_WITH_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
MOST_DEEP = 50


@dataclass(frozen=True)
class Received:
    """What became of a batch. `refused`: each line (from 0), its id where it had one, and its reasons as codes."""

    accepted: int
    repeated: int
    refused: tuple[tuple[int, str, tuple[str, ...]], ...]


def receive(
    door: Door, events: Sequence[Any], *, source: str | None = None, producer: str | None = None, now: datetime | None = None,
    keep: bool = True, sender: Sender | None = None, file_rows: Sequence[int] | None = None,
) -> Received:  # fmt: skip
    """Send a batch through the door. What cannot be read or is refused is told by line and kept in quarantine (`keep`).

    `source`: the feed that sends; an event that names another is refused, so that nobody speaks for somebody else.
    `producer`: events may be of its units alone. `sender`: who sends them; `file_rows`: where each stood in the sender's file.
    """
    refused: dict[int, tuple[str, ...]] = {}
    rows: list[dict[str, Any]] = []
    lines: list[list[int]] = []  # each row's, the same event sent twice in a batch standing on two
    known: dict[tuple[str, str], int] = {}
    declared = declared_by(door)
    found = [read(event, source=source, declared=declared) for event in events]
    doubted = {
        line: row for line, (row, reasons) in enumerate(found) if reasons and not read(events[line], source=source)[1]
    }
    taken_before = _here(door.connection, doubted)
    for line, (row, reasons) in enumerate(found):
        if reasons and line not in taken_before:
            refused[line] = tuple(reasons)
        elif (before := known.setdefault((row["source"], row["id"]), len(rows))) < len(rows) and rows[before] == row:
            lines[before].append(line)
        else:
            rows.append(row)
            lines.append([line])
    order = ordered(rows)
    with door.connection.transaction():
        done = door.accept(
            [rows[i] if file_rows is None else {**rows[i], "file_row": file_rows[lines[i][0]]} for i in order],
            now=now, producer=producer, sender=sender,
        )  # fmt: skip
        repeated = done.repeated
        for number, i in enumerate(order):
            if number in done.refused:
                refused |= dict.fromkeys(lines[i], done.refused[number])
            else:
                repeated += len(lines[i]) - 1
    # the room's lock is open again: what is refused is looked at and kept while others write
    near = _Near(door)
    refused = {line: near.told(events[line], codes) for line, codes in refused.items()}
    if keep and refused:
        _keep(door.connection, events, refused, source, producer, sender, file_rows)
    told = tuple((line, _id(events[line]), reasons) for line, reasons in sorted(refused.items()))
    return Received(done.written, repeated, told)


def receive_many(
    door: Door, events: Sequence[Any], *, rows: Sequence[int] = (), size: int = 2_000, source: str | None = None, fallback: str | None = None,
    producer: str | None = None, keep: bool = True, sender: Sender | None = None,
) -> Received:  # fmt: skip
    """The same of any number, so many at once. `rows`: where each stands in its file; without them, its place from 1. `fallback`: the
    source of those that name none, where no feed speaks (`source`).

    They are taken in by their own time, as one batch would be, so where the cuts fall changes nothing.
    """
    if fallback is not None:
        events = [{"source": fallback, **e} if isinstance(e, Mapping) else e for e in events]
    readable = []
    for line, event in enumerate(events):
        row, reasons = read(event, source=source)
        if not reasons:
            readable.append((line, row))
    first = [readable[i][0] for i in ordered([row for _line, row in readable])]
    order = first + sorted(set(range(len(events))) - set(first))
    accepted, repeated, refused = 0, 0, []
    for start in each(range(0, len(order), size), Message("Events through the door")):
        part = order[start : start + size]
        done = receive(
            door, [events[line] for line in part], source=source, producer=producer, keep=keep, sender=sender,
            file_rows=[rows[line] if rows else line + 1 for line in part] if sender and sender.file else None,
        )  # fmt: skip
        accepted, repeated = accepted + done.accepted, repeated + done.repeated
        refused += [(part[line], id_, reasons) for line, id_, reasons in done.refused]
    return Received(accepted, repeated, tuple(sorted(refused)))


def read(
    event: Any, *, source: str | None = None, declared: Callable[[str, datetime], Declared] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """One event as the door takes it, and every reason why it cannot be read. `declared`: the data of a type of event at a moment,
    against which the event's own is held."""
    if not isinstance(event, Mapping):
        return {}, ["not_an_event"]
    reasons: list[str] = []
    row: dict[str, Any] = {}
    for name in ("id", "type", "source"):
        given = event.get(name, source if name == "source" else None)
        if not is_short_text(given) or not given.strip():
            reasons.append(f"needs_{name}")
        row[name] = given
    if source is not None and event.get("source") not in (None, source):
        reasons.append("another_source")
    row["at"], why = _moment(event.get("time"))
    if why:
        reasons.append(why)
    data = event.get("data", {})
    if not isinstance(data, Mapping):
        return row, [*reasons, "data_not_object"]
    rest: dict[str, Any] = dict(data)
    for name in COLUMNS:
        given = rest.pop(name, None)
        if given is None or (isinstance(given, str) and not given.strip()):
            continue  # blanks tell nothing: a matter of blanks would be one matter of many
        value = (
            _whole(given)
            if name in _WHOLE
            else day_of(given)
            if name == "due"
            else given
            if is_short_text(given)
            else None
        )
        if value is None:
            reasons.append(f"bad_{name}")
        row["replaces_id" if name == "replaces" else name] = value
    if rest:
        if not _plain(rest):
            reasons.append("bad_data")
        row["data"] = rest
    if declared is not None and row["at"] is not None and isinstance(row["type"], str):
        known = declared(row["type"], row["at"])
        reasons += faults(known, rest, local_day(row["at"]))
        for name, meant in misspelt((*known, *COLUMNS), rest, data):
            reasons += [f"misspelt_data:{name}", f"near_data:{meant}"]
        reasons += [
            f"unlike_{n}" for n in _NAMES if is_short_text(row.get(n)) and row[n].strip() and looks_like_another(row[n])
        ]
    return row, reasons


def _here(connection: Connection, rows: Mapping[int, Mapping[str, Any]]) -> set[int]:
    """Those whose event is in the log already: its data was taken in by the declarations of before, so sending it again is still no fault."""
    if not rows:
        return set()
    found = connection.execute(
        "SELECT x.line FROM unnest(%s::int[], %s::text[], %s::text[]) x(line, source, id) JOIN event e ON e.id = x.id AND e.source = x.source",
        [list(rows), [row["source"] for row in rows.values()], [row["id"] for row in rows.values()]],
    ).fetchall()
    return {line for (line,) in found}


class _Near:
    """Of a name that is not known the nearest that is; each looked for once in a batch, however many rows have it."""

    def __init__(self, door: Door) -> None:
        self.door, self.found = door, dict[tuple[str, str, date], str | None]()

    def told(self, event: Any, codes: tuple[str, ...]) -> tuple[str, ...]:
        """The reasons, and the nearest name as a code of `torni.facts.reasons`."""
        wanted = [name for code, name in (("unknown_type", "type"), ("unknown_service", "service")) if code in codes]
        if not wanted:
            return codes
        row, _reasons = read(event)
        if not row.get("at"):
            return codes
        near = ((name, self._nearest(name, str(row.get(name)), local_day(row["at"]))) for name in wanted)
        return (*codes, *(f"near_{name}:{found}" for name, found in near if found))

    def _nearest(self, name: str, given: str, day: date) -> str | None:
        if (name, given, day) not in self.found:
            book = self.door.book(day)
            known = {} if book is None else {"type": book.needs, "service": book.definitions}[name]
            self.found[name, given, day] = nearest_name(given, known) if known else None
        return self.found[name, given, day]


def declared_by(door: Door) -> Callable[[str, datetime], Declared]:
    """What each type of event declares of its data, by the definitions of the event's day; nothing where those are not known."""
    by_day: dict[date, ByType] = {}

    def of(type_: str, at: datetime) -> Declared:
        day = local_day(at)
        if day not in by_day:
            book = door.book(day)
            by_day[day] = book.data if book else {}
        return by_day[day].get(type_, {})

    return of


def replay(door: Door, number: int, raw: Any, *, by: str, sender: Sender) -> Received:
    """Send a quarantined row again, as it is or mended, and keep what came of it. `sender`: who does so; the event tells both whom it first
    came from and who sent it again. An event of another type is no mending of a register's row: it is the mender's own, to send or not."""
    connection = door.connection
    with connection.transaction():
        row = connection.execute(
            "SELECT source, producer, sender, raw FROM quarantine WHERE number = %s", [number]
        ).fetchone()
        assert row is not None, "the row is in quarantine"
        first = dict(row[2] or {})
        file_rows = [int(first.pop("row"))] if "row" in first else None
        by_both = mended(first, sender)
        theirs = part_of(by_both, row[1]) != ORGANISER or _type(raw) == _type(row[3])
        done = receive(
            door,
            [raw],
            source=row[0] or None,
            producer=row[1] or sender.organisation,
            keep=False,
            sender=by_both if theirs else sender,
            file_rows=file_rows,
        )
        outcome = "accepted" if not done.refused else "refused again"
        if not done.refused:
            note_outcome(connection, number, outcome, by=by)
    return done


def _type(event: Any) -> Any:
    return event.get("type") if isinstance(event, Mapping) else None


def note_outcome(connection: Connection, number: int, outcome: str, *, by: str) -> None:
    """What came of a quarantined row: accepted or dropped."""
    connection.execute(
        "INSERT INTO quarantine_outcome (number, outcome, by_whom) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [number, outcome, by]
    )  # fmt: skip


def waiting(connection: Connection, *, most: int = 500) -> list[tuple[int, datetime, str, Any, list[str]]]:
    """What is in quarantine: number, received, source, as it came, reasons."""
    rows = connection.execute(
        "SELECT number, received_at, source, raw, reasons FROM quarantine q WHERE NOT EXISTS "
        "(SELECT 1 FROM quarantine_outcome o WHERE o.number = q.number) ORDER BY number LIMIT %s",
        [most],
    ).fetchall()
    return [(n, at, s, raw, reasons) for n, at, s, raw, reasons in rows]


def listed(connection: Connection, *, most: int = 500) -> list[tuple[int, datetime, str, list[str]]]:
    """The same without the rows themselves, as the connection's asker may see them: number, received, source, reasons."""
    return connection.execute(
        "SELECT number, received_at, source, reasons FROM quarantine q WHERE NOT EXISTS "
        "(SELECT 1 FROM quarantine_outcome o WHERE o.number = q.number) ORDER BY number LIMIT %s",
        [most],
    ).fetchall()


def _keep(
    connection: Connection, events: Sequence[Any], refused: Mapping[int, tuple[str, ...]], source: str | None, producer: str | None,
    sender: Sender | None, file_rows: Sequence[int] | None,
) -> None:  # fmt: skip
    """Refused rows as they came, each once: the same row refused again while it waits is not kept twice."""
    told = [
        (
            source or _source(events[line]),
            _json(events[line]),
            json.dumps(list(reasons)),
            sender and json.dumps({**sender.told(), **({"row": file_rows[line]} if file_rows else {})}),
        )
        for line, reasons in refused.items()
    ]
    connection.execute(
        "INSERT INTO quarantine (source, raw, reasons, producer, sender) SELECT n.source, n.raw, n.reasons, %s, n.sender FROM ("
        "SELECT DISTINCT ON (source, raw) line, source, raw, reasons, sender FROM ("
        "SELECT line, source, raw::jsonb AS raw, reasons::jsonb AS reasons, sender::jsonb AS sender FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) "
        "WITH ORDINALITY AS given (source, raw, reasons, sender, line)) g ORDER BY source, raw, line) n WHERE NOT EXISTS (SELECT 1 FROM "
        "quarantine q WHERE md5(q.raw::text) = md5(n.raw::text) AND q.raw = n.raw AND q.source = n.source AND NOT EXISTS "
        "(SELECT 1 FROM quarantine_outcome o WHERE o.number = q.number) OFFSET 0) ORDER BY n.line",  # each looked up by the index
        [producer, *(list(column) for column in zip(*told, strict=True))],
    )


def _json(event: Any) -> str:
    """As it came, but for what PostgreSQL cannot hold in a text; what is too deep or too great a number for it, as words."""
    try:
        if _deeper(event, MOST_DEEP):
            raise RecursionError
        text = json.dumps(event, ensure_ascii=False, default=str, allow_nan=False)
    except (ValueError, RecursionError):
        text = json.dumps(_words(event), ensure_ascii=False)
    return _NUL.sub("\\1\ufffd", text).encode("utf-8", "replace").decode()


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # as JSON escapes it: a backslash that is itself escaped begins nothing


def _deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return levels == 0 or any(_deeper(v, levels - 1) for v in inner)


def _words(event: Any) -> str:
    try:
        return repr(event)[:10_000]
    except (ValueError, RecursionError):
        return "too deep to be written down"


def _source(event: Any) -> str:
    given = event.get("source") if isinstance(event, Mapping) else None
    return given if is_short_text(given) and given else "unknown"


def _id(event: Any) -> str:
    given = event.get("id") if isinstance(event, Mapping) else None
    return given[:MOST_TEXT] if isinstance(given, str) else ""


def _plain(value: Any, depth: int = 0) -> bool:
    """Can it be kept? Not too deep, no text that a database refuses."""
    if depth > 8:
        return False
    if isinstance(value, Mapping):
        return all(is_short_text(k) and _plain(v, depth + 1) for k, v in value.items()) and len(value) <= 200
    if isinstance(value, list | tuple):
        return len(value) <= 1000 and all(_plain(v, depth + 1) for v in value)
    if isinstance(value, str):
        return len(value) <= 10_000 and "\x00" not in value and _encodes(value)
    if isinstance(value, float):
        return value == value and abs(value) < 1e300
    return isinstance(value, int | bool | date) or value is None


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if isinstance(value, float) and abs(value) < 2**53 and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and abs(value) < _LIMIT else None


def _moment(value: Any) -> tuple[datetime | None, str]:
    """An ISO moment that begins with year-month-day (a week's day is a slip as often as a day), or the reason why it is none; without an offset it is Finnish time. Years that no event of a region can have
    are refused, and so are the hour that comes twice, when it does not say which, and the hour that never was."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if _BEGINS_WITH_DAY.match(value) else None
        except ValueError:
            return None, "needs_time"
    if not isinstance(value, datetime) or not FIRST_YEAR <= value.year <= LAST_YEAR:
        return None, "needs_time"
    if value.tzinfo:
        return value.astimezone(UTC), ""
    first, second = (value.replace(tzinfo=HELSINKI, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(HELSINKI).replace(tzinfo=None) != value.replace(fold=0):
        return None, "no_such_hour"
    return (first, "") if first == second else (None, "hour_comes_twice")
