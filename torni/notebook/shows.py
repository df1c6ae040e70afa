"""What each value shows: findings, what-ifs, mends, reaches, rehearsals, chains, proposals and fees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from torni.core.language import _, number, per_cent, t
from torni.notebook.html import box, drawing, heading, histogram, line, state, table, told
from torni.tower.finding_texts import (
    affected_text,
    clients_text,
    counted_text,
    margin_text,
    state_name,
    target_text,
    value_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torni.guidance import Proposal, Reckoned
    from torni.network.explain import Explanation
    from torni.network.mend import Mend
    from torni.network.reach import Reach
    from torni.network.what_if import WhatIf
    from torni.promises.finding import Finding
    from torni.services.chain import ServiceChain
    from torni.simulation.rehearsal import Effect, Rehearsal
    from torni.supervision.chains import ChainOnLog
    from torni.tower.picture import Picture

MOST = 12  # rows of a table: the first of many, and how many more there are
STEP_MIN, LAST_MIN = 5, 90


def finding(f: Finding) -> str:
    """Its sentence and state, the value beside its target, and where most are outside."""
    return box(*_finding(f))


def _finding(f: Finding) -> Iterable[str]:
    yield told(f.state, f.sentence)
    value = f"{_('value')} {value_text(f)}, {_('target')} {target_text(f)}"
    if f.affected:
        value += f", {_('outside')} {affected_text(f)}"
    yield line(value)
    if f.promise.reads == "events" and f.value is not None:
        yield line("; ".join(filter(None, (counted_text(f), clients_text(f)))))
    if f.missing:
        yield line(_("missing: ") + "; ".join(map(str, f.missing)))
    if margin_text(f):
        yield line(margin_text(f))
    if f.invented:
        yield line(_("Invented for demonstration"), soft=True)
    places = f.by_municipality
    if len(places):
        rows = places.filter(places["outside"] > 0).sort("outside", descending=True)
        yield table(
            [_("municipality"), _("Residents"), _("outside")],
            [(r["name"], number(round(r["residents"])), number(round(r["outside"]))) for r in rows.head(MOST).iter_rows(named=True)],
            right=(1, 2),
        )  # fmt: skip
        yield _more(len(rows))


def picture(shown: Picture) -> str:
    """Every promise, the broken first."""
    counts = "   ".join(f"{shown.count(s)} {state_name(s)}" for s in ("broken", "unknown", "kept"))
    rows = [
        (
            state(f.state),
            value_text(f),
            target_text(f),
            f.sentence,
            "–" if f.affected is None else affected_text(f),
            f.id,
        )
        for f in shown.by_state()
    ]
    heads = ["", _("value"), _("target"), _("promise"), _("outside"), ""]
    return box(heading(shown.network.library.region.name), line(counts), table(heads, rows, right=(1, 2, 4), raw=(0,)))


def explanation(e: Explanation) -> str:
    """The finding, its minutes as a histogram, and what each assumption does."""
    parts = [*_finding(e.finding)]
    if e.histogram is not None:
        rows = [
            (_("unreachable") if start is None else f"{start}–{start + STEP_MIN} min", people, bool(inside))
            for start, people, inside in e.histogram.iter_rows()
        ]
        parts += [heading(_("5. The minutes").partition(" ")[2]), histogram("", _("people"), rows)]
    if e.effects:
        rows_ = [("–" if x.value is None else per_cent(x.value), state(x.state), str(x.what)) for x in e.effects]
        parts += [heading(_("7. If an assumption were another").partition(" ")[2])]
        parts += [table([_("value"), "", _("changed")], rows_, right=(0,), raw=(1,))]
    parts.append(line(f"{_('Source')}: {e.source}", soft=True))
    return box(*parts)


def what_if(found: WhatIf) -> str:
    """The plan's steps, each promise that changes, and a map of whose trip becomes shorter or longer."""
    steps = [line(f"• {step.told(found.network)}") for step in found.plan.steps]
    changed = [c for c in found.changes if c.moved or c.flips]
    rows = [
        (
            c.before.sentence,
            value_text(c.before),
            value_text(c.after),
            f"{state(c.before.state)} → {state(c.after.state)}",
        )
        for c in changed
    ]
    heads = [_("promise"), _("before"), _("after"), ""]
    parts = [*steps, table(heads, rows, right=(1, 2), raw=(3,)) or line(_("No promise changes."))]
    if len(found.minutes):
        parts += _minutes(found)
    return box(*parts)


