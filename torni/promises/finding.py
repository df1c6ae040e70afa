"""A promise measured on facts at a moment: kept, broken, or cannot be told, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from torni.core.language import Message
from torni.services.schema import FeaturePromise, PresencePromise, ReachPromise
from torni.core.texts import Text

State = Literal["kept", "broken", "unknown"]


@dataclass(frozen=True)
class Finding:
    """What one promise is found to be.

    `value`, `low`, `high`: shares 0..1; `value` is None when the state is "unknown" and nothing could be measured.
    `low` and `high` differ where data is missing: the value if every unknown were bad, or good. A state is told only
    if both fall on the same side of the target. `met` of `total` gives the same as counts (of residents,
    municipalities, producers or units: `counted`). `affected`: residents for whom the promise does not hold, None if
    it cannot be told. `by_municipality`: municipality, name, residents (or 0/1 places), outside, share.
    `by_age`: age_group, people, outside, share (reach promises only).
    """

    id: str
    service: str
    promise: ReachPromise | PresencePromise | FeaturePromise
    sentence: Text
    target: float
    value: float | None
    low: float
    high: float
    state: State
    counted: Literal["residents", "municipalities", "producers", "units", "region"]
    met: float
    total: float
    affected: int | None
    by_municipality: pl.DataFrame
    by_age: pl.DataFrame | None
    assumptions: tuple[Message, ...]
    missing: tuple[Message, ...]
    invented: bool
    definition_version: str
    data_versions: Mapping[str, str] = field(default_factory=dict)
    as_of: date = date.min

    @property
    def kind(self) -> str:
        return self.promise.kind

    def worst(self, count: int = 3) -> pl.DataFrame:
        """The municipalities with most residents outside, at most `count`, none without any."""
        return self.by_municipality.filter(pl.col("outside") > 0).sort(
            ["outside", "municipality"], descending=[True, False]
        ).head(count)  # fmt: skip


def state_of(low: float, high: float, target: float) -> State:
    """Kept if even the worst case meets the target, broken if even the best does not."""
    if low >= target:
        return "kept"
    return "broken" if high < target else "unknown"
