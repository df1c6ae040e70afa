"""What the sheet and the charts promise to eyes: a focus ring that is seen, states that differ without colour, no worst week hidden."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import torni.web
from torni.web.spark import foot_of

SHEET = (Path(torni.web.__file__).parent / "static" / "torni.css").read_text(encoding="utf-8")
LIGHT, DARK = SHEET.split("@media screen and (prefers-color-scheme: dark)")
SHARE = st.floats(0, 1)


def colours(part: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{3,6})\b", part[part.index(":root") :]))


def brightness(colour: str) -> float:
    """Relative luminance, as WCAG 2.1 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * d for d in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("sheet", [LIGHT[: LIGHT.index("@media print")], DARK], ids=["light", "dark"])
@pytest.mark.parametrize("behind", ["paper", "card", "hover"])
def test_the_focus_ring_is_seen_on_every_ground(sheet, behind):
    """WCAG 2.1, 1.4.11: at least 3 to 1."""
    found = colours(sheet)
    dark, light = sorted((brightness(found["ring"]), brightness(found[behind])))
    assert (light + 0.05) / (dark + 0.05) >= 3
    assert re.search(r"^:focus-visible\b[^{]*\{ outline: 3px solid var\(--ring\)", SHEET, re.M)


def test_marks_of_states_are_drawn_by_lines_which_a_printer_keeps():
    """A browser prints no backgrounds: a mark that is one alone would be gone from paper."""
    for state in ("broken", "kept", "unknown"):
        rules = re.findall(rf"(?:^|[}}\s]) ?[^{{}}]*\.{state}\b[^{{}}]*\.mark[^{{}}]*{{([^}}]*)}}", SHEET)
        assert rules
        assert all("border:" in rule for rule in rules), rules


@given(st.lists(SHARE, min_size=1, max_size=53), SHARE)
def test_the_worst_week_has_a_bar(shares, target):
    """The axis begins below the worst week, so far that its bar is told from no data; never above nought's own place."""
    foot = foot_of(shares, target)
    assert 0 <= foot <= min(shares)
    assert foot == 0 or (min(shares) - foot) / (1 - foot) > 0.15


def test_no_name_is_laid_out_twice():
    """A list of what waits had the name of the note that hangs in the corner while something is reckoned, and hung there with it."""
    names = re.findall(r"^([.#][\w-]+) \{", LIGHT, re.M)
    assert not {name for name in names if names.count(name) > 1}
