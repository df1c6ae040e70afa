"""A promise measured on facts at a moment: kept, broken, or cannot be told, and for whom. One shape for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal, NamedTuple

import polars as pl

from torni.core.language import Message
from torni.core.shown import Shown
from torni.core.texts import Text
from torni.promises.accrual import Accrued
from torni.promises.margin import Margin
from torni.promises.promise import Promise

NO_ROOM = Message("no record room")
FOR_STAFF = Message("told to the organiser's staff")
State = Literal["kept", "broken", "unknown"]
Level = Literal["unit", "producer", "municipality"]
LEVELS: tuple[Level, ...] = ("producer", "municipality", "unit")
Counted = Literal["residents", "municipalities", "producers", "units", "region", "events"]
PLACES = {
    "municipality": pl.String,
    "name": pl.String,
    "residents": pl.Float64,
    "outside": pl.Float64,
    "share": pl.Float64,
}
_NOWHERE = pl.DataFrame(schema=PLACES)  # one for all: a frame is never changed


class Group(NamedTuple):
    """One unit's, producer's or municipality's sums: `value` and whether it is `kept`, None where that cannot be told. `hidden`: left out,
    because it would tell of somebody (`torni.promises.small`): then it has no number."""

    group: str
    total: int
    met: int
    late: int
    value: float | None = None
    kept: bool | None = None
    hidden: bool = False


Groups = tuple[Group, ...]


@dataclass(frozen=True)
class Finding(Shown):
    """What one promise is found to be.

    `value`, `low`, `high`: shares 0..1 (of a budget, what has accrued of what may have by now); `value` is None when nothing could be
    measured. `low` and `high` differ where data is missing: the value if every unknown were bad, or good. A state is told only if both fall
    on the same side of the target. `missing`: why it cannot be told; `too_few`: because chance alone could give what is seen. `met` of
    `total` gives the same as counts (of `counted`). `affected`: residents for whom the promise does not hold, None if it cannot be told.
    `by`: for each level its groups, the worst first. `by_municipality`: municipality, name, residents (or 0/1 places), outside, share;
    `by_age`: age_group, people, outside, share (travel only).

    Of what happens: `late` of what is not met; `today_total`, `today_met`: what is due today and what has been done of it; `open`: what is
    owed in all, `overdue`: of it due before today; `clients`: for how many it was not kept, each once, None where it is not about clients or not told; `last`: the last day counted; `long`: the groups over twelve weeks; `accrued`: money; `margin`: how far
    it is from breaking, or from being kept again, None where that is not told. `needed`: where each unit meets it or does not, what a unit's own value is
    held against, in the unit's own measure; `value` and `target` are then shares of units.
    """

    _shown_by: ClassVar[str] = "torni.notebook.shows:finding"

    id: str
    service: str
    promise: Promise
    target: float
    value: float | None
    low: float
    high: float
    state: State
    counted: Counted
    met: float
    total: float
    affected: int | None
    missing: tuple[Message, ...]
    invented: bool
    definition_version: str
    as_of: date
    too_few: bool = False
    assumptions: tuple[Message, ...] = ()
    by: Mapping[Level, Groups] = field(default_factory=dict)
    by_municipality: pl.DataFrame = field(default_factory=lambda: _NOWHERE)
    by_age: pl.DataFrame | None = None
    data_versions: Mapping[str, str] = field(default_factory=dict)
    late: int = 0
    today_total: int = 0
    today_met: int = 0
    open: int = 0
    overdue: int = 0
    clients: int | None = None
    last: date = date.min
    long: Mapping[Level, Groups] = field(default_factory=dict)
    accrued: Accrued | None = None
    margin: Margin | None = None
    needed: float | None = None

    @property
    def kept_back(self) -> bool:
        """Is it known, but not told to the one who asks? That is no lack of data."""
        return FOR_STAFF in self.missing

    @property
    def kind(self) -> str:
        return self.promise.kind

    @property
    def sentence(self) -> Text:
        return self.promise.sentence

    @property
    def told(self) -> str:
        """The promise, or where it is not kept what is wrong: how a list of findings says it."""
        told = self.promise.broken_text() if self.state == "broken" else str(self.sentence)
        return told[:1].upper() + told[1:]

    def groups(self, level: Level) -> Groups:
        return self.by.get(level, ())

    def worst(self, count: int = 3) -> pl.DataFrame:
        """The municipalities with most residents outside, at most `count`, none without any."""
        return self.by_municipality.filter(pl.col("outside") > 0).sort(
            ["outside", "municipality"], descending=[True, False]
        ).head(count)  # fmt: skip


def unmeasured(service: str, promise: Promise, *, version: str, as_of: date, why: Message, invented: bool) -> Finding:
    """A promise of which nothing can be told, and why."""
    return Finding(
        f"{service}.{promise.id}", service, promise, promise.target, None, 0.0, 1.0, "unknown", "events", 0, 0, None, (why,), invented, version, as_of, last=as_of
    )  # fmt: skip


def state_of(low: float, high: float, target: float) -> State:
    """Kept if even the worst case meets the target, broken if even the best does not."""
    if low >= target:
        return "kept"
    return "broken" if high < target else "unknown"
