"""Small numbers on the surfaces: what a sum of few clients would tell, nobody reads but those who may open the clients themselves."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.pages.conftest import BASE, OWN, ROLES, page

VISITS, FEES = "home_care.visits_made", "home_care.fee_by_formula"
SEES = {"supervisor"}


@pytest.fixture(scope="module")
def live(browsers):
    from torni.web import record_room

    return record_room.picture("keski-suomi")


@pytest.fixture(scope="module")
def few(live):
    """A municipality with a few clients of home care, whose visits are many."""
    told = live.for_all.of(VISITS)
    hidden = {g.group for g in told.groups("municipality") if g.hidden}
    clients = live.small.clients["home_care", "municipality"]
    return next(
        g
        for g in live.of(VISITS).groups("municipality")
        if g.group in hidden and clients[g.group] < live.small.least < g.total
    )


def _rows_of(text, name):
    return [
        re.sub(r"<[^>]+>", " ", row)
        for row in re.findall(r"<tr.*?</tr>", html.unescape(text), re.DOTALL)
        if f">{name}<" in row
    ]


@pytest.mark.parametrize("name", [r for r in ROLES if r not in ("producer-a", "producer-b", "resident", "outsider")])
def test_a_group_of_few_clients_is_told_to_the_supervisor_alone(browsers, few, name, live):
    from torni.web import record_room

    place = str(record_room.names("keski-suomi")[few.group])
    for path in (f"/promise/{VISITS}/", f"/?promise={VISITS}"):
        told = [row for row in _rows_of(page(browsers[name], path), place) if "rows" in row or "–" in row]
        assert told, path
        for row in told:
            assert (str(few.total) in row) == (name in SEES), row
            assert ("not told" in row) == (name not in SEES), row
    listed = page(browsers[name], f"/promise/{VISITS}/rows/?municipality={few.group}")
    assert ("is not told, nor another beside it" in listed) == (name not in SEES)
    assert ("<tbody>" in listed) == (name in SEES and few.met < few.total)


def test_a_row_tells_no_place_whose_sum_is_hidden(browsers, live):
    """A row alone would tell of somebody as well; the sums of charges are whole to the controller."""
    from torni.web import record_room

    names = record_room.names("keski-suomi")
    for promise, name, whole in (
        (VISITS, "director", False),
        (FEES, "director", False),
        (FEES, "controller", True),
        (VISITS, "controller", False),
    ):
        hidden = {str(names[g.group]) for g in live.for_all.of(promise).groups("municipality") if g.hidden}
        text = html.unescape(page(browsers[name], f"/promise/{promise}/rows/"))
        assert "<tbody>" in text and hidden
        assert any(f"<td>{place}</td>" in text for place in hidden) == whole, (promise, name)


def test_maps_and_the_list_of_clients_in_service_hide_it_too(browsers, few, live):
    from torni.web import record_room

    place = str(record_room.names("keski-suomi")[few.group])
    for name, sees in (("director", False), ("supervisor", True)):
        text = html.unescape(page(browsers[name], f"/?promise={VISITS}"))
        (title,) = re.findall(rf"<title>{place} ([^<]*)</title>", text)
        assert (title == "not told") != sees
    hidden = {f"{s} {p}" for s, p, n in live.for_all.serving if n is None}
    assert hidden, "some producer has a few clients"
    text = html.unescape(page(browsers["director"], "/"))
    for cell in hidden:
        assert f'data-cell="{cell}">–<' in text


def test_the_stream_the_comparison_and_the_command_line_tell_no_few(
    browsers, few, live, invented_year, monkeypatch, capsys
):
    from torni.cli.main import main
    from torni.web import record_room
    from torni.web.stream import told

    shown = told(live)["cells"]
    assert {f"{s} {p}" for s, p, n in live.for_all.serving if n is None}.isdisjoint(shown)
    lately = record_room.lately("keski-suomi")
    assert all(g.hidden for g in lately.of(VISITS).groups("municipality") if g.group == few.group)
    monkeypatch.setenv("DATABASE_URL", invented_year)
    main(["explain", VISITS, "--json"])
    by = json.loads(capsys.readouterr().out)["by"]["municipality"]
    (mine,) = (g for g in by if g["group"] == few.group)
    assert mine == {
        "group": few.group,
        "total": None,
        "met": None,
        "late": None,
        "value": None,
        "kept": None,
        "hidden": True,
    }
    main(["explain", VISITS, "--lang", "en"])
    assert "not told" in capsys.readouterr().out


def test_an_alert_of_few_is_the_supervisors_and_says_to_nobody_that_it_has_ended(browsers, live):
    hidden = [a for a in live.alerts if (a.id, a.level, a.where) in live.for_all.untold]
    assert hidden, "the invented year of a small region has such alerts"
    of = {
        name: set(re.findall(r"/alerts/([0-9a-f]{12})/", page(browsers[name], "/alerts/")))
        for name in ("supervisor", "director")
    }
    only = sorted(of["supervisor"] - of["director"])
    assert len(only) >= len(hidden)
    path = f"{BASE}/alerts/{only[0]}/"
    assert browsers["supervisor"].post(path, {"do": "taken_up", "seen": "0"}, headers=OWN).status_code == 302
    assert only[0] not in page(browsers["director"], "/alerts/") and browsers["director"].get(path).status_code == 404
