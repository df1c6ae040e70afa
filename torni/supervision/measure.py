"""Which promises about what happens hold: each one measured on the sums known at a moment, by unit, producer and municipality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

import polars as pl
from scipy.special import betainc

from torni.core.faults import BadInput
from torni.core.language import Message
from torni.facts.room import Connection
from torni.services.finding import State
from torni.services.followed import (
    AnswerPromise,
    AnyEventPromise,
    BudgetPromise,
    CadencePromise,
    FeePromise,
    ListPromise,
    MeasurePromise,
    StaffingPromise,
)
from torni.services.library import Library
from torni.supervision import accrual
from torni.supervision.moment import Gathered, Moment, Window, gather, units

Level = Literal["unit", "producer", "municipality"]
LEVELS: tuple[Level, ...] = ("producer", "municipality", "unit")
LONG_DAYS = 84  # small units are judged over twelve weeks too
_BASE_MONTHS, _RANGE_SHARE = "spending.base_months", "spending.range_share"
SILENT_DAYS = 3  # records that end earlier than this tell nothing of today


class Group(NamedTuple):
    """One unit's, producer's or municipality's sums: `value` and whether it is `kept`, None where that cannot be told."""

    group: str
    total: int
    met: int
    late: int
    value: float | None = None
    kept: bool | None = None


Groups = tuple[Group, ...]


@dataclass(frozen=True)
class Followed:
    """What one promise about what happens is found to be.

    `value` and `target`: shares 0..1; of a budget, what has accrued (invoiced and expected, told apart in `accrued`) of what may
    have by now. None when nothing has happened yet.
    `met` of `total`, `late` of the rest. `today_total`, `today_met`: what is due today and what has been done of it. `open`:
    what is owed in all, `overdue`: of it due before today. `by`: for each level group, total, met, late, value, kept; for
    waits and the like also the same over twelve weeks (`long`). `last`: the last day counted. `missing`: what is not known.
    """

    id: str
    service: str
    promise: AnyEventPromise
    definition: str
    target: float
    value: float | None
    state: State
    total: int
    met: int
    late: int
    today_total: int
    today_met: int
    open: int
    overdue: int
    last: date
    by: Mapping[Level, Groups]
    long: Mapping[Level, Groups]
    missing: tuple[Message, ...]
    invented: bool
    accrued: accrual.Accrued | None = None

    @property
    def kind(self) -> str:
        return self.promise.kind


def measured(connection: Connection, library: Library, now: Moment, *, residents: int) -> list[Followed]:
    """Every promise about what happens, in the sapluuna's order, as known at the moment. `residents`: of the region."""
    register = units(connection)
    return measure_gathered(library, register, gathered(connection, library, now, register), residents=residents)


def gathered(
    connection: Connection, library: Library, now: Moment, register: pl.DataFrame, *, before: Gathered | None = None
) -> Gathered:
    """What the measuring of the library's promises rests on at the moment; see `gather`."""
    owing = [f"{s.id}.{p.id}" for s, p in library.followed() if isinstance(p, AnswerPromise | CadencePromise)]
    return gather(connection, now, windows_of(library, now.today), owing, register, before=before)


def measure_gathered(library: Library, register: pl.DataFrame, g: Gathered, *, residents: int) -> list[Followed]:
    return measure(library, g.today, register, g.last, g.summed, g.owed, residents=residents)


def windows_of(library: Library, today: date) -> list[Window]:
    """What the measuring asks to be summed."""
    out = []
    for service, promise in library.followed():
        name = f"{service.id}.{promise.id}"
        if isinstance(promise, BudgetPromise):
            out.append(Window(name, name, today.timetuple().tm_yday, complete=False))
            out += accrual.windows(name, today)
        elif isinstance(promise, ListPromise):
            out.append(Window(name, name, None, complete=False))
        else:
            out.append(Window(name, name, promise.over_days))
            if isinstance(promise, AnswerPromise | MeasurePromise | FeePromise):
                out.append(Window(f"{name} long", name, LONG_DAYS))
    return out


