"""`torni truth`: faults planted in an invented year, and what the tower finds of them; of one seed, or a table of many."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from torni.cli.show import mark, table
from torni.core.faults import bad_input
from torni.core.language import Message, _, number, t
from torni.core.progress import each
from torni.services import regions
from torni.services.days import Days
from torni.simulation.group_names import fault_name

if TYPE_CHECKING:
    from torni.simulation.year.truth import Truth
    from torni.simulation.year.world import World

LEAST, LEAST_CLUSTERING, MOST_CLUSTERING = 500, 1.0, 10.0


def truth(args: argparse.Namespace) -> int:
    """Plant a year's faults in a room of its own, and tell what the tower found of them. Exit code 1 where a fault was missed,
    or a year had more than one false alert."""
    if args.residents is not None and args.residents < LEAST:
        raise bad_input(
            "--residents", t("{given} is too small", given=args.residents), t("Write at least {least}.", least=LEAST)
        )
    if not LEAST_CLUSTERING <= args.clustering <= MOST_CLUSTERING:
        raise bad_input(
            "--clustering", t("{given} is out of range", given=args.clustering),
            t("Write a number from {least} (by chance alone) to {most}.", least=LEAST_CLUSTERING, most=MOST_CLUSTERING),
        )  # fmt: skip
    seeds = _seeds(args.seeds) if args.seeds else [args.seed]
    found = []
    for seed in each(seeds, Message("The years")) if len(seeds) > 1 else seeds:
        asked, world = _year(args, seed)
        found.append(asked)
        if args.json:
            print(
                json.dumps(
                    asked.json(seed, len(world.residents)), ensure_ascii=False, indent=None if args.seeds else 2
                ),
                flush=True,
            )
        elif args.seeds:
            _line(seed, asked)
        else:
            _one(asked, world)
    if args.seeds and not args.json:
        _many(found)
    return int(any(f.missed > 0 or len(f.false) > 1 for f in found))


def _year(args: argparse.Namespace, seed: int) -> tuple[Truth, World]:
    from torni.simulation.year.log import known
    from torni.simulation.year.running import assembled
    from torni.simulation.year.truth import truth as asked

    region = regions.find(args.region).id
    last = args.on
    first = last - timedelta(days=365)
    days = Days(region)
    year, books = assembled(
        region,
        seed=seed,
        residents=args.residents,
        first=first,
        planted=not args.nothing_planted,
        clustering=args.clustering,
    )
    seen = known(year, books, first=first, last=last)
    found = asked(
        seen, year.world, year.faults, lambda day: days.on(day).library, first=first, last=last, changes=year.changes
    )
    return found, year.world


def _seeds(text: str) -> list[int]:
    first, dots, last = text.partition("..")
    if not (dots and first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise bad_input(
            "--seeds",
            t('"{given}" is not two numbers', given=text),
            t("Write the first and the last seed, such as 1..20."),
        )
    return list(range(int(first), int(last) + 1))


def _one(found: Truth, world: World) -> None:
    names = {**world.names, **dict(world.units.select("unit", "name").iter_rows())}
    rows = [
        [mark("kept" if p.told_on else "unknown" if p.small else "broken"), fault_name(p.fault.kind), names.get(p.fault.where, p.fault.where), f"{p.fault.since:%-d.%-m.%Y}",
         "–" if p.days is None else number(p.days), p.alert.id if p.alert else _("too small to be told: {missed} of {total}").format(missed=number(p.missed), total=number(p.total)) if p.small else ""]
        for p in found.planted
    ]  # fmt: skip
    if rows:
        table(["", _("planted"), _("where"), _("from"), _("days to detection"), _("finding")], rows, right=(4,))
    told, small = (sum(getattr(p, what) for p in found.planted) for what in ("told", "small"))
    print(
        _("{found} found, {missed} missed, {small} too small to be told, {false} false").format(
            found=told, missed=found.missed, small=small, false=len(found.false)
        )
    )
    for day, alert in found.false:
        print(f"  {day:%-d.%-m.%Y} {alert.id} {alert.level} {names.get(alert.where, alert.where)}")


def _line(seed: int, found: Truth) -> None:
    told, small = (sum(getattr(p, what) for p in found.planted) for what in ("told", "small"))
    missed = [fault_name(p.fault.kind) for p in found.planted if p.overlooked]
    false = [f"{day:%-d.%-m.%Y} {a.id} {a.level} {a.where}" for day, a in found.false]
    counts = _("{found} found, {missed} missed, {small} too small to be told, {false} false").format(
        found=told, missed=len(missed), small=small, false=len(false)
    )
    print(
        f"{mark('broken' if missed or len(false) > 1 else 'kept')} {seed:>6}  {counts}  {'; '.join([*missed, *false])}".rstrip(),
        flush=True,
    )


def _many(found: Sequence[Truth]) -> None:
    from torni.simulation.year.truth import summary

    told = summary(found)
    rows = [
        [fault_name(kind), number(k["planted"]), number(k["found"]), number(k["missed"]), number(k["too_small"]), "–" if k["days"] is None else number(k["days"])]
        for kind, k in told["kinds"].items()
    ]  # fmt: skip
    if rows:
        print()
        table(
            [_("planted"), _("times"), _("found"), _("missed"), _("too small"), _("days, median")],
            rows,
            right=(1, 2, 3, 4, 5),
        )
    print(
        _("{years} years: {false} false alerts, in {with_false} of the years, at most {most} in one").format(
            years=number(told["years"]),
            false=number(told["false"]),
            with_false=number(told["years_with_false"]),
            most=number(told["most_false"]),
        )
    )
