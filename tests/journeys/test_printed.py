"""Printed without colour: the form of a mark tells its state, and the tower takes few sheets."""

import re

import pytest

FORMS = """() => [...document.querySelectorAll('main .mark')].filter(m => m.getClientRects().length && m.closest('.broken, .kept, .unknown'))
  .map(m => {
    const style = getComputedStyle(m), within = m.closest('.broken, .kept, .unknown');
    return [['broken', 'kept', 'unknown'].find(s => within.classList.contains(s)), `${style.borderTopStyle} ${style.rotate}`];
  })"""


@pytest.mark.parametrize(
    ("who", "path", "most"),
    [
        ("director", "/keski-suomi/", 9), ("supervisor", "/keski-suomi/alerts/", 6), ("director", "/keski-suomi/moments/", 4),
        ("case-manager", "/keski-suomi/worklist/", 4), ("resident", "/mine/", 4),
    ],
)  # fmt: skip
def test_a_printed_state_is_told_by_its_form(visit, who, path, most):
    """No two states share the form of their mark, whatever their colours; `most`: sheets of A4."""
    page = visit(path, who=who)
    page.emulate_media(media="print")
    forms: dict[str, set[str]] = {}
    for state, form in page.evaluate(FORMS):
        forms.setdefault(state, set()).add(form)
    told = [form for found in forms.values() for form in found]
    assert len(told) == len(set(told)), forms
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= most
