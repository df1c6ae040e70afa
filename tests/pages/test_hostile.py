"""Whatever is sent to any address or form, as any role, is answered: never a 5xx, never a row of somebody else's.

The room holds a stranger, whose name, code and words stand nowhere else (the canaries); whoever has no right to her must not meet them,
whatever they send. The tries are drawn by a seed and counted, not timed: `TORNI_HOSTILE` of them for each address.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from urllib.parse import quote, urlencode

import pytest

from tests.pages.conftest import OWN

TRIES = int(os.environ.get("TORNI_HOSTILE", "4"))
CANARIES = ("Kanarialintu", "010180-9CAN", "kanarian-asia")
MAY_SEE = {
    "supervisor",
    "controller",
    "adviser",
    "case_manager",
}  # staff who may open a client's data, each opening written down
VALUES = (
    "", " ", "0", "-1", "1", "7", "700007", "9" * 19, "9" * 400, "9223372036854775808", "1e999", "NaN", "-0", "0x10", "½", "١٢", "nonsense",
    "\x00", "a\x00b", "\ud800", "\ufeff", "\u202e", "🦜" * 50, "a" * 5_000, "<script>alert(1)</script>", "'; drop table event; --", "{{7*7}}", "%00", "%", "%%s",
    "../../etc/passwd", "//evil.example/", "\r\nX-Evil: 1", "2026-11-22", "9999-12-31", "9999-12-31T23:59:59+14:00", "0001-01-01", "0000-00-00", "2026-02-30",
    "2026-W53-7", "2026-W01-1", "20261122", "2026-11-22T25:00", "2026-10-25T03:30", "31.2.2026", "1.1.9999", "home_care", "home_care.visits_made", "keski-suomi",
    "demo", "yes", "[" * 3_000, '{"a":' * 200, "[" + "1" * 5_000 + "]", "- " * 2_000, "&a [*a, *a]", "!!python/object:os.system x", "a: 1\na: 2", "a.b.c", "fi", "json", "pdf",
)  # fmt: skip
NAMES = (
    "against", "amount", "answer", "as", "candidates", "cells", "change", "code", "count", "day", "decision", "did", "do", "done", "emergency", "event", "for",
    "holder", "kind", "known", "manager", "mark", "message", "name", "named", "next", "number", "on", "once", "password", "plan", "promise", "question", "quick",
    "raw", "real", "region", "review", "sent", "service", "show", "start", "state", "tell", "text", "unit", "until", "visit", "what", "which", "why", "with",
    "written", "client", "producer", "page", "q", "secret", "new", "new_code", "_id", "status", "_count", "municipality", "born", "identity", "due",
)  # fmt: skip
WORDS = (
    "open",
    "replay",
    "drop",
    "bring",
    "begin",
    "take",
    "verify",
    "measure",
    "approve",
    "reject",
    "answer",
    "export",
)


@pytest.fixture(scope="module")
def room(new_room):
    """A room of the region's own definitions: a unit of each producer, a stranger, and a browser of each role."""
    import django
    from django.test import Client

    from torni.facts import accounts, feeds, rights
    from torni.facts import opening as facts_room
    from torni.web import record_room

    django.setup()
    url = os.environ["TORNI_DATABASE"] = new_room()
    with facts_room.connect(url, autocommit=True) as connection:
        facts_room.claim(connection, "keski-suomi")
        keys = {producer: feeds.new(connection, f"of-{producer}", producer=producer) for producer in ("A", "B")}
        _send(record_room)
        keyed: dict[str | None, str] = {None: ""}
        for role in rights.ROLES.values():
            own = {"producer": "A"} if role.of == "producer" else {"client": 700001} if role.of == "client" else {}
            accounts.new(connection, f"a-{role.id}", shown=f"The {role.id}", role=role.id, by="test", **own)
            row = connection.execute("SELECT account FROM account WHERE name = %s", [f"a-{role.id}"]).fetchone()
            keyed[role.id] = accounts.begin_session(connection, accounts.Who(row[0], "", "", role.id))
    browsers = {}
    for role_id, key in keyed.items():
        browsers[role_id] = one = Client(headers={"host": "127.0.0.1"}, raise_request_exception=False)
        if key:
            one.cookies["torni_session"] = key
    yield browsers, keys["A"], url
    record_room.close()
    del os.environ["TORNI_DATABASE"]


