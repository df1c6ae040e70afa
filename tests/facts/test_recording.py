"""A clock that has jumped never freezes the moments of recording: nothing is written until it is right, and that is told."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest

from tests.conftest import NOW
from tests.facts.conftest import BOOK
from torni.cli.main import main
from torni.core import clock
from torni.facts import backup, opening, recording
from torni.facts.door import Door

OPENED = {"source": "t", "type": "unit.opened", "unit": "north", "data": {"name": "n", "kind": "k", "producer": "p", "municipality": "931"}}  # fmt: skip
YEARS = timedelta(days=3_000)


class Real:
    """A room of real facts, which takes its moments from the machine's clock."""

    def __init__(self, url: str) -> None:
        self.url, self.count = url, 0
        self.connection = psycopg.connect(url, autocommit=True)
        opening.claim(self.connection, "trial")
        self.door = Door(self.connection, lambda day: BOOK)

    def send(self, at=NOW) -> int:
        self.count += 1
        return self.door.accept([{**OPENED, "id": f"u{self.count}", "at": at}]).written

    def moments(self) -> list:
        return [m for (m,) in self.connection.execute("SELECT recorded_at FROM event ORDER BY position").fetchall()]


@pytest.fixture
def real(new_room) -> Real:
    made = Real(new_room())
    yield made
    made.connection.close()


@pytest.fixture
def at(monkeypatch):
    """The machine's clock is moved by so much."""
    return lambda by: monkeypatch.setattr(clock, "_machine", lambda: NOW + by)


def test_a_clock_years_ahead_records_nothing_and_all_goes_on_when_it_is_right(real, at):
    assert real.send() == 1
    at(YEARS)
    with pytest.raises(recording.ClockDoubted, match="may have jumped"):
        real.send(NOW + YEARS)
    assert recording.present_moment(real.connection) == NOW, "what is shown is the room's last, not the leapt clock's"
    recording.see(real.connection)
    assert recording.clocks(real.connection).doubted, "the worker does not come to trust it by seeing it"
    at(timedelta(hours=1))
    assert real.send() == 1
    assert real.moments() == [NOW, NOW + timedelta(hours=1)]


def test_quiet_days_are_no_leap_while_the_room_is_seen(real, at):
    assert real.send() == 1
    for day in range(1, 40, 2):
        at(timedelta(days=day))
        recording.see(real.connection)
    assert real.send() == 1


def test_a_clock_that_went_back_is_not_doubted(real, at):
    assert real.send() == 1
    at(-YEARS)
    assert not recording.clocks(real.connection).doubted
    assert real.send(NOW - YEARS) == 1
    assert real.moments() == [NOW, NOW]


def test_a_room_of_invented_facts_has_a_time_of_its_own(here, at):
    at(YEARS)
    assert not recording.clocks(here.connection).doubted
    assert here.send(here.event("need.reported", client=1, matter="n")).written == 1


def test_after_a_long_pause_an_administrator_says_that_the_clock_is_right(real, at, monkeypatch, capsys):
    assert real.send() == 1
    at(timedelta(days=30))
    monkeypatch.setenv("DATABASE_URL", real.url)
    assert main(["clock"]) == 1
    assert "nothing is recorded" in capsys.readouterr().out
    assert main(["clock", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["doubted"]
    assert main(["clock", "--right"]) == 0
    assert "trusted" in capsys.readouterr().out
    assert real.send() == 1


def test_a_backup_of_long_ago_comes_back_and_takes_events(real, at, new_room, tmp_path):
    assert real.send() == 1
    file = tmp_path / "room.backup"
    backup.back_up(real.url, file)
    at(timedelta(days=30))
    url = new_room()
    backup.bring_back(url, file)
    with opening.connect(url, autocommit=True) as connection:
        assert Door(connection, lambda day: BOOK).accept([{**OPENED, "id": "after", "at": NOW}]).written == 1
