"""What residents live through at home in a block: visits of home care and their fees, needs and their assessment, home sensors."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from torni.simulation.year.block import BLOCK_DAYS, Block, days_of, text
from torni.simulation.year.calendar import growth, open_near, unlike, usual, visiting
from torni.simulation.year.chance import Floats, Ints
from torni.simulation.year.plans import plans
from torni.simulation.year.records import feedback, mended, recorded_on

_OF_AGE = (17, 64, 74, 84, 94)  # the last ages of the bands
# Hours a month that make a visit a day, by band, so that clients have the visits a year that they had in 2019 (THL, Kotihoito 2019:
# visits over clients 93, 157, 179, 246, 290 from 18-64 on). The population's hours are invented, and so are these.
_HOURS = np.array([88.0, 88.0, 26.8, 35.4, 30.1, 27.0])
_A_NURSES_DAY = 9  # visits, invented


def visits_a_day(age: Ints, hours: Floats) -> Floats:
    """How many visits a client of home care usually has a day, by the hours of help a month."""
    a_day: Floats = np.clip(hours / _HOURS[np.digitize(age, _OF_AGE, right=True)], 0.05, 5.0)
    return a_day


def home_care(block: Block) -> None:
    """Planned visits, made the same day but for a few; some are called off by the client. More each year, most where the old are many."""
    chance, people, days = block.chance, block.people, days_of(block)
    rows = np.flatnonzero(people["home_care_unit"] >= 0)
    hours = people["hours"][rows].astype(float)
    a_day = visits_a_day(people["age"][rows], hours)
    teams = block.world.rows("home_care")
    place = np.searchsorted(teams, people["home_care_unit"][rows])
    factor = (
        visiting(days) * unlike(chance, "home care's day", 0.015, days)
        * unlike(chance, "team's day", 0.03, days, teams[:, None]) * growth(block.world.ageing[teams][:, None], days)
    )  # fmt: skip
    day, who = np.repeat(days, len(rows)), np.tile(rows, BLOCK_DAYS)
    rate = (factor[place] * a_day[:, None]).T.ravel()
    client = people["client"][who]
    count = (np.floor(rate) + (chance.share("one more visit", client, day) < rate % 1)).astype(np.int64)
    order = np.arange(count.sum()) - np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    day, who, client = np.repeat(day, count), np.repeat(who, count), np.repeat(client, count)
    unit = people["home_care_unit"][who]
    matter = text("visit", day, client, order)  # the day first: what is near in time is near in every index
    minute = 7 * 60 + np.minimum(order, 4) * 190 + chance.whole(0, 90, "minute of visit", client, day, order)
    block.add("visit.planned", "home_care", day - 1, 15 * 60, key=matter, who=who, unit=unit, matter=matter, due=day)
    nurses = np.maximum(1, np.rint(np.bincount(place, a_day, len(teams)) / _A_NURSES_DAY)).astype(np.int64)
    nurse = (chance.share("whose nurse", client) * nurses[np.searchsorted(teams, unit)]).astype(np.int64)
    draw = block.together(chance.share("visit made", client, day, order), "visit made", day, unit, nurse)
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    level = block.level(0.5, 1.5, "unit's missed visits", unit)
    missed = np.where(
        weekend & block.faulty("missed_weekends", day, block.unit_of(unit, "producer")), 0.22, 0.0042 * level
    )  # fmt: skip
    off = chance.share("visit called off", client, day, order) < 0.012
    made = ~off & (draw >= missed)
    recorded = recorded_on(block, "visit", 0.016, unit, day, client, order)
    for chosen, type_ in ((made, "visit.made"), (off, "visit.called_off")):
        block.add(type_, "home_care", day[chosen], minute[chosen], key=matter.filter(chosen), who=who[chosen], unit=unit[chosen], matter=matter.filter(chosen), recorded=recorded[chosen])  # fmt: skip
    mended(block, "home_care", made, minute, who, unit, matter, day, recorded, client, order)
    said = np.flatnonzero(made & (chance.share("feedback", client, day, order) < 0.02))
    feedback(block, "home_care", day[said], unit[said], matter.gather(said), client[said])


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
    for chosen, type_, told, other in ((~grants, "decision.refused", "refused", "granted"), (grants, "decision.made", "granted", "refused")):  # fmt: skip
        rows = np.flatnonzero(chosen)
        by_rule = np.where(block.chance.share("by judgement", asked[rows], day[rows]) < 0.03, 0, 1)
        data = pl.Series(
            [
                f'{{"verdict":"{told}","proposed":"{told if r else other}","facts":{{"rai_maple":{{"value":{m},"on":"{d}"}}}}}}'
                for r, m, d in zip(by_rule, scores[rows], np.array(days)[rows], strict=True)
            ],
            dtype=pl.String,
        )
        block.add(type_, "home_care", decided[rows], 13 * 60, key=matter.gather(rows), who=who[rows], matter=matter.gather(rows), quantity=by_rule, data=data, source="guidance")  # fmt: skip
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
