"""What YAML cannot read is told in the reader's language: each kind of slip a writer makes, by its line."""

from __future__ import annotations

import pytest

from torni.core.faults import Fault
from torni.core.language import LANGUAGES, speaking
from torni.services.reading import read_text

SLIPS = (
    ("a: b: c\n", "a colon stands where no value can begin", 1),
    ("a: 1\nnamed\nb: 2\n", "a colon is missing after a name", 3),
    ("a: - 1\n", "a list's hyphen stands where no list can begin", 1),
    ("a:\n  - 1\n  b: 2\n", "a list's line does not begin with a hyphen", 3),
    ("a: [1, 2\nb: 3\n", "a list in [ ] is not closed, or a comma is missing in it", 2),
    ("a: {b: 1\nc: [\n", None, None),
    ('a: "b\n', "a quote is not closed before the file ends", 2),
    ("a:\n\t- 1\n", None, 2),
    ("a: @b\n", "a value begins with a character that needs quotes around it", 1),
    ("a: 1\n  b: 2\n", None, 2),
    ('a: "\\q"\n', "the character after \\ in quotes means nothing", 1),
    ("a: 1\n--- \nb: 2\n", "--- begins a second document in the same file", 2),
    ("a: \x07\n", "there are characters that no text has", 1),
    ("a: 2026-13-45\n", '"2026-13-45" is not a date', 1),
    ("a: 1\nb:\n  - {c: 2026-02-30}\n", '"2026-02-30" is not a date', 3),
    ("? [a, b]\n: 1\n", "a name is expected", 1),
    ("", "the file is empty", 1),
)


@pytest.mark.parametrize(("text", "told", "line"), SLIPS)
def test_each_slip_is_told_in_three_languages(text, told, line):
    faults = {}
    for language in LANGUAGES:
        with speaking(language):
            found = read_text(text, "a.yaml")
        assert isinstance(found, Fault)
        faults[language] = found
    assert len({fault.what for fault in faults.values()}) == 3
    assert "it is not written as YAML is" not in faults["en"].what
    if told is not None:
        assert told in faults["en"].what
    if line is not None:
        assert faults["fi"].where.startswith(f"a.yaml:{line}")
