"""`torni region list | new` and `torni import units | population | roads | timetable`."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager

from torni.cli.show import painted, table
from torni.core.language import Message, _, ngettext
from torni.core.progress import Done, working
from torni.network import own_data
from torni.network.own_data import Imported
from torni.services import regions


def list_regions(args: argparse.Namespace) -> int:
    table(
        [_("region"), _("name"), _("counties")],
        [[r.id, str(r.name), ", ".join(r.counties)] for r in regions.all_regions()],
    )
    return 0


def new_region(args: argparse.Namespace) -> int:
    folder = own_data.new_region(args.name, counties=args.county, municipalities=args.municipality)
    print(
        _(
            "Started {folder}. Next: torni import units FILE --region {region}, then torni check --region {region}"
        ).format(folder=folder / "region.yaml", region=folder.name)
    )
    return 0


def import_units(args: argparse.Namespace) -> int:
    with _reading(args):
        done = own_data.import_units(args.file, args.region, on=args.on, keep_good=args.keep_good, dry_run=args.dry_run)
    return _told(done, args)


def import_population(args: argparse.Namespace) -> int:
    with _reading(args):
        done = own_data.import_population(
            args.file, args.region, on=args.on, side_m=args.side, keep_good=args.keep_good, dry_run=args.dry_run
        )
    return _told(done, args)


def import_roads(args: argparse.Namespace) -> int:
    with _reading(args):
        done = own_data.import_roads(args.file, args.region, on=args.on, dry_run=args.dry_run)
    return _told(done, args)


def import_timetable(args: argparse.Namespace) -> int:
    with _reading(args):
        done = own_data.import_timetable(args.file, args.region, on=args.on, dry_run=args.dry_run)
    return _told(done, args)


def _reading(args: argparse.Namespace) -> AbstractContextManager[Done]:
    return working(Message("Reading {file}", file=args.file.name))


def _told(done: Imported, args: argparse.Namespace) -> int:
    """Every fault and doubt, then what was kept. 2 when faults kept the file out, or were left out with --keep-good: 0."""
    faults = done.intake.faults if done.intake else ()
    for fault in faults:
        print(fault)
    if done.intake and done.intake.doubts:
        print(painted("\n" + (_("Worth a look (kept):") if done.written else _("Worth a look:")), "33"))
        for doubt in done.intake.doubts:
            print(doubt)
    if done.intake and done.intake.ignored:
        print("\n" + _("Columns not read: ") + ", ".join(done.intake.ignored))
    print(f"\n{done.summary}")
    for note in done.notes:
        print(f"  {note}")
    if done.written:
        print(_("Kept in {file}.").format(file=done.written))
        return 0
    if args.dry_run:
        print(_("A dry run: nothing was kept."))
        return 2 if faults else 0
    count = done.intake.refused if done.intake else 0
    print(
        ngettext(
            "{count} row has faults: nothing was kept. Mend it, or add --keep-good to keep the others.",
            "{count} rows have faults: nothing was kept. Mend them, or add --keep-good to keep the others.",
            count,
        ).format(count=count)
    )
    return 2
