"""A change tried on a whole invented population before it is decided: who gains, who loses, and what it costs whom.

Both definitions, today's and the changed, decide every invented person by the same trees; the difference is counted by
municipality, age group, household and income tenth. Yearly sums are twelve times the month. Considered: granting, the
client's fee and the cost of each service that changes, fees paid a visit with the yearly ceiling, services whose criteria
rest on another's. Not considered: how people's behaviour would change, and capacity.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from torni.core.faults import BadInput, Fault
from torni.core.language import Message, t
from torni.core.progress import each
from torni.core.shown import Shown
from torni.engines.rules import sql, tree
from torni.facts.opening import Connection
from torni.network import Network
from torni.network import load as load_network
from torni.promises.finding import NO_ROOM
from torni.services import load_library
from torni.services.change import Change
from torni.services.rules import Granting, Reckoning, Rules, load_rules
from torni.simulation.population import Population, open_population
from torni.simulation.promised import Touched, touched
from torni.simulation.running import BREAKDOWNS, Run, Side, considered, monthly


@dataclass(frozen=True)
class Effect:
    """What a change does in one group of people. Euros are a year's; positive is more than now. `untold`: clients of whom a sum is known
    on one side only, which is then in no sum: a fee that cannot be told is no fee of nothing."""

    people: int = 0
    granted_before: int = 0
    granted_after: int = 0
    gainers: int = 0
    losers: int = 0
    undecided_before: int = 0
    undecided_after: int = 0
    client_eur_year: Decimal = Decimal(0)
    organiser_eur_year: Decimal = Decimal(0)
    hours_month: int = 0
    untold: int = 0

    @property
    def net_eur_year(self) -> Decimal:
        """The organiser's cost after what clients pay."""
        return self.organiser_eur_year - self.client_eur_year

    def json(self) -> dict[str, Any]:
        return {
            "people": self.people, "granted_before": self.granted_before, "granted_after": self.granted_after, "gainers": self.gainers,
            "losers": self.losers, "undecided_before": self.undecided_before, "undecided_after": self.undecided_after,
            "client_eur_year": float(self.client_eur_year), "organiser_eur_year": float(self.organiser_eur_year),
            "net_eur_year": float(self.net_eur_year), "hours_month": self.hours_month, "money_untold": self.untold,
        }  # fmt: skip


@dataclass(frozen=True)
class ServiceEffect:
    """One service whose granting, fee or cost changes. `by`: breakdown -> group -> effect; `direct`: its own text changed."""

    service: str
    name: str
    direct: bool
    total: Effect
    by: Mapping[str, Mapping[str, Effect]]


@dataclass(frozen=True)
class FeeEffect:
    """A fee paid a visit that changes, over all its visits; the ceiling is told apart, over all fees that count."""

    formula: str
    name: str
    payers: int
    client_eur_year: Decimal
    untold: int = 0


@dataclass(frozen=True)
class Rehearsal(Shown):
    """One change rehearsed. Everything in it rests on invented people."""

    _shown_by: ClassVar[str] = "torni.notebook.shows:rehearsal"

    change: Change
    before: Rules
    after: Rules
    population: Population
    services: tuple[ServiceEffect, ...]
    fees: tuple[FeeEffect, ...]
    ceiling: Mapping[str, Any]
    seconds: float = field(compare=False, default=0.0)
    promises: tuple[Touched, ...] = field(compare=False, default=())

    @cached_property
    def total(self) -> Effect:
        return added([s.total for s in self.services], self.ceiling.get("client_eur_year_change", Decimal(0)))

    def by(self, breakdown: str) -> dict[str, Effect]:
        """All services together, by one breakdown."""
        groups: dict[str, list[Effect]] = {}
        for service in self.services:
            for name, effect in service.by[breakdown].items():
                groups.setdefault(name, []).append(effect)
        return {name: added(found, Decimal(0)) for name, found in sorted(groups.items(), key=lambda g: _order(g[0]))}

    def figures(self) -> dict[str, Any]:
        """What a proposal rests on: the totals, and which people they were tried on."""
        return {**self.json()["totals"], "population": self.population.version, "people_tried": self.population.size}

    def json(self) -> dict[str, Any]:
        return {
            "name": self.change.name,
            "totals": {**self.total.json(), "ceiling": {k: _plain(v) for k, v in self.ceiling.items()}},
            "tables": {b: [{"group": k, **e.json()} for k, e in self.by(b).items()] for b in BREAKDOWNS},
            "services": [
                {
                    "service": s.service, "name": s.name, "direct": s.direct, **s.total.json(),
                    "tables": {b: [{"group": k, **e.json()} for k, e in s.by[b].items()] for b in BREAKDOWNS},
                }
                for s in self.services
            ],
            "fees": [{"formula": f.formula, "name": f.name, "payers": f.payers, "client_eur_year": float(f.client_eur_year), "money_untold": f.untold} for f in self.fees],
            "promises": [p.json() for p in self.promises],
            "rules_before": self.before.version,
            "rules_after": self.after.version,
        }  # fmt: skip


