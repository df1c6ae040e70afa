"""Who read whom and why, who signed in, whose role changed, what was erased: one stream for the authority's own log system.

Each record is one JSON object in the names of the Elastic Common Schema, which log systems of other makers read too. A file that is
there already is continued after its last record of each kind, so a run that is repeated, or was cut short, loses and doubles nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from torni.core.clock import HELSINKI
from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts.opening import Connection

ECS = "8.11.0"


@dataclass(frozen=True)
class _Kind:
    """One table of the stream: its rows in the order in which they were written, each with a number that only grows."""

    dataset: str
    category: str
    type: str
    table: str
    number: str
    rows: str  # number, at, account's name, shown, role, action, outcome, why, the rest; of the table `x`


# A standing has no number of its own: its moment in microseconds is one, for only the owner's hand writes them, one at a time.
_KINDS = (
    _Kind(
        "torni.reading", "database", "access", "reading", "number",
        "SELECT n, x.at, a.name, x.shown, x.role, 'client-read', 'success', x.why, "
        "jsonb_build_object('client', x.client, 'what', x.what, 'emergency', x.emergency) FROM x LEFT JOIN account a USING (account) ORDER BY n",
    ),
    _Kind(
        "torni.sign_in", "authentication", "start", "sign_in", "number",
        "SELECT n, x.at, a.name, a.shown, NULL, 'sign-in', CASE WHEN x.succeeded THEN 'success' ELSE 'failure' END, NULL, "
        "jsonb_build_object('way', x.way) FROM x LEFT JOIN account a USING (account) ORDER BY n",
    ),
    _Kind(
        "torni.standing", "iam", "change", "standing", "(extract(epoch FROM since) * 1000000)::bigint",
        "SELECT n, x.since, a.name, a.shown, x.role, CASE WHEN x.role IS NULL THEN 'account-ended' ELSE 'role-given' END, 'success', NULL, "
        "jsonb_build_object('by', x.by_whom, 'producer', x.producer, 'unit', x.unit, 'client', x.client) FROM x JOIN account a USING (account) ORDER BY n, a.account",
    ),
    _Kind(
        "torni.erasure", "database", "deletion", "erasure", "number",
        "SELECT n, x.at, NULL, x.by_whom, NULL, 'client-erased', 'success', x.why, jsonb_build_object('events', x.events) FROM x ORDER BY n",
    ),
)  # fmt: skip


def records(
    connection: Connection, *, since: date | None = None, after: dict[str, int] | None = None
) -> Iterator[dict[str, Any]]:
    """Each record since a day's beginning in Helsinki (from the first where None), kind by kind, in the order in which it was written.

    `after`: of each kind, the number after which is begun. The name that was tried in a failed sign-in is not told: a password may
    have been written in its place. Read as the room's owner, without a reading of its own: no client's record is opened, but the
    records tell client numbers, so they are personal data.
    """
    begins = datetime.combine(since or date.min, time(), tzinfo=HELSINKI if since else UTC)
    for kind in _KINDS:
        # no number below the last is still being written: it would be passed over for good
        with connection.transaction():
            connection.execute(f"LOCK TABLE {kind.table} IN SHARE MODE")
            last = connection.execute(f"SELECT max({kind.number}) FROM {kind.table}").fetchone()
        when = "since" if kind.table == "standing" else "at"
        asked = f"WITH x AS (SELECT *, {kind.number} AS n FROM {kind.table} WHERE {kind.number} > %s AND {kind.number} <= %s AND {when} >= %s) {kind.rows}"
        with (
            connection.transaction(),
            connection.cursor(name="audit") as rows,
        ):  # a year's readings are many: never all at once
            rows.execute(asked, [(after or {}).get(kind.dataset, 0), last and last[0], begins])
            for number, at, name, shown, role, action, outcome, why, rest in rows:
                user = {"name": name, "full_name": shown, "roles": [role] if role else None}
                event = {
                    "kind": "event", "category": [kind.category], "type": [kind.type], "action": action, "outcome": outcome,
                    "dataset": kind.dataset, "sequence": number, "reason": why,
                }  # fmt: skip
                yield {
                    "@timestamp": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
                    "ecs": {"version": ECS},
                    "event": _told(event),
                    "user": _told(user),
                    "torni": _told(rest),
                }


def export(connection: Connection, path: Path, *, since: date | None = None) -> int:
    """Write the records that the file does not hold yet to its end, one a line; returns how many. The file is made for its owner alone
    (0600). A file whose lines are no such records, or whose last line is broken off, is a fault and stays as it is."""
    after = _ends(path) if path.exists() else {}
    made = 0
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as out:
        for record in records(connection, since=since, after=after):
            out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            made += 1
    return made


def _ends(path: Path) -> dict[str, int]:
    """The greatest number of each kind in the file."""
    ends: dict[str, int] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                if not line.endswith("\n"):
                    raise ValueError(line)
                event = json.loads(line)["event"]
                ends[event["dataset"]] = max(ends.get(event["dataset"], 0), int(event["sequence"]))
            except (ValueError, TypeError, KeyError):
                raise bad_input(
                    t("{file}, line {number}", file=path, number=number),
                    t("is no whole record of an audit export"),
                    t("Take the line away, or name another file."),
                ) from None
    return ends


def _told(fields: dict[str, Any]) -> dict[str, Any]:
    """What is known: a field without a value is left out, as log systems expect."""
    return {name: value for name, value in fields.items() if value is not None}
