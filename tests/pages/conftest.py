"""A browser signed in as one of the cast."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
BASE = "/keski-suomi"
OWN = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}


def alone(function, *arguments):
    """Run in a thread with a loop of its own: a browser of other tests may keep one in ours."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(function(*arguments))).result()


@pytest.fixture(scope="session")
def signed():
    """`signed(client, name)`: the client, signed in by the page itself as that one of the cast."""

    def sign(client, name):
        answer = client.post("/sign-in/", {"as": name}, headers=OWN)
        assert answer.status_code == 302, answer.content.decode()[:2000]
        return client

    return sign


ROLES = {
    "director": "director", "service-owner": "service_owner", "adviser": "adviser", "case-manager": "case_manager", "supervisor": "supervisor",
    "controller": "controller", "producer-a": "producer", "producer-b": "producer", "resident": "resident", "outsider": "outsider",
}  # fmt: skip


@pytest.fixture(scope="module")
def browsers(invented_year, signed):
    """Each of the cast's browser, and nobody's (None), on the invented year."""
    import django
    from django.test import Client

    from torni.web import record_room

    django.setup()
    os.environ["TORNI_DATABASE"] = invented_year
    made = {name: signed(Client(headers={"host": "127.0.0.1"}), name) for name in ROLES}
    made[None] = Client(headers={"host": "127.0.0.1"})
    for one in made.values():
        one.cookies["language"] = "en"
    yield made
    record_room.close()
    del os.environ["TORNI_DATABASE"]


@pytest.fixture(scope="module")
def rows(invented_year):
    from torni.facts import opening

    def ask(query, *values):
        with opening.connect(invented_year) as connection:
            return connection.execute(query, values).fetchall()

    return ask


def page(client, path, expects=200):
    response = client.get(BASE + path)
    text = response.content.decode()
    assert response.status_code == expects, text[:3000]
    return text


def send(browser, path, expects=302, **form):
    response = browser.post(BASE + path, form, headers=OWN)
    assert response.status_code == expects, response.content.decode()[:6000]
    return response.get("Location") or response.content.decode()
