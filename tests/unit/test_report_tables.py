"""The report's tables: sentences share the width and break their lines, so that nothing prints over its neighbour."""

from datetime import date

import pytest

from tests.printed import said_of_itself
from torni import network
from torni.core.language import Message, speaking
from torni.services import load_library
from torni.tower import picture
from torni.tower.report import _section, content, indicator_text, report, to_pdf


def test_a_column_of_sentences_shares_the_width_and_figures_take_their_own():
    row = [
        "Serviceboende med heldygnsomsorg",
        "682 011 €",
        "818 922 €, med 80 % sannolikhet mellan 816 598 € och 821 247 €",
    ]
    table = _section("Pengarna", (), ["service", "fakturerat", "prognos"], [row])["table"]
    assert table["wide"] == [0, 2]
    assert table["text"] == [0, 2], "words begin at the left"


def test_a_short_word_stands_at_the_left_and_takes_no_width():
    table = _section(
        "Indikatorer", (), ["indikator", "nu", "förändring"], [["Väntan på läkare", "15 dagar", "bättre"]], text=[2]
    )["table"]
    assert (table["wide"], table["text"]) == ([0], [0, 2])


@pytest.mark.parametrize(
    ("counts", "told"),
    [((2, 55), "2/55"), ((2, 999), "2/999"), ((36, 1000), "36,0"), (None, "36,4")],
)
def test_a_rate_per_thousand_of_fewer_than_a_thousand_is_told_by_what_was_counted(counts, told):
    """ "36,4 per thousand" of two complaints about 55 visits is a figure that nobody has counted."""
    indicator = load_library(on=date(2026, 11, 22)).indicators["complaints_per_1000_visits"]
    with speaking("fi"):
        assert indicator_text(indicator, 1000 * counts[0] / counts[1] if counts else 36.36, counts=counts) == told
    with speaking("en"):
        assert indicator_text(indicator, 36.36, counts=(2, 55)) == "2 of 55"


def test_a_share_and_a_small_sum_are_told_as_they_are():
    """Only a rate of more than one is told by its counts: a share stays in per cent, a sum for each resident stays a sum."""
    found = load_library(on=date(2026, 11, 22)).indicators
    with speaking("en"):
        assert indicator_text(found["good_feedback"], 0.5, counts=(4, 8)) == "50.0%"
        assert indicator_text(found["fees_per_resident"], 3.456, counts=(34560, 100)) == "3.46 euros"
        assert indicator_text(found["complaints_per_1000_visits"], None, counts=(0, 55)) == "–"


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_reports_pdf_is_tagged_and_says_its_title_and_language(language):
    there = network.load("ahvenanmaa", on=date(2026, 11, 22))
    with speaking(language):
        found = report(picture(there, happened=None, why=Message("nothing was known yet")), None, None)
        told = content(found)
        said_of_itself(to_pdf(found), f"{told['title']}, {told['organiser']}", language)
