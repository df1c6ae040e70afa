"""The present of the database: its functions, views, policies, grants and triggers, made anew whenever their text has changed.

The text is `present.sql`, that of each room above which brings functions (`torni/core/rooms.py`), and what the table of rights (`rights.py`) says; its hash is kept in the database, so that a room that is as
it should be costs one look. Migrations hold tables. One that changes a column, or drops a table, begins with TAKEN_DOWN: nothing of the
present then stands in its way, and it is made again at the end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from torni.core.rooms import BEGINS_READING, ENDS_READING, ROOMS
from torni.facts import rights
from torni.facts.rights import EVERYBODY, FUNCTIONS, NOBODY, OWNER, SEQUENCES, TABLES, Table

_TEXT = Path(__file__).with_suffix(".sql")
_MARK = "torni: present"  # what is said of each function and view, so that the next present knows which are its to take away
_BEFORE = ("is_staff", "read_client")  # made by migrations of before, and no more
_LOGINS = ", ".join(f"torni_{name}" for name in rights.LOGINS)


def apply(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Make the present what its text says, in one transaction. Returns whether anything was done; nothing is, where it is so already."""
    wanted = text()
    mark = hashlib.sha256(wanted.encode()).hexdigest()
    if _is(connection, mark):
        return False
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('torni present'))")
        if _is(connection, mark):  # another has been here meanwhile
            return False
        connection.execute(wanted.encode())  # bytes: a text with neither values nor typed parts
        connection.execute(f"COMMENT ON SCHEMA shown IS '{mark}'".encode())
    return True


def _is(connection: psycopg.Connection[tuple[Any, ...]], mark: str) -> bool:
    row = connection.execute("SELECT obj_description(to_regnamespace('shown'), 'pg_namespace')").fetchone()
    return row == (mark,)


@cache
def _written() -> str:
    above = [_TEXT.parents[1] / room.folder / _TEXT.name for room in ROOMS if room.functions]
    return "\n".join(path.read_text(encoding="utf-8") for path in (_TEXT, *above))


def text() -> str:
    """All that is run: the taking down, the functions and views, and what the table of rights says of tables and functions."""
    filled = _written()
    for name, value in (
        ("every_role", _array(rights.ROLES)),
        ("of_a_producer", _array(rights.of("producer"))),
        ("of_a_client", _array(rights.of("client"))),
        ("begins_reading", _array(BEGINS_READING)),
        ("ends_reading", _array(ENDS_READING)),
        ("rights", json.dumps(rights.matrix(), sort_keys=True)),
    ):
        filled = filled.replace(f"@{name}@", value)
    made = "\n".join([*_tables(), *_functions(), *_grants()])
    return f"{TAKEN_DOWN}\nSET LOCAL search_path = public;\n{filled}\n{made}\n"


def _array(names: Iterable[str]) -> str:
    return "'{" + ",".join(names) + "}'::text[]"


def _tables() -> Iterator[str]:
    """Who sees which rows of each table, and that facts are only added."""
    for name, table in TABLES.items():
        if table.view:
            continue
        closed = table.seen not in (EVERYBODY, NOBODY)
        yield f"ALTER TABLE {name} {'ENABLE' if closed else 'DISABLE'} ROW LEVEL SECURITY;"
        if closed:
            yield f"CREATE POLICY pages ON {name} FOR SELECT TO torni_pages USING ({_seen(table)});"
            if table.door:
                yield f"CREATE POLICY door ON {name} TO torni_door USING (true) WITH CHECK (true);"
            if theirs := ", ".join(f"torni_{process}" for process, may in rights.PROCESSES.items() if name in may):
                yield f"CREATE POLICY background ON {name} TO {theirs} USING (true) WITH CHECK (true);"
        if not table.changes:
            yield f"CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION only_added();"
        if name in rights.NOTED:
            yield f"CREATE TRIGGER noted AFTER INSERT ON {name} REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION noted();"
            yield f"CREATE TRIGGER noted_erasure AFTER UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION noted();"


def _seen(table: Table) -> str:
    """The condition on a row: each condition is asked of the role once a statement, not once a row."""
    ways = " OR ".join(f"((SELECT how('{table.seen}') = '{how}') AND {rows})" for how, rows in table.rows.items())
    return ways if table.among == "true" else f"{table.among} AND ({ways})"


