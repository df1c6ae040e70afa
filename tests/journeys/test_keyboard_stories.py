"""The other stories by keyboard alone: the director's, the owner's, the planner's, the case manager's, the supervisor's, the board's, and a
resident's without an account."""

import re

from tests.journeys.test_keyboard import SEEN, Keys


def focus_is_seen(keys):
    """After what was done the focus is somewhere, and seen: not lost to the page."""
    assert keys.page.evaluate("document.activeElement !== document.body"), "the focus was lost"
    assert (unseen := keys.page.evaluate(SEEN)) == "", f"the focus is not seen: {unseen}"


def test_the_skip_link_leads_past_the_menu(visit):
    keys = Keys(visit("/keski-suomi/", who="director"))
    keys.page.evaluate("window.asItWas = true")
    keys.press("Tab").press("Enter").page.wait_for_url("**#main")
    keys.press("Tab")
    assert keys.page.evaluate("window.asItWas"), "the page was not read anew, nor what was typed on it lost"
    assert keys.page.evaluate("document.activeElement.closest('main') !== null")


def test_the_director_follows_a_number_and_looks_at_a_past_moment(visit):
    keys = Keys(visit("/keski-suomi/", who="director"))
    keys.to("main .owned a").goes()
    assert "/alerts/" in keys.page.url
    keys.to("main a", has="Avaa lupaus").goes()
    assert "/promise/" in keys.page.url
    keys = Keys(visit("/keski-suomi/", who="director"))
    keys.to("[name=known]").press("Control+a").write("3.5.2026 klo 12").goes()
    assert "Tilanne, joka tunnettiin" in keys.page.locator("main").inner_text()
    keys.to("main a", has="nykyhetkeen").goes()
    keys.to("main a", has="Vertaa kahta hetkeä").goes().to("[name=second]").press("Control+a").write(
        "20.11.2026 klo 12"
    )
    keys.goes()
    assert keys.page.locator("main .faults, main .fault").count() == 0 and keys.page.locator(".moments tbody tr").count() > 10  # fmt: skip


def test_the_service_owner_writes_a_new_value_and_proposes_it(visit):
    keys = Keys(visit("/keski-suomi/rehearse/", who="service-owner"))
    service = keys.to("#service").page.locator("#service")
    service.select_option("home_care")  # in what way a list is opened by keys is the system's
    keys.to("main form button", has="Näytä").goes()
    keys.to("main .texts input").press("Control+a").write("4")
    keys.to("#name").write("Näppäimistön raja").to("#why").write("Kokeillaan rajaa.").to("main form button").goes()
    assert keys.page.locator("main .faults").count() == 0, keys.page.locator("main .faults").inner_text()
    keys.to("[value=propose]").goes()
    assert "Näppäimistön raja" in keys.page.locator("main").inner_text()


def test_the_planner_closes_a_unit_names_the_plan_and_compares_it(visit):
    keys = Keys(visit("/keski-suomi/network/?promise=centre.m_within_60_min", who="service-owner"))
    keys.to("#step [name=unit]").page.locator("#step [name=unit]").select_option("KS16")
    keys.to("#step button").press("Enter")
    keys.page.locator(".what-if .steps li", has_text="Sulje").wait_for()
    focus_is_seen(keys)
    keys.to(".undo").press("Enter")
    keys.page.locator(".what-if .steps li").wait_for(state="detached")
    focus_is_seen(keys)
    keys = Keys(visit("/keski-suomi/network/?plan=close+KS16&name=Saarij%C3%A4rvi", who="service-owner"))
    keys.to("main a", has="Säilytä vertailuun").goes()
    keys.page.locator("#step [name=unit]").select_option("KS13")
    keys.to("#step button").press("Enter")
    keys.page.locator(".what-if .steps li").wait_for()
    keys.to("main a.go", has="Vertaa").goes()
    assert keys.page.locator("thead th").count() == 4


def test_the_case_manager_deals_with_visits_that_were_not_made(visit):
    keys = Keys(visit("/keski-suomi/worklist/", who="case-manager"))
    for case in dict.fromkeys(keys.page.locator(".worklist tbody a").evaluate_all("all => all.map(a => a.getAttribute('href'))")):  # fmt: skip
        page = visit(case, who="case-manager")
        if page.locator("[id^=missed-]").count():
            break
    keys = Keys(page)
    before = page.locator("[id^=missed-]").count()
    keys.to("[id^=missed-]").write("Tuottaja on hoitanut asian kuntoon.").to("[value=closed]").goes()
    assert page.locator("main .faults").count() == 0 and page.locator("[id^=missed-]").count() == before - 1


def test_the_supervisor_takes_up_an_alert_and_opens_a_client_with_a_reason(visit):
    keys = Keys(visit("/keski-suomi/alerts/", who="supervisor"))
    keys.to(".alert-list tbody tr:last-child th a").goes()  # the first is the director's in another story
    if keys.page.locator("[value=taken_up]").count():
        keys.to("[value=taken_up]").goes()
    keys.to("[value=acted]").goes()
    assert keys.page.locator("main .faults").count() == 0
    keys.to("[name=text][minlength]").write("Tuottaja on korjannut asian.").to("[value=done]").goes()
    assert keys.page.locator("main .faults").count() == 0
    keys = Keys(visit("/keski-suomi/", who="supervisor"))
    keys.to("#sought").write("virtanen").goes()
    keys.to(".found button").goes()
    assert keys.page.url.endswith("/keski-suomi/person/")
    keys.to("[name=why]").press("Control+a").write("Muistutuksen selvittäminen kesken").goes()
    assert "Tämä katselu on kirjattu" in keys.page.locator("main").inner_text() or keys.page.locator("main .note").count()  # fmt: skip


def test_the_board_reads_the_report(visit):
    keys = Keys(visit("/keski-suomi/", who="director"))
    for _ in range(8):  # the heads of the menu, until the one that holds the report
        if keys.to(".menu summary").press("Enter").page.locator(".menu details[open] a[href$='/report/']").count():
            break
    keys.to(".menu a[href$='/report/']").goes()
    keys.to("main a[href$='report.pdf']").to("main .scroll")
    assert keys.page.locator("main h2").count() > 3


def test_a_resident_without_an_account_gets_advice_and_the_answer_is_in_view(visit):
    for width in (1440, 390):
        keys = Keys(visit("/keski-suomi/guide/", width, who=None))
        keys.to("#f-age").write("82")
        keys.to("#f-municipality").page.locator("#f-municipality").select_option("179")
        keys.to("main form button", has="Näytä").goes()
        box = keys.page.locator(".outcome").bounding_box()
        assert box["y"] + box["height"] <= 900, "the answer is where the eye is"
        keys.to("main summary").press("Enter")
        assert re.search("Tämä on neuvontaa", keys.page.locator("main").inner_text())
