"""One clock on every page: where a room's facts are invented, its day is what the region's pages begin with, whatever the wall says."""

import json
import os
import re
from datetime import timedelta

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")


@pytest.fixture
def ahead(invented_year, signed, monkeypatch):
    """A director's browser, and the day of a room whose time has run two days ahead of the wall's."""
    import django
    from django.test import Client

    from torni.facts import opening
    from torni.facts.door import local_day
    from torni.web import record_room

    django.setup()
    monkeypatch.setenv("TORNI_DATABASE", invented_year)
    with opening.connect(invented_year, autocommit=True) as connection:
        kept = connection.execute("SELECT recorded_at, invented FROM room").fetchone()
        connection.execute(
            "UPDATE room SET recorded_at = recorded_at + interval '2 days', invented = invented || '{\"loaded\": true}'"
        )
        browser = signed(Client(headers={"host": "127.0.0.1"}), "director")
        record_room.forget()
        try:
            yield browser, local_day(kept[0] + timedelta(days=2))
        finally:
            connection.execute("UPDATE room SET recorded_at = %s, invented = %s", [kept[0], json.dumps(kept[1])])
            record_room.close()


def test_the_pages_of_a_room_begin_with_its_own_day(ahead):
    from torni.core import clock
    from torni.web.store import hold, present_day

    browser, day = ahead
    assert clock.today() == day - timedelta(days=2)
    assert present_day("keski-suomi") == hold("keski-suomi").network.as_of == day
    assert present_day("kainuu") == clock.today(), "another region's pages have no room, and keep the clock's day"
    assert f'min="{day}"' in browser.get("/keski-suomi/rehearse/?service=home_care").content.decode()


def test_links_carry_a_day_only_where_another_was_chosen(ahead):
    browser, day = ahead
    for page in ("/keski-suomi/", "/keski-suomi/sapluuna/", "/keski-suomi/rehearse/", "/keski-suomi/changes/"):
        for asked in ("", f"?on={day}"):
            assert not re.search(r'href="[^"]*[?;&]on=', browser.get(page + asked).content.decode()), page + asked
    other = day - timedelta(days=2)  # the wall's day is another than the room's
    assert f"on={other}" in browser.get(f"/keski-suomi/sapluuna/?on={other}").content.decode()


def test_the_rooms_day_is_asked_once_of_the_database_for_a_page_and_not_for_each_link(ahead, monkeypatch):
    from torni.web import record_room
    from torni.web.store import present_day

    asked = []
    reading = record_room.reading
    monkeypatch.setattr(record_room, "reading", lambda who: asked.append(who) or reading(who))
    monkeypatch.setattr(record_room.time, "monotonic", lambda: 1.0)
    record_room.forget()
    assert len({present_day("keski-suomi") for _ in range(20)}) == 1
    assert len(asked) == 1
