"""Each promise has a sentence of its own for when it is broken, and its numbers are those of the day."""

import json
from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.services import load_library
from torni.services.change import parse_changes

DAY = date(2026, 11, 22)
PROMISE = """services:
  ward:
    promises:
      - id: own
        kind: reply
        sentence: {fi: "Vastataan {within}", sv: "Besvaras {within}", en: "Answered {within}"}
        %s
        source: invented
        opened_by: complaint.made
        answered_by: complaint.answered
        within_days: wait.reply_days
        share: 0.9
"""


def changed(text, day=DAY):
    return load_library("keski-suomi", on=day, layers=[parse_changes(text)[0].layer(day)])


def told(library, promise_id):
    return library.promise(promise_id)[1]


def fault_of(text):
    with pytest.raises(BadInput) as found:
        changed(text)
    (fault,) = found.value.faults
    return f"{fault.what} | {fault.remedy}"


def test_a_promise_without_its_broken_sentence_is_a_fault_that_says_what_to_write():
    fault = fault_of(PROMISE % "column: quality")
    assert fault.startswith('"broken" is missing | Add "broken". Write what is wrong where the promise is not kept')


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("{fi: '{value} myöhässä', sv: 'x: {value}', en: 'x: {value}'}", "the value stands after a colon"),
        ("{fi: 'myöhässä {days}', sv: x, en: x}", "{days} is no number of this promise | Numbers that a text may name here: {within}, {share}, {value}."),
        ("{fi: 'myöhässä {ratio}', sv: x, en: x}", "{ratio} is no number of this promise"),
        ("{fi: 'aukko {', sv: x, en: x}", "is no number of this promise"),
    ],
)  # fmt: skip
def test_only_the_promises_own_numbers_stand_in_its_texts(broken, what):
    with speaking("en"):
        assert what in fault_of(PROMISE % f"broken: {broken}")


@pytest.mark.parametrize(
    ("language", "sentence", "broken"),
    [
        ("fi", "Muistutukseen vastataan 28 päivässä", "muistutuksiin vastataan myöhässä: 28 päivässä vastattu 62 %"),
        ("sv", "En anmärkning besvaras inom 28 dagar", "anmärkningar besvaras för sent: besvarade inom 28 dagar 62 %"),
        ("en", "A complaint is answered within 28 days", "complaints are answered late: answered within 28 days 62 %"),
    ],
)
def test_the_texts_tell_the_days_in_force(language, sentence, broken):
    promise = told(load_library("keski-suomi", on=DAY), "home_care.complaints_answered")
    with speaking(language):
        assert str(promise.sentence) == sentence
        assert promise.broken_text("62 %") == broken
        assert promise.broken_text() == broken.partition(":")[0]


def test_a_changed_limit_changes_the_sentence():
    found = changed("parameters:\n  wait.reply_days: 14\n")
    assert told(found, "home_care.complaints_answered").sentence.fi == "Muistutukseen vastataan 14 päivässä"


@pytest.mark.parametrize(
    ("promise", "fi"),
    [
        ("doctor_reception.adults_in_time", "23 vuotta täyttänyt pääsee hoitoon 3 kuukaudessa (hoitotakuu)"),
        ("needs_assessment.assessed_in_time", "Palvelutarve arvioidaan 7 arkipäivässä"),
        ("doctor_reception.access_published", "Yksikön hoitoonpääsytiedot julkaistaan kuukauden välein"),
        ("elder_housing.supervised", "Yksikköön tehdään valvontakäynti vähintään 2 vuoden välein"),
        ("elder_housing.staffed", "Yksikön henkilöstömitoitus on vähintään 0,60 työntekijää asiakasta kohti"),
        ("centre.list_has_room", "Terveysasemalla on tilaa uusille asukkaille (paikoista käytössä enintään 97\N{NO-BREAK SPACE}%)"),
        ("ward.within_60_min", "95\N{NO-BREAK SPACE}% asukkaista asuu enintään 60 minuutin päässä vuodeosastosta"),
    ],
)  # fmt: skip
def test_days_months_working_days_shares_and_minutes(promise, fi):
    assert told(load_library("keski-suomi", on=DAY), promise).sentence.fi == fi


def test_a_change_approved_before_the_broken_sentences_is_read_still(own_regions):
    folder = own_regions / "keski-suomi"
    folder.mkdir()
    text = PROMISE % "column: quality"
    proposed = {"event": "proposed", "id": "2026-1", "region": "keski-suomi", "name": "Before", "why": "", "text": text, "by": "A", "at": "2026-01-01T09:00", "rehearsal": {}, "diff": []}  # fmt: skip
    approved = {"event": "approved", "id": "2026-1", "by": "B", "at": "2026-01-02T09:00", "start": "2026-02-01"}
    (folder / "changes.jsonl").write_text("\n".join(map(json.dumps, (proposed, approved))) + "\n", encoding="utf-8")
    assert told(load_library("keski-suomi", on=DAY), "ward.own").broken.fi == "ei toteudu: Vastataan 28 päivässä"
