"""Feature: every unit of a kind has something: a size, an electronic service."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from torni.core.language import Message
from torni.promises.finding import Finding, state_of
from torni.promises.ground import Ground, NetworkPromise, Rows, Times, counted_units


class FeaturePromise(NetworkPromise):
    """Every unit of a kind has something: a size, an electronic service."""

    kind: Literal["feature"]
    feature: Literal["size", "electronic"]
    share: Decimal = Field(Decimal(1), gt=0, le=1)

    labels: ClassVar = {"feature": Message("Features")}

    @property
    def target(self) -> float:
        return float(self.share)

    def measure(self, ground: Ground, service: str, times: Times) -> Finding:
        counted = counted_units(ground, self.unit)
        stated = ground.units[self.feature].to_list()
        invented = ground.units["size_invented"].to_numpy() if self.feature == "size" else np.zeros(len(stated), bool)

        def share(rows: Rows, known: Callable[[int], bool]) -> tuple[float, float, int]:
            has = sum(1 for i in rows if known(i) and stated[i] is not False)
            unknown = sum(1 for i in rows if not known(i))
            count = len(rows)
            return (has / count, (has + unknown) / count, unknown) if count else (0.0, 1.0, 0)

        low, high, unknown = share(counted.sure, lambda i: stated[i] is not None)
        real = share(counted.sure_real, lambda i: stated[i] is not None and not invented[i])
        missing = []
        if not len(counted.sure):
            kind = ground.library.unit_kinds[self.unit.kind].name
            missing.append(Message("no unit of the kind “{kind}” in the data of the unit network", kind=kind))
        elif unknown:
            what = (
                Message("the size of {count} units", count=unknown)
                if self.feature == "size"
                else Message("whether {count} units serve electronically", count=unknown)
            )
            missing.append(what)
        told = low == high
        return self.found(
            ground, service, target=self.target, low=low, high=high, state=state_of(low, high, self.target), told=told, counted="units",
            met=round(low * len(counted.sure)), total=float(len(counted.sure)), affected=0 if told and low == 1 else None,
            missing=missing, invented=(low, high) != real[:2],
        )  # fmt: skip
