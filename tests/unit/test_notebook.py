"""In a notebook values show themselves: escaped, without scripts, in the language of the moment; `import torni` reaches every room."""

import doctest
import re
import subprocess
import sys
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import torni
from torni.core.faults import BadInput
from torni.core.language import language, speak, speaking

ON = date(2026, 11, 22)


class Seen(HTMLParser):
    """The text of what is shown; every element is closed, and none runs or loads anything."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.open, self.count = "", [], {}
        self.feed(html)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "link", "iframe", "object")
        assert not [a for a, v in attrs if a.startswith("on") or a in ("src", "href")]
        self.count[tag] = self.count.get(tag, 0) + 1
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data + " "


def shown(value) -> Seen:
    return Seen(value._repr_html_())


def test_a_finding_tells_its_sentence_state_and_places(keski_suomi):
    found = torni.check(keski_suomi, promise="centre.s_in_small_municipality")
    seen = shown(found.findings[0])
    assert "✗ broken" in seen.text
    assert str(found.findings[0].sentence) in seen.text
    assert "Petäjävesi" in seen.text and seen.count["table"] == 1
    assert "Petäjävesi" not in shown(found).text and "✗ broken" in shown(found).text


def test_a_finding_that_cannot_be_told_says_what_is_missing(keski_suomi):
    seen = shown(torni.check(keski_suomi, promise="reception.usual_means_transit").findings[0])
    assert "? cannot be told" in seen.text
    assert "no timetable" in seen.text


def test_an_explanation_has_its_minutes_and_its_assumptions(keski_suomi):
    seen = shown(torni.explain(keski_suomi, "centre.m_within_60_min"))
    assert "5–10 min" in seen.text
    assert "Road speeds −20 %" in seen.text


def test_a_what_if_shows_its_steps_its_flips_and_a_map(keski_suomi):
    found = torni.what_if(keski_suomi, "close KS16; resize KS13 M")
    seen = shown(found)
    moved = [c for c in found.changes if c.moved]
    assert moved and all(str(c.before.sentence) in seen.text for c in moved)
    assert " ".join(seen.text.split()).count("→") == len(moved)
    assert seen.count["svg"] == 1 and seen.count["table"] == 2


def test_a_mend_tells_how_surely_it_is_the_best(keski_suomi):
    assert "Proven" in shown(torni.mend(keski_suomi, "centre.m_in_large_municipality")).text


def test_a_reach_shows_every_resident_by_minutes(keski_suomi):
    units = pl.DataFrame({"name": ["<b>Nova</b>"], "lon": [25.70483], "lat": [62.229918]})
    found = torni.reach(keski_suomi, units, within=[30, 60])
    seen = shown(found)
    assert "270,043" in seen.text and "85– min" in seen.text
    assert seen.count["svg"] == 1 and seen.count["circle"] == 1, "a map, the unit on it"
    assert "60–90 min" in seen.text
    with speaking("sv"):
        told = shown(found).text
    assert "Mellersta Finland" in told and "keski-suomi" not in told
    from torni.notebook.shows import _minutes_of

    rows = _minutes_of(found, 60)
    assert sum(count for _label, count, _inside in rows) == pytest.approx(270_043)
    inside = sum(count for _label, count, is_in in rows if is_in)
    assert inside == pytest.approx(found.share_within[60] * 270_043, rel=0.002)


def test_rehearsals_chains_proposals_and_fees_show_themselves():
    made = torni.rehearse("name: one\nparameters: {grant.home_care.maple: 4}\n", population="ahvenanmaa", on=ON)[0]
    assert "29,691 invented people" in shown(made).text
    seen = shown(torni.chains(on=ON)["to_doctor"])
    assert "days at most" in seen.text
    decided = torni.decide("home-care", {"rai_maple": 2, "rai_adlh": 1, "rai_cps": 0}, on=ON)
    assert "✗ Refused" in shown(decided).text
    assert "30.20 euros" in shown(torni.fee("doctor-visit", {"age": 40, "doctor_visits_this_year": 0}, on=ON)).text


def test_what_is_shown_is_escaped():
    from torni.notebook.html import histogram, line, table, told

    for html in (
        line("<i>"),
        told("kept", "<i>"),
        table(["<i>"], [["<i>"]]),
        histogram("<i>", "<i>", [("<i>", 1, True)]),
    ):
        assert "<i>" not in html
        Seen(html)


def test_the_language_is_the_session_s():
    with speaking("sv"):
        assert language() == "sv"
    try:
        import contextvars

        speak("sv")
        assert contextvars.Context().run(language) == "sv"  # as in a cell of its own
    finally:
        speak("fi")


def test_import_reads_no_room_and_reaches_every_one():
    code = "import sys, torni; print('polars' in sys.modules, 'torni.tower' in sys.modules, torni.producers.__name__, torni.tower.__name__)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told == ["False", "False", "torni.producers", "torni.tower"]
    with pytest.raises(AttributeError):
        _ = torni.nothing
    assert {"alerts", "chains", "verify", "tower", "producers"} <= set(dir(torni))


def test_frames_go_to_others_and_say_what_is_missing(monkeypatch):
    need = torni.need("keski-suomi")
    assert torni.frame(need).equals(need.parts)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match="pip install pandas pyarrow"):
        torni.frame(need, "pandas")
    with pytest.raises(BadInput, match="pip install pyarrow"):
        torni.frame(need, "arrow")
    with pytest.raises(BadInput, match="no kind of frame"):
        torni.frame(need, "excel")
    with pytest.raises(BadInput, match="has no table"):
        torni.frame("text")


def test_frames_of_other_kinds_hold_the_same(monkeypatch):
    for name in ("pandas", "pyarrow"):
        pytest.importorskip(name)
    need = torni.need("keski-suomi")
    assert torni.frame(need, "arrow").num_rows == len(torni.frame(need, "pandas")) == len(need.parts)


def test_a_room_that_does_not_run_is_told(monkeypatch):
    monkeypatch.setattr("torni.facts.postgres.running", lambda: None)
    for asked in (torni.verify, torni.prices, lambda: torni.snapshot("nowhere")):
        with pytest.raises(BadInput, match="torni demo"):
            asked()


def test_the_page_s_examples_of_a_running_room_give_what_they_say(invented_year, tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "howto" / "in-a-notebook.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"^```python demo\n(.*?)^```$", page, re.M | re.S)
    monkeypatch.setenv("DATABASE_URL", invented_year)
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(body, {}, "in-a-notebook.md", "in-a-notebook.md", 0))
    assert runner.summarize(verbose=False).failed == 0
    shown_ = shown(torni.chains_on(tmp_path / "log")["to_doctor"])
    assert "went as defined" in shown_.text