def _minutes(found: WhatIf) -> list[str]:
    """Of the promise that moves most people: who gains and loses, by municipality, drawn and as a table."""
    from torni.web.maps import RegionMap, draw_values

    sums: dict[str, float] = {}
    for row in found.minutes.iter_rows(named=True):
        sums[row["promise"]] = sums.get(row["promise"], 0.0) + row["gain"] + row["lose"]
    promise = max(sums, key=lambda name: sums[name])
    rows = [r for r in found.minutes.iter_rows(named=True) if r["promise"] == promise]
    sentence = next(c.before.sentence for c in found.changes if c.before.id == promise)
    drawn = draw_values(RegionMap(found.network), {r["municipality"]: round(r["gain"] - r["lose"]) for r in rows})
    rows.sort(key=lambda r: -(r["gain"] + r["lose"]))
    heads = [_("municipality"), _("a minute or more nearer"), _("a minute or more farther")]
    cells = [(r["name"], number(round(r["gain"])), number(round(r["lose"]))) for r in rows[:MOST]]
    return [heading(sentence), drawing(drawn), table(heads, cells, right=(1, 2)), _more(len(rows))]


def mend(found: Mend) -> str:
    """The promise now and after, the steps, and how surely no others are better."""
    parts = [told(found.finding.state, found.finding.sentence), line(f"{_('now')} {value_text(found.finding)}")]
    if not found.feasible:
        text = _("No choice among the {count} candidate places restores this promise. Try other candidates.")
        return box(*parts, line(text.format(count=number(found.candidates))))
    if not found.plan.steps:
        return box(*parts, line(_("Nothing needs mending.")))
    parts += [line(f"• {step.text}") for step in found.plan.steps]
    parts.append(f"<p>{state(found.after.state)} · {_('after')} {value_text(found.after)}</p>")
    proof = (
        _("Proven: no choice among {count} candidates is better.").format(count=number(found.candidates))
        if found.proven
        else _("Not proven: at most {gap} better is possible.").format(gap=per_cent(found.gap, 3))
    )
    return box(*parts, line(proof))


def reach(found: Reach) -> str:
    """The shares within the limits, a map, the minutes as a histogram of residents, and the municipalities."""
    from torni.web.maps import RegionMap, draw_reach

    limits = list(found.share_within)
    parts = [
        line(
            f"{found.network.library.region.name}: {number(found.residents)} {_('residents')}, {_('units')}: {len(found.units)}"
        )
    ]
    parts += [line(f"{minutes} min: {per_cent(share, 2)}") for minutes, share in found.share_within.items()]
    parts.append(drawing(draw_reach(RegionMap(found.network), found)))
    parts.append(histogram("", _("people"), _minutes_of(found, max(limits))))
    rows = [
        (r["name"], number(r["residents"]), "–" if r["mean_min"] is None else number(r["mean_min"], 1), *(per_cent(r[f"within_{m}"]) for m in limits))
        for r in found.by_municipality.iter_rows(named=True)
    ]  # fmt: skip
    heads = [_("municipality"), _("Residents"), _("mean min"), *(f"{m} min" for m in limits)]
    parts.append(table(heads, rows, right=range(1, len(heads))))
    return box(*parts, *(line(a, soft=True) for a in found.assumptions))


