"""What can be asked on the command line: every command and its options."""

from __future__ import annotations

import argparse
from pathlib import Path

from torni.cli import of_rooms
from torni.cli.adding import Help, Step, add
from torni.core.language import _


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torni", description=_("Torni keeps a region's service promises."), formatter_class=Help
    )
    commands = parser.add_subparsers(metavar="COMMAND", title=_("commands"))

    check = add(commands, "check", _("check every promise of a region"), "torni.cli.check:check", region=True)
    check.add_argument(
        "--promise", default="*", metavar="PATTERN", help=_("only promises whose id fits, such as 'centre.*' or ward")
    )
    check.add_argument("--json", action="store_true", help=_("for machines"))
    check.add_argument("--csv", metavar="FILE", type=Path, help=_("write the table to a file"))
    check.add_argument("--all", action="store_true", help=_("every wellbeing services county in turn"))

    explain = add(
        commands,
        "explain",
        _("show one promise's steps and what each assumption does"),
        "torni.cli.check:explain",
        region=True,
    )
    explain.add_argument("promise", metavar="PROMISE", help=_("the promise's id, such as centre.s_within_30_min"))
    explain.add_argument("--json", action="store_true")

    search = add(
        commands, "search", _("find a service, promise, unit or producer by parts of its name"), "torni.cli.search:search", region=True
    )  # fmt: skip
    search.add_argument("text", metavar="TEXT", help=_("parts of words, in any of the three languages"))
    search.add_argument("--json", action="store_true", help=_("for machines"))

    reach = add(commands, "reach", _("who reaches the units of a file"), "torni.cli.network:reach", region=True)
    reach.add_argument(
        "--units", metavar="FILE", type=Path, required=True, help=_("CSV or xlsx with the columns name, lon, lat")
    )
    reach.add_argument("--within", default="30,60", metavar="MINUTES", help=_("limits, such as 30,60"))
    reach.add_argument("--mode", default="car", help=_("car, bicycle, walk, car_helsinki_daytime or transit"))
    reach.add_argument("--timetable", metavar="FILE", type=Path, help=_("GTFS timetable, for --mode transit"))
    reach.add_argument("--json", action="store_true")

    network = commands.add_parser("network", help=_("units, what-ifs and mends"), formatter_class=Help)
    network.set_defaults(parser=network)
    parts = network.add_subparsers(metavar="WHAT", title=_("what"))
    units = add(parts, "units", _("the region's units"), "torni.cli.network:units", region=True)
    units.add_argument("--json", action="store_true")
    what_if = add(parts, "what-if", _("try a change of the network"), "torni.cli.network:what_if", region=True)
    for option, example in (
        ("close", "UNIT or UNIT/KIND"),
        ("open", "LON,LAT,KIND,SIZE"),
        ("move", "UNIT LON,LAT"),
        ("resize", "UNIT SIZE"),
        ("hours", "UNIT HOURS"),
    ):
        what_if.add_argument(
            f"--{option}",
            action=Step,
            dest="steps",
            metavar=example,
            nargs="+",
            help=_("a step of the plan; may be repeated"),
        )
    what_if.add_argument(
        "--plan",
        metavar="TEXT",
        help=_("a whole plan, as the page's link holds it: 'close KS16; open 25.3,62.7,centre,M'"),
    )
    what_if.add_argument("--json", action="store_true")
    what_if.add_argument("--xlsx", metavar="FILE", type=Path, help=_("write all tables to a workbook"))
    what_if.add_argument("--csv", metavar="FILE", type=Path, help=_("write the promises before and after"))
    what_if.add_argument("--geojson", metavar="FILE", type=Path, help=_("write the units after the plan"))
    closures = add(
        parts, "closures", _("what closing each unit alone would do"), "torni.cli.network:closures", region=True
    )
    closures.add_argument("--promise", default="*", metavar="PATTERN", help=_("only promises whose id fits"))
    closures.add_argument("--json", action="store_true")
    mend = add(parts, "mend", _("the smallest mend of a promise, proven"), "torni.cli.network:mend", region=True)
    mend.add_argument("promise", metavar="PROMISE")
    mend.add_argument(
        "--candidates",
        choices=("cells", "centres", "units"),
        default="cells",
        help=_("places to try (default: populated cells)"),
    )
    mend.add_argument(
        "--open", dest="budget", metavar="K", type=int, help=_("the K units that bring most residents inside")
    )
    mend.add_argument("--close", dest="closures", metavar="K", type=int, help=_("the K closures of least harm"))
    mend.add_argument(
        "--minimise",
        choices=("outside", "minutes"),
        default="outside",
        help=_("with --close: people left outside, or all travel"),
    )
    mend.add_argument("--json", action="store_true")

    _rules(commands)

    region = commands.add_parser("region", help=_("regions: list them, start one"), formatter_class=Help)
    region.set_defaults(parser=region)
    parts = region.add_subparsers(metavar="WHAT", title=_("what"))
    add(parts, "list", _("every region"), "torni.cli.own_data:list_regions")
    new = add(parts, "new", _("start a region folder"), "torni.cli.own_data:new_region")
    new.add_argument("name")
    new.add_argument("--county", action="append", default=[], help=_("a whole county, by name; may be repeated"))
    new.add_argument(
        "--municipality", action="append", default=[], help=_("a municipality, by name or code; may be repeated")
    )

    imports = commands.add_parser(
        "import", help=_("bring in your own units, population, roads or timetable"), formatter_class=Help
    )
    imports.set_defaults(parser=imports)
    parts = imports.add_subparsers(metavar="WHAT", title=_("what"))
    for what, told in (
        ("units", _("units from CSV or xlsx")),
        ("population", _("populated cells from CSV or xlsx")),
        ("roads", _("streets from an OpenStreetMap extract")),
        ("timetable", _("a GTFS timetable")),
    ):
        one = add(parts, what, told, f"torni.cli.own_data:import_{what}", region=True)
        one.add_argument("file", type=Path)
        one.add_argument("--dry-run", action="store_true", help=_("only tell what the file holds"))
        if what in ("units", "population"):
            one.add_argument(
                "--keep-good", action="store_true", help=_("keep the rows without faults and leave the others out")
            )
        if what == "population":
            one.add_argument(
                "--side", type=int, default=1000, metavar="METRES", help=_("the cells' side (default 1000)")
            )

    brought = add(
        parts, "events", _("events from JSON, JSON lines, CSV or xlsx"), "torni.cli.events:import_events", region=True
    )
    brought.add_argument("file", type=Path)
    brought.add_argument("--source", metavar="NAME", help=_("the feed that sends them, where the file does not say"))
    brought.add_argument("--dry-run", action="store_true", help=_("only tell what would be refused"))
    brought.add_argument("--json", action="store_true", help=_("for machines"))

    needs = add(
        commands,
        "needs",
        _("a county's need against the nation's, what makes it, its funding"),
        "torni.cli.needs:needs",
        region=True,
    )
    needs.add_argument("--year", type=int, default=2023, help=_("a year of the need model's data (default 2023)"))
    needs.add_argument("--json", action="store_true", help=_("for machines"))
    chains = add(
        commands,
        "chains",
        _("service chains, and on a snapshot where they leak"),
        "torni.cli.chains:chains",
        region=True,
    )
    chains.add_argument("--snapshot", type=Path, metavar="FOLDER", help=_("a snapshot with persons to measure them on"))
    chains.add_argument("--json", action="store_true", help=_("for machines"))
    add(commands, "definitions", _("check the definition files"), "torni.cli.check:definitions", region=True)
    add(
        commands, "schema", _("the shape of a service definition as JSON Schema, for editors"), "torni.cli.check:schema"
    )
    add(commands, "sources", _("the shipped data, its origin and licences"), "torni.cli.check:sources")
    for name, told, run in (
        ("serve", _("serve the pages on 127.0.0.1"), "torni.web.serve:serve"),
        ("demo", _("print the region's findings, then serve the pages"), "torni.cli.demo:demo"),
    ):
        serve = add(commands, name, told, run, region=True)
        serve.add_argument("--port", type=int, default=8000, help=_("the port (default 8000, or the next free one)"))
        serve.add_argument("--processes", type=int, metavar="N", help=_("processes for the pages (default one a core)"))
        serve.add_argument(
            "--metrics", type=int, metavar="PORT", help=_("figures for Prometheus, on this machine alone")
        )
        if name == "demo":
            serve.add_argument("--no-serve", action="store_true", help=_("load the invented year and print, then end"))
            serve.add_argument("--residents", type=int, metavar="N", help=_("a smaller region of so many residents"))
            serve.add_argument(
                "--seed", type=int, default=2026, metavar="N", help=_("which invented year (default 2026)")
            )
            serve.add_argument(
                "--speed",
                type=float,
                default=60.0,
                metavar="TIMES",
                help=_("how fast time runs (default 60: a minute a second)"),
            )
    _room(commands)
    of_rooms.add(commands, add, Help)
    _accounts(commands)
    return parser


