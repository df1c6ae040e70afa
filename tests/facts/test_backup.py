"""`torni backup` and `restore`: all comes back, or the room stays as it was, whatever goes wrong and wherever it is cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.facts.conftest import Room, rings
from torni.cli.main import main
from torni.core.faults import BadInput
from torni.facts import accounts, backup, encrypted, feeds, opening
from torni.facts.access import Who
from torni.facts.postgres import binaries

PASSWORD = "four words of mine"


def _plain(path: Path) -> bytes:
    """What pg_dump wrote."""
    return b"".join(backup.read(path))


@pytest.fixture(scope="module")
def kept(new_room, tmp_path_factory) -> Path:
    """A backup of a small room with facts, an account and a sealed day."""
    made = Room(new_room())
    accounts.new(made.connection, "aino", shown="Aino", role="adviser", by="test", password=PASSWORD)
    made.send(*(made.event("need.reported", client=1, matter=f"n{i}") for i in range(300)))
    made.connection.close()
    path = tmp_path_factory.mktemp("backup") / "room.backup"
    backup.back_up(made.url, path)
    return path


class Target:
    """A room without facts, but with an account, a feed's key and a region's name."""

    def __init__(self, url: str) -> None:
        self.url = url
        with opening.connect(url, autocommit=True) as connection:
            opening.claim(connection, "trial")
            accounts.new(connection, "olli", shown="Olli", role="director", by="test", password=PASSWORD)
            self.key = feeds.new(connection, "sender")
        self.was = self.whole()

    def whole(self) -> str:
        """Every table, row and right of the database."""
        told = subprocess.run(
            [str(binaries() / "pg_dump"), self.url], capture_output=True, text=True, check=True
        ).stdout
        return "\n".join(line for line in told.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))

    def assert_as_it_was(self) -> None:
        assert self.whole() == self.was
        with opening.connect(self.url, autocommit=True) as connection:
            assert isinstance(accounts.by_password(connection, "olli", PASSWORD), Who)
            assert feeds.source_of(connection, self.key) == ("sender", None)


@pytest.fixture
def target(new_room, monkeypatch) -> Target:
    made = Target(new_room())
    monkeypatch.setenv("DATABASE_URL", made.url)
    return made


def test_a_backup_comes_back_whole_and_never_over_facts(capsys, tmp_path, invented_year, new_room, monkeypatch):
    file = tmp_path / "room.backup"
    monkeypatch.setenv("DATABASE_URL", invented_year)
    assert main(["backup", str(file)]) == 0
    assert file.stat().st_mode & 0o077 == 0, "it holds everybody's data"
    assert main(["backup", str(file)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["restore", str(file)]) == 2
    assert "never writes over facts" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_URL", new_room())
    assert main(["restore", str(file)]) == 0
    capsys.readouterr()
    assert main(["verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["whole"]


def _text(path: Path, _kept: Path, _new_room) -> None:
    path.write_text("not a backup")


def _empty(path: Path, _kept: Path, _new_room) -> None:
    path.touch()


def _another_programs(path: Path, _kept: Path, new_room) -> None:
    url = new_room()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "DROP SCHEMA shown CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE event (x int)"
        )
    backup.back_up(url, path)


def _a_newer_torni(path: Path, _kept: Path, new_room) -> None:
    url = new_room()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('facts', '9999_later', now())")
    backup.back_up(url, path)


def _a_newer_postgres(path: Path, kept: Path, _new_room) -> None:
    whole = bytearray(_plain(kept))
    whole[6] += 1  # after PGDMP: the archive's version, of two parts
    with path.open("wb") as file:
        encrypted.write([bytes(whole)], file, encrypted.keys()[0])


def _cut(share: float):
    def make(path: Path, kept: Path, _new_room) -> None:
        whole = kept.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])

    return make


def _spoilt(path: Path, kept: Path, _new_room) -> None:
    whole = bytearray(kept.read_bytes())
    middle = len(whole) * 9 // 10
    whole[middle : middle + 200] = b"\x00" * 200
    path.write_bytes(whole)


WRONG = {
    "text": _text, "empty": _empty, "another program's": _another_programs, "a newer Torni's": _a_newer_torni, "a newer PostgreSQL's": _a_newer_postgres,
    "spoilt": _spoilt, **{f"cut at {share}": _cut(share) for share in (0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)},
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_failed_restore_leaves_the_room_as_it_was(capsys, tmp_path, kept, target, new_room, what):
    WRONG[what](tmp_path / "f", kept, new_room)
    assert main(["restore", str(tmp_path / "f")]) == 2
    told = capsys.readouterr().err
    assert "Nothing was changed" in told and "Traceback" not in told
    target.assert_as_it_was()


def test_what_is_no_file_is_told(capsys, tmp_path, target):
    for path in (tmp_path / "none", tmp_path):
        assert main(["restore", str(path)]) == 2
    assert "is not a file" in capsys.readouterr().err
    target.assert_as_it_was()


STALLED = """#!/bin/sh
case "$*" in *--list*) exec {real} "$@";; esac
{real} "$@" | head -c {bytes}
touch {mark}
sleep 600
"""
DRIVER = """
import sys
from pathlib import Path
from torni.facts import backup
backup.binaries = lambda: Path(sys.argv[1])
backup.bring_back(sys.argv[2], Path(sys.argv[3]))
"""


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("killed", ["torni", "psql"])
def test_a_killed_restore_leaves_the_room_as_it_was(tmp_path, kept, target, share, killed):
    """Wherever it stands: within a table's rows, between two statements, or when all has come but the last word."""
    programs = tmp_path / "bin"
    programs.mkdir()
    script = subprocess.run([str(binaries() / "pg_restore"), "--no-owner", "--file=-"], input=_plain(kept), capture_output=True, check=True).stdout  # fmt: skip
    (programs / "pg_restore").write_text(
        STALLED.format(real=binaries() / "pg_restore", bytes=int(len(script) * share), mark=tmp_path / "stalled")
    )
    (programs / "pg_restore").chmod(0o755)
    (programs / "psql").symlink_to(binaries() / "psql")
    running = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(programs), target.url, str(kept)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _wait(lambda: (tmp_path / "stalled").exists() and _sessions(target.url))
        (writer,) = _sessions(target.url)
        if killed == "torni":
            running.kill()
        else:
            with psycopg.connect(target.url, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(%s)", [writer])
        _wait(lambda: not _sessions(target.url))
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    target.assert_as_it_was()


def _sessions(url: str) -> list[int]:
    """The psql that is writing."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql' AND xact_start IS NOT NULL"
        )
        return [pid for (pid,) in found]


def _wait(until) -> None:
    for _ in range(600):
        if until():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


@rings
def test_a_room_in_use_is_told_and_left_alone(capsys, kept, target, monkeypatch):
    monkeypatch.setattr(backup, "_FIRST", backup._FIRST.replace("'10s'", "'200ms'"))
    with psycopg.connect(target.url) as another:
        another.execute("SELECT * FROM account FOR UPDATE")
        assert main(["restore", str(kept)]) == 2
    assert "in use by another program" in capsys.readouterr().err
    target.assert_as_it_was()


def test_facts_that_come_meanwhile_are_not_written_over(kept, target, monkeypatch):
    """The look for facts is made within the restore itself, when nobody else can write any more."""
    made = backup._look

    def look(path, **named):
        made(path, **named)
        with opening.connect(target.url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO event (recorded_at, at, source, id, type) VALUES (now(), now(), 's', '1', 'x.y')"
            )

    monkeypatch.setattr(backup, "_look", look)
    with pytest.raises(BadInput, match="has facts already"):
        backup.bring_back(target.url, kept)
    with opening.connect(target.url) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)
        assert connection.execute("SELECT name FROM account").fetchall() == [("olli",)]


def test_what_the_room_had_beside_facts_is_moved_aside_and_not_wiped(capsys, tmp_path, kept, target):
    assert main(["restore", str(kept)]) == 0
    assert "DROP SCHEMA before_1 CASCADE" in capsys.readouterr().out
    with opening.connect(target.url) as connection:
        assert connection.execute("SELECT name FROM account").fetchall() == [("aino",)]
        assert connection.execute("SELECT name FROM before_1.account").fetchall() == [("olli",)]
        connection.execute("SET ROLE torni_gate")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM before_1.account")
    assert main(["backup", str(tmp_path / "again")]) == 0
    assert b"before_1" not in _plain(tmp_path / "again")


def test_a_restored_room_can_be_backed_up_and_restored_again(capsys, tmp_path, kept, new_room, monkeypatch):
    file = kept
    for turn in range(2):
        monkeypatch.setenv("DATABASE_URL", new_room())
        assert main(["restore", str(file)]) == 0
        assert "kept aside" not in capsys.readouterr().out
        file = tmp_path / f"turn {turn}"
        assert main(["backup", str(file)]) == 0


def test_a_failed_backup_leaves_no_half_file(tmp_path, target, monkeypatch):
    (tmp_path / "room.backup").write_text("the one before")
    monkeypatch.setattr(backup, "_address", lambda url: ("host=/nowhere dbname=none", dict(os.environ)))
    assert main(["backup", str(tmp_path / "room.backup"), "--force"]) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["room.backup"]
    assert (tmp_path / "room.backup").read_text() == "the one before"
