"""`torni rehearse`: a change tried on invented people, its figures followed down to persons, and its summary."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from torni.cli.show import mark, table
from torni.core.language import Message, number, t
from torni.core.progress import working
from torni.engines.rules.sentences import label, shown
from torni.guidance.client import Client
from torni.guidance.proposal import proposal_of, reason_text
from torni.guidance.state_names import MARKS, verdict_name
from torni.services import regions
from torni.services.change import read_changes
from torni.simulation.group_names import breakdown_name, group_name, touched_text, untold
from torni.simulation.load import UnitLoad, network_load
from torni.simulation.persons import facts_of, people_of
from torni.simulation.rehearsal import Rehearsal
from torni.simulation.rehearsal import rehearse as rehearsed
from torni.simulation.running import BREAKDOWNS
from torni.tower.opened import opened


def rehearse(args: argparse.Namespace) -> int:
    with opened(regions.find(args.population).id) as (room, why):
        made = rehearsed(read_changes(args.change), region=args.population, on=args.on, room=room, why=why)
    chosen = made[max(0, min(args.alternative, len(made)) - 1)]
    if args.pdf:
        from torni.simulation.summary import to_pdf

        with working(Message("The summary as PDF")):
            args.pdf.write_bytes(to_pdf(made))
    if args.person is not None:
        return _person(chosen, args)
    if args.show:
        return _people(chosen, args)
    loads = _loads(made, args)
    if args.json:
        answer = as_json(made)
        for one, load in zip(answer["alternatives"], loads, strict=True):
            one["network_load"] = [asdict(u) for u in load]
        print(
            json.dumps(
                {**answer, "network_load": answer["alternatives"][0]["network_load"]}, ensure_ascii=False, indent=1
            )
        )
        return 0
    _print(made)
    _print_loads(made[0].change.name, loads[0])
    if args.pdf:
        print("\n" + t("The summary is in {file}.", file=args.pdf))
    return 0


def as_json(made: list[Rehearsal]) -> dict[str, Any]:
    """One answer: the population, every alternative, and the first one's totals and tables at the top."""
    first = made[0].json()
    people = made[0].population
    return {
        "population": {"region": people.region, "people": people.size, "version": people.version, "synthetic": True},
        **first,
        "alternatives": [m.json() for m in made],
    }


def _loads(made: list[Rehearsal], args: argparse.Namespace) -> list[list[UnitLoad]]:
    """Units' clients before and after; of the whole country nobody asks, and it would take long."""
    if len(made[0].before.library.region.counties) > 8:
        return [[] for _ in made]
    from torni import network

    with working(Message("Clients of each unit, by the nearest")):
        region = network.load(args.population, on=made[0].before.library.as_of)
        return [network_load(m, region) for m in made]


def _print_loads(name: str, loads: list[UnitLoad]) -> None:
    if loads:
        print("\n" + t("Clients of each unit, by the nearest: {name}", name=name))
        table([t("Unit"), t("Service"), t("Before"), t("After")], [[u.name + (" *" if u.invented else ""), u.service, number(u.before), number(u.after)] for u in loads[:12]], right=[2, 3])  # fmt: skip


