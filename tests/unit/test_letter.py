"""The decision letter: what it says, that it is one page of its own, and that its PDF is tagged."""

import re

import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.guidance import proposal_of
from torni.guidance.client import parse_client
from torni.guidance.letter import letter, to_html, to_pdf, write_letter

AINO = """
age: 82
household_size: 1
gross_income_eur_month: 1500.50
service_hours_month: 10
rai_maple: {value: 4, on: 2026-09-01}
rai_cps: 2
rai_adlh: 1
housing: own_home
letter: {name: "Aino <Esimerkki>", address: "Kotikatu 1\\n40100 Jyväskylä"}
"""


@pytest.fixture
def rules():
    from datetime import date

    from torni.services import load_library
    from torni.services.rules import load_rules

    return load_rules(load_library(on=date(2026, 11, 22)))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fi", ["Sinulle myönnetään palvelu: Kotihoito.", "22.11.2026", "30 päivän kuluessa", "152,55 euroa kuukaudessa", "29.12.2026", "mitattu 1.9.2026"]),
        ("sv", ["Du beviljas service: Hemvård.", "inom 30 dagar", "152,55 euro per månad"]),
        ("en", ["Home care is granted to you.", "within 30 days", "152.55 euros a month"]),
    ],
)  # fmt: skip
def test_a_letter_in_three_languages(rules, language, said):
    with speaking(language):
        html = to_html(letter(proposal_of(rules, "home_care", parse_client(AINO, rules))))
    for text in said:
        assert text.replace("\u00a0", " ") in html.replace("\u00a0", " ")
    assert f'<html lang="{language}">' in html
    assert "Aino &lt;Esimerkki&gt;" in html
    assert not re.search(r"<script|<link|src=|url\(", html)


def test_a_letter_that_asks_for_facts(rules):
    found = letter(proposal_of(rules, "home_care", parse_client("age: 82", rules)))
    assert found.title == "Request for further facts: Home care"
    assert "MAPLe" in found.missing
    assert not found.review
    assert not found.fees


def test_the_pdf_is_tagged_and_says_the_title(rules, tmp_path):
    made = to_pdf(letter(proposal_of(rules, "home_care", parse_client(AINO, rules))))
    assert made.startswith(b"%PDF-")
    assert b"/MarkInfo" in made
    assert b"pdfuaid" in made


def test_any_text_is_data_in_the_pdf(rules):
    odd = AINO.replace("Aino <Esimerkki>", "#panic(1) $x$ *b* [ ] \\\\ @a")
    assert to_pdf(letter(proposal_of(rules, "home_care", parse_client(odd, rules)))).startswith(b"%PDF-")


def test_the_ending_tells_the_form(rules, tmp_path):
    decision = proposal_of(rules, "home_care", parse_client(AINO, rules))
    write_letter(decision, tmp_path / "a.html")
    write_letter(decision, tmp_path / "a.pdf")
    with pytest.raises(BadInput, match=r"\.html or \.pdf"):
        write_letter(decision, tmp_path / "a.doc")
