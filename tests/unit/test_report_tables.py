"""The report's tables: sentences share the width and break their lines, so that nothing prints over its neighbour."""

from torni.tower.report import _section


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
