"""Every page: it answers, in three languages, safely; what is asked wrongly is told; nothing can be changed."""

import os
import re

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
PAGES = [
    "/keski-suomi/",
    "/keski-suomi/?show=broken",
    "/keski-suomi/?promise=hospital.at_nova",
    "/keski-suomi/?real=1",
    "/keski-suomi/promise/centre.m_within_60_min/",
    "/keski-suomi/promise/centre.s_in_small_municipality/",
    "/keski-suomi/promise/reception.usual_means_transit/",
    "/keski-suomi/promise/reception.electronic/",
    "/keski-suomi/promise/home_care.everywhere/",
    "/keski-suomi/promise/centre.m_in_large_municipality/mend/",
    "/keski-suomi/promise/ward.within_60_min/mend/?question=close&count=2&quick=1",
    "/keski-suomi/sapluuna/",
    "/keski-suomi/sapluuna/centre/availability/",
    "/keski-suomi/sapluuna/dental/fees/",
    "/keski-suomi/sapluuna/ward/budget/",
    "/keski-suomi/sapluuna/centre/centre/",
    "/keski-suomi/network/",
    "/keski-suomi/network/?plan=close+KS16;resize+KS13+M",
    "/keski-suomi/network/?verb=open&at=map:900,900&kind=centre&size=M",
    "/keski-suomi/network/compare/?with=A|close+KS16&with=B|resize+KS13+M",
    "/keski-suomi/rules/",
    "/keski-suomi/rules/home_care/",
    "/keski-suomi/rules/elder_housing/",
    "/keski-suomi/rules/tables/home_care.percentage/",
    "/keski-suomi/rules/tables/family_voucher.cap/",
    "/keski-suomi/decide/home_care/",
    "/keski-suomi/decide/vaccination_round/",
    "/keski-suomi/rehearse/",
    "/keski-suomi/changes/",
    "/uusimaa/rules/",
    "/pirkanmaa/",
    "/data/",
]


@pytest.fixture(scope="module")
def client(new_room, signed):
    """A director's browser, on a room in which nothing has happened."""
    import django
    from django.test import Client

    from torni.facts import opening as facts_room
    from torni.simulation import cast
    from torni.web import record_room

    django.setup()
    url = os.environ["TORNI_DATABASE"] = new_room()
    with facts_room.connect(url, autocommit=True) as connection:
        facts_room.claim(connection, "keski-suomi", invented={"seed": 1, "residents": 600})
        cast.gather(connection)
    yield signed(Client(headers={"host": "127.0.0.1"}), "director")
    record_room.close()
    del os.environ["TORNI_DATABASE"]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_in_every_language(client, page, language):
    client.cookies["language"] = language
    response = client.get(page)
    assert response.status_code == 200
    text = response.content.decode()
    assert "Undefined" not in text
    if "<html" in text:
        assert f'<html lang="{language}">' in text
        assert re.search(r"<title>[^<]+ – Torni</title>", text)


@pytest.mark.parametrize("page", [*PAGES, "/nothing/", "/keski-suomi/?on=x", "/health/", "/static/torni.css"])
def test_headers_are_strict_everywhere(client, page):
    response = client.get(page)
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    response.close()


@pytest.mark.parametrize("page", PAGES)
def test_pages_carry_no_inline_script_or_style_and_load_nothing_from_outside(client, page):
    text = client.get(page).content.decode()
    assert not re.search(r"<script(?![^>]*src=)", text)
    assert not re.search(r"\s(style|on\w+)=", text)
    assert not re.search(r'(src|href)="(https?:)?//', text)


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
@pytest.mark.parametrize("page", ["/keski-suomi/", "/keski-suomi/network/", "/data/"])
def test_nothing_can_be_changed(client, page, method):
    assert getattr(client, method)(page).status_code == 405


