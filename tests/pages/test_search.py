"""A search from the head of a page: what everybody finds, whom those find who may ask for a client, and where a client found leads."""

from __future__ import annotations

import re

import pytest

from tests.pages.conftest import OWN, ROLES, send
from torni.facts import rights


def test_everybody_finds_services_promises_and_units(browsers):
    for name in (None, "resident", "producer-a", "director"):
        text = send(browsers[name], "/search/", expects=200, text="HOME CARE")
        assert '<a href="/keski-suomi/sapluuna/home_care/content/">' in text, name
        assert '<a href="/keski-suomi/promise/home_care.visits_made/">' in text, name
        assert "Esimerkkihoiva Oy" in text, name
    assert "Nothing was found" in send(browsers[None], "/search/", expects=200, text="zzqq")
    assert "Nothing was found" not in browsers[None].get("/keski-suomi/search/").content.decode()


@pytest.fixture(scope="module")
def aino(rows) -> tuple[int, str]:
    """The cast's resident: number and name."""
    (client,) = rows("SELECT client FROM standing WHERE role = 'resident' AND client IS NOT NULL ORDER BY account")[0]
    return client, rows("SELECT name FROM client WHERE client = %s ORDER BY valid_from DESC, position DESC", client)[0][
        0
    ]


@pytest.mark.parametrize("name", [None, *ROLES])
def test_a_client_is_found_by_those_who_may_ask_and_is_not_opened(browsers, rows, aino, caplog, name):
    client, called = aino
    may = ROLES.get(name) in rights.who_may("person")
    with caplog.at_level("DEBUG"):
        answer = browsers[name].post("/keski-suomi/search/", {"text": called.upper()}, headers=OWN)
    text = answer.content.decode()
    found = re.findall(r'<button class="linklike" name="event" value="(\d+)">([^<]+)<', text)
    assert answer.status_code == 200 and (found == [] if not may else True)
    assert called not in caplog.text and called.upper() not in caplog.text
    assert not any(called in part.partition('"')[0] for part in text.split('href="')[1:])
    if name == "supervisor":
        assert called in {told for _position, told in found}
        assert rows("SELECT count(*) FROM reading WHERE client = %s AND what = 'search'", client)[0][0] >= 1
        before = rows("SELECT count(*) FROM reading WHERE what = 'events'")
        asked = send(browsers[name], "/person/", expects=200, event=found[0][0])
        assert 'name="why"' in asked and f'value="{found[0][0]}"' in asked and "faults" not in asked
        assert called not in asked and rows("SELECT count(*) FROM reading WHERE what = 'events'") == before


def test_another_sites_form_finds_nothing(browsers):
    assert browsers["supervisor"].post("/keski-suomi/search/", {"text": "aino"}).status_code == 405


def test_the_resident_sees_who_has_found_the_name(browsers, aino):
    send(browsers["supervisor"], "/search/", expects=200, text=str(aino[0]))
    assert "the name, in a search" in browsers["resident"].get("/me/").content.decode()


@pytest.mark.parametrize("name", ["director", "service-owner", "supervisor", "controller"])
def test_what_waits_is_the_first_page_of_those_who_have_no_worklist(browsers, name):
    assert browsers[name].get("/")["Location"] == "/keski-suomi/waiting/"
    text = browsers[name].get("/keski-suomi/waiting/").content.decode()
    assert ("To be approved" in text) is (name == "director")
    assert ("wait to be mended" in text or "waits to be mended" in text) is (name in ("supervisor", "controller"))


def test_the_first_page_of_the_others_is_their_own_work_too(browsers):
    for name, leads in (
        ("adviser", "/keski-suomi/worklist/"), ("case-manager", "/keski-suomi/worklist/"), ("producer-a", "/keski-suomi/inbox/"),
        ("resident", "/mine/"), ("outsider", "/keski-suomi/"),
    ):  # fmt: skip
        assert browsers[name].get("/")["Location"] == leads, name


def test_every_page_tells_the_way_up_to_its_task(browsers):
    def way(name, path):
        text = browsers[name].get(path).content.decode().partition('<nav class="way"')[2].partition("</nav>")[0]
        return [re.sub(r"<[^>]+>", "", li).strip() for li in re.findall(r"<li.*?</li>", text, re.S)]

    assert way("supervisor", "/keski-suomi/") == ["Tower"]
    assert way("supervisor", "/keski-suomi/rules/") == ["Services", "Rules"]
    assert way("supervisor", "/keski-suomi/rules/home_care/")[:2] == ["Services", "Rules"]
    assert len(way("supervisor", "/keski-suomi/rules/home_care/")) == 3
    assert way("supervisor", "/keski-suomi/promise/home_care.visits_made/")[0] == "Tower"
    assert way("supervisor", "/keski-suomi/promise/home_care.visits_made/rows/")[0] == "Tower"
    assert way("supervisor", "/keski-suomi/report/") == ["Needs and goals", "Report"]
    assert way("resident", "/mine/")[0] == "My matters"
    assert way(None, "/data/")[0] == "Tower"
