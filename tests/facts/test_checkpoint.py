"""Whoever holds a checkpoint finds whatever was rewritten behind it, also where the one who did it owns the database and made all seals anew."""

from __future__ import annotations

import importlib.util
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.facts.conftest import BOOK, DATA
from torni.core.faults import BadInput
from torni.facts import checkpoint, erasing, merkle, sealing
from torni.facts.fold import fold
from torni.facts.leaves import COLUMNS, tail_hash
from torni.facts.proof import prove
from torni.facts.rights import NOTED
from torni.facts.sealing import seal
from torni.facts.verify import verify

SCRIPT = Path(__file__).parents[2] / "tools" / "check_proof.py"
_spec = importlib.util.spec_from_file_location("check_proof", SCRIPT)
assert _spec and _spec.loader
alone = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(alone)
NAME = "torni/trial"


@pytest.fixture(autouse=True)
def _own_key(tmp_path, monkeypatch):
    monkeypatch.setenv("TORNI_SEAL_KEY", str(tmp_path / "keys" / "seal.key"))


@pytest.fixture
def lived(here):
    """Ten days of thirty more clients, each day sealed but the last."""
    run = here.connection.execute
    here.send(
        *(
            here.event("resident.registered", client=c, data={"municipality": "172", "born": "1950-01-01"})
            for c in range(10, 40)
        )
    )
    for day in range(10):
        here.send(
            *(here.event("visit.planned", client=c, unit="north", matter=f"v{day}-{c}", due=here.now.date()) for c in range(10, 40) if (c + day) % 3),
            here.event("feedback.given", unit="north", quantity=5),
        )  # fmt: skip
        run(
            "INSERT INTO reading (client, shown, role, what, why) VALUES (10, 'Ada', 'adviser', 'events', 'her matter')"
        )
        here.later(days=1)
    here.send(here.event("feedback.given", unit="south", quantity=4))
    while fold(here.connection):
        pass
    assert seal(here.connection) == 10
    return here


def wrong(connection):
    return [c.name for c in verify(connection, lambda day: BOOK) if c.wrong]


def test_a_checkpoint_is_short_and_no_other_is_taken_for_it(lived):
    note = checkpoint.keep(lived.connection)
    assert note and len(note.encode()) < 1000 and note.startswith("torni/trial\n10\n")
    assert checkpoint.keep(lived.connection) == note and lived.rows("SELECT note FROM checkpoint") == [(note,)]
    key = checkpoint.public_key(NAME)
    assert checkpoint.read(note, key=key).size == 10
    name, mark, told = key.split("+", 2)
    for changed in (note.replace("\n10\n", "\n9\n", 1), note.replace("day 2026", "day 2025"), note.replace("— torni", "— other"), note[:-40], "nothing"):  # fmt: skip
        with pytest.raises(BadInput):
            checkpoint.read(changed, key=key)
    for other in (f"{name}+00000000+{told}", f"torni/other+{mark}+{told}", "no key"):
        with pytest.raises(BadInput):
            checkpoint.read(note, key=other)


def test_the_key_is_outside_the_database_and_only_its_owners(lived, tmp_path):
    checkpoint.keep(lived.connection)
    path = tmp_path / "keys" / "seal.key"
    assert path.stat().st_mode & 0o777 == 0o600
    secret = path.read_text().split()[1]
    assert not any(secret in str(lived.rows(f"SELECT * FROM {table}")) for table in NOTED)


def made_anew(connection):
    """All that the database holds of seals, made anew by one who owns it and knows how."""
    run = connection.execute
    for name in ("seal", "leaf", "tail"):
        run(f"DELETE FROM {name}")
    run("SET LOCAL timezone = 'UTC'")
    for name in NOTED:
        run(f"INSERT INTO leaf (name, leaf) SELECT '{name}', leaf_of('{name}', to_jsonb(x)) FROM {name} x")
    run(
        f"INSERT INTO tail (position, events, hash) SELECT position, 1, {tail_hash('e')} FROM event e ORDER BY position"
    )
    run("SET LOCAL session_replication_role = origin")
    seal(connection)


