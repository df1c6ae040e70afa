"""What residents live through in a block: visits of home care, contacts and their care, fees, needs, home sensors."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from torni.simulation.year.block import BLOCK_DAYS, Block, days_of, text
from torni.simulation.year.calendar import (
    Service,
    growth,
    influenza,
    number_of,
    open_near,
    unlike,
    usual,
    visiting,
)
from torni.simulation.year.chance import Floats, Ints
from torni.simulation.year.plans import plans

_OF_AGE = (17, 64, 74, 84, 94)  # the last ages of the bands
# Hours a month that make a visit a day, by band, so that clients have the visits a year that they had in 2019 (THL, Kotihoito 2019:
# visits over clients 93, 157, 179, 246, 290 from 18-64 on). The population's hours are invented, and so are these.
_HOURS = np.array([88.0, 88.0, 26.8, 35.4, 30.1, 27.0])
_A_NURSES_DAY = 9  # visits, invented


def home_care(block: Block) -> None:
    """Planned visits, made the same day but for a few; some are called off by the client. More each year, most where the old are many."""
    chance, people, days = block.chance, block.people, days_of(block)
    rows = np.flatnonzero(people["home_care_unit"] >= 0)
    hours = people["hours"][rows].astype(float)
    usual = np.clip(hours / _HOURS[np.digitize(people["age"][rows], _OF_AGE, right=True)], 0.05, 5.0)
    teams = block.world.rows("home_care")
    place = np.searchsorted(teams, people["home_care_unit"][rows])
    factor = (
        visiting(days) * unlike(chance, "home care's day", 0.015, days)
        * unlike(chance, "team's day", 0.03, days, teams[:, None]) * growth(block.world.ageing[teams][:, None], days)
    )  # fmt: skip
    day, who = np.repeat(days, len(rows)), np.tile(rows, BLOCK_DAYS)
    rate = (factor[place] * usual[:, None]).T.ravel()
    client = people["client"][who]
    count = (np.floor(rate) + (chance.share("one more visit", client, day) < rate % 1)).astype(np.int64)
    order = np.arange(count.sum()) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    day, who, client = np.repeat(day, count), np.repeat(who, count), np.repeat(client, count)
    unit = people["home_care_unit"][who]
    matter = text("visit", day, client, order)  # the day first: what is near in time is near in every index
    minute = 7 * 60 + np.minimum(order, 4) * 190 + chance.whole(0, 90, "minute of visit", client, day, order)
    block.add("visit.planned", "home_care", day - 1, 15 * 60, key=matter, who=who, unit=unit, matter=matter, due=day)
    nurses = np.maximum(1, np.rint(np.bincount(place, usual, len(teams)) / _A_NURSES_DAY)).astype(np.int64)
    nurse = (chance.share("whose nurse", client) * nurses[np.searchsorted(teams, unit)]).astype(np.int64)
    draw = block.together(chance.share("visit made", client, day, order), "visit made", day, unit, nurse)
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    level = chance.between(0.5, 1.5, "unit's missed visits", unit)
    missed = np.where(
        weekend & block.faulty("missed_weekends", day, block.unit_of(unit, "producer")), 0.22, 0.0042 * level
    )  # fmt: skip
    off = chance.share("visit called off", client, day, order) < 0.012
    made = ~off & (draw >= missed)
    recorded = _recorded(block, "visit", 0.016, unit, day, client, order)
    for chosen, type_ in ((made, "visit.made"), (off, "visit.called_off")):
        block.add(type_, "home_care", day[chosen], minute[chosen], key=matter.filter(chosen), who=who[chosen], unit=unit[chosen], matter=matter.filter(chosen), recorded=recorded[chosen])  # fmt: skip
    _mended(block, "home_care", made, minute, who, unit, matter, day, recorded, client, order)
    said = np.flatnonzero(made & (chance.share("feedback", client, day, order) < 0.02))
    _feedback(block, "home_care", day[said], unit[said], matter.gather(said), client[said])


def _recorded(block: Block, what: str, most: float, unit: Ints, day: Ints, *keys: Ints) -> Ints:
    """The days on which what happened is recorded: the same evening, but a few one to seven days late.

    A unit's share of late ones is its own, up to `most`; and where a unit's practice changes, all are recorded a day later.
    """
    share = block.chance.between(0.2, 1.0, f"unit's late records of {what}", unit) * most
    rest = block.chance.share(f"{what} recorded late", day, *keys) / share  # of the late ones: even draws below 1
    late = np.where(rest < 1, np.minimum(1 + np.floor(-np.log2(np.maximum(rest, 2.0**-8))), 7), 0).astype(np.int64)
    for change in block.changes:
        if change.kind == "recorded_next_day":
            late += (block.unit_of(unit, "unit") == change.where) & (day >= number_of(change.since))
    return day + late


def _mended(
    block: Block,
    service: str,
    made: Any,
    minute: Ints,
    who: Ints,
    unit: Ints,
    matter: pl.Series,
    day: Ints,
    recorded: Ints,
    *keys: Ints,
) -> None:
    """A few records of visits are mended some days later: most get the right time, some are withdrawn, for nobody came."""
    draw = block.chance.share(f"{service} record mended", day, *keys)
    for low, high, type_ in ((0.0, 0.0015, "visit.made"), (0.0015, 0.0019, "event.withdrawn")):
        rows = np.flatnonzero(made & (draw >= low) & (draw < high))
        wrong = text(day[rows], "visit.made", matter.gather(rows))
        again = recorded[rows] + block.chance.whole(1, 5, "mended after", day[rows], *(k[rows] for k in keys))
        if type_ == "visit.made":
            block.add(type_, service, day[rows], minute[rows] + 10, key=matter.gather(rows) + "-again", who=who[rows], unit=unit[rows], matter=matter.gather(rows), recorded=again, replaces=wrong)  # fmt: skip
        else:
            block.add(type_, None, again, 14 * 60, key=wrong, unit=unit[rows], replaces=wrong)


def _feedback(block: Block, service: str, day: Ints, unit: Ints, key: pl.Series, client: Ints) -> None:
    """Marks from 1 to 5 on the day after; 95 to 97 in a hundred are good, by unit. Nobody's name goes with it."""
    draw = block.chance.share("mark", client, day)
    bad = block.chance.between(0.03, 0.05, "unit's bad marks", unit)
    mark = np.select([draw < 0.52, draw < 1 - bad, draw < 1 - bad / 2, draw < 1 - bad / 8], [5, 4, 3, 2], 1)
    block.add("feedback.given", service, day + 1, 12 * 60, key=key, unit=unit, quantity=mark)


