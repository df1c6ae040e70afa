"""A browser signed in as one of the cast."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
OWN = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="session")
def signed():
    """`signed(client, name)`: the client, signed in by the page itself as that one of the cast."""

    def sign(client, name):
        answer = client.post("/sign-in/", {"as": name}, headers=OWN)
        assert answer.status_code == 302, answer.content.decode()[:2000]
        return client

    return sign
