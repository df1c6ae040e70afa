"""The live pages on a record room: they answer in three languages, tell what was planted, and name no client."""

from __future__ import annotations

import asyncio
import json
import os
import re
from datetime import timedelta

import pytest

from tests.pages.conftest import alone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
PAGES = [
    "/keski-suomi/",
    "/keski-suomi/?show=broken",
    "/keski-suomi/?show=staffing",
    "/keski-suomi/?promise=home_care.visits_made",
    "/keski-suomi/?known=2026-05-03T12:00",
    "/keski-suomi/promise/home_care.visits_made/",
    "/keski-suomi/promise/home_care.visits_made/?known=2026-05-03",
    "/keski-suomi/promise/elder_housing.staffed/",
    "/keski-suomi/promise/elder_housing.supervised/",
    "/keski-suomi/promise/centre.list_has_room/",
    "/keski-suomi/promise/home_care.within_appropriation/",
    "/keski-suomi/promise/doctor_reception.feedback_good/",
    "/keski-suomi/promise/doctor_reception.young_in_time/rows/",
    "/keski-suomi/promise/doctor_reception.young_in_time/rows/?known=2026-08-01",
    "/keski-suomi/promise/home_care.visits_made/rows/?producer=Mallihoiva+Oy",
    "/keski-suomi/promise/home_care.fee_by_formula/rows/?municipality=179",
    "/keski-suomi/promise/elder_housing.staffed/rows/",
    "/keski-suomi/promise/home_care.within_appropriation/rows/",
    "/keski-suomi/moments/",
    "/keski-suomi/moments/?first=2026-02-01T12:00&second=2026-11-01T12:00",
]


@pytest.fixture(scope="module")
def client(invented_year, signed):
    import django
    from django.test import Client

    from torni.web import record_room

    django.setup()
    os.environ["TORNI_DATABASE"] = invented_year
    try:
        yield signed(Client(headers={"host": "127.0.0.1"}), "supervisor")
    finally:
        record_room.close()
        del os.environ["TORNI_DATABASE"]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_live_page_answers_in_every_language_and_names_no_client(client, page, language):
    client.cookies["language"] = language
    response = client.get(page)
    text = response.content.decode()
    assert response.status_code == 200, text[:500]
    assert f'<html lang="{language}">' in text and "<h1" in text
    assert not re.search(r"\b15000\d{4}\b|\b1500[0-9]{5}\b", text), "a client's number is on the page"


def test_the_tower_tells_the_planted_faults_and_that_all_is_invented(client):
    client.cookies["language"] = "en"
    text = client.get("/keski-suomi/").content.decode()
    assert "no row is a real person" in text
    assert "client fees have been charged wrong: right" in text, "the worst place of each promise"
    assert "client fees have been charged wrong: right 0.0%" in client.get("/keski-suomi/alerts/").content.decode()
    assert 'data-stream="/stream/keski-suomi/en"' in text


def test_each_share_of_events_tells_its_margin_and_its_year(client):
    """In the row and on its page; the small line says in words what it shows."""
    client.cookies["language"] = "en"
    text = client.get("/keski-suomi/").content.decode()
    row = re.search(r'data-promise="home_care.visits_made".*?</li>', text, re.S).group()
    assert re.search(r"data-margin>[^<]*(the promise is broken|keep it again)[^<]*<", row)
    assert re.search(
        r'<svg class="spark"[^>]* role="img" aria-label="By week in a year: at least [\d.]+%, at most', row
    )
    page = client.get("/keski-suomi/promise/home_care.visits_made/").content.decode()
    assert re.search(r'<p class="margin[^"]*">[^<]*(the promise is broken|keep it again)', page)


def test_a_past_morning_tells_what_it_foretold_and_an_older_one_that_it_did_not(client, invented_year):
    from torni.facts import opening
    from torni.supervision.known_sums import moment

    client.cookies["language"] = "en"
    with opening.connect(invented_year, autocommit=True) as connection:
        today = moment(connection).today
    told = {}
    for days in (1, 60):
        page = client.get(f"/keski-suomi/?known={today - timedelta(days=days)}").content.decode()
        told[days] = page.count('class="spark"')
        assert "data-margin" in page
    assert told[1] > 5 and told[60] == 0, "the fixture has watched the last three mornings"


def test_a_visitor_is_told_no_margin(client):
    from django.test import Client

    nobody = Client(headers={"host": "127.0.0.1"})
    for page in ("/keski-suomi/", "/keski-suomi/promise/home_care.visits_made/"):
        text = nobody.get(page).content.decode()
        assert "data-margin" not in text and 'class="spark"' not in text and 'class="margin' not in text


def test_the_past_says_so_and_is_not_live(client):
    client.cookies["language"] = "en"
    text = client.get("/keski-suomi/?known=2026-05-03T12:00").content.decode()
    assert "As known 2.5.2026" in text and "data-stream" not in text
    assert "on 2020" in client.get("/keski-suomi/?known=2020-01-01").content.decode()
    assert client.get("/keski-suomi/?known=2020-01-01").status_code == 400
    assert "is not a moment" in client.get("/keski-suomi/?known=yesterday").content.decode()


def test_another_regions_tower_has_no_live_part(client):
    assert "data-stream" not in client.get("/uusimaa/").content.decode()
    client.cookies["language"] = "en"
    assert "no record room for the region" in client.get("/uusimaa/promise/home_care.visits_made/").content.decode()
    assert client.get("/uusimaa/moments/").status_code == 404
    assert client.get("/keski-suomi/promise/home_care.nothing/").status_code == 404
    assert client.get("/keski-suomi/promise/home_care.nothing/rows/").status_code == 404


