"""A backup opens with its key alone, tells any change, is tried beside the room, and what came of that is told."""

from __future__ import annotations

import io

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.facts.conftest import Room
from torni.cli.main import main
from torni.core.faults import BadInput
from torni.facts import backup, encrypted, opening, rights

SECRET = "aino.esimerkki"  # stands in the room, and nowhere in the file


@pytest.fixture
def room(new_room, monkeypatch):
    made = Room(new_room())
    made.send(made.event("need.reported", client=1, matter=SECRET))
    made.connection.close()
    monkeypatch.setenv("DATABASE_URL", made.url)
    return made


def _written(plain: bytes, key: encrypted.Key) -> bytes:
    file = io.BytesIO()
    encrypted.write([plain[i : i + 70_001] for i in range(0, len(plain), 70_001)], file, key)
    return file.getvalue()


def _read(data: bytes, *keys: encrypted.Key) -> bytes:
    return b"".join(encrypted.read(io.BytesIO(data), keys))


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20])
def test_it_comes_out_as_it_went_in(size):
    old, new = encrypted.Key(b"o" * 32), encrypted.Key(b"n" * 32)
    plain = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    data = _written(plain, old)
    assert _read(data, new, old) == plain, "a key of before still opens what it wrote"
    assert data != _written(plain, old), "no two files are encrypted alike"
    with pytest.raises(BadInput, match="another key"):
        _read(data, new)


def test_any_change_of_any_part_is_told():
    key = encrypted.Key(b"k" * 32)
    data = _written(b"a" * (2 * 2**20 + 5), key)
    piece = 4 + 2**20 + 16
    head = 15 + 8 + 32
    for place in (
        15,
        23,
        head,
        head + 4,
        head + piece - 1,
        head + piece,
        len(data) - 65,
        len(data) - 64,
        len(data) - 1,
    ):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(BadInput, match="Nothing was changed"):
            _read(bytes(changed), key)
    first, second = data[head : head + piece], data[head + piece : head + 2 * piece]
    for other in (
        data[:head] + second + first + data[head + 2 * piece :], data[:head] + data[head + piece :], data + b"x",
        *(data[:n] for n in (0, 14, 30, head, head + 2, head + piece, head + 2 * piece, len(data) - 64, len(data) - 1)),
    ):  # fmt: skip
        with pytest.raises(BadInput, match="cut short, or is not as it was written"):
            _read(other, key)


def test_the_key_is_made_at_first_need_for_its_owner_alone_and_told(room, capsys, tmp_path, monkeypatch):
    key = tmp_path / "keys" / "backup.key"
    monkeypatch.setenv("TORNI_BACKUP_KEY", str(key))
    file = tmp_path / "room.backup"
    assert main(["backup", str(file)]) == 0
    assert f"A new key was made: {key}" in capsys.readouterr().out
    assert key.stat().st_mode & 0o777 == file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in key.parent.iterdir()] == ["backup.key"]
    assert SECRET.encode() not in file.read_bytes() and b"PGDMP" not in file.read_bytes()
    assert main(["backup", str(file), "--force"]) == 0
    assert "A new key" not in capsys.readouterr().out
    key.chmod(0o644)
    assert main(["backup", str(file), "--force"]) == 2
    assert "may be read by others" in capsys.readouterr().err
    key.unlink()
    assert main(["restore", str(file)]) == 2
    capsys.readouterr()


def test_a_backup_is_rehearsed_beside_the_room_and_what_came_of_it_is_kept(room, capsys, tmp_path, monkeypatch):
    file = tmp_path / "room.backup"
    assert main(["backup", str(file), "--rehearse"]) == 0
    assert "Brought back beside the room, and whole" in capsys.readouterr().out
    with opening.connect(room.url, autocommit=True) as connection:
        assert connection.execute("SELECT whole, bytes FROM backup_tried").fetchall() == [(True, file.stat().st_size)]
        assert connection.execute("SELECT datname FROM pg_database WHERE datname LIKE '%%\\_proof'").fetchall() == []
    made = backup._fill
    monkeypatch.setattr(backup, "_fill", lambda url, *words, **named: (made(url, *words, **named), _tamper(url)))
    assert main(["backup", str(file), "--force", "--rehearse"]) == 1
    assert "not whole" in capsys.readouterr().out
    with opening.connect(room.url, autocommit=True) as connection:
        assert connection.execute("SELECT whole FROM backup_tried ORDER BY number").fetchall() == [(True,), (False,)]


def _tamper(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM effect")


def test_what_is_not_whole_is_not_brought_in(room, new_room, capsys, tmp_path, monkeypatch):
    _tamper(room.url)
    file = tmp_path / "room.backup"
    assert main(["backup", str(file)]) == 0
    empty = new_room()
    monkeypatch.setenv("DATABASE_URL", empty)
    capsys.readouterr()
    assert main(["restore", str(file)]) == 2
    assert "is not whole" in capsys.readouterr().err
    with opening.connect(empty, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_a_backup_of_before_is_taken_only_at_its_word(room, new_room, capsys, tmp_path, monkeypatch):
    assert main(["backup", str(tmp_path / "now")]) == 0
    (tmp_path / "before").write_bytes(b"".join(backup.read(tmp_path / "now")))
    monkeypatch.setenv("DATABASE_URL", new_room())
    assert main(["restore", str(tmp_path / "before")]) == 2
    assert "--unsigned" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "before"), "--unsigned"]) == 0


def test_whoever_may_make_no_database_is_told_what_to_ask_for(room, capsys, tmp_path, monkeypatch):
    assert main(["backup", str(tmp_path / "b")]) == 0
    with psycopg.connect(room.url, autocommit=True) as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE torni_small LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        connection.execute("GRANT " + ", ".join(f"torni_{one}" for one in rights.LOGINS) + " TO torni_small")
    small = make_conninfo(room.url, user="torni_small")
    with pytest.raises(BadInput, match="CREATEDB"), backup.proved(small, tmp_path / "b"):
        raise AssertionError("it was made")