def home_care_fees(block: Block) -> None:
    """Each client's fee of the month, charged on its third day."""
    rows = np.flatnonzero(block.people["home_care_unit"] >= 0)
    for when in days_of(block):
        on = date(1970, 1, 1) + timedelta(days=int(when))
        if on.day != 3:
            continue
        wrong = bool(block.faulty("wrong_formula", np.array([when]), np.array(["home_care"]))[0])
        cents, data = [], []
        for i in rows:
            facts = {
                "household_size": int(block.people["household_size"][i]), "gross_income_eur_month": int(block.people["income_cents"][i]) / 100,
                "service_hours_month": int(block.people["hours"][i]),
            }  # fmt: skip
            # the formula gone wrong, as it did in South Karelia: the percentage and limit of another household
            used = {**facts, "household_size": 2 if facts["household_size"] == 1 else 1} if wrong else facts
            right = block.right(on, "home_care", used)
            cents.append(int((right or Decimal(0)) * 100))
            data.append(json.dumps({"formula": "home_care", "facts": facts}))
        keep = np.array(cents) > 0
        block.add(
            "fee.charged", "home_care", np.full(int(keep.sum()), when), 9 * 60, who=rows[keep], cents=np.array(cents)[keep],
            key=text(block.people["client"][rows[keep]], on.strftime("%Y%m")), data=pl.Series(data).filter(keep), source="billing",
        )  # fmt: skip


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
    told = _recorded(block, f"contacts {service}{name}", 0.03, unit, day, client, order)
    block.add("contact.made", service, day, minute, key=matter, who=who, unit=unit, matter=matter, recorded=told)
    if name == " phone":
        block.add(
            "visit.called_off", service, day, minute + 15, key=matter, who=who, unit=unit, matter=matter, recorded=told
        )
        return
    lived = day - _born(block, who)
    short = lived < 23.1 * 365.2425  # whoever may count as under 23, and a few more
    mean = np.where(short, 4.0, 19.0) if service == "doctor_reception" else np.full(len(who), 45.0)
    wait = chance.waits(
        mean * chance.between(0.8, 1.2, f"unit's waits {service}", unit), f"wait {service}", client, day, order
    )
    late = block.together(chance.share("long wait", client, day, order), "long wait", day, unit)
    municipality = block.people["municipality"][who]
    if service == "doctor_reception":
        young = lived < 23 * 365  # surely under 23 on the day of contact
        surely = chance.between(0.003, 0.009, "unit's late ones", unit)
        wait = np.where(young & (late < surely), wait + 15, wait)
        wait = np.where(young & block.faulty("long_waits", day, municipality) & (late < 0.5), wait + 16, wait)
    seen = np.where(wait > 0, open_near(day + wait, day), day)
    off = chance.share("called off", client, day, order) < 0.03
    came = ~off & (chance.share("came", client, day, order) < 0.996)
    at = np.where(
        seen == day,
        np.minimum(minute + 60, 22 * 60),
        8 * 60 + chance.whole(0, 440, "minute of care", client, day),
    )
    recorded = np.maximum(told, _recorded(block, f"care {service}{name}", 0.02, unit, seen, client, order))
    for chosen, type_ in ((came, "visit.made"), (off, "visit.called_off")):
        block.add(type_, service, seen[chosen], at[chosen], key=matter.filter(chosen), who=who[chosen], unit=unit[chosen], matter=matter.filter(chosen), recorded=recorded[chosen])  # fmt: skip
    if service != "doctor_reception":
        _mended(block, service, came, at, who, unit, matter, seen, recorded, client, order)
        return
    said = np.flatnonzero(came & (chance.share("feedback", client, day, order) < 0.03))
    _feedback(block, service, seen[said], unit[said], matter.gather(said), client[said])
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
    ages, stretch = age[keep], charged
    cents, data = np.zeros(len(ages), np.int64), np.empty(len(ages), object)
    for one in np.unique(np.column_stack([ages, _stretches(stretch)]), axis=0):
        rows = (ages == one[0]) & (_stretches(stretch) == one[1])
        facts = {"age": int(one[0])}
        amount = block.right(date(int(one[1]), 6, 1), "doctor_visit", facts)
        cents[rows] = int((amount if amount is not None else Decimal("28.20")) * 100)
        data[rows] = json.dumps({"formula": "doctor_visit", "facts": facts})
    block.add(
        "fee.charged", "doctor_reception", charged, 10 * 60, key=matter.filter(keep), who=who[keep], unit=unit[keep],
        matter=matter.filter(keep), cents=cents, data=pl.Series(data, dtype=pl.String), source="billing",
    )  # fmt: skip