def _functions() -> Iterator[str]:
    """Each function and view is marked as ours, and no function is anybody's to call but theirs whom the table names."""
    for name, table in TABLES.items():
        if table.view:
            yield f"COMMENT ON VIEW {name} IS '{_MARK}';"
    names = ", ".join(f"'{name}'" for name in FUNCTIONS)
    yield f"""
DO $torni$ DECLARE f record; BEGIN
  FOR f IN SELECT oid::regprocedure AS named, prokind FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname NOT LIKE 'procrastinate%' AND proname IN ({names})
  LOOP
    EXECUTE format('COMMENT ON ROUTINE %s IS %L', f.named, '{_MARK}');
    EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', f.named);
  END LOOP;
END $torni$;"""


def _grants() -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA public TO {_LOGINS};\nGRANT USAGE ON SCHEMA shown TO torni_pages;"
    for name, table in TABLES.items():
        if table.seen != NOBODY:
            columns = f" ({', '.join(table.columns)})" if table.columns else ""
            yield f"GRANT SELECT{columns} ON {name} TO torni_pages;"
        for connection, may in (("door", table.door), ("gate", table.gate)):
            if may:
                yield f"GRANT {may} ON {name} TO torni_{connection};"
    for process, tables in rights.PROCESSES.items():
        for name, may in tables.items():
            yield f"GRANT {may} ON {name} TO torni_{process};"
        for name in rights.CALLS.get(process, ()):
            yield f"GRANT EXECUTE ON ROUTINE {name} TO torni_{process};"
    for name, connections in SEQUENCES.items():
        for connection in connections:
            yield f"GRANT USAGE, SELECT ON SEQUENCE {name} TO torni_{connection};"
    for process, may in rights.QUEUES.items():
        yield _QUEUE.format(may=may, process=process)
    for name, connection in FUNCTIONS.items():
        if connection != OWNER:
            yield f"GRANT EXECUTE ON ROUTINE {name} TO torni_{connection};"


# The queue's tables and sequences, whatever Procrastinate calls them.
_QUEUE = """
DO $torni$ DECLARE x record; BEGIN
  FOR x IN SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'procrastinate%' AND relkind IN ('r', 'S') LOOP
    IF x.relkind = 'r' THEN EXECUTE format('GRANT {may} ON %I TO torni_{process}', x.relname);
    ELSE EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO torni_{process}', x.relname); END IF;
  END LOOP;
END $torni$;"""

# What was there before goes first: policies, our triggers, our functions and views, and all that was granted.
_OURS = ", ".join(f"'{name}'" for name in (*FUNCTIONS, *_BEFORE))
_VIEWS = ", ".join(f"'{name}'" for name, table in TABLES.items() if table.view)
TAKEN_DOWN = f"""
DO $torni$ DECLARE x record; BEGIN
  FOR x IN SELECT format('DROP POLICY %I ON %I.%I', polname, nspname, relname) AS done
    FROM pg_policy JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'
  LOOP EXECUTE x.done; END LOOP;
  FOR x IN SELECT format('DROP TRIGGER %I ON %I.%I', tgname, nspname, relname) AS done
    FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = 'public' AND tgname IN ('only_added', 'never_emptied', 'noted', 'noted_erasure') AND tgparentid = 0
  LOOP EXECUTE x.done; END LOOP;
  FOR x IN SELECT format('DROP VIEW IF EXISTS %I.%I CASCADE', nspname, relname) AS done
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'v' AND (nspname = 'shown' OR (nspname = 'public' AND (relname IN ({_VIEWS})
      OR obj_description(pg_class.oid, 'pg_class') = '{_MARK}')))
  LOOP EXECUTE x.done; END LOOP;
  FOR x IN SELECT format('DROP ROUTINE %s', p.oid::regprocedure) AS done
    FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND proname NOT LIKE 'procrastinate%'
      AND (proname IN ({_OURS}) OR obj_description(p.oid, 'pg_proc') = '{_MARK}')
    ORDER BY prokind  -- an aggregate before what it is made of
  LOOP EXECUTE x.done; END LOOP;
  REVOKE ALL ON ALL TABLES IN SCHEMA public, shown FROM {_LOGINS};
  REVOKE ALL ON ALL SEQUENCES IN SCHEMA public, shown FROM {_LOGINS};
  COMMENT ON SCHEMA shown IS NULL;
END $torni$;
"""
