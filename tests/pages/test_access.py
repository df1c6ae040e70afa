"""Every address tried by everybody: those who may get the page, the others are asked to sign in or told who may."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
from tests.conftest import NOW
from tests.facts.conftest import rings
from tests.pages.conftest import OWN
from tests.pages.conftest import ROLES as CAST
from torni.facts.rights import ACTIONS, EVERYBODY, SIGNED_IN, who_may

FILLED = {
    "region": "keski-suomi", "promise_id": "home_care.visits_made", "service_id": "home_care", "column": "fees", "service": "home_care",
    "name": "home_care.percentage", "form": "json", "id_": "none", "code": "en", "position": "1", "decided": "1", "webhook": "1",
    "kind": "Task", "alert": "0123456789ab", "about": "1",
}  # fmt: skip
WHY = "rikkoutunut lupaus selvitetään"


def patterns():
    from torni.web.urls import urlpatterns

    return urlpatterns


def address(pattern) -> str:
    text = str(pattern.pattern)
    for name, value in FILLED.items():
        text = text.replace(f"<str:{name}>", value).replace(f"<int:{name}>", value)
    return "/" + text


@pytest.mark.parametrize("name", [None, *CAST])
def test_every_address_as_each_of_the_cast(browsers, name):
    role = CAST.get(name)
    for pattern in patterns():
        may, path = pattern.callback.may, address(pattern)
        if path == "/events" or path.startswith("/fhir/"):
            continue  # machines' doors, by their keys: tried in test_events and test_fhir
        response = browsers[name].get(path)
        told = f"{name}: {path} {response.status_code}"
        if may == EVERYBODY or role in who_may(may):
            assert response.status_code not in (401, 403, 500), told
            assert not response.get("Location", "").startswith("/sign-in/") or path == "/", told
        elif name is None:
            assert response.status_code == 302 and response["Location"].startswith("/sign-in/?next="), told
        else:
            assert response.status_code == 403 and "This page is for:" in response.content.decode(), told


@pytest.mark.parametrize("name", [None, *CAST])
def test_every_form_as_each_of_the_cast(browsers, name):
    for path, may in (
        ("/keski-suomi/rules/check/", 6), ("/keski-suomi/decide/home_care/", 6), ("/keski-suomi/rehearse/", 6), ("/keski-suomi/person/", None),
        ("/keski-suomi/records/", None), ("/me/", None),
    ):  # fmt: skip
        pattern = next(p for p in patterns() if address(p) == path)
        response = browsers[name].post(path, {}, headers=OWN)
        allowed = CAST.get(name) in who_may(pattern.callback.may)
        assert (response.status_code not in (401, 403)) is allowed, (name, path, response.status_code)
        if may:
            assert len(who_may(pattern.callback.may)) == may


def test_every_address_says_who_may_and_what_is_of_persons_is_not_everybodys():
    for pattern in patterns():
        assert pattern.callback.may in {EVERYBODY, SIGNED_IN, *ACTIONS}, pattern
    closed = {str(p.pattern) for p in patterns() if p.callback.may != EVERYBODY}
    for word in ("rows", "person", "records", "me/", "own", "moments", "changes", "decide"):
        assert any(word in route for route in closed)


def test_only_staff_see_the_live_tower(browsers):
    for name, role in (*CAST.items(), (None, None)):
        text = browsers[name].get("/keski-suomi/").content.decode()
        staff = role not in ("producer", "resident", "outsider", None)
        assert ("data-stream" in text) is staff, name
        assert ("promise by promise, is for" in text) is not staff, name


def missed(browsers, name="supervisor"):
    """A row of a promise that hangs on a client: its log position."""
    text = browsers[name].get("/keski-suomi/promise/home_care.visits_made/rows/").content.decode()
    return text.partition('name="event" value="')[2].partition('"')[0]


def test_from_a_number_to_the_client_and_up_again_to_the_promises(browsers):
    """The supervisor follows a missed visit to its client; the page tells which promises are broken, and links to them."""
    page = browsers["supervisor"].post("/keski-suomi/person/", {"event": missed(browsers), "why": WHY}, headers=OWN)
    text = page.content.decode()
    assert page.status_code == 200 and "This reading has been written down" in text and WHY in text
    assert '<a href="/keski-suomi/promise/home_care.visits_made/">' in text and "overdue since" in text
    assert page["Cache-Control"] == "private, no-store"


def test_no_reason_no_reading_and_no_client_is_told_apart_from_one_that_may_not_be_read(browsers):
    position = missed(browsers)
    for given in (
        {"event": position, "why": ""},
        {"event": position, "why": "x"},
        {"why": WHY},
        {"event": position, "client": "1", "why": WHY},
    ):
        page = browsers["supervisor"].post("/keski-suomi/person/", given, headers=OWN)
        assert page.status_code == 404 and "written down, with its reason" not in page.content.decode()
    nobody = (
        browsers["producer-b"].post("/keski-suomi/person/", {"client": "1", "why": WHY}, headers=OWN).content.decode()
    )
    others = (
        browsers["producer-b"]
        .post("/keski-suomi/person/", {"client": str(resident()), "why": WHY}, headers=OWN)
        .content.decode()
    )
    assert "is not there, or is not yours to read" in nobody and nobody == others


def resident() -> int:
    from torni.facts import accounts
    from torni.web import record_room

    with record_room.gate() as connection:
        return next(w.client for w in accounts.cast(connection) if w.role == "resident")


def test_the_resident_sees_who_has_read_and_why_and_takes_everything_along(browsers):
    asked = browsers["case-manager"].post(
        "/keski-suomi/person/", {"client": str(resident()), "why": "palvelut järjestetään"}, headers=OWN
    )
    assert asked.status_code == 200
    text = browsers["resident"].get("/me/").content.decode()
    assert "Veera Vastaava" in text and "palvelut järjestetään" in text and "what happened" in text
    everything = json.loads(browsers["resident"].get("/me/everything.json").content)
    assert everything["client"] == resident() and len(everything["events"]) > 3
    assert any(r["shown"] == "Veera Vastaava" for r in everything["readings"])


def test_a_producer_sees_its_own_and_nothing_of_the_other(browsers):
    """Of the common client base each sees the rows of its own units alone."""
    text = browsers["producer-a"].get("/keski-suomi/own/").content.decode()
    assert "Esimerkkihoiva Oy" in text and "Mallihoiva" not in text
    rows = browsers["producer-a"].get("/keski-suomi/promise/home_care.visits_made/rows/").content.decode()
    others = (
        browsers["producer-a"]
        .get("/keski-suomi/promise/home_care.visits_made/rows/?producer=Mallihoiva+Oy")
        .content.decode()
    )
    assert "Mallihoiva Oy</td>" not in rows and "No rows." in others
    mine = (
        browsers["producer-a"]
        .post("/keski-suomi/person/", {"client": str(resident()), "why": WHY}, headers=OWN)
        .content.decode()
    )
    assert "kotihoito, Esimerkkihoiva Oy" in mine and "keskus" not in mine.split("<tbody>")[1].lower()


def test_a_file_is_brought_in_what_is_refused_is_mended_and_sent_again(browsers):
    from io import BytesIO

    from django.core.files.uploadedfile import SimpleUploadedFile

    unit = "demo-home-care-179-b"
    lines = f"id,type,time,service,unit,quantity\nup1,feedback.given,2026-11-21T12:00:00+02:00,home_care,{unit},5\nup2,feedback.gven,2026-11-21T12:00:00+02:00,home_care,{unit},5\n"
    for _ in range(2):
        given = SimpleUploadedFile("tapahtumat.csv", lines.encode(), "text/csv")
        page = browsers["producer-a"].post("/keski-suomi/records/", {"do": "bring", "file": given}, headers=OWN)
        text = page.content.decode()
    assert "0 accepted, 1 known already, 1 refused" in text and "no such type of event" in text
    number = text.partition('name="number" value="')[2].partition('"')[0]
    assert "Nothing waits" in browsers["producer-b"].get("/keski-suomi/records/").content.decode(), (
        "another's rows are not seen"
    )
    for do in ("open", "drop", "replay"):
        page = browsers["producer-b"].post(
            "/keski-suomi/records/", {"do": do, "number": number, "why": WHY, "raw": "{}"}, headers=OWN
        )
        assert page.status_code == 400 and "does not wait here" in page.content.decode()
    opened = (
        browsers["producer-a"]
        .post("/keski-suomi/records/", {"do": "open", "number": number, "why": WHY}, headers=OWN)
        .content.decode()
    )
    assert "feedback.gven" in opened
    again = {"do": "replay", "number": number, "raw": json.dumps({"id": "up2", "type": "feedback.given", "time": "2026-11-21T12:00:00+02:00", "data": {"service": "home_care", "unit": "demo-home-care-179-c", "quantity": 5}})}  # fmt: skip
    assert (
        "not of the producer"
        in browsers["producer-a"].post("/keski-suomi/records/", again, headers=OWN).content.decode()
    )
    again["raw"] = again["raw"].replace("179-c", "179-b")
    text = browsers["producer-a"].post("/keski-suomi/records/", again, headers=OWN).content.decode()
    assert "The row was accepted." in text and "Nothing waits." in text
    for name, body in (("x.exe", b"MZ"), ("x.json", b"{"), ("x.xlsx", b"no"), ("x.csv", b"")):
        given = SimpleUploadedFile(name, BytesIO(body).read())
        page = browsers["controller"].post("/keski-suomi/records/", {"do": "bring", "file": given}, headers=OWN)
        assert page.status_code == 400 and 'role="alert"' in page.content.decode(), name


def test_a_client_is_never_in_an_address_or_a_log(browsers, caplog):
    with caplog.at_level("DEBUG"):
        number = str(resident())
        text = (
            browsers["case-manager"]
            .post("/keski-suomi/person/", {"client": number, "why": WHY}, headers=OWN)
            .content.decode()
        )
    assert number in text
    assert not any(number in part.partition('"')[0] for part in text.split('href="')[1:])
    assert number not in caplog.text and WHY not in caplog.text


def test_sign_in_is_safe(browsers):
    from django.test import Client

    fresh = Client(headers={"host": "127.0.0.1"})
    assert fresh.post("/sign-in/", {"as": "director"}).status_code == 405, "only from the page itself"
    for there, leads in (
        ("/keski-suomi/moments/", "/keski-suomi/moments/"),
        ("//evil.example/", "/keski-suomi/waiting/"),
        ("https://evil.example/", "/keski-suomi/waiting/"),
    ):
        answer = fresh.post("/sign-in/", {"as": "director", "next": there}, headers=OWN)
        assert answer["Location"] == leads
    cookie = answer.cookies["torni_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert fresh.post("/sign-in/", {"as": "nobody"}, headers=OWN).status_code == 403
    assert fresh.post("/sign-in/", {"name": "director", "password": ""}, headers=OWN).status_code == 403
    assert fresh.get("/keski-suomi/moments/").status_code == 200
    assert fresh.get("/sign-out/").status_code == 302 and fresh.get("/keski-suomi/moments/").status_code == 200, (
        "a link signs nobody out"
    )
    key = fresh.cookies["torni_session"].value
    fresh.post("/sign-out/", {}, headers=OWN)
    fresh.cookies["torni_session"] = key
    assert fresh.get("/keski-suomi/moments/").status_code == 302, "the key is no longer good"


def test_a_second_factor_is_taken_into_use_on_ones_own_page(browsers, invented_year):
    import pyotp
    from django.test import Client

    from torni.facts import accounts
    from torni.facts import opening as facts_room

    with facts_room.connect(invented_year, autocommit=True) as connection:
        accounts.new(
            connection, "paavo", shown="Paavo Oma", role="controller", by="test", password="four words of mine"
        )
    paavo = Client(headers={"host": "127.0.0.1"})
    paavo.cookies["language"] = "en"
    given = {"name": "paavo", "password": "four words of mine"}
    assert paavo.post("/sign-in/", given, headers=OWN).status_code == 302
    text = paavo.post("/me/", {"do": "begin"}, headers=OWN).content.decode()
    secret = text.partition('name="secret" value="')[2].partition('"')[0]
    assert "<svg" in text and " style=" not in text

    def told(**form):
        return paavo.post("/me/", form, headers=OWN).content.decode()

    new = {"do": "take", "secret": secret, "new_code": pyotp.TOTP(secret).at(NOW)}
    assert "not right" in told(**new | {"new_code": "12"}, password="four words of mine")
    assert "not right" in told(**new), "the password is asked for too"
    assert "Nothing was changed" in told(do="take", secret="<b>", new_code="1", password="four words of mine")
    assert "is in use" in told(**new, password="four words of mine")
    page = paavo.post("/sign-in/", given, headers=OWN)
    assert page.status_code == 200 and "Write also the code" in page.content.decode()
    other = "A" * 32
    assert "not right" in told(
        do="take", secret=other, new_code=pyotp.TOTP(other).at(NOW), password="four words of mine"
    )
    assert "not right" in told(do="drop", password="four words of mine")
    assert "easy to guess" in told(do="password", password="four words of mine", new="short")
    assert "not right" in told(do="password", password="four words of mine", new="four other words")
    with facts_room.connect(invented_year, autocommit=True) as connection:  # half a minute passes
        connection.execute("UPDATE credential SET used_step = 0 WHERE secret IS NOT NULL")
    proof = {"password": "four words of mine", "code": pyotp.TOTP(secret).at(NOW)}
    assert "is changed" in told(do="password", new="four other words", **proof)


@pytest.fixture(scope="module")
def provider():
    """An OpenID provider of the tests' own, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    issuer = f"http://localhost:{port}"
    for _ in range(2000):  # a busy machine takes its time
        try:
            urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5).close()
            break
        except OSError:
            time.sleep(0.05)
    yield issuer
    running.terminate()
    running.wait(10)


