"""What residents live through in a block: visits of home care, contacts and their care, fees, needs, home sensors."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from torni.simulation.year.block import BLOCK_DAYS, Block, days_of, text
from torni.simulation.year.chance import Floats, Ints
from torni.simulation.year.plans import plans


def home_care(block: Block) -> None:
    """Planned visits, made the same day but for a few; some are called off by the client."""
    rows = np.flatnonzero(block.people["home_care_unit"] >= 0)
    hours = block.people["hours"][rows].astype(float)
    rate = np.clip(hours / 22.5, 0.15, 5.0)  # a visit of 45 minutes: hours a month over 22.5 are visits a day
    day = np.repeat(days_of(block), len(rows))
    who = np.tile(rows, BLOCK_DAYS)
    client = block.people["client"][who]
    rate = np.tile(rate, BLOCK_DAYS)
    count = (np.floor(rate) + (block.chance.share("one more visit", client, day) < rate % 1)).astype(np.int64)
    order = np.arange(count.sum()) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    day, who, client = np.repeat(day, count), np.repeat(who, count), np.repeat(client, count)
    unit = block.people["home_care_unit"][who]
    matter = text("visit", day, client, order)  # the day first: what is near in time is near in every index
    minute = 7 * 60 + np.minimum(order, 4) * 190 + block.chance.whole(0, 90, "minute of visit", client, day, order)
    block.add("visit.planned", "home_care", day - 1, 15 * 60, key=matter, who=who, unit=unit, matter=matter, due=day)
    draw = block.chance.share("visit made", client, day, order)
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    missed = np.where(
        weekend & block.faulty("missed_weekends", day, block.unit_of(unit, "producer")), 0.22, 0.006
    )  # fmt: skip
    off = block.chance.share("visit called off", client, day, order) < 0.012
    made = ~off & (draw >= missed)
    for chosen, type_ in ((made, "visit.made"), (off, "visit.called_off")):
        block.add(type_, "home_care", day[chosen], minute[chosen], key=matter.filter(chosen), who=who[chosen], unit=unit[chosen], matter=matter.filter(chosen))  # fmt: skip
    said = np.flatnonzero(made & (block.chance.share("feedback", client, day, order) < 0.02))
    _feedback(block, "home_care", day[said], unit[said], matter.gather(said), client[said])


def _feedback(block: Block, service: str, day: Ints, unit: Ints, key: pl.Series, client: Ints) -> None:
    """Marks from 1 to 5 on the day after; about nine in ten are good. Nobody's name goes with it."""
    draw = block.chance.share("mark", client, day)
    mark = np.select([draw < 0.48, draw < 0.92, draw < 0.97, draw < 0.99], [5, 4, 3, 2], 1)
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
    """Residents ask for a doctor or a dentist, get there after a wait, and adults are charged for the doctor."""
    age = block.people["age"]
    _asked(block, "doctor_reception", 0.75 + 0.011 * age, "centre", "")
    _asked(block, "dental", np.where(age < 1, 0.0, 0.45), "dental", "")
    for fault in block.faults:
        if fault.kind == "sudden_demand":  # beside the usual contacts, so that the usual stay the same draws
            there = block.people["municipality"] == fault.where
            since = (fault.since - date(1970, 1, 1)).days
            _asked(
                block, "doctor_reception", np.where(there, 0.7 * (0.75 + 0.011 * age), 0.0), "centre", " more", since
            )


def _asked(block: Block, service: str, a_year: Floats, column: str, name: str, since: int = 0) -> None:
    client = block.people["client"]
    count = block.chance.counts(a_year * BLOCK_DAYS / 365, f"contacts {service}{name}", client, block.number)
    who = np.repeat(np.arange(len(client)), count)
    order = np.arange(len(who)) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    day = block.first + block.chance.whole(
        0, BLOCK_DAYS - 1, f"contact day {service}{name}", client[who], block.number, order
    )
    day = np.where((day + 3) % 7 >= 5, day - 2, day)  # reception is open on weekdays
    keep = day >= since
    _care(block, service, who[keep], day[keep], block.people[column][who[keep]], order[keep], name)


