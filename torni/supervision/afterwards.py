"""What came after an action on an alert, against comparable units: told where it can be told, and why not where it cannot.

What is not considered: what else was done or changed at the same time; that clients differ from unit to unit; and, where days before the alarm
are counted in, that an alert is told when its numbers are at their worst, which come back in part by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from torni.core.language import Message
from torni.engines.rhythm.compared import FEWEST_DUE, Compared, Counts, compared
from torni.facts.door import local_day
from torni.facts.opening import Connection
from torni.promises.finding import Finding
from torni.services.library import Library
from torni.supervision.handling import Handled
from torni.supervision.known_sums import Moment, known_sums

DAYS = 84  # at most so many days before, and after
NOT_ACTED = Message("nothing has been done yet that could have an effect")
NO_SHARE = Message("it is no share of events that could be compared over a day")
TOO_FEW = Message(
    "too few: at least {n} must be due before and after, and at least four comparable units must have as many",
    n=FEWEST_DUE,
)


@dataclass(frozen=True)
class Afterwards:
    """`acted`: the day of the first action; the days compared before it and from it on; `chosen`: days before the alarm are among them.
    `found` is None where it cannot be told, and `why` tells why."""

    acted: date | None
    since: date | None
    until: date | None
    chosen: bool
    found: Compared | None
    why: Message | None

    @property
    def verdict(self) -> str:
        """fewer, more, or alike: whether the difference is surely on one side of none; empty where it cannot be told."""
        if self.found is None:
            return ""
        return "fewer" if self.found.high < 0 else "more" if self.found.low > 0 else "alike"


def afterwards(
    connection: Connection, h: Handled, f: Finding | None, now: Moment, register: pl.DataFrame, library: Library
) -> Afterwards:
    """What came after the first action, up to the last complete day. `f`: the promise's finding at the moment, `register`: the units.

    Before: the days after the alarm where as much was due on them as is needed, as their numbers were not what raised it; otherwise those from
    which the alert counts. Comparable: other units of the kind, other producers with as much, other municipalities.
    """
    acted = next((local_day(s.at) for s in h.episode.steps if s.did == "acted"), None)
    if acted is None:
        return Afterwards(None, None, None, False, None, NOT_ACTED)
    if h.subject.kind != "promise" or f is None or not f.promise.weekly or h.subject.level == "region":  # fmt: skip
        return Afterwards(acted, None, None, False, None, NO_SHARE)
    until = min(f.last, acted + timedelta(days=DAYS - 1))
    alarm = h.alert.since if h.alert else None
    tries = [(alarm + timedelta(days=1), False)] if alarm else []
    tries.append((h.began or acted - timedelta(days=28), True))
    for since, chosen in tries:
        since = max(since, acted - timedelta(days=DAYS))
        counts = _counts(connection, h, f.id, now, register, since, acted, until)
        one = counts.pop(h.subject.where, None)
        found = compared(one, list(counts.values()), spread=library.number("detection.spread")) if one else None
        if found:
            return Afterwards(acted, since, until, chosen, found, None)
    return Afterwards(acted, since, until, chosen, None, TOO_FEW)


def _counts(
    connection: Connection, h: Handled, promise: str, now: Moment, register: pl.DataFrame, since: date, acted: date, until: date
) -> dict[str, Counts]:  # fmt: skip
    """Of the one and of each comparable: what was due and missed before and after."""
    rows = connection.execute(
        f"SELECT unit, municipality, coalesce(sum(total) FILTER (WHERE day < %(acted)s), 0)::bigint, coalesce(sum(total - met) FILTER (WHERE day < %(acted)s), 0)::bigint, "
        f"coalesce(sum(total) FILTER (WHERE day >= %(acted)s), 0)::bigint, coalesce(sum(total - met) FILTER (WHERE day >= %(acted)s), 0)::bigint "
        f"FROM {known_sums(connection, now)} t WHERE promise = %(promise)s AND day >= %(since)s AND day <= %(until)s GROUP BY 1, 2",
        {"promise": promise, "since": since, "acted": acted, "until": until, "today": now.today},
    ).fetchall()
    level = h.subject.level
    kinds = {u: (k, p) for u, k, p in register.select("unit", "kind", "producer").iter_rows()}
    mine = kinds.get(h.subject.where, ("", ""))[0]
    out: dict[str, list[int]] = {}
    for unit, municipality, *counts in rows:
        kind, producer = kinds.get(unit, ("", ""))
        if level == "unit" and kind != mine:
            continue
        group = {"unit": unit, "producer": producer, "municipality": municipality}[level]
        if group:
            out[group] = [a + b for a, b in zip(out.get(group, [0, 0, 0, 0]), counts, strict=True)]
    return {group: Counts(*counts) for group, counts in out.items()}
