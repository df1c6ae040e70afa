"""The main menu: own work first, then what everybody sees. Each reader gets the entries whose addresses they may open (`urls.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.urls import resolve

from torni.core.language import Message
from torni.facts.access import Who, allows


@dataclass(frozen=True)
class Entry:
    """One entry: `key`, by which a page says that it is this one; where it leads, within the region or by a path of its own.

    `only`: shown to fewer than may open it, where others reach it by another way.
    """

    key: str
    label: Message
    parts: tuple[str, ...] = ()
    path: str = ""
    only: str | None = None


ENTRIES = (
    Entry("work", Message("Worklist"), ("worklist",)),
    Entry("inbox", Message("Inbox"), ("inbox",)),
    Entry("own", Message("Own promises"), ("own",)),
    Entry("mine", Message("My services"), path="/mine/"),
    Entry("me", Message("Own data"), path="/me/", only="own_services"),  # everybody's own page stands behind their name
    Entry("tower", Message("Tower")),
    Entry("sapluuna", Message("Definition matrix"), ("sapluuna",)),
    Entry("rules", Message("Rules"), ("rules",)),
    Entry("chains", Message("Chains"), ("chains",)),
    Entry("rehearse", Message("Rehearsal"), ("rehearse",)),
    Entry("network", Message("Network"), ("network",)),
    Entry("guide", Message("Guide"), ("guide",)),
    Entry("report", Message("Report"), ("report",)),
    Entry("person", Message("Client"), ("person",)),
    Entry("records", Message("Records"), ("records",)),
)


def menu(who: Who | None) -> list[Entry]:
    """What the one who looks (None: nobody has signed in) may open."""
    return [e for e in ENTRIES if allows(who, needed(e)) and (e.only is None or allows(who, e.only))]


@cache
def needed(entry: Entry) -> str:
    """The action that its address takes."""
    path = entry.path or "/".join(["", "region", *entry.parts, ""])
    action: str = resolve(path).func.may
    return action
