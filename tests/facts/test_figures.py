"""How many processes the record room has connections for, and what is told of a room that does not answer."""

from __future__ import annotations

import socket

import pytest

from torni.core.faults import BadInput
from torni.web import metrics, processes


def test_no_more_processes_than_the_server_has_connections_for(here):
    (most,) = here.connection.execute("SELECT current_setting('max_connections')::int").fetchone()
    room_for = (most - processes.OTHERS) // processes.CONNECTIONS
    assert processes.count(room_for, here.connection) == room_for
    assert 1 <= processes.count(None, here.connection) <= room_for
    for wanted in (0, -1, room_for + 1):
        with pytest.raises(BadInput, match="out of range"):
            processes.count(wanted, here.connection)


def told(url: str) -> dict[str, float]:
    return {made.name: sum(s.value for s in made.samples) for made in metrics.Room(url).collect()}


def test_what_waits_in_the_room_is_told_at_the_moment_of_asking(here):
    here.send(here.event("feedback.given", unit="north", quantity=5))
    (newest,) = here.connection.execute("SELECT max(position) FROM event").fetchone()
    found = told(here.url)
    assert found["torni_log_position"] == found["torni_fold_lag_events"] == newest and found["torni_room_up"] == 1
    assert (
        found["torni_fold_lag_seconds"] >= 0 and found["torni_deliveries"] == 0 and found["torni_database_bytes"] > 1e6
    )


def test_a_room_that_does_not_answer_is_told_as_that_and_no_more():
    assert told("postgresql://nobody@/none?host=/nowhere") == {"torni_room_up": 0}


def test_a_port_that_is_taken_is_a_fault(monkeypatch, tmp_path):
    monkeypatch.setenv(metrics.FIGURES, str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match="cannot be listened at"):
            metrics.tell(taken.getsockname()[1], "postgresql://nobody@/none?host=/nowhere")
