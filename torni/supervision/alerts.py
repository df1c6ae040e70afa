"""What must be looked at: promises surely broken for someone, demand that suddenly changed, records that have stopped coming.

An alert is told only when chance alone would hardly give it: a unit that misses by luck is not disturbed. Where records are
missing nothing is held against anybody: that is told as missing records instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import polars as pl

from torni.services.followed import BudgetPromise, CadencePromise, ListPromise, StaffingPromise
from torni.services.library import Library
from torni.supervision.measure import LEVELS, Followed, Level, chance_of

HARDLY = 1e-4  # a broken promise told by less chance than this
HARDLY_DEMAND = 1e-8  # a change of demand, which has no promise to be held against
RECENT_DAYS, BEFORE_DAYS = 28, 84


@dataclass(frozen=True)
class Alert:
    """`kind` promise, demand or records; `id` the promise, `service.demand`, or the feed; `where` at which level.

    `value` and `target` as in the finding (of demand: contacts a week now and before). `weekend`: what is missed is missed
    at weekends.
    """

    kind: Literal["promise", "demand", "records"]
    id: str
    level: Level | Literal["region"]
    where: str
    value: float | None
    target: float | None
    total: int
    missed: int


def alerts(found: Sequence[Followed], demand: pl.DataFrame, feeds: dict[str, date], today: date) -> list[Alert]:
    """`demand`: promise, municipality, recent, before (see `demand_of`). `feeds`: each feed's last complete day."""
    return [*_records(feeds, today), *(a for f in found for a in _broken(f)), *_demand(demand, feeds, today)]


def silent(feeds: dict[str, date], today: date) -> list[str]:
    """Feeds of which a whole day is missing."""
    return sorted(feed for feed, day in feeds.items() if (today - day).days >= 2)


def _records(feeds: dict[str, date], today: date) -> list[Alert]:
    return [
        Alert("records", feed, "region", feed, None, None, 0, (today - feeds[feed]).days)
        for feed in silent(feeds, today)
    ]


def _broken(f: Followed) -> list[Alert]:
    out: dict[tuple[Level, str], Alert] = {}
    if isinstance(f.promise, BudgetPromise):
        if f.state == "broken":
            return [Alert("promise", f.id, "region", "", f.value, f.target, f.total, 0)]
        return []
    plain = isinstance(f.promise, StaffingPromise | ListPromise | CadencePromise)  # a unit meets it or does not
    levels: tuple[Level, ...] = ("unit",) if plain else LEVELS
    for tables in (f.by, f.long):
        for level in levels:
            if level not in tables:
                continue
            for g in tables[level]:
                if g.kept is not False:
                    break  # the worst come first
                missed = g.total - g.met
                if (level, g.group) not in out and (plain or chance_of(g.total, missed, f.target) < HARDLY):
                    out[level, g.group] = Alert("promise", f.id, level, g.group, g.value, f.target, g.total, missed)
    return list(out.values())


def demand_of(tally: pl.DataFrame, library: Library, today: date, last: date) -> pl.DataFrame:
    """New needs of each service with a demand: promise, municipality, recent and before (counts of their days).

    `tally`: rows known by today: promise, day, municipality, total.
    """
    names = [f"{s.id}.demand" for s in library.services.values() if s.demand]
    day, edge = pl.col("day"), last - timedelta(days=RECENT_DAYS)
    return (
        tally.filter(pl.col("promise").is_in(names) & (day <= last) & (day > edge - timedelta(days=BEFORE_DAYS)))
        .group_by("promise", "municipality")
        .agg(
            pl.col("total").filter(day > edge).sum().alias("recent"),
            pl.col("total").filter(day <= edge).sum().alias("before"),
            pl.col("day").min().alias("first"),
        )
    )


def _demand(demand: pl.DataFrame, feeds: dict[str, date], today: date) -> list[Alert]:
    out = []
    for row in demand.iter_rows(named=True):
        if (today - row["first"]).days < BEFORE_DAYS:  # not enough of a time before to compare with
            continue
        recent, before = row["recent"], row["before"]
        if _chance_of_change(recent, before) < HARDLY_DEMAND:
            out.append(
                Alert(
                    "demand",
                    row["promise"],
                    "municipality",
                    row["municipality"],
                    recent / 4,
                    before / 12,
                    recent,
                    before,
                )
            )
    return out


def _chance_of_change(recent: int, before: int) -> float:
    """How likely so uneven a share of all falls on the recent days, if demand were the same: both tails of a binomial."""
    n, share = recent + before, RECENT_DAYS / (RECENT_DAYS + BEFORE_DAYS)
    if n < 20:
        return 1.0
    if n > 2000:  # so many that the normal tail tells the same
        z = abs(recent - n * share) / math.sqrt(n * share * (1 - share))
        return math.erfc(z / math.sqrt(2))
    more = chance_of(n, recent, 1 - share)
    fewer = chance_of(n, before, share)
    return min(1.0, 2 * min(more, fewer))
