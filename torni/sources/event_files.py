"""Files of events: JSON (one, or a list), JSON lines, or a table (CSV, xlsx), read as they are; the door judges them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torni.core.faults import bad_input
from torni.core.language import _, t
from torni.sources.tables import read_table


def read_events(path: Path, *, name: str | None = None) -> list[Any]:
    """The file's events. `name`: what a fault calls the file, where it is not the path."""
    told = name or str(path)
    if not path.is_file():
        raise bad_input(told, t("is not a file"), t("Name a file of events: JSON, JSON lines, CSV or xlsx."))
    if path.suffix.lower() not in (".json", ".jsonl", ".ndjson"):
        return rows_of(read_table(path).to_dicts())
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        if path.suffix.lower() == ".json":
            found = json.loads(text)
            return found if isinstance(found, list) else [found]
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (json.JSONDecodeError, RecursionError) as error:
        where = f"{told}, {_('row')} {error.lineno}" if isinstance(error, json.JSONDecodeError) else told
        raise bad_input(where, t("is not JSON"), t("Write one event, or a list of them between [ and ].")) from error


def rows_of(table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a table (id, type, time, source, the columns, and any others) as events."""
    out = []
    for row in table:
        given = {k: v for k, v in row.items() if v is not None and v != ""}
        envelope: dict[str, Any] = {k: str(given.pop(k)) for k in ("id", "type", "source", "time") if k in given}
        out.append({**envelope, "data": given})
    return out
