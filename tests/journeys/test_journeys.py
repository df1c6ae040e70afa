"""The network planner's and the director's stories, by mouse and by keyboard, in a real browser."""

import re
from pathlib import Path

import pytest

PAGES = {
    "tower": "/keski-suomi/",
    "promise": "/keski-suomi/promise/centre.m_within_60_min/",
    "presence": "/keski-suomi/promise/centre.s_in_small_municipality/",
    "sapluuna": "/keski-suomi/sapluuna/",
    "cell": "/keski-suomi/sapluuna/centre/availability/",
    "fees": "/keski-suomi/sapluuna/dental/fees/",
    "network": "/keski-suomi/network/",
    "plan": "/keski-suomi/network/?promise=centre.m_within_60_min&plan=close+KS16;open+25.30,62.90,centre,M;resize+KS13+M",
    "compare": "/keski-suomi/network/compare/?with=Saarijärvi|close+KS16&with=Viitasaari|resize+KS13+M",
    "rules": "/keski-suomi/rules/",
    "rule": "/keski-suomi/rules/home_care/",
    "table": "/keski-suomi/rules/tables/home_care.percentage/",
    "decide": "/keski-suomi/decide/home_care/",
    "rehearse": "/keski-suomi/rehearse/",
    "changes": "/keski-suomi/changes/",
    "data": "/data/",
    "uusimaa": "/uusimaa/",
    "followed": "/keski-suomi/promise/home_care.visits_made/",
    "staffed": "/keski-suomi/promise/elder_housing.staffed/",
    "rows": "/keski-suomi/promise/doctor_reception.adults_in_time/rows/",
    "moments": "/keski-suomi/moments/",
    "alerts": "/keski-suomi/alerts/",
    "sign-in": "/sign-in/",
    "person": "/keski-suomi/person/",
    "records": "/keski-suomi/records/",
    "report": "/keski-suomi/report/",
    "room": "/keski-suomi/room/",
    "own": "/keski-suomi/own/",
    "me": "/me/",
    "denied": "/keski-suomi/own/",
    "everybody": "/keski-suomi/",
    "chains": "/keski-suomi/chains/",
    "guide": "/keski-suomi/guide/",
    "work": "/keski-suomi/worklist/",
    "queue": "/keski-suomi/worklist/",
    "intake": "/keski-suomi/intake/",
    "inbox": "/keski-suomi/inbox/",
    "mine": "/mine/",
    "emergencies": "/keski-suomi/emergencies/",
    "waiting": "/keski-suomi/waiting/",
    "search": "/keski-suomi/search/",
}
WHO = {
    "sign-in": None, "own": "producer-a", "me": "resident", "everybody": None, "guide": None, "work": "case-manager", "queue": "adviser",
    "intake": "adviser", "inbox": "producer-a", "mine": "resident",
}  # fmt: skip
SHOTS = Path(__file__).parents[2] / "shots"


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_its_window_and_can_be_used_by_everybody(visit, axe, request, name, width):
    """No sideways scrolling of the page, and no violation that axe-core finds (WCAG 2.1 A and AA)."""
    page = visit(PAGES[name], width, who=WHO.get(name, "supervisor"), expects=403 if name == "denied" else 200)
    if request.config.getoption("--shots"):
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in found] == []


