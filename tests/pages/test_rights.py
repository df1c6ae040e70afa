"""Who gets what answer at every address, by reading it and by sending it an empty form: the whole matrix, kept beside as a table.

A row that differs is a right that somebody got or lost. Renew it with `pytest tests/pages/test_rights.py --renew-golden`, and
read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
from tests.pages.conftest import BASE, OWN, send
from tests.pages.conftest import ROLES as CAST
from tests.pages.test_access import FILLED, patterns
from torni.simulation.cast import HEAD, RELATIVE

KEPT = Path(__file__).with_name("rights.txt")
OTHERS = (HEAD[0], RELATIVE[0])  # of one unit alone; who acts for another
NOT_TRIED = {"POST /sign-in/", "POST /sign-out/"}  # what they do is to change who asks: test_access tries them


@pytest.fixture(scope="module")
def everybody(browsers, signed):
    from django.test import Client

    made = {"nobody": browsers[None], **{name: browsers[name] for name in CAST}}
    for name in OTHERS:
        made[name] = signed(Client(headers={"host": "127.0.0.1"}), name)
        made[name].cookies["language"] = "en"
    return made


@pytest.fixture(scope="module")
def position(everybody, rows) -> int:
    """A need just reported of the cast's resident: a case that both an adviser and the resident's case manager may open."""
    client = rows("SELECT client FROM standing WHERE role = 'resident'")[0][0]
    told = {"client": str(client), "channel": "telephone", "text": "Suihkuun tarvitaan apua.", "once": "every address"}
    return int(re.fullmatch(rf"{BASE}/case/(\d+)/", send(everybody["adviser"], "/intake/", **told))[1])


def test_every_address_answers_everybody_as_before(everybody, position, request):
    lines = [f"{'':64}" + " ".join(f"{name[:9]:>9}" for name in everybody)]
    for pattern in patterns():
        path = address(pattern, position)
        for method in ("GET", "POST"):
            if f"{method} {path}" in NOT_TRIED:
                continue
            got = []
            for browser in everybody.values():
                answer = browser.get(path) if method == "GET" else browser.post(path, {}, headers=OWN)
                away = answer.get("Location", "")
                # whose health it tells is everybody's to ask; 503 is the state of the room, which nobody folds here
                status = 200 if path.startswith("/health") and answer.status_code == 503 else answer.status_code
                got.append("sign in" if away.startswith("/sign-in/?") else str(status))
            lines.append(f"{method + ' /' + str(pattern.pattern):64}" + " ".join(f"{status:>9}" for status in got))
    told = "\n".join(line.rstrip() for line in lines) + "\n"
    if request.config.getoption("--renew-golden"):
        KEPT.write_text(told, encoding="utf-8")
    assert told == KEPT.read_text(encoding="utf-8")


def address(pattern, position: int) -> str:
    text = str(pattern.pattern).replace("<path:rest>", "else").replace("<int:position>", str(position))
    for name, value in FILLED.items():
        text = text.replace(f"<str:{name}>", value).replace(f"<int:{name}>", value)
    return "/" + text
