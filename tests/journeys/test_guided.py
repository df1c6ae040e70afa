"""From a need to a confirmed plan in a real browser: the tour that the documents tell, a resident by keyboard alone, an open inbox."""

import re
from pathlib import Path

import pytest

IMAGES = Path(__file__).parents[2] / "docs" / "images"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


def clean(page, axe):
    """Fits its window, and axe-core finds nothing (WCAG 2.1 A and AA)."""
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_page_of_guidance_in_every_language_wide_and_narrow(visit, axe, language):
    """The pages that are reached from a worklist or an inbox; each also on a phone."""
    for width in (1440, 390):
        case = (
            visit("/keski-suomi/worklist/", width, language, who="case-manager")
            .locator(".worklist tbody a")
            .first.get_attribute("href")
        )
        need = (
            visit("/keski-suomi/worklist/", width, language, who="adviser")
            .locator(".worklist tbody a")
            .last.get_attribute("href")
        )
        for who, path in (
            ("case-manager", case), ("case-manager", case + "plan/"), ("adviser", need), ("adviser", need + "decide/"), ("adviser", "/keski-suomi/intake/"),
            ("producer-a", "/keski-suomi/inbox/"), ("producer-a", "/keski-suomi/deliveries/"), ("unit-head", "/keski-suomi/inbox/"), ("resident", "/mine/"),
            ("relative", "/mine/"), ("director", "/keski-suomi/?show=guidance"), (None, "/keski-suomi/guide/"), ("supervisor", "/keski-suomi/chains/"),
        ):  # fmt: skip
            clean(visit(path, width, language, who=who), axe)


def test_the_tour_from_a_need_to_a_plan_that_its_producer_has_confirmed(visit, axe, request):
    """An adviser decides beside the rules, a case manager plans, and the producer's open inbox tells of it without a reload."""
    shots = request.config.getoption("--shots")

    def shot(page, name):
        if shots:
            page.screenshot(path=IMAGES / f"tour-{name}.png")

    inbox = visit("/keski-suomi/inbox/", language="en", who="producer-a")
    inbox.locator("#inbox").wait_for()
    queue = visit("/keski-suomi/worklist/", language="en", who="adviser")
    shot(queue, "1-worklist")
    queue.get_by_role("link", name="Make the decision").last.click()
    queue.get_by_role("link", name="What the rules propose, and the decision").click()
    clean(queue, axe)
    shot(queue, "2-verdicts")
    queue.locator("tr", has=queue.get_by_role("rowheader", name=re.compile("^Home care( limits|$)"))).get_by_role(
        "link"
    ).click()
    queue.get_by_label("Granted").check()
    queue.get_by_label("Your own judgement").fill("Selviytyy kotona, kun apua on aamuisin ja iltaisin.")
    queue.get_by_label("If you deviate").fill("Asiakkaan tilanne on muuttunut arvioinnin jälkeen.")
    queue.get_by_label("Own production").check()
    clean(queue, axe)
    shot(queue, "3-decision")
    queue.get_by_role("button", name="Make the decision").click()
    queue.get_by_label("Whose client").select_option(label="Veera Vastaava")
    queue.get_by_role("button", name="Name the case manager").click()
    case = queue.url.partition("/keski-suomi")[2]

    manager = visit("/keski-suomi" + case + "plan/", language="en", who="case-manager")
    manager.get_by_label("Goals").fill("Asun kotona turvallisesti.")
    assert manager.locator("#service-0 option:checked").inner_text() == "Home care", (
        "the plan is filled from the decision"
    )
    unit = manager.locator("#unit-0 option", has_text="Esimerkkihoiva").first.get_attribute("value")
    manager.locator("#unit-0").select_option(value=unit)
    manager.locator("#what-0").fill("Aamu- ja iltakäynnit")
    manager.locator("#hours-0").fill("14")
    assert manager.locator("#agreed").input_value() == "", "the client's agreement is never filled in"
    manager.locator("#agreed").fill(manager.locator("#start-0").input_value())
    manager.get_by_role("button", name="Look at what changes").click()
    assert "new: Home care" in manager.locator(".answer").inner_text()
    shot(manager, "4-plan")
    before = inbox.locator("#inbox ol").first.locator("li").count() if inbox.locator("#inbox ol").count() else 0
    manager.get_by_role("button", name="Send", exact=True).click()
    manager.get_by_text("to be confirmed by").first.wait_for()
    inbox.wait_for_function(
        "before => (document.querySelector('#inbox ol')?.children.length ?? 0) > before", arg=before, timeout=10_000
    )
    shot(inbox, "5-inbox")
    inbox.locator("#inbox ol").first.get_by_role("link").last.click()
    inbox.get_by_text("Aamu- ja iltakäynnit").wait_for()
    clean(inbox, axe)
    inbox.get_by_role("button", name="Confirm").click()
    inbox.get_by_text("confirmed", exact=True).wait_for()
    shot(inbox, "6-confirmed")
    manager.reload()
    manager.get_by_text("confirmed", exact=True).first.wait_for()
    clean(manager, axe)
    shot(manager, "7-case")


def test_a_resident_gets_advice_and_tells_of_a_need_by_keyboard_alone(visit):
    """From the first Tab to the answer, without a mouse; then on the own page, signed in."""
    page = visit("/keski-suomi/guide/", language="en", who=None)

    def tab_to(selector):
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} is not reached by Tab")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to("[name=age]")
    page.keyboard.type("82")
    tab_to("[name=municipality]")
    page.keyboard.type("Jyv")
    tab_to("main form .buttons button")
    page.keyboard.press("Enter")
    page.get_by_text("This is advice, not a decision.").wait_for()
    assert page.locator("table.across tbody tr").count() > 5

    page = visit("/mine/", language="en", who="resident")
    tab_to("#need")
    page.keyboard.type("Tarvitsen apua kaupassa käymiseen.")
    tab_to("button[value=need]")
    page.keyboard.press("Enter")
    page.get_by_text("Done. It has been written down.").wait_for()
    page.get_by_text("is being looked at").first.wait_for()
