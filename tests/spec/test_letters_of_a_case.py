"""The letters beside the first decision's: of a review, of a service that goes on, of a choice; each as an official signs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.guided_life import OFFICIAL, TODAY, planned, settled
from tests.printed import said_of_itself
from torni.core.language import speaking
from torni.guidance import proposal_of, review, steps
from torni.guidance.case import Item
from torni.guidance.client import client_of
from torni.guidance.enrolment import Enrolled, enrolled
from torni.guidance.letter import letter, to_html, to_pdf
from torni.guidance.letter_chosen import enrolment_letter, producer_letter
from torni.guidance.letter_reviewed import review_letter
from torni.guidance.steps import event
from torni.services import load_library

LANGUAGES = ["fi", "sv", "en"]
WHY = "Apua tarvitaan myös iltaisin."


def reviewed(life, rules, outcome, why="Iltojen avun tarve on osoitettu."):
    """A decision of home care, asked to be reviewed, and what the section made of it."""
    life.step(settled(life, rules))
    made = life.case.decisions[0]
    life.step(review.ask(life.case, made, WHY, on=TODAY, by="Aino", at=life.now))
    life.step(review.decide(life.case.reviews[0], 7, outcome, why=why, body="Yksilöasioiden jaosto", by="Ulla Ohjaaja", at=life.now, official=OFFICIAL))  # fmt: skip
    return life.case.reviews[0], made


def text_of(one) -> str:
    return to_html(one).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("changed", "Oikaisuvaatimuksesi hyväksytään ja päätöstä muutetaan. Aiempi päätös ei ole enää voimassa."),
        ("upheld", "Oikaisuvaatimuksesi hylätään. Päätös jää voimaan sellaisenaan."),
        ("dismissed", "Oikaisuvaatimuksesi jätetään tutkimatta. Päätös jää voimaan sellaisenaan."),
    ],
)
def test_a_review_that_was_decided_says_what_why_and_how_to_appeal(aino, rules, outcome, said):
    asked, made = reviewed(aino, rules, outcome)
    with speaking("fi"):
        text = text_of(review_letter(aino.case, asked, made, rules.library))
    for words in (
        "Päätös oikaisuvaatimukseen: Kotihoito",
        f"Vaadit oikaisua 22.11.2026 tehtyyn päätökseen numero {made.position}. Asia: kotihoito.",
        said,
        "Oikaisuvaatimuksen on ratkaissut: Yksilöasioiden jaosto.",
        WHY,
        "Iltojen avun tarve on osoitettu.",
        "Hallintolaki 434/2003, 7 a luku",
        "Sosiaalihuoltolaki 1301/2014, 19 a §",
        "valittaa siitä hallinto-oikeuteen",
        "30 päivän kuluessa",
        "Jos kirje lähetetään 22.11.2026, valituksen on oltava perillä viimeistään 29.12.2026.",
        "Laki oikeudenkäynnistä hallintoasioissa 808/2019",
        "Ulla Ohjaaja, asiakasohjaaja, 050 000 0001",
        "Yksilöasioiden jaosto<br>Ulla Ohjaaja<br>asiakasohjaaja",
    ):
        assert words in text, words
    assert "vaatia siihen oikaisua" not in text and "luonnos" not in text, "a review is not asked for twice"


def test_the_time_to_appeal_and_the_court_are_told_as_not_checked(aino, rules):
    """The act is not among what was read, and the court of a region that does not name it is asked for."""
    asked, made = reviewed(aino, rules, "upheld")
    there = load_library("keski-suomi", on=TODAY)
    with speaking("en"):
        here = review_letter(aino.case, asked, made, there)
        court = there.region.authority.court
        authority = there.region.authority.model_copy(update={"court": None})
        nowhere = review_letter(aino.case, asked, made, replace(there, region=replace(there.region, authority=authority)))  # fmt: skip
    assert "Not read from its source, to be checked before the letter is sent: Administrative Judicial Procedure Act 808/2019." in here.notice  # fmt: skip
    assert str(court) in here.review[0] and not any("add `court`" in text for text in here.notice)
    assert any("add `court` to `authority`" in text for text in nowhere.notice) and "sent to:" not in nowhere.review[0]


def test_a_request_that_came_late_says_so_in_its_grounds(aino, rules):
    asked, made = reviewed(aino, rules, "dismissed", why="Vaatimus tuli määräajan jälkeen.")
    late = replace(asked, on=date(2027, 1, 4))
    with speaking("en"):
        found = review_letter(aino.case, late, made, rules.library)
    assert found.reasons[1].leaves[0] == "Your request came after the time to ask had ended, on 29 December 2026."


def continued(life, rules, **now):
    """Home care that has begun, whose decision a review changed: the new one is of a service that goes on."""
    asked, first = reviewed(life, rules, "changed")
    life.step(event("service.started", "s", life.now, 7, service="home_care", unit="north", matter=first.matter, source="p"))  # fmt: skip
    life.step(settled(life, rules, **now))
    made = life.case.decisions[0]
    return proposal_of(rules, made.service, client_of(made.facts, rules)), made, life.case.before(made)


@pytest.mark.parametrize(
    ("language", "opening", "changes"),
    [
        ("fi", "Palvelusi jatkuu: kotihoito, 14 tuntia kuukaudessa.", "Tuntimäärä muuttuu: tähän asti 10 tuntia kuukaudessa, jatkossa 14 tuntia kuukaudessa."),
        ("sv", "Din service fortsätter: hemvård, 14 timmar i månaden.", "Antalet timmar ändras: hittills 10 timmar i månaden, i fortsättningen 14 timmar i månaden."),
        ("en", "The service that you have goes on: home care, 14 hours a month.", "The hours change: until now 10 hours a month, from now on 14 hours a month."),
    ],
)  # fmt: skip
def test_a_decision_on_a_service_that_goes_on_opens_with_that(aino, rules, language, opening, changes):
    again, made, before = continued(aino, rules, hours_month=14)
    with speaking(language):
        found = letter(again, made, before=before)
    assert (found.decision[0], before.position) == (opening, aino.case.decisions[1].position)
    assert changes in found.decision and str(before.position) in " ".join(found.decision)


def test_a_service_that_goes_on_as_it_was_says_that_nothing_changes(aino, rules):
    again, made, before = continued(aino, rules)
    with speaking("en"):
        found = letter(again, made, before=before)
    assert "This decision takes the place of decision number 3, made on 22 November 2026." in found.decision
    assert "The amount of the service and the way in which it is arranged do not change." in found.decision


def test_a_choice_of_a_unit_is_confirmed_with_its_fees_and_the_next_day_of_choice(aino, rules):
    aino.step(event("enrolment.began", "c", aino.now, 7, service="centre", unit="sampo", source="own"))
    chosen = enrolled(aino.case, "centre", rules)
    assert chosen == Enrolled("centre", "sampo", TODAY, TODAY + timedelta(days=365), len(aino.events))
    library = load_library("keski-suomi", on=TODAY)
    with speaking("fi"):
        text = text_of(enrolment_letter(aino.case, chosen, "Sampoharjun terveysasema", library))
    for words in (
        "Vahvistus valinnasta: Sampoharjun terveysasema",
        "Olet valinnut hoitopaikkasi: Sampoharjun terveysasema. Valintasi on kirjattu 22.11.2026.",
        "viimeistään 13.12.2026",
        "Lääkärin vastaanotto: käynti",
        "22.11.2027 alkaen",
        "Terveydenhuoltolaki 1326/2010, 48 §",
    ):
        assert words in text, words
    assert "Oikaisuvaatimusohje" not in text and "Allekirjoitus" not in text and "hammas" not in text.lower()


def test_a_voucher_decided_by_itself_keeps_its_hours(aino, rules):
    aino.events[1] = replace(aino.events[1], data={**aino.events[1].data, "facts": {**aino.events[1].data["facts"], "wants_voucher": True}})  # fmt: skip
    aino.step(settled(aino, rules, service="home_care_voucher", channel="", hours_month=8))
    made = aino.case.decisions[0]
    with speaking("en"):
        found = letter(proposal_of(rules, made.service, client_of(made.facts, rules)), made)
    assert made.hours_month == 8 and found.decision[0].endswith("home-care voucher, 8 hours a month.")
    assert "the assessment found a need of 10 hours a month, and 8 are granted" in " ".join(found.decision)


def voucher(life, rules):
    """Home care by voucher, its producer chosen in the plan and confirmed."""
    life.events[1] = replace(life.events[1], data={**life.events[1].data, "facts": {**life.events[1].data["facts"], "wants_voucher": True}})  # fmt: skip
    life.step(settled(life, rules, channel="voucher"))
    life.step(planned(life, rules, Item("a", "home_care", "north", "Suihkuapu", 10, TODAY + timedelta(days=1))))
    life.step(steps.answer(life.case.sent[0], 7, "confirmed", by="Anna", at=life.now, source="p"))
    return life.case.sent[0], life.case.decisions[0]


def test_a_choice_of_a_producer_is_confirmed_with_the_own_share(aino, rules):
    sent, made = voucher(aino, rules)
    with speaking("en"):
        found = producer_letter(aino.case, sent, made, "Northern team", 4000, rules.library)
    assert found.decision == [
        "You have chosen a producer: Northern team. The service: home care, 10 hours a month.",
        "The producer has confirmed it. The service begins on 23 November 2026.",
    ]
    assert [(name, value.replace("\u00a0", " ")) for name, value in found.fees[0].lines] == [
        ("The producer's price", "40.00 euros an hour"),
        ("The voucher's value", "21.53 euros an hour"),
        ("Your own share", "18.47 euros an hour"),
        ("Your own share for 10 hours a month", "184.70 euros"),
    ]
    assert found.sources == ["Voucher Act 569/2009, sections 6 and 7"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_of_them_is_a_tagged_pdf_in_its_language(aino, rules, language):
    again, made, before = continued(aino, rules)
    case = aino.case
    chosen = Enrolled("dental", "north", TODAY, TODAY + timedelta(days=365), 1)
    with speaking(language):
        letters = [
            review_letter(case, case.reviews[0], before, rules.library),
            letter(again, made, before=before),
            enrolment_letter(case, chosen, "Hammashoitola Pohjoinen", rules.library),
        ]
        for one in letters:
            said_of_itself(to_pdf(one), one.title, language)
