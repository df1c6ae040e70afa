"""What residents ask of receptions in a block: contacts, the care that comes of them, and its fees."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl

from torni.simulation.year.block import BLOCK_DAYS, Block, days_of, text
from torni.simulation.year.calendar import Service, growth, influenza, number_of, open_near, unlike, usual
from torni.simulation.year.chance import Floats, Ints
from torni.simulation.year.records import feedback, mended, recorded_on

MOST_BEFORE = 6  # a fourth visit and every later one cost the client the same


def contacts(block: Block) -> None:
    """Residents ask for a doctor or a dentist, get there after a wait, and adults are charged for the doctor.

    With 1.16 doctor visits and 0.87 dental visits a resident-year, as nationally (THL 2022: 6.5 and 4.9 million of 5.6 million
    people); how they vary by age is invented.
    """
    doctor = 0.75 + 0.011 * block.people["age"]
    _asked(block, "doctor_reception", doctor, "centre", "")
    _asked(block, "dental", np.where(block.people["age"] < 1, 0.0, 0.91), "dental", "")
    for fault in block.faults:
        if fault.kind == "sudden_demand":  # beside the usual contacts, so that the usual stay the same draws
            there = block.people["municipality"] == fault.where
            _asked(
                block, "doctor_reception", np.where(there, 0.7 * doctor, 0.0), "centre", " more", number_of(fault.since)
            )
    for change in block.changes:
        if change.kind == "phone_contacts_recorded":
            there = block.unit_of(block.people["centre"], "unit") == change.where
            _asked(
                block,
                "doctor_reception",
                np.where(there, 0.25 * doctor, 0.0),
                "centre",
                " phone",
                number_of(change.since),
            )


def _asked(block: Block, service: Service, a_year: Floats, column: str, name: str, since: int = 0) -> None:
    """Contacts of one service: how many each resident makes in the block, and on which of its days."""
    if since >= block.first + BLOCK_DAYS:
        return
    client, place = block.people["client"], block.people[column]
    weight, group = _days_weights(block, service)
    whole = weight.sum(axis=1)
    level = block.chance.between(0.85, 1.15, f"unit's contacts {service}", np.arange(len(block.world.units)))
    level /= level[place].mean()  # units differ, the region's mean does not
    rate = a_year / 365.25 * whole[group] * level[place]
    count = block.chance.counts(rate, f"contacts {service}{name}", client, block.number)
    who = np.repeat(np.arange(len(client)), count)
    order = np.arange(len(who)) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    # a day is drawn by its group's weights: all groups' cumulated shares stand in one row, each group from its own whole number
    upto = (np.cumsum(weight, axis=1) / whole[:, None] + np.arange(len(weight))[:, None]).ravel()
    drawn = group[who] + block.chance.share(f"contact day {service}{name}", client[who], block.number, order)
    day = block.first + np.minimum(np.searchsorted(upto, drawn, side="right") - group[who] * BLOCK_DAYS, BLOCK_DAYS - 1)
    keep = day >= since
    _care(block, service, who[keep], day[keep], place[who[keep]], order[keep], name)


def _days_weights(block: Block, service: Service) -> tuple[Floats, Ints]:
    """How much is asked on each of the block's days, by municipality and age (children, others); and each resident's group."""
    chance, days, world = block.chance, days_of(block), block.world
    codes = world.municipality_codes
    by_age = [
        usual(service, child, days) * (influenza(chance, child, days) if service == "doctor_reception" else 1.0)
        for child in (False, True)
    ]
    number = codes.astype(np.int64)[:, None]
    place = (
        unlike(chance, f"region's day {service}", 0.03, days) * unlike(chance, f"municipality's day {service}", 0.05, days, number)
        * growth(chance.between(0.0, 0.03, f"growth {service}") + chance.between(-0.01, 0.01, f"municipality's growth {service}", number), days)
    )  # fmt: skip
    weight = np.concatenate([place * by_age[0], place * by_age[1]])
    return weight, world.municipality_rows + len(codes) * (block.people["age"] < 18)


def _care(block: Block, service: str, who: Ints, day: Ints, unit: Ints, order: Ints, name: str) -> None:
    """A contact and what comes of it. Care is given on open days; a contact settled by phone needs no visit."""
    chance = block.chance
    client = block.people["client"][who]
    letter = service[:2] + name.strip()
    matter = text(letter, block.number, client, order)
    minute = 8 * 60 + chance.whole(0, 420, "minute of contact", client, day)
    told = recorded_on(block, f"contacts {service}{name}", 0.03, unit, day, client, order)
    block.add("contact.made", service, day, minute, key=matter, who=who, unit=unit, matter=matter, recorded=told)
    if name == " phone":
        block.add(
            "visit.called_off", service, day, minute + 15, key=matter, who=who, unit=unit, matter=matter, recorded=told
        )
        return
    lived = day - _born(block, who)
    short = lived < 23.1 * 365.2425  # whoever may count as under 23, and a few more
    mean = np.where(short, 4.0, 19.0) if service == "doctor_reception" else np.where(short, 20.0, 45.0)
    wait = chance.waits(
        mean * block.level(0.8, 1.2, f"unit's waits {service}", unit), f"wait {service}", client, day, order
    )
    late = block.together(chance.share("long wait", client, day, order), "long wait", day, unit)
    municipality = block.people["municipality"][who]
    if service == "doctor_reception":
        young = lived < 23 * 365  # surely under 23 on the day of contact
        surely = block.level(0.003, 0.009, "unit's late ones", unit)
        wait = np.where(young & (late < surely), wait + 15, wait)
        wait = np.where(young & block.faulty("long_waits", day, municipality) & (late < 0.5), wait + 16, wait)
    seen = np.where(wait > 0, open_near(day + wait, day), day)
    off = chance.share("called off", client, day, order) < 0.03
    came = ~off & (block.together(chance.share("came", client, day, order), "came", day, unit) < 0.996)
    at = np.where(
        seen == day,
        np.minimum(minute + 60, 22 * 60),
        8 * 60 + chance.whole(0, 440, "minute of care", client, day),
    )
    recorded = np.maximum(told, recorded_on(block, f"care {service}{name}", 0.02, unit, seen, client, order))
    for chosen, type_ in ((came, "visit.made"), (off, "visit.called_off")):
        block.add(type_, service, seen[chosen], at[chosen], key=matter.filter(chosen), who=who[chosen], unit=unit[chosen], matter=matter.filter(chosen), recorded=recorded[chosen])  # fmt: skip
    if service != "doctor_reception":
        mended(block, service, came, at, who, unit, matter, seen, recorded, client, order)
        return
    said = np.flatnonzero(came & (chance.share("feedback", client, day, order) < 0.03))
    feedback(block, service, seen[said], unit[said], matter.gather(said), client[said])
    _doctor_fees(block, who[came], seen[came], unit[came], order[came], matter.filter(came), recorded[came])


def _doctor_fees(
    block: Block, who: Ints, day: Ints, unit: Ints, order: Ints, matter: pl.Series, known: Ints
) -> None:  # fmt: skip
    """Adults' visits are charged, on an open day from four days on, when the visit is known."""
    client = block.people["client"][who]
    age = np.floor((day - _born(block, who)) / 365.2425 + 1e-6).astype(np.int64)
    unbilled = block.together(block.chance.share("not billed", client, day, order), "not billed", day, unit)
    lost = np.where(block.faulty("never_billed", day, block.unit_of(unit, "unit")), 0.6, 0.001)
    keep = (age >= 18) & (unbilled >= lost)
    charged = day[keep] + block.chance.whole(4, 24, "billed after", client[keep], day[keep])
    charged = np.maximum(open_near(charged, day[keep] + 3), known[keep])
    # how many visits the client had before in the year is drawn by what is usual so far: blocks do not know each other's visits
    so_far = (0.75 + 0.011 * age[keep]) * (_day_of_year(day[keep]) / 365.25)
    before = np.minimum(block.chance.counts(so_far, "visits before", client[keep], day[keep], order[keep]), MOST_BEFORE)
    cases, case = np.unique(np.column_stack([age[keep], _stretches(charged), before]), axis=0, return_inverse=True)
    cents, data = np.zeros(len(cases), np.int64), np.empty(len(cases), object)
    for i, (years, stretch, visits) in enumerate(cases.tolist()):
        facts = {"age": years, "doctor_visits_this_year": visits}
        amount = block.right(date(stretch, 6, 1), "doctor_visit", facts)
        cents[i] = int((amount if amount is not None else Decimal("28.20")) * 100)
        data[i] = json.dumps({"formula": "doctor_visit", "facts": facts})
    case = case.ravel()
    block.add(
        "fee.charged", "doctor_reception", charged, 10 * 60, key=matter.filter(keep), who=who[keep], unit=unit[keep],
        matter=matter.filter(keep), cents=cents[case], data=pl.Series(data[case], dtype=pl.String), source="billing",
    )  # fmt: skip


def _day_of_year(day: Ints) -> Ints:
    days = day.astype("datetime64[D]")
    since: Ints = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return since


def _born(block: Block, who: Ints) -> Ints:
    """Days of birth, from 1970."""
    days: Ints = block.people["born"][who].astype("datetime64[D]").astype(np.int64)
    return days


def _stretches(day: Ints) -> Ints:
    return day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
