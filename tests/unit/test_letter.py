"""The decision letter: what it says, that it is one page of its own, and that its PDF is tagged."""

import re

import pytest

from tests.printed import said_of_itself
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.guidance import proposal_of
from torni.guidance.client import parse_client
from torni.guidance.letter import letter, to_html, to_pdf, write_letter
from torni.guidance.proposal import reason_text

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
        ("fi", ["Sinulle myönnetään palvelu: kotihoito, 10 tuntia kuukaudessa.", "22.11.2026", "30 päivän kuluessa", "152,55 euroa kuukaudessa", "29.12.2026", "mitattu 1.9.2026"]),
        ("sv", ["Du beviljas denna service: hemvård, 10 timmar i månaden.", "inom 30 dagar", "152,55 euro per månad"]),
        ("en", ["This service is granted to you: home care, 10 hours a month.", "within 30 days", "152.55 euros a month"]),
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


def told(rules, service, facts):
    with speaking("en"):
        return letter(proposal_of(rules, service, parse_client(facts, rules)))


def test_no_reason_reads_as_its_opposite(rules):
    """Of a granted decision only what decides is told; what is not known, and no obstacle, says so."""
    found = told(rules, "home_care", AINO.replace("housing: own_home\n", ""))
    assert [(r.state, r.leaves) for r in found.reasons] == [
        ("met", ["The MAPLe score (1–5) of your service need is at least 3 (known: 4)"]),
        ("not known, and no obstacle", ["Housing: not known, and no obstacle"]),
    ]
    plan = "has_functional_limitation: true\nhas_rehabilitation_plan: true\nhas_kela_rehabilitation: "
    granted, refused = (told(rules, "medical_rehabilitation", plan + answer) for answer in ("false", "true"))
    assert granted.reasons[2].leaves == ["As the criterion asks, this is not so: you are entitled to rehabilitation arranged by Kela"]  # fmt: skip
    assert refused.reasons[2].leaves == ["Against the criterion, this is so: you are entitled to rehabilitation arranged by Kela"]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "quoted", "found"),
    [
        ("fi", "Myöntämisperuste: Asiakas ei asu ympärivuorokautisessa palveluasumisessa eikä laitoshoidossa", "Asumismuoto: oma koti"),
        ("sv", "Grund för beviljande: Klienten bor varken i serviceboende med heldygnsomsorg eller på institution", "Boendeform: eget hem"),
        ("en", "Criterion: The client lives neither in round-the-clock housing nor in an institution", "Housing: own home"),
    ],
)  # fmt: skip
def test_a_criterion_is_quoted_as_one_and_what_it_excludes_is_told_by_what_was_found(rules, language, quoted, found):
    with speaking(language):
        made = letter(proposal_of(rules, "day_centre_elderly", parse_client(AINO + "lives_alone: true\n", rules)))
    assert (made.reasons[2].text, made.reasons[2].leaves) == (quoted, [found])


def test_the_law_stands_by_section_and_nothing_outdated(rules):
    found = told(rules, "home_care", AINO + "wants_voucher: true\n")
    assert found.sources[:2] == ["Social Welfare Act 1301/2014, section 19 a", "Voucher Act 569/2009, sections 6 and 7"]
    assert "Act on Client Fees 734/1992, sections 2 and 10 e" in found.sources
    assert not [text for text in found.sources if "1306/2014" in text or "invented" in text]
    assert "PHHYKY" not in to_html(found) and "Kuntaliitto" not in to_html(found), "another region's table is no ground"


def test_each_open_channel_says_what_the_client_pays(rules):
    fee, voucher = told(rules, "home_care", AINO + "wants_voucher: true\n").fees
    assert fee.conclusion.startswith("Your fee is 152.55 euros a month. If the fee endangers your livelihood")
    assert voucher.title == "Voucher: value of the home-care voucher an hour"
    assert "For 10 hours a month the voucher pays at most 215.30 euros a month." in voucher.conclusion
    assert "No client fee is charged. You may refuse the voucher." in voucher.conclusion