SIXTY = """() => document.querySelectorAll(".menu details ul").forEach((list, i) => {
  while (list.children.length < 15) list.append(list.children[0].cloneNode(true));
})"""


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_menu_holds_sixty_pages_on_one_line(visit, axe, language):
    """At 1440 px the heads stand on one line and an open panel is within the window; at 390 px one button opens them all."""
    page = visit("/keski-suomi/rules/", 1440, language, who="supervisor")
    page.evaluate(SIXTY)
    assert page.locator(".menu li").count() >= 45
    tops = page.locator(".menu > a, .menu summary").evaluate_all("all => all.map((e) => e.getBoundingClientRect().top)")
    assert max(tops) - min(tops) < 2 and page.locator("header").bounding_box()["height"] < 60
    last = page.locator(".menu details").last
    last.locator("summary").focus()
    page.keyboard.press("Enter")
    panel = last.locator("ul").bounding_box()
    assert panel["x"] + panel["width"] <= 1440 and panel["y"] + panel["height"] <= 900
    page.evaluate(axe)
    assert page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")["violations"] == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.menu li') !== null")
    page.keyboard.press("Escape")
    assert page.locator(".menu details[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"

    page = visit("/keski-suomi/rules/", 390, language, who="supervisor")
    page.evaluate(SIXTY)
    assert not page.locator(".menu").is_visible()
    page.locator(".menu-button").click()
    page.locator(".menu summary").first.click()
    assert page.locator(".menu li").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(axe)
    assert page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")["violations"] == []
    page.keyboard.press("Escape")


def test_a_search_finds_and_a_client_found_is_not_opened(visit, axe):
    page = visit("/keski-suomi/", who="supervisor")
    page.locator("#sought").fill("KOTIHOI")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Kotihoito", exact=True).wait_for()
    page.locator("#sought").fill("virtanen")
    page.keyboard.press("Enter")
    page.locator(".found button").first.wait_for()
    assert page.url.endswith("/keski-suomi/search/"), "what was sought is not in the address"
    page.evaluate(axe)
    assert page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")["violations"] == []
    page.locator(".found button").first.click()
    page.get_by_label("Miksi").wait_for()
    assert page.url.endswith("/keski-suomi/person/") and page.locator(".faults").count() == 0


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_other_languages_fit_too(visit, axe, language):
    for name in ("tower", "sapluuna", "plan"):
        page = visit(PAGES[name], 390, language)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("html").get_attribute("lang") == language


def test_two_moments_stand_in_one_column_on_a_phone(visit):
    """Both moments and their difference are seen without moving the table sideways, in every language."""
    for language in ("fi", "sv", "en"):
        page = visit("/keski-suomi/moments/", 390, language, who="director")
        wide = page.locator(".scroll").evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).length")
        assert (wide, page.evaluate("document.documentElement.scrollWidth")) == (0, 390), language
        assert (
            page.locator(".moments td").first.evaluate("e => getComputedStyle(e, '::before').content").startswith('"')
        )


def test_the_open_tower_follows_events_without_a_reload(visit):
    """Time runs ten minutes a second: the moment changes by itself, and so does some number. A night may pass without any."""
    page = visit("/keski-suomi/")
    shown = page.locator("[data-at]").inner_text()
    numbers = page.locator("[data-now]").all_inner_texts()
    page.wait_for_function("was => document.querySelector('[data-at]').textContent !== was", arg=shown, timeout=90_000)
    page.wait_for_function(
        "was => JSON.stringify([...document.querySelectorAll('[data-now]')].map(e => e.textContent)) !== JSON.stringify(was)",
        arg=numbers, timeout=240_000,
    )  # fmt: skip