def _send(record_room) -> None:
    def told(type_, id_, **data):
        return {"id": id_, "source": "test", "type": type_, "time": "2026-11-02T09:00:00+02:00", "data": data}

    from torni.facts import intake

    with record_room.door() as door:
        done = intake.receive(
            door,
            [
                told("unit.opened", "u1", unit="ours", name="Oma", kind="home_care", producer="A", municipality="179"),
                told("unit.opened", "u2", unit="theirs", name="Toisen", kind="home_care", producer="B", municipality="179"),
                told("resident.registered", "r1", client=700001, municipality="179", born="1950-01-01", name="Oma Asukas"),
                told("resident.registered", "r2", client=700007, municipality="179", born="1980-01-01", name="Kanarialintu Seitsemäs",
                     identity="010180-9CAN"),
                told("need.reported", "n1", client=700007, service="home_care", matter="kanarian-asia"),
            ],
        )  # fmt: skip
        intake.receive(door, [told("need.reporrted", "q1", client=700007, matter="kanarian-asia")])
    assert not done.refused, done.refused


def _addresses() -> list[tuple[str, object]]:
    from torni.web.urls import urlpatterns

    return [(str(p.pattern), p.callback) for p in urlpatterns]


def _path(route: str, rng: random.Random) -> str:
    """The address with its parts filled in: mostly what is there, sometimes anything."""
    known = {"region": "keski-suomi", "service": "home_care", "service_id": "home_care", "promise_id": "home_care.visits_made", "code": "en", "kind": "Task",
             "form": "pdf", "name": "age", "column": "fee", "alert": "1", "id_": "1"}  # fmt: skip
    parts = []
    for part in route.split("/"):
        whole = ""
        while "<" in part:
            before, _, rest = part.partition("<")
            inside, _, part = rest.partition(">")
            kind, _, name = inside.rpartition(":")
            odd = rng.random() < 0.3
            if kind == "int":
                value = rng.choice(("0", "1", "9" * 18, "9" * 40) if odd else ("1", "2", "5", "6"))
            else:
                value = rng.choice(VALUES) if odd else known.get(name, "x")
            whole += before + quote(value.encode("utf-8", "surrogatepass"), safe="")
        parts.append(whole + part)
    return "/" + "/".join(parts)


def _words(rng: random.Random) -> dict[str, str]:
    found = {name: rng.choice(VALUES) for name in rng.sample(NAMES, rng.randint(0, 8))}
    if rng.random() < 0.5:
        found["do"] = rng.choice(WORDS)
    return found


def _query(words: dict[str, str]) -> str:
    return urlencode({k: v.encode("utf-8", "surrogatepass") for k, v in words.items()})


def test_the_stranger_is_there_to_be_met(room):
    """Every canary stands in the room, in the log and among what was refused."""
    from torni.facts import opening as facts_room

    _browsers, _key, url = room
    with facts_room.connect(url, autocommit=True) as connection:
        for canary in CANARIES:
            found = connection.execute("SELECT count(*) FROM event e WHERE e::text LIKE %s", [f"%{canary}%"]).fetchone()
            assert found and found[0], canary
        refused = connection.execute(
            "SELECT count(*) FROM quarantine WHERE raw::text LIKE '%kanarian-asia%'"
        ).fetchone()
        assert refused == (1,)


