"""What events mean moves from columns of the log into rows of its own. The text is the SQL file beside.

Each seal of before is held against the log by the hash that it was made with, and only then is its day sealed anew over what was told
alone, day over day. A day that did not hold keeps its old hash, so that it is found wrong after as it was before. `seal_before` keeps both.
"""

from pathlib import Path
from typing import Any, ClassVar

from django.db import migrations

from torni.facts.present import TAKEN_DOWN

_MEANT = ("owes", "settles", "settles_unit", "settles_municipality", "settled", "counts", "counted", "counted_met")
_TOLD = (
    "position", "source", "id", "type", "service", "unit", "client", "matter", "quantity", "of_quantity", "cents", "data", "sign", "replaces",
    "municipality", "producer", "definition",
)  # fmt: skip


def _row(texts: tuple[str, ...], days: tuple[str, ...]) -> str:
    columns = [f"coalesce({c}::text, E'\\x1e')" for c in texts]
    columns += [f"coalesce(({c} - date '2000-01-01')::text, E'\\x1e')" for c in days]
    columns += [f"extract(epoch FROM {c})::text" for c in ("recorded_at", "at")]
    return f"concat_ws(E'\\x1f', {', '.join(columns)})"


def _sealed(row: str) -> str:
    return f"""
    SELECT count(*), sha256(coalesce((SELECT hash FROM seal WHERE day < %(day)s ORDER BY day DESC LIMIT 1), ''::bytea)
      || string_agg(sha256(convert_to({row}, 'UTF8')), ''::bytea ORDER BY position))
    FROM event WHERE position > %(after)s AND position <= %(upto)s"""


_BEFORE = _sealed(
    _row((*_TOLD, *_MEANT), ("due", "owes_on", "settles_on")) + " || coalesce(E'\\x1f' || settles_position, '')"
)
_NOW = _sealed(_row(_TOLD, ("due",)))


def move(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as run:
        run.execute(TAKEN_DOWN)
        run.execute(
            "SELECT s.day, s.position, s.events, s.hash, coalesce((SELECT r.hash FROM reseal r WHERE r.day = s.day ORDER BY erasure DESC LIMIT 1), s.hash) FROM seal s ORDER BY s.day"
        )
        days, held, after = run.fetchall(), {}, 0
        for day, position, events, _hash, kept in days:
            run.execute(_BEFORE, {"day": day, "after": after, "upto": position})
            held[day] = tuple(run.fetchone()) == (events, kept)
            after = position
        run.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        after = 0
        for day, position, _events, hash_, _kept in days:
            run.execute("INSERT INTO seal_before (day, hash, held) VALUES (%s, %s, %s)", [day, hash_, held[day]])
            if held[day]:
                run.execute(_NOW, {"day": day, "after": after, "upto": position})
                found = run.fetchone()[1]
                run.execute("UPDATE seal SET hash = %s WHERE day = %s", [found, day])
                run.execute("UPDATE reseal SET hash = %s WHERE day = %s", [found, day])
            after = position


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", "0011_watched")]
    operations: ClassVar[list[object]] = [migrations.RunPython(move)]
