"""A decision replayed under its own day's rules is identical; under another day's, what differs is told."""

from __future__ import annotations

import json
import random
from datetime import date, datetime

import pytest

from tests.spec.conftest import rules_on
from torni.core.clock import HELSINKI
from torni.core.faults import BadInput
from torni.facts import opening, senders
from torni.facts.door import Door
from torni.guidance import proposal_of
from torni.guidance.client import client_of
from torni.guidance.replay import read_decisions, replay
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.services.proposing import approve, propose

DAYS = (date(2019, 5, 5), date(2023, 6, 1), date(2024, 1, 1), date(2026, 11, 22))
BY = senders.command("torni change")


def decided(path, count: int = 300) -> None:
    r = random.Random(5)
    lines = []
    for i in range(count):
        rules = rules_on("keski-suomi", r.choice(DAYS))
        facts = {
            "age": r.randint(0, 100),
            "rai_maple": r.choice([None, 1, 2, 3, 4, 5]),
            "rai_adlh": r.choice([None, 0, 1, 2]),
            "rai_cps": r.choice([None, 0, 4]),
        }
        answer = proposal_of(
            rules, r.choice(["home_care", "day_centre_elderly", "needs_assessment"]), client_of(facts, rules)
        ).json()
        lines.append(json.dumps({**answer, "id": f"D{i}"}))
    path.write_text("\n".join(lines))


def test_every_decision_is_identical_under_its_own_days_rules(tmp_path):
    decided(tmp_path / "past.jsonl")
    found = replay(read_decisions(tmp_path / "past.jsonl"))
    assert len(found) == 300
    assert not [r for r in found if r.differs or r.other_text]
    assert {r.verdict for r in found} == {"granted", "refused", "undecided"}


@pytest.fixture
def door(new_room, monkeypatch, own_regions):
    """Into an own room of the region, which the definitions are read from as well."""
    url = new_room()
    monkeypatch.setenv("DATABASE_URL", url)
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi")
        yield Door(connection, books_of(Days("keski-suomi")))


def test_an_approved_change_differs_from_its_start_on_and_the_past_stays(tmp_path, door):
    decided(tmp_path / "past.jsonl")
    past = read_decisions(tmp_path / "past.jsonl")
    held = Days("keski-suomi")  # a server that was running before
    assert held.begins(date(2027, 1, 1)) <= date(2027, 1, 1)
    text = "name: stricter\nparameters: {grant.home_care.maple: 5}"
    at = datetime(2026, 11, 22, 12, 0, tzinfo=HELSINKI)
    rehearsed = {"gainers": 0, "losers": 1}
    change = propose(
        door, "keski-suomi", text, by="Maija", at=at, on=date(2026, 11, 22), rehearsal=rehearsed, sender=BY
    )
    with pytest.raises(BadInput, match="cannot approve"):
        approve(door, "keski-suomi", change.id, by="maija ", at=at, start=date(2027, 1, 1), sender=BY)
    with pytest.raises(BadInput, match="in the past"):
        approve(door, "keski-suomi", change.id, by="Kalle", at=at, start=date(2026, 1, 1), sender=BY)
    done = approve(door, "keski-suomi", change.id, by="Kalle", at=at, start=date(2027, 1, 1), sender=BY)
    assert (done.state, done.start, done.diff) == (
        "approved",
        date(2027, 1, 1),
        (("param.grant.home_care.maple", "3", "5"),),
    )
    assert done.rehearsal == rehearsed
    assert not [r for r in replay(past) if r.differs]
    assert not [r for r in replay(past, under=date(2026, 12, 31)) if r.differs]
    differing = [r for r in replay(past, under=date(2027, 1, 1)) if r.differs]
    assert differing
    assert {r.past.service for r in differing} == {"home_care"}
    assert all(3 <= (r.past.facts["rai_maple"] or 0) < 5 for r in differing)
    assert [
        str(days.on(date(2027, 1, 1)).library.value("grant.home_care.maple").value)
        for days in (held, Days("keski-suomi"))
    ] == ["5", "5"]
    assert str(held.on(date(2026, 12, 31)).library.value("grant.home_care.maple").value) == "3"
    later = held.exactly(date(2027, 3, 5))
    assert later.library.as_of == date(2027, 3, 5) and later.granting == held.on(date(2027, 3, 5)).granting
    with pytest.raises(BadInput, match="already"):
        approve(door, "keski-suomi", change.id, by="Ville", at=at, start=date(2027, 2, 1), sender=BY)


def test_rows_that_are_no_decisions_are_told_all_at_once(tmp_path):
    rows = [
        {"service": "home_care", "on": "soon", "verdict": "granted", "facts": {}},
        {"service": "home_car", "on": "2026-01-01", "verdict": "granted", "facts": {}},
        {"service": "home_care", "on": "2026-01-01", "verdict": "maybe", "facts": {}},
        {"service": "home_care", "on": "2026-01-01", "verdict": "granted", "facts": {"rai_maple": 9}},
    ]
    (tmp_path / "past.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(BadInput) as caught:
        read_decisions(tmp_path / "past.jsonl")
    assert [f.where for f in caught.value.faults] == [f"past.jsonl:{i}" for i in range(1, 5)]


def test_csv_is_read_as_well(tmp_path):
    (tmp_path / "past.csv").write_text(
        "id,service,on,verdict,rai_maple,age\na,home-care,2026-01-01,granted,4,80\nb,home-care,2026-01-01,refused,4,80\n"
    )
    found = replay(read_decisions(tmp_path / "past.csv"))
    assert [(r.past.id, r.differs) for r in found] == [("a", False), ("b", True)]
