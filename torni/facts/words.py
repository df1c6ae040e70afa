"""The words of who may see what."""

from __future__ import annotations

from torni.core.language import _
from torni.facts.rights import RECORDS, ROLES


def role_name(role: str) -> str:
    return _("records keeper") if role == RECORDS else str(ROLES[role].name)


def role_sees(role: str) -> str:
    """What the role is for, in one sentence."""
    return str(ROLES[role].sees)