def test_the_first_screen_needs_no_scrolling_and_no_filter_is_cut_off(visit):
    page = visit("/keski-suomi/", who="director")
    for part in (".turned", ".owned", ".edge h2", "#map .pic svg"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + (box["height"] if part != ".owned" else 0) <= 900, part
    assert page.locator(".owned .whose").first.inner_text().strip()
    for width in (390, 1440):
        for path in ("/keski-suomi/?show=broken", "/keski-suomi/alerts/"):
            page = visit(path, width, who="director")
            assert page.evaluate(
                "[...document.querySelectorAll('.tools')].every(e => e.scrollWidth <= e.clientWidth)"
            ), (path, width)


def test_an_alert_is_taken_up_by_the_keyboard_alone(visit):
    page = visit("/keski-suomi/", who="director")
    page.locator(".owned a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/*/")
    page.get_by_role("button", name="Ota hoidettavaksi").press("Enter")
    page.locator(".figures", has_text="Jaana Johtaja").wait_for()
    assert page.locator("select[name=action]").count() == 1


def test_a_number_is_followed_down_to_its_rows_and_back_in_time(visit):
    page = visit("/keski-suomi/?promise=home_care.visits_made")
    page.get_by_role("link", name="Avaa lupaus").click()
    page.wait_for_url("**/promise/home_care.visits_made/")
    page.get_by_role("link", name=re.compile("^rivit ")).first.click()
    page.get_by_text("Riveillä ei ole asiakkaan nimeä").wait_for()
    page.get_by_role("link", name="Tilannekuva").first.click()
    page.get_by_label("Näytä tilanne hetkellä").fill("2026-05-03T12:00")
    page.locator(".moment button").click()
    page.get_by_text("Tilanne, joka tunnettiin").wait_for()
    page.get_by_role("link", name="nykyhetkeen").click()
    page.locator("[data-stream]").wait_for()


def test_the_director_chooses_a_promise_and_its_map_follows(visit):
    page = visit("/keski-suomi/")
    page.get_by_role("link", name=re.compile("95.% asukkaista asuu enintään 60 minuutin päässä vuodeosastosta")).click()
    page.locator("#map h2", has_text="vuodeosastosta").wait_for()
    page.get_by_role("link", name="Avaa lupaus").click()
    page.wait_for_url("**/promise/ward.within_60_min/")
    assert (
        page.locator("h1").inner_text()
        == "95\N{NO-BREAK SPACE}% asukkaista asuu enintään 60 minuutin päässä vuodeosastosta"
    )
    assert page.locator(".figures").inner_text().count("99,8") == 1


def test_the_planner_closes_opens_by_a_click_undoes_and_shares(visit):
    page = visit("/keski-suomi/network/?promise=centre.m_within_60_min")
    page.locator("select[name=unit]").select_option("KS16")
    page.get_by_role("button", name="Kokeile").click()
    page.locator(".what-if .steps li", has_text="Sulje: Saarijärven terveysasema").wait_for()
    assert "plan=close" in page.url

    page.get_by_label("Avaa").check()
    page.locator("select[name=size]").select_option("M")
    box = page.locator("#overlay").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.42, box["y"] + box["height"] * 0.45)
    page.locator(".what-if .steps li", has_text="Avataan: sote-keskus M").wait_for()
    assert page.locator(".what-if .steps li").count() == 2
    assert page.locator("#overlay .new circle").count() == 1

    shared = page.url
    again = visit(shared.removeprefix(re.match(r"https?://[^/]+", shared)[0]))
    assert again.locator(".what-if .steps li").count() == 2

    page.locator(".undo").first.click()
    page.locator(".what-if .steps li", has_text="Sulje").wait_for(state="detached")
    assert page.locator(".what-if .steps li").count() == 1
    page.go_back()
    page.locator(".what-if .steps li", has_text="Sulje").wait_for()


def test_a_flip_is_told_and_two_plans_stand_side_by_side(visit):
    page = visit("/keski-suomi/network/?plan=resize+KS13+M&name=Viitasaari")
    assert "1 lupauksen tila vaihtuu" in page.locator(".verdict").inner_text()
    page.get_by_role("link", name="Säilytä vertailuun ja aloita toinen").click()
    page.locator("select[name=unit]").select_option("KS13")
    page.get_by_role("button", name="Kokeile").click()
    page.locator(".what-if .steps li").wait_for()
    page.get_by_role("link", name=re.compile("Vertaa rinnakkain")).click()
    assert page.locator("thead th").count() == 4
    assert "Viitasaari" in page.locator("thead").inner_text()


def test_the_mend_is_found_proven_and_tried(visit):
    page = visit("/keski-suomi/promise/centre.m_in_large_municipality/")
    page.get_by_role("main").get_by_role("button", name="Etsi").click()
    page.locator("#mend", has_text="Varmistettu").wait_for(timeout=120_000)
    page.get_by_role("link", name=re.compile("Kokeile palveluverkon sivulla")).click()
    assert "Muuta kokoa: Viitasaaren terveyskeskus, uusi koko M" in page.locator(".what-if .steps").inner_text()


def test_the_proof_follows_the_first_answer(visit):
    page = visit("/keski-suomi/promise/centre.s_within_30_min/")
    page.get_by_label("Kysymys").select_option("open")
    page.get_by_role("main").get_by_role("button", name="Etsi").click()
    page.locator("#mend .steps li").first.wait_for(timeout=120_000)
    page.locator("#mend", has_text="Varmistettu").wait_for(timeout=120_000)
    assert page.locator("#mend .steps li").count() == 3


