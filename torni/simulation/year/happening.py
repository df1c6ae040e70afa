"""What happens in the invented region: everything that begins in one block of 28 days, to its end.

Each process is a pure function of the world, the faults and the block: visits of home care, contacts and their care, needs and
their assessments, staffing, complaints, lists, fees, invoices, feedback, home sensors, supervision. Every rate and delay here
is invented. A moment of recording is the evening of the day something happened; an outage holds it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import polars as pl

from torni.simulation.year.block import BLOCK_DAYS, Block, Right, days_of, text
from torni.simulation.year.changes import RecordingChange
from torni.simulation.year.contacts import contacts
from torni.simulation.year.faults import PlantedFault
from torni.simulation.year.lives import home_care, home_care_fees, home_sensors, needs
from torni.simulation.year.names import names
from torni.simulation.year.plans import reassessments, standing
from torni.simulation.year.upkeep import SUPERVISED_EVERY, complaints, invoices, lists, staffing, supervision
from torni.simulation.year.world import World

SPAN_DAYS = 168  # nothing goes on longer than this after it began


def happening(
    world: World, faults: Sequence[PlantedFault], number: int, right: Right, *, changes: Sequence[RecordingChange] = (), clustering: float = 1.0
) -> pl.DataFrame:  # fmt: skip
    """Everything that begins in the block, as rows of SCHEMA in the order of recording.

    `right(day, formula, facts)`: what a fee should be; the biller charges it, but for the planted fault.
    """
    block = Block(world, faults, number, right, changes=changes, clustering=clustering)
    for process in (
        home_care, home_care_fees, contacts, needs, reassessments, staffing, complaints, lists, invoices, home_sensors, supervision, _feeds,
    ):  # fmt: skip
        process(block)
    return pl.concat(block.frames).sort("recorded_day", "at", "id")


def begin(world: World, first: date) -> pl.DataFrame:
    """What is there on the first day: units, residents, lists with their limits, and the last supervision visits."""
    day = (first - date(1970, 1, 1)).days
    block = Block(world, (), 0, lambda *_: None)
    people, units = world.residents, world.units
    everyone = np.full(len(people), day)
    block.add(
        "unit.opened", None, np.full(len(units), day), 1, key=units["unit"], unit=np.arange(len(units)), source="torni",
        data=pl.Series([json.dumps({k: u[k] for k in ("name", "kind", "producer", "municipality")}, ensure_ascii=False) for u in units.iter_rows(named=True)]),
    )  # fmt: skip
    told = people.select(
        pl.concat_str([
            pl.lit('{"municipality":"'), "municipality", pl.lit('","born":"'), pl.col("born").dt.to_string("%Y-%m-%d"), pl.lit('","name":"'),
            pl.lit(names(block.chance, people["client"].to_numpy())), pl.lit('"}'),
        ])
    ).to_series()  # fmt: skip
    who = np.arange(len(people))
    key = people["client"].cast(pl.String)
    block.add("resident.registered", None, everyone, 2, key=key, who=who, data=told, source="population register")
    for kind in ("centre", "dental"):
        block.add("enrolment.began", kind, everyone, 3, key=kind + " " + key, who=who, unit=people[kind].to_numpy())
    for service, column in (("home_care", "home_care_unit"), ("elder_housing", "housing_unit")):
        served = np.flatnonzero(people[column].to_numpy() >= 0)
        mine = service + " " + key.gather(served)
        block.add(
            "service.started",
            service,
            everyone[served],
            4,
            key=mine,
            who=served,
            unit=people[column].to_numpy()[served],
            matter=mine,
        )
    standing(block, day)
    for kind in ("centre", "dental"):
        listed, rows = np.bincount(people[kind].to_numpy(), minlength=len(units)), world.rows(kind)
        limits = np.ceil(listed[rows] * 1.12).astype(np.int64) + 40
        block.add("enrolment.limited", kind, np.full(len(rows), day), 2, key=units["unit"].gather(rows), unit=rows, quantity=limits, source="torni")  # fmt: skip
    housing = world.rows("elder_housing")
    ago = (day - 1 + block.chance.whole(0, SUPERVISED_EVERY - 1, "supervision phase", housing)) % SUPERVISED_EVERY + 1
    block.add(
        "supervision.visited", "elder_housing", day - ago, 600, key=units["unit"].gather(housing) + " first",
        unit=housing, matter="supervision " + units["unit"].gather(housing), source="torni",
    )  # fmt: skip
    return pl.concat(block.frames).with_columns(pl.lit(day, pl.Int32).alias("recorded_day"))


def _feeds(block: Block) -> None:
    """At midnight each producer's system, billing, guidance and the registry tell that the day is complete."""
    names = [*block.world.producers, "billing", "guidance", "registry"]
    for when in days_of(block):
        data = pl.Series([json.dumps({"producer": n}, ensure_ascii=False) for n in names])
        key = text(np.array(names), int(when))
        block.add("feed.complete", None, np.full(len(names), when), 23 * 60 + 50, key=key, due=np.full(len(names), when), data=data, source="feeds")  # fmt: skip


def held_back(events: pl.DataFrame, faults: Sequence[PlantedFault]) -> pl.DataFrame:
    """The outage: what would have been recorded in it is recorded on the day after, but nothing is lost.

    What corrects or withdraws waits a day more: what it is about is there first.
    """
    for fault in faults:
        if fault.kind == "outage" and fault.until is not None:
            first, last = ((d - date(1970, 1, 1)).days for d in (fault.since, fault.until))
            day, again = pl.col("recorded_day"), pl.col("replaces_id").is_not_null().cast(pl.Int32)
            held = (day >= first) & (day <= last + again)
            events = events.with_columns(pl.when(held).then(last + 1 + again).otherwise(day).cast(pl.Int32).alias("recorded_day"))  # fmt: skip
    return events


def blocks(first: date, last: date) -> Iterator[int]:
    """The numbers of the blocks in which something recorded from the first to the last day can have begun."""
    a, b = ((d - date(1970, 1, 1)).days for d in (first, last))
    yield from range((a - SPAN_DAYS) // BLOCK_DAYS, (b + 1) // BLOCK_DAYS + 1)
