"""The browser's Back after each form of the main stories: no error page, and no form sent again."""


def back(page):
    """The page before, as the browser shows it without asking anything."""
    page.go_back(wait_until="load")
    assert page.locator("main").count() == 1, "the browser's own error page has no main"
    assert page.locator("header .brand").is_visible()
    return page


def test_back_from_a_case_leads_to_the_need_and_sends_nothing_again(visit):
    page = visit("/keski-suomi/intake/", who="adviser")
    page.locator("[name=sought]").fill("Palle Palaaja")
    page.get_by_role("button", name="Hae asiakas").click()
    page.locator("#born").fill("1950-02-01")
    page.locator("[type=radio][name=channel]").first.check()
    page.locator("#text").fill("Tarvitsen apua portaissa.")
    page.locator("main .stack-form button").click()
    page.wait_for_url("**/case/*/")
    opened = page.url
    back(page)
    assert page.locator("#name").input_value() == "Palle Palaaja", "the client that was sought stands there still"
    page.go_forward(wait_until="load")
    assert page.url == opened and "Palle Palaaja" in page.locator("h1").inner_text()


def test_back_from_what_a_resident_sent_shows_the_own_page(visit):
    page = visit("/mine/", who="resident")
    page.locator("#text").fill("Milloin käynti on?")
    page.locator("[value=message]").click()
    page.get_by_role("status").wait_for()
    sent = page.get_by_text("Milloin käynti on?").count()
    back(page)
    page.reload(wait_until="load")
    assert page.get_by_text("Milloin käynti on?").count() == sent, "the message was not sent again"


def test_back_from_a_proposal_and_its_approval(visit):
    page = visit("/keski-suomi/network/?plan=close+KS16", who="service-owner")
    page.locator("form[action$='propose/'] [name=why]").fill("Ehdotus, josta palataan takaisin")
    page.locator("form[action$='propose/'] button").click()
    page.wait_for_url("**/changes/**")
    back(page)
    assert "plan=close" in page.url
    page = visit("/keski-suomi/changes/", who="director")
    page.locator(".proposals a").first.click()
    page.locator("#why").fill("Ei vielä: arvio puuttuu.")
    page.locator("[value=reject]").click()
    page.get_by_text("Ei vielä: arvio puuttuu.").first.wait_for()
    back(page)


def test_back_from_what_a_file_brought(visit, tmp_path):
    file = tmp_path / "tapahtumat.csv"
    file.write_text("id,type,time,service\ntakaisin1,feedback.gven,2026-11-01T12:00:00+02:00,home_care\n")
    page = visit("/keski-suomi/records/", who="controller")
    page.locator("[name=file]").set_input_files(file)
    page.locator("[value=bring]").click()
    page.locator("main .answer").wait_for()
    page.locator("main button[name=number]").first.click()
    page.locator("#raw").wait_for()
    back(page)
    assert page.locator("main .answer").count() == 1
    back(page)
    page.reload(wait_until="load")
    page.locator("main button[name=number]").first.click()
    page.locator("[value=drop]").click()
    page.locator("h1").wait_for()
    back(page)