def measure(
    library: Library, today: date, register: pl.DataFrame, last: pl.DataFrame, summed: pl.DataFrame, owed: pl.DataFrame, *, residents: int
) -> list[Followed]:  # fmt: skip
    """The measuring itself: a pure function of the sums. `register`: the units; see `torni.supervision.moment`."""
    producer = register.select("unit", "producer")
    summed, owed = summed.join(producer, on="unit", how="left"), owed.join(producer, on="unit", how="left")
    cadence = owed.select(
        pl.col("promise").alias("key"), "unit", "municipality", "producer", pl.col("open").alias("total"),
        (pl.col("open") - pl.col("overdue")).alias("met"), pl.col("overdue").alias("late"),
    )  # fmt: skip
    levels = {level: _by_level(summed, level) for level in LEVELS}
    cadences = {level: _by_level(cadence, level) for level in LEVELS}
    wholes = {row[0]: row[1:] for row in summed.group_by("key").agg(pl.col("total", "met", "late", "today_total", "today_met").sum()).iter_rows()}  # fmt: skip
    waits = {row[0]: row[1:] for row in owed.group_by("promise").agg(pl.col("open", "overdue").sum()).iter_rows()}
    upto = last.filter(pl.col("unit") == "")["last"].item()
    out = []
    for service, promise in library.followed():
        name = f"{service.id}.{promise.id}"
        total, met, late, today_total, today_met = wholes.get(name, (0, 0, 0, 0, 0))
        open_, overdue = waits.get(name, (0, 0))
        source = levels
        if isinstance(promise, CadencePromise):
            source, total, met, late = cadences, open_, open_ - overdue, overdue
        missing: list[Message] = []
        judge = None
        try:
            judge = _Judge(library, promise, residents)
        except BadInput as error:
            missing.append(Message("{where}: {what}", where=error.faults[0].where, what=error.faults[0].what))
        by = {level: judge.judged(source[level].get(name, [])) if judge else () for level in LEVELS}
        long = (
            {level: judge.judged(levels[level].get(f"{name} long", [])) for level in LEVELS}
            if judge and f"{name} long" in wholes
            else {}
        )
        spent = None
        if judge and isinstance(promise, BudgetPromise):
            spent = accrual.accrued(
                summed, name, today, appropriation=round(judge.appropriation), base_months=round(library.number(_BASE_MONTHS)),
                range_share=library.number(_RANGE_SHARE),
            )  # fmt: skip
            value = spent.total / spent.allowed if spent and spent.allowed > 0 else None
            if spent and value and judge.keeps(spent.least / spent.allowed) != judge.keeps(spent.most / spent.allowed):
                missing.append(Message("how often some units invoice cannot be told yet"))
        else:
            value = judge.whole(total, met, by["unit"]) if judge else None
        live = isinstance(promise, BudgetPromise | ListPromise)
        if (today - upto).days > SILENT_DAYS:
            missing.append(Message("records are complete only up to {day}", day=f"{upto:%-d.%-m.%Y}"))
        state: State = "unknown"
        if value is not None and judge and not missing:
            state = "kept" if judge.keeps(value) else "broken"
            if state == "broken" and judge.could_be_chance(total, met):
                state = "unknown"
                missing.append(
                    Message(
                        "too few to tell: {missed} missed of {total} could be chance", missed=total - met, total=total
                    )
                )
        out.append(
            Followed(
                name, service.id, promise, library.version(service.id), judge.target if judge else 1.0, value, state,
                total, met, late, today_total, today_met, open_, overdue, today if live else upto, by, long, tuple(missing),
                _invented(library, promise), spent,
            )
        )  # fmt: skip
    return out


def _by_level(rows: pl.DataFrame, level: Level) -> dict[str, list[Group]]:
    """Each key's groups of the level with their sums."""
    summed = (
        rows.filter(pl.col(level).is_not_null() & (pl.col(level) != ""))
        .group_by("key", pl.col(level).alias("group"))
        .agg(pl.col("total", "met", "late").sum())
        .filter((pl.col("total") > 0) | (pl.col("met") > 0))
    )
    out: dict[str, list[Group]] = {}
    for key, *counts in summed.iter_rows():
        out.setdefault(key, []).append(Group(*counts))
    return out


