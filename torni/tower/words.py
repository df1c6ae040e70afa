"""How a finding is said, alike in the terminal and on the pages."""

from __future__ import annotations

from torni.core.language import _, number, per_cent
from torni.services.finding import Finding


def state_name(state: str) -> str:
    return {"kept": _("kept"), "broken": _("broken"), "unknown": _("cannot be told")}[state]


def value_text(f: Finding) -> str:
    """The value as people read it: a share of residents, or so many of so many."""
    if f.value is None:
        return "–" if f.high - f.low > 0.999 else f"{per_cent(f.low)}–{per_cent(f.high)}"
    if f.counted == "residents":
        return per_cent(f.value)
    return f"{number(f.met)} / {number(f.total)}"


def target_text(f: Finding) -> str:
    if f.counted == "residents":
        return "≥ " + per_cent(f.target, 0 if abs(f.target * 100 - round(f.target * 100)) < 1e-9 else 1)
    return _("all") if f.target >= 1 else "≥ " + per_cent(f.target, 0)


def affected_text(f: Finding) -> str:
    return "–" if f.affected is None else number(f.affected)
