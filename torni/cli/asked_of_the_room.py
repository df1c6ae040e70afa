"""What can be asked of the record room on the command line, and of its accounts."""

from __future__ import annotations

import argparse
from pathlib import Path

from torni.cli.adding import Help, add
from torni.core.language import _


def room(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    truth = add(
        commands,
        "truth",
        _("what the tower finds of faults planted in an invented year"),
        "torni.cli.truth:truth",
        region=True,
    )
    truth.add_argument("--seed", type=int, default=2026, metavar="N", help=_("decides everything (default 2026)"))
    truth.add_argument("--seeds", metavar="N..M", help=_("a year of each seed, and a table of them all"))
    truth.add_argument("--residents", type=int, metavar="N", help=_("a smaller region of so many residents"))
    truth.add_argument("--nothing-planted", action="store_true", help=_("years without faults: what is told is false"))
    truth.add_argument(
        "--clustering", type=float, default=1.0, metavar="X",
        help=_("how many times chance's variance misses cluster by nurse and by day (default 1)"),
    )  # fmt: skip
    truth.add_argument("--json", action="store_true", help=_("for machines"))
    alerts = add(
        commands,
        "alerts",
        _("what must be looked at, whose it is, and what is done of it"),
        "torni.cli.alerts:alerts",
        region=True,
    )
    alerts.add_argument("alert", metavar="ALERT", nargs="?", help=_("one alert, with its steps and what may be done"))
    alerts.add_argument(
        "--do", dest="did", choices=("taken_up", "acted", "done", "set_aside"), help=_("do one step of the alert")
    )
    alerts.add_argument("--by", metavar="NAME", help=_("whose step it is: an account that may handle alerts"))
    alerts.add_argument("--action", metavar="ID", help=_("with acted: one of the actions that the alert offers"))
    alerts.add_argument("--text", help=_("with done the outcome, with set_aside the reason, without personal data"))
    alerts.add_argument("--json", action="store_true", help=_("for machines"))

    verify = add(
        commands, "verify", _("is the record room whole? Log, state rows and tallies"), "torni.cli.upkeep:verify"
    )
    verify.add_argument(
        "--checkpoint", metavar="FILE", type=Path, help=_("is it the room that this checkpoint stands for, too?")
    )
    verify.add_argument(
        "--key", metavar="KEY", help=_("the room's public key as one line, or its file; else that of this server")
    )
    verify.add_argument("--json", action="store_true", help=_("for machines"))
    checkpoint = add(
        commands,
        "checkpoint",
        _("the newest checkpoint, signed: for people outside to keep"),
        "torni.cli.upkeep:checkpoint",
    )
    checkpoint.add_argument("file", metavar="FILE", type=Path, nargs="?")
    checkpoint.add_argument(
        "--since",
        metavar="OLDER",
        type=Path,
        help=_("with proof that it extends this older checkpoint, for who has no room"),
    )
    checkpoint.add_argument("--key", action="store_true", help=_("the public key by which checkpoints are checked"))
    clock = add(commands, "clock", _("the machine's clock beside the record room's, and whether it is trusted"), "torni.cli.clock:clock")  # fmt: skip
    clock.add_argument(
        "--right", action="store_true", help=_("say that the clock is right, after a long pause or a jump")
    )
    clock.add_argument("--json", action="store_true", help=_("for machines"))
    backup = add(commands, "backup", _("the whole record room into one file"), "torni.cli.upkeep:backup")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.add_argument("--force", action="store_true", help=_("write over a file that is there"))
    backup.add_argument(
        "--rehearse",
        action="store_true",
        help=_("bring it back into a database beside, verify it there, and write down how that went"),
    )
    restore = add(
        commands,
        "restore",
        _("a backup into a record room without facts: all of it, or nothing is changed"),
        "torni.cli.upkeep:restore",
    )
    restore.add_argument("file", metavar="FILE", type=Path)
    restore.add_argument(
        "--unsigned", action="store_true", help=_("a file of before backups were signed, taken at its word")
    )
    restore.add_argument("--force", action="store_true", help=_("bring in what is not whole, too"))
    snapshot = add(
        commands,
        "snapshot",
        _("the log as Parquet files, for DuckDB, notebooks and Spark"),
        "torni.cli.upkeep:snapshot",
    )
    snapshot.add_argument("folder", metavar="FOLDER", type=Path)
    snapshot.add_argument(
        "--persons", action="store_true", help=_("with what tells of a person: client, matter, id, data")
    )
    audit = commands.add_parser("audit", help=_("who read whom and why, for a log system"), formatter_class=Help)
    audit.set_defaults(parser=audit)
    parts = audit.add_subparsers(metavar="WHAT", title=_("what"))
    audit = add(
        parts,
        "export",
        _("readings of clients' data, sign-ins, roles and erasures as JSON lines; a file that is there is continued"),
        "torni.cli.upkeep:audit_export",
    )
    audit.add_argument("file", metavar="FILE", type=Path)
    audit.add_argument("--since", metavar="DAY", help=_("from the beginning of this day"))
    add(commands, "events", _("every type of event that may come in"), "torni.cli.events:events", region=True)
    quarantine = commands.add_parser(
        "quarantine", help=_("what was refused at the door: see, mend, send again"), formatter_class=Help
    )
    quarantine.set_defaults(parser=quarantine)
    parts = quarantine.add_subparsers(metavar="WHAT", title=_("what"))
    listed = add(parts, "list", _("what waits to be mended, and why"), "torni.cli.events:quarantine_list")
    listed.add_argument("--json", action="store_true", help=_("for machines"))
    replay = add(
        parts, "replay", _("send rows again: all, or by number"), "torni.cli.events:quarantine_replay", region=True
    )
    replay.add_argument("number", metavar="NUMBER", type=int, nargs="*")
    replay.add_argument("--with", dest="mended", metavar="FILE", type=Path, help=_("one row, mended"))
    drop = add(parts, "drop", _("say of rows that they are not needed"), "torni.cli.events:quarantine_drop")
    drop.add_argument("number", metavar="NUMBER", type=int, nargs="+")
    feed = commands.add_parser("feed", help=_("keys of the systems that send events"), formatter_class=Help)
    feed.set_defaults(parser=feed)
    parts = feed.add_subparsers(metavar="WHAT", title=_("what"))
    for name, told in (("new", _("a new key, shown once")), ("end", _("end every key of a source"))):
        one = add(parts, name, told, f"torni.cli.events:feed_{name}")
        one.add_argument("source", metavar="SOURCE")
        if name == "new":
            one.add_argument("--producer", metavar="NAME", help=_("hold the key to one producer's units"))
            one.add_argument(
                "--new-producer", action="store_true", help=_("a producer whose units are yet to be told of")
            )
    add(parts, "list", _("every key's source"), "torni.cli.events:feed_list")


def accounts(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from torni.facts.rights import ROLES

    worklist = add(
        commands, "worklist", _("what waits for an official, the soonest due first"), "torni.cli.guidance:worklist"
    )
    plan = add(commands, "plan", _("a client's plan, and what its next version may hold"), "torni.cli.guidance:plan")
    plan.add_argument(
        "position", metavar="POSITION", type=int, help=_("the log position of one of the client's events")
    )
    for one in (worklist, plan):
        one.add_argument(
            "--as", dest="account", metavar="ACCOUNT", required=True, help=_("as which account: it sees what its role may, and the reading is its own")
        )  # fmt: skip
        one.add_argument("--json", action="store_true", help=_("for machines"))

    account = commands.add_parser("account", help=_("who may sign in to the pages, and as whom"), formatter_class=Help)
    account.set_defaults(parser=account)
    parts = account.add_subparsers(metavar="WHAT", title=_("what"))
    add(parts, "list", _("every account, its role and since when"), "torni.cli.accounts:accounts")
    for name, told in (
        ("new", _("a new account")), ("role", _("another role for an account")), ("password", _("a new password, without a second factor")),
        ("end", _("end an account: it may no longer sign in")),
    ):  # fmt: skip
        one = add(parts, name, told, f"torni.cli.accounts:account_{name}")
        one.add_argument("name", metavar="NAME")
        if name in ("new", "role"):
            one.add_argument("--role", required=True, choices=tuple(ROLES), help=_("what the account is for"))
            one.add_argument("--producer", metavar="NAME", help=_("with --role producer: whose"))
            one.add_argument("--client", metavar="NUMBER", type=int, help=_("with --role resident: whose"))
            one.add_argument("--unit", metavar="UNIT", help=_("with --role producer: of one unit alone, for its head"))
            one.add_argument("--title", metavar="TEXT", help=_("the official's title, as decision letters tell it"))
            one.add_argument("--office", metavar="TEXT", help=_("the office or sector the official works in"))
            one.add_argument("--phone", metavar="TEXT", help=_("where more is told of a decision"))
        if name == "new":
            one.add_argument("--shown", metavar="TEXT", help=_("the person's name as others see it"))
            one.add_argument("--subject", metavar="TEXT", help=_("signs in by the identity provider as this subject"))
    add(parts, "rekey", _("a new key of second factors' secrets: each is closed anew with it"), "torni.cli.accounts:account_rekey")  # fmt: skip
    client = commands.add_parser("client", help=_("one person's data: given out, erased"), formatter_class=Help)
    client.set_defaults(parser=client)
    parts = client.add_subparsers(metavar="WHAT", title=_("what"))
    for name, told in (
        ("export", _("everything held of a client, as JSON, for the person")),
        ("erase", _("take away what tells of a person; sums stay")),
    ):
        one = add(parts, name, told, f"torni.cli.accounts:client_{name}")
        one.add_argument("number", metavar="NUMBER", type=int)
        if name == "export":
            one.add_argument("file", metavar="FILE", type=Path)
        one.add_argument("--by", required=True, metavar="NAME", help=_("who does it; written down"))
        one.add_argument("--why", required=True, metavar="TEXT", help=_("on what ground; written down"))
    proof = add(
        parts, "proof", _("proof that one event, such as a decision, is in the log"), "torni.cli.accounts:client_proof"
    )
    proof.add_argument("position", metavar="POSITION", type=int, help=_("the event's position in the log"))
    proof.add_argument("folder", metavar="FOLDER", type=Path, help=_("where the proof and the event are written"))
    proof.add_argument("--by", required=True, metavar="NAME", help=_("who does it; written down"))
    proof.add_argument("--why", required=True, metavar="TEXT", help=_("on what ground; written down"))
