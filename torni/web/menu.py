"""The main menu by the organiser's six tasks, own work first and the tower over them; and the way from a page back up it.

Each reader gets the entries whose addresses they may open (`urls.py`); a task without any is not shown. A new page is one `Entry`, here
or among what its room brings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from django.urls import resolve

from torni.core.brought import brought
from torni.core.language import Message
from torni.facts.access import Who, allows
from torni.facts.rights import ROLES
from torni.web.links import link


@dataclass(frozen=True)
class Entry:
    """One page of the menu: `key`, by which a page says that it is this one; where it leads, within the region or by a path of its own.

    `only`: shown to fewer than may open it, where others reach it by another way.
    """

    key: str
    label: Message
    parts: tuple[str, ...] = ()
    path: str = ""
    only: str | None = None

    def leads(self, region: object) -> str:
        """Its address, in the region (held, or by its id)."""
        return self.path or link(region, *self.parts)


@dataclass(frozen=True)
class Task:
    """One head of the menu and its pages. Where there is one page alone, the head itself leads to it. `of_resident`: what it is called
    to a resident."""

    key: str
    label: Message
    entries: tuple[Entry, ...]
    of_resident: Message | None = None


_OURS = (
    Task(
        "own_work",
        Message("Own work"),
        (
            Entry("work", Message("Worklist"), ("worklist",)),
            Entry("waiting", Message("What waits"), ("waiting",)),
            Entry("inbox", Message("Inbox"), ("inbox",)),
            Entry("own", Message("Own promises"), ("own",)),
            Entry("mine", Message("My services"), path="/mine/"),
            # everybody's own page stands behind their name
            Entry("me", Message("Own data"), path="/me/", only="own_services"),
        ),
        of_resident=Message("My matters"),
    ),
    Task("picture", Message("Tower"), (Entry("tower", Message("Tower")),)),
    Task("needs", Message("Needs and goals"), (Entry("report", Message("Report"), ("report",)),)),
    Task(
        "services",
        Message("Services"),
        (
            Entry("sapluuna", Message("Definition matrix"), ("sapluuna",)),
            Entry("rules", Message("Rules"), ("rules",)),
            Entry("chains", Message("Chains"), ("chains",)),
            Entry("rehearse", Message("Rehearsal"), ("rehearse",)),
            Entry("changes", Message("History of changes"), ("changes",)),
        ),
    ),
    Task(
        "guidance",
        Message("Client guidance"),
        (
            Entry("intake", Message("A new need"), ("intake",)),
            Entry("person", Message("Client"), ("person",)),
            Entry("guide", Message("Guide"), ("guide",)),
        ),
    ),
    Task("network", Message("Network"), (Entry("network", Message("Map and reach"), ("network",)),)),
    Task("producers", Message("Producers"), ()),
    Task(
        "supervision",
        Message("Supervision"),
        (
            Entry("alerts", Message("Alerts"), ("alerts",)),
            Entry("moments", Message("Two moments side by side"), ("moments",)),
            Entry("emergencies", Message("Opened in an emergency"), ("emergencies",)),
            Entry("records", Message("Records"), ("records",)),
            Entry("room", Message("Record room"), ("room",)),
        ),
    ),
)
# What the rooms bring stands at the end of its task.
TASKS = tuple(
    replace(
        task,
        entries=(
            *task.entries,
            *(Entry(e.key, e.label, e.parts) for b in brought() for e in b.entries if e.task == task.key),
        ),
    )
    for task in _OURS
)


def menu(who: Who | None) -> list[Task]:
    """The heads, each with what the one who looks (None: nobody has signed in) may open."""
    found = [
        replace(task, entries=tuple(e for e in task.entries if shown(who, e)), label=called(task, who))
        for task in TASKS
    ]
    return [task for task in found if task.entries]


def called(task: Task, who: Who | None) -> Message:
    return task.of_resident if task.of_resident and allows(who, "own_services") else task.label


def shown(who: Who | None, entry: Entry) -> bool:
    return allows(who, needed(entry)) and (entry.only is None or allows(who, entry.only))


def place(here: str) -> tuple[Task, Entry] | None:
    """The head and the entry under which a page stands; None where it is on no menu."""
    return next(((task, e) for task in TASKS for e in task.entries if e.key == here), None)


def stands_at(here: str, region: object, path: str) -> bool:
    """Is the page at this path the menu's own, and no page under it?"""
    found = place(here)
    return found is not None and found[1].leads(region).partition("?")[0] == path.partition("?")[0]


def trail(who: Who | None, here: str, region: object, path: str) -> list[tuple[Message, str]]:
    """The way down to a page: its task, its page; each with where it leads, empty where that is here, or not the reader's. A page
    that is on no menu stands under the tower."""
    task, entry = place(here) or (TASKS[1], TASKS[1].entries[0])
    leads = "" if stands_at(here, region, path) or not allows(who, needed(entry)) else entry.leads(region)
    page = (entry.label, leads)
    return [page] if str(task.label) == str(entry.label) else [(called(task, who), ""), page]


def home(who: Who, region: str) -> str:
    """Where each begins: own work, as the role says. `region`: the record room's, empty where it has none."""
    begins = ROLES[who.role].begins if who.role in ROLES else ""
    if begins.startswith("/"):
        return begins
    return link(region, *filter(None, [begins])) if region else "/"


@cache
def needed(entry: Entry) -> str:
    """The action that its address takes."""
    path = entry.path or "/".join(["", "region", *entry.parts, ""])
    action: str = resolve(path).func.may
    return action