def test_no_page_and_no_form_fails_or_tells_of_a_stranger(room):
    browsers, _key, _url = room
    rng, failed, told, seen = random.Random(17), [], [], Counter()
    for route, view in _addresses():
        for role, browser in browsers.items():
            for number in range(TRIES if role in (None, "director", "producer", "adviser") else max(1, TRIES // 3)):
                path, words = _path(route, rng), _words(rng)
                if view.form is not None and number % 2:
                    sent = _query(words).encode()
                    answer = browser.post(path, sent, content_type="application/x-www-form-urlencoded", headers=OWN)
                else:
                    answer = browser.get(f"{path}?{_query(words)}" if words else path)
                seen[answer.status_code // 100] += 1
                if answer.status_code >= 500 and not (route.startswith("health") and answer.status_code == 503):
                    failed.append((route, role, path[:200], {k: v[:40] for k, v in words.items()}))
                if role not in MAY_SEE and any(canary.encode() in answer.content for canary in CANARIES):
                    told.append((route, role, path[:200], words))
                if role and "sign-out" in route:  # another would be signed out too
                    break
    assert failed == [] and told == []
    assert seen[2] > 100 and seen[4] > 100, seen


def test_no_type_of_event_fails_a_batch_or_opens_a_stranger(room):
    """Each type with each of its columns hostile: what is wrong is refused by row, and what stands beside it is taken."""
    from torni.core.clock import today
    from torni.services import load_library

    _browsers, key, url = room
    rng = random.Random(18)
    machine = _machine()
    for turn, type_ in enumerate(sorted(load_library(on=today()).event_kinds)):
        batch = []
        for number in range(TRIES * 2):
            event = {"id": f"{type_}-{number}", "type": type_, "time": "2026-11-20T12:00:00+02:00", "data": _data(rng)}
            if rng.random() < 0.3:
                event[rng.choice(("id", "type", "time", "source", "data"))] = rng.choice((*VALUES, None, [], 5, 1e308))
            batch.append(event)
        good = {"id": f"good-{turn}", "type": "feedback.given", "time": "2026-11-20T12:00:00+02:00", "data": {"service": "home_care", "unit": "ours", "quantity": 4}}  # fmt: skip
        answer = machine.post("/events", json.dumps([*batch, good]), content_type="application/json", headers={"Authorization": f"Bearer {key}"})  # fmt: skip
        assert answer.status_code in (200, 207), (type_, answer.status_code, answer.content[:500])
        refused = {r["line"] for r in answer.json()["refused"]}
        assert len(batch) not in refused, (type_, "what was right was refused too")
    from torni.facts import opening as facts_room
    from torni.facts.verify import verify

    with facts_room.connect(url, autocommit=True) as connection:
        assert [c.name for c in verify(connection) if c.wrong] == []


def _machine():
    from django.test import Client

    return Client(headers={"host": "127.0.0.1"}, raise_request_exception=False)  # without a cookie, as a machine comes


def _data(rng: random.Random) -> dict[str, object]:
    right = {
        "service": "home_care",
        "unit": "ours",
        "client": 700001,
        "matter": "m-1",
        "due": "2026-12-01",
        "quantity": 1,
        "of_quantity": 2,
        "cents": 100,
    }
    odd = (*VALUES, None, True, 2**63, 10**400, -1, 1.5, [], {}, [[["x"]]], {"a": {"b": {}}})
    for name in rng.sample(sorted(right), rng.randint(0, 3)):
        right[name] = rng.choice(odd)
    for name in rng.sample(NAMES, rng.randint(0, 3)):
        right[name] = rng.choice(odd)
    return right


def test_a_batch_that_is_no_batch_is_one_clear_error(room):
    _browsers, key, _url = room
    for body in (
        b"",
        b"[",
        b"\xff\xfe",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"[" + b"9" * 100_000 + b"]",
        b'["\\ud800"]',
        b"NaN",
        b"[1e999]",
    ):
        answer = _machine().post("/events", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"})  # fmt: skip
        assert answer.status_code in (200, 207, 400, 413, 415), (body[:40], answer.status_code)
