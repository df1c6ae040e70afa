"""Whatever somebody changes behind the door's back, in any table and column, as the database's own superuser, is found by `verify`.

Every table that `rights.TABLES` tells is tried: one without a row here, or without cover, fails.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.facts.conftest import BOOK, DATA, Room
from torni.facts import accounts, checkpoint, erasing, feeds, intake, rights
from torni.facts import verify as verifying
from torni.facts.fold import fold
from torni.facts.sealing import seal
from torni.facts.verify import verify

# Changed in place, as what is now: their past is in other tables (sign-ins, tries, roles), and nothing follows from them that a sum could be held against.
IN_PLACE = {
    "room": "the region and its newest moment; the region is told in each checkpoint",
    "session": "ends by itself; each began with a sign-in, which is noted",
    "credential": "a password is changed by its own; each use of it is a sign-in, which is noted",
    "known_browser": "ends by itself and opens nothing; each began with a sign-in, which is noted",
    "delivery": "how a message stands now; each try and word of it is noted",
    "django_migrations": "Django's own",
    "consumer": "how far each reader of the log has come; the sums tell if one is wrong",
    "uncounted": "what could not be counted; `verify` tells each, and the sums tell if one is missing",
}
# Columns from which nothing follows: a day's hash of before there was a tree, and to which batch a part of the sum belongs.
NOTHING_FOLLOWS = {("seal", "chained"), ("tail", "position")}
TABLES = [name for name, table in rights.TABLES.items() if not table.view and name not in IN_PLACE]
FILL = """
INSERT INTO verified (position, whole, seconds, checks) VALUES (1, true, 1.5, '[]');
INSERT INTO measured (position, last_day, definitions, rows) VALUES (1, '2026-05-04', 'x', '[]');
INSERT INTO backup_tried (at, whole, bytes) VALUES ('2026-05-04', true, 5);
INSERT INTO watched (day, definitions, seen) VALUES ('2026-05-04', 'x', '[]');
INSERT INTO feed_ended (number) SELECT max(number) FROM feed;
INSERT INTO reseal (erasure, day, hash) SELECT max(number), (SELECT min(day) FROM seal), 'x' FROM erasure;
INSERT INTO seal_before (day, hash, held) SELECT min(day), 'x', true FROM seal;
INSERT INTO meant (promise, position, meaning) VALUES ('care.made', 1, 'x');
INSERT INTO webhook (producer, url, secret, since) VALUES ('A', 'https://a.example', 'x', 0);
INSERT INTO webhook_ended (webhook) SELECT max(webhook) FROM webhook;
INSERT INTO delivery_try (webhook, position, ms) VALUES (1, 1, 5);
INSERT INTO delivery_word (webhook, position, word, by_whom) VALUES (1, 1, 'again', 'Ada');
INSERT INTO reading (client, shown, role, what, why) VALUES (2, 'Ada', 'adviser', 'events', 'her matter');
"""
ANOTHER = {
    "bigint": "coalesce({c}, 0) + 1", "smallint": "coalesce({c}, 0) + 1", "integer": "coalesce({c}, 0) + 1", "real": "coalesce({c}, 0) + 1", "text": "coalesce({c}, '') || 'x'",
    "date": "coalesce({c}, '2020-01-01'::date) + 1", "timestamp with time zone": "coalesce({c}, now()) - interval '1 hour'", "jsonb": """'{{"other": 1}}'""",
    "boolean": "NOT coalesce({c}, false)", "bytea": "coalesce({c}, '') || '\\x01'", "uuid": "gen_random_uuid()", "xid8": "'7'",
}  # fmt: skip


def lived(url: str, folder, monkeypatch) -> Room:
    """Two sealed days and one that is not: of every table at least a row."""
    monkeypatch.setenv("TORNI_SEAL_KEY", str(folder / "seal.key"))
    here = Room(url)
    accounts.new(here.connection, "ada", shown="Ada", role="adviser", by="test", password="kirjava hevonen kolme")
    accounts.by_password(here.connection, "ada", "kirjava hevonen kolme")
    feeds.new(here.connection, "feed-a", producer="A")
    for day in range(3):
        here.send(
            here.event("visit.planned", client=2, unit="south", matter=f"v{day}", due=here.now.date(), data={"note": "x"}),
            here.event("visit.planned", client=1, unit="north", matter=f"w{day}", due=here.now.date()),
            here.event("visit.made", client=2, unit="south", matter="v0"),
            here.event("fee.charged", client=2, cents=300, quantity=1, of_quantity=2, matter=f"v{day}", data={"should": 300}),
            here.event("case_manager.named", client=2, data={"case_manager": "ada"}),
            here.event("consent.given", client=2, data={"until": "2027-01-01"}),
        )  # fmt: skip
        intake.receive(
            here.door, [{"id": f"x{day}", "type": "no.such", "time": "2026-05-04T10:00:00+03:00", "data": {}}], source="a", now=here.now
        )  # fmt: skip
        fold(here.connection)
        here.later(days=1)
    erasing.erase(here.connection, 1, data=DATA, by="x", why="a mistake")
    here.connection.execute("INSERT INTO quarantine_outcome (number, outcome, by_whom) SELECT min(number), 'dropped', 'Ada' FROM quarantine")  # fmt: skip
    assert seal(here.connection) == 2
    checkpoint.keep(here.connection)
    here.connection.execute(FILL)
    return here


def wrong(connection) -> set[str]:
    return {c.name for c in verify(connection, lambda day: BOOK) if c.wrong}


@pytest.fixture(scope="module")
def room(new_room, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        here = lived(new_room(), tmp_path_factory.mktemp("key"), patch)
        assert wrong(here.connection) == set()
        here.connection.execute("SET default_transaction_isolation = 'repeatable read'")
        here.connection.execute("SET session_replication_role = replica")  # as one who switches the guards off
        yield here
        here.connection.close()


# Of the whole verification, those parts that hold a table: every other one's rows are noted and sealed.
PARTS = {
    "effect": ("effects", "effect rows", "tally"), "owed": ("owed",), "tally": ("tally",), "tally_now": ("tally",),
}  # fmt: skip


def parts(connection, table: str) -> set[str]:
    connection.execute("SET LOCAL timezone = 'UTC'")
    of = {"effects": lambda c: verifying._effects(c, lambda day: BOOK), "effect rows": verifying._effects_rows, "tally": verifying._tally, "owed": verifying._owed, "log": verifying._log, "kept": verifying._noted}  # fmt: skip
    return {name for name in PARTS.get(table, ("log", "kept")) if of[name](connection).wrong}


def tried(here: Room, statement: str, table: str = "") -> set[str] | None:
    """What `verify` finds after it; None where the table will not have it."""
    with here.connection.transaction(force_rollback=True):
        try:
            with here.connection.transaction():
                changed = here.connection.execute(statement).rowcount
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.GeneratedAlways, psycopg.ProgrammingError):
            return None
        assert changed, f"no row was changed: {statement}"
        return parts(here.connection, table)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_changed_a_row_taken_away_or_added_is_found(room, table):
    columns = room.rows(
        f"SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    )
    one = f"tableoid::text || ctid::text = (SELECT tableoid::text || ctid::text FROM {table} ORDER BY {columns[0][0]} OFFSET %s LIMIT 1)"
    (rows,) = room.rows(f"SELECT count(*) FROM {table}")[0]
    assert rows, f"write a row of {table} into this test"
    missed = []
    for which in {0, rows - 1} if table not in rights.NOTED else {rows - 1}:
        for name, kind in columns:
            if (table, name) in NOTHING_FOLLOWS:
                continue
            changed = (
                f"UPDATE {table} SET {name} = {ANOTHER[kind].format(c=name)} WHERE {one.replace('%s', str(which))}"
            )
            if tried(room, changed, table) == set():
                missed.append((name, which))
        if tried(room, f"DELETE FROM {table} WHERE {one.replace('%s', str(which))}", table) == set():
            missed.append(("row gone", which))
    names = [name for name, _ in columns]
    values = [
        ANOTHER[kind].format(c=name) if kind in ("bigint", "text", "uuid", "date") else name for name, kind in columns
    ]
    added = f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} FROM {table} ORDER BY {names[0]} DESC LIMIT 1"
    if table != "event" and tried(room, added, table) == set():
        missed.append(("row added", 0))
    assert not missed, f"{table}: {missed}"


def test_what_is_added_to_or_put_in_another_order_in_the_log_is_found(room):
    for statement in (
        "INSERT INTO event (recorded_at, at, source, id, type) SELECT max(recorded_at), max(at), 'a', 'new', 'feedback.given' FROM event",
        "UPDATE event e SET (id, type, data) = (SELECT o.id, o.type, o.data FROM event o WHERE o.position = (SELECT sum(position) FROM (SELECT position FROM event ORDER BY position LIMIT 2) t) - e.position) WHERE position IN (SELECT position FROM event ORDER BY position LIMIT 2)",
        "UPDATE event SET position = position + 5000 WHERE position = (SELECT max(position) FROM event)",
        "DELETE FROM event WHERE position > (SELECT max(position) FROM seal)",
        "DELETE FROM seal WHERE day = (SELECT max(day) FROM seal)",
        "UPDATE seal SET position = position - 1 WHERE day = (SELECT max(day) FROM seal)",
    ):
        assert tried(room, statement), statement


def test_a_seal_made_over_what_was_changed_says_so_for_good(here):
    """Changed while its day was not sealed: the seal does not make it right."""
    here.send(here.event("feedback.given", unit="north", quantity=5))
    here.later(days=1)
    here.send(here.event("feedback.given", unit="north", quantity=5))
    fold(here.connection)
    here.connection.execute("SET session_replication_role = replica")
    here.connection.execute("UPDATE event SET data = '{\"said\": \"another\"}' WHERE position = (SELECT min(position) FROM event WHERE type = 'feedback.given')")  # fmt: skip
    here.connection.execute("SET session_replication_role = origin")
    assert "log" in wrong(here.connection)
    assert seal(here.connection) == 1
    assert here.rows("SELECT held FROM seal") == [(False,)] and "log" in wrong(here.connection)
    here.connection.execute("SET session_replication_role = replica")
    here.connection.execute("UPDATE seal SET held = true")
    assert "log" in wrong(here.connection)
