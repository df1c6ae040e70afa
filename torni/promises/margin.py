"""How far a promise is from breaking, or from being kept again, and when that probably comes: one sentence beside its finding.

How many more misses break it follows from the sums of the moment. The days come from what the morning foretold of the share of events
(`torni.supervision.margins`); a budget's come from its own forecast, and a list has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from torni.core.language import _, ngettext, number, per_cent

_HARDLY = 0.02  # of so small a chance no number is told: so few of the simulated ways do not tell it


@dataclass(frozen=True)
class Foretold:
    """What a morning foretold of one promise, from what was known the evening before.

    `upto`: the last day counted. `broken`: was it told as broken on that day? Of a broken one all is of its being kept again. `within_14`, `within_28`:
    the chance that the state turns within so many days of `upto`; `first`, `last`: the days between which it turns with a chance of 90 %, where it
    turns within eight weeks. All None where too little is known. `soon`: it is called to break soon (`torni.supervision.margins`). `weeks`: what was due and what was met in each week up to `upto`, the newest
    last, at most a year of them.
    """

    upto: date
    broken: bool
    within_14: float | None
    within_28: float | None
    first: date | None
    last: date | None
    soon: bool
    weeks: tuple[tuple[int, int], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "upto": str(self.upto), "broken": self.broken, "within_14": self.within_14, "within_28": self.within_28,
            "first": self.first and str(self.first), "last": self.last and str(self.last), "soon": self.soon, "weeks": self.weeks,
        }  # fmt: skip

    @staticmethod
    def read(kept: Mapping[str, Any]) -> Foretold:
        def day(name: str) -> date | None:
            return date.fromisoformat(kept[name]) if kept[name] else None

        upto = day("upto")
        assert upto is not None
        weeks = tuple((total, met) for total, met in kept["weeks"])
        return Foretold(
            upto, kept["broken"], kept["within_14"], kept["within_28"], day("first"), day("last"), kept["soon"], weeks
        )


@dataclass(frozen=True)
class Margin:
    """Of a promise that is not `broken`, `more` misses break it (on a list: so many more on the fullest; of money: cents); of a broken one, `mends` in a
    row as promised (on lists: so many fewer; cents) keep it again, None where no number does: of a promise to all. `counted` tells which.

    `foretold`: what the morning foretold, None where nothing was or the state has turned since.
    """

    broken: bool
    more: int | None
    mends: int | None
    counted: str = "events"
    foretold: Foretold | None = None
    weeks: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    @property
    def breaks_soon(self) -> bool:
        """Is it called to break soon?"""
        return not self.broken and self.foretold is not None and self.foretold.soon

    def with_foretold(self, foretold: Foretold | None) -> Margin:
        """The same with what the morning foretold; what it foretold of another state than now is none of it."""
        if foretold is None:
            return self
        holds = foretold if foretold.broken == self.broken else None
        return replace(self, foretold=holds, weeks=foretold.weeks)

    def as_json(self) -> dict[str, Any]:
        """The contract of `margin` in `torni check --json`."""
        f = self.foretold
        return {
            "counted": self.counted, "broken": self.broken, "more": self.more, "mends": self.mends, "breaks_soon": self.breaks_soon,
            "within_14": f.within_14 if f else None, "within_28": f.within_28 if f else None,
            "first": str(f.first) if f and f.first else None, "last": str(f.last) if f and f.last else None,
        }  # fmt: skip


def share_margin(m: Margin, misses: str, days: int) -> str:
    """The margin of a share of events over so many days as one sentence: how many, and probably when. `misses`: its beginning where it is not broken."""
    f = m.foretold
    if m.broken:
        if m.mends is None:
            what = _("Kept again when nothing has been missed for {days} days").format(days=days)
        else:
            what = ngettext("{n} as promised in a row keeps it again", "{n} as promised in a row keep it again", m.mends).format(n=number(m.mends))  # fmt: skip
        if f is None or f.within_28 is None:
            return what + _("; too few to tell when")
        if f.within_28 >= 0.5 and f.first and f.last:
            return what + _("; as things go, probably {days}").format(days=days_text(f.first, f.last))
        if f.within_28 < _HARDLY:
            return what + _("; as things go, hardly within four weeks")
        return what + _("; as things go, the chance of that within four weeks is {chance}").format(
            chance=per_cent(f.within_28, 0)
        )
    if f is None or f.within_28 is None:
        return misses + _("; too few to tell when")
    if f.within_28 >= 0.5 and f.first and f.last:
        return misses + _(", probably {days}").format(days=days_text(f.first, f.last))
    if m.breaks_soon and f.first and f.last:
        return misses + _("; the chance of that within four weeks is {chance}, and then probably {days}").format(
            chance=per_cent(f.within_28, 0), days=days_text(f.first, f.last)
        )
    if f.within_28 < _HARDLY:
        return misses + _("; hardly within four weeks")
    return misses + _("; the chance of that within four weeks is {chance}").format(chance=per_cent(f.within_28, 0))


def days_text(first: date, last: date) -> str:
    """The time between two days as people write it: 14.12.–22.12.2026."""
    if first == last:
        return f"{last:%-d.%-m.%Y}"
    return f"{first:%-d.%-m.}{f'{first.year}' if first.year != last.year else ''}–{last:%-d.%-m.%Y}"
