"""What promises about what happens rest on: the effects of events, the sums over windows of days, and how such sums are judged."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from torni.core.faults import BadInput
from torni.core.language import Message, _, ngettext, number, per_cent, t
from torni.core.texts import Text, Whole
from torni.engines.margin.limit import Limits, more_kept, more_misses
from torni.facts.book import Answer, Counting, Opening
from torni.promises.accrual import Accrued
from torni.promises.finding import LEVELS, Finding, Group, Groups, Level, State
from torni.promises.margin import Margin, share_margin
from torni.promises.promise import OWN_PEOPLE, Definitions, Needed, People, Promise, Reads, Responsible
from torni.promises.window import Window

LONG_DAYS = 84  # small units are judged over twelve weeks too
SILENT_DAYS = 3  # records that end earlier than this tell nothing of today
HARDLY = 1e-4  # two missed of a promise to all: told by less chance than this
Within = tuple[int | None, int, int | None]  # days, calendar months, working days
Days = Callable[[str], Within]  # of a parameter


@dataclass(frozen=True)
class Effects:
    """What events of some types do for one promise: begin something owed, answer it, are counted."""

    openings: tuple[Opening, ...] = ()
    answers: tuple[Answer, ...] = ()
    countings: tuple[Counting, ...] = ()


@dataclass(frozen=True)
class Judge:
    """How a group's sums are held against a promise.

    `needed`: what a group's value must be (at least; at most where `at_most`). `per`: a group's met of total is divided by it.
    `valued`: False where a group has no value of its own. `by_unit`: the whole is the share of units that keep it. `by_chance`: may so many
    be missed by chance though it is kept? `few`, `spread`: how unlikely is told, and how misses cluster. `whole_at_most`: the whole is kept
    at or below the target.
    """

    target: float
    needed: float
    few: float
    spread: float
    per: float = 1.0
    valued: bool = True
    at_most: bool = False
    by_unit: bool = False
    by_chance: bool = False
    whole_at_most: bool = False
    limit: float = 0.0

    def judged(self, groups: Sequence[Group]) -> Groups:
        """The groups with value and whether it is kept, None where too few to tell: the worst first."""
        out = []
        for g in groups:
            value = g.met / g.total / self.per if self.valued and g.total > 0 else None
            kept = None
            if value is not None:
                kept = value <= self.needed if self.at_most else value >= self.needed
                if kept is False and self.could_be_chance(g.total, g.met):
                    kept = None
            out.append(g._replace(value=value, kept=kept))
        down = -1 if self.at_most else 1
        out.sort(key=lambda g: (g.kept is not False, down * (g.value if g.value is not None else 9.0), g.group))
        return tuple(out)

    def could_be_chance(self, total: int, met: int) -> bool:
        """Of a promise to all, and of what a unit meets or not, never."""
        return (
            self.by_chance and self.target < 1
            and chance_of(total, total - met, self.target, spread=self.spread) > self.few
        )  # fmt: skip

    def whole(self, total: int, met: int, by_unit: Groups) -> float | None:
        if self.by_unit:
            told = [g.kept for g in by_unit if g.kept is not None]
            return sum(told) / len(told) if told else None
        return met / total if total > 0 else None

    @property
    def limits(self) -> Limits:
        """How many of so many may be missed before it is told as broken."""
        by_chance = self.by_chance and self.target < 1
        return Limits(self.target, self.few if by_chance else 1.0, self.spread)

    def keeps(self, value: float) -> bool:
        return value <= self.target if self.whole_at_most else value >= self.target


Whole_ = tuple[int, int, int, int, int]
_NOTHING: Whole_ = (0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Sums:
    """All promises' sums at a moment: `groups` and `owed_groups` by level and key, `wholes` and `waits` by key, as rows in `summed`."""

    today: date
    upto: date
    summed: pl.DataFrame
    groups: Mapping[Level, Mapping[str, Sequence[Group]]]
    owed_groups: Mapping[Level, Mapping[str, Sequence[Group]]]
    wholes: Mapping[str, Whole_]
    waits: Mapping[str, tuple[int, int]]


def sums_of_moment(
    today: date, register: pl.DataFrame, last: pl.DataFrame, summed: pl.DataFrame, owed: pl.DataFrame
) -> Sums:
    """The sums by level. `register`: the units; `summed`, `owed`, `last`: see `torni.supervision.known_sums`."""
    producer = register.select("unit", "producer")
    summed, owed = summed.join(producer, on="unit", how="left"), owed.join(producer, on="unit", how="left")
    as_counts = owed.select(
        pl.col("promise").alias("key"), "unit", "municipality", "producer", pl.col("open").alias("total"),
        (pl.col("open") - pl.col("overdue")).alias("met"), pl.col("overdue").alias("late"),
    )  # fmt: skip
    return Sums(
        today, last.filter(pl.col("unit") == "")["last"].item(), summed,
        {level: _by_level(summed, level) for level in LEVELS}, {level: _by_level(as_counts, level) for level in LEVELS},
        {row[0]: row[1:] for row in summed.group_by("key").agg(pl.col("total", "met", "late", "today_total", "today_met").sum()).iter_rows()},
        {row[0]: row[1:] for row in owed.group_by("promise").agg(pl.col("open", "overdue").sum()).iter_rows()},
    )  # fmt: skip


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