def test_a_voucher_that_is_granted_by_itself_says_what_the_client_pays(rules):
    """As a way of arranging a service it says so; as a service of its own it says the same, and the law stands once."""
    found = told(rules, "home_care_voucher", AINO + "wants_voucher: true\n")
    (fee,) = found.fees
    assert found.decision[0] == "This service is granted to you: home-care voucher, 10 hours a month."
    assert (
        "You pay the producer the difference between its price and the voucher's value" in fee.conclusion
        and "organiser" not in fee.conclusion
    )
    assert len([text for text in found.sources if "569/2009" in text]) == 1


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("service", ["home_care", "home_care_voucher"])
def test_no_sentence_of_a_letter_stands_twice(rules, language, service):
    with speaking(language):
        found = letter(proposal_of(rules, service, parse_client(AINO + "wants_voucher: true\n", rules)))
    for texts in (found.notice, found.decision, found.review, found.sources, [f.conclusion for f in found.fees]):
        said = [part for text in texts for part in re.split(r"(?<=[a-zåäö)])\. ", text)]
        assert sorted(said) == sorted(set(said))


def test_a_client_is_heard_before_a_refusal(rules):
    """What would be refused and why, until when one may explain; no decision, and so nothing to ask a review of."""
    with speaking("en"):
        proposed = proposal_of(rules, "home_care", parse_client(AINO.replace("own_home", "institution"), rules))
        found = letter(proposed, hearing=True)
    assert found.title == "Hearing before a decision: Home care" and not found.review and not found.fees
    assert "would not be granted" in found.decision[1] and "14 December 2026" in found.decision[2]
    assert [r.state for r in found.reasons] == ["met", "not met"]


def test_a_region_without_its_authority_says_what_is_missing(rules):
    """The name alone stands, and the official is told what to write before a letter is sent."""
    from datetime import date

    from torni.services import load_library
    from torni.services.rules import load_rules

    there = load_rules(load_library("kainuu", on=date(2026, 11, 22)))
    found = told(there, "home_care", AINO)
    assert found.contact == [] and any("add `authority` to region.yaml" in text for text in found.notice)
    here = told(load_rules(load_library("keski-suomi", on=date(2026, 11, 22))), "home_care", AINO)
    assert here.organiser == "Wellbeing services county of Central Finland" and "kirjaamo@hyvaks.fi" in here.contact


def test_a_letter_that_asks_for_facts(rules):
    found = letter(proposal_of(rules, "home_care", parse_client("age: 82", rules)))
    assert found.title == "Request for further facts: Home care"
    assert "MAPLe" in found.missing
    assert "14 December 2026" in found.decision[1]
    assert not found.review
    assert not found.fees


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_letters_pdf_is_tagged_and_says_its_title_and_language(rules, language):
    home = AINO.replace("own_home", "institution")
    with speaking(language):
        letters = [
            letter(proposal_of(rules, "home_care", parse_client(AINO, rules))),
            letter(proposal_of(rules, "home_care", parse_client(home, rules))),
            letter(proposal_of(rules, "home_care", parse_client(home, rules)), hearing=True),
            letter(proposal_of(rules, "home_care", parse_client("age: 82", rules))),
            letter(proposal_of(rules, "home_care_voucher", parse_client(AINO + "wants_voucher: true\n", rules))),
        ]
    for one in letters:
        said_of_itself(to_pdf(one), one.title, language)


def test_any_text_is_data_in_the_pdf(rules):
    odd = AINO.replace("Aino <Esimerkki>", "#panic(1) $x$ *b* [ ] \\\\ @a")
    assert to_pdf(letter(proposal_of(rules, "home_care", parse_client(odd, rules)))).startswith(b"%PDF-")


def test_the_ending_tells_the_form(rules, tmp_path):
    decision = proposal_of(rules, "home_care", parse_client(AINO, rules))
    write_letter(decision, tmp_path / "a.html")
    write_letter(decision, tmp_path / "a.pdf")
    with pytest.raises(BadInput, match=r"\.html or \.pdf"):
        write_letter(decision, tmp_path / "a.doc")


@pytest.mark.parametrize(("housing", "told"), [("", "open"), ("housing: own_home\n", "held"), ("housing: institution\n", "not_held")])  # fmt: skip
def test_what_is_not_known_is_no_ground_that_is_met(rules, housing, told):
    """Of the page, the command line, the notebook and the letter alike: an unknown is let pass, told as such, and only where it is unknown."""
    with speaking("en"):
        d = proposal_of(rules, "home_care", parse_client(AINO.replace("housing: own_home\n", housing), rules))
        assert [state for _criterion, state in d.criteria_told] == ["held", told]
        of_home = [(reason_text(leaf, d.client), state) for leaf, state in d.leaves_told if leaf.criterion == 1]
    assert ("Housing is not known", "open") in of_home if not housing else [state for _text, state in of_home] == [told]
