"""What a word finds: parts of words, any case, with or without dots and accents, in any of the three languages."""

from __future__ import annotations

from datetime import date

import pytest

from torni import network
from torni.core.language import plain, speaking
from torni.network.search import MOST, Unit, search

DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def central():
    return network.load("keski-suomi", on=DAY)


def found(central, text, kind, **more):
    return [hit.id for hit in search(central, text, **more).hits[kind]]


def test_a_service_is_found_in_each_language_by_a_part_of_its_name(central):
    for text in ("kotihoito", "KOTIHOI", "hemvård", "hemvard", "home care", "care home"):
        assert "home_care" in found(central, text, "service"), text


def test_what_begins_with_the_word_comes_first(central):
    assert found(central, "kotihoito", "service")[0] == "home_care"


def test_a_promise_is_found_by_its_sentence_its_service_and_its_id(central):
    for text in ("suunniteltu käynti", "suunniteltu kaynti", "home_care.visits_made"):
        assert "home_care.visits_made" in found(central, text, "promise"), text


def test_units_are_found_by_name_place_and_kind_and_those_of_a_record_room_too(central):
    units = found(central, "aanekoski", "unit")
    assert units and all("äänekoski" in (h.name + h.told).lower() for h in search(central, "Äänekoski").hits["unit"])
    mine = Unit("x1", "Pihlajakoti", ("home_care",), "Mallihoiva Oy", "179")
    assert found(central, "pihlaja", "unit") == [] and found(central, "pihlaja", "unit", units=[mine]) == ["x1"]
    assert found(central, "mallihoiva", "producer", units=[mine]) == ["Mallihoiva Oy"]
    twice = Unit("x1", "Toinen nimi", ("home_care",), "Mallihoiva Oy", "179")
    assert found(central, "pihlaja", "unit", units=[mine, twice]) == ["x1"], "of two with one id the first stands"


def test_every_word_must_stand_and_nothing_finds_nothing(central):
    assert found(central, "kotihoito hammas", "service") == []
    assert search(central, "").count == search(central, "   ").count == search(central, "zzqq").count == 0


def test_many_are_cut_and_it_is_told_how_many(central):
    every = search(central, "a")
    assert len(every.hits["unit"]) == MOST and every.more["unit"] > 0
    assert every.count == sum(len(h) for h in every.hits.values()) + sum(every.more.values())


def test_plain_letters():
    with speaking("sv"):
        assert plain("Äänekoski ÅLAND é Ø") == "aanekoski aland e o"
