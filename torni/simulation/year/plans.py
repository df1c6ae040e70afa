"""Plans and their producers: a case manager named, a plan sent, opened and confirmed; reassessments agreed on and made."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from torni.simulation.year.block import BLOCK_DAYS, Block, text
from torni.simulation.year.chance import Ints

EVERY = 182  # days between a home-care client's reassessments
GOALS = (
    "Asuu kotona turvallisesti", "Lääkkeet otetaan ajallaan", "Ulkoilee kaksi kertaa viikossa", "Syö lämpimän aterian joka päivä",
    "Tapaa ystäviä viikoittain", "Pärjää iltatoimissa tuettuna", "Liikkuu kotona kaatumatta",
)  # fmt: skip


def standing(block: Block, day: int) -> None:
    """Those who are in home care on the first day have a case manager, and a plan that its producer has confirmed."""
    who = np.flatnonzero(block.people["home_care_unit"] >= 0)
    when = np.full(len(who), day)
    _plan(block, who, block.people["home_care_unit"][who], when, when, when, block.people["client"][who].astype(str), 5)


def plans(block: Block, who: Ints, unit: Ints, decided: Ints, key: pl.Series) -> None:
    """A plan for each, on the day of the decision: named, made and sent; opened the same day or the next, and confirmed.

    A few producers refuse: then the public enterprise's team is sent the next version, and confirms it.
    """
    client = block.people["client"][who]
    late = block.together(block.chance.share("confirmed late", client, decided), "confirmed late", decided, unit)
    opened = decided + (late > 0.5)
    confirmed = np.where(late < 0.015, decided + 3, opened)
    refused = (block.chance.share("plan refused", client, decided) < 0.02) & (unit != _enterprise(block, who))
    _plan(block, who, unit, decided, opened, confirmed, key.to_numpy(), 14 * 60, refused=refused)
    again, mended = np.flatnonzero(refused), decided[refused] + 1
    if not len(again):
        return
    first = pl.Series([f"plan-{k}/1/a" for k in key.gather(again)])
    data = pl.Series(['{"why":"Tiimissä ei ole nyt tilaa uusille asiakkaille.","by":"tuottaja"}'] * len(again))
    block.add(
        "plan.refused",
        "client_guidance",
        confirmed[again],
        16 * 60,
        key=first,
        who=who[again],
        unit=unit[again],
        matter=first,
        data=data,
    )
    mended = np.maximum(mended, confirmed[again] + 1)
    block.add("plan.recalled", "client_guidance", mended, 10 * 60, key=first, who=who[again], unit=unit[again], matter=first, source="guidance", data=pl.Series(['{"version":2}'] * len(again)))  # fmt: skip
    _plan(
        block,
        who[again],
        _enterprise(block, who[again]),
        mended,
        mended,
        mended,
        key.gather(again).to_numpy(),
        10 * 60,
        version=2,
    )


def _plan(
    block: Block, who: Ints, unit: Ints, made: Ints, opened: Ints, confirmed: Ints, key: np.ndarray, minute: int, *,
    version: int = 1, refused: np.ndarray | None = None,
) -> None:  # fmt: skip
    if not len(who):
        return
    client = block.people["client"][who]
    plan = pl.Series([f"plan-{k}" for k in key])
    sent = pl.Series([f"plan-{k}/{version}/a" for k in key])
    if version == 1:
        named = pl.Series([json.dumps({"case_manager": str(m)}) for m in block.people["case_manager"][who]])
        block.add("case_manager.named", None, made, minute, key=plan, who=who, data=named, source="guidance")
    goals, items = _said(block, client, unit, made)
    whole = [json.dumps({"version": version, "goals": g, "items": [i], "agreed": i["start"], "by": "palveluohjaus"}, ensure_ascii=False) for g, i in zip(goals, items, strict=True)]  # fmt: skip
    part = [
        json.dumps({"version": version, "item": i, "goals": g}, ensure_ascii=False)
        for g, i in zip(goals, items, strict=True)
    ]
    versioned = plan if version == 1 else plan + f"/{version}"
    block.add(
        "plan.made",
        "client_guidance",
        made,
        minute + 5,
        key=versioned,
        who=who,
        matter=plan,
        data=pl.Series(whole),
        source="guidance",
    )
    block.add(
        "plan.sent",
        "client_guidance",
        made,
        minute + 6,
        key=sent,
        who=who,
        unit=unit,
        matter=sent,
        data=pl.Series(part),
        source="guidance",
    )
    by = pl.Series(['{"by":"tuottaja"}'] * len(who))
    block.add("plan.opened", "client_guidance", opened, minute + 20, key=sent, who=who, unit=unit, matter=sent, data=by)
    keep = np.flatnonzero(~refused) if refused is not None else np.arange(len(who))
    started = pl.Series([json.dumps({"start": items[i]["start"], "by": "tuottaja"}) for i in keep])
    block.add("plan.confirmed", "client_guidance", confirmed[keep], minute + 40, key=sent.gather(keep), who=who[keep], unit=unit[keep], matter=sent.gather(keep), data=started)  # fmt: skip


def _said(block: Block, client: Ints, unit: Ints, made: Ints) -> tuple[list[list[str]], list[dict[str, object]]]:
    """Two goals, and the one service of the plan: which, where, how much, from when."""
    first = block.chance.whole(0, len(GOALS) - 1, "goal", client)
    step = block.chance.whole(1, len(GOALS) - 1, "other goal", client)
    hours = block.chance.whole(4, 30, "planned hours", client)
    goals = [[GOALS[a], GOALS[(a + b) % len(GOALS)]] for a, b in zip(first, step, strict=True)]
    start = [str(d) for d in (made + 1).astype("datetime64[D]")]
    units = block.unit_names.gather(unit).to_list()
    items: list[dict[str, object]] = [
        {
            "item": "a",
            "service": "home_care",
            "unit": u,
            "hours_month": int(h),
            "start": s,
            "what": "Kotihoidon käynnit sovittuina aikoina",
        }
        for u, h, s in zip(units, hours, start, strict=True)
    ]
    return goals, items


def _enterprise(block: Block, who: Ints) -> Ints:
    """The public enterprise's home-care team of each one's municipality."""
    teams: dict[str, int] = {}
    for row in block.world.rows("home_care"):
        teams.setdefault(str(block.world.units["municipality"][int(row)]), int(row))
    return np.array([teams.get(m, -1) for m in block.people["municipality"][who]], np.int64)


def reassessments(block: Block) -> None:
    """Each home-care client's next assessment is agreed on a month ahead, and made in time but for a few."""
    who = np.flatnonzero(block.people["home_care_unit"] >= 0)
    client = block.people["client"][who]
    phase = block.chance.whole(0, EVERY - 1, "reassessment phase", client)
    agreed = block.first + (phase - block.first) % EVERY
    mine = agreed < block.first + BLOCK_DAYS
    who, client, agreed = who[mine], client[mine], agreed[mine]
    matter = text("again", agreed, client)
    block.add(
        "reassessment.planned",
        "needs_assessment",
        agreed,
        13 * 60,
        key=matter,
        who=who,
        matter=matter,
        due=agreed + 30,
        source="guidance",
    )
    late = block.together(block.chance.share("reassessed late", client, agreed), "reassessed late", agreed) < 0.03
    made = np.where(late, agreed + 40, agreed + block.chance.whole(12, 29, "reassessed after", client, agreed))
    maple = block.chance.whole(1, 5, "maple again", client, agreed)
    data = pl.Series([json.dumps({"instrument": "interRAI HC", "on": str(d), "facts": {"rai_maple": int(m)}}) for m, d in zip(maple, made.astype("datetime64[D]"), strict=True)], dtype=pl.String)  # fmt: skip
    block.add(
        "reassessment.made",
        "needs_assessment",
        made,
        14 * 60,
        key=matter,
        who=who,
        matter=matter,
        data=data,
        source="guidance",
    )
