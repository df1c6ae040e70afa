"""`POST /events`: a key is needed, a batch is idempotent, every fault is told, nothing else can be sent there."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
from tests.conftest import NOW

EVENT = {
    "specversion": "1.0", "type": "feedback.given", "time": "2026-11-20T12:00:00+02:00",
    "data": {"service": "home_care", "unit": "hc", "quantity": 5},
}  # fmt: skip
OPENED = {"specversion": "1.0", "id": "u", "type": "unit.opened", "time": "2026-01-01T00:00:00+02:00", "data": {"unit": "hc", "name": "n", "kind": "home_care", "producer": "p", "municipality": "179"}}  # fmt: skip


@pytest.fixture(scope="module")
def api(new_room):
    import django
    from django.test import Client

    from torni.facts import feeds
    from torni.facts import opening as facts_room
    from torni.web import record_room

    django.setup()
    url = os.environ["TORNI_DATABASE"] = new_room()
    with facts_room.connect(url, autocommit=True) as connection:
        facts_room.claim(connection, "keski-suomi")
        key = feeds.new(connection, "producer-a")
    client = Client(headers={"host": "127.0.0.1"})

    def send(batch, *, key=key, kind="application/cloudevents-batch+json", **more):
        headers = {"authorization": f"Bearer {key}"} if key else {}
        body = batch if isinstance(batch, str | bytes) else json.dumps(batch)
        return client.post("/events", body, content_type=kind, headers={**headers, **more})

    send.client = client
    assert send([OPENED]).json()["accepted"] == 1
    yield send
    record_room.close()
    del os.environ["TORNI_DATABASE"]


def test_a_batch_is_accepted_once(api):
    batch = [{**EVENT, "id": f"once {i}"} for i in range(3)]
    assert api(batch).json() == {"accepted": 3, "repeated": 0, "refused": []}
    again = api(batch)
    assert again.status_code == 200 and again.json() == {"accepted": 0, "repeated": 3, "refused": []}
    assert api({**EVENT, "id": "alone"}, kind="application/json").json()["accepted"] == 1


def test_what_is_refused_is_told_by_line_and_the_rest_is_written(api):
    done = api([{**EVENT, "id": "r1"}, {**EVENT, "id": "r2", "type": "feedback.gven"}, 7])
    assert done.status_code == 207
    told = done.json()
    assert told["accepted"] == 1
    assert [(r["line"], r["id"], r["reasons"]) for r in told["refused"]] == [
        (1, "r2", ["unknown_type", "near_type:feedback.given"]),
        (2, "", ["not_an_event"]),
    ]
    assert all(r["told"][0] for r in told["refused"])


def test_nobody_sends_without_a_key_or_for_another(api):
    for key in (None, "", "torni_wrong"):
        refused = api([EVENT], key=key)
        assert refused.status_code == 401 and refused["WWW-Authenticate"] == "Bearer"
    done = api([{**EVENT, "id": "x", "source": "producer-b"}])
    assert done.json()["refused"][0]["reasons"] == ["another_source"]


def test_a_browser_cannot_be_made_to_send(api):
    assert api([EVENT], cookie="session=1").status_code == 405


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", "application/json", 400), ("[" * 100_000, "application/json", 400), (b"\xff\xfe", "application/json", 400),
        ("id,type\n1,x", "text/csv", 415), (json.dumps([0] * 10_001), "application/json", 413), ("x" * (17 * 2**20), "application/json", 413),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_told(api, body, kind, status):
    refused = api(body, kind=kind)
    assert refused.status_code == status and refused.json()["error"]


def test_only_a_post_is_taken_there(api):
    assert api.client.get("/events").status_code == 405
    assert api.client.put("/events").status_code == 405
    assert api.client.delete("/events").status_code == 405


def test_the_api_is_told_with_an_example_of_every_type_that_is_right(api):
    from torni.core import clock
    from torni.facts.intake import read
    from torni.services import load_library

    declared = load_library(on=clock.today()).event_data
    document = api.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    body = document["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]
    assert len(body["examples"]) > 20
    for name, example in body["examples"].items():
        assert read(example["value"][0], source="producer-a", declared=lambda type_, at: declared[type_])[1] == [], name


def test_health_tells_how_new_the_room_is(api):
    from torni.facts import opening as facts_room
    from torni.facts.fold import fold

    with facts_room.connect(os.environ["TORNI_DATABASE"], autocommit=True) as connection:
        fold(connection)
    told = api.client.get("/health/").json()
    assert told["ok"] and told["room"]["recorded_at"] and not told["room"]["loading"]


def test_health_is_not_ok_while_the_tallies_stand_still(api):
    """Events wait, and nothing has been counted for a while: the pages would show what is old."""
    from torni.facts import opening as facts_room
    from torni.facts.fold import fold, level

    with facts_room.connect(os.environ["TORNI_DATABASE"], autocommit=True) as connection:
        fold(connection)
        level(connection)
        api([{**EVENT, "id": "waits"}])
        told = api.client.get("/health/")
        assert told.status_code == 200 and told.json()["room"]["behind"] > 0, "a moment's wait is no standing still"
        connection.execute("UPDATE consumer SET level_at = level_at - interval '21 seconds'")
        told = api.client.get("/health/")
        assert (told.status_code, told.json()["ok"], told.json()["room"]["standing_still"]) == (503, False, True)
        fold(connection)
        assert api.client.get("/health/").json()["ok"]
        connection.execute("UPDATE consumer SET level_at = level_at - interval '21 seconds'")
        assert api.client.get("/health/").json()["ok"], "where nothing waits, nothing stands still"


def test_the_same_id_with_other_content_is_a_conflict_told_by_line(api):
    api([{**EVENT, "id": "same"}])
    done = api([{**EVENT, "id": "same"}, {**EVENT, "id": "same", "time": "2026-11-21T12:00:00+02:00"}])
    assert done.status_code == 207
    told = done.json()
    assert (told["accepted"], told["repeated"], [r["reasons"] for r in told["refused"]]) == (
        0,
        1,
        [["same_id_other_content"]],
    )


def test_what_cannot_be_taken_back_or_held_is_told_by_line_and_never_an_error(api):
    contact = {
        "type": "contact.made",
        "data": {"service": "doctor_reception", "unit": "hc", "client": 7, "matter": "mq"},
    }
    visit = {**contact, "type": "visit.made"}
    api([{"id": "r7", "type": "resident.registered", "time": "2026-01-02T00:00:00+02:00", "data": {"client": 7, "municipality": "179", "born": "1990-01-01"}}])  # fmt: skip
    for number, (event, time) in enumerate(((contact, "06-01"), (visit, "06-05"), (contact, "07-01"))):
        assert api([{**event, "id": f"mq{number}", "time": f"2026-{time}T09:00:00+03:00"}]).json()["accepted"] == 1
    done = api([
        {**EVENT, "id": "q1"}, {"id": "q2", "type": "event.withdrawn", "time": "2026-11-20T09:00:00+02:00", "data": {"replaces": "mq1"}},
        {"id": "q3", "type": "invoice.received", "time": "2026-11-20T12:00:00+02:00", "data": {"service": "home_care", "unit": "hc", "cents": 2**63 - 1}},
    ])  # fmt: skip
    assert done.status_code == 207
    assert done.json()["accepted"] == 1
    assert [(r["id"], r["reasons"]) for r in done.json()["refused"]] == [
        ("q2", ["opened_again"]),
        ("q3", ["range_cents"]),
    ]


def test_a_clock_behind_the_newest_record_is_told(api):
    from torni.facts import opening as facts_room

    assert api.client.get("/health/").json()["room"]["clock_behind_s"] == 0
    with facts_room.connect(os.environ["TORNI_DATABASE"], autocommit=True) as connection:
        (before,) = connection.execute("SELECT recorded_at FROM room").fetchone()
        connection.execute("UPDATE room SET recorded_at = %s", [NOW + timedelta(hours=2)])
        assert api.client.get("/health/").json()["room"]["clock_behind_s"] == 7_200
        connection.execute("UPDATE room SET recorded_at = %s", [before])


def test_the_newest_checkpoint_is_for_whoever_asks(api):
    from torni.facts import opening as facts_room

    page = "/keski-suomi/checkpoint.txt"
    assert api.client.get(page).status_code == 404
    with facts_room.connect(os.environ["TORNI_DATABASE"], autocommit=True) as connection:
        connection.execute("INSERT INTO checkpoint (size, note) VALUES (1, 'older'), (2, 'torni/keski-suomi\n2\n')")
    answer = api.client.get(page)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain")
    assert answer.content.decode() == "torni/keski-suomi\n2\n"
    for odd in ("3", "0", "-1", "x", "²", "9" * 4_000):
        assert api.client.get(page, {"since": odd}).status_code in (400, 414), odd


def test_a_clock_that_leapt_is_told_and_nothing_is_taken_in(api, monkeypatch):
    from torni.core import clock

    with monkeypatch.context() as leapt:
        leapt.setattr(clock, "_machine", lambda: NOW + timedelta(days=4_000))
        answer = api.client.get("/health/")
        assert answer.status_code == 503 and answer.json()["room"]["clock_doubted"]
        refused = api([{**EVENT, "id": "leapt"}])
        assert refused.status_code == 503 and "may have jumped" in refused.json()["error"]
    assert not api.client.get("/health/").json()["room"]["clock_doubted"]
    assert api([{**EVENT, "id": "leapt"}]).json()["accepted"] == 1


@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"data":' * 100_000, "[" * 40 + "]" * 40, '[{"data": ' + "[" * 900 + "]" * 900 + "}]"]
)
def test_a_body_nested_past_the_limit_is_refused_whole(api, body):
    """Read, it would fail only where it is written down or told again."""
    answer = api(body)
    assert answer.status_code == 400 and "line 1: more than 32 levels" in answer.json()["error"]


def test_a_body_of_a_million_empty_lists_is_refused_before_it_is_read(api):
    answer = api("[" + "[]," * 1_000_000 + "[]]")
    assert answer.status_code == 400 and "more than 1000000 parts" in answer.json()["error"]
