"""A room of before is brought up to date: what its events meant moves into rows of its own, its seals are held before they are made anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.facts.conftest import BOOK, Room
from torni.facts import opening
from torni.facts.door import Door
from torni.facts.fold import fold, rebuild
from torni.facts.verify import verify

# Written by the version before (its tests' small room: corrections, withdrawals, a late answer, an erasure, sealed days), table by table.
KEPT = json.loads((Path(__file__).parents[1] / "data" / "room_before_effects.json").read_text(encoding="utf-8"))


@pytest.fixture
def old(database_server):
    """That room as its own version had it."""
    name = f"of_before_{os.urandom(4).hex()}"
    with psycopg.connect(database_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = make_conninfo(database_server.url, dbname=name)
    with psycopg.connect(url, autocommit=True) as connection:
        opening.make_roles(connection)
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "facts", "0011_watched", "--no-input", "-v", "0"], check=True, capture_output=True,
        env={**os.environ, "TORNI_DATABASE": url, "DJANGO_SETTINGS_MODULE": "torni.web.settings"},
    )  # fmt: skip
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM consumer")
        for table, rows in KEPT.items():
            if table == "position":
                connection.execute("SELECT setval('event_position', %s)", [rows])
            elif rows:
                told = json.dumps(rows)
                overriding = "OVERRIDING SYSTEM VALUE" if table == "erasure" else ""
                connection.execute(
                    f"INSERT INTO {table} {overriding} SELECT * FROM json_populate_recordset(NULL::{table}, %s)", [told]
                )
    return url


def rows(url, query):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def test_what_events_meant_is_kept_and_the_room_is_whole(old):
    tally = "SELECT promise, day, known_on, unit, municipality, total, met, late FROM tally WHERE (total, met, late) <> (0, 0, 0) ORDER BY 1, 2, 3, 4, 5"
    before = rows(old, tally)
    opening.prepare(old)
    with psycopg.connect(old, autocommit=True) as connection:
        assert [c.name for c in verify(connection, lambda day: BOOK) if c.wrong] == []
        rebuild(connection)
    assert rows(old, tally) == before and len(before) > 8
    held = rows(old, "SELECT b.held, b.hash = s.hash FROM seal_before b JOIN seal s USING (day)")
    assert held == [(True, False)] * len(KEPT["seal"]) and len(held) == 4
    stamped = [e for e in KEPT["event"] if e["owes"]]
    assert rows(old, "SELECT count(*) FROM effect WHERE what = 'began'") == [(len(stamped),)]


def test_it_goes_on_as_if_it_had_always_been_so(old):
    """What was begun before is answered after, and what was answered before is corrected after."""
    opening.prepare(old)
    here = Room.__new__(Room)
    here.connection = psycopg.connect(old, autocommit=True)
    here.door, here.count = Door(here.connection, lambda day: BOOK), 1000
    here.now = here.rows("SELECT recorded_at FROM room")[0][0]
    done = here.send(
        here.event("visit.made", unit="south", client=2, matter="w1", id="right", replaces_id="late"),
        here.event("assessment.made", client=2, matter="c1"),
    )
    assert done.written == 2, done.refused
    while fold(here.connection):
        pass
    assert [c.name for c in verify(here.connection, lambda day: BOOK) if c.wrong] == []
    here.connection.close()


def test_a_day_that_did_not_hold_is_not_made_right_by_the_move(old):
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE event SET quantity = 5 WHERE type = 'feedback.given' AND quantity = 3")
    opening.prepare(old)
    with psycopg.connect(old, autocommit=True) as connection:
        found = [c for c in verify(connection) if c.wrong]
    assert [(c.name, c.wrong, c.first) for c in found] == [("log", 1, KEPT["seal"][0]["day"])]
    assert rows(old, "SELECT day::text FROM seal_before WHERE NOT held") == [(KEPT["seal"][0]["day"],)]
