"""`torni change`: propose a change with its rehearsal, approve it as another person, and see how the text came to be."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from torni.cli.rehearse import signed
from torni.cli.show import table
from torni.core.language import Message, number, t
from torni.facts import opening, recording, senders
from torni.facts.door import Door
from torni.facts.postgres import server
from torni.guidance.charges import charge
from torni.services import regions
from torni.services.change import parse_changes
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.services.history import Version, version, versions
from torni.services.proposing import approve, propose, reject, take_in, withdraw
from torni.simulation.group_names import state_name
from torni.simulation.rehearsal import rehearse
from torni.sources.written import day_told

_BY = senders.command("torni change")


def propose_(args: argparse.Namespace) -> int:
    text = args.change.read_text(encoding="utf-8")
    changes = parse_changes(text, name=args.change.name)
    with _door(args.region) as (door, at):
        room = door.connection if _is_of(door, args.region) else None
        made = rehearse(changes, region=args.region, on=args.on, room=room, why=Message("the record room is of another region"))  # fmt: skip
        found = propose(door, args.region, text, by=args.by, at=at, on=args.on, rehearsal=made[0].figures(), sender=_BY)
    print(
        t("Proposed as {id}. Another person approves it: torni change approve {id} --by NAME --start DATE", id=found.id)
    )
    return 0


def approve_(args: argparse.Namespace) -> int:
    start = day_told("--start", args.start)
    with _door(args.region) as (door, at):
        found = approve(door, args.region, args.id, by=args.by, at=at, start=start, why=args.why, sender=_BY)
    print(t("Approved: {name} is in force from {day}.", name=found.name, day=found.start))
    return 0


def reject_(args: argparse.Namespace) -> int:
    with _door(args.region) as (door, at):
        found = reject(door, args.region, args.id, by=args.by, at=at, why=args.why, sender=_BY)
    print(t("Rejected: {name}.", name=found.name))
    return 0


def withdraw_(args: argparse.Namespace) -> int:
    with _door(args.region) as (door, at):
        found = withdraw(door, args.region, args.id, by=args.by, at=at, sender=_BY)
    print(t("Withdrawn: {name}.", name=found.name))
    return 0


@contextmanager
def _door(region: str) -> Iterator[tuple[Door, datetime]]:
    """The way into the record room, which is the asked region's if it was nobody's, and its present moment."""
    place = regions.find(region).id
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            owner = connection.execute("SELECT region FROM room").fetchone()
            if owner is None:
                opening.claim(connection, place)
            door = Door(connection, books_of(Days(owner[0] if owner else place), charge=charge))
            at = recording.present_moment(connection)
            take_in(door, at=at)
            yield door, at


def _is_of(door: Door, region: str) -> bool:
    return door.connection.execute("SELECT region FROM room").fetchone() == (regions.find(region).id,)


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
    if v.rejected_by:
        print(t("Rejected by {who} on {when}: {why}", who=v.rejected_by, when=v.rejected_at, why=v.reason))
    if v.why:
        print(v.why)
    for where, old, new in v.diff:
        print(f"\n{where}")
        for sign, text in (("-", old), ("+", new)):
            for line in text.splitlines():
                print(f"  {sign} {line}")
    r = v.rehearsal
    if not {"gainers", "losers", "client_eur_year", "organiser_eur_year", "population"} <= {*r}:
        return 0
    print("\n" + t("Rehearsed: {gain} gain, {lose} lose, clients {clients} EUR and organiser {organiser} EUR a year (population {population}).",
            gain=number(r["gainers"]), lose=number(r["losers"]), clients=signed(r["client_eur_year"]), organiser=signed(r["organiser_eur_year"]), population=r["population"]))  # fmt: skip
    return 0


def _json(v: Version) -> dict[str, object]:
    return {
        "id": v.id, "region": v.region, "name": v.name, "why": v.why, "state": v.state, "proposed_by": v.proposed_by, "proposed_at": v.proposed_at,
        "approved_by": v.approved_by, "approved_at": v.approved_at, "start": str(v.start) if v.start else None,
        "kind": v.kind, "rejected_by": v.rejected_by, "rejected_at": v.rejected_at, "reason": v.reason,
        "diff": [{"where": a, "before": b, "after": c} for a, b, c in v.diff], "rehearsal": v.rehearsal, "text": v.text,
    }  # fmt: skip
