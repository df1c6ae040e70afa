"""The small line of a promise's last year: each week's share, and the target. Drawn by the server, as every chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor

from torni.core.language import _, per_cent
from torni.promises.finding import Finding

WIDE, HIGH = 100, 22
_FEWEST_WEEKS = 4


@dataclass(frozen=True)
class Spark:
    """`path`: the line, broken where a week had nothing due; `goal`: the target's height."""

    path: str
    goal: float
    least: float
    most: float
    newest: float

    @property
    def text(self) -> str:
        """What the line shows, for those who do not see it."""
        return _("By week in a year: at least {least}, at most {most}, the newest {newest}").format(
            least=per_cent(self.least), most=per_cent(self.most), newest=per_cent(self.newest)
        )


def spark(f: Finding) -> Spark | None:
    """The line of what the morning knew of the weeks; None where there are hardly any."""
    return _drawn(f.margin.weeks, f.target) if f.margin else None


def foot_of(shares: Sequence[float], target: float) -> float:
    """Where the axis of a chart of shares begins: so far below the worst of them that its bar is seen, at nought at the lowest."""
    worst = min(0.9 * target, *shares)
    return max(0.0, floor(20 * (worst - 0.25 * (1.0 - worst))) / 20)


@lru_cache(maxsize=2_000)  # the same weeks are drawn on every page of a day
def _drawn(weeks: tuple[tuple[int, int], ...], target: float) -> Spark | None:
    shares = [met / total if total > 0 else None for total, met in weeks]
    told = [s for s in shares if s is not None]
    if len(told) < _FEWEST_WEEKS:
        return None
    least, most = min(*told, target), max(*told, target)
    span = max(most - least, 0.01)
    step = WIDE / max(len(weeks) - 1, 1)

    def at(share: float) -> float:
        return round(1.5 + (HIGH - 3) * (most - share) / span, 1)

    parts, drawing = [], False
    for i, share in enumerate(shares):
        if share is not None:
            alone = not drawing and (i + 1 == len(shares) or shares[i + 1] is None)
            parts.append(f"{'L' if drawing else 'M'}{round(i * step, 1):g} {at(share):g}{'h.1' if alone else ''}")
        drawing = share is not None
    return Spark("".join(parts), at(target), min(told), max(told), told[-1])
