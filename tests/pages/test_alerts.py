"""Alerts on the pages: the list, one alert, and its forms; who may do what; and the tower's first screen."""

from __future__ import annotations

import html
import re

import pytest

from tests.pages.conftest import page, send


def ids(text: str) -> list[str]:
    return re.findall(r"/keski-suomi/alerts/([0-9a-f]{12})/", text)


@pytest.fixture(scope="module")
def one(browsers) -> str:
    """The alert that the tower tells first."""
    return ids(page(browsers["director"], "/"))[0]


def test_the_first_screen_tells_what_turned_whose_the_alerts_are_and_what_is_near(browsers):
    text = page(browsers["supervisor"], "/")
    for told in (
        "Since yesterday",
        "In a week",
        "In a year",
        "All alerts",
        "Nearest to turning",
        'id="map"',
        "not taken up",
    ):
        assert told in text, told
    first = text[text.index('class="first"') : text.index('id="promises"')]
    assert first.count("data-margin") == 5 and ids(first)
    listed = page(browsers["supervisor"], "/alerts/")
    assert set(ids(first)) <= set(ids(listed)), "the whole list is one step away"
    assert 'class="first"' not in page(browsers["supervisor"], "/?show=broken"), "a filter leads to the list"


def test_a_visitor_and_a_producer_see_no_alerts(browsers, one):
    for name in (None, "producer-a", "resident", "outsider"):
        assert 'class="first"' not in page(browsers[name], "/")
        for path in ("/alerts/", f"/alerts/{one}/"):
            assert browsers[name].get(f"/keski-suomi{path}").status_code in (302, 403)


def test_those_who_may_only_look_have_no_form(browsers, one):
    for name in ("adviser", "case-manager"):
        assert '<select name="action"' not in page(browsers[name], f"/alerts/{one}/")
        send(browsers[name], f"/alerts/{one}/", 403, do="taken_up")


def test_an_alert_is_taken_up_acted_on_and_dealt_with(browsers, one, rows):
    path, kari = f"/alerts/{one}/", browsers["supervisor"]
    assert "nobody has taken it up" in page(kari, path)
    send(kari, path, do="taken_up", seen="0")
    text = page(kari, path)
    assert "Kari Valvoja" in text
    action = re.search(r'<select name="action"><option value="(\w+)"', text)[1]
    assert "somebody has dealt with meanwhile" in send(browsers["director"], path, 400, do="taken_up", seen="0")
    send(kari, path, do="acted", action=action, text="soitettu", seen="1")
    assert "soitettu" in page(kari, path) and "What came after, against comparable ones" in page(kari, path)
    assert "is not one that the definition offers" in send(kari, path, 400, do="acted", action="shout", seen="2")
    assert "the outcome: is missing" in html.unescape(send(kari, path, 400, do="done", text="", seen="2"))
    send(browsers["director"], path, do="taken_up", seen="2")
    send(browsers["director"], path, do="done", text="asia kunnossa", seen="3")
    text = page(browsers["controller"], path)
    assert "asia kunnossa" in text and "dealt with" in text and "Take it up again" in text
    assert one in page(browsers["director"], "/alerts/?show=closed") and one not in page(kari, "/alerts/?show=new")
    told = rows(
        "SELECT type, client, unit, data->>'by' FROM event WHERE type LIKE 'alert.%%' AND data->>'account' = 'supervisor' ORDER BY position"
    )
    assert told == [("alert.taken_up", None, None, "Kari Valvoja"), ("alert.acted", None, None, "Kari Valvoja")]


def test_the_command_and_a_notebook_tell_and_do_the_same(browsers, invented_year, monkeypatch, capsys):
    import torni
    from torni.cli.main import main

    monkeypatch.setenv("DATABASE_URL", invented_year)
    told = torni.alerts()
    assert set(ids(page(browsers["supervisor"], "/alerts/"))) == set(told["id"])
    assert set(ids(page(browsers["director"], "/alerts/"))) < set(told["id"]), (
        "those of a few clients are the supervisor's"
    )
    free = told.filter(told["stands"] & (told["state"] == "new"))["id"][0]
    assert main(["alerts", "--lang", "en"]) == 1, "some wait to be taken up"
    assert free in capsys.readouterr().out
    assert main(["alerts", free, "--lang", "en", "--do", "taken_up"]) == 2
    assert main(["alerts", free, "--lang", "en", "--do", "taken_up", "--by", "adviser"]) == 2
    assert "is no account that may handle alerts" in capsys.readouterr().err
    assert main(["alerts", free, "--lang", "en", "--do", "taken_up", "--by", "controller"]) == 0
    assert "Tiina Talous · taken up" in capsys.readouterr().out
    assert torni.handle_alert(free, "set_aside", by="controller", text="laskentavirhe") == "set_aside"
    assert main(["alerts", free, "--lang", "en"]) == 0
    assert "Tiina Talous: Set aside: laskentavirhe" in capsys.readouterr().out
    assert main(["alerts", "0123456789ab", "--lang", "en"]) == 2
    assert "laskentavirhe" in page(browsers["supervisor"], f"/alerts/{free}/")


def test_on_a_past_day_nothing_can_be_done(browsers, one, rows):
    day = rows("SELECT (recorded_at AT TIME ZONE 'Europe/Helsinki')::date - 1 FROM room")[0][0]
    text = page(browsers["supervisor"], f"/alerts/?known={day}")
    assert "As known" in text
    for old in ids(text)[:1]:
        told = page(browsers["supervisor"], f"/alerts/{old}/?known={day}")
        assert '<button name="do"' not in told and "asia kunnossa" not in told


def test_an_unknown_alert_is_not_found(browsers):
    page(browsers["supervisor"], "/alerts/0123456789ab/", 404)