def rehearse(
    changes: Sequence[Change],
    *,
    region: str,
    on: date,
    population: Population | None = None,
    now: Rules | None = None,
    run: Run | None = None,
    network: Network | None = None,
    room: Connection | None = None,
    why: Message = NO_ROOM,
) -> list[Rehearsal]:
    """Each alternative's effect on the region's invented people, in their order.

    `run`: a kept connection to the same people, whose cubes make a changed limit quick. `now`: the region's rules on `on`, where they are loaded already. `on`: the day whose definitions are the ones before; a change with a later start is tried on its own start day.
    `network`: the region's, where it is at hand. `room`: its record room, by one who may see the whole log; None, and `why`, where promises
    about what happens cannot be held against it.
    """
    people = run.people if run else population or open_population(region)
    made = []
    for change in changes:
        day = max(on, change.start or on)
        before = now if now and now.library.as_of == day else load_rules(load_library(region, on=day))
        after = load_rules(load_library(region, on=day, layers=[change.layer(day)]))
        _holds_on_its_day(change, before, after)
        promises = touched(
            before.library, after.library, network=lambda: network or load_network(region, on=on), room=room, why=why
        )
        made.append(replace(_rehearse(change, before, after, people, run), promises=promises))
    return made


def _holds_on_its_day(change: Change, before: Rules, after: Rules) -> None:
    """Raises BadInput where the change leaves what is reckoned now without a value on the day: a fee that cannot be told is no fee of nothing."""
    lost = [name for name in after.unavailable if name not in before.unavailable]
    if lost:
        part, _, name = lost[0].partition(" ")
        line = change.lines.get((f"{part}s", name), 1)
        raise BadInput(*(
            Fault(f"{change.file}:{line}", why, t("Let a value begin by that day, or write the change's own first day: from."))
            for why in dict.fromkeys(after.unavailable[name] for name in lost)
        ))  # fmt: skip


def _rehearse(change: Change, before: Rules, after: Rules, people: Population, kept: Run | None) -> Rehearsal:
    started = time.perf_counter()
    with nullcontext(kept) if kept else Run(people) as run:
        services = []
        names = [*before.granting, *(n for n in after.granting if n not in before.granting)]
        for name in each(names, Message("The change on everyone, service by service")):
            direct = name in (change.content.get("services") or {}) or _own_change(
                before.granting.get(name), after.granting.get(name)
            )
            effect = service_effect(run, Side(before), Side(after), name, direct=direct)
            if effect:
                services.append(effect)
        fees, ceiling = _visit_fees(run, before, after)
    return Rehearsal(
        change, before, after, people, tuple(services), tuple(fees), ceiling, time.perf_counter() - started
    )