OWN = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
FORMS = [
    "/keski-suomi/rules/check/",
    "/keski-suomi/decide/home_care/",
    "/keski-suomi/rehearse/",
    "/keski-suomi/changes/2026-01-01-1/",
]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("page", FORMS)
def test_forms_are_taken_only_from_these_pages(client, page, headers):
    assert client.post(page, {"text": "age > 1"}, headers=headers).status_code == 405


def test_one_client_is_decided_and_nothing_of_it_is_kept(client, caplog):
    client.cookies["language"] = "en"
    facts = {
        "rai_maple": "4",
        "assessed_on": "2026-09-01",
        "household_size": "1",
        "gross_income_eur_month": "1 500,50",
        "service_hours_month": "10",
        "letter_name": "Aino Esimerkki",
    }
    with caplog.at_level("DEBUG"):
        text = client.post("/keski-suomi/decide/home_care/?on=2026-11-22", facts, headers=OWN).content.decode()
        letter = client.post("/keski-suomi/decide/home_care/letter.html?on=2026-11-22", facts, headers=OWN)
        pdf = client.post("/keski-suomi/decide/home_care/letter.pdf?on=2026-11-22", facts, headers=OWN)
    assert "Granted" in text
    assert "152.55 euros a month" in text
    assert "Aino Esimerkki" in letter.content.decode()
    assert "unsafe" not in letter["Content-Security-Policy"]
    assert "style-src 'sha256-" in letter["Content-Security-Policy"]
    assert letter["Cache-Control"] == "no-store"
    assert pdf.content.startswith(b"%PDF-")
    assert "Aino" not in caplog.text
    assert "1500" not in caplog.text
    assert client.get("/keski-suomi/decide/home_care/letter.html").status_code == 404


def test_what_is_typed_wrong_is_told_beside_it(client):
    client.cookies["language"] = "en"
    text = client.post("/keski-suomi/decide/home_care/", {"rai_maple": "9"}, headers=OWN).content.decode()
    assert "9 is outside the range 1–5" in text
    text = client.post(
        "/keski-suomi/rules/check/", {"which": "need", "need": "rai_mapel > 3 or age > 150"}, headers=OWN
    ).content.decode()
    assert "Did you mean &#34;rai_maple&#34;?" in text
    text = client.post("/keski-suomi/rules/check/", {"text": "age > 150"}, headers=OWN).content.decode()
    assert "can never hold" in text
    text = client.post(
        "/keski-suomi/rules/tables/family_voucher.cap/", {"cells": "age | value\n<1 | 900"}, headers=OWN
    ).content.decode()
    assert "no row answers the case: age 1" in text
    text = client.post(
        "/keski-suomi/rehearse/", {"change": "name: x\nparameters: {grant.home_care.mapl: 4}"}, headers=OWN, follow=True
    ).content.decode()
    assert "Did you mean &#34;grant.home_care.maple&#34;?" in text


