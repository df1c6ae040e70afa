"""`torni verify`, `checkpoint`, `backup`, `restore` and `import events`: the record room from the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from torni.cli.show import mark
from torni.core import clock
from torni.core.faults import bad_input
from torni.core.language import _, ngettext, number, t
from torni.facts import encrypted, erasing, opening
from torni.facts.backup import back_up, bring_back, note_tried, proved, refuse_facts
from torni.facts.checkpoint import against, extension, keep, public_key, read
from torni.facts.postgres import server
from torni.facts.sealing import seal
from torni.facts.verify import verify as verified
from torni.guidance.charges import charge
from torni.services import load_library
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.sources.written import day_told


def verify(args: argparse.Namespace) -> int:
    """Is the record room whole, and the one that a checkpoint stands for?"""
    note = _read(args.checkpoint) if args.checkpoint else None
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            row = connection.execute("SELECT region FROM room").fetchone()
            checks = verified(connection, books_of(Days(row[0]), charge=charge) if row else None)
            if note:
                key = _key(args.key) if args.key else public_key(note.partition("\n")[0])
                checks.append(against(connection, read(note, key=key)))
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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(str(path), t("cannot be read"), t("Name a file that `torni checkpoint` wrote.")) from error


def _key(told: str) -> str:
    return _read(Path(told)) if "+" not in told else told


def checkpoint(args: argparse.Namespace) -> int:
    """The newest sealed day's checkpoint, that it extends an earlier one, or the key by which it is checked."""
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            seal(connection)
            note = keep(connection)
            if note and args.since:
                note = extension(connection, read(_read(args.since), key=public_key(note.partition("\n")[0])).size)
    if note is None:
        raise bad_input(t("the record room"), t("has no sealed day yet"), t("A day is sealed when a later one has been recorded."))  # fmt: skip
    told = public_key(note.partition("\n")[0]) + "\n" if args.key else note
    if args.file is None:
        print(told, end="")
        return 0
    args.file.write_text(told, encoding="utf-8")
    print(_("{file}: written").format(file=args.file))
    return 0


def backup(args: argparse.Namespace) -> int:
    """The whole record room into one file, as it is at this moment; the server keeps running."""
    path: Path = args.file
    if path.exists() and not args.force:
        raise bad_input(str(path), t("is there already"), t("Choose another name, or add --force."))
    made = encrypted.new_key()
    with server() as database:
        opening.prepare(database.url)
        back_up(database.url, path)
        tried = _rehearsed(database.url, path) if args.rehearse else None
    if made:
        print(
            _(
                "A new key was made: {file}. Without it no backup can be opened: keep a copy of it in another place than the backups."
            ).format(file=made)
        )
    print(_("{file}: {size} MB").format(file=path, size=number(path.stat().st_size / 1e6, 1)))
    if tried is not None:
        print(
            _("Brought back beside the room, and whole.")
            if tried
            else _("Brought back beside the room, and not whole: `torni verify`.")
        )
    return int(tried is False)


def _rehearsed(url: str, path: Path) -> bool:
    """The backup brought back beside the room and verified; written down in the room, whole or not."""
    whole = False
    try:
        with proved(url, path) as beside, opening.connect(beside, autocommit=True) as connection:
            whole = not any(c.wrong for c in verified(connection))
    finally:
        note_tried(url, whole=whole, size=path.stat().st_size)
    return whole


def snapshot(args: argparse.Namespace) -> int:
    """The log as Parquet files, for DuckDB, notebooks and Spark."""
    from torni.facts.snapshot import snapshot as written

    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            made = written(connection, args.folder, persons=args.persons)
    print(_("{folder}: {events} events, up to log position {position}").format(folder=made.folder, events=number(made.events), position=number(made.position)))  # fmt: skip
    return 0


def audit_export(args: argparse.Namespace) -> int:
    """Who read whom and why, to the end of a file that a log system reads."""
    from torni.facts import audit

    since = day_told("--since", args.since) if args.since else None
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url) as connection:
            made = audit.export(connection, args.file, since=since)
    print(
        ngettext("{file}: {count} new record", "{file}: {count} new records", made).format(
            file=args.file, count=number(made)
        )
    )
    return 0


def restore(args: argparse.Namespace) -> int:
    """A backup into an empty record room: tried and verified in a database beside, and only then brought in."""
    path: Path = args.file
    if not path.is_file():
        raise bad_input(str(path), t("is not a file"), t("Name a file that `torni backup` wrote."))
    with server() as database:
        refuse_facts(database.url)
        with (
            proved(database.url, path, unsigned=args.unsigned) as beside,
            opening.connect(beside, autocommit=True) as connection,
        ):
            wrong = [c for c in verified(connection) if c.wrong]
        if wrong and not args.force:
            raise bad_input(
                str(path),
                t("was tried beside the room, and is not whole: {told}", told="; ".join(str(c.told) for c in wrong)),
                t("Nothing was changed. Take another backup, or add --force and look with `torni verify`."),
            )
        aside = bring_back(database.url, path, unsigned=args.unsigned)
        with opening.connect(database.url, autocommit=True) as connection:
            erased = erasing.again(connection, data=load_library(on=clock.today()).event_data)
    if erased:
        print(ngettext("{count} person who had been erased was erased again.", "{count} persons who had been erased were erased again.", erased).format(count=number(erased)))  # fmt: skip
    if aside:
        print(_("The room's own accounts, keys and refused records from before are kept aside, unused: DROP SCHEMA {aside} CASCADE once they are not needed.").format(aside=aside))  # fmt: skip
    print(
        _("The record room is back, and whole.")
        if not wrong
        else _("The record room is back, but not whole: `torni verify`.")
    )
    return int(bool(wrong))
