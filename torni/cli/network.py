"""`torni reach` and `torni network units | what-if | mend`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from torni.cli.check import load
from torni.cli.show import mark, paragraph, table
from torni.core.faults import bad_input
from torni.core.language import _, number, per_cent, t
from torni.network.mend import Mend
from torni.network.region import Network
from torni.network.what_if import WhatIf
from torni.promises.restoring import restoring
from torni.tower.finding_texts import restoring_lines, state_name, value_text
from torni.tower.opened import happening
from torni.tower.picture import finding_json


def reach(args: argparse.Namespace) -> int:
    from torni.network.reach import reach as reached
    from torni.sources.intake import read_points

    try:
        within = [int(part) for part in args.within.split(",")]
    except ValueError as error:
        raise bad_input(
            "--within", t("{a} are not minutes", a=args.within), t("Write whole minutes from 1 to 1000, such as 30,60.")
        ) from error
    found = reached(
        load(args), read_points(args.units), within=within, mode=args.mode.replace("-", "_"), timetable=args.timetable
    )
    if args.json:
        print(json.dumps({
            "region": found.region, "mode": found.mode, "residents": found.residents,
            "share_within": {str(m): round(s, 9) for m, s in found.share_within.items()},
            "by_municipality": [
                {"municipality": r["municipality"], "name": r["name"], "residents": r["residents"], "mean_min": r["mean_min"],
                 "share_within": {str(m): r[f"within_{m}"] for m in within}}
                for r in found.by_municipality.iter_rows(named=True)
            ],
            "units": found.units.to_dicts(), "assumptions": [str(a) for a in found.assumptions],
        }, ensure_ascii=False, indent=2))  # fmt: skip
        return 0
    print(f"{found.region}  {number(found.residents)} {_('residents')}  {found.mode}  {_('units')} {len(found.units)}")
    for minutes, share in found.share_within.items():
        print(f"  {minutes:>4} min  {per_cent(share, 2)}")
    print()
    rows = [
        [
            r["name"],
            number(r["residents"]),
            "–" if r["mean_min"] is None else number(r["mean_min"], 1),
            *(per_cent(r[f"within_{m}"]) for m in within),
        ]
        for r in found.by_municipality.iter_rows(named=True)
    ]
    table(
        [_("municipality"), _("Residents"), _("mean min"), *(f"{m} min" for m in within)],
        rows,
        right=tuple(range(1, 3 + len(within))),
    )
    print()
    for assumption in found.assumptions:
        paragraph(str(assumption))
    return 0


def units(args: argparse.Namespace) -> int:
    network = load(args)
    if args.json:
        print(
            json.dumps(
                [
                    {**r, "open_from": str(r["open_from"] or "") or None, "open_to": str(r["open_to"] or "") or None}
                    for r in network.units.to_dicts()
                ],
                ensure_ascii=False,
                indent=2,
            )
        )
        return 0
    names = {code: str(name) for code, name in network.names.items()}
    rows = [
        [
            r["unit_id"],
            r["name"],
            "|".join(r["kinds"]),
            names.get(r["municipality"], r["municipality"]),
            (r["size"] or "") + (" *" if r["invented"] or r["size_invented"] else ""),
        ]
        for r in network.units.iter_rows(named=True)
    ]
    table([_("unit"), _("name"), _("kind"), _("municipality"), _("size")], rows)
    print("* " + _("invented for demonstration"))
    return 0


def what_if(args: argparse.Namespace) -> int:
    from torni.network.plan import parse
    from torni.network.what_if import what_if as tried

    network = load(args)
    steps = list(args.steps or [])
    if args.plan:
        steps = [*args.plan.split(";"), *steps]
    if not steps:
        raise bad_input(
            "what-if",
            t("no change was given"),
            t("Add --close, --open, --move, --resize, --hours or --plan; `--help` shows their forms."),
        )
    found = tried(network, parse(steps, network))
    if args.xlsx or args.csv or args.geojson:
        from torni.network.export import geojson, workbook

        if args.xlsx:
            args.xlsx.write_bytes(workbook(found))
        if args.csv:
            found.table().write_csv(args.csv)
        if args.geojson:
            args.geojson.write_text(json.dumps(geojson(found), ensure_ascii=False), encoding="utf-8")
    code = int(any(c.after.state == "broken" for c in found.changes))
    if args.json:
        print(json.dumps(what_if_json(found), ensure_ascii=False, indent=2))
        return code
    print()
    for step in found.plan.steps:
        print(f"  • {step.told(network)}")
    print()
    moved = [c for c in found.changes if c.moved or c.flips]
    rows = [
        [
            c.before.id,
            value_text(c.before),
            value_text(c.after),
            f"{mark(c.before.state)} → {mark(c.after.state)}",
            (_("flips: ") + state_name(c.after.state)) if c.flips else "",
        ]
        for c in moved
    ]
    if rows:
        table([_("promise"), _("before"), _("after"), "", ""], rows, right=(1, 2))
    else:
        print(_("No promise changes."))
    if len(found.minutes):
        print()
        head = found.minutes.sort(["lose", "gain"], descending=True).head(15)
        rows = [
            [r["promise"], r["name"], number(round(r["gain"])), number(round(r["lose"]))]
            for r in head.iter_rows(named=True)
        ]
        table(
            [_("promise"), _("municipality"), _("a minute or more nearer"), _("a minute or more farther")],
            rows,
            right=(2, 3),
        )
    print()
    paragraph(_("Plan: ") + str(found.plan))
    return code


def what_if_json(found: WhatIf) -> dict[str, Any]:
    return {
        "region": found.network.library.region.id, "as_of": str(found.network.as_of), "plan": str(found.plan),
        "before": [finding_json(c.before) for c in found.changes],
        "after": [finding_json(c.after) for c in found.changes],
        "flips": [{"id": c.before.id, "from": c.before.state, "to": c.after.state} for c in found.flips],
        "minutes": found.minutes.to_dicts(), "minutes_by_age": found.minutes_by_age.to_dicts(),
    }  # fmt: skip


def closures(args: argparse.Namespace) -> int:
    """Each unit closed alone, the least harmful first; the promise that suffers most is named."""
    from torni.network.closures import every_closure

    found = every_closure(load(args), pattern=args.promise)
    if args.json:
        print(json.dumps(found.to_dicts(), ensure_ascii=False, indent=2))
        return 0
    rows = []
    for (unit_id,), part in found.sort("promise").group_by(["unit_id"], maintain_order=True):
        worst = part.sort(["lost", "added_min"], descending=True).row(0, named=True)
        broken = part.filter((part["state"] != "broken") & (part["state_after"] == "broken"))["promise"].to_list()
        rows.append(
            (
                worst["lost"],
                max(part["added_min"].to_list()),
                unit_id,
                worst["name"],
                worst["promise"] if worst["lost"] else "",
                broken,
            )
        )
    table(
        [_("unit"), _("name"), _("farther than promised"), _("minutes lost"), _("most in"), _("breaks")],
        [
            [u, n, number(round(lost)), number(round(minutes)), p, ", ".join(b)]
            for lost, minutes, u, n, p, b in sorted(rows)
        ],
        right=(2, 3),
    )
    return 0


def mend(args: argparse.Namespace) -> int:
    from torni.network.mend import mend as mended

    network = load(args)
    if network.library.promise(args.promise)[1].reads == "events":
        return _mend_of_events(args, network)
    options = {
        "candidates": args.candidates,
        "budget": args.budget,
        "closures": args.closures,
        "minimise": args.minimise,
    }
    found = mended(network, args.promise, **options)
    if args.json:
        print(json.dumps(mend_json(found), ensure_ascii=False, indent=2))
        return int(found.after.state == "broken")
    print()
    print(f"{mark(found.finding.state)}  {found.finding.sentence}")
    print(f"   {_('now')} {value_text(found.finding)}")
    if not found.feasible:
        paragraph(
            _("No choice among the {count} candidate places restores this promise. Try other candidates.").format(
                count=found.candidates
            ),
            "   ",
        )
        return 1
    if not found.plan.steps:
        print("   " + _("Nothing needs mending."))
        return 0
    print(f"   {_('after')} {value_text(found.after)}  {mark(found.after.state)} {state_name(found.after.state)}\n")
    for step in found.plan.steps:
        print(f"  • {step.told(network)}")
    print()
    proof = (
        _("Proven: no choice among {count} candidates is better.").format(count=number(found.candidates))
        if found.proven
        else _("Not proven: at most {gap} better is possible.").format(gap=per_cent(found.gap, 3))
    )
    print(proof)
    paragraph(_("Plan: ") + str(found.plan))
    return int(found.after.state == "broken")


def _mend_of_events(args: argparse.Namespace, network: Network) -> int:
    """What would have to be done for a promise about what happens: how many more as promised, and which units missed as many."""
    live, why = happening(network.library.region.id, on=args.on)
    found = live.of(args.promise) if live else None
    if live is None or found is None:
        raise bad_input(args.promise, t("cannot be told: {why}", why=why), t("`torni demo` starts a record room."))
    told = restoring(found)
    code = int(found.state == "broken")
    if args.json:
        carried = [{"level": told.level, "group": c.group, "missed": c.missed, "total": c.total} for c in told.carried]
        why_not = str(told.why_not) if told.why_not else None
        print(json.dumps({"promise": found.id, "state": found.state, "total": told.total, "missed": told.missed, "more": told.more, "carried": carried, "why_not": why_not}, ensure_ascii=False, indent=2))  # fmt: skip
        return code
    print(f"\n{mark(found.state)}  {found.sentence}\n   {_('now')} {value_text(found)}")
    for line in restoring_lines(told, lambda group: live.place(told.level, group, network.names)):
        paragraph(line, "   ")
    return code


def mend_json(found: Mend) -> dict[str, Any]:
    return {
        "promise": found.finding.id, "question": found.question, "candidates": found.candidates,
        "before": finding_json(found.finding), "after": finding_json(found.after),
        "flips": [{"id": found.finding.id, "from": found.finding.state, "to": found.after.state}] if found.finding.state != found.after.state else [],
        "chosen": [{"step": s.text, "verb": s.verb, "unit": s.unit, "lon": s.lon, "lat": s.lat, "kind": s.kind, "size": s.size} for s in found.plan.steps],
        "plan": str(found.plan), "objective": found.objective, "bound": found.bound if found.feasible else None,
        "gap": found.gap if found.feasible else None, "proven": found.proven, "feasible": found.feasible,
    }  # fmt: skip
