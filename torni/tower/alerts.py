"""A region's alerts with what is done of them, and one more step done: the same for the command line, a notebook and the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.facts import accounts, recording, senders
from torni.facts.door import Door
from torni.facts.opening import Connection
from torni.facts.reasons import reason
from torni.guidance.charges import charge
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.services.library import Library
from torni.sources.where import names_by_code
from torni.supervision.handling import Handled, episodes, find, handled, step
from torni.supervision.sentences import alert_told
from torni.tower.live import Live
from torni.tower.opened import happening, opened

COLUMNS = {
    "id": pl.String, "kind": pl.String, "of": pl.String, "level": pl.String, "where": pl.String, "stands": pl.Boolean, "state": pl.String,
    "owner": pl.String, "person": pl.String, "began": pl.Date, "told": pl.Date, "value": pl.Float64, "target": pl.Float64, "missed": pl.Int64,
    "total": pl.Int64, "beyond": pl.Float64, "steps": pl.Int64, "text": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """The alerts at a moment, in their order; `live`: the picture in which they stand, `library`: the definitions of its day, `names`: of
    municipalities."""

    live: Live
    library: Library
    names: Mapping[str, Any]
    alerts: tuple[Handled, ...]

    def find(self, name: str) -> Handled:
        """The alert of this id; an unknown one is a fault."""
        found = find(self.alerts, name)
        if found is None:
            raise bad_input(f"alert {name}", t("there is no such alert"), t("`torni alerts` lists them all."))
        return found

    def text(self, h: Handled) -> str:
        """What it is, as one sentence; of one that stands no more, what it was of and since when."""
        where = self.live.place(h.subject.level, h.subject.where, self.names)
        service = self.library.services.get(h.subject.of.partition(".")[0])
        named = str(service.name) if service else ""
        if h.alert is not None:
            return alert_told(h.alert, self.live.of(h.subject.of), where, named)
        found = self.live.of(h.subject.of)
        place = where or t("the whole region")
        return f"{place}: {found.promise.broken_text() if found else named or h.subject.of}"

    def table(self) -> pl.DataFrame:
        """One row an alert: id, kind, of (promise, demand or feed), level, where, whether it stands, state (new, taken_up, done, set_aside),
        owner (a role), person, began, told, value, target, missed, total, beyond (missed beyond what is promised), steps, text."""
        rows = []
        for h in self.alerts:
            a = h.alert
            rows.append({
                "id": h.id, "kind": h.subject.kind, "of": h.subject.of, "level": h.subject.level, "where": h.subject.where, "stands": a is not None,
                "state": h.state, "owner": h.owner, "person": h.person or None, "began": h.began, "told": a.since if a else None, "value": a.value if a else None,
                "target": a.target if a else None, "missed": a.missed if a else None, "total": a.total if a else None, "beyond": h.harm,
                "steps": len(h.episode.steps), "text": self.text(h),
            })  # fmt: skip
        return pl.DataFrame(rows, schema=COLUMNS)


def listed(
    connection: Connection, live: Live, library: Library, names: Mapping[str, Any], *, newest: bool = False
) -> Listed:
    """The alerts of a picture. `newest`: with the steps that are not folded yet, where the picture is of now."""
    known = [e for e in episodes(connection, live.now, newest=newest) if (e.subject.of, e.subject.level, e.subject.where) not in live.untold]  # fmt: skip
    return Listed(live, library, names, tuple(handled(live.alerts, known, library, live.now.today)))


@contextmanager
def of_region(region: str, *, on: date | None = None) -> Iterator[tuple[Connection, Listed]]:
    """The alerts of the region's room that runs, at the end of a past day or now; where none runs, a fault says why."""
    live, why = happening(region, on=on, small=True)  # whoever handles an alert sees it whole
    with opened(region) as (connection, none):
        if connection is None or live is None:
            raise bad_input(t("the record room"), str(why if connection else none), t("Start it with `torni demo` or `torni serve`."))  # fmt: skip
        library = Days(region).on(live.now.today).library
        yield connection, listed(connection, live, library, names_by_code(), newest=on is None)


def handle(region: str, alert: str, did: str, *, by: str, action: str = "", text: str = "") -> Handled:
    """One step of an alert of the room that runs, as a person of the room: the alert as it then is. `by`: an account's name that may.

    `did`: taken_up, acted (with an `action` that the definition offers), done (`text` tells the outcome) or set_aside (`text` tells why).
    """
    with of_region(region) as (connection, known):
        who = next((w for w in accounts.who_may(connection, "handle_alert") if w.name == by), None)
        if who is None:
            raise bad_input(f"--by {by}", t("is no account that may handle alerts"), t("`torni account list` tells whose are."))  # fmt: skip
        at = recording.present_moment(connection)
        event = step(known.find(alert), did, who=who, at=at, action=action, text=text)
        days = Days(region)
        done = Door(connection, books_of(days, charge=charge)).accept([event], now=at, sender=senders.account(who))
        if done.repeated:
            raise bad_input(t("this step"), t("has been taken already"), t("`torni alerts` lists them all."))
        if done.refused:
            raise BadInput(*(Fault(t("the record room"), reason(code), "") for codes in done.refused.values() for code in codes))  # fmt: skip
        again = listed(connection, known.live, known.library, known.names, newest=True)
        return again.find(alert)