def _care(block: Block, service: str, who: Ints, day: Ints, unit: Ints, order: Ints, name: str) -> None:
    client, age = block.people["client"][who], block.people["age"][who]
    letter = service[:2] + name.strip()
    matter = text(letter, block.number, client, order)
    minute = 8 * 60 + block.chance.whole(0, 420, "minute of contact", client, day)
    block.add("contact.made", service, day, minute, key=matter, who=who, unit=unit, matter=matter)
    mean = np.where(age < 23, 4.0, 19.0) if service == "doctor_reception" else np.full(len(who), 45.0)
    wait = block.chance.waits(mean, f"wait {service}", client, day, order)
    late = block.chance.share("long wait", client, day, order)
    municipality = block.people["municipality"][who]
    if service == "doctor_reception":
        young = age < 22  # surely under 23 on the day of contact
        wait = np.where(young & (late < 0.01), wait + 14, wait)
        wait = np.where(young & block.faulty("long_waits", day, municipality) & (late < 0.5), wait + 16, wait)
    seen = day + np.maximum(wait, 0)
    seen = np.where((seen + 3) % 7 >= 5, seen - 2, seen)
    seen = np.maximum(seen, day)
    off = block.chance.share("called off", client, day, order) < 0.03
    came = ~off & (block.chance.share("came", client, day, order) < 0.996)
    at = np.where(
        seen == day,
        np.minimum(minute + 60, 22 * 60),
        8 * 60 + block.chance.whole(0, 440, "minute of care", client, day),
    )
    for chosen, type_ in ((came, "visit.made"), (off, "visit.called_off")):
        block.add(type_, service, seen[chosen], at[chosen], key=matter.filter(chosen), who=who[chosen], unit=unit[chosen], matter=matter.filter(chosen))  # fmt: skip
    if service != "doctor_reception":
        return
    said = np.flatnonzero(came & (block.chance.share("feedback", client, day, order) < 0.03))
    _feedback(block, service, seen[said], unit[said], matter.gather(said), client[said])
    _doctor_fees(block, who[came], seen[came], unit[came], order[came], matter.filter(came))


def _doctor_fees(block: Block, who: Ints, day: Ints, unit: Ints, order: Ints, matter: pl.Series) -> None:
    client = block.people["client"][who]
    born = block.people["born"][who].astype("datetime64[D]").astype(np.int64)
    age = np.floor((day - born) / 365.2425 + 1e-6).astype(np.int64)
    unbilled = block.chance.share("not billed", client, day, order)
    lost = np.where(block.faulty("never_billed", day, block.unit_of(unit, "unit")), 0.6, 0.001)
    keep = (age >= 18) & (unbilled >= lost)
    charged = day[keep] + block.chance.whole(4, 24, "billed after", client[keep], day[keep])
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


def _stretches(day: Ints) -> Ints:
    return day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def needs(block: Block) -> None:
    """A need is reported, assessed, decided; for some a plan is made and home care starts."""
    people = block.people
    client, age = people["client"], people["age"]
    rate = np.where(age >= 75, 0.16, np.where(age >= 65, 0.05, 0.012)) * BLOCK_DAYS / 365
    count = block.chance.counts(rate, "needs", client, block.number)
    who = np.repeat(np.arange(len(client)), count)
    order = np.arange(len(who)) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    asked = client[who]
    day = block.first + block.chance.whole(0, BLOCK_DAYS - 1, "need day", asked, block.number, order)
    matter = text("need", block.number, asked, order)
    minute = 8 * 60 + block.chance.whole(0, 420, "need minute", asked, day)
    block.add("need.reported", "needs_assessment", day, minute, key=matter, who=who, matter=matter, source="guidance")
    wait = 1 + block.chance.waits(3.0, "assessment", asked, day, order)
    wait = np.where(block.chance.share("assessed late", asked, day, order) < 0.015, wait + 8, wait)
    assessed = day + wait
    scores = block.chance.whole(1, 5, "maple", asked, day)
    days = [str(d) for d in assessed.astype("datetime64[D]")]
    scales = pl.Series([f'{{"instrument":"interRAI HC","on":"{d}","facts":{{"rai_maple":{m}}}}}' for m, d in zip(scores, days, strict=True)], dtype=pl.String)  # fmt: skip
    block.add("assessment.made", "needs_assessment", assessed, 11 * 60, key=matter, who=who, matter=matter, data=scales, source="guidance")  # fmt: skip
    decided = assessed + 1 + block.chance.waits(6.0, "decision", asked, day, order)
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
        by_rule = np.where(block.chance.share("by judgement", asked[rows], day[rows]) < 0.04, 0, 1)
        data = pl.Series(
            [
                f'{{"verdict":"{told}","proposed":"{told if r else other}","facts":{{"rai_maple":{{"value":{m},"on":"{d}"}}}}}}'
                for r, m, d in zip(by_rule, scores[rows], np.array(days)[rows], strict=True)
            ],
            dtype=pl.String,
        )
        block.add("decision.made", service, decided[rows], 13 * 60, key=matter.gather(rows), who=who[rows], matter=matter.gather(rows), quantity=by_rule, data=data, source="guidance")  # fmt: skip
    started = decided + block.chance.waits(1.2, "start", asked, day, order)
    started = np.where(block.chance.share("started late", asked, day, order) < 0.03, started + 4, started)
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
