"""What can be asked on the command line: every command and its options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from torni.cli import of_rooms
from torni.core.language import LANGUAGES

Run = Callable[[argparse.Namespace], int]


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torni", description="Torni keeps a region's service promises.", formatter_class=_Help
    )
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    check = _add(commands, "check", "check every promise of a region", "torni.cli.check:check", region=True)
    check.add_argument(
        "--promise", default="*", metavar="PATTERN", help="only promises whose id fits, such as 'centre.*' or ward"
    )
    check.add_argument("--json", action="store_true", help="for machines")
    check.add_argument("--csv", metavar="FILE", type=Path, help="write the table to a file")
    check.add_argument("--all", action="store_true", help="every wellbeing services county in turn")

    explain = _add(
        commands,
        "explain",
        "show one promise's steps and what each assumption does",
        "torni.cli.check:explain",
        region=True,
    )
    explain.add_argument("promise", metavar="PROMISE", help="the promise's id, such as centre.s_within_30_min")
    explain.add_argument("--json", action="store_true")

    search = _add(
        commands, "search", "find a service, promise, unit or producer by parts of its name", "torni.cli.search:search", region=True
    )  # fmt: skip
    search.add_argument("text", metavar="TEXT", help="parts of words, in any of the three languages")
    search.add_argument("--json", action="store_true", help="for machines")

    reach = _add(commands, "reach", "who reaches the units of a file", "torni.cli.network:reach", region=True)
    reach.add_argument(
        "--units", metavar="FILE", type=Path, required=True, help="CSV or xlsx with the columns name, lon, lat"
    )
    reach.add_argument("--within", default="30,60", metavar="MINUTES", help="limits, such as 30,60")
    reach.add_argument("--mode", default="car", help="car, bicycle, walk, car_helsinki_daytime or transit")
    reach.add_argument("--timetable", metavar="FILE", type=Path, help="GTFS timetable, for --mode transit")
    reach.add_argument("--json", action="store_true")

    network = commands.add_parser("network", help="units, what-ifs and mends", formatter_class=_Help)
    network.set_defaults(parser=network)
    parts = network.add_subparsers(metavar="WHAT", title="what")
    units = _add(parts, "units", "the region's units", "torni.cli.network:units", region=True)
    units.add_argument("--json", action="store_true")
    what_if = _add(parts, "what-if", "try a change of the network", "torni.cli.network:what_if", region=True)
    for option, example in (
        ("close", "UNIT or UNIT/KIND"),
        ("open", "LON,LAT,KIND,SIZE"),
        ("move", "UNIT LON,LAT"),
        ("resize", "UNIT SIZE"),
        ("hours", "UNIT HOURS"),
    ):
        what_if.add_argument(
            f"--{option}",
            action=_Step,
            dest="steps",
            metavar=example,
            nargs="+",
            help=f"{option} a unit; may be repeated",
        )
    what_if.add_argument(
        "--plan",
        metavar="TEXT",
        help="a whole plan, as the page's link holds it: 'close KS16; open 25.3,62.7,centre,M'",
    )
    what_if.add_argument("--json", action="store_true")
    what_if.add_argument("--xlsx", metavar="FILE", type=Path, help="write all tables to a workbook")
    what_if.add_argument("--csv", metavar="FILE", type=Path, help="write the promises before and after")
    what_if.add_argument("--geojson", metavar="FILE", type=Path, help="write the units after the plan")
    closures = _add(
        parts, "closures", "what closing each unit alone would do", "torni.cli.network:closures", region=True
    )
    closures.add_argument("--promise", default="*", metavar="PATTERN", help="only promises whose id fits")
    closures.add_argument("--json", action="store_true")
    mend = _add(parts, "mend", "the smallest mend of a promise, proven", "torni.cli.network:mend", region=True)
    mend.add_argument("promise", metavar="PROMISE")
    mend.add_argument(
        "--candidates",
        choices=("cells", "centres", "units"),
        default="cells",
        help="places to try (default: populated cells)",
    )
    mend.add_argument(
        "--open", dest="budget", metavar="K", type=int, help="the K units that bring most residents inside"
    )
    mend.add_argument("--close", dest="closures", metavar="K", type=int, help="the K closures of least harm")
    mend.add_argument(
        "--minimise",
        choices=("outside", "minutes"),
        default="outside",
        help="with --close: people left outside, or all travel",
    )
    mend.add_argument("--json", action="store_true")

    _rules(commands)

    region = commands.add_parser("region", help="regions: list them, start one", formatter_class=_Help)
    region.set_defaults(parser=region)
    parts = region.add_subparsers(metavar="WHAT", title="what")
    _add(parts, "list", "every region", "torni.cli.own_data:list_regions")
    new = _add(parts, "new", "start a region folder", "torni.cli.own_data:new_region")
    new.add_argument("name")
    new.add_argument("--county", action="append", default=[], help="a whole county, by name; may be repeated")
    new.add_argument(
        "--municipality", action="append", default=[], help="a municipality, by name or code; may be repeated"
    )

    imports = commands.add_parser(
        "import", help="bring in your own units, population, roads or timetable", formatter_class=_Help
    )
    imports.set_defaults(parser=imports)
    parts = imports.add_subparsers(metavar="WHAT", title="what")
    for what, told in (
        ("units", "units from CSV or xlsx"),
        ("population", "populated cells from CSV or xlsx"),
        ("roads", "streets from an OpenStreetMap extract"),
        ("timetable", "a GTFS timetable"),
    ):
        one = _add(parts, what, told, f"torni.cli.own_data:import_{what}", region=True)
        one.add_argument("file", type=Path)
        one.add_argument("--dry-run", action="store_true", help="only tell what the file holds")
        if what in ("units", "population"):
            one.add_argument(
                "--keep-good", action="store_true", help="keep the rows without faults and leave the others out"
            )
        if what == "population":
            one.add_argument("--side", type=int, default=1000, metavar="METRES", help="the cells' side (default 1000)")

    brought = _add(
        parts, "events", "events from JSON, JSON lines, CSV or xlsx", "torni.cli.events:import_events", region=True
    )
    brought.add_argument("file", type=Path)
    brought.add_argument("--source", metavar="NAME", help="the feed that sends them, where the file does not say")
    brought.add_argument("--dry-run", action="store_true", help="only tell what would be refused")
    brought.add_argument("--json", action="store_true", help="for machines")

    needs = _add(
        commands,
        "needs",
        "a county's need against the nation's, what makes it, its funding",
        "torni.cli.needs:needs",
        region=True,
    )
    needs.add_argument("--year", type=int, default=2023, help="a year of the need model's data (default 2023)")
    needs.add_argument("--json", action="store_true", help="for machines")
    chains = _add(
        commands, "chains", "service chains, and on a snapshot where they leak", "torni.cli.chains:chains", region=True
    )
    chains.add_argument("--snapshot", type=Path, metavar="FOLDER", help="a snapshot with persons to measure them on")
    chains.add_argument("--json", action="store_true", help="for machines")
    _add(commands, "definitions", "check the definition files", "torni.cli.check:definitions", region=True)
    _add(commands, "schema", "the shape of a service definition as JSON Schema, for editors", "torni.cli.check:schema")
    _add(commands, "sources", "the shipped data, its origin and licences", "torni.cli.check:sources")
    for name, told, run in (
        ("serve", "serve the pages on 127.0.0.1", "torni.web.serve:serve"),
        ("demo", "print the region's findings, then serve the pages", "torni.cli.demo:demo"),
    ):
        serve = _add(commands, name, told, run, region=True)
        serve.add_argument("--port", type=int, default=8000, help="the port (default 8000, or the next free one)")
        serve.add_argument("--processes", type=int, metavar="N", help="processes for the pages (default one a core)")
        serve.add_argument("--metrics", type=int, metavar="PORT", help="figures for Prometheus, on this machine alone")
        if name == "demo":
            serve.add_argument("--no-serve", action="store_true", help="load the invented year and print, then end")
            serve.add_argument("--residents", type=int, metavar="N", help="a smaller region of so many residents")
            serve.add_argument("--seed", type=int, default=2026, metavar="N", help="which invented year (default 2026)")
            serve.add_argument(
                "--speed",
                type=float,
                default=60.0,
                metavar="TIMES",
                help="how fast time runs (default 60: a minute a second)",
            )
    _room(commands)
    of_rooms.add(commands, _add, _Help)
    _accounts(commands)
    return parser


def _room(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    truth = _add(
        commands,
        "truth",
        "what the tower finds of faults planted in an invented year",
        "torni.cli.truth:truth",
        region=True,
    )
    truth.add_argument("--seed", type=int, default=2026, metavar="N", help="decides everything (default 2026)")
    truth.add_argument("--seeds", metavar="N..M", help="a year of each seed, and a table of them all")
    truth.add_argument("--residents", type=int, metavar="N", help="a smaller region of so many residents")
    truth.add_argument("--nothing-planted", action="store_true", help="years without faults: what is told is false")
    truth.add_argument(
        "--clustering", type=float, default=1.0, metavar="X",
        help="how many times chance's variance misses cluster by nurse and by day (default 1)",
    )  # fmt: skip
    truth.add_argument("--json", action="store_true", help="for machines")
    alerts = _add(
        commands,
        "alerts",
        "what must be looked at, whose it is, and what is done of it",
        "torni.cli.alerts:alerts",
        region=True,
    )
    alerts.add_argument("alert", metavar="ALERT", nargs="?", help="one alert, with its steps and what may be done")
    alerts.add_argument(
        "--do", dest="did", choices=("taken_up", "acted", "done", "set_aside"), help="do one step of the alert"
    )
    alerts.add_argument("--by", metavar="NAME", help="whose step it is: an account that may handle alerts")
    alerts.add_argument("--action", metavar="ID", help="with acted: one of the actions that the alert offers")
    alerts.add_argument("--text", help="with done the outcome, with set_aside the reason, without personal data")
    alerts.add_argument("--json", action="store_true", help="for machines")

    verify = _add(
        commands, "verify", "is the record room whole? Log, state rows and tallies", "torni.cli.upkeep:verify"
    )
    verify.add_argument("--json", action="store_true", help="for machines")
    backup = _add(commands, "backup", "the whole record room into one file", "torni.cli.upkeep:backup")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.add_argument("--force", action="store_true", help="write over a file that is there")
    restore = _add(
        commands,
        "restore",
        "a backup into a record room without facts: all of it, or nothing is changed",
        "torni.cli.upkeep:restore",
    )
    restore.add_argument("file", metavar="FILE", type=Path)
    snapshot = _add(
        commands, "snapshot", "the log as Parquet files, for DuckDB, notebooks and Spark", "torni.cli.upkeep:snapshot"
    )
    snapshot.add_argument("folder", metavar="FOLDER", type=Path)
    snapshot.add_argument(
        "--persons", action="store_true", help="with what tells of a person: client, matter, id, data"
    )
    _add(commands, "events", "every type of event that may come in", "torni.cli.events:events", region=True)
    quarantine = commands.add_parser(
        "quarantine", help="what was refused at the door: see, mend, send again", formatter_class=_Help
    )
    quarantine.set_defaults(parser=quarantine)
    parts = quarantine.add_subparsers(metavar="WHAT", title="what")
    listed = _add(parts, "list", "what waits to be mended, and why", "torni.cli.events:quarantine_list")
    listed.add_argument("--json", action="store_true", help="for machines")
    replay = _add(
        parts, "replay", "send rows again: all, or by number", "torni.cli.events:quarantine_replay", region=True
    )
    replay.add_argument("number", metavar="NUMBER", type=int, nargs="*")
    replay.add_argument("--with", dest="mended", metavar="FILE", type=Path, help="one row, mended")
    drop = _add(parts, "drop", "say of rows that they are not needed", "torni.cli.events:quarantine_drop")
    drop.add_argument("number", metavar="NUMBER", type=int, nargs="+")
    feed = commands.add_parser("feed", help="keys of the systems that send events", formatter_class=_Help)
    feed.set_defaults(parser=feed)
    parts = feed.add_subparsers(metavar="WHAT", title="what")
    for name, told in (("new", "a new key, shown once"), ("end", "end every key of a source")):
        one = _add(parts, name, told, f"torni.cli.events:feed_{name}")
        one.add_argument("source", metavar="SOURCE")
        if name == "new":
            one.add_argument("--producer", metavar="NAME", help="hold the key to one producer's units")
            one.add_argument("--new-producer", action="store_true", help="a producer whose units are yet to be told of")
    _add(parts, "list", "every key's source", "torni.cli.events:feed_list")


def _accounts(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from torni.facts.rights import ROLES

    worklist = _add(
        commands, "worklist", "what waits for an official, the soonest due first", "torni.cli.guidance:worklist"
    )
    plan = _add(commands, "plan", "a client's plan, and what its next version may hold", "torni.cli.guidance:plan")
    plan.add_argument("position", metavar="POSITION", type=int, help="the log position of one of the client's events")
    for one in (worklist, plan):
        one.add_argument(
            "--as", dest="account", metavar="ACCOUNT", required=True, help="as which account: it sees what its role may, and the reading is its own"
        )  # fmt: skip
        one.add_argument("--json", action="store_true", help="for machines")

    account = commands.add_parser("account", help="who may sign in to the pages, and as whom", formatter_class=_Help)
    account.set_defaults(parser=account)
    parts = account.add_subparsers(metavar="WHAT", title="what")
    _add(parts, "list", "every account, its role and since when", "torni.cli.accounts:accounts")
    for name, told in (
        ("new", "a new account"), ("role", "another role for an account"), ("password", "a new password, without a second factor"),
        ("end", "end an account: it may no longer sign in"),
    ):  # fmt: skip
        one = _add(parts, name, told, f"torni.cli.accounts:account_{name}")
        one.add_argument("name", metavar="NAME")
        if name in ("new", "role"):
            one.add_argument("--role", required=True, choices=tuple(ROLES), help="what the account is for")
            one.add_argument("--producer", metavar="NAME", help="with --role producer: whose")
            one.add_argument("--client", metavar="NUMBER", type=int, help="with --role resident: whose")
            one.add_argument("--unit", metavar="UNIT", help="with --role producer: of one unit alone, for its head")
            one.add_argument("--title", metavar="TEXT", help="the official's title, as decision letters tell it")
            one.add_argument("--office", metavar="TEXT", help="the office or sector the official works in")
            one.add_argument("--phone", metavar="TEXT", help="where more is told of a decision")
        if name == "new":
            one.add_argument("--shown", metavar="TEXT", help="the person's name as others see it")
            one.add_argument("--subject", metavar="TEXT", help="signs in by the identity provider as this subject")
    client = commands.add_parser("client", help="one person's data: given out, erased", formatter_class=_Help)
    client.set_defaults(parser=client)
    parts = client.add_subparsers(metavar="WHAT", title="what")
    for name, told in (
        ("export", "everything held of a client, as JSON, for the person"),
        ("erase", "take away what tells of a person; sums stay"),
    ):
        one = _add(parts, name, told, f"torni.cli.accounts:client_{name}")
        one.add_argument("number", metavar="NUMBER", type=int)
        if name == "export":
            one.add_argument("file", metavar="FILE", type=Path)
        one.add_argument("--by", required=True, metavar="NAME", help="who does it; written down")
        one.add_argument("--why", required=True, metavar="TEXT", help="on what ground; written down")


def _rules(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fields = _add(commands, "fields", "what a rule may ask about a client", "torni.cli.rules:fields", region=True)
    fields.add_argument("--json", action="store_true", help="for machines")

    decide = _add(commands, "decide", "decide one client, with every reason", "torni.cli.rules:decide", region=True)
    decide.add_argument("service", metavar="SERVICE", help="the service, such as home-care")
    decide.add_argument("--letter", metavar="FILE", type=Path, help="write the decision letter: .html or .pdf")

    fee = _add(commands, "fee", "reckon one client's fee, line by line", "torni.cli.rules:fee", region=True)
    fee.add_argument("formula", metavar="FORMULA", help="the formula, such as home-care or doctor-visit")
    for command in (decide, fee):
        command.add_argument(
            "--client",
            metavar="FILE",
            type=Path,
            required=True,
            help="the client's facts, YAML or JSON; stored nowhere",
        )
        command.add_argument("--change", metavar="FILE", type=Path, help="with this change laid on the definitions")
        command.add_argument("--json", action="store_true", help="for machines")

    rehearse = _add(commands, "rehearse", "try a change on a whole invented population", "torni.cli.rehearse:rehearse")
    rehearse.add_argument("change", metavar="CHANGE", type=Path, help="the change, or its alternatives: a YAML file")
    rehearse.add_argument(
        "--population", default="keski-suomi", metavar="REGION", help="keski-suomi, uusimaa, finland or any county"
    )
    rehearse.add_argument("--alternative", type=int, default=1, metavar="N", help="which one to follow (default 1)")
    rehearse.add_argument("--show", metavar="GROUP", help="list invented persons: gained, lost or undecided")
    rehearse.add_argument("--service", metavar="SERVICE", help="with --show or --person: which service")
    rehearse.add_argument(
        "--person", type=int, metavar="NUMBER", help="one invented person's reasoning, before and after"
    )
    for option, told in (("municipality", "code"), ("age-group", "such as 75–84"), ("income-tenth", "1 to 10")):
        rehearse.add_argument(f"--{option}", metavar="GROUP", help=f"with --show: {told}")
    rehearse.add_argument(
        "--limit", type=int, default=20, metavar="N", help="with --show: at most so many (default 20)"
    )
    rehearse.add_argument("--pdf", metavar="FILE", type=Path, help="write the board's one page")
    rehearse.add_argument("--json", action="store_true", help="for machines")

    change = commands.add_parser("change", help="propose, approve and follow changes", formatter_class=_Help)
    change.set_defaults(parser=change)
    parts = change.add_subparsers(metavar="WHAT", title="what")
    for name, told in (
        ("propose", "put a change forward with its rehearsal"),
        ("approve", "approve another person's change from a day on"),
        ("withdraw", "take a change back before it begins"),
        ("list", "every change of the region"),
        ("show", "one change: who, when, why, what differs, its rehearsal"),
    ):
        suffix = "" if name == "show" else "_"
        one = _add(parts, name, told, f"torni.cli.changes:{name}{suffix}", region=True)
        if name == "propose":
            one.add_argument("change", metavar="CHANGE", type=Path)
        elif name != "list":
            one.add_argument("id", metavar="ID")
        if name in ("propose", "approve", "withdraw"):
            one.add_argument("--by", metavar="NAME", required=True, help="who does it")
        if name == "approve":
            one.add_argument("--start", metavar="DATE", required=True, help="the first day it is in force")
        if name in ("list", "show"):
            one.add_argument("--json", action="store_true", help="for machines")

    harmonise = _add(
        commands, "harmonise", "municipalities' differing rules side by side, each tried as the common one",
        "torni.cli.fees:harmonise", region=True,
    )  # fmt: skip
    harmonise.add_argument("file", metavar="FILE", type=Path, help="YAML, or CSV/xlsx: municipality, parameter, value")
    harmonise.add_argument("--json", action="store_true", help="for machines")

    replay = _add(commands, "replay", "past decisions again, by their own day's rules", "torni.cli.fees:replay")
    replay.add_argument("file", metavar="FILE", type=Path, help="decisions: JSON lines or CSV")
    replay.add_argument(
        "--under-that-day", action="store_true", help="by the rules of --on (today) instead: which would differ"
    )
    replay.add_argument("--limit", type=int, default=20, metavar="N", help="list at most so many (default 20)")
    replay.add_argument("--json", action="store_true", help="for machines")

    reconcile = _add(
        commands,
        "reconcile",
        "services delivered against fees charged, to the cent",
        "torni.cli.fees:reconcile",
        region=True,
    )
    reconcile.add_argument(
        "folder", metavar="FOLDER", type=Path, help="clients, delivered and charged: CSV, xlsx or Parquet"
    )
    reconcile.add_argument("--csv", metavar="FILE", type=Path, help="write every difference")
    reconcile.add_argument("--limit", type=int, default=1000, metavar="N", help="with --json: at most so many cases")
    reconcile.add_argument(
        "--make", action="store_true", help="write an invented year with known faults into the folder"
    )
    reconcile.add_argument("--seed", type=int, default=2026, help="with --make")
    reconcile.add_argument("--json", action="store_true", help="for machines")

    rule = commands.add_parser("rule", help="try a rule's text", formatter_class=_Help)
    rule.set_defaults(parser=rule)
    parts = rule.add_subparsers(metavar="WHAT", title="what")
    check = _add(parts, "check", "the text's typed tree, or its faults", "torni.cli.rules:rule_check", region=True)
    check.add_argument("file", metavar="FILE", type=Path, help="a file with one rule, or - for standard input")
    check.add_argument("--number", action="store_true", help="a formula's line instead of a condition")
    check.add_argument("--change", metavar="FILE", type=Path, help="with this change laid on the definitions")
    check.add_argument("--json", action="store_true", help="for machines")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    told: str,
    run: str,
    *,
    region: bool = False,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=told, description=told[0].upper() + told[1:] + ".", formatter_class=_Help
    )
    parser.set_defaults(run=later(run))
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=os.environ.get("TORNI_LANG", "fi"),
        help="language of the answer (default fi, or TORNI_LANG)",
    )
    parser.add_argument("--on", metavar="DATE", help="as of a day, such as 2026-01-31 (default today)")
    if region:
        parser.add_argument(
            "--region", default="keski-suomi", metavar="NAME", help="a region or county by name (default keski-suomi)"
        )
        parser.add_argument(
            "--real-only", action="store_true", help="leave the demonstration's invented units and sizes out"
        )
    return parser


def later(path: str) -> Run:
    """The command's code is read only when it is asked for, so that every command starts quickly."""

    def run(args: argparse.Namespace) -> int:
        import importlib

        module, _, name = path.partition(":")
        return int(getattr(importlib.import_module(module), name)(args))

    return run


class _Step(argparse.Action):
    """Steps of a plan in the order they were written, whatever their kind."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        steps = list(getattr(namespace, self.dest) or [])
        assert isinstance(values, list) and option_string
        steps.append(f"{option_string.removeprefix('--')} {' '.join(values)}")
        setattr(namespace, self.dest, steps)


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)
