"""`torni check`, `explain`, `definitions`, `schema`, `sources`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from torni import network as net
from torni.cli.show import in_line, mark, painted, paragraph, table
from torni.core.faults import bad_input
from torni.core.language import Message, _, number, per_cent, t
from torni.core.progress import each
from torni.promises.finding import LEVELS, Finding
from torni.promises.promise import day_text
from torni.services import regions
from torni.services.unit_names import unit_name
from torni.tower import Picture, picture
from torni.tower.explain import explain as explained
from torni.tower.finding_texts import (
    affected_text,
    clients_text,
    counted_text,
    group_text,
    margin_text,
    state_name,
    target_text,
    value_text,
)
from torni.tower.opened import happening
from torni.tower.picture import finding_json, groups_json, worst

if TYPE_CHECKING:
    from torni.network.explain import Explanation
    from torni.services.library import Library
    from torni.tower.live import Live

MOST_GROUPS = 20  # of each level, the worst


def check(args: argparse.Namespace) -> int:
    if args.all:
        return _every_county(args)
    shown = _picture(load(args), args)
    if not shown.findings:
        raise bad_input(
            "--promise", t('no promise fits "{pattern}"', pattern=args.promise), t("`torni check` lists them all.")
        )
    if args.csv:
        shown.table().write_csv(args.csv)
    if args.json:
        print(json.dumps(shown.as_json(), ensure_ascii=False, indent=2))
    else:
        print_picture(shown)
    return shown.exit_code


def _picture(network: net.Network, args: argparse.Namespace) -> Picture:
    live, why = happening(network.library.region.id, on=args.on, clients=args.promise)
    return picture(network, pattern=args.promise, happened=live.found if live else None, why=why)


def load(args: argparse.Namespace) -> net.Network:
    return net.load(args.region, on=args.on, invented=not args.real_only)


def _every_county(args: argparse.Namespace) -> int:
    out, code = [], 0
    rows = []
    counties = [r for r in regions.all_regions() if len(r.counties) == 1 and not r.municipalities]
    for region in each(counties, Message("The counties")):
        shown = _picture(net.load(region.id, on=args.on, invented=not args.real_only), args)
        code = max(code, shown.exit_code)
        out.append(shown)
        rows.append(
            [
                str(region.name),
                number(int(shown.network.population.residents.sum())),
                *(str(shown.count(s)) for s in ("broken", "unknown", "kept")),
            ]
        )
    if args.csv:
        import polars as pl

        pl.concat(
            [p.table().select(pl.lit(p.network.library.region.id).alias("region"), pl.all()) for p in out]
        ).write_csv(args.csv)
    if args.json:
        print(json.dumps([p.as_json() for p in out], ensure_ascii=False, indent=2))
    else:
        table([_("county"), _("Residents"), _("broken"), _("cannot be told"), _("kept")], rows, right=(1, 2, 3, 4))
    return code


def print_picture(shown: Picture) -> None:
    region = shown.network.library.region
    print()
    if not shown.findings:
        return
    counts = "   ".join(f"{mark(s)} {shown.count(s)} {state_name(s)}" for s in ("broken", "unknown", "kept"))
    people = f"{number(int(shown.network.population.residents.sum()))} {_('residents')}"
    in_line("   ".join((f"{painted(str(region.name), '1')}  {people}", counts, day_text(shown.network.as_of))))
    print()
    wide = max(len(value_text(f)) for f in shown.findings)
    targets = max(len(target_text(f)) for f in shown.findings)
    indent = " " * (wide + targets + 7)
    for f in shown.by_state():
        first = f"{mark(f.state)}  {painted(value_text(f).rjust(wide), '1')}  {target_text(f).ljust(targets)}  "
        paragraph(f.told, indent, first, hidden=len(first) - len(indent))
        if margin_text(f):
            paragraph(margin_text(f), indent, indent)
        id_ = painted(indent + f.id + (" *" if f.invented and f.promise.reads == "network" else ""), "2")
        in_line(id_ + _where(f), indent + "  ")
    print()
    if any(f.invented and f.promise.reads == "network" for f in shown.findings):
        print("* " + _("depends on units or sizes invented for demonstration; --real-only leaves them out"))
    seen: dict[str, None] = {}
    for f in shown.findings:
        for assumption in f.assumptions:
            seen[str(assumption)] = None
    print(_("Assumed:"))
    for text in seen:
        paragraph(text, "    ", "  – ")
    print(_("`torni explain PROMISE` shows the steps of one promise and what each assumption does."))


def _where(f: Finding) -> str:
    """For how many a promise does not hold, and where most of them are; or what is missing."""
    if f.promise.reads == "events" and f.value is not None:
        return "  " + "; ".join(filter(None, (counted_text(f), clients_text(f))))
    if f.missing:
        return "  " + _("missing: ") + "; ".join(str(m) for m in f.missing)
    if not f.affected:
        return ""
    places = ", ".join(f"{name} {number(round(outside))}" for _code, name, outside in worst(f))
    return f"  {_('outside')} {number(f.affected)}" + (f": {places}" if places else "")


def explain(args: argparse.Namespace) -> int:
    network = load(args)
    live, why = happening(network.library.region.id, on=args.on, clients=args.promise)
    e = explained(network, args.promise, happened=live.found if live else None, why=why, live=live)
    f = e.finding
    if args.json:
        print(json.dumps({
            **finding_json(f), "files": list(e.files), "source": e.source, "data_versions": dict(f.data_versions),
            "units": e.units.to_dicts(), "histogram": e.histogram.to_dicts() if e.histogram is not None else None,
            "effects": [{"what": str(x.what), "value": x.value, "state": x.state} for x in e.effects],
            "parameters": [{"id": x.id, "what": x.what, "value": x.shown, "unit": x.value.unit, "since": str(x.value.since)} for x in e.parameters],
            "events": list(e.events), "by": groups_json(f.by),
            "by_municipality": f.by_municipality.to_dicts(), "by_age": f.by_age.to_dicts() if f.by_age is not None else None,
        }, ensure_ascii=False, indent=2))  # fmt: skip
        return int(f.state == "broken")
    print()
    paragraph(f"{f.sentence}", "   ", f"{mark(f.state)}  ")
    if f.state == "broken":
        paragraph(f.told, "   ", "   ")
    print(
        f"   {state_name(f.state)}: {value_text(f)}, {_('target')} {target_text(f)}"
        + (f", {_('outside')} {affected_text(f)}" if f.affected is not None else "")
    )
    if clients_text(f):
        paragraph(clients_text(f), "   ", "   ")
    if margin_text(f):
        paragraph(margin_text(f), "   ", "   ")
    for missing in f.missing:
        print(f"   {_('missing: ')}{missing}")
    if f.invented:
        print("   " + _("Depends on units or sizes invented for demonstration."))
    print(f"\n{_('1. The text')}")
    print(
        f"   {', '.join(e.files)}   {_('version')} {f.definition_version}   {_('in force from')} {day_text(e.service.valid_from)}"
    )
    paragraph(f"{_('Source')}: {e.source}", "   ")
    if f.promise.note:
        paragraph(f"{_('Read as')}: {f.promise.note}", "   ")
    if e.data:
        print(f"\n{_('2. The data')}")
        print("   " + "   ".join(f"{name} {version}" for name, version in e.data.items()))
    if f.assumptions:
        print(f"\n{_('3. The assumptions')}")
        for assumption in f.assumptions:
            paragraph(str(assumption), "     ", "   – ")
    if e.events:
        _print_happened(e, network.library, live)
    else:
        _print_units(e)
    if e.histogram is not None:
        print(f"\n{_('5. The minutes')}")
        most = float(e.histogram["people"].max() or 1)  # type: ignore[arg-type]
        for start, people, inside in e.histogram.iter_rows():
            label = _("unreachable") if start is None else f"{start}–{start + 5} min"
            bar = ("█" if inside else "░") * round(40 * people / most)
            print(f"   {label:>12}  {bar} {number(round(people))}")
    if f.by_age is not None and f.value is not None:
        print(f"\n{_('6. By age')}")
        table(
            ["   " + _("age"), _("people"), _("outside"), _("share")],
            [
                ["   " + a.replace("_plus", "+").replace("_", "–"), number(round(p)), number(round(o)), per_cent(s)]
                for a, p, o, s in f.by_age.iter_rows()
            ],
            right=(1, 2, 3),
        )
    if e.effects:
        print(f"\n{_('7. If an assumption were another')}")
        rows = [
            [
                "   " + str(x.what),
                "–" if x.value is None else per_cent(x.value),
                (
                    ""
                    if x.value is None or f.value is None
                    else f"{'+' if x.value >= f.value else '−'}{number(abs(x.value - f.value) * 100, 1)}"
                ),
                f"{mark(x.state)} {state_name(x.state)}",
            ]
            for x in e.effects
        ]
        table(["   " + _("changed"), _("value"), _("percentage points"), ""], rows, right=(1, 2))
    return int(f.state == "broken")


def _print_units(e: Explanation) -> None:
    print(f"\n{_('4. The units counted')} ({len(e.units)})")
    rows = [
        [
            r["unit_id"],
            r["name"],
            r["municipality"],
            (r["size"] or "") + (" *" if r["invented"] else ""),
            "" if r["people"] is None else number(round(r["people"])),
        ]
        for r in e.units.iter_rows(named=True)
    ]
    table(
        ["   " + _("unit"), _("name"), _("municipality"), _("size"), _("nearest for")],
        [["   " + r[0], *r[1:]] for r in rows],
        right=(4,),
    )


def _print_happened(e: Explanation, library: Library, live: Live | None) -> None:
    """The limits and events of a promise about what happens, and its groups, the worst first."""
    print(f"\n{_('3. The limits')}")
    for x in e.parameters:
        paragraph(
            f"{x.what}: {x.shown} {unit_name(x.value.unit)} ({day_text(x.value.since)}, {x.value.source.title})",
            "     ",
            "   – ",
        )
    print(f"\n{_('4. The events')}\n   {'; '.join(str(library.event_kinds[name].what) for name in e.events)}")
    f = e.finding
    for level in LEVELS:
        if f.groups(level) and live:
            print(f"\n{_level_name(level)}")
            marks = {True: "kept", False: "broken", None: "unknown"}
            table(
                ["   ", "", _("value"), *(f.promise.group_heads() or ())],
                [
                    ["   " + mark(marks[g.kept]), live.place(level, g.group, {}), group_text(f, g)]
                    + (["–", "–"] if g.hidden else [number(g.met), number(g.total)] if f.promise.group_heads() else [])
                    for g in f.groups(level)[:MOST_GROUPS]
                ],
                right=(2, 3, 4),
            )


def _level_name(level: str) -> str:
    return {"unit": _("By unit"), "producer": _("By producer"), "municipality": _("By municipality")}[level]


def definitions(args: argparse.Namespace) -> int:
    from torni.services import load_library
    from torni.services.chain import chains
    from torni.services.rules import load_rules

    library = load_library(args.region, on=args.on)
    rules = load_rules(library)
    promises = len(list(library.promises()))
    counts = (
        (len(library.services), _("services")), (promises, _("promises")), (len(library.parameters), _("parameters")),
        (len(rules.fields), _("client fields")), (len(rules.tables), _("tables")), (len(rules.granting), _("services with granting criteria")),
        (len(rules.formulas), _("formulas")),
        (len(chains(library)), _("service chains")),
    )  # fmt: skip
    print(
        f"{library.region.id}: {', '.join(f'{n} {what}' for n, what in counts)}; {_('version')} {library.whole_version}"
    )
    return 0


def schema(args: argparse.Namespace) -> int:
    from torni.services.schema import Service

    json.dump(Service.model_json_schema(), sys.stdout, ensure_ascii=False, indent=2)
    print()
    return 0


def sources(args: argparse.Namespace) -> int:
    from torni.network.explain import sources_of_data

    for row in sources_of_data().iter_rows(named=True):
        print(f"{painted(row['file'], '1')}  {row['year']}  {row['licence']}")
        paragraph(row["what"], "    ")
        if row["note"]:
            paragraph(row["note"], "    ")
        paragraph(row["source"], "    ")
    return 0