def test_a_plan_is_made_by_keyboard_alone(visit):
    page = visit("/keski-suomi/network/")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "verb":
            break
    page.keyboard.press("ArrowRight")  # open
    page.keyboard.press("Tab")  # kind
    page.keyboard.press("Tab")  # size
    page.keyboard.press("Tab")  # place
    page.keyboard.type("24.7982,62.4137")
    page.keyboard.press("Enter")
    page.locator(".what-if .steps li", has_text="Avataan: sote-keskus S").wait_for()


def test_everything_works_without_scripts(visit):
    page = visit("/keski-suomi/network/", java_script_enabled=False)
    page.locator("select[name=unit]").select_option("KS16")
    page.get_by_role("button", name="Kokeile").click()
    assert "Sulje: Saarijärven terveysasema" in page.locator(".what-if .steps").inner_text()


def test_the_sapluuna_leads_to_the_text_and_its_findings(visit):
    page = visit("/keski-suomi/sapluuna/")
    page.get_by_role("link", name=re.compile("Sote-keskus kokonaisuutena, Saatavuus")).click()
    assert page.locator(".plainlist li").count() == 7
    assert "definitions/services/centre_reception/centre.yaml" in page.locator(".rest").inner_text()
    page.get_by_role("link", name=re.compile("M-kokoise(sta|en) sote")).click()
    assert "/promise/centre.m_within_60_min/" in page.url


def test_another_language_and_another_region(visit):
    page = visit("/keski-suomi/")
    page.get_by_role("link", name="sv", exact=True).click()
    assert page.locator("html").get_attribute("lang") == "sv"
    page.locator("details.who summary").click()
    page.get_by_label("Område").select_option("uusimaa")
    page.wait_for_url("**/uusimaa/")
    assert page.locator("h1").inner_text().startswith("Nyland")


def test_a_page_prints_without_its_controls(visit):
    page = visit("/keski-suomi/promise/centre.m_within_60_min/")
    page.emulate_media(media="print")
    assert not page.locator("nav").first.is_visible()
    assert page.locator(".map svg").first.is_visible()


def test_the_adviser_decides_while_typing_and_the_facts_stay_out_of_the_address(visit, axe):
    page = visit("/keski-suomi/decide/home_care/")
    page.get_by_label("MAPLe-luku").fill("2")
    page.get_by_label("ADL-H, arjen toiminnot").fill("1")
    page.get_by_label("CPS, kognitio").fill("0")
    page.locator("#answer .outcome", has_text="Ehdotus: ei myönnetä").wait_for()
    assert "jos se olisi 2 (nyt 1), palvelu myönnettäisiin" in page.locator("#answer").inner_text()
    page.get_by_label("ADL-H, arjen toiminnot").fill("2")
    page.get_by_label("Kotitalouden koko").fill("1")
    page.get_by_label("Bruttotulot kuukaudessa").fill("1 500,50")
    page.get_by_label("Palvelutunnit kuukaudessa").fill("10")
    page.keyboard.press("Tab")
    page.locator("#answer .now", has_text="152,55 euroa kuukaudessa").wait_for()
    assert "?" not in page.url
    page.evaluate(axe)
    assert page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")["violations"] == []


def test_the_owner_writes_a_rule_rehearses_it_and_follows_a_figure_to_a_person(visit, axe):
    page = visit("/keski-suomi/rules/home_care/")
    need = page.locator("textarea#need")
    need.fill("rai_mapel >= 4")
    page.locator("#check-need .faults", has_text="Tarkoititko ”rai_maple”").or_(
        page.locator("#check-need .faults", has_text='"rai_maple"')
    ).wait_for()
    need.fill("rai_maple >= 4 or rai_adlh >= 3")
    page.locator("#check-need .tree", has_text="MAPLe-tulos (1–5) on vähintään 4").wait_for()
    page.get_by_role("button", name="Tarkista ja luo muutosehdotus").click()
    page.get_by_role("button", name="Arvioi vaikutukset").click()
    page.locator(".effects").wait_for(timeout=120_000)
    page.evaluate(axe)
    assert page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")["violations"] == []
    page.get_by_role("button", name=re.compile("palvelun menettäviä$")).first.click()
    page.locator("table.people").wait_for()
    page.locator("table.people button").first.click()
    assert "Ennen muutosta: Ehdotus: myönnetään" in page.locator(".pair").inner_text()
    assert "Muutoksen jälkeen: Ehdotus: ei myönnetä" in page.locator(".pair").inner_text()


