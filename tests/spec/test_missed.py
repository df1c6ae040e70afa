"""Visits not made: the producer is asked and answers, a note is made, and they are closed with a reason; one missed later stands again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.guided_life import TODAY
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.facts.persons import Effect
from torni.guidance import missed
from torni.guidance.worklist import Line


def plan_visit(life, number: int, due: date) -> None:
    owed = (Effect("home_care.visits_made", "began", due, 0, 0, False, owed=True),)
    life.add({"type": "visit.planned", "at": life.now, "matter": f"v{number}", "service": "home_care", "unit": "north", "due": due})  # fmt: skip
    life.events[-1] = replace(life.events[-1], effects=owed)


@pytest.fixture
def life(granted):
    for number, days in ((1, 5), (2, 3)):
        plan_visit(granted, number, TODAY - timedelta(days=days))
    plan_visit(granted, 3, TODAY + timedelta(days=1))
    return granted


def deal(life, did, text, once):
    life.step(missed.deal(missed.missed_of(life.case)[0], 7, did, text, by="Veera", at=life.now, once=once))


def test_what_is_not_made_is_told_by_unit_and_what_is_to_come_is_not(life):
    (one,) = missed.missed_of(life.case)
    assert (one.service, one.unit, len(one.visits), one.last) == ("home_care", "north", 2, TODAY - timedelta(days=3))


def test_the_producer_is_asked_once_and_answers_once(life):
    deal(life, "asked", "Miksi käynnit jäivät tekemättä?", "1")
    (one,) = missed.missed_of(life.case)
    asked = one.unanswered
    assert asked is not None and asked.text == "Miksi käynnit jäivät tekemättä?"
    with speaking("en"), pytest.raises(BadInput, match="waits for its answer"):
        deal(life, "asked", "Toinen kysymys", "2")
    told = missed.answer(asked, one.words, "home_care", "north", 7, "Hoitaja sairastui.", by="Anna", at=life.now, source="A")  # fmt: skip
    life.step(told)
    (one,) = missed.missed_of(life.case)
    assert one.unanswered is None and one.words[-1].text == "Hoitaja sairastui."
    with speaking("en"), pytest.raises(BadInput, match="given already"):
        missed.answer(asked, one.words, "home_care", "north", 7, "Uudelleen", by="Anna", at=life.now, source="A")


def test_a_note_leaves_them_and_closing_takes_them_off_until_one_is_missed_later(life):
    deal(life, "noted", "Soitin asiakkaalle.", "1")
    assert len(missed.missed_of(life.case)) == 1
    deal(life, "closed", "Asiakas oli sairaalassa.", "2")
    assert missed.missed_of(life.case) == [] and len(life.case.missed) == 2, "they are not made all the same"
    plan_visit(life, 4, TODAY - timedelta(days=1))
    (one,) = missed.missed_of(life.case)
    assert [v.matter for v in one.visits] == ["v4"]


@pytest.mark.parametrize(("did", "text"), [("closed", "  "), ("closed", "ei"), ("asked", ""), ("forgotten", "Unohdetaan.")])  # fmt: skip
def test_nothing_is_done_without_words_or_unknown(life, did, text):
    with pytest.raises(BadInput):
        deal(life, did, text, "1")


def test_the_urgent_stand_first_and_visits_not_made_after_own_work():
    def line(days, kind="own"):
        return Line(1, "", None, "", "", TODAY, days, kind)

    lines = [line(-9, "missed"), line(30), line(0), line(-1), line(3, "urgent"), line(-14, "followed")]
    lines.sort(key=lambda one: one.order)
    assert [(one.kind, one.days) for one in lines] == [("urgent", 3), ("own", -1), ("own", 0), ("missed", -9), ("own", 30), ("followed", -14)]  # fmt: skip
