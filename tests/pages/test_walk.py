"""What stopped or misled people who walked through the pages: Back, another's matters, readings told once, a unit's own target."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest

from tests.pages.conftest import BASE, OWN, page, send
from tests.pages.test_access import WHY, missed


def test_going_back_to_a_form_that_is_done_leads_to_the_case(browsers, rows):
    """The assessment has been made, so its form has nothing to ask: the case opens, and no error. A second press is none either."""
    (position,) = rows(
        "SELECT e.position FROM event e JOIN client c USING (client) WHERE e.type = 'visit.made' AND NOT EXISTS "
        "(SELECT 1 FROM event n WHERE n.client = e.client AND n.type IN ('need.reported', 'reassessment.planned')) ORDER BY 1 LIMIT 1"
    )[0]  # fmt: skip
    case = f"{BASE}/case/{position}/"
    for path in ("assess/", "decide/home_care/"):
        for answer in (browsers["adviser"].get(case + path), browsers["adviser"].post(case + path, {}, headers=OWN)):
            assert answer.status_code in (302, 404)
    mine = rows("SELECT e.position FROM event e WHERE e.type = 'assessment.made' AND NOT EXISTS (SELECT 1 FROM owed o WHERE o.client = e.client) ORDER BY 1 DESC LIMIT 200")  # fmt: skip
    opened = [p for (p,) in mine if browsers["adviser"].get(f"{BASE}/case/{p}/").status_code == 200]
    done = [p for p in opened if browsers["adviser"].get(f"{BASE}/case/{p}/assess/").status_code == 302]
    assert done, "some case has been assessed and waits for nothing"
    answer = browsers["adviser"].get(f"{BASE}/case/{done[0]}/assess/")
    assert answer["Location"] == f"{BASE}/case/{done[0]}/"
    assert send(browsers["adviser"], f"/case/{done[0]}/assess/", summary="Sama uudestaan.") == answer["Location"]


def test_back_to_opened_data_asks_again_of_the_same_client(browsers):
    position = missed(browsers)
    opened = send(browsers["supervisor"], "/person/", 200, event=position, why=WHY)
    address = html.unescape(re.search(r'data-again="([^"]+)"', opened).group(1))
    assert re.fullmatch(r"/keski-suomi/person/\?event=\d+", address)
    asked = browsers["supervisor"].get(address).content.decode()
    event = re.search(r'name="event" value="(\d+)"', asked).group(1)
    assert 'name="client"' not in asked and "has been written down" not in asked, "nothing is opened by an address"
    again = send(browsers["supervisor"], "/person/", 200, event=event, why=WHY)
    client = re.compile(r"<h1>([^<]+)</h1>")
    assert client.search(again).group(1) == client.search(opened).group(1)
    for odd in ("x", "-1", "9" * 30, "%22%3E"):
        assert 'name="client"' in page(browsers["supervisor"], f"/person/?event={odd}")


def test_another_persons_matters_are_not_called_ones_own(signed, browsers):
    from django.test import Client

    relative = signed(Client(headers={"host": "127.0.0.1"}), "relative")
    relative.cookies["language"] = "en"
    own = relative.get("/mine/").content.decode()
    hers = relative.get(re.search(r'href="(/mine/\?for=[0-9]+)"', own).group(1)).content.decode()
    main = hers[hers.index("<main") : hers.index("</main>")]
    assert "Another's services" in html.unescape(hers)
    for word in ("my services", "My plan", "My decisions", "my case manager", "see my data"):
        assert word not in main, word
    assert "My plan" in own


def test_readings_that_are_alike_are_told_once_with_their_number():
    from torni.facts.persons import told_once

    def read(hour: int, day: int = 4, what: str = "case"):
        return datetime(2026, 5, day, hour, tzinfo=UTC), "Aila Ohjaaja", "adviser", what, "need", False

    told = told_once([read(12, 5), read(15), read(9), read(8, what="plan"), read(7)])
    assert [(one[0].hour, one[3], one[-1]) for one in told] == [(12, "case", 1), (15, "case", 3), (8, "plan", 1)]


def test_a_units_alert_tells_what_the_unit_is_held_against_and_the_tower_counts_units(browsers):
    """A list is held against its limit, staffing against its ratio; the share of units that keep it is the region's."""
    text = page(browsers["supervisor"], "/alerts/")
    full = re.findall(r"[^<>]*of its places taken [^<>]*", html.unescape(text))
    assert full and all("target at most 97" in told for told in full), full
    tower = page(browsers["supervisor"], "/?show=broken") + page(browsers["supervisor"], "/")
    line = re.search(r'data-promise="centre.list_has_room".*?data-value>([^<]+)<', tower, re.S)
    assert re.fullmatch(r"\d+/\d+", line.group(1)), line.group(1)


