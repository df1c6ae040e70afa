"""`torni truth`, `verify`, `backup`, `restore` and `import events`: the record room from the command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from torni.cli.show import mark, table
from torni.core.faults import bad_input
from torni.core.language import _, number, t
from torni.facts import room
from torni.facts.backup import back_up, bring_back
from torni.facts.fold import start_of
from torni.facts.postgres import server
from torni.facts.verify import verify as verified
from torni.services import regions
from torni.services.days import Days
from torni.simulation.words import fault_name


def truth(args: argparse.Namespace) -> int:
    """Plant a year's faults in a room of its own, and tell what the tower found of them."""
    from torni.simulation.year.running import assembled, load_year
    from torni.simulation.year.truth import truth as asked

    region = regions.find(args.region).id
    last = args.on
    first = last - timedelta(days=365)
    days = Days(region)
    year, books = assembled(region, seed=args.seed, residents=args.residents, first=first)
    with _scratch(f"torni_truth_{os.getpid()}") as url:
        with room.connect(url, autocommit=True) as connection:
            room.claim(connection, region, invented={"seed": args.seed, "residents": args.residents})
        progress = _progress(_("the year"), first, last, quiet=args.json)
        load_year(url, year, books, first=first, until=_end_of(last), told=lambda day, _n: progress(day))
        progress = _progress(_("its mornings"), first, last, quiet=args.json)
        with room.connect(url, autocommit=True) as connection:
            found = asked(
                connection, year.world, year.faults, lambda day: days.on(day).library, first=first, last=last, told=progress
            )  # fmt: skip
    if args.json:
        print(json.dumps(found.json(args.seed, len(year.world.residents)), ensure_ascii=False, indent=2))
        return int(found.missed > 0 or len(found.false) > 1)
    names = {**year.world.names, **dict(year.world.units.select("unit", "name").iter_rows())}
    rows = [
        [mark("kept" if p.told_on else "broken"), fault_name(p.fault.kind), names.get(p.fault.where, p.fault.where), f"{p.fault.since:%-d.%-m.%Y}",
         "–" if p.days is None else number(p.days), p.alert.id if p.alert else ""]
        for p in found.planted
    ]  # fmt: skip
    table(["", _("planted"), _("where"), _("from"), _("days to detection"), _("finding")], rows, right=(4,))
    print(
        _("{found} found, {missed} missed, {false} false").format(
            found=len(found.planted) - found.missed, missed=found.missed, false=len(found.false)
        )
    )
    for day, alert in found.false:
        print(f"  {day:%-d.%-m.%Y} {alert.id} {alert.level} {alert.where}")
    return int(found.missed > 0 or len(found.false) > 1)


def verify(args: argparse.Namespace) -> int:
    """Is the record room whole?"""
    with server() as database:
        room.prepare(database.url)
        with room.connect(database.url, autocommit=True) as connection:
            checks = verified(connection)
    if args.json:
        print(
            json.dumps(
                {
                    "whole": not any(c.wrong for c in checks),
                    "checks": [{"name": c.name, "checked": c.checked, "wrong": c.wrong, "first": c.first} for c in checks],
                },
                indent=2,
            )
        )  # fmt: skip
    else:
        for c in checks:
            told = _("{count} checked").format(count=number(c.checked))
            wrong = (
                ""
                if not c.wrong
                else "   " + _("{wrong} wrong, the first: {first}").format(wrong=number(c.wrong), first=c.first)
            )
            print(f"{mark('broken' if c.wrong else 'kept')} {c.told}   {told}{wrong}")
    return int(any(c.wrong for c in checks))


def backup(args: argparse.Namespace) -> int:
    """The whole record room into one file, as it is at this moment; the server keeps running."""
    path: Path = args.file
    if path.exists() and not args.force:
        raise bad_input(str(path), t("is there already"), t("Choose another name, or add --force."))
    with server() as database:
        room.prepare(database.url)
        back_up(database.url, path)
    print(_("{file}: {size} MB").format(file=path, size=number(path.stat().st_size / 1e6, 1)))
    return 0


def snapshot(args: argparse.Namespace) -> int:
    """The log as Parquet files, for DuckDB, notebooks and Spark."""
    from torni.facts.snapshot import snapshot as written

    with server() as database:
        room.prepare(database.url)
        with room.connect(database.url, autocommit=True) as connection:
            made = written(connection, args.folder, persons=args.persons)
    print(_("{folder}: {events} events, up to log position {position}").format(folder=made.folder, events=number(made.events), position=number(made.position)))  # fmt: skip
    return 0


def restore(args: argparse.Namespace) -> int:
    """A backup into an empty record room; verified before it is called done."""
    path: Path = args.file
    if not path.is_file():
        raise bad_input(str(path), t("is not a file"), t("Name a file that `torni backup` wrote."))
    with server() as database:
        aside = bring_back(database.url, path)
        with room.connect(database.url, autocommit=True) as connection:
            wrong = [c for c in verified(connection) if c.wrong]
    if aside:
        print(_("The room's own accounts, keys and refused records from before are kept aside, unused: DROP SCHEMA {aside} CASCADE once they are not needed.").format(aside=aside))  # fmt: skip
    print(
        _("The record room is back, and whole.")
        if not wrong
        else _("The record room is back, but not whole: `torni verify`.")
    )
    return int(bool(wrong))


@contextmanager
def _scratch(name: str) -> Iterator[str]:
    """A database that lives while the block does."""
    with server() as database:
        url = make_conninfo(database.url, dbname=name)
        with room.connect(database.url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            room.prepare(url)
            yield url
        finally:
            with room.connect(database.url, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _progress(what: str, first: date, last: date, *, quiet: bool) -> Callable[[date], None]:
    """A line that tells how far it has come, where somebody watches."""
    shown = not quiet and sys.stderr.isatty()

    def told(day: date) -> None:
        if shown:
            share = min(1.0, max(0.0, (day - first) / (last - first)))
            end = "\n" if share >= 1 else ""
            print(f"\r{what} {'█' * int(30 * share):░<30} {day:%-d.%-m.%Y} ", end=end, file=sys.stderr, flush=True)

    return told


def _end_of(day: date) -> datetime:
    return (start_of(day + timedelta(days=1)) - timedelta(seconds=1)).astimezone(UTC)
