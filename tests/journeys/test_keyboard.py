"""The main stories by keyboard alone, from the first Tab: whatever has the focus is seen to have it, at every step."""

import re

import pytest

SEEN = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return "";
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const ringed = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return ringed && inside ? "" : e.outerHTML.slice(0, 160);
}"""


class Keys:
    """A page that is used by Tab, Enter, Space, arrows and typing; each stop of the focus must be seen."""

    def __init__(self, page):
        self.page = page

    def to(self, selector, *, has=""):
        """Tab on until what fits has the focus."""
        for _ in range(250):
            self.page.keyboard.press("Tab")
            assert (unseen := self.page.evaluate(SEEN)) == "", f"the focus is not seen: {unseen}"
            fits = "([s, has]) => document.activeElement.matches(s) && document.activeElement.textContent.includes(has)"
            if self.page.evaluate(fits, [selector, has]):
                return self
        raise AssertionError(f"{selector} {has} is not reached by Tab on {self.page.url}")

    def write(self, text):
        self.page.keyboard.type(text)
        return self

    def press(self, key):
        self.page.keyboard.press(key)
        return self

    def goes(self, key="Enter"):
        """The key leads to another page."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press(key)
        return self


def test_the_adviser_registers_a_client_assesses_and_decides(visit):
    keys = Keys(visit("/keski-suomi/intake/", who="adviser"))
    keys.write("Neea Näppäin").goes()  # the field to seek in has the focus from the start
    assert "Rekisteristä ei löytynyt ketään." in keys.page.locator("main").inner_text()
    assert keys.page.locator("#name").input_value() == "Neea Näppäin", "the name is not written twice"
    keys.to("#born").write("01021950").to("[name=channel]").press("Space")
    keys.to("#text").write("Tarvitsen apua aamuisin.").to("main .stack-form button").goes()
    assert re.search(r"/case/\d+/$", keys.page.url)
    assert "Neea Näppäin" in keys.page.locator("h1").inner_text()
    keys.to("main a", has="Arvioi palvelutarve").goes()
    day = keys.to("#f-rai_maple").write("4").to("#assessed_day").page.locator("#assessed_day")
    day.fill(day.get_attribute("max"))  # in what order its parts are typed is the browser's language
    keys.to("#summary").write("Aamutoimissa on vaikeuksia.").to("main .buttons button").goes()
    keys.to("main a[href$='/decide/home_care/']").goes()
    keys.to("[name=verdict]").press("Space").to("#judgement").write("Selviytyy kotona aamu- ja ilta-avun turvin.")
    keys.to("#why").write("Tilanne on muuttunut arvioinnin jälkeen.").to("[name=channel]").press("Space")
    keys.to("main .stack-form button").goes()
    assert keys.page.locator("main .faults").count() == 0
    assert re.search(r"/case/\d+/", keys.page.url) and "decide" not in keys.page.url


def test_the_producer_opens_a_plan_and_confirms_it(visit):
    keys = Keys(visit("/keski-suomi/inbox/", who="producer-a"))
    keys.to("#inbox li a").goes()
    assert re.search(r"/inbox/\d+/$", keys.page.url)
    if keys.page.locator("[value=confirmed]").count():
        keys.to("[value=confirmed]").goes()
        assert (
            keys.page.locator("main .faults").count() == 0
            and keys.page.locator("[value=start], [value=end]").count() == 1
        )


def test_the_director_approves_what_the_owner_proposed(visit):
    keys = Keys(visit("/keski-suomi/network/?plan=close+KS16", who="service-owner"))
    keys.to("form[action$='propose/'] [name=why]").write("Näppäimistöllä ehdotettu muutos").goes()
    keys = Keys(visit("/keski-suomi/changes/", who="director"))
    keys.to(".proposals a").goes().to("#start")
    year = int(keys.page.locator("#start").get_attribute("min")[:4]) + 1
    keys.write(f"1212{year}").to("#why").write("Vaikutukset on arvioitu.").to("[value=approve]").goes()
    assert keys.page.locator("main .faults").count() == 0
    assert "hyväksy" in keys.page.locator("main").inner_text().lower()


def test_the_resident_reads_a_decision_and_asks_for_a_review(visit):
    keys = Keys(visit("/mine/", who="resident"))
    keys.to("main summary", has="Tee oikaisuvaatimus").press("Enter")
    keys.to("textarea[id^=review-]").write("Apua tarvitaan myös iltaisin.").to("[value=review]").goes()
    keys.page.get_by_role("status").wait_for()
    assert keys.page.locator("main .faults").count() == 0


def test_the_controller_brings_a_file_and_opens_what_was_refused(visit, tmp_path):
    file = tmp_path / "tapahtumat.csv"
    file.write_text("id,type,time,service\nnappain1,feedback.gven,2026-11-01T12:00:00+02:00,home_care\n")
    keys = Keys(visit("/keski-suomi/records/", who="controller"))
    keys.to("[name=file]")
    with keys.page.expect_file_chooser() as chosen:
        keys.press("Space")
    chosen.value.set_files(file)
    keys.to("[value=bring]").goes()
    keys.to("main button[name=number]").goes()
    keys.to("#raw").to("[value=drop]").goes()
    assert keys.page.locator("h1").is_visible()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("director", "/keski-suomi/"), ("director", "/keski-suomi/moments/"), ("director", "/keski-suomi/changes/"), ("service-owner", "/keski-suomi/rehearse/"),
        ("supervisor", "/keski-suomi/alerts/"), ("case-manager", "/keski-suomi/worklist/"), ("resident", "/mine/"), ("resident", "/me/"),
        (None, "/keski-suomi/guide/"), (None, "/keski-suomi/sapluuna/"), (None, "/sign-in/"),
    ],
)  # fmt: skip
def test_every_stop_of_tab_is_seen(visit, width, who, path):
    """Forty stops from the top of each page; none is without its ring or outside the window."""
    keys = Keys(visit(path, width=width, who=who))
    for _ in range(40):
        keys.press("Tab")
        assert (unseen := keys.page.evaluate(SEEN)) == "", f"the focus is not seen: {unseen}"