class _Judge:
    """One promise's target and how a group's sums are held against it."""

    def __init__(self, library: Library, promise: AnyEventPromise, residents: int) -> None:
        self.promise = promise
        self.appropriation = 0.0
        if isinstance(promise, AnswerPromise | MeasurePromise | FeePromise | CadencePromise | StaffingPromise):
            self.target = float(promise.share)
        else:
            self.target = 1.0
        self.needed = self.target
        if isinstance(promise, StaffingPromise):
            self.needed = _number(library, promise.ratio)
            self.full_time = _number(library, promise.full_time)
        if isinstance(promise, ListPromise):
            self.needed = float(promise.at_most)
        self.few = library.number("detection.few")
        self.spread = library.number("detection.spread")
        if isinstance(promise, BudgetPromise):
            self.appropriation = _number(library, promise.appropriation) * 100 * residents

    def judged(self, groups: Sequence[Group]) -> Groups:
        """The groups with value and whether it is kept, None where too few to tell: the worst first."""
        out = []
        for g in groups:
            value, kept = (g.met / g.total if g.total > 0 else None), None
            if isinstance(self.promise, BudgetPromise):
                value = None
            elif isinstance(self.promise, StaffingPromise):
                value = value and value / self.full_time
            if value is not None:
                kept = value <= self.needed if isinstance(self.promise, ListPromise) else value >= self.needed
                if kept is False and self.could_be_chance(g.total, g.met):
                    kept = None
            out.append(g._replace(value=value, kept=kept))
        down = -1 if isinstance(self.promise, ListPromise) else 1
        out.sort(key=lambda g: (g.kept is not False, down * (g.value if g.value is not None else 9.0), g.group))
        return tuple(out)

    def could_be_chance(self, total: int, met: int) -> bool:
        """Might so many be missed by chance though the promise is kept? Of a promise to all, and of what a unit meets or not, never."""
        shares = isinstance(self.promise, AnswerPromise | MeasurePromise) and self.target < 1
        return shares and chance_of(total, total - met, self.target, spread=self.spread) > self.few

    def whole(self, total: int, met: int, by_unit: Groups) -> float | None:
        if isinstance(self.promise, StaffingPromise | ListPromise):
            told = [g.kept for g in by_unit if g.kept is not None]
            return sum(told) / len(told) if told else None
        return met / total if total > 0 else None

    def keeps(self, value: float) -> bool:
        return value <= self.target if isinstance(self.promise, BudgetPromise) else value >= self.target


def _number(library: Library, parameter: str) -> float:
    value = library.value(parameter).value
    assert isinstance(value, Decimal), f"{parameter} is a table"
    return float(value)


def _invented(library: Library, promise: AnyEventPromise) -> bool:
    """Does the promise, or a limit of it, rest on what is invented?"""
    if library.sources[promise.source].invented:
        return True
    for name in ("within_days", "every_days", "ratio", "full_time", "appropriation"):
        parameter = getattr(promise, name, None)
        if parameter:
            try:
                if library.value(parameter).source.invented:
                    return True
            except BadInput:
                return True
    return False


@lru_cache(maxsize=50_000)  # the same questions come again with each picture
def chance_of(total: int, missed: int, target: float, *, spread: float = 1.0) -> float:
    """How likely so many or more are missed of so many, if just the promised share were met: a binomial tail.

    `spread`: how many times a binomial's variance misses vary because they cluster; as if there were so many times fewer.
    A promise to all has no such chance: two missed are told for sure, one may be a single mistake.
    """
    if total <= 0 or missed <= 0:
        return 1.0
    if target >= 1:
        return 0.0 if missed >= 2 else 1.0
    return float(betainc(missed / spread, (total - missed) / spread + 1, 1 - target))


def worst(found: Sequence[Followed]) -> list[Followed]:
    """Broken first, then what cannot be told, then kept; as defined within each."""
    order = {"broken": 0, "unknown": 1, "kept": 2}
    return sorted(found, key=lambda f: order[f.state])
