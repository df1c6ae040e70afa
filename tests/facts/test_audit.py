"""The audit export: every reading, sign-in, role and erasure once, whatever is cut short or run again; nothing that must not stand there."""

from __future__ import annotations

import json

import pytest

from tests.facts.conftest import DATA
from torni.core.faults import BadInput
from torni.facts import accounts, audit, erasing, persons

PASSWORD = "four words of mine"


@pytest.fixture
def read(here):
    accounts.new(here.connection, "aino", shown="Aino Ohjaaja", role="adviser", by="Owner", password=PASSWORD)
    accounts.by_password(here.connection, "aino", PASSWORD)
    accounts.by_password(here.connection, PASSWORD, "aino")  # a password written as the name
    persons.export(here.connection, 1, data=DATA, by="Records Keeper", why="her own request")
    return here


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_record_says_who_whom_when_and_why(read, tmp_path):
    path = tmp_path / "audit.jsonl"
    assert audit.export(read.connection, path) == 4
    assert path.stat().st_mode & 0o777 == 0o600
    reading, success, failure, role = lines(path)
    assert reading["event"]["action"] == "client-read" and reading["event"]["reason"] == "her own request"
    assert reading["user"] == {"full_name": "Records Keeper", "roles": ["records"]}
    assert reading["torni"] == {"client": 1, "what": "export", "emergency": False}
    assert (success["event"]["outcome"], success["user"]["name"]) == ("success", "aino")
    assert (failure["event"]["outcome"], failure["user"]) == ("failure", {})
    assert role["user"]["roles"] == ["adviser"] and role["torni"] == {"by": "Owner"}
    assert PASSWORD not in path.read_text(encoding="utf-8"), "what was written as a name may have been a password"


def test_a_file_is_continued_and_nothing_is_lost_or_doubled(read, tmp_path):
    path = tmp_path / "audit.jsonl"
    audit.export(read.connection, path)
    before = lines(path)
    assert audit.export(read.connection, path) == 0
    persons.export(read.connection, 2, data=DATA, by="Records Keeper", why="his own request")
    erasing.erase(read.connection, 2, by="Records Keeper", why="another person's data were recorded", data=DATA)
    accounts.stand(read.connection, "aino", role=None, by="Owner")
    found = audit.export(read.connection, path)
    assert lines(path)[: len(before)] == before and len(lines(path)) == len(before) + found
    assert [r["event"]["action"] for r in lines(path)[len(before) :]][-2:] == ["account-ended", "client-erased"]
    whole = tmp_path / "whole.jsonl"
    audit.export(read.connection, whole)
    assert sorted(map(json.dumps, lines(whole))) == sorted(map(json.dumps, lines(path)))


@pytest.mark.parametrize(
    "broken", ['{"event": {"dataset": "torni.reading", "sequence": 3}}', "{}\n", "[1]\n", "mine\n"]
)
def test_a_file_that_is_no_export_stays_as_it_is(read, tmp_path, broken):
    path = tmp_path / "audit.jsonl"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(BadInput, match="line 1"):
        audit.export(read.connection, path)
    assert path.read_text(encoding="utf-8") == broken
