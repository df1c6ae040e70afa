"""`torni events`, `import events`, `quarantine` and `feed`: what may come in, bringing it in, mending what was refused."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager

from torni.cli.show import mark, table
from torni.core.clock import today
from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import Message, _, number, t
from torni.core.progress import each, working
from torni.facts import feeds, intake, opening, senders
from torni.facts.data_fields import MOST_TEXT
from torni.facts.door import Door
from torni.facts.fold import fold
from torni.facts.postgres import server
from torni.facts.reasons import reason
from torni.guidance.charges import charge
from torni.producers.known import unknown
from torni.services import load_library, regions
from torni.services.days import Days
from torni.services.door_book import books_of
from torni.sources.event_files import read_events
from torni.supervision.sentences import moment_text


def events(args: argparse.Namespace) -> int:
    """Every type of event, what it tells and what it needs."""
    library = load_library(args.region, on=args.on)
    rows = [
        [
            name,
            str(kind.what),
            " ".join([*kind.needs, *(f"data.{n} ({f.told})" for n, f in kind.data.items())]),
            " ".join(f"{n} {low}..{high}" for n, (low, high) in kind.held()),
        ]
        for name, kind in library.event_kinds.items()
    ]
    table([_("type"), _("what it tells"), _("what it needs"), _("bounds")], rows)
    return 0


def import_events(args: argparse.Namespace) -> int:
    """A file of events through the door, as many as are right; the others into quarantine, each with its reasons."""
    region = regions.find(args.region).id
    with working(Message("Reading {file}", file=args.file.name)):
        given = read_events(args.file, days=load_library(region, on=today()).day_fields)
    by = senders.command("torni import events").of_file(args.file.name)
    with _door(region) as door:
        if args.dry_run:
            with door.connection.transaction(force_rollback=True):  # what would become of it; nothing is written
                done = intake.receive_many(
                    door, given.events, rows=given.rows, source=args.source, keep=False, sender=by
                )
        else:
            done = intake.receive_many(door, given.events, rows=given.rows, source=args.source, sender=by)
        fold(door.connection)
    total, repeated = done.accepted, done.repeated
    refused = [(given.rows[line], id_, reasons) for line, id_, reasons in done.refused]
    if args.json:
        print(
            json.dumps(
                {
                    "accepted": total, "repeated": repeated,
                    "refused": [{"line": row, "id": id_, "reasons": list(reasons)} for row, id_, reasons in refused],
                },
                ensure_ascii=False, indent=2,
            )
        )  # fmt: skip
        return 2 if refused else 0
    print(_("{accepted} accepted, {repeated} known already, {refused} refused").format(accepted=number(total), repeated=number(repeated), refused=number(len(refused))))  # fmt: skip
    for row, id_, reasons in refused[:20]:
        print(f"{mark('broken')} {_('row')} {row} {id_}: " + "; ".join(reason(r) for r in reasons))
    if len(refused) > 20:
        print(_("and {count} more: `torni quarantine list`").format(count=number(len(refused) - 20)))
    return 2 if refused else 0


def quarantine_list(args: argparse.Namespace) -> int:
    """What was refused and waits to be mended. Only what is wrong is shown, never the row itself."""
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            found = intake.waiting(connection)
    if args.json:
        print(
            json.dumps(
                [{"number": n, "received": at.isoformat(), "source": s, "reasons": r} for n, at, s, _raw, r in found],
                indent=2,
            )
        )
        return 0
    rows = [[str(n), moment_text(at), s, "; ".join(reason(r) for r in reasons)] for n, at, s, _raw, reasons in found]
    table([_("number"), _("received"), _("source"), _("why")], rows, right=(0,))
    return 0


def quarantine_replay(args: argparse.Namespace) -> int:
    """Send rows again: all that wait, some by number, or one mended (`--with FILE`)."""
    region = regions.find(args.region).id
    with _door(region) as door:
        found = {n: raw for n, _at, _s, raw, _r in intake.waiting(door.connection, most=1_000_000)}
        wanted = args.number or list(found)
        unknown = [n for n in wanted if n not in found]
        if unknown:
            raise BadInput(
                *(
                    Fault(f"quarantine {n}", t("no such row waits"), t("`torni quarantine list` tells which do."))
                    for n in unknown
                )
            )
        if args.mended and len(wanted) != 1:
            raise bad_input("--with", t("a mended row is one row's"), t("Name its number."))
        accepted = 0
        for n in each(wanted, Message("Refused records again")):
            raw = (
                read_events(args.mended, days=load_library(region, on=today()).day_fields).events[0]
                if args.mended
                else found[n]
            )
            done = intake.replay(door, n, raw, by="torni", sender=senders.command("torni quarantine replay"))
            accepted += not done.refused
            for _line, id_, reasons in done.refused:
                print(f"{mark('broken')} {n} {id_}: " + "; ".join(reason(r) for r in reasons))
        fold(door.connection)
    print(
        _("{accepted} accepted, {left} refused again").format(
            accepted=number(accepted), left=number(len(wanted) - accepted)
        )
    )
    return 0 if accepted == len(wanted) else 2


def quarantine_drop(args: argparse.Namespace) -> int:
    """Say of rows that they are not needed. They stay in the room, and are listed no more."""
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            found = {n for n, *_rest in intake.waiting(connection, most=1_000_000)}
            unknown = [n for n in args.number if n not in found]
            if unknown:
                raise BadInput(
                    *(
                        Fault(f"quarantine {n}", t("no such row waits"), t("`torni quarantine list` tells which do."))
                        for n in unknown
                    )
                )
            for n in args.number:
                intake.note_outcome(connection, n, "dropped", by="torni")
    print(_("{count} dropped").format(count=number(len(args.number))))
    return 0


def feed_new(args: argparse.Namespace) -> int:
    """A key for a system that sends events."""
    if not args.source.strip() or len(args.source) > MOST_TEXT:
        raise bad_input("SOURCE", t("is not a short text"), t("Write such as: producer-a"))
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            if args.producer is not None and not args.new_producer and (fault := unknown(connection, args.producer)):
                raise bad_input(fault.where, fault.what, fault.remedy + " " + t("If its units are yet to be told of, add --new-producer."))  # fmt: skip
            key = feeds.new(connection, args.source, producer=args.producer)
    print(_("The key of {source}. It is shown only now:").format(source=args.source))
    print(key)
    return 0


def feed_list(args: argparse.Namespace) -> int:
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            found = feeds.listed(connection)
    table(
        [_("source"), _("producer"), _("made"), _("ended")],
        [
            [s, producer or _("any"), f"{made:%-d.%-m.%Y}", f"{ended:%-d.%-m.%Y}" if ended else "–"]
            for s, made, ended, producer in found
        ],
    )
    return 0


def feed_end(args: argparse.Namespace) -> int:
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            ended = feeds.end(connection, args.source)
            near = (
                None
                if ended
                else nearest_name(args.source, [s for s, _m, end, _p in feeds.listed(connection) if not end])
            )
    if not ended:
        meant = t('Did you mean "{near}"?', near=near) + " " if near else ""
        raise bad_input(args.source, t("has no key"), meant + t("`torni feed list` tells which have."))
    print(_("{count} ended").format(count=number(ended)))
    return 0


@contextmanager
def _door(region: str) -> Iterator[Door]:
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            opening.claim(connection, region)
            yield Door(connection, books_of(Days(region), charge=charge))