def test_one_signs_in_by_an_identity_provider(browsers, provider, invented_year, monkeypatch):
    """The whole way with a real provider: away, signed in there, back; then a subject without an account, and forged answers."""
    from django.test import Client

    from torni.facts import accounts
    from torni.facts import opening as facts_room

    assert browsers[None].get("/sign-in/provider/").status_code == 404, "no provider is named"
    for name, value in (
        ("ISSUER", provider),
        ("CLIENT_ID", "torni"),
        ("CLIENT_SECRET", "secret"),
        ("NAME", "Keski-Suomi"),
    ):
        monkeypatch.setenv(f"TORNI_OIDC_{name}", value)
    with facts_room.connect(invented_year, autocommit=True) as connection:
        accounts.new(
            connection,
            "helmi",
            shown="Helmi Hankkija",
            role="supervisor",
            by="test",
            issuer=provider,
            subject="helmi@example.fi",
        )

    def back(subject: str, client):
        away = client.get("/sign-in/provider/?next=/keski-suomi/moments/", headers={"host": "localhost"})
        assert away["Location"].startswith(provider) and "code_challenge_method=S256" in away["Location"]
        body = urllib.parse.urlencode({"sub": subject}).encode()
        opener = urllib.request.build_opener(_Stay)
        with opener.open(urllib.request.Request(away["Location"], body), timeout=20) as answer:
            return urllib.parse.urlsplit(answer.headers["Location"])

    helmi = Client(headers={"host": "localhost"})
    helmi.cookies["language"] = "en"
    answer = back("helmi@example.fi", helmi)
    page = helmi.get(f"{answer.path}?{answer.query}")
    assert page.status_code == 302 and page["Location"] == "/keski-suomi/moments/"
    assert helmi.get("/keski-suomi/moments/").status_code == 200
    assert helmi.get(f"{answer.path}?{answer.query}").status_code == 403, "an answer is good once"
    stranger = Client(headers={"host": "localhost"})
    stranger.cookies["language"] = "en"
    answer = back("stranger@example.fi", stranger)
    page = stranger.get(f"{answer.path}?{answer.query}")
    assert page.status_code == 403 and "no account here" in page.content.decode()
    assert "torni_session" not in page.cookies
    for query in ("", "state=x&code=y", answer.query.replace("state=", "state=x")):
        back("helmi@example.fi", stranger)
        assert stranger.get(f"{answer.path}?{query}").status_code == 403
    assert Client(headers={"host": "localhost"}).get(f"{answer.path}?{answer.query}").status_code == 403, (
        "without the cookie"
    )
    monkeypatch.setenv("TORNI_OIDC_ISSUER", "http://localhost:1")
    assert stranger.get("/sign-in/provider/", headers={"host": "localhost"}).status_code == 403


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, not a way to go."""

    def http_error_302(self, req, fp, code, msg, headers):
        return fp

    http_error_303 = http_error_302


def test_the_welfare_report_is_told_as_a_page_and_as_a_pdf(browsers, invented_year):
    """With indicators measured, and with none; nothing of a municipality with few events."""
    from torni.facts import opening as facts_room
    from torni.tower.jobs import measure

    before = browsers["director"].get("/keski-suomi/report/").content.decode()
    assert "Broken promises" in before
    measure.func()
    text = browsers["director"].get("/keski-suomi/report/").content.decode()
    for word in (
        "Residents and their need",
        "Wait for a doctor",
        "Good feedback",
        "invoiced",
        "What is not known",
        "What happened is invented",
    ):
        assert word in text, word
    pdf = browsers["director"].get("/keski-suomi/report.pdf")
    assert pdf.content.startswith(b"%PDF-") and b"/StructTreeRoot" in pdf.content
    uusimaa = browsers["director"].get("/uusimaa/report/").content.decode()
    assert "Wait for a doctor" not in uusimaa and "What happened is invented" not in uusimaa
    with facts_room.connect(invented_year) as connection:
        assert connection.execute("SELECT count(*) FROM measured").fetchone()[0] >= 1


def test_the_room_tells_how_whole_it_is_and_staff_ask_for_a_verification(browsers):
    from torni.tower.jobs import verify_room

    verify_room.func()
    text = browsers["supervisor"].get("/keski-suomi/room/").content.decode()
    assert "Whole" in text and "every tally equals its rebuild from the log" in text
    assert browsers["adviser"].post("/keski-suomi/room/", {"do": "verify"}, headers=OWN).status_code == 403
    assert browsers["supervisor"].post("/keski-suomi/room/", {"do": "measure"}, headers=OWN).status_code == 302
    assert "waits" in browsers["supervisor"].get("/keski-suomi/room/").content.decode()
    assert browsers["supervisor"].get("/uusimaa/room/").status_code == 400


def test_what_was_written_survives_a_session_that_has_ended(browsers):
    """The form comes back whole with a button to send it again, and nothing of a password; once signed in, it is taken."""
    nobody, text = browsers[None], 'Suihku ei onnistu yksin, ja "portaat" <pelottavat>.'
    form = {"do": "need", "once": "5e55", "text": text, "password": "salasana"}
    answer = nobody.post("/mine/?for=3", form, headers=OWN)
    told = answer.content.decode()
    assert answer.status_code == 401 and 'action="/mine/?for=3"' in told
    assert "&lt;pelottavat&gt;" in told and 'name="once" value="5e55"' in told and "salasana" not in told
    assert 'target="_blank"' in told and "Send again" in told
    assert nobody.get("/mine/").status_code == 302, "what is only read is asked for by signing in"


def test_going_back_to_what_answered_a_form_ends_in_no_error(browsers):
    """The browser may keep what answered a form, until signing out, so that going back needs nothing sent again; no page that is only read."""
    director = browsers["director"]
    found = director.post("/keski-suomi/search/", {"text": "home"}, headers=OWN)
    assert found.status_code == 200 and found["Cache-Control"] == "private, no-cache"
    assert director.get("/keski-suomi/alerts/")["Cache-Control"] == "private, no-store"


def test_signing_out_clears_what_the_browser_kept(signed, browsers):
    from django.test import Client

    one = signed(Client(headers={"host": "127.0.0.1"}), "outsider")
    assert one.post("/sign-out/", {}, headers=OWN)["Clear-Site-Data"] == '"cache"'


@rings
def test_who_waits_for_a_turn_to_write_is_told_and_keeps_what_was_written(browsers, invented_year, monkeypatch):
    """While another writes long, a page says so instead of standing still; afterwards the same is taken."""
    import psycopg

    from torni.web import record_room

    monkeypatch.setattr(record_room, "PATIENCE", "100ms")
    form = {"do": "need", "once": "w417ed", "text": "Apua suihkuun"}
    with psycopg.connect(invented_year) as other:
        other.execute("SELECT 1 FROM room FOR UPDATE")
        answer = browsers["resident"].post("/mine/", form, headers=OWN)
        assert answer.status_code == 400 and "this was not recorded" in answer.content.decode()
        assert "press again in a moment" in answer.content.decode()
        other.rollback()
    assert browsers["resident"].post("/mine/", form, headers=OWN).status_code in (200, 302)
