"""A person planted everywhere that one can stand, by the catalogue of the database and the declarations of events: erased, nothing tells of her."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

import polars as pl
import pytest

from tests.facts.conftest import BOOK, kinds
from torni.core.faults import BadInput
from torni.facts import erasing, intake, opening, persons, senders
from torni.facts.access import Who
from torni.facts.backup import back_up, bring_back
from torni.facts.door import Door
from torni.facts.fold import fold
from torni.facts.postgres import binaries, data_folder
from torni.facts.registers import TYPES
from torni.facts.sealing import seal
from torni.facts.snapshot import snapshot, snapshot_folder
from torni.facts.verify import verify

HER, NAME, CODE, SIGN = 7_654_321, "Kaisa Maria Unohdettu", "300541-999X", "kaisa.unohdettu"
KINDS = kinds("*.yaml")
ALL = {name: kind.data for name, kind in KINDS.items()}
EVERY = replace(
    BOOK,
    needs={**{name: frozenset() for name in KINDS}, **BOOK.needs},
    data=ALL,
    senders=dict.fromkeys(KINDS, frozenset({"producer", "resident"})),
)
TELLS = re.compile(rf"unohdettu|{CODE}|(?<!\d){HER}(?!\d)", re.IGNORECASE)
LAWFUL = {"reading"}  # who has read whom: the law demands it, and the answer names it
OWN = senders.account(Who(9, SIGN, NAME, "resident", client=HER))
WHY = "another person's data were recorded"


def filled(field, whose: str, of_register: bool):
    """A value of the field's kind that names her; what another's register holds (a case manager, a producer) is another's by its meaning."""
    if whose == "other" and of_register and field.kind in ("text", "short_text"):
        return "A"
    return {
        "text": f"Sanoi {NAME} ({CODE}).", "short_text": f"Unohdettu, {NAME.removesuffix(' Unohdettu')}", "list": [f"{NAME.upper()} tuli", {"deep": {"er": NAME}}],
        "object": {"facts": {"who": NAME}, "by": [SIGN]}, "client": HER if whose == "other" else 3, "municipality": "931", "day": "2026-05-04",
        "choice": field.of[0] if field.of else None, "yes_no": True,
    }.get(field.kind, field.range[0] if field.range else 1)  # fmt: skip


@pytest.fixture
def planted(here):
    """Every type of event, hers and another's, with every declared field of it naming her; accounts, refused records, readings."""
    here.door = Door(here.connection, lambda day: EVERY)
    register = {"municipality": "931", "born": "1941-05-30", "name": NAME, "identity": CODE, "language": "fi"}
    assert not here.send(here.event("resident.registered", client=HER, data=register)).refused
    common = {"unit": "north", "due": "2026-05-04", "quantity": 1, "of_quantity": 2, "cents": 100}
    refused = {}
    for whose, client in (("hers", HER), ("other", 2)):
        for name, data in ALL.items():
            if name in ("unit.opened", "resident.registered", "event.withdrawn", "feed.complete"):
                continue
            told = {
                field: filled(kind, whose, name in TYPES)
                for field, kind in data.items()
                if kind.kind != "day" or not kind.range
            }
            event = here.event(name, client=client, matter=f"{whose}-{name}", data=told, **common)
            by = OWN if whose == "other" else None
            done = here.door.accept([event], now=here.now, sender=by)
            if done.refused:
                refused[whose, name] = list(done.refused.values())
    assert not refused, refused
    for n, raw in enumerate(
        ({"client": f" 0{HER} "}, {"data": {"Asiakas": float(HER)}}, {"data": {"text": f"soita: {HER}."}}, {"data": {"name": "Unohdettu,  Kaisa Maria"}}, {"x": [{"y": CODE.lower()}]})
    ):  # fmt: skip
        intake.receive(here.door, [{"id": f"q{n}", "type": "no.such", "time": "x", **raw}], source="a", now=here.now)
    intake.receive(
        here.door, [{"id": "q9", "type": "no.such", "time": "x", "data": {"client": 2}}], sender=OWN, now=here.now
    )
    execute = here.connection.execute
    (account,) = execute("INSERT INTO account (name, shown) VALUES (%s, %s) RETURNING account", [SIGN, NAME]).fetchone()
    execute("INSERT INTO standing (account, role, client, by_whom) VALUES (%s, 'resident', %s, 'x')", [account, HER])
    execute("INSERT INTO credential (account, password, issuer, subject) VALUES (%s, 'x', 'idp', %s)", [account, CODE])
    execute("INSERT INTO session (key_hash, account, ends_at) VALUES ('a', %s, now())", [account])
    execute("INSERT INTO known_browser (key_hash, account, until) VALUES ('b', %s, now())", [account])
    execute("INSERT INTO sign_in (name_hash, account, way, succeeded) VALUES ('c', %s, 'password', true)", [account])
    execute("INSERT INTO reading (client, account, shown, role, what, why) VALUES (%s, %s, %s, 'resident', 'own', 'own request')", [HER, account, NAME])  # fmt: skip
    fold(here.connection)
    here.later(days=1)
    here.send(here.event("feedback.given", unit="north", quantity=5))
    fold(here.connection)
    seal(here.connection)
    here.account = account
    return here