def service_effect(run: Run, before: Side, after: Side, name: str, *, direct: bool) -> ServiceEffect | None:
    """What becomes of one service between the two sides, or None where nothing of it differs."""
    if before.versions(name) == after.versions(name):
        return None
    known_rules = next(r for r in [*after.all(), *before.all()] if name in r.granting)
    verdicts = [
        side.sql(lambda r: run.condition(r.granting[name].whole, r) if name in r.granting else "FALSE")
        for side in (before, after)
    ]

    def amount(side: Side, paid_by: str) -> str:
        return side.sql(lambda r: run.amount(f, r) if (f := monthly(r, name, paid_by)) else "0")

    cost = monthly(known_rules, name, "organiser")
    hours = "service_hours_month" if cost and any(f.name == "service_hours_month" for f in cost.fields) else "0"
    groups = ", ".join(f"{g}_" for g in BREAKDOWNS)
    where = considered(known_rules.granting[name], run)
    money = [[v[2:] for v in side.versions(name)] for side in (before, after)]
    if run.keeps and money[0] == money[1] and not before.own and not after.own:
        asked = {
            f.name
            for side in (before, after)
            for r in side.all()
            if name in r.granting
            for f in r.granting[name].reasoning.fields
        }
        source = run.cube(
            asked, str(money[0]), lambda: (amount(before, "client"), amount(before, "organiser")), hours, where
        )
        fees, costs, worked, n, by_groups = ["fee"] * 2, ["cost"] * 2, "hours", "n", groups
    else:
        source = f"(SELECT *, {run.groups()} FROM people WHERE {where})"
        fees, costs = ([amount(side, paid_by) for side in (before, after)] for paid_by in ("client", "organiser"))
        worked, n, by_groups = hours, "1", f"GROUPING SETS ((), {', '.join(f'({g}_)' for g in BREAKDOWNS)})"
    inner = f"SELECT *, {verdicts[0]} AS b, {verdicts[1]} AS a FROM {source}"
    middle = (
        f"SELECT {groups}, b, a, {n} AS n, CASE WHEN b THEN {fees[0]} ELSE 0 END AS fb, CASE WHEN a THEN {fees[1]} ELSE 0 END AS fa, "
        f"CASE WHEN b THEN {costs[0]} ELSE 0 END AS cb, CASE WHEN a THEN {costs[1]} ELSE 0 END AS ca, CASE WHEN b THEN {worked} END AS hb, CASE WHEN a THEN {worked} END AS ha FROM ({inner})"
    )
    rows = run.rows(
        f"SELECT {groups}, CAST(sum(n) AS BIGINT), {_count('b')}, {_count('a')}, {_count('a AND b IS NOT TRUE')}, "
        f"{_count('b AND a IS NOT TRUE')}, {_count('b IS NULL')}, {_count('a IS NULL')}, "
        f"12 * coalesce(sum(fa - fb), 0), 12 * coalesce(sum(ca - cb), 0), coalesce(sum(ha), 0) - coalesce(sum(hb), 0), "
        f"{_count('(fa IS NULL) <> (fb IS NULL) OR (ca IS NULL) <> (cb IS NULL)')} FROM ({middle}) GROUP BY {by_groups}"
    )
    by: dict[str, dict[str, Effect]] = {g: {} for g in BREAKDOWNS}
    total = Effect()
    for row in rows:
        people, granted_before, granted_after, gainers, losers, undecided_before, undecided_after = row[4:11]
        effect = Effect(
            people, granted_before, granted_after, gainers, losers, undecided_before, undecided_after, Decimal(row[11]), Decimal(row[12]), int(row[13]), int(row[14])
        )  # fmt: skip
        place = next((i for i, key in enumerate(row[:4]) if key is not None), None)
        if place is None:
            total = effect
        else:
            by[BREAKDOWNS[place]][row[place]] = effect
    by = {g: dict(sorted(found.items(), key=lambda item: _order(item[0]))) for g, found in by.items()}
    return ServiceEffect(name, str(known_rules.granting[name].service.name), direct, total, by)


def _count(condition: str) -> str:
    return f"CAST(coalesce(sum(n) FILTER ({condition}), 0) AS BIGINT)"