REWRITES = {
    "an event's quantity": "UPDATE event SET quantity = quantity - 1 WHERE position = (SELECT position FROM event WHERE type = 'feedback.given' AND position < %(before)s ORDER BY position OFFSET %(n)s LIMIT 1)",
    "an event's moment": "UPDATE event SET at = at - interval '1 hour' WHERE position = %(position)s",
    "whose it is": "UPDATE event SET client = client + 1 WHERE position = (SELECT position FROM event WHERE client < 39 AND type = 'visit.planned' ORDER BY position OFFSET %(n)s LIMIT 1)",
    "who sent it": """UPDATE event SET sender = '{"kind": "feed", "who": "another"}' WHERE position = %(position)s""",
    "its salt alone": "UPDATE event SET salt = gen_random_uuid() WHERE position = %(position)s",
    "an event gone": "DELETE FROM event WHERE position = %(position)s",
    "one more": "INSERT INTO event (position, recorded_at, at, source, id, type) SELECT -%(position)s, recorded_at, at, 'another', 'x', type FROM event WHERE position = 1",
    "two in each other's place": "UPDATE event e SET (id, type, at) = (SELECT o.id, o.type, o.at FROM event o WHERE o.position = 2 * %(position)s + 1 - e.position) WHERE position IN (%(position)s, %(position)s + 1)",
    "a reading gone": "DELETE FROM reading WHERE number = 1 + %(n)s",
    "who read": "UPDATE reading SET shown = 'Another' WHERE number = 1 + %(n)s",
}  # fmt: skip


def test_a_hundred_rewrites_with_an_owners_rights_are_a_hundred_finds(lived):
    """With all chains made anew the database agrees with itself, and the checkpoint still tells."""
    connection = lived.connection
    one = checkpoint.read(checkpoint.keep(connection), key=checkpoint.public_key(NAME))
    (before,) = lived.rows("SELECT max(position) FROM seal")[0]
    positions = [p for (p,) in lived.rows(f"SELECT position FROM event WHERE position < {before}")]
    dice, found, agrees = random.Random(17), 0, 0
    assert not checkpoint.against(connection, one).wrong
    connection.execute("SET default_transaction_isolation = 'repeatable read'")
    for turn in range(100):
        rewrite = list(REWRITES.values())[turn % len(REWRITES)]
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL session_replication_role = replica")
            values = {"before": before, "n": turn % 9, "position": dice.choice(positions)}
            if "-%(position)s" in rewrite:
                connection.execute("CREATE TABLE event_before PARTITION OF event FOR VALUES FROM (-100000) TO (0)")
            assert connection.execute(rewrite, values).rowcount, (rewrite, values)
            made_anew(connection)
            agrees += not [c for c in _verified(connection) if c.wrong]
            found += checkpoint.against(connection, one).wrong
    assert (found, agrees) == (100, 100)
    assert not checkpoint.against(connection, one).wrong


def test_the_last_days_cut_off_are_found(lived):
    one = checkpoint.read(checkpoint.keep(lived.connection), key=checkpoint.public_key(NAME))
    with lived.connection.transaction():
        lived.connection.execute("SET LOCAL session_replication_role = replica")
        lived.connection.execute(
            "DELETE FROM event WHERE position > (SELECT position FROM seal ORDER BY day DESC OFFSET 3 LIMIT 1)"
        )
        lived.connection.execute("UPDATE room SET recorded_at = (SELECT max(recorded_at) FROM event)")
        made_anew(lived.connection)
    assert checkpoint.against(lived.connection, one).wrong == 1


def test_after_many_erasures_every_other_proof_holds_and_nothing_is_sealed_anew(lived):
    connection = lived.connection
    note, key = checkpoint.keep(connection), checkpoint.public_key(NAME)
    before = lived.rows("SELECT * FROM seal ORDER BY day")
    proofs = {}
    for position, client in lived.rows(
        "SELECT position, client FROM event WHERE position <= (SELECT max(position) FROM seal)"
    ):
        proofs[position] = (client, prove(connection, position))
    for client in range(10, 30):
        erasing.erase(connection, client, data=DATA, by="Records Keeper", why="her own request")
    assert lived.rows("SELECT * FROM seal ORDER BY day") == before
    assert wrong(connection) == []
    assert not checkpoint.against(connection, checkpoint.read(note, key=key)).wrong
    held = 0
    for position, (client, proof) in proofs.items():
        assert alone.check(proof.text, proof.event.encode(), key) == "2026-05-13"
        if client in range(10, 30):
            with pytest.raises(BadInput, match="tells what it told"):
                prove(connection, position)
        else:
            held += prove(connection, position) == proof
    assert held == sum(c not in range(10, 30) for c, _ in proofs.values()) and held > 70
    salts = {s for (s,) in lived.rows("SELECT salt::text FROM event")}
    gone = {bytes.fromhex(p.text.split()[6]) for c, p in proofs.values() if c in range(10, 30)}
    assert gone and not {s.hex() for s in gone} & {s.replace("-", "") for s in salts}


