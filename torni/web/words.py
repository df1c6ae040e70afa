"""Words of the pages that belong to no task."""

from __future__ import annotations

from torni.core.language import _


def responsible_name(role: str | None) -> str:
    """Whose work a step is."""
    return {"adviser": _("adviser"), "case_manager": _("case manager"), "producer": _("producer"), None: ""}[role]
