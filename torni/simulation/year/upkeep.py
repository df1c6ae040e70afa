"""What units go through in a block: staffing, complaints, lists, invoices, supervision visits."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from torni.simulation.year.block import BLOCK_DAYS, Block, days_of, text
from torni.simulation.year.calendar import open_near
from torni.simulation.year.chance import Ints

SUPERVISED_EVERY = 560


def staffing(block: Block) -> None:
    """Each housing unit's minutes of direct client work and clients, every day."""
    housed = block.people["housing_unit"]
    clients = np.bincount(housed[housed >= 0], minlength=len(block.world.units))
    rows = block.world.rows("elder_housing")
    rows = rows[clients[rows] > 0]
    day, unit = np.repeat(days_of(block), len(rows)), np.tile(rows, BLOCK_DAYS)
    usual = 0.65 + 0.05 * block.chance.share("usual staffing", unit)
    ratio = usual * (0.94 + 0.12 * block.chance.share("staffing", unit, day))
    ratio = np.where(block.faulty("understaffed", day, block.unit_of(unit, "unit")), ratio * 0.84, ratio)
    minutes = np.rint(clients[unit] * ratio * 328).astype(np.int64)
    block.add("staffing.reported", "elder_housing", day, 23 * 60, key=text(block.unit_of(unit, "unit"), day), unit=unit, quantity=minutes, of_quantity=clients[unit])  # fmt: skip


def complaints(block: Block) -> None:
    """Complaints, answered in time but at the planted unit."""
    world = block.world
    listed = np.bincount(block.people["centre"], minlength=len(world.units)).astype(float)
    cared = (
        np.bincount(block.people["home_care_unit"][block.people["home_care_unit"] >= 0], minlength=len(world.units))
        * 12.0
    )
    housed = (
        np.bincount(block.people["housing_unit"][block.people["housing_unit"] >= 0], minlength=len(world.units)) * 12.0
    )
    for service, weight in (("doctor_reception", listed), ("home_care", cared), ("elder_housing", housed)):
        if not weight.sum():
            continue
        a_year = max(len(block.people["client"]) * 0.0015, 120.0)
        rows = np.flatnonzero(weight)
        count = block.chance.counts(
            a_year * BLOCK_DAYS / 365 * weight[rows] / weight.sum(), f"complaints {service}", rows, block.number
        )
        unit = np.repeat(rows, count)
        order = np.arange(len(unit)) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
        day = block.first + block.chance.whole(0, BLOCK_DAYS - 1, f"complaint day {service}", unit, block.number, order)
        day = open_near(day, block.first - 1)
        matter = text(f"complaint-{service[:4]}", block.unit_of(unit, "unit"), block.number, order)
        block.add("complaint.made", service, day, 12 * 60, key=matter, unit=unit, matter=matter, source="registry")
        reply = open_near(day + 4 + block.chance.whole(0, 20, "answer", unit, day, order), day) - day
        if service == "doctor_reception":
            reply = np.where(block.faulty("late_answers", day, block.unit_of(unit, "unit")), reply + 30, reply)
        block.add(
            "complaint.answered", service, day + reply, 14 * 60, key=matter, unit=unit, matter=matter, source="registry"
        )


def lists(block: Block) -> None:
    """Few residents change their centre; to the planted one many come."""
    client, home = block.people["client"], block.people["centre"]
    moves = block.chance.share("changes centre", client, block.number) < 0.0006
    who = np.flatnonzero(moves)
    day = block.first + block.chance.whole(0, BLOCK_DAYS - 1, "change day", client[who], block.number)
    # where somebody else is: a large centre gets as many as it loses
    to = home[block.chance.whole(0, len(client) - 1, "to centre", client[who], block.number)]
    _moved(block, who, home[who], to, day, "")
    for fault in block.faults:
        if fault.kind != "full_list":
            continue
        since = (fault.since - date(1970, 1, 1)).days
        target = int(np.flatnonzero((block.world.units["unit"] == fault.where).to_numpy())[0])
        wanted = int(np.ceil(np.sum(home == target) * 1.12)) + 40 - int(np.sum(home == target))
        others = np.flatnonzero(home != target)
        ranked = others[np.argsort(block.chance.share("goes there", client[others]), kind="stable")][
            : int(wanted * 0.99)
        ]
        when = since + np.arange(len(ranked)) * 40 // max(len(ranked), 1)  # within forty days
        now = (when >= block.first) & (when < block.first + BLOCK_DAYS)
        _moved(block, ranked[now], home[ranked[now]], np.full(int(now.sum()), target), when[now], " too")


def _moved(block: Block, who: Ints, before: Ints, to: Ints, day: Ints, name: str) -> None:
    real = before != to
    who, before, to, day = who[real], before[real], to[real], day[real]
    key = text(block.people["client"][who], f"{block.number}{name}")
    block.add("enrolment.ended", "centre", day, 10 * 60, key=key, who=who, unit=before)
    block.add("enrolment.began", "centre", day, 10 * 60 + 1, key=key, who=who, unit=to)


def invoices(block: Block) -> None:
    """Each unit's invoice of the month before, on the fifth: each service a little under its appropriation, in its own way."""
    residents = len(block.people["client"])
    shares = {
        "home_care": (block.people["home_care_unit"], 185, 0.94), "elder_housing": (block.people["housing_unit"], 420, 0.97),
        "doctor_reception": (block.people["centre"], 190, 0.90),
    }  # fmt: skip
    for when in days_of(block):
        on = date(1970, 1, 1) + timedelta(days=int(when))
        if on.day != 5:
            continue
        for service, (units, euros, level) in shares.items():
            clients = np.bincount(units[units >= 0], minlength=len(block.world.units))
            rows = np.flatnonzero(clients)
            month = (
                residents
                * euros
                * 100
                / 12
                * (level - 0.02 + 0.04 * block.chance.share(f"{service}: month's cost", on.year * 12 + on.month))
            )
            cents = np.rint(month * clients[rows] / clients.sum()).astype(np.int64)
            key = text(
                np.full(len(rows), service), block.unit_of(rows, "unit"), np.full(len(rows), on.strftime("%Y%m"))
            )
            # the cost belongs to the month that it is for
            block.add(
                "invoice.received",
                service,
                np.full(len(rows), when),
                8 * 60,
                key=key,
                unit=rows,
                cents=cents,
                due=np.full(len(rows), when - on.day),
            )


def supervision(block: Block) -> None:
    """Each housing unit is visited about every nineteen months."""
    rows = block.world.rows("elder_housing")
    phase = block.chance.whole(0, SUPERVISED_EVERY - 1, "supervision phase", rows)
    for when in days_of(block):
        mine = rows[(when + phase) % SUPERVISED_EVERY == 0]
        name = pl.Series(block.unit_of(mine, "unit"), dtype=pl.String)
        block.add("supervision.visited", "elder_housing", np.full(len(mine), when), 10 * 60, key=text(name, int(when)), unit=mine, matter="supervision " + name, source="torni")  # fmt: skip