def test_after_a_thousand_erasures_all_other_proofs_hold(here):
    """A day of a thousand clients of whom each is erased, and of thirty who stay: every proof given before stands, and those who stay get the same."""
    connection, gone, stay = here.connection, range(1_000, 2_000), range(2_000, 2_030)
    everybody = [*gone, *stay]
    here.send(*(here.event("resident.registered", client=c, data={"municipality": "172", "born": "1950-01-01"}) for c in everybody))  # fmt: skip
    here.send(*(here.event("need.reported", client=c, matter=f"n{c}") for c in everybody))
    here.later(days=1)
    here.send(here.event("feedback.given", unit="south", quantity=4))
    while fold(connection):
        pass
    assert seal(connection) == 1
    note, key = checkpoint.keep(connection), checkpoint.public_key(NAME)
    kept = [p for (p,) in here.rows(f"SELECT position FROM event WHERE client >= {stay[0]} ORDER BY position")]
    of_gone = [p for (p,) in here.rows(f"SELECT position FROM event WHERE client IN ({gone[0]}, {gone[-1]})")]
    proofs = {p: prove(connection, p) for p in [*kept, *of_gone]}
    for client in gone:
        erasing.erase(connection, client, data=DATA, by="Records Keeper", why="her own request")
    assert here.rows("SELECT count(*) FROM erasure") == [(1_000,)]
    assert len(kept) == 60 and {p: prove(connection, p) for p in kept} == {p: proofs[p] for p in kept}
    assert {alone.check(p.text, p.event.encode(), key) for p in proofs.values()} == {"2026-05-04"}
    assert not checkpoint.against(connection, checkpoint.read(note, key=key)).wrong
    assert wrong(connection) == []


def test_a_later_erasure_is_in_the_log_too_and_what_it_left_is_held(lived):
    erasing.erase(lived.connection, 10, data=DATA, by="x", why="a mistake")
    lived.later(days=1)
    lived.send(lived.event("feedback.given", unit="south", quantity=4))
    while fold(lived.connection):
        pass
    assert seal(lived.connection) == 1
    one = checkpoint.read(checkpoint.keep(lived.connection), key=checkpoint.public_key(NAME))
    assert wrong(lived.connection) == []
    lived.connection.execute("SET session_replication_role = replica")
    for statement in (
        "UPDATE event SET data = '{\"said\": \"another\"}' WHERE position = (SELECT min(position) FROM event WHERE matter LIKE 'erased-%')",
        "UPDATE leaf SET erasure = NULL WHERE number = (SELECT max(number) FROM leaf WHERE position IS NOT NULL)",
        "DELETE FROM leaf WHERE number = (SELECT max(number) FROM leaf WHERE position IS NOT NULL)",
        "DELETE FROM erasure",
    ):
        with lived.connection.transaction(force_rollback=True):
            lived.connection.execute("SET LOCAL default_transaction_isolation = 'repeatable read'")
            lived.connection.execute(statement)
            found = {c.name for c in _verified(lived.connection) if c.wrong}
            assert found & {"log", "kept"}, statement
    assert not checkpoint.against(lived.connection, one).wrong


def _verified(connection):
    """In the transaction that is open: what it has changed is rolled back."""
    from torni.facts import verify as verifying

    connection.execute("SET LOCAL timezone = 'UTC'")
    return [verifying._log(connection), verifying._noted(connection)]


