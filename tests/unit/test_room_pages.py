"""What a room brings, shown: a page of plain values by its room's template, its form, and a command's table."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
import django
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from torni.cli import of_rooms
from torni.facts.access import Who
from torni.producers import commands, webhooks
from torni.web import record_room

django.setup()

AT = datetime(2026, 5, 1, tzinfo=UTC)
HOOK = webhooks.Webhook(1, "Hoiva Oy", "https://hoiva.example", AT, None, 1, 1, 1, AT, 500, None)
SENT = webhooks.Delivery(1, 7, "Hoiva Oy", "plan.sent", "north", "home_care", AT, "dead", 3, AT, None, 500, None, False, 7)  # fmt: skip


class Here(SimpleNamespace):
    query: dict[str, str] = {}  # noqa: RUF012 - a held region without a day or data of its own


@pytest.fixture(autouse=True)
def room(monkeypatch):
    """A record room whose one message to a producer's system was given up."""

    @contextlib.contextmanager
    def reading(who):
        yield None

    library = SimpleNamespace(services={"home_care": SimpleNamespace(name="Kotihoito")})
    here = Here(id="keski-suomi", network=SimpleNamespace(library=SimpleNamespace(region=SimpleNamespace(name="KS"))))
    monkeypatch.setattr(record_room, "reading", reading)
    monkeypatch.setattr(record_room, "own", lambda request, region: here)
    monkeypatch.setattr(record_room, "about", lambda: ("keski-suomi", AT.date(), {"north": "Pohjoinen"}))
    monkeypatch.setattr(record_room, "days", lambda region: SimpleNamespace(on=lambda day: SimpleNamespace(library=library)))  # fmt: skip
    monkeypatch.setattr(webhooks, "shown", lambda connection: [HOOK])
    monkeypatch.setattr(webhooks, "deliveries", lambda connection: [SENT])
    monkeypatch.setattr(webhooks, "delivery", lambda connection, number, position: SENT if position == 7 else None)
    monkeypatch.setattr(webhooks, "history", lambda connection, number, position: [(AT, 500, None, 20, None, None)])


def ask(path: str, role: str | None = "supervisor", **form: str) -> HttpResponse:
    made = RequestFactory()
    request = made.post(path, form) if form else made.get(path)
    request.who = Who(1, "n", "N", role) if role else None
    request.resolver_match = found = resolve(path)
    return found.func(request, *found.args, **found.kwargs)


def test_a_rooms_page_shows_what_its_function_returns_by_its_template():
    text = ask("/keski-suomi/deliveries/").content.decode()
    assert "https://hoiva.example" in text and "Kotihoito" in text and "Pohjoinen" in text
    assert 'href="/keski-suomi/deliveries/1/7/"' in text
    assert "<code>7</code>" in ask("/keski-suomi/deliveries/1/7/").content.decode()


def test_what_is_not_there_is_not_found():
    with pytest.raises(Http404):
        ask("/keski-suomi/deliveries/1/8/")


def test_a_rooms_page_opens_and_takes_a_form_by_the_actions_that_it_declares(monkeypatch):
    done = []
    monkeypatch.setattr(webhooks, "redeliver", lambda connection, *asked: bool(done.append(asked)) or True)
    assert ask("/keski-suomi/deliveries/", None).status_code == 302
    assert ask("/keski-suomi/deliveries/", "resident").status_code == 403
    assert ask("/keski-suomi/deliveries/1/7/", "adviser", do="again").status_code == 403
    assert not done
    answer = ask("/keski-suomi/deliveries/1/7/", do="aside")
    assert (answer.status_code, answer["Location"]) == (302, "/keski-suomi/deliveries/1/7/")
    assert done == [(1, 7, "set aside")]


def test_a_rooms_command_prints_its_lines_and_tables(monkeypatch, capsys):
    class Connection:
        def execute(self, *asked):
            return None

    of_rooms.printed(commands.listed(Connection()))
    out = capsys.readouterr().out  # a table of a narrow terminal: a row may take several lines
    assert "Hoiva Oy" in out and "https://hoiva.example" in out and len(out.splitlines()[0]) > 20
