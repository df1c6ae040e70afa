"""Files of events: JSON (one, or a list), JSON lines, or a table (CSV, xlsx), read as they are; the door judges them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torni.core.bounds import Unreadable, read_json
from torni.core.faults import bad_input
from torni.core.language import _, t
from torni.core.notes import note
from torni.sources.encodings import decoded
from torni.sources.tables import read_rows
from torni.sources.written import standard


@dataclass(frozen=True)
class Events:
    """What a file holds. `rows`: where each event stands in it: its row as a table program shows it, its line, or its place in a list."""

    events: list[Any]
    rows: list[int]


def read_events(path: Path, *, name: str | None = None, most: int | None = None, days: Collection[str] = ()) -> Events:
    """The file's events, at most so many. `name`: what a fault calls the file, where it is not the path. `days`: the columns of a table
    that tell days, besides the day due; in a table days and moments may be written in Finnish (1.6.2026 klo 9.30)."""
    told = name or str(path)
    if not path.is_file():
        raise bad_input(told, t("is not a file"), t("Name a file of events: JSON, JSON lines, CSV or xlsx."))
    if path.suffix.lower() not in (".json", ".jsonl", ".ndjson"):
        table = read_rows(path, needs=[("type",), ("time",), ("id",), ("source",)])
        _not_too_many(told, len(table.rows), most)
        return Events(rows_of(table.frame.to_dicts(), days=days), table.rows)
    text, notes = decoded(told, path.read_bytes())
    note(*notes)
    line = 0
    try:
        if path.suffix.lower() == ".json":
            found = read_json(text)
            _not_too_many(told, len(found) if isinstance(found, list) else 1, most)
            events = found if isinstance(found, list) else [found]
            return Events(events, list(range(1, len(events) + 1)))
        _not_too_many(told, text.count("\n"), most)
        told_by: dict[int, Any] = {}
        # A text in JSON may hold what Unicode calls the end of a line; only this one ends it here.
        for line, row in enumerate(text.split("\n")):
            if row.strip():
                told_by[line + 1] = read_json(row)
        return Events(list(told_by.values()), list(told_by))
    except Unreadable as error:
        raise bad_input(f"{told}, {_('row')} {line + error.line}", error.what, error.remedy) from error


def _not_too_many(told: str, rows: int, most: int | None) -> None:
    """Before each row becomes an event: eight million rows of one letter fit into 16 MB, and take gigabytes as events."""
    if most is not None and rows > most:
        raise bad_input(told, t("{n} rows; at most {most} are read", n=rows, most=most), t("Divide the file, or bring it by `torni import events`."))  # fmt: skip


def rows_of(table: Sequence[Mapping[str, Any]], *, days: Collection[str] = ()) -> list[dict[str, Any]]:
    """Rows of a table (id, type, time, source, the columns, and any others) as events. `days` as in `read_events`."""
    out = []
    for row in table:
        given = {k: v for k, v in row.items() if v is not None and v != ""}
        for key in ("time", "due", *days):
            if isinstance(told := given.get(key), str):
                given[key] = standard(told)
        envelope: dict[str, Any] = {k: str(given.pop(k)) for k in ("id", "type", "source", "time") if k in given}
        out.append({**envelope, "data": given})
    return out
