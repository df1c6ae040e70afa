"""A change is told in words: what it changes with its amounts and units, and which services it touches."""

from datetime import date

import pytest

from tests.spec.conftest import rules_on
from torni.core.language import speaking
from torni.services.change import parse_changes
from torni.services.history import Version
from torni.services.proposing import both, differences
from torni.services.wording import coming, in_words, touches
from torni.simulation.group_names import effect_texts

DAY = date(2026, 11, 22)


def told(text):
    before, after = both("keski-suomi", parse_changes(text)[0], DAY)
    diff = differences(before, after)
    return [(d.what, d.before, d.after) for d in in_words(before, diff)], touches(before, diff)


def test_a_limit_is_told_by_what_it_is_and_touches_the_services_that_ask_for_it():
    found, services = told("name: x\nparameters: {grant.home_care.maple: 4}")
    rules = rules_on("keski-suomi", DAY)
    assert [what for what, _b, _a in found] == [str(rules.library.parameters["grant.home_care.maple"].what)]
    assert [(b.split()[0], a.split()[0]) for _w, b, a in found] == [("3", "4")]
    assert "home_care" in services and "ward" not in services


def test_a_promise_is_told_by_its_sentence_and_what_differs_of_it():
    found, services = told("name: x\nservices: {ward: {promises: [{id: within_60_min, share: 0.9}]}}")
    ((what, before, after),) = found
    assert what.startswith("Promise: ") and (before, after) == ("share 0.95", "share 0.9")
    assert services == ["ward"]


def test_a_rule_is_told_as_a_sentence_not_as_it_is_written():
    text = "name: x\nservices: {home_care: {criteria: {granting: [{id: need, when: rai_maple >= 4 or rai_adlh >= 3}]}}}"
    found, _services = told(text)
    ((what, before, after),) = found
    assert what.startswith("Home care: ")
    assert "rai_maple" not in before + after and " or " in after and "at least 4" in after


def test_a_service_tells_what_comes_and_from_when():
    before, after = both("keski-suomi", parse_changes("name: x\nparameters: {grant.home_care.maple: 4}")[0], DAY)
    diff = tuple(differences(before, after))
    later = Version("1", "keski-suomi", "x", "", "", "approved", "A", "", diff, start=date(2027, 1, 1))
    begun = Version("2", "keski-suomi", "x", "", "", "approved", "A", "", diff, start=DAY)
    waits = Version("3", "keski-suomi", "x", "", "", "proposed", "A", "", diff)
    assert coming([later, begun, waits], before, "home_care") == [later]
    assert coming([later, begun, waits], before, "ward") == []


@pytest.mark.parametrize(
    ("figures", "sentences"),
    [
        ({"gainers": 1200, "losers": 0}, ["1,200 people would get the service who do not get it now; 0 would lose it."]),
        ({"gainers": 0, "losers": 0, "client_eur_year": -1500.4}, ["Nobody would get or lose the service.", "Clients would pay 1,500 euros less a year."]),
        ({"organiser_eur_year": 0.2}, ["The organiser's costs would not change."]),
        ({}, []),
    ],
)  # fmt: skip
def test_the_effect_is_told_in_people_and_euros_and_nothing_that_is_not_known(figures, sentences):
    with speaking("en"):
        assert effect_texts(figures) == sentences
