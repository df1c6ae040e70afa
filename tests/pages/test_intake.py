"""An adviser on the telephone: the client found by name, number or identity code, or registered there and then; no dead end."""

from __future__ import annotations

import os
import re

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")

from tests.pages.conftest import BASE, page, send

NEED = {"channel": "telephone", "text": "Suihku ei onnistu yksin."}
NEW = {"client": "new", "name": "Maija Uusi", "municipality": "179", "language": "sv", **NEED}


def test_the_page_begins_with_the_search_and_finds_any_resident(browsers, rows):
    adviser = browsers["adviser"]
    text = page(adviser, "/intake/")
    assert 'name="sought"' in text and 'name="client"' not in text
    ((client, name),) = rows(
        "SELECT client, name FROM client c WHERE name IS NOT NULL AND name !~ '[0-9]' AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type = 'need.reported') ORDER BY client LIMIT 1"
    )  # fmt: skip
    for sought in (str(client), name):
        found = send(adviser, "/intake/", 200, do="find", sought=sought)
        assert f'value="{client}"' in found, sought
    assert rows("SELECT DISTINCT what, why FROM reading WHERE client = %s AND role = 'adviser'", client) == [("search", "new need")]  # fmt: skip
    there = send(adviser, "/intake/", client=str(client), sought=name, once="found1", **NEED)
    assert f"client {client}" in page(adviser, there.removeprefix(BASE)), "the number stands on the case"


def test_who_may_not_write_a_need_down_finds_nobody(browsers):
    for name in ("supervisor", "controller", "producer-a", "resident", "outsider"):
        answer = browsers[name].post(f"{BASE}/intake/", {"do": "find", "sought": "1"}, headers={"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"})  # fmt: skip
        assert answer.status_code == 403, name


def test_nobody_found_may_be_registered_with_the_identity_code(browsers, rows):
    adviser = browsers["adviser"]
    text = send(adviser, "/intake/", 200, do="find", sought="131052-308T")
    assert "Nobody such is in the register." in text and 'name="identity" value="131052-308T"' in text
    there = send(adviser, "/intake/", **NEW, identity="131052-308t", once="new1")
    text = page(adviser, there.removeprefix(BASE))
    assert "Maija Uusi" in text and "131052-308T" in text and "language of contact: Swedish" in text and NEED["text"] in text  # fmt: skip
    ((client, born, municipality, protected),) = rows("SELECT client, born::text, municipality, protected FROM client WHERE identity = '131052-308T'")  # fmt: skip
    assert client > 900_000_000 and (born, municipality, protected) == ("1952-10-13", "179", False)
    assert rows("SELECT count(*) FROM event WHERE client = %s AND type = 'need.reported'", client) == [(1,)]
    assert f'value="{client}"' in send(adviser, "/intake/", 200, do="find", sought="131052-308T")
    told = send(adviser, "/intake/", 400, **NEW, identity="131052-308T", once="new2")
    assert "in the register already" in told and NEED["text"] in told, "nothing that was written is lost"


def test_a_name_that_is_not_found_is_not_written_twice(browsers):
    """The new client's name is what was sought; a number that was sought is nobody's name, and one found is not named anew."""
    adviser = browsers["adviser"]
    assert 'name="name" value="Sanna Saapuva"' in send(adviser, "/intake/", 200, do="find", sought="Sanna Saapuva")
    assert 'name="name" value=""' in send(adviser, "/intake/", 200, do="find", sought="99999999")


def test_who_has_no_known_municipality_is_registered_all_the_same(browsers, rows):
    """The form lets it be left open, and so must the room: its number says that it is not known, and no page names a place."""
    adviser = browsers["adviser"]
    there = send(
        adviser,
        "/intake/",
        **{**NEW, "name": "Kulkija Koditon", "born": "1961-03-02", "municipality": ""},
        once="nowhere1",
    )
    assert "Kulkija Koditon" in page(adviser, there.removeprefix(BASE))
    assert rows("SELECT municipality FROM client WHERE name = 'Kulkija Koditon'") == [("199",)]