def test_a_number_can_be_followed_to_its_rows(client):
    """As many rows as the page says are missing; each with its position in the log and its definition's version."""
    from torni.web import record_room

    found = record_room.picture("keski-suomi").of("home_care.visits_made")
    missed = found.total - found.met
    text = client.get("/keski-suomi/promise/home_care.visits_made/rows/").content.decode()
    assert text.count('<th scope="row"') == missed > 0
    assert text.count(f"<code>{found.definition_version}</code>") == missed
    by_unit = [g for g in found.by["unit"] if g.total > g.met]
    rows = client.get(f"/keski-suomi/promise/home_care.visits_made/rows/?unit={by_unit[0].group}").content.decode()
    assert rows.count('<th scope="row"') == by_unit[0].total - by_unit[0].met
    page = client.get("/keski-suomi/promise/home_care.visits_made/").content.decode()
    clients = re.search(r"data-clients>(\d+) ", page)
    assert clients and 0 < int(clients[1]) <= missed, "each client once, however many visits were missed"
    assert re.search(rf"<p class=\"soft\">[^<]* {clients[1]} [^<]*</p>", text), "and the rows say so, in any language"


def test_commands_and_notebooks_tell_for_how_many_clients_as_the_page_does(client, invented_year, monkeypatch, capsys):
    import torni
    from torni.cli.main import main
    from torni.tower.opened import happening

    monkeypatch.setenv("DATABASE_URL", invented_year)
    name = "home_care.visits_made"
    page = client.get(f"/keski-suomi/promise/{name}/").content.decode()
    count = int(re.search(r"data-clients>(\d+) ", page)[1])
    main(["explain", name, "--json"])
    assert json.loads(capsys.readouterr().out)["clients"] == count
    assert torni.check("keski-suomi", promise=name).table()["clients"].to_list() == [count]
    main(["check", "--promise", name, "--lang", "en"])
    assert f"not kept for {count} client" in " ".join(capsys.readouterr().out.split())
    of_all = {f.id: f.clients for f in happening("keski-suomi", clients="*")[0].found}
    assert of_all[name] == count and 0 in of_all.values(), "that it is none is told"
    assert of_all["elder_housing.staffed"] is None, "it is not about clients"


def test_nothing_can_be_sent_to_a_live_page(client):
    for page in ("/keski-suomi/moments/", "/keski-suomi/promise/home_care.visits_made/rows/"):
        assert client.post(page).status_code == 405


def test_the_stream_sends_a_picture_when_something_is_folded(client, invented_year):
    """One reader of the ASGI app gets the newest picture at once, in its language, and what a fold changes; nothing is kept for nobody."""
    from torni.facts import opening as facts_room
    from torni.facts.door import Door
    from torni.facts.fold import fold
    from torni.services.days import Days
    from torni.services.door_book import books_of
    from torni.web.stream import Tower

    got: list[bytes] = []

    async def watch() -> None:
        tower, first, changed, leave = Tower(), asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def receive():
            await leave.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            got.append(message.get("body", b""))
            if b"event: picture" in got[-1]:
                (changed if first.is_set() else first).set()

        scope = {"path": "/stream/keski-suomi/sv", "method": "GET", "headers": _cookie(client)}
        watching = asyncio.create_task(tower(scope, receive, send))
        await asyncio.wait_for(first.wait(), 20)
        await asyncio.to_thread(write)
        await asyncio.wait_for(changed.wait(), 20)
        leave.set()
        await asyncio.wait_for(watching, 5)
        assert not tower.newest
        tower._listening.cancel()

    def write() -> None:
        with facts_room.connect(invented_year, autocommit=True) as connection:
            row = connection.execute(
                "SELECT recorded_at, (SELECT unit FROM unit WHERE kind = 'home_care' LIMIT 1) FROM room"
            ).fetchone()
            event = {
                "source": "test",
                "id": "stream",
                "type": "feedback.given",
                "at": row[0],
                "service": "home_care",
                "unit": row[1],
                "quantity": 5,
            }
            Door(connection, books_of(Days("keski-suomi"))).accept([event], now=row[0])
            fold(connection)

    alone(watch)
    whole, change = [json.loads(g.decode().split("data: ", 1)[1]) for g in got if b"event: picture" in g]
    assert "kl." in whole["at"] and whole["promises"]["home_care.feedback_good"]["state"] in ("kept", "broken")
    assert change["position"] > whole["position"] and "home_care.visits_made" not in change["promises"]


def _cookie(client) -> list[tuple[bytes, bytes]]:
    return [(b"cookie", f"torni_session={client.cookies['torni_session'].value}".encode())]


def test_the_stream_refuses_what_is_not_there(monkeypatch, client):
    from torni.web.stream import Tower

    async def ask(path: str, method: str = "GET") -> int:
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "http.disconnect"}

        await Tower()({"path": path, "method": method, "headers": headers}, receive, send)
        return sent[0]["status"]

    headers = _cookie(client)

    assert alone(ask, "/stream/../fi") == 404
    assert alone(ask, "/stream/atlantis/fi") == 404
    assert alone(ask, "/stream/keski-suomi/de") == 404
    assert alone(ask, "/stream/keski-suomi/fi", "POST") == 404
    for other in ([], [(b"cookie", b"torni_session=made-up")], [(b"cookie", b"\xff=;;")]):
        headers = other
        assert alone(ask, "/stream/keski-suomi/fi") == 403
    headers = _cookie(client)
    monkeypatch.setattr("torni.web.stream.MOST_WATCHING", 0)
    assert alone(ask, "/stream/keski-suomi/fi") == 503
    monkeypatch.delenv("TORNI_DATABASE")
    assert alone(ask, "/stream/keski-suomi/fi") == 404  # no record room here
