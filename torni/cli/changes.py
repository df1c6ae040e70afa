"""`torni change`: propose a change with its rehearsal, approve it as another person, and see how the text came to be."""

from __future__ import annotations

import argparse
import json

from torni.cli.rehearse import signed
from torni.cli.show import table
from torni.core import clock
from torni.core.language import number, t
from torni.services import regions
from torni.services.change import parse_changes
from torni.services.history import Version, version, versions
from torni.services.proposing import approve, propose, withdraw
from torni.simulation.group_names import state_name
from torni.simulation.rehearsal import rehearse
from torni.sources.written import day_told
from torni.tower.opened import opened


def propose_(args: argparse.Namespace) -> int:
    text = args.change.read_text(encoding="utf-8")
    with opened(regions.find(args.region).id) as (room, why):
        made = rehearse(parse_changes(text, name=args.change.name), region=args.region, on=args.on, room=room, why=why)
    found = propose(
        args.region,
        text,
        by=args.by,
        at=clock.local_now(),
        on=args.on,
        rehearsal={**made[0].json()["totals"], "population": made[0].population.version},
    )
    print(
        t("Proposed as {id}. Another person approves it: torni change approve {id} --by NAME --start DATE", id=found.id)
    )
    return 0


def approve_(args: argparse.Namespace) -> int:
    start = day_told("--start", args.start)
    found = approve(args.region, args.id, by=args.by, at=clock.local_now(), start=start)
    print(t("Approved: {name} is in force from {day}.", name=found.name, day=found.start))
    return 0


def withdraw_(args: argparse.Namespace) -> int:
    print(t("Withdrawn: {name}.", name=withdraw(args.region, args.id, by=args.by, at=clock.local_now()).name))
    return 0


def list_(args: argparse.Namespace) -> int:
    found = versions(args.region)
    if args.json:
        print(json.dumps([_json(v) for v in found], ensure_ascii=False, indent=1))
        return 0
    if not found:
        print(t("No changes have been proposed."))
        return 0
    header = [t("Change"), t("Name"), t("State"), t("Proposed"), t("Approved"), t("Start")]
    table(header, [[v.id, v.name, state_name(v.state), f"{v.proposed_by} {v.proposed_at[:10]}", f"{v.approved_by} {v.approved_at[:10]}".strip(), str(v.start or "")] for v in found])  # fmt: skip
    return 0


def show(args: argparse.Namespace) -> int:
    v = version(args.region, args.id)
    if args.json:
        print(json.dumps(_json(v), ensure_ascii=False, indent=1))
        return 0
    print(f"{v.id}  {v.name}: {state_name(v.state)}")
    print(t("Proposed by {who} on {when}.", who=v.proposed_by, when=v.proposed_at))
    if v.approved_by:
        print(
            t(
                "Approved by {who} on {when}, in force from {start}.",
                who=v.approved_by,
                when=v.approved_at,
                start=v.start,
            )
        )
    if v.why:
        print(v.why)
    for where, old, new in v.diff:
        print(f"\n{where}")
        for sign, text in (("-", old), ("+", new)):
            for line in text.splitlines():
                print(f"  {sign} {line}")
    r = v.rehearsal
    print("\n" + t("Rehearsed: {gain} gain, {lose} lose, clients {clients} EUR and organiser {organiser} EUR a year (population {population}).",
            gain=number(r["gainers"]), lose=number(r["losers"]), clients=signed(r["client_eur_year"]), organiser=signed(r["organiser_eur_year"]), population=r["population"]))  # fmt: skip
    return 0


def _json(v: Version) -> dict[str, object]:
    return {
        "id": v.id, "region": v.region, "name": v.name, "why": v.why, "state": v.state, "proposed_by": v.proposed_by, "proposed_at": v.proposed_at,
        "approved_by": v.approved_by, "approved_at": v.approved_at, "start": str(v.start) if v.start else None,
        "diff": [{"where": a, "before": b, "after": c} for a, b, c in v.diff], "rehearsal": v.rehearsal, "text": v.text,
    }  # fmt: skip