def test_without_a_code_a_number_is_given_and_a_namesake_is_asked_about(browsers, rows):
    adviser, told = browsers["adviser"], {**NEW, "name": "Toivo Tilapäinen", "born": "1941-05-30", "protected": "yes", "municipality": "182"}  # fmt: skip
    send(adviser, "/intake/", **told, once="tmp1")
    again = send(adviser, "/intake/", 400, **told, once="tmp2")
    assert "perhaps in the register already" in again and 'name="surely"' in again and "protected address" in again
    assert "Jämsä, client" not in again, "where a protected client lives is told to nobody"
    send(adviser, "/intake/", **told, surely="yes", once="tmp3")
    found = rows("SELECT client, protected, identity FROM client WHERE name = 'Toivo Tilapäinen' ORDER BY client")
    assert len({client for client, *_rest in found}) == 2 and {rest for _c, *rest_ in found for rest in [tuple(rest_)]} == {(True, None)}  # fmt: skip


def test_faults_of_the_client_and_of_the_need_are_told_at_once(browsers, rows):
    ((before,),) = rows("SELECT count(DISTINCT client) FROM client")
    told = send(browsers["adviser"], "/intake/", 400, client="new", identity="131052-308A", text="Apua", once="bad1")
    for fault in ("the name", "check sign", "the language", "the channel"):
        assert fault in told, fault
    assert re.search(r"<textarea[^>]*>Apua</textarea>", told)
    assert rows("SELECT count(DISTINCT client) FROM client") == [(before,)]


def test_visits_not_made_are_asked_about_answered_and_closed(browsers, rows):
    """On the case manager's list one line a client and unit; the question goes to its producer alone, the closed leave the list."""
    manager = browsers["case-manager"]
    found = rows(
        "SELECT o.position, o.unit, e.client, u.producer FROM owed o JOIN event e USING (position) JOIN unit u ON u.unit = o.unit WHERE e.type = 'visit.planned' "
        "AND o.due < (SELECT recorded_at::date FROM room) AND EXISTS (SELECT 1 FROM care c WHERE c.client = e.client AND c.case_manager = 'case-manager') "
        "AND u.producer IN ('Esimerkkihoiva Oy', 'Mallihoiva Oy') ORDER BY o.due DESC LIMIT 1"
    )  # fmt: skip
    assert found, "the invented year has missed visits"
    ((position, unit, client, producer),) = found
    theirs, other = (browsers[n] for n in (("producer-a", "producer-b") if producer == "Esimerkkihoiva Oy" else ("producer-b", "producer-a")))  # fmt: skip
    case = f"/case/{position}/"
    text = page(manager, case)
    assert 'id="missed"' in text and "Ask the producer" in text
    form = {"do": "missed", "service": "home_care", "unit": unit}
    assert "missing or too short" in send(manager, case, 400, **form, did="closed", text="ei", once="a1")
    send(manager, case, **form, did="asked", text="Miksi käynnit jäivät tekemättä?", once="a2")
    ((asked,),) = rows("SELECT position FROM event WHERE type = 'missed_visits.asked' AND client = %s", client)
    assert f"/inbox/{asked}/question/" in page(theirs, "/inbox/") and f"/inbox/{asked}/question/" not in page(other, "/inbox/")  # fmt: skip
    assert "Miksi käynnit" in page(theirs, f"/inbox/{asked}/question/")
    page(other, f"/inbox/{asked}/question/", 404)
    send(theirs, f"/inbox/{asked}/question/", text="Hoitaja sairastui, eikä sijaista saatu.")
    send(theirs, f"/inbox/{asked}/question/", 400, text="Toinen vastaus.")
    assert f"/inbox/{asked}/question/" not in page(theirs, "/inbox/")
    assert "Hoitaja sairastui" in page(manager, case) and "the producer has answered" in page(manager, "/worklist/")
    owed = rows("SELECT count(*) FROM owed WHERE client = %s AND promise = 'home_care.visits_made'", client)
    before = page(manager, "/worklist/").count("Visits have not been made")
    send(manager, case, **form, did="closed", text="Tuottajan selvitys riittää.", once="a3")
    assert page(manager, "/worklist/").count("Visits have not been made") == before - 1
    assert rows("SELECT count(*) FROM owed WHERE client = %s AND promise = 'home_care.visits_made'", client) == owed
    send(manager, case, 400, **form, did="noted", text="Vielä huomautus.", once="a4")
