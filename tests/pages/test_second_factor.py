"""In a room of real facts whoever reads others' data is led to take a second factor, and then goes on."""

from __future__ import annotations

import os
import re

import pyotp
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")

from tests.conftest import NOW
from tests.pages.conftest import OWN
from torni.facts import accounts, opening

PASSWORD = "four words of mine"


@pytest.fixture
def room(new_room):
    from django.test import Client

    from torni.web import record_room

    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi", invented=None)
        accounts.new(connection, "aino", shown="Aino", role="adviser", by="test", password=PASSWORD)
    os.environ["TORNI_DATABASE"] = url
    browser = Client(headers={"host": "127.0.0.1"})
    browser.cookies["language"] = "en"
    yield browser
    record_room.close()
    del os.environ["TORNI_DATABASE"]


def test_the_second_factor_is_taken_before_anything_else_opens(room):
    answer = room.post("/sign-in/", {"name": "aino", "password": PASSWORD}, headers=OWN)
    assert answer.status_code == 302
    for address in ("/keski-suomi/worklist/", "/keski-suomi/person/"):
        answer = room.get(address)
        assert (answer.status_code, answer["Location"]) == (302, "/me/")
    assert room.post("/keski-suomi/person/", {"client": "1", "why": "a reason of ten"}, headers=OWN).status_code == 403
    text = room.get("/me/").content.decode()
    assert "Take a second factor into use first." in text and 'href="/keski-suomi/worklist/"' not in text

    text = room.post("/me/", {"do": "begin"}, headers=OWN).content.decode()
    secret = re.search(r'name="secret" value="([A-Z2-7]{32})"', text).group(1)
    code = pyotp.TOTP(secret).at(NOW)
    text = room.post(
        "/me/", {"do": "take", "secret": secret, "new_code": code, "password": PASSWORD}, headers=OWN
    ).content.decode()
    assert "The second factor is in use" in text
    assert room.get("/keski-suomi/worklist/").status_code == 200
    assert "Take a second factor into use first." not in room.get("/me/").content.decode()
