"""As which official somebody signs a letter."""

from __future__ import annotations

from dataclasses import replace

from torni.facts import accounts
from torni.facts.access import Who
from torni.facts.role_names import role_name
from torni.web import record_room


def official_of(who: Who) -> accounts.Official:
    """As what the signed-in account decides; where no title has been written for it, by the name of its role."""
    with record_room.gate() as connection:
        found = accounts.official(connection, who)
    return found if found.title else replace(found, title=role_name(who.role))