def test_a_change_is_rehearsed_proposed_and_approved_by_another(client, signed, own_regions):
    from django.test import Client

    client.cookies["language"] = "en"
    change = {"change": "name: Stricter\nwhy: Savings\nparameters: {grant.home_care.maple: 4}"}
    at = client.post("/ahvenanmaa/rehearse/", change, headers=OWN)["Location"]
    text = client.get(at).content.decode()
    assert "who lose" in text and "the change in words" in text
    assert client.get(at).content.decode() == text, "Back and a reload send nothing again"
    name = {"change": re.search(r"change=(\w+)", at)[1]}
    people = client.get(
        "/ahvenanmaa/rehearse/people/", {**name, "service": "home_care", "what": "lost"}
    ).content.decode()
    person = re.search(r'name="person" value="(\d+)"', people)[1]
    reasons = client.get(
        "/ahvenanmaa/rehearse/people/", {**name, "service": "home_care", "person": person}
    ).content.decode()
    assert "Before the change: Granted" in reasons
    assert "After the change: Refused" in reasons
    for odd in (
        {"person": "x"},
        {"person": "9" * 60},
        {"alternative": "-1"},
        {"alternative": "x"},
        {"what": "all"},
        {"service": "no"},
    ):
        answer = client.get("/ahvenanmaa/rehearse/people/", {**name, "service": "home_care", **odd})
        assert answer.status_code in (200, 400), odd
    assert (
        "is not kept any more" in client.get("/ahvenanmaa/rehearse/?change=0123456789abcdef01234567").content.decode()
    )
    assert client.get(at + "&as=pdf").content.startswith(b"%PDF-")
    there = client.post("/ahvenanmaa/rehearse/", {**change, "do": "propose"}, headers=OWN)["Location"]
    shown = client.get(there).content.decode()
    assert "<del>3</del>" in shown and "Proposed by Jaana Johtaja" in shown
    assert "cannot approve" in client.post(there, {"by": "Kalle", "start": "2030-01-01"}, headers=OWN).content.decode()
    adviser = signed(Client(headers={"host": "127.0.0.1"}), "adviser")
    assert adviser.post("/ahvenanmaa/rehearse/", {**change, "do": "propose"}, headers=OWN).status_code == 403
    owner = signed(Client(headers={"host": "127.0.0.1"}), "service-owner")
    owner.cookies["language"] = "en"
    assert owner.post(there, {"start": "2030-01-01"}, headers=OWN).status_code == 403, "the director approves"
    theirs = owner.post("/ahvenanmaa/rehearse/", {**change, "do": "propose"}, headers=OWN)["Location"]
    assert client.post(theirs, {"start": "2030-01-01"}, headers=OWN).status_code == 302
    there = theirs
    assert "in force from 1.1.2030" in client.get(there).content.decode()
    assert "Stricter" in client.get("/ahvenanmaa/changes/").content.decode()
    assert client.get("/ahvenanmaa/changes/no-such/").status_code == 404
    cell = client.get("/ahvenanmaa/sapluuna/home_care/criteria/").content.decode()
    assert "What will change" in cell and "From 1.1.2030" in cell


def test_a_change_is_made_in_a_form_and_rejected_with_a_reason(client, signed, own_regions):
    from django.test import Client

    client.cookies["language"] = "en"
    page = "/ahvenanmaa/rehearse/?service=home_care"
    shown = client.get(page).content.decode()
    assert 'name="param.grant.home_care.maple"' in shown and 'name="start" min="2026-11-22" value=""' in shown
    form = {"service": "home_care", "param.grant.home_care.maple": "4", "why": "Savings", "name": "From four"}
    same = client.post("/ahvenanmaa/rehearse/", {"service": "home_care"}, headers=OWN).content.decode()
    assert "nothing is changed" in same
    wrong = client.post("/ahvenanmaa/rehearse/", {**form, "param.grant.home_care.maple": "four"}, headers=OWN)
    assert "is not a number" in wrong.content.decode() and "From four" in wrong.content.decode()
    at = client.post("/ahvenanmaa/rehearse/", form, headers=OWN)["Location"]
    text = client.get(at).content.decode()
    assert "<del>3 points</del> → <ins>4 points</ins>" in text and 'value="From four"' in text
    change = "name: From four\nparameters: {grant.home_care.maple: 4}"
    owner = signed(Client(headers={"host": "127.0.0.1"}), "service-owner")
    owner.cookies["language"] = "en"
    there = owner.post("/ahvenanmaa/rehearse/", {"change": change, "do": "propose"}, headers=OWN)["Location"]
    inbox = client.get("/ahvenanmaa/changes/").content.decode()
    assert "To be approved" in inbox and "Look at it and decide" in inbox and "would lose it." in inbox
    assert (
        "the first day is missing" in client.post(there, {"do": "approve", "start": ""}, headers=OWN).content.decode()
    )
    assert "a reason is needed" in client.post(there, {"do": "reject", "why": ""}, headers=OWN).content.decode()
    assert client.post(there, {"do": "reject", "why": "The law forbids it"}, headers=OWN).status_code == 302
    assert "The law forbids it" in owner.get(there).content.decode()
    again = owner.post("/ahvenanmaa/rehearse/", {"change": change, "do": "propose"}, headers=OWN)["Location"]
    assert "another&#39;s proposal" in client.post(again, {"do": "withdraw"}, headers=OWN).content.decode()
    assert owner.post(again, {"do": "withdraw"}, headers=OWN).status_code == 302
    assert "withdrawn" in owner.get(again).content.decode()


