"""What can be asked on the command line: every command and its options."""

from __future__ import annotations

import argparse
from pathlib import Path

from torni.cli import asked_of_the_room, of_rooms
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
    asked_of_the_room.room(commands)
    of_rooms.add(commands, add, Help)
    asked_of_the_room.accounts(commands)
    return parser


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
