"""What is known of an invented year on each of its days, reckoned from its log without a record room."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from torni.core.language import Message
from torni.core.progress import each
from torni.facts.book import Book, Books
from torni.facts.door import with_expected
from torni.facts.effects import COLUMNS, CORRECTIONS, Stretch, stretches, tally
from torni.simulation.year.happening import begin
from torni.simulation.year.running import Year

PART = 250_000  # events in a part of the log, on disk
_NAMED = {"source": pl.String, "id": pl.String, "replaces_id": pl.String}


@dataclass(frozen=True, eq=False)
class Known:
    """The tally (see torni.facts.effects), the register of units, and each feed's complete days with the day that told of them."""

    tally: pl.DataFrame
    units: pl.DataFrame
    feeds: Mapping[str, list[tuple[date, date]]]


def known(year: Year, books: Books, *, first: date, last: date) -> Known:
    """The same as a record room holds after `load_year` until the evening of the last day."""
    feeds: dict[str, list[tuple[date, date]]] = {}
    with TemporaryDirectory(prefix="torni") as folder:
        log = _Log(Path(folder), year, books)
        log.add(begin(year.world, first), first - timedelta(days=1))
        for day, events in each(year.days(first, last), Message("The invented year"), of=(last - first).days + 1):
            log.add(events, day)
            complete = events.filter(pl.col("type") == "feed.complete")
            for data, due in complete.select("data", "due").iter_rows():
                feeds.setdefault(json.loads(data)["producer"], []).append((due, day))
        sums = tally(log.parts(), log.books(), log.corrections())
    units = year.world.units.select("unit", "name", "kind", "producer", "municipality").sort("unit")
    return Known(sums, units, feeds)


class _Log:
    """One day's events after another, with what the door adds to them, in Parquet parts."""

    def __init__(self, folder: Path, year: Year, books: Books) -> None:
        self.folder, self._books = folder, books
        self._homes = year.world.residents.select("client", "born", home="municipality")
        self._places = year.world.units.select("unit", place="municipality")
        self._files: list[Path] = []
        self._waiting: list[pl.DataFrame] = []
        self._position = 0
        self._on: dict[date, Book] = {}

    def add(self, events: pl.DataFrame, known_on: date) -> None:
        if not len(events):
            return
        local = pl.col("at").dt.convert_time_zone("Europe/Helsinki").dt.date()
        events = events.with_columns(day=local, known_on=pl.lit(known_on))
        for day in set(events["day"].unique()) - self._on.keys():
            self._on[day] = self._books(day)
        mine = {day: self._on[day] for day in events["day"].unique()}
        for book in sorted({id(b): b for b in mine.values()}.values(), key=lambda b: b.since):  # in the door's order
            chosen = [day for day, own in mine.items() if own is book]
            part = events if len(chosen) == len(mine) else events.filter(pl.col("day").is_in(chosen))
            self._waiting.append(self._stamped(with_expected(part, book)))
        if sum(map(len, self._waiting)) >= PART:
            self._flush()

    def books(self) -> list[Stretch]:
        """The books of the log's days."""
        return stretches(self._on)

    def _stamped(self, events: pl.DataFrame) -> pl.DataFrame:
        """The door's own stamps: the position, and the client's municipality or else the unit's."""
        events = events.join(self._homes, on="client", how="left", maintain_order="left").join(
            self._places, on="unit", how="left", maintain_order="left"
        )
        start, self._position = self._position, self._position + len(events)
        return events.select(
            pl.int_range(start + 1, start + len(events) + 1).alias("position"),
            *(name for name in COLUMNS if name not in ("position", "municipality")),
            pl.coalesce("home", "place").alias("municipality"), *_NAMED,
        )  # fmt: skip

    def _flush(self) -> None:
        if self._waiting:
            path = self.folder / f"{len(self._files):06d}.parquet"
            pl.concat(self._waiting).write_parquet(path, compression="lz4")
            self._files.append(path)
            self._waiting = []

    def parts(self) -> list[Path]:
        self._flush()
        return self._files

    def corrections(self) -> pl.DataFrame:
        log = pl.scan_parquet(self.parts())
        told = (
            log.filter(pl.col("replaces_id").is_not_null())
            .select("position", "known_on", "source", id="replaces_id")
            .collect()
        )
        if not len(told):
            return pl.DataFrame(schema=CORRECTIONS)
        named = (
            log.select("source", "id", replaces="position")
            .join(told.lazy().select("source", "id"), on=["source", "id"], how="semi")
            .collect()
        )
        return told.join(named, on=["source", "id"])
