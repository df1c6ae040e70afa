"""The worklist: whose promises wait for an adviser or a case manager, the most urgent first, and own clients near the fee ceiling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from torni.core.faults import BadInput
from torni.core.language import Message, ngettext, t
from torni.facts import rights, worklists
from torni.facts.access import Who
from torni.facts.door import HELSINKI
from torni.facts.opening import Connection
from torni.facts.rights import OWN_CLIENTS
from torni.guidance.fees import CEILING, money
from torni.promises.sums import EventPromise
from torni.services.rules import Rules

MONITORED = "home_monitoring"
_FOLLOWED = {
    "asked": Message("the producer has been asked"),
    "answered": Message("the producer has answered"),
    "noted": Message("a note has been made"),
}
LATELY = 14  # days: earlier visits that were not made are in the case
Client = tuple[int, str | None, date | None, bool, date]


@dataclass(frozen=True)
class Line:
    """One row of the worklist: whose, what is to be done, by when, and why. `kind`: urgent is a finding of home monitoring; missed, visits
    of a producer that nobody has dealt with; followed, those of which it has been asked or noted something."""

    position: int
    name: str
    born: date | None
    task: str
    because: str
    due: date | None
    days: int
    kind: Literal["own", "urgent", "missed", "followed"] = "own"

    @property
    def state(self) -> str:
        if self.kind != "own":
            return {"urgent": "broken", "missed": "unknown", "followed": "kept"}[self.kind]
        return "broken" if self.days < 0 else "unknown" if self.days <= 1 else "kept"

    @property
    def order(self) -> tuple[int, int, int]:
        """What is urgent or overdue, what is at hand, the rest; in each the urgent first and visits not made last, and by the day."""
        return (
            ("broken", "unknown", "kept").index(self.state),
            ("urgent", "own", "missed", "followed").index(self.kind),
            self.days,
        )


@dataclass(frozen=True)
class Worklist:
    """`lines`: the most urgent first, then the soonest due. `mine`: a case manager's own clients by name, as `worklists.clients` gives them. `most`: were there
    more than are shown? `late`, `soon`: how many are overdue, and due today or tomorrow."""

    lines: tuple[Line, ...]
    mine: tuple[Client, ...]
    most: bool

    @property
    def late(self) -> int:
        return sum(line.days < 0 for line in self.lines if line.kind in ("own", "urgent"))

    @property
    def soon(self) -> int:
        return sum(0 <= line.days <= 1 for line in self.lines if line.kind in ("own", "urgent"))


def worklist(connection: Connection, who: Who, rules: Rules, *, today: date, units: Mapping[str, str]) -> Worklist:
    """What waits for the one who asks, as the connection's asker: whose promises are the role's own, by which would break first. `units`:
    names. That the names were shown is written down. What is not told by a promise is not on it."""
    own, late = _promises(rules, who)
    found = worklists.work(connection, list(own), late=list(late), today=today)
    near = _near_ceiling(connection, rules, today) if who.how("worklist") == OWN_CLIENTS else []
    lines = sorted([*_lines(found, {**own, **late}, today, units), *near], key=lambda line: line.order)
    return Worklist(tuple(lines), tuple(worklists.clients(connection)), len(found) == worklists.MOST)


def _promises(rules: Rules, who: Who) -> tuple[dict[str, EventPromise], dict[str, EventPromise]]:
    """The promises whose work is the role's own; and, of own clients, those of others that matter when they are late."""
    own, late = {}, {}
    for service, promise in rules.library.of_events():
        if promise.responsible == who.role:
            own[f"{service.id}.{promise.id}"] = promise
        elif promise.responsible and who.how("worklist") == OWN_CLIENTS:
            late[f"{service.id}.{promise.id}"] = promise
    return own, late


def _lines(
    found: list[worklists.Work], promises: dict[str, EventPromise], today: date, units: Mapping[str, str]
) -> Iterator[Line]:
    """A line for each task; a client's visits that were not made, lately and by one unit, are one."""
    gathered: dict[tuple[str, str | None, date | None, str | None], list[worklists.Work]] = {}
    for w in found:
        promise = promises[w.promise]
        if promise.responsible in rights.of("producer") and promise.by_visit:
            if (today - w.due).days <= LATELY:
                gathered.setdefault((w.promise, w.name, w.born, w.unit), []).append(w)
            continue
        theirs = promise.responsible in rights.of("producer")
        told = str((promise.missed if theirs else promise.task) or promise.sentence)
        unit = units.get(w.unit, w.unit) + ": " if theirs and w.unit else ""
        urgent = w.channel == MONITORED
        if urgent:
            told = t("A finding of home monitoring")
        yield Line(
            w.position, w.name or "", w.born, told, unit + str(promise.sentence), w.due, (w.due - today).days,
            "urgent" if urgent else "own",
        )  # fmt: skip
    for (name, *_who), missed in gathered.items():
        promise, last = promises[name], missed[-1]
        because = ngettext("%(num)d visit in two weeks", "%(num)d visits in two weeks", len(missed)) % {
            "num": len(missed)
        }
        unit = units.get(last.unit or "", last.unit or "")
        followed = last.followed if last.followed in ("asked", "noted") else None
        if last.followed in _FOLLOWED:
            because = f"{because}, {_FOLLOWED[last.followed]}"
        yield Line(
            last.position, last.name or "", last.born, str(promise.missed or promise.sentence), f"{unit}: {because}", last.due,
            (last.due - today).days, "followed" if followed else "missed",
        )  # fmt: skip


def _near_ceiling(connection: Connection, rules: Rules, today: date) -> list[Line]:
    """Own clients whose fees come near the year's ceiling, where the ceiling is known."""
    try:
        ceiling, near = rules.library.number(CEILING), rules.library.number("guidance.ceiling_near")
    except BadInput:
        return []
    counting = [name for name, formula in rules.formulas.items() if formula.definition.counts_towards_ceiling]
    since = datetime.combine(today.replace(month=1, day=1), time(0), HELSINKI)
    rows = worklists.fees_near(connection, since=since, cents=int(ceiling * near * 100), formulas=counting)
    return [
        Line(
            position, name or "", born, t("The yearly ceiling of fees is near: tell the client"),
            t("{sum} of {limit} this year", sum=money(cents / 100), limit=money(ceiling)), None, 30,
        )
        for position, name, born, cents in rows
    ]  # fmt: skip