def standing(connection) -> set[str]:
    """Every table in which something tells of her."""
    tables = connection.execute("SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')").fetchall()  # fmt: skip
    found = set()
    for schema, table in tables:
        rows = connection.execute(f'SELECT to_jsonb(t)::text FROM "{schema}"."{table}" t').fetchall()
        if any(TELLS.search(text) for (text,) in rows):
            found.add(re.sub(r"_\d{4}$", "", table))
    return found


def columns(connection, name: str) -> set[str]:
    rows = connection.execute(
        "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
        "WHERE c.column_name = %s AND t.table_type = 'BASE TABLE' AND c.table_schema = 'public'", [name]
    ).fetchall()  # fmt: skip
    return {re.sub(r"_\d{4}$", "", table) for (table,) in rows}


def test_everywhere_that_a_person_can_stand_she_was_planted(planted):
    """So that a table or field that comes later is planted too, or this says so."""
    of_client = {"event", "effect", "owed", "client", "care", "permit", "standing", "reading"}
    assert (
        columns(planted.connection, "client") == of_client <= standing(planted.connection) | {"effect", "owed", "care"}
    )
    for table in of_client:
        assert planted.rows(f"SELECT count(*) > 0 FROM {table} WHERE client = {HER}") == [(True,)], table
    with_account = columns(planted.connection, "account") - {"account"}
    assert with_account == {"standing", "credential", "sign_in", "session", "known_browser", "reading"}
    for table in with_account:
        assert planted.rows(f"SELECT count(*) > 0 FROM {table} WHERE account = {planted.account}") == [(True,)], table
    for name, data in ALL.items():
        for field, kind in data.items():
            if (
                kind.erased == "emptied"
                and name not in TYPES
                and kind.kind in ("text", "list", "object")
                and name not in ("unit.opened", "resident.registered", "feed.complete")
            ):
                rows = planted.connection.execute(
                    "SELECT data->%s FROM event WHERE type = %s AND client = 2", [field, name]
                ).fetchall()
                assert rows and all(TELLS.search(json.dumps(told, ensure_ascii=False)) for (told,) in rows), (
                    name,
                    field,
                )


