"""`torni truth`, `verify`, `backup`, `restore` and `import events`: the record room from the command line."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from torni.cli.show import mark, table
from torni.core.faults import bad_input
from torni.core.language import _, number, t
from torni.facts import room
from torni.facts.fold import start_of
from torni.facts.postgres import binaries, server
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
    making = path.with_name(path.name + ".making")
    with server() as database:
        room.prepare(database.url)
        _postgres_program("pg_dump", database.url, "--format=custom", "--compress=6", "--no-owner", f"--file={making}")
    making.replace(path)
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
        with room.connect(database.url) as connection:
            row = connection.execute("SELECT to_regclass('room') IS NOT NULL").fetchone()
            if row and row[0] and connection.execute("SELECT 1 FROM event LIMIT 1").fetchone():
                raise bad_input(
                    t("the record room"),
                    t("has facts already, and a restore never writes over facts"),
                    t("Choose an empty folder with TORNI_DATA, or an empty database with DATABASE_URL."),
                )
        with room.connect(database.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS shown CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            room.make_roles(connection)  # what the backup's rights are given to
        _fill(database.url, path)
        with room.connect(database.url, autocommit=True) as connection:
            wrong = [c for c in verified(connection) if c.wrong]
    print(
        _("The record room is back, and whole.")
        if not wrong
        else _("The record room is back, but not whole: `torni verify`.")
    )
    return int(bool(wrong))


def _fill(url: str, path: Path) -> None:
    """The backup's statements into the database, all or nothing. One setting of ours is left out: older servers do not know it."""
    known, environment = _address(url)
    with (
        subprocess.Popen(
            [str(binaries() / "pg_restore"), "--no-owner", "--file=-", str(path)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"},
        ) as reading,
        subprocess.Popen(
            [str(binaries() / "psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--dbname={known}"],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        ) as writing,
    ):  # fmt: skip
        assert reading.stdout and reading.stderr and writing.stdin
        with suppress(BrokenPipeError):
            for line in reading.stdout:
                if line != b"SET transaction_timeout = 0;\n":
                    writing.stdin.write(line)
            if reading.wait():  # what has come is not all of it: nothing of it may stay
                writing.stdin.write(b"DO $$ BEGIN RAISE 'the backup cannot be read to its end'; END $$;\n")
        refused = writing.communicate()[1].decode(errors="replace")
        told = reading.stderr.read().decode(errors="replace")
    if reading.returncode or writing.returncode:
        _failed("pg_restore", told or refused)


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The server's address without its password, and an environment that holds it: a command line is seen by others."""
    known = conninfo_to_dict(url)
    password = known.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {}), "LC_ALL": "C"}
    return make_conninfo(**known), environment  # type: ignore[arg-type]


def _postgres_program(name: str, url: str, *words: str) -> None:
    """pg_dump of the server's version; the password goes by the environment, never by the command line."""
    known, environment = _address(url)
    ran = subprocess.run(
        [str(binaries() / name), f"--dbname={known}", *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if ran.returncode:
        _failed(name, ran.stderr)


def _failed(name: str, stderr: str) -> NoReturn:
    said = stderr.strip().splitlines()
    told = [line for line in said if "error:" in line.lower()] or said
    raise bad_input(
        name,
        told[0].partition("rror:")[2].strip() or told[0] if told else t("failed"),
        t("Nothing was changed. Is the disk full, or the file another program's?"),
    )


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