def test_kouvolas_rule_is_entered_as_a_row(visit):
    page = visit("/keski-suomi/rules/tables/family_voucher.cap/")
    page.locator("#cells").fill("age / household_size | 1..3 | 4..\n<1 | 900 | 950\n1..17 | 400 | 450")
    page.locator("#preview .faults", has_text="age 18").wait_for()
    page.locator("#cells").fill("age / household_size | 1..3 | 4..\n<1 | 900 | 950\n1..17 | 400 | 450\n18.. | 0 | 0")
    page.locator("#preview h2", has_text="6 solua").wait_for()
    page.get_by_role("button", name="Arvioi vaikutukset").click()
    assert "family_voucher.cap" in page.locator("#change").input_value()


def test_rules_work_without_scripts(visit):
    page = visit("/keski-suomi/decide/needs_assessment/", java_script_enabled=False)
    page.get_by_label("Ikä").fill("80")
    page.get_by_role("button", name="Tee päätös").click()
    assert "Ehdotus: myönnetään" in page.locator("#answer").inner_text()


def test_the_supervisor_signs_in_follows_a_missed_visit_to_its_client_and_the_client_sees_it(visit, axe):
    """From the start page by buttons alone: the promise, its rows, one client with a reason; then the resident's own page."""
    page = visit("/", who=None)
    page.get_by_role("button", name="Kari Valvoja").click()
    page.get_by_role("heading", name="Odottavat asiat").wait_for()
    page.get_by_role("link", name="Tilannekuva").first.click()
    page.locator("[data-stream]").wait_for()
    page.goto(page.url + "promise/home_care.visits_made/rows/?producer=Esimerkkihoiva+Oy", wait_until="load")
    page.get_by_label("Miksi").fill("Käyttämätön käynti selvitetään")
    page.get_by_role("button", name=re.compile("^Asiakas ")).first.click()
    page.get_by_text("Tämä katselu on kirjattu syineen: Käyttämätön käynti selvitetään").wait_for()
    assert re.search(r"/keski-suomi/person/\?event=\d+$", page.url), (
        "Back asks again of the same client; no number or name is in the address"
    )
    assert page.locator("tr.broken").count() > 0
    page.evaluate(axe)
    assert page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Kirjaudu ulos").click()
    page.get_by_role("button", name="Ulla Ohjaaja").wait_for()
    page = visit("/keski-suomi/rules/", who="resident")
    page.locator(".menu summary", has_text="Omat asiani").click()
    page.get_by_role("link", name="Omat tiedot").click()
    page.get_by_role("heading", name="Kuka on katsonut tietojani").wait_for()


def test_a_file_with_a_fault_is_brought_in_and_mended(visit, tmp_path):
    """The controller brings two rows; one is refused, opened, mended and sent again."""
    file = tmp_path / "tapahtumat.csv"
    file.write_text(
        "id,type,time,service,unit,quantity\nk1,feedback.given,2026-11-01T12:00:00+02:00,home_care,demo-home-care-179-b,5\nk2,feedback.gven,2026-11-01T12:00:00+02:00,home_care,demo-home-care-179-b,4\n"
    )
    page = visit("/keski-suomi/records/", who="controller")
    page.get_by_label("Tiedosto").set_input_files(file)
    page.get_by_role("button", name="Tuo", exact=True).click()
    page.get_by_text("1 hyväksytty, 0 jo tiedossa, 1 hylätty").wait_for()
    page.get_by_role("button", name=re.compile("^Avaa ")).first.click()
    raw = page.get_by_label("Sellaisena kuin se tuli")
    raw.fill(raw.input_value().replace("gven", "given"))
    page.get_by_role("button", name="Lähetä uudestaan").click()
    page.get_by_text("Rivi hyväksyttiin").wait_for()
    page.get_by_text("Ei odottavia tehtäviä").wait_for()
