"""What browsers report of our policy: counted in words of ours alone, bounded, nothing of a person, no report ends in a fault."""

from __future__ import annotations

import json
import logging
import os

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
PATH, KIND = "/policy-reports", "application/csp-report"
WHO = "Virtanen-010150-123A"


@pytest.fixture
def client():
    import django
    from django.test import Client

    from torni.web.views import policy

    django.setup()
    policy._known.clear()
    return Client(headers={"host": "127.0.0.1"})


def send(client, told, **headers):
    body = told if isinstance(told, str | bytes) else json.dumps({"csp-report": told})
    return client.post(PATH, body, content_type=KIND, headers=headers)


def counted() -> dict[tuple[str, ...], float]:
    from torni.web.metrics import FORBIDDEN

    return {
        tuple(s.labels.values()): s.value for m in FORBIDDEN.collect() for s in m.samples if s.name.endswith("_total")
    }


def test_every_page_names_where_browsers_report(client):
    assert client.get("/data/").headers["Content-Security-Policy"].endswith("report-uri /policy-reports")


def test_a_report_is_counted_by_what_it_was_about_and_tells_nobody(client, caplog):
    told = {
        "document-uri": f"http://127.0.0.1/keski-suomi/case/17/?sought={WHO}", "effective-directive": "script-src-elem", "blocked-uri": "inline",
        "script-sample": WHO, "referrer": f"http://127.0.0.1/{WHO}",
    }  # fmt: skip
    kind = ("script-src-elem", "inline", "<str:region>/case/<int:position>/")
    before = counted().get(kind, 0)
    with caplog.at_level(logging.WARNING, logger="torni.policy"):
        for _ in range(3):
            assert send(client, told, cookie="torni_session=whatever", origin="null").status_code == 204
    assert counted()[kind] == before + 3
    assert len(caplog.records) == 1 and WHO not in caplog.text and "17" not in caplog.records[0].getMessage()


@pytest.mark.parametrize("directive", ["script-src 'self'", f"{WHO}-src", "", 7, None, ["x"], {"a": WHO}])
@pytest.mark.parametrize("blocked", [f"https://elsewhere.example/{WHO}", WHO, None, 7, "\0"])
def test_words_of_others_are_never_kept(client, directive, blocked):
    told = {"document-uri": f"http://[{WHO}", "violated-directive": directive, "blocked-uri": blocked}
    assert send(client, told).status_code == 204
    assert not any(WHO in label for labels in counted() for label in labels)


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', '{"csp-report": 7}', "[" * 15_000, b"\xff\xfe", "\0"])
def test_what_is_no_report_is_no_fault_of_ours(client, body):
    assert send(client, body).status_code in (204, 400)


def test_reports_are_bounded(client, monkeypatch):
    from torni.web.views import policy

    assert send(client, "x" * (policy.LONGEST + 1)).status_code == 413
    assert client.get(PATH).status_code == 405
    monkeypatch.setattr(policy, "MOST_KINDS", 2)
    for directive in sorted(policy.DIRECTIVES):
        assert send(client, {"effective-directive": directive, "blocked-uri": "eval"}).status_code == 204
    assert len(policy._known) <= 3