@pytest.mark.parametrize("host", ["evil.example", "torni.example.com"])
def test_other_hosts_are_refused(client, host):
    assert client.get("/keski-suomi/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("page", ["/nothing/", "/keski-suomi/promise/no.such/", "/keski-suomi/sapluuna/no/fees/", "/keski-suomi/sapluuna/ward/no/",
                                  "/keski-suomi/network/plan.exe", "/keski-suomi/?promise=no.such", "/../etc/passwd"])  # fmt: skip
def test_what_is_not_there_is_not_found(client, page):
    response = client.get(page)
    assert response.status_code == 404
    assert "Traceback" not in response.content.decode()


def test_a_fault_is_told_on_a_page_of_its_own(client):
    client.cookies["language"] = "en"
    response = client.get("/keski-suomi/?on=2016-01-01")
    assert response.status_code == 400
    assert "nothing was defined yet" in response.content.decode()


def test_a_faulty_step_keeps_the_plan(client):
    client.cookies["language"] = "en"
    text = client.get("/keski-suomi/network/?plan=close+KS16&verb=resize&unit=KS01&size=M").content.decode()
    assert "KS01 has no size" in text
    assert 'value="close KS16"' in text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7 * 7 }}"])
def test_what_is_typed_is_never_markup(client, text):
    for page in ("/keski-suomi/network/", "/keski-suomi/network/compare/"):
        answer = client.get(
            page, {"plan": f"close {text}", "name": text, "with": f"{text}|close KS16", "promise": text}
        ).content.decode()
        assert "<script>alert" not in answer
        assert "<img src=x" not in answer
        assert "49" not in re.findall(r"{{|49 }}", answer)


def test_the_chosen_day_and_data_stay_from_page_to_page(client):
    for page in (
        "/keski-suomi/",
        "/keski-suomi/network/",
        "/keski-suomi/sapluuna/",
        "/keski-suomi/promise/ward.within_60_min/",
    ):
        text = client.get(page, {"real": "1", "on": "2026-01-31"}).content.decode()
        own = [
            a for a in re.findall(r'href="(/keski-suomi/[^"]*)"', text) if "real=" not in a or "on=2026-01-31" not in a
        ]
        assert all("on=2026-01-31" in a and "real" not in a for a in own), own[:3]  # only the way back to all units
        assert len(own) <= 1
        forms = re.findall(r'<form class="(?:step|ask)".*?</form>', text, re.S)
        assert all('name="real" value="1"' in f and 'name="on" value="2026-01-31"' in f for f in forms)


def test_downloads(client):
    plan = {"plan": "close KS16"}
    assert client.get("/keski-suomi/network/plan.xlsx", plan).content[:2] == b"PK"
    assert "centre.s_within_30_min" in client.get("/keski-suomi/network/plan.csv", plan).content.decode()
    assert client.get("/keski-suomi/network/plan.geojson", plan).json()["type"] == "FeatureCollection"


def test_the_language_is_remembered_and_leads_nowhere_else(client):
    response = client.get("/language/sv/", {"next": "/data/"})
    assert response["Location"] == "/data/"
    assert response.cookies["language"].value == "sv"
    for outside in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert client.get("/language/sv/", {"next": outside})["Location"] == "/"


def test_the_start_leads_to_own_work_or_the_chosen_region(client):
    assert client.get("/")["Location"] == "/keski-suomi/waiting/"
    assert client.get("/", {"region": "Uusimaa"})["Location"] == "/uusimaa/"
    assert client.get("/", {"region": "Atlantis"}).status_code == 400
