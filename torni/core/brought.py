"""What a room brings to the pages, the command line and the background: declared in its `brings.py`, gathered by the top layer.

A room may not import the pages or the command line. So it names its functions ("torni.producers.pages:deliveries") and gives and takes
plain values: a page's function returns what its template shows, a form's where the reader goes next, a command's what is printed. The
names are resolved where they are gathered, at the start; one that leads nowhere is a fault that says which.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from torni.core.language import Message
from torni.core.rooms import ROOMS


@dataclass(frozen=True)
class Page:
    """One address below the region's, as Django writes it ("deliveries/<int:webhook>/"), and the action that opens it.

    `shows`: the function that is given what was asked (`torni.facts.asked.Asked`) and returns what the template shows; None: there is
    no such page. `here`: the entry of the menu under which it stands. `form`, `sends`: the action that its form takes, and the function that does
    what it asks and returns the parts of the next address. The template stands in the room's `templates/`.
    """

    address: str
    may: str
    shows: str
    template: str
    here: str
    form: str | None = None
    sends: str | None = None


@dataclass(frozen=True)
class Entry:
    """One entry of the menu, under a task of it (`torni/web/menu.py`): `key`, its label, and where it leads within the region."""

    task: str
    key: str
    label: Message
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Option:
    """One value that a command takes by its place; `optional`: it may be left out."""

    name: str
    metavar: str
    told: str | None = None
    kind: type[str] | type[int] = str
    optional: bool = False


@dataclass(frozen=True)
class Command:
    """`torni GROUP NAME`: what it is for, and the function that is given the room's connection, as its owner, and the values, and returns
    what is printed (lines, and tables: `Rows`)."""

    name: str
    told: str
    run: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Rows:
    """A table that a command prints: the state of each row (kept, broken, unknown), its heads, its rows; `right`: columns of numbers."""

    states: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: tuple[int, ...] = ()


@dataclass(frozen=True)
class Job:
    """What is done at set times (`cron`) in the background: a function that is given the room's connection, as its owner. It may be done
    twice without harm."""

    name: str
    cron: str
    run: str


@dataclass(frozen=True)
class Brings:
    """All of it, of one room. `groups`: what each group of its commands is for. `workers`: modules that are run as processes of their
    own for as long as the server runs, each started again when it dies, and as what each signs in to the database (`PROCESSES` of
    torni/facts/rights.py)."""

    pages: tuple[Page, ...] = ()
    entries: tuple[Entry, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, tuple[Command, ...]] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    workers: Mapping[str, str] = field(default_factory=dict)


@cache
def brought() -> tuple[Brings, ...]:
    """What every room brings, in the order of `torni/core/rooms.py`."""
    return tuple(found(f"torni.{room.folder}.brings:BRINGS", "") for room in ROOMS if room.brings)


def found(named: str, of: str = "a declaration of brings.py") -> Any:
    """What a name such as "torni.producers.pages:deliveries" stands for. One that leads nowhere is a fault of the program."""
    module, _, name = named.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        where = of or "Room(brings=True) in torni/core/rooms.py"
        raise LookupError(f"{where} names {named}, and there is none: {error}") from error


def names(brings: Brings) -> Iterator[str]:
    """Every function that a room names, so that all can be resolved and tested."""
    for page in brings.pages:
        yield page.shows
        if page.sends:
            yield page.sends
    yield from (command.run for commands in brings.commands.values() for command in commands)
    yield from (job.run for job in brings.jobs)
    yield from (f"{worker}:main" for worker in brings.workers)