def _own_change(old: Granting | None, new: Granting | None) -> bool:
    """Did the service's own parameters change, or only those of a service that its criteria rest on?"""
    if old is None or new is None:
        return True
    texts = [" ".join(c.when for c in g.criteria) for g in (old, new)]
    values = [
        {
            p.name: p.value
            for n in g.nodes
            for p in tree.walk(n)
            if isinstance(p, tree.Param) and f"param.{p.name}" in text
        }
        for g, text in zip((old, new), texts, strict=True)
    ]
    return texts[0] != texts[1] or values[0] != values[1] or "granted." not in texts[1]


def _visit_fees(run: Run, before: Rules, after: Rules) -> tuple[list[FeeEffect], dict[str, Any]]:
    """Fees paid a visit: each that changes, and what the yearly ceiling makes of all that count towards it."""
    fees: list[FeeEffect] = []
    sums: list[list[str]] = [[], []]
    changed = False
    for name in sorted({*before.formulas, *after.formulas}):
        pair = [r.formulas.get(name) for r in (before, after)]
        known = next(f for f in pair if f)
        if not known.definition.times_a_year:
            continue
        terms = [_yearly(run, f, r) if f else "0" for f, r in zip(pair, (before, after), strict=True)]
        if known.definition.counts_towards_ceiling:
            for term, into in zip(terms, sums, strict=True):
                into.append(term)
        if terms[0] != terms[1]:
            changed = True
            ((payers, more, untold),) = run.rows(
                f"SELECT count_if(n <> o), coalesce(sum(n - o), 0), count_if((n IS NULL) <> (o IS NULL)) FROM (SELECT {terms[0]} AS o, {terms[1]} AS n FROM people)"
            )
            fees.append(FeeEffect(name, str(known.definition.what), int(payers), Decimal(more), int(untold)))
    limits = [_ceiling(r) for r in (before, after)]
    if not (changed or limits[0] != limits[1]) or None in limits:
        return fees, {}
    totals = [" + ".join(f"coalesce({term}, 0)" for term in s) or "0" for s in sums]
    capped = [f"CASE WHEN y{i} > {limit} THEN {limit} ELSE y{i} END" for i, limit in enumerate(limits)]
    ((reached_before, reached_after, paid_before, paid_after),) = run.rows(
        f"SELECT count_if(y0 >= {limits[0]}), count_if(y1 >= {limits[1]}), sum({capped[0]}), sum({capped[1]}) "
        f"FROM (SELECT {totals[0]} AS y0, {totals[1]} AS y1 FROM people)"
    )
    return fees, {
        "limit_before": limits[0], "limit_after": limits[1], "reach_it_before": int(reached_before), "reach_it_after": int(reached_after),
        "client_eur_year_change": Decimal(paid_after) - Decimal(paid_before),
    }  # fmt: skip


def _yearly(run: Run, formula: Reckoning, rules: Rules) -> str:
    """The year's sum: the first visit's fee, as often in the year as it is paid."""
    assert formula.definition.times_a_year
    times, by = rules.times[formula.id], formula.definition.counted_by
    first = run.amount(formula, rules, known={by: "0"} if by else {})
    return f"({first} * {sql.expression(times, column=run.column(rules))})"


def _ceiling(rules: Rules) -> Decimal | None:
    from torni.services.rules import parameter_numbers

    return parameter_numbers(rules.library).get("fee.ceiling_year")


def added(effects: Sequence[Effect], fees: Decimal) -> Effect:
    def of(name: str) -> int:
        return sum(getattr(e, name) for e in effects)

    return Effect(
        people=max((e.people for e in effects), default=0), granted_before=of("granted_before"), granted_after=of("granted_after"),
        gainers=of("gainers"), losers=of("losers"), undecided_before=of("undecided_before"), undecided_after=of("undecided_after"),
        client_eur_year=sum((e.client_eur_year for e in effects), fees),
        organiser_eur_year=sum((e.organiser_eur_year for e in effects), Decimal(0)), hours_month=of("hours_month"), untold=of("untold"),
    )  # fmt: skip


def _order(group: str) -> tuple[int, str]:
    digits = "".join(c for c in group.split("–")[0] if c.isdigit())
    return (int(digits) if digits else 0, group)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