def test_every_fact_that_a_criterion_asks_is_asked_in_the_assessment_or_known_of_the_client():
    """A service whose criterion asks what no form does is undecided for everybody."""
    from datetime import date

    from torni.services.days import Days

    rules = Days("keski-suomi").exactly(date(2026, 5, 4))
    asked = {name for section in rules.forms["needs"].sections for name in section.fields}
    known = {"age", "municipality", "contacted_on", "assessed_on", "fees_paid_this_year_eur"}  # `case.facts_of`
    lacking = {
        s: [f.name for f in g.reasoning.fields if f.name not in asked | known] for s, g in rules.granting.items()
    }
    assert {s: names for s, names in lacking.items() if names} == {}


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_plans_euros_speak_of_no_letter(browsers, language):
    browser = browsers["director"]
    browser.cookies["language"] = language
    text = page(browser, "/network/?promise=centre.m_within_60_min&plan=close+KS16")
    browser.cookies["language"] = "en"
    shown = text[text.index('id="what"') :].lower()
    assert not any(word in shown for word in ("kirje", "brev", "letter"))


def test_chains_tell_a_limit_as_it_is_set():
    """Three calendar months are no number of days, nor are seven working days."""
    from datetime import date

    from torni.core.language import speaking
    from torni.services import load_library
    from torni.services.chain import chains

    library = load_library("keski-suomi", on=date(2026, 5, 4))
    with speaking("fi"):
        told = {c.limit_text(*edge) for c in chains(library).values() for edge in c.limits}
    assert "7 arkipäivää" in told and any("kalenterikuukau" in one for one in told), told


def test_the_rules_page_tells_facts_in_words_and_changes_to_come(browsers, monkeypatch):
    from datetime import date

    from torni.services.history import Version
    from torni.web.views import rules

    browser = browsers["service-owner"]
    plain = page(browser, "/rules/")
    facts = plain[plain.index("What a rule may ask about a client") :]
    assert (
        "What will change" not in plain and "1.1.2000–31.12.2100" in facts and not re.search(r"\d{4}-\d\d-\d\d", facts)
    )
    assert re.search(r'<th scope="row">[^<]+<small><code>rai_maple</code>', facts)
    monkeypatch.setattr(rules, "coming", lambda *_: [_version(Version, date(2027, 3, 1))])
    told = page(browser, "/rules/")
    assert "What will change" in told and "From 1.3.2027" in told and "MAPLe" in told


def _version(made, start):
    diff = (("param.grant.home_care.maple", "3", "4"),)
    return made("2026-11-22-1", "keski-suomi", "MAPLe 4", "", "", "approved", "Aila", "2026-11-22", diff, start=start)


def test_a_refused_row_names_types_in_words(browsers):
    from datetime import date

    from torni.web.store import hold
    from torni.web.views.records import _reasoned

    told = _reasoned(hold("keski-suomi", date(2026, 5, 4)))("unknown_unit")
    assert "(unit.opened)" in told and "“" in told