def _minutes_of(found: Reach, limit: int) -> list[tuple[str, float, bool]]:
    """Residents by five minutes to the nearest unit; those within the widest limit are inside."""
    minutes = found.seconds / 60
    edges = [*range(0, LAST_MIN, STEP_MIN)]
    bins = np.minimum(minutes // STEP_MIN, len(edges) - 1).astype(int)
    far = found.seconds == np.iinfo(found.seconds.dtype).max
    rows = []
    for i, start in enumerate(edges):
        last = i == len(edges) - 1
        count = float(found.people[(bins == i) & ~far].sum())
        rows.append((f"{start}– min" if last else f"{start}–{start + STEP_MIN} min", count, start < limit))
    while rows and not rows[-1][1]:
        rows.pop()
    return [*rows, (_("unreachable"), float(found.people[far].sum()), False)] if far.any() else rows


def rehearsal(made: Rehearsal) -> str:
    """What the change does in all, by service, and by municipality; and on whom it rests."""
    people = t(
        "{n} invented people of {region}; no row is a real person.",
        n=number(made.population.size),
        region=made.before.library.region.name,
    )
    heads = [t("Gain"), t("Lose"), t("Clients, EUR a year"), t("Organiser's costs, EUR a year")]
    services = [(s.name, *_effect(s.total)) for s in made.services]
    places = sorted(made.by("municipality").items(), key=lambda p: -(p[1].gainers + p[1].losers))
    touched = [
        (group, effect) for group, effect in places if any((effect.gainers, effect.losers, effect.client_eur_year))
    ]
    from torni.simulation.group_names import group_name

    rows = [(group_name("municipality", group), *_effect(effect)) for group, effect in touched[:MOST]]
    return box(
        heading(made.change.name), line(people, soft=True), table(["", *heads], [(t("Total"), *_effect(made.total)), *services], right=(1, 2, 3, 4)),
        table([t("Municipality"), *heads], rows, right=(1, 2, 3, 4)), _more(len(touched)),
    )  # fmt: skip


def _effect(e: Effect) -> tuple[str, ...]:
    euros = (round(float(e.client_eur_year)), round(float(e.organiser_eur_year)))
    return (
        number(e.gainers),
        number(e.losers),
        *(("+" if n > 0 else "−" if n < 0 else "") + number(abs(n)) for n in euros),
    )


def chain(shown: ServiceChain) -> str:
    """The chain's steps: what follows what, and in how many days at most."""
    names = {id_: str(step.name) for id_, step in shown.definition.steps.items()}
    rows = [(names[e.first], names[e.then], "" if e.within_days is None else e.within_days) for e in shown.chain.edges]
    return box(heading(shown.definition.name), table([_("from"), _("step"), _("days at most")], rows, right=(2,)))


def chain_on_log(shown: ChainOnLog) -> str:
    """The chain as it went: how many began and went as defined, and along each line how many, how many in time, and half's days."""
    measured, names = shown.measured, {id_: str(step.name) for id_, step in shown.chain.definition.steps.items()}
    parts = [heading(shown.chain.definition.name)]
    if measured.instances:
        told_ = _("{count} begun, {share} went as defined")
        parts.append(
            line(told_.format(count=number(measured.instances), share=per_cent(measured.conform / measured.instances)))
        )
    rows = [
        (names[p.edge.first], names[p.edge.then], "" if p.edge.within_days is None else p.edge.within_days, number(p.count),
         per_cent(p.in_time / p.count) if p.in_time is not None and p.count else "", "" if p.median_days is None else p.median_days)
        for p in measured.edges
    ]  # fmt: skip
    heads = [_("from"), _("step"), _("days at most"), _("went on"), _("in time"), _("half in days")]
    return box(*parts, table(heads, rows, right=(2, 3, 4, 5)))


def proposal(made: Proposal) -> str:
    """The proposed verdict, each condition with how it stands, and what is missing."""
    from torni.guidance.proposal import reason_text
    from torni.guidance.state_names import MARKS, leaf_state, verdict_name

    verdict = {"granted": "kept", "refused": "broken", "undecided": "unknown"}[made.verdict]
    rows = [(state(MARKS[how], leaf_state(how)), reason_text(leaf, made.client), t("decided") if leaf.decided else "") for leaf, how in made.leaves_told]  # fmt: skip
    return box(
        told(verdict, made.granting.service.name, verdict_name(made.verdict)), line(t("This is a proposal; the official decides."), soft=True),
        table(["", "", ""], rows, raw=(0,)),
    )  # fmt: skip


def reckoned(made: Reckoned) -> str:
    """What is to be paid, line by line."""
    from torni.engines.rules.sentences import label
    from torni.guidance.fees import line_value, money

    rows = [(line_.what, line_value(line_, value)) for line_, value in made.lines if line_.shown]
    amount = (
        money(made.amount)
        if made.amount is not None
        else t("Missing facts") + ": " + ", ".join(map(label, made.because))
    )
    return box(heading(amount), table(["", ""], rows, right=(1,)))


def _more(rows: int) -> str:
    return line(t("and {n} more", n=number(rows - MOST)), soft=True) if rows > MOST else ""