def test_erased_she_stands_in_no_table_no_file_and_no_dump(planted, tmp_path):
    connection = planted.connection
    snapshot(connection, snapshot_folder(connection), persons=True)
    kept = next(iter((data_folder() / "snapshot").glob("*/event_*.parquet")))
    assert HER in pl.read_parquet(kept)["client"].to_list()
    tally = planted.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4, 5")
    others = planted.rows("SELECT count(*), sum(cents) FROM event WHERE client = 2")
    done = erasing.erase(connection, HER, data=ALL, by="Records Keeper", why=WHY)
    assert (done.accounts, done.refused, done.shared) == (1, 6, 0) and done.others >= len(ALL) - 10
    assert standing(connection) == LAWFUL
    assert any("log of who has read" in str(line) for line in done.kept)
    assert planted.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4, 5") == tally
    assert planted.rows("SELECT count(*), sum(cents) FROM event WHERE client = 2") == others
    assert planted.rows("SELECT role, client FROM standing") == [(None, None)] and not planted.rows(
        "SELECT 1 FROM session"
    )
    assert planted.rows("SELECT count(*) FROM event WHERE sender->>'role' = 'resident' AND sender ? 'who'") == [(0,)]
    assert planted.rows("SELECT raw->'data'->>'client' FROM quarantine WHERE raw <> '{}'") == [("2",)], (
        "another's record stays"
    )
    seal(connection)
    assert [(c.name, c.first) for c in verify(connection) if c.wrong] == []
    for file in data_folder().rglob("*"):
        if file.is_file() and not file.is_relative_to(data_folder() / "postgres"):
            assert not TELLS.search(file.read_bytes().decode("latin-1")), file
    assert not kept.exists()
    dumped = subprocess.run(
        [str(binaries() / "pg_dump"), "--exclude-table-data=reading", planted.url], check=True, capture_output=True, text=True
    ).stdout  # fmt: skip
    assert "COPY public.event" in dumped and not TELLS.search(dumped)


def test_a_restore_of_a_backup_from_before_erases_again(planted, new_room, tmp_path):
    back_up(planted.url, tmp_path / "before.torni")
    erasing.erase(planted.connection, HER, data=ALL, by="Records Keeper", why=WHY)
    there = new_room()
    bring_back(there, tmp_path / "before.torni")
    with opening.connect(there, autocommit=True) as connection:
        assert "event" in standing(connection)
        assert erasing.again(connection, data=ALL) == 1
        assert standing(connection) == LAWFUL
        assert connection.execute("SELECT by_whom, why FROM erasure").fetchall() == [("restore", erasing.AGAIN)]
        assert [c.name for c in verify(connection) if c.wrong] == []
        assert erasing.again(connection, data=ALL) == 0
    told = erasing.ledger().read_text()
    assert not TELLS.search(told) and erasing.ledger().stat().st_mode & 0o077 == 0


def test_everything_planted_is_given_out(planted):
    found = persons.export(planted.connection, HER, data=ALL, by="Records Keeper", why="her own request")
    mine = {name for name in ALL if name not in ("unit.opened", "event.withdrawn", "feed.complete")}
    assert {e["type"] for e in found["events"]} == mine
    assert len(found["refused_at_the_door"]) == 5 and found["accounts"][0]["name"] == SIGN and found["sign_ins"]
    texts = {
        name
        for name, data in ALL.items()
        if name not in (*TYPES, "feed.complete")
        and any(f.kind in ("text", "short_text", "list", "object") for f in data.values())
    }
    assert texts <= {e["type"] for e in found["named_in"]}
    assert {"representative.named"} <= {e["type"] for e in found["named_in"]}, "by her number, too"
    assert {e["type"] for e in found["sent_of_others"]} == mine - {"resident.registered"}


def test_a_namesake_keeps_the_name_and_the_answer_says_so(planted):
    planted.send(
        planted.event("resident.registered", client=3, data={"municipality": "172", "born": "2015-01-01", "name": NAME})
    )
    done = erasing.erase(planted.connection, HER, data=ALL, by="x", why=WHY)
    assert done.shared == 1
    assert planted.rows("SELECT DISTINCT name FROM client WHERE client = 3 AND name IS NOT NULL") == [(NAME,)]
    assert planted.rows("SELECT count(*) > 0 FROM event WHERE client = 2 AND data::text LIKE '%Unohdettu%'") == [
        (True,)
    ]
    assert CODE not in str(planted.rows("SELECT data FROM event"))


@pytest.mark.parametrize("why", [f"{NAME} pyysi", f"hetu {CODE}", f"asiakas {HER}"])
def test_the_reason_is_kept_so_it_may_not_name_her(planted, why):
    with pytest.raises(BadInput, match="names the person"):
        erasing.erase(planted.connection, HER, data=ALL, by="x", why=why)
    assert not planted.rows("SELECT 1 FROM erasure")