class EventPromise(Promise):
    """A promise that events keep or break."""

    responsible: Responsible | None = Field(None, description="Whose work it is to do what is owed.")
    task: Text | None = Field(None, description="What is to be done, as the worklist tells it.")
    missed: Text | None = Field(None, description="What the case manager is told when another's task is late.")
    over_days: Whole = Field(28, ge=1, le=1100, description="The days up to now that the value is counted over.")

    reads: ClassVar[Reads] = "events"
    named_by: ClassVar[tuple[str, ...]] = ("event",)  # the fields that name its events
    tells: ClassVar[tuple[str, Needed] | None] = None  # the field whose event must tell a number, and which
    begins: ClassVar[bool] = False  # its events begin something owed
    live: ClassVar[bool] = False  # counted up to the moment, not to the last complete day
    long: ClassVar[bool] = False  # a share of events: judged over twelve weeks too, and told week by week
    people: ClassVar[People] = "total"

    def events(self) -> Iterator[tuple[str, str]]:
        for key in self.named_by:
            named = getattr(self, key) or []
            yield from ((key, type_) for type_ in ([named] if isinstance(named, str) else named))

    @property
    def of_guidance(self) -> bool:
        named = {type_ for _key, type_ in self.events()}
        return self.responsible is not None or "visit.planned" in named

    @property
    def of_own_people(self) -> bool:
        return self.responsible in OWN_PEOPLE

    @property
    def by_visit(self) -> bool:
        """Is it owed visit by visit, so that a client's misses are told together?"""
        return False

    @property
    def watched(self) -> float | None:
        """The promised share, where each morning's watch looks at its misses."""
        return self.target if self.by_chance and self.target < 1 else None

    @property
    def weekly(self) -> bool:
        return self.long

    @property
    def alerts_by(self) -> Literal["watch", "groups", "units", "whole"]:
        return "watch" if self.watched is not None else "units" if self.by_units else "groups"

    @property
    def alert_days(self) -> int | None:
        return self.over_days

    @abstractmethod
    def effects(self, name: str, service: str, days: Days) -> Effects:
        """What its events do. `name`: service.promise."""

    def windows(self, name: str, today: date, definitions: Definitions) -> list[Window]:
        """The sums that judging asks for."""
        out = [Window(name, name, self.over_days)]
        return [*out, Window(f"{name} long", name, LONG_DAYS)] if self.long else out

    def judge(self, definitions: Definitions, residents: int) -> Judge:
        return self.judging(definitions)

    def judging(self, definitions: Definitions, **how: object) -> Judge:
        usual = {"target": self.target, "needed": self.target, "few": definitions.number("detection.few"), "spread": definitions.number("detection.spread"), "by_chance": self.by_chance}  # fmt: skip
        return Judge(**{**usual, **how})  # type: ignore[arg-type]

    def source_of(self, sums: Sums) -> Mapping[Level, Mapping[str, Sequence[Group]]]:
        """By which sums its groups are judged."""
        return sums.groups

    def counts_of(self, name: str, sums: Sums) -> tuple[int, int, int]:
        """What was due in all, met and late."""
        total, met, late, _today, _met = sums.wholes.get(name, _NOTHING)
        return total, met, late

    def valued(
        self, name: str, sums: Sums, judge: Judge, by_unit: Groups, definitions: Definitions
    ) -> tuple[float | None, Accrued | None]:
        total, met, _late = self.counts_of(name, sums)
        return judge.whole(total, met, by_unit), None

    def margin(
        self, judge: Judge, state: State, total: int, met: int, by_unit: Groups, spent: Accrued | None
    ) -> Margin | None:
        """How many more misses break it, or how many in time mend it; None where it is no share of events."""
        if not self.long or total <= 0:
            return None
        if state == "broken":
            return Margin(True, None, more_kept(judge.limits, total, total - met))
        more = more_misses(judge.limits, total, total - met)
        return Margin(False, more, None) if more is not None else None

    def margin_text(self, m: Margin) -> str:
        """The margin as one sentence; empty where nothing can be told."""
        return share_margin(m, self.misses_text(m.more or 0), self.over_days)

    def misses_text(self, count: int) -> str:
        """So many more misses, as the beginning of a sentence."""
        return ngettext(
            "{n} more late or not done and the promise is broken", "{n} more late or not done and the promise is broken", count
        ).format(n=number(count))  # fmt: skip

    def doubts(self, spent: Accrued, judge: Judge) -> list[Message]:
        """What of the spending is not known well enough to tell whether the promise holds."""
        return []

    def find(self, service: str, sums: Sums, definitions: Definitions, *, residents: int) -> Finding:
        """The finding, a pure function of the sums. `residents`: of the region."""
        name = f"{service}.{self.id}"
        total, met, late = self.counts_of(name, sums)
        _total, _met, _late, today_total, today_met = sums.wholes.get(name, _NOTHING)
        open_, overdue = sums.waits.get(name, (0, 0))
        missing: list[Message] = []
        judge = None
        try:
            judge = self.judge(definitions, residents)
        except BadInput as error:
            missing.append(Message("{where}: {what}", where=error.faults[0].where, what=error.faults[0].what))
        source = self.source_of(sums)
        by: dict[Level, Groups] = {
            level: judge.judged(source[level].get(name, [])) if judge else () for level in LEVELS
        }
        long: dict[Level, Groups] = {}
        if judge and f"{name} long" in sums.wholes:
            long = {level: judge.judged(sums.groups[level].get(f"{name} long", [])) for level in LEVELS}
        value, spent = self.valued(name, sums, judge, by["unit"], definitions) if judge else (None, None)
        missing += self.doubts(spent, judge) if judge and spent else []
        if (sums.today - sums.upto).days > SILENT_DAYS:
            missing.append(Message("records are complete only up to {day}", day=f"{sums.upto:%-d.%-m.%Y}"))
        state: State = "unknown"
        too_few = False
        if value is not None and judge and not missing:
            state = "kept" if judge.keeps(value) else "broken"
            if state == "broken" and judge.could_be_chance(total, met):
                state, too_few = "unknown", True
                missing.append(
                    Message(
                        "too few to tell: {missed} missed of {total} could be chance", missed=total - met, total=total
                    )
                )
        silent = (sums.today - sums.upto).days > SILENT_DAYS
        margin = None
        if judge and value is not None and not silent and (too_few or not missing):
            margin = self.margin(judge, state, total, met, by["unit"], spent)
        return Finding(
            name, service, self, judge.target if judge else 1.0, value, 0.0 if value is None else value, 1.0 if value is None else value,
            state, "events", met, total, None, tuple(missing), self.rests_on_invented(definitions), definitions.version(service), sums.today,
            too_few=too_few, by=by, late=late, today_total=today_total, today_met=today_met, open=open_, overdue=overdue,
            last=sums.today if self.live else sums.upto, long=long, accrued=spent, margin=margin,
            needed=judge.needed if judge and judge.by_unit else None,
        )  # fmt: skip

    def rests_on_invented(self, definitions: Definitions) -> bool:
        """Does the promise, or a limit of it, rest on what is invented?"""
        if definitions.sources[self.source].invented:
            return True
        for name in self.parameters:
            parameter = getattr(self, name)
            if parameter:
                try:
                    if definitions.value(parameter).source.invented:
                        return True
                except BadInput:
                    return True
        return False

    def value_text(self, f: Finding) -> str:
        if f.value is None:
            return "–"
        if f.needed is None:
            return per_cent(f.value)
        units = [g.kept for g in f.groups("unit") if g.kept is not None]  # so many units, as of what units there are
        return f"{number(sum(units))}/{number(len(units))}"

    def counted_text(self, f: Finding) -> str:
        return _("{met} of {total} in {days} days").format(
            met=number(f.met), total=number(f.total), days=self.over_days
        )

    def now_text(self, f: Finding) -> str:
        if f.open:
            return _("{open} open, {overdue} overdue").format(open=number(f.open), overdue=number(f.overdue))
        return ""


def units_short(f: Finding) -> str:
    """Of what each unit meets or does not: how many do not."""
    units = f.groups("unit")
    short = sum(g.kept is False for g in units)
    return _("{short} of {all} units short").format(short=number(short), all=number(len(units)))


def not_as_promised(count: int) -> str:
    """So many more that are not as promised: of what is measured, not awaited."""
    return ngettext(
        "{n} more not as promised and the promise is broken", "{n} more not as promised and the promise is broken", count
    ).format(n=number(count))  # fmt: skip


def apart(*types: str) -> None:
    """Refuse a promise in which one type of event would do two things."""
    for i, type_ in enumerate(types):
        if type_ in types[:i]:
            raise ValueError(
                t("{event} cannot both begin and end one thing; name another event for one of the two", event=type_)
            )


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
    from scipy.special import betainc  # its import is a good part of a stored answer's time

    return float(betainc(missed / spread, (total - missed) / spread + 1, 1 - target))
