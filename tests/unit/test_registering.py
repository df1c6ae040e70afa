"""A new client's identity code and form: what is right is read, what is wrong is told, all at once."""

from __future__ import annotations

from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.guidance import registering

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "code", "born"),
    [
        ("131052-308T", "131052-308T", date(1952, 10, 13)),  # the example of the agency that gives the codes
        (" 131052-308t ", "131052-308T", date(1952, 10, 13)),
        ("131052A308T", "131052A308T", date(2052, 10, 13)),  # the sign of the century is not in the check
        ("131052Y308T", "131052Y308T", date(1952, 10, 13)),
        ("131052+308T", "131052+308T", date(1852, 10, 13)),
    ],
)
def test_a_code_is_read_with_its_day_of_birth(text, code, born):
    assert registering.identity_of(text) == registering.Identity(code, born)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("131052-308A", "check sign"), ("311152-308T", "a day that there is not"), ("131052G308T", "its form"), ("13105-308T", "its form"),
        ("", "its form"), ("131052-308", "its form"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_code_is_told(text, told):
    with speaking("en"), pytest.raises(BadInput, match=told):
        registering.identity_of(text)


def test_every_fault_of_the_form_is_told_at_once():
    with speaking("en"), pytest.raises(BadInput) as caught:
        registering.read({"municipality": "999", "language": "xx"}, {"179": "Jyväskylä"}, today=TODAY)
    assert [f.where for f in caught.value.faults] == ["the name", "the day of birth", "the home municipality", "the language"]  # fmt: skip


def test_a_client_without_a_code_has_the_day_written_and_may_have_no_known_home():
    given = {"name": " Maija   Uusi ", "born": "1941-05-30", "language": "sv", "protected": "yes"}
    new = registering.read(given, {}, today=TODAY)
    assert new == registering.NewClient("Maija Uusi", "", date(1941, 5, 30), "", True, "sv")


@pytest.mark.parametrize("born", ["2026-11-21", "1852-10-13"])
def test_a_day_of_birth_is_neither_to_come_nor_of_another_age(born):
    with pytest.raises(BadInput):
        registering.read({"name": "Maija Uusi", "born": born, "language": "fi"}, {}, today=TODAY)
