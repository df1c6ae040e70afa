"""The words of who may see what."""

from __future__ import annotations

from torni.core.language import _
from torni.facts.rights import RECORDS, ROLES


def role_name(role: str) -> str:
    """As it is called now; one that is no more, by its id."""
    return _("records keeper") if role == RECORDS else str(ROLES[role].name) if role in ROLES else role


def role_sees(role: str) -> str:
    """What the role is for, in one sentence."""
    return str(ROLES[role].sees) if role in ROLES else ""