def _born(block: Block, who: Ints) -> Ints:
    """Days of birth, from 1970."""
    days: Ints = block.people["born"][who].astype("datetime64[D]").astype(np.int64)
    return days


def _stretches(day: Ints) -> Ints:
    return day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def needs(block: Block) -> None:
    """A need is reported, assessed, decided; for some a plan is made and home care starts."""
    people = block.people
    client, age = people["client"], people["age"]
    weight = usual("needs_assessment", False, days_of(block)) * unlike(
        block.chance, "region's day needs", 0.05, days_of(block)
    )
    rate = np.where(age >= 75, 0.16, np.where(age >= 65, 0.05, 0.012)) * weight.sum() / 365.25
    count = block.chance.counts(rate, "needs", client, block.number)
    who = np.repeat(np.arange(len(client)), count)
    order = np.arange(len(who)) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    asked = client[who]
    drawn = block.chance.share("need day", asked, block.number, order)
    day = block.first + np.searchsorted(np.cumsum(weight)[:-1] / weight.sum(), drawn, side="right")
    matter = text("need", block.number, asked, order)
    minute = 8 * 60 + block.chance.whole(0, 420, "need minute", asked, day)
    block.add("need.reported", "needs_assessment", day, minute, key=matter, who=who, matter=matter, source="guidance")
    wait = 1 + block.chance.waits(3.0, "assessment", asked, day, order)
    late = block.together(block.chance.share("assessed late", asked, day, order), "assessed late", day)
    wait = np.where(late < 0.012, wait + 8, wait)
    assessed = open_near(
        day + wait, day - 1
    )  # the same day at the earliest: the guarantee's seven days run over holidays too
    scores = block.chance.whole(1, 5, "maple", asked, day)
    days = [str(d) for d in assessed.astype("datetime64[D]")]
    scales = pl.Series([f'{{"instrument":"interRAI HC","on":"{d}","facts":{{"rai_maple":{m}}}}}' for m, d in zip(scores, days, strict=True)], dtype=pl.String)  # fmt: skip
    block.add("assessment.made", "needs_assessment", assessed, 15 * 60 + 30, key=matter, who=who, matter=matter, data=scales, source="guidance")  # fmt: skip
    decided = open_near(assessed + 1 + block.chance.waits(6.0, "decision", asked, day, order), assessed)
    teams = _teams(block)
    draw = np.searchsorted([0.5, 0.75], block.chance.share("team", asked, day), side="right")
    own = [teams.get(m, []) for m in people["municipality"][who]]
    unit = np.array(
        [rows[min(int(d), len(rows) - 1)] if rows else -1 for rows, d in zip(own, draw, strict=True)], np.int64
    )
    served = people["home_care_unit"][who] >= 0  # nobody comes into home care twice
    grants = (block.chance.share("granted", asked, day, order) < 0.35) & (age[who] >= 65) & (unit >= 0) & ~served
    # only a granted decision begins the wait for the service; a refusal belongs to the assessment
    for chosen, service, told, other in ((~grants, "needs_assessment", "refused", "granted"), (grants, "home_care", "granted", "refused")):  # fmt: skip
        rows = np.flatnonzero(chosen)
        by_rule = np.where(block.chance.share("by judgement", asked[rows], day[rows]) < 0.03, 0, 1)
        data = pl.Series(
            [
                f'{{"verdict":"{told}","proposed":"{told if r else other}","facts":{{"rai_maple":{{"value":{m},"on":"{d}"}}}}}}'
                for r, m, d in zip(by_rule, scores[rows], np.array(days)[rows], strict=True)
            ],
            dtype=pl.String,
        )
        block.add("decision.made", service, decided[rows], 13 * 60, key=matter.gather(rows), who=who[rows], matter=matter.gather(rows), quantity=by_rule, data=data, source="guidance")  # fmt: skip
    started = decided + block.chance.waits(1.2, "start", asked, day, order)
    late = block.together(block.chance.share("started late", asked, day, order), "started late", decided)
    started = np.where(late < 0.025, started + 4, started)
    ended = started + block.chance.whole(
        21, 90, "service lasts", asked, day, order
    )  # help for a while, as after a hospital stay
    mine = np.flatnonzero(grants)
    plans(block, who[mine], unit[mine], decided[mine], matter.gather(mine))
    for type_, when, at in (("service.started", started, 15 * 60), ("service.ended", ended, 16 * 60)):
        block.add(type_, "home_care", when[mine], at, key=matter.gather(mine), who=who[mine], unit=unit[mine], matter=matter.gather(mine), source="guidance")  # fmt: skip
    nobody = pl.Series(['{"case_manager":null}'] * len(mine), dtype=pl.String)
    block.add("case_manager.named", None, ended[mine], 16 * 60 + 30, key=text(matter.gather(mine), "ended"), who=who[mine], data=nobody, source="guidance")  # fmt: skip


def _teams(block: Block) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for row in block.world.rows("home_care"):
        out.setdefault(str(block.world.units["municipality"][int(row)]), []).append(int(row))
    return out


def home_sensors(block: Block) -> None:
    """A week's summary of the home sensors of every fourth home-care client."""
    rows = np.flatnonzero(block.people["home_care_unit"] >= 0)
    rows = rows[block.chance.share("has sensors", block.people["client"][rows]) < 0.25]
    for when in days_of(block)[6::7]:
        client = block.people["client"][rows]
        active = 7 - (block.chance.share("quiet days", client, when) ** 3 * 4).astype(np.int64)
        block.add("home.summarised", None, np.full(len(rows), when), 20 * 60, key=text(client, int(when)), who=rows, quantity=active, source="home sensors")  # fmt: skip