def _room(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    told = _("the newest checkpoint, signed: for people outside to keep")
    checkpoint = add(commands, "checkpoint", told, "torni.cli.upkeep:checkpoint")
    checkpoint.add_argument("file", metavar="FILE", type=Path, nargs="?")
    checkpoint.add_argument("--key", action="store_true", help=_("the public key by which checkpoints are checked"))
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


def _accounts(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    told = _("proof that one event, such as a decision, is in the log")
    proof = add(parts, "proof", told, "torni.cli.accounts:client_proof")
    proof.add_argument("position", metavar="POSITION", type=int, help=_("the event's position in the log"))
    proof.add_argument("folder", metavar="FOLDER", type=Path, help=_("where the proof and the event are written"))
    proof.add_argument("--by", required=True, metavar="NAME", help=_("who does it; written down"))
    proof.add_argument("--why", required=True, metavar="TEXT", help=_("on what ground; written down"))


def _rules(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fields = add(commands, "fields", _("what a rule may ask about a client"), "torni.cli.rules:fields", region=True)
    fields.add_argument("--json", action="store_true", help=_("for machines"))

    decide = add(commands, "decide", _("decide one client, with every reason"), "torni.cli.rules:decide", region=True)
    decide.add_argument("service", metavar="SERVICE", help=_("the service, such as home-care"))
    decide.add_argument("--letter", metavar="FILE", type=Path, help=_("write the decision letter: .html or .pdf"))

    fee = add(commands, "fee", _("reckon one client's fee, line by line"), "torni.cli.rules:fee", region=True)
    fee.add_argument("formula", metavar="FORMULA", help=_("the formula, such as home-care or doctor-visit"))
    for command in (decide, fee):
        command.add_argument(
            "--client",
            metavar="FILE",
            type=Path,
            required=True,
            help=_("the client's facts, YAML or JSON; stored nowhere"),
        )
        command.add_argument("--change", metavar="FILE", type=Path, help=_("with this change laid on the definitions"))
        command.add_argument("--json", action="store_true", help=_("for machines"))

    rehearse = add(
        commands, "rehearse", _("try a change on a whole invented population"), "torni.cli.rehearse:rehearse"
    )
    rehearse.add_argument("change", metavar="CHANGE", type=Path, help=_("the change, or its alternatives: a YAML file"))
    rehearse.add_argument(
        "--population", default="keski-suomi", metavar="REGION", help=_("keski-suomi, uusimaa, finland or any county")
    )
    rehearse.add_argument("--alternative", type=int, default=1, metavar="N", help=_("which one to follow (default 1)"))
    rehearse.add_argument("--show", metavar="GROUP", help=_("list invented persons: gained, lost or undecided"))
    rehearse.add_argument("--service", metavar="SERVICE", help=_("with --show or --person: which service"))
    rehearse.add_argument(
        "--person", type=int, metavar="NUMBER", help=_("one invented person's reasoning, before and after")
    )
    for option, told in (
        ("municipality", _("code")),
        ("age-group", _("such as 75–84")),
        ("income-tenth", _("1 to 10")),
    ):
        rehearse.add_argument(f"--{option}", metavar="GROUP", help=_("with --show: {what}").format(what=told))
    rehearse.add_argument(
        "--limit", type=int, default=20, metavar="N", help=_("with --show: at most so many (default 20)")
    )
    rehearse.add_argument("--pdf", metavar="FILE", type=Path, help=_("write the board's one page"))
    rehearse.add_argument("--json", action="store_true", help=_("for machines"))

    change = commands.add_parser("change", help=_("propose, approve and follow changes"), formatter_class=Help)
    change.set_defaults(parser=change)
    parts = change.add_subparsers(metavar="WHAT", title=_("what"))
    for name, told in (
        ("propose", _("put a change forward with its rehearsal")),
        ("approve", _("approve another person's change from a day on")),
        ("reject", _("reject another person's change, with a reason")),
        ("withdraw", _("take a change back before it begins")),
        ("list", _("every change of the region")),
        ("show", _("one change: who, when, why, what differs, its rehearsal")),
    ):
        suffix = "" if name == "show" else "_"
        one = add(parts, name, told, f"torni.cli.changes:{name}{suffix}", region=True)
        if name == "propose":
            one.add_argument("change", metavar="CHANGE", type=Path)
        elif name != "list":
            one.add_argument("id", metavar="ID")
        if name in ("propose", "approve", "reject", "withdraw"):
            one.add_argument("--by", metavar="NAME", required=True, help=_("who does it"))
        if name == "approve":
            one.add_argument("--start", metavar="DATE", required=True, help=_("the first day it is in force"))
        if name in ("approve", "reject"):
            one.add_argument(
                "--why",
                metavar="TEXT",
                required=name == "reject",
                default="",
                help=_("the reason, which the proposer reads"),
            )
        if name in ("list", "show"):
            one.add_argument("--json", action="store_true", help=_("for machines"))

    harmonise = add(
        commands, "harmonise", _("municipalities' differing rules side by side, each tried as the common one"),
        "torni.cli.fees:harmonise", region=True,
    )  # fmt: skip
    harmonise.add_argument(
        "file", metavar="FILE", type=Path, help=_("YAML, or CSV/xlsx: municipality, parameter, value")
    )
    harmonise.add_argument("--json", action="store_true", help=_("for machines"))

    replay = add(commands, "replay", _("past decisions again, by their own day's rules"), "torni.cli.fees:replay")
    replay.add_argument("file", metavar="FILE", type=Path, help=_("decisions: JSON lines or CSV"))
    replay.add_argument(
        "--under-that-day", action="store_true", help=_("by the rules of --on (today) instead: which would differ")
    )
    replay.add_argument("--limit", type=int, default=20, metavar="N", help=_("list at most so many (default 20)"))
    replay.add_argument("--json", action="store_true", help=_("for machines"))

    reconcile = add(
        commands,
        "reconcile",
        _("services delivered against fees charged, to the cent"),
        "torni.cli.fees:reconcile",
        region=True,
    )
    reconcile.add_argument(
        "folder", metavar="FOLDER", type=Path, help=_("clients, delivered and charged: CSV, xlsx or Parquet")
    )
    reconcile.add_argument("--csv", metavar="FILE", type=Path, help=_("write every difference"))
    reconcile.add_argument("--limit", type=int, default=1000, metavar="N", help=_("with --json: at most so many cases"))
    reconcile.add_argument(
        "--make", action="store_true", help=_("write an invented year with known faults into the folder")
    )
    reconcile.add_argument("--seed", type=int, default=2026, help=_("with --make"))
    reconcile.add_argument("--json", action="store_true", help=_("for machines"))

    rule = commands.add_parser("rule", help=_("try a rule's text"), formatter_class=Help)
    rule.set_defaults(parser=rule)
    parts = rule.add_subparsers(metavar="WHAT", title=_("what"))
    check = add(parts, "check", _("the text's typed tree, or its faults"), "torni.cli.rules:rule_check", region=True)
    check.add_argument("file", metavar="FILE", type=Path, help=_("a file with one rule, or - for standard input"))
    check.add_argument("--number", action="store_true", help=_("a formula's line instead of a condition"))
    check.add_argument("--change", metavar="FILE", type=Path, help=_("with this change laid on the definitions"))
    check.add_argument("--json", action="store_true", help=_("for machines"))
