"""The tree begins with what is there. The text is the SQL file beside.

Each seal of before is held against the log by the hash that it was made with, and only then is its day's tree made. A day that did not
hold is marked so for good, so that it is found wrong after as it was before.
"""

from pathlib import Path
from typing import Any, ClassVar

from django.db import migrations

from torni.facts import merkle
from torni.facts.present import TAKEN_DOWN

_COLUMNS = (
    "position", "recorded_at", "at", "source", "id", "type", "service", "unit", "client", "matter", "due", "quantity", "of_quantity",
    "cents", "data", "sign", "replaces", "municipality", "producer", "definition", "sender",
)  # fmt: skip
_ADDED_TO = (
    "unit", "client", "care", "permit", "mark", "erasure", "verified", "measured", "backup_tried", "watched", "quarantine",
    "quarantine_outcome", "reading", "feed", "feed_ended", "account", "standing", "sign_in", "reseal", "seal_before", "meant", "webhook",
    "webhook_ended", "delivery_try", "delivery_word",
)  # fmt: skip


def _row() -> str:
    """An event's text as seals were made of it before."""
    texts = [c for c in _COLUMNS if c not in ("due", "recorded_at", "at", "sender")]
    columns = [f"coalesce({c}::text, E'\\x1e')" for c in texts]
    columns += ["coalesce((due - date '2000-01-01')::text, E'\\x1e')"]
    columns += [f"extract(epoch FROM {c})::text" for c in ("recorded_at", "at")]
    return f"concat_ws(E'\\x1f', {', '.join(columns)}) || coalesce(E'\\x1f' || sender::text, '')"


_CHAINED = f"""
SELECT count(*), sha256(coalesce((SELECT hash FROM seal WHERE day < %(day)s ORDER BY day DESC LIMIT 1), ''::bytea)
  || string_agg(sha256(convert_to({_row()}, 'UTF8')), ''::bytea ORDER BY position))
FROM event WHERE position > %(after)s AND position <= %(upto)s"""


def _told(name: str) -> str:
    if name in ("recorded_at", "at"):
        return f"to_json({name} AT TIME ZONE 'UTC')::text"
    plain = ("client", "quantity", "of_quantity", "cents", "sign", "replaces", "data", "sender")
    return f"{name}::text" if name in plain else f"to_json({name})::text"


_TEXT = "".join(f""" || coalesce(',"{name}":' || {_told(name)}, '')""" for name in _COLUMNS[1:])
_LEAVES = rf"""
SELECT coalesce(string_agg(sha256('\x00'::bytea || uuid_send(salt) || convert_to('{{"position":' || position{_TEXT} || '}}', 'UTF8')), ''::bytea ORDER BY position), '')
FROM event WHERE position > %(after)s AND position <= %(upto)s"""


def begin(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as run:
        run.execute("SET LOCAL timezone = 'UTC'")
        run.execute(TAKEN_DOWN)
        run.execute(
            "SELECT s.day, s.position, s.events, s.hash, coalesce((SELECT r.hash FROM reseal r WHERE r.day = s.day ORDER BY erasure DESC LIMIT 1), s.hash) FROM seal s ORDER BY s.day"
        )
        days, held, after = run.fetchall(), {}, 0
        for day, position, events, _hash, kept in days:
            run.execute(_CHAINED, {"day": day, "after": after, "upto": position})
            found, hashed = run.fetchone()
            held[day] = found == events and hashed is not None and bytes(hashed) == bytes(kept)
            after = position
        run.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        after = 0
        for day, position, events, hash_, _kept in days:
            run.execute(_LEAVES, {"after": after, "upto": position})
            told = bytes(run.fetchone()[0])
            leaves = [told[i : i + 32] for i in range(0, len(told), 32)]
            root = merkle.root([*leaves, merkle.leaf(b"kept 0 " + merkle.EMPTY.hex().encode())])
            line = f"{day} {position} {events} 0 {root.hex()}{'' if held[day] else ' broken'}"
            run.execute(
                "UPDATE seal SET root = %s, held = %s, chained = %s, hash = %s WHERE day = %s",
                [root, held[day], bytes(hash_), merkle.leaf(line.encode()), day],
            )
            after = position
        columns = ", ".join((*_COLUMNS, "salt"))
        run.execute(
            f"INSERT INTO tail (position, events, hash) SELECT max(position), count(*), bit_xor(hash_record_extended(ROW({columns}), 0)) FROM event WHERE position > %s HAVING count(*) > 0",
            [after],
        )
        for name in _ADDED_TO:
            run.execute(f"ALTER TABLE {name} ADD COLUMN salt uuid NOT NULL DEFAULT gen_random_uuid()")
            run.execute(
                rf"INSERT INTO leaf (name, leaf) SELECT '{name}', sha256('\x00'::bytea || decode(replace(told->>'salt', '-', ''), 'hex') || convert_to('{name}' || E'\n' || "
                "(SELECT jsonb_object_agg(key, value) FROM jsonb_each(told - 'salt') WHERE value <> 'null')::text, 'UTF8')) "
                f"FROM (SELECT to_jsonb(x) AS told FROM {name} x) x"
            )


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", "0020_senders")]
    operations: ClassVar[list[object]] = [migrations.RunPython(begin)]