def test_a_proof_is_short_and_checked_with_nothing_of_ours(lived, tmp_path):
    position = lived.rows("SELECT max(position) FROM event WHERE client = 20")[0][0]
    found = prove(lived.connection, position)
    assert found.client == 20 and '"matter":"v' in found.event
    path = found.text.split("\n")
    shorter = sum(len(line.split()[-1]) for line in (path[1], path[3]))
    # 57,000 events a day (16 hashes) for five years (11): 21 million a year
    assert len(found.text) - shorter + 4 * -(-16 * 32 // 3) + 4 * -(-11 * 32 // 3) + 20 < 1536
    key = checkpoint.public_key(NAME)
    (tmp_path / "proof.txt").write_text(found.text)
    (tmp_path / "event.json").write_text(found.event + "\n")
    (tmp_path / "key.txt").write_text(key + "\n")

    def asked(event="event.json", told=key):
        return subprocess.run([sys.executable, "-I", str(SCRIPT), "proof.txt", event, told], cwd=tmp_path, capture_output=True, text=True)  # fmt: skip

    assert asked().returncode == asked(told="key.txt").returncode == 0 and "2026-05-13" in asked().stdout
    (tmp_path / "other.json").write_text(found.event.replace('"sign":1', '"sign":2'))
    assert asked("other.json").returncode == 1 and "not in the log" in asked("other.json").stderr
    raw = alone.base64.b64decode(key.split("+", 2)[2])[1:]
    if shutil.which("openssl"):
        text, _, line = found.text.split("\n", 4)[4].partition("\n\n")
        signature = alone.base64.b64decode(line.rpartition(" ")[2])[4:]
        assert alone.by_openssl(raw, signature, text.encode() + b"\n")
        assert not alone.by_openssl(raw, signature, text.encode())


def test_a_newer_checkpoint_is_shown_to_extend_each_older_one_with_nothing_of_the_room(lived, tmp_path):
    """Every earlier size against every later one; a room made anew behind the older checkpoint cannot show it."""
    connection, newest = lived.connection, checkpoint.keep(lived.connection)
    key, notes, proof = checkpoint.public_key(NAME), signed_each_day(connection), checkpoint.extension(connection, 7)
    assert notes[-1] == newest == checkpoint.newest(connection)
    for none in (0, 11):
        with pytest.raises(BadInput, match="no number of days"):
            checkpoint.extension(connection, none)
    with pytest.raises(ValueError, match="rewritten"):
        alone.extends(proof, notes[5], key)
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM checkpoint")
        for size, note in enumerate(notes, 1):
            connection.execute("INSERT INTO checkpoint (size, note) VALUES (%s, %s)", [size, note])
            for earlier, older in enumerate(notes[:size], 1):
                days = alone.extends(checkpoint.extension(connection, earlier), older, key)
                assert days == tuple(str(s.day) for s in (sealing.seals(connection)[n - 1] for n in (earlier, size)))
        connection.execute("UPDATE event SET quantity = 1 WHERE type = 'feedback.given'")
        made_anew(connection)
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE checkpoint SET note = %s WHERE size = 10", [signed_each_day(connection)[-1]])
        with pytest.raises(ValueError, match="rewritten"):
            alone.extends(checkpoint.extension(connection, 7), notes[6], key)
    for name, text in (("proof.txt", proof), ("older.txt", notes[6]), ("other.txt", notes[3]), ("key.txt", key)):
        (tmp_path / name).write_text(text)
    for older, code in (("older.txt", 0), ("other.txt", 1)):
        asked = [sys.executable, "-I", str(SCRIPT), "--extends", "proof.txt", older, "key.txt"]
        assert subprocess.run(asked, cwd=tmp_path, capture_output=True, check=False).returncode == code


def signed_each_day(connection) -> list[str]:
    """The checkpoint of each day, signed as it would have been then."""
    found = sealing.seals(connection)
    roots = [merkle.root([s.leaf for s in found[:n]]) for n in range(1, len(found) + 1)]
    return [
        checkpoint.signed(checkpoint.Checkpoint(NAME, n, root, str(found[n - 1].day)))
        for n, root in enumerate(roots, 1)
    ]


def test_an_event_of_today_and_one_that_is_not_there_are_told(lived):
    (newest,) = lived.rows("SELECT max(position) FROM event")[0]
    with pytest.raises(BadInput, match="not sealed yet"):
        prove(lived.connection, newest)
    with pytest.raises(BadInput, match="no event"):
        prove(lived.connection, newest + 1)


def test_the_event_is_hashed_whole(here):
    """Each column of an event is in its line or is its salt: one that comes later is added to `torni.facts.leaves`."""
    columns = {
        name
        for (name,) in here.rows(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'event'::regclass AND attnum > 0 AND NOT attisdropped"
        )
    }

    assert columns == {*COLUMNS, "salt"}
