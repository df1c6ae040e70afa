"""What promises about the network rest on: residents in cells, units, travel; which units count; and what such promises share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from torni.core.language import Message, _, number, per_cent
from torni.core.texts import Identifier, Strict, Text
from torni.engines.travel import Seconds
from torni.promises.finding import PLACES, Finding, Group
from torni.promises.promise import Definitions, Promise, Reads
from torni.sources.population import Population

Size = Literal["S", "M", "L"]
SIZES: tuple[Size, ...] = ("S", "M", "L")
ROUNDING = 1e-9  # shares of fractional people carry float noise, never a person
Rows = npt.NDArray[np.int64]
Times = Callable[[str, Rows], Seconds]


class UnitFilter(Strict):
    """Which units count. `size_at_least` S is met by every unit of a sized kind; `unit_ids` names particular ones."""

    kind: Identifier
    size_at_least: Size | None = None
    unit_ids: list[str] = Field(default=[], min_length=1)


class Ground(Protocol):
    """What a promise may read of a region's network on a day (`torni.network.Network` is one)."""

    @property
    def library(self) -> Definitions: ...
    @property
    def population(self) -> Population: ...
    @property
    def units(self) -> pl.DataFrame: ...
    @property
    def names(self) -> Mapping[str, Text]: ...
    @property
    def known_kinds(self) -> frozenset[str]: ...
    @property
    def data_versions(self) -> Mapping[str, str]: ...
    @property
    def as_of(self) -> date: ...
    @property
    def municipality_codes(self) -> list[str]: ...
    @property
    def municipality_index(self) -> npt.NDArray[np.int64]: ...
    def people(self, population: str, /) -> npt.NDArray[np.float64]: ...
    def residents_of(self, code: str, /) -> int: ...
    def nearest(self, mode: str, groups: Sequence[Rows], /) -> list[Seconds]: ...
    def by_transit(self, rows: Rows, /) -> Seconds: ...
    def no_transit(self) -> Message | None: ...
    def travel_assumptions(self, mode: str, /) -> list[Message]: ...


class NetworkPromise(Promise):
    """A promise that units and where people live keep or break."""

    unit: UnitFilter

    reads: ClassVar[Reads] = "network"

    @property
    def counts(self) -> UnitFilter:
        return self.unit

    def references(self) -> Iterator[tuple[tuple[str | int, ...], str, str, str]]:
        yield from super().references()
        yield ("unit", "kind"), self.unit.kind, "kind", "a kind of unit"

    @abstractmethod
    def measure(self, ground: Ground, service: str, times: Times) -> Finding:
        """The promise measured. `times(mode, rows)`: seconds from every cell to the nearest of these unit rows."""

    def value_text(self, f: Finding) -> str:
        if f.value is None:
            return "–" if f.high - f.low > 0.999 else f"{per_cent(f.low)}–{per_cent(f.high)}"
        return f"{number(f.met)}/{number(f.total)}"

    def counted_text(self, f: Finding) -> str:
        return "" if f.affected is None else _("{count} residents outside").format(count=number(f.affected))

    def found(
        self, ground: Ground, service: str, *, told: bool, low: float, high: float, by_municipality: pl.DataFrame | None = None, **rest: Any
    ) -> Finding:  # fmt: skip
        """The finding: its value only where low and high are one."""
        table = places_table(ground, [], np.empty(0), np.empty(0)) if by_municipality is None else by_municipality
        rest = {**rest, "assumptions": tuple(rest.get("assumptions", ())), "missing": tuple(rest["missing"])}
        return Finding(
            id=f"{service}.{self.id}", service=service, promise=self, value=low if told else None, low=low, high=high,
            definition_version=ground.library.version(service), data_versions=ground.data_versions, as_of=ground.as_of, last=ground.as_of,
            by_municipality=table, by={"municipality": _groups(table, rest["target"])} if told and len(table) else {}, **rest,
        )  # fmt: skip


def _groups(table: pl.DataFrame, target: float) -> tuple[Group, ...]:
    """The municipalities of a table as groups, the worst first."""
    rows = table.select("municipality", "residents", "outside", "share").iter_rows()
    found = [
        Group(code, round(people), round(people - outside), 0, share, share + ROUNDING >= target)
        for code, people, outside, share in rows
    ]
    return tuple(sorted(found, key=lambda g: (g.kept is not False, g.value, g.group)))


@dataclass(frozen=True)
class Counted:
    """Which unit rows count: for sure, perhaps (size unknown), and the same without invented data."""

    sure: Rows
    perhaps: Rows
    sure_real: Rows
    perhaps_real: Rows
    known: bool
    known_real: bool

    @property
    def cases(self) -> list[Rows]:
        return [self.sure, self.perhaps, self.sure_real, self.perhaps_real]


def counted_units(ground: Ground, wanted: UnitFilter) -> Counted:
    units = ground.units
    offers = np.array([wanted.kind in kinds for kinds in units["kinds"].to_list()], bool)
    if wanted.unit_ids:
        offers &= np.isin(units["unit_id"].to_numpy().astype(str), wanted.unit_ids)
    size = units["size"].to_list()
    rank = np.array([SIZES.index(s) if s in SIZES else -1 for s in size])
    # S is the smallest: every unit of the kind meets it, whatever is known of its size.
    needed = SIZES.index(wanted.size_at_least) if wanted.size_at_least else 0
    large = rank >= needed if needed else np.ones(len(rank), bool)
    unstated = (rank < 0) & (needed > 0)
    invented = units["invented"].to_numpy().astype(bool)
    size_invented = units["size_invented"].to_numpy().astype(bool) & (needed > 0)
    real_kinds = {
        k for kinds, made_up in zip(units["kinds"].to_list(), invented, strict=True) if not made_up for k in kinds
    }
    return Counted(
        sure=np.flatnonzero(offers & large),
        perhaps=np.flatnonzero(offers & (large | unstated)),
        sure_real=np.flatnonzero(offers & ~invented & large & ~size_invented),
        perhaps_real=np.flatnonzero(offers & ~invented & (large | unstated | size_invented)),
        known=wanted.kind in ground.known_kinds,
        known_real=wanted.kind in real_kinds,
    )


def places_table(
    ground: Ground, codes: list[str], people: npt.NDArray[np.float64], outside: npt.NDArray[np.float64]
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "municipality": codes,
            "name": [str(ground.names[c]) if c in ground.names else c for c in codes],
            "residents": np.asarray(people, float),
            "outside": np.asarray(outside, float),
            "share": np.where(people > 0, 1 - outside / np.maximum(people, 1e-12), 1.0) if len(codes) else np.empty(0),
        },
        schema=PLACES,
    )
