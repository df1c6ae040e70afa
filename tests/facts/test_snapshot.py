"""The log as Parquet: every event once, the same numbers as in the database, persons only when asked for."""

from __future__ import annotations

import duckdb
import pytest

from torni.facts import opening, snapshot
from torni.facts.fold import fold
from torni.facts.snapshot import PERSONAL


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(snapshot, "PART", 7_000)


def test_the_promises_are_the_same_from_parquet_as_from_the_room(invented_year, small_parts, tmp_path):
    with opening.connect(invented_year, autocommit=True) as connection:
        fold(connection)
        made = snapshot.snapshot(connection, tmp_path)
        (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
        kept = connection.execute(
            "SELECT promise, sum(total)::bigint, sum(met)::bigint, sum(late)::bigint FROM tally GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert made.events == count and len(list(tmp_path.glob("event_*.parquet"))) > 4
    with duckdb.connect() as asked:
        folded = asked.execute(
            f"""
            SELECT promise, sum(total)::BIGINT, sum(met)::BIGINT, sum(late)::BIGINT FROM '{tmp_path}/effect_*.parquet'
            GROUP BY 1 ORDER BY 1
            """
        ).fetchall()
    assert folded == kept


def test_nothing_of_a_person_is_there_unless_asked_for(here, tmp_path):
    here.send(here.event("visit.planned", unit="north", client=1, matter="v", due=here.now.date(), data={"note": "x"}))
    snapshot.snapshot(here.connection, tmp_path / "bare")
    snapshot.snapshot(here.connection, tmp_path / "whole", persons=True)
    with duckdb.connect() as asked:
        names = [d[0] for d in asked.execute(f"SELECT * FROM '{tmp_path}/bare/event_*.parquet'").description]
    assert not set(PERSONAL) & set(names)
    with duckdb.connect() as asked:
        row = asked.execute(
            f"SELECT client, matter, due, epoch(\"at\"), json_extract_string(data, 'note') FROM '{tmp_path}/whole/event_*.parquet' WHERE type = 'visit.planned'"
        ).fetchone()
    assert row[:3] == (1, "v", here.now.date()) and row[3] == here.now.timestamp() and row[4] == "x"


def test_a_later_snapshot_writes_only_what_is_new(here, small_parts, tmp_path, monkeypatch):
    monkeypatch.setattr(snapshot, "PART", 5)
    here.send(*(here.event("feedback.given", unit="north", quantity=5) for _ in range(8)))
    snapshot.snapshot(here.connection, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.glob("event_*.parquet")}
    here.send(*(here.event("feedback.given", unit="north", quantity=5) for _ in range(4)))
    made = snapshot.snapshot(here.connection, tmp_path)
    after = {p: p.stat().st_mtime_ns for p in tmp_path.glob("event_*.parquet")}
    assert len([p for p in before if after.get(p) == before[p]]) == len(before) - 1
    with duckdb.connect() as asked:
        assert (
            asked.execute(f"SELECT count(*), count(DISTINCT position) FROM '{tmp_path}/event_*.parquet'").fetchone()
            == (made.events,) * 2
        )
