"""One block of 28 days: the world it is in, its faults and its chance, and the events gathered in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from torni.simulation.year.calendar import number_of
from torni.simulation.year.chance import Chance, Floats, Ints
from torni.simulation.year.changes import ChangeKind, RecordingChange
from torni.simulation.year.faults import Kind, PlantedFault
from torni.simulation.year.world import World

BLOCK_DAYS = 28
SCHEMA: dict[str, Any] = {
    "source": pl.String, "id": pl.String, "type": pl.String, "at": pl.Datetime("us", "UTC"), "service": pl.String, "unit": pl.String,
    "client": pl.Int64, "matter": pl.String, "due": pl.Date, "quantity": pl.Int64, "of_quantity": pl.Int64, "cents": pl.Int64,
    "data": pl.String, "replaces_id": pl.String, "recorded_day": pl.Int32,
}  # fmt: skip
Right = Callable[[date, str, Mapping[str, Any]], Decimal | None]


class Block:
    """One block's events, gathered. `first`: its first day as days from 1970. `clustering`: of what is missed or late, how many
    times the variance of independent chances a group's count has (a nurse's day, a unit's day)."""

    def __init__(
        self, world: World, faults: Sequence[PlantedFault], number: int, right: Right, *, changes: Sequence[RecordingChange] = (), clustering: float = 1.0
    ) -> None:  # fmt: skip
        self.world, self.faults, self.number, self.right = world, faults, number, right
        self.changes, self.clustering = changes, clustering
        self.first = number * BLOCK_DAYS
        self.chance: Chance = world.chance
        self.people = {name: world.residents[name].to_numpy() for name in world.residents.columns}
        self.unit_names = world.units["unit"]
        self.frames: list[pl.DataFrame] = []

    def add(
        self, type_: str, service: str | None, day: Ints, minute: Any, *, key: pl.Series, unit: Ints | None = None,
        who: Ints | None = None, matter: pl.Series | None = None, due: Ints | None = None, quantity: Any = None,
        of_quantity: Any = None, cents: Any = None, data: pl.Series | None = None, source: str | None = None,
        recorded: Ints | None = None, replaces: pl.Series | None = None,
    ) -> None:  # fmt: skip
        """Events of one type. `who`: rows of residents. `unit`: rows of units; its producer's system sends the event.
        `recorded`: the days of recording, where they are not the day itself. `replaces`: the ids that each corrects or withdraws."""
        if not len(day):
            return
        units = None if unit is None else self.unit_names.gather(unit)
        sender: Any = pl.lit(source)
        if source is None:
            assert unit is not None, "an event comes from a unit's producer, or names its source"
            sender = pl.Series("source", self.world.units["producer"].gather(unit))
        local = pl.Series("at", day.astype("datetime64[D]").astype("datetime64[us]")).dt.offset_by("0h")
        made = pl.DataFrame(
            {"at": local, "minute": np.broadcast_to(np.asarray(minute, np.int64), len(day)), "key": key}
        ).select(
            sender.alias("source"),
            pl.concat_str([pl.lit(pl.Series("day", day)).cast(pl.String), pl.lit(f"-{type_}-"), pl.col("key")]).alias(
                "id"
            ),
            pl.lit(type_).alias("type"),
            (pl.col("at") + pl.duration(minutes="minute"))
            .dt.replace_time_zone("Europe/Helsinki")
            .dt.convert_time_zone("UTC")
            .alias("at"),
            pl.lit(service, pl.String).alias("service"),
        )
        columns: dict[str, Any] = {
            "unit": units,
            "client": None if who is None else self.people["client"][who],
            "matter": matter,
            "due": None if due is None else due.astype("datetime64[D]"),
            "quantity": quantity, "of_quantity": of_quantity, "cents": cents, "data": data, "replaces_id": replaces,
            "recorded_day": (day if recorded is None else recorded).astype(np.int32),
        }  # fmt: skip
        self.frames.append(
            made.with_columns(
                [
                    (pl.lit(None) if values is None else pl.Series(name, values)).cast(SCHEMA[name]).alias(name)
                    for name, values in columns.items()
                ]
            ).select(list(SCHEMA))
        )

    def faulty(self, kind: Kind, day: Ints, where: Any = None) -> Any:
        """Where and when a fault of the kind holds. `where`: each event's place, compared with the fault's."""
        out = np.zeros(len(day), bool)
        for fault in self.faults:
            if fault.kind == kind:
                since = (fault.since - date(1970, 1, 1)).days
                until = (fault.until - date(1970, 1, 1)).days if fault.until else 1 << 40
                out |= (
                    (day >= since) & (day <= until) & (np.asarray(where) == fault.where if where is not None else True)
                )
        return out

    def together(self, draw: Floats, purpose: str, *keys: Ints) -> Floats:
        """The draws, so tied within the groups that the keys name that what is rare comes in clusters, as often as before.

        Each takes its group's common draw with a chance of its own: two of a group are then the same so often that a count of the
        group has `clustering` times the variance of independent draws (as far as so small a group can).
        """
        if self.clustering <= 1.0 or not len(draw):
            return draw
        _, group, size = np.unique(np.column_stack(keys), axis=0, return_inverse=True, return_counts=True)
        group = group.ravel()
        alike = np.sqrt(np.minimum(1.0, (self.clustering - 1) / np.maximum(size - 1, 1)))[group]
        common = self.chance.share(f"together {purpose}", self.number, *keys)
        # whether one goes with its group must not follow from its draw: a draw of the draw's last digits
        own = self.chance.share(f"with the group {purpose}", (draw * 2.0**53).astype(np.int64))
        return np.where(own < alike, common, draw)

    def level(self, low: float, high: float, purpose: str, unit: Ints) -> Floats:
        """How each event's unit differs from others for good: an even draw of the unit's own, from low to high."""
        return self.chance.between(low, high, purpose, np.arange(len(self.unit_names)))[unit]

    def changed(self, kind: ChangeKind, day: Ints, unit: Ints) -> Any:
        """Where and when a change of recording practice holds."""
        out = np.zeros(len(day), bool)
        for change in self.changes:
            if change.kind == kind:
                out |= (unit == self.unit_names.to_list().index(change.where)) & (day >= number_of(change.since))
        return out

    def unit_of(self, rows: Ints, column: str) -> Any:
        return self.world.units[column].to_numpy()[rows]


def days_of(block: Block) -> Ints:
    return np.arange(block.first, block.first + BLOCK_DAYS)


def text(*parts: Any) -> pl.Series:
    """Keys joined: `7-150000012-3`. A single text or number goes into every key."""
    columns = [
        pl.lit(str(p)) if isinstance(p, str | int) else pl.lit(pl.Series(str(i), p)).cast(pl.String)
        for i, p in enumerate(parts)
    ]
    return pl.select(pl.concat_str(columns, separator="-").alias("key")).to_series()