def _print(made: list[Rehearsal]) -> None:
    people = made[0].population
    print(
        t(
            "{n} invented people of {region}; no row is a real person.",
            n=number(people.size),
            region=made[0].before.library.region.name,
        )
    )
    header = [
        t("Alternative"),
        t("Gain"),
        t("Lose"),
        t("Undecided"),
        t("Clients, EUR a year"),
        t("Organiser's costs, EUR a year"),
        t("Hours a month"),
    ]
    rows = []
    for m in made:
        e = m.total
        rows.append([
            m.change.name, number(e.gainers), number(e.losers), f"{number(e.undecided_before)} → {number(e.undecided_after)}",
            signed(e.client_eur_year), signed(e.organiser_eur_year), signed(e.hours_month),
        ])  # fmt: skip
    print()
    table(header, rows, right=range(1, 7))
    for m in made:
        print(f"\n{m.change.name}")
        if not m.services and not m.fees and not m.ceiling and not m.promises:
            print("  " + t("Nothing changes for anyone."))
        for s in m.services:
            e = s.total
            why = "" if s.direct else " (" + t("because its criteria rest on another service") + ")"
            print(f"  {s.name}{why}: " + t("granted {before} → {after}, gain {gain}, lose {lose}", before=number(e.granted_before), after=number(e.granted_after), gain=number(e.gainers), lose=number(e.losers)) + untold(e.untold))  # fmt: skip
        for p in m.promises:
            print(f"  {p.either.sentence}: {touched_text(p)}")
        for f in m.fees:
            print(
                f"  {f.name}: "
                + t("{n} payers, {eur} EUR a year", n=number(f.payers), eur=signed(f.client_eur_year))
                + untold(f.untold)
            )
        if m.ceiling:
            c = m.ceiling
            print("  " + t("Yearly ceiling: reached by {before} → {after}, clients' fees {eur} EUR a year", before=number(c["reach_it_before"]), after=number(c["reach_it_after"]), eur=signed(c["client_eur_year_change"])))  # fmt: skip
    for breakdown in BREAKDOWNS:
        found = made[0].by(breakdown)
        touched = {g: e for g, e in found.items() if e.gainers or e.losers or e.client_eur_year or e.organiser_eur_year}
        if not touched:
            continue
        print()
        table(
            [breakdown_name(breakdown), t("Gain"), t("Lose"), t("Clients, EUR a year"), t("Organiser's costs, EUR a year")],
            [[group_name(breakdown, g), number(e.gainers), number(e.losers), signed(e.client_eur_year), signed(e.organiser_eur_year)] for g, e in touched.items()],
            right=range(1, 5),
        )  # fmt: skip


def signed(value: Any) -> str:
    """A change with its sign, in whole numbers."""
    whole = round(float(value))
    return ("+" if whole > 0 else "−" if whole < 0 else "") + number(abs(whole))


def _people(made: Rehearsal, args: argparse.Namespace) -> int:
    where = {
        k: v
        for k, v in (
            ("municipality", args.municipality),
            ("age_group", args.age_group),
            ("income_tenth", args.income_tenth),
        )
        if v
    }
    service = args.service or (made.services[0].service if made.services else "")
    rows = people_of(made, service, args.show, where=where, limit=args.limit)
    if args.json:
        print(
            json.dumps(
                {"service": service, "group": args.show, "synthetic": True, "people": rows},
                ensure_ascii=False,
                indent=1,
                default=str,
            )
        )
        return 0
    if not rows:
        print(t("Nobody."))
        return 0
    names = [n for n in rows[0] if n != "person"]
    fields = made.after.fields
    header = [t("Person"), *(label(fields[n]) for n in names)]
    table(header, [[str(r["person"]), *(shown(r[n], fields[n]) for n in names)] for r in rows], right=[0])
    return 0


def _person(made: Rehearsal, args: argparse.Namespace) -> int:
    """One invented person's reasoning, before the change and after it."""
    service = args.service or (made.services[0].service if made.services else "")
    facts = facts_of(made.population, args.person, made.after)
    answers = {
        when: proposal_of(rules, service, Client(facts))
        for when, rules in (("before", made.before), ("after", made.after))
    }
    if args.json:
        print(
            json.dumps(
                {"person": args.person, "synthetic": True, **{k: d.json() for k, d in answers.items()}},
                ensure_ascii=False,
                indent=1,
            )
        )
        return 0
    for when, d in answers.items():
        told = t("Before the change") if when == "before" else t("After the change")
        print(f"{told}: {verdict_name(d.verdict)}")
        for leaf, how in d.leaves_told:
            print(
                f"    {mark(MARKS[how])} {reason_text(leaf, d.client)}"
                + (f"  ← {t('decided')}" if leaf.decided else "")
            )
    return 0
