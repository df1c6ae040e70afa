"""Where the product stands: any folder its server may enter, however it is spelled; what cannot be is told in one message."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.facts.conftest import rings
from torni.core import places
from torni.core.faults import BadInput
from torni.facts import opening, postgres
from torni.facts.postgres import server

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a server as another user")


@pytest.fixture
def place():
    made = Path(tempfile.mkdtemp(prefix="torni-place-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def one(folder: Path) -> object:
    with server(folder=folder) as running, psycopg.connect(running.url) as connection:
        return connection.execute("SELECT 1").fetchone()


@pytest.mark.parametrize("name", ["Äijänsuo ö", 'it\'s "quoted"', "$HOME `id` a,b;c&d=e?f#g%20h \\", "x" * 120])
def test_a_data_folder_may_have_any_name(place, name):
    assert one(place / name / "torni") == (1,)


def test_a_line_break_in_its_path_says_what_to_do(place):
    with pytest.raises(BadInput, match="line break"):
        one(place / "a\nb")


def test_two_spellings_of_a_folder_are_one_server(place):
    (place / "a long and blank name").mkdir()
    (place / "short").symlink_to(place / "a long and blank name")
    with server(folder=place / "short") as first, server(folder=place / "a long and blank name") as second:
        assert first.url == second.url


@pytest.fixture
def closed(place, monkeypatch):
    """The wheel in a folder that is closed to everybody else, as in root's own home."""
    wheel = postgres.binaries().parents[2]
    inside = postgres.binaries().relative_to(wheel)
    for part in (inside.parent, Path(f"{postgres.WHEEL}.libs")):
        shutil.copytree(wheel / part, place / "closed" / part, symlinks=True)
    (place / "closed").chmod(0o700)
    monkeypatch.setattr(postgres, "binaries", lambda: place / "closed" / inside)
    return place / "closed"


@AS_ROOT
def test_programs_in_a_closed_folder_are_copied_whole(place, closed, monkeypatch):
    """With their libraries where they look for them; and a copy cut short is made again."""
    old = os.umask(0o077)  # a careful root's
    try:
        data = place / "new" / "data"
        assert one(data) == (1,)
        (copied,) = data.glob("postgresql-*")
        copied.rename(data / "postgresql.making")  # as one that was cut short
        assert one(data) == (1,)
    finally:
        os.umask(old)
    shutil.rmtree(closed)
    assert one(data) == (1,), "the copy needs nothing of the closed folder"


def test_programs_in_a_folder_that_a_shell_misreads_are_copied(place, monkeypatch):
    shipped = postgres.binaries()
    odd = place / 'a "$HOME" b'
    odd.symlink_to(shipped.parents[2])
    monkeypatch.setattr(postgres, "binaries", lambda: odd / shipped.relative_to(shipped.parents[2]))
    assert one(place / "data") == (1,)
    with pytest.raises(BadInput, match="TORNI_DATA"):
        one(place / "$also")


@AS_ROOT
def test_a_closed_data_folder_says_what_to_do(place):
    (place / "mine").mkdir(mode=0o700)
    with pytest.raises(BadInput, match="is closed to the user") as told:
        one(place / "mine" / "data")
    assert "TORNI_DATA" in told.value.faults[0].remedy


def test_a_data_folder_that_cannot_be_made_says_what_to_do(place):
    (place / "file").write_text("")
    with pytest.raises(BadInput, match="TORNI_DATA") as told:
        one(place / "file" / "data")
    assert len(told.value.faults) == 1


@pytest.mark.parametrize("ours", ["TORNI_DATA", "TORNI_CACHE"])
def test_a_user_without_a_home_is_told(monkeypatch, ours):
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in (ours, "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(BadInput, match=ours):
        postgres.data_folder() if ours == "TORNI_DATA" else places.cache()


def test_a_user_without_a_name_is_told(monkeypatch, place):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_123)
    with pytest.raises(KeyError):
        pwd.getpwuid(4_000_123)
    with pytest.raises(BadInput, match="DATABASE_URL"):
        one(place)


def test_the_command_line_says_it_without_a_traceback(place):
    (place / "file").write_text("")
    environment = {**os.environ, "TORNI_DATA": str(place / "file" / "data"), "TORNI_LANG": "en"}
    ran = subprocess.run([sys.executable, "-m", "torni", "verify"], env=environment, capture_output=True, text=True, check=False)  # fmt: skip
    assert ran.returncode == 2 and "TORNI_DATA" in ran.stderr and "Traceback" not in ran.stderr, ran.stderr


@rings
def test_a_room_in_use_that_has_to_be_brought_up_to_date_is_told(new_room, monkeypatch):
    """A new present waits for whoever reads or writes, and says so when it has waited long enough; nothing has changed then."""
    url = new_room()
    monkeypatch.setattr(opening, "PATIENCE", "100ms")
    with opening.connect(url) as busy, opening.connect(url, autocommit=True) as other:
        other.execute("COMMENT ON SCHEMA shown IS 'of another Torni'")
        busy.execute("SELECT count(*) FROM event")
        with pytest.raises(BadInput, match="is in use by another program"):
            opening.prepare(url)
        assert other.execute("SELECT how('report') IS NULL").fetchone() == (True,), "what was there still is"
    opening.prepare(url)


def test_a_second_clone_says_what_to_do_with_a_room_that_is_not_its_own(new_room):
    """Of another year, of another region, and of a newer Torni."""
    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi", invented={"seed": 1, "residents": 2_000})
        for region, invented in (("keski-suomi", {"seed": 1, "residents": None}), ("uusimaa", None)):
            with pytest.raises(BadInput, match="TORNI_DATA"):
                opening.claim(connection, region, invented=invented)
        opening.prepare(url)
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('facts', '9999_later', '2030-01-01')"
        )
    with pytest.raises(BadInput, match="9999_later") as told:
        opening.prepare(url)
    assert "TORNI_DATA" in told.value.faults[0].remedy
