"""`torni worklist` and `torni plan`: the same as the pages show the account, without names."""

from __future__ import annotations

import json
import re

import pytest

from tests.pages.conftest import page
from torni.cli.main import main


@pytest.fixture
def asked(browsers, invented_year, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", invented_year)

    def ask(*words: str) -> tuple[int, str]:
        code = main([*words, "--lang", "en"])
        out = capsys.readouterr()
        return code, out.out + out.err

    return ask


@pytest.mark.parametrize("name", ["adviser", "case-manager"])
def test_the_worklist_is_the_pages(browsers, asked, rows, name):
    code, told = asked("worklist", "--as", name, "--json")
    found = json.loads(told)
    shown = re.findall(r'<th scope="row"><a href="/keski-suomi/case/(\d+)/">', page(browsers[name], "/worklist/"))
    assert found and [str(line["position"]) for line in found] == shown
    own = [line["days"] for line in found if line["kind"] == "own"]
    urgent = [line["days"] for line in found if line["kind"] == "urgent"]
    assert code == int(any(days < 0 for days in (*own, *urgent)))
    assert own == sorted(own) and [line["kind"] for line in found[: len(urgent)]] == ["urgent"] * len(urgent)
    names = {n for (n,) in rows("SELECT DISTINCT name FROM client WHERE name IS NOT NULL LIMIT 500")}
    plain = asked("worklist", "--as", name)[1]
    assert not any(n in plain for n in names), "a terminal keeps its lines: no names"


def test_a_plan_and_what_it_may_hold(asked):
    first = json.loads(asked("worklist", "--as", "case-manager", "--json")[1])[0]["position"]
    code, told = asked("plan", str(first), "--as", "case-manager", "--json")
    found = json.loads(told)
    assert code == 0 and {*found} == {"version", "items", "may_hold"}
    assert all(units for units in found["may_hold"].values())
    assert {item["service"] for item in found["items"]} <= {*found["may_hold"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("worklist", "--as", "director"), "is no account that may do this"),
        (("worklist", "--as", "nobody"), "is no account that may do this"),
        (("plan", "1", "--as", "producer-a"), "is no account that may do this"),
        (("plan", "999999999", "--as", "case-manager"), "is not there, or is not yours to read"),
    ],
)
def test_who_may_not_is_told_so(asked, words, said):
    code, told = asked(*words)
    assert code == 2 and said in told
