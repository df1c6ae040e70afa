"""What of a row is hashed, in SQL: an event as one line of JSON that anybody can read, with its salt; nothing that the connection's settings change.

A column without a value is left out of the line, so that one that is added later changes no hash of before: add it without a
default, as the last of `_COLUMNS`, and to `TAIL` as its comment says.
"""

from __future__ import annotations

_COLUMNS = (
    "position", "recorded_at", "at", "source", "id", "type", "service", "unit", "client", "matter", "due", "quantity", "of_quantity",
    "cents", "data", "sign", "replaces", "municipality", "producer", "definition", "sender",
)  # fmt: skip
_AS_THEY_ARE = ("position", "client", "quantity", "of_quantity", "cents", "sign", "replaces", "data", "sender")
_MOMENTS = ("recorded_at", "at")


def _told(name: str, of: str) -> str:
    if name in _AS_THEY_ARE:
        return f"{of}.{name}::text"
    return f"to_json({of}.{name} AT TIME ZONE 'UTC')::text" if name in _MOMENTS else f"to_json({of}.{name})::text"


def event_text(of: str = "e") -> str:
    """An event's line: moments are in UTC."""
    rest = "".join(f""" || coalesce(',"{name}":' || {_told(name, of)}, '')""" for name in _COLUMNS[1:])
    return f"""('{{"position":' || {of}.position{rest} || '}}')"""


def event_leaf(of: str = "e") -> str:
    """Its hash in the tree: a byte 0, its salt, its line."""
    return rf"sha256('\x00'::bytea || uuid_send({of}.salt) || convert_to({event_text(of)}, 'UTF8'))"


def tail_hash(of: str = "event") -> str:
    """A number for an event's row and salt by which the door covers what is not sealed yet: a sixth of the cost of the leaf.

    A column that comes later is joined so: `# coalesce(hash_record_extended(ROW(position, later), 0), 0)`, nothing where it is empty.
    """
    return f"hash_record_extended(ROW({', '.join(f'{of}.{name}' for name in (*_COLUMNS, 'salt'))}), 0)"


COLUMNS = frozenset(_COLUMNS)
