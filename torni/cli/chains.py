"""`torni chains`: the service chains as defined; on a snapshot of the log also what has happened along them, and where they leak."""

from __future__ import annotations

import argparse
import json

from torni.cli.show import table
from torni.core.clock import today
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import _, number, per_cent, t
from torni.engines.chains import MeasuredChain
from torni.facts.snapshot import unlike
from torni.services import load_library
from torni.services.chain import ServiceChain
from torni.services.chain import chains as defined
from torni.supervision.chains import measure_chains


def chains(args: argparse.Namespace) -> int:
    """Exit code 1 where something along a chain is late now."""
    library = load_library(args.region, on=args.on)
    found = defined(library)
    measured: dict[str, MeasuredChain] = {}
    if args.snapshot:
        again = t("Make one: torni snapshot FOLDER --persons")
        if not any(args.snapshot.glob("event_*.parquet")):
            raise bad_input(str(args.snapshot), t("holds no snapshot with persons"), again)
        if amiss := unlike(args.snapshot):
            raise BadInput(*(Fault(str(args.snapshot / name), t("is damaged, or of no snapshot with persons"), again) for name in amiss[:20]))  # fmt: skip
        last = args.on or today()
        measured = measure_chains(args.snapshot, found, last)
    if args.json:
        print(
            json.dumps(
                {name: _json(chain, measured.get(name)) for name, chain in found.items()}, ensure_ascii=False, indent=2
            )
        )
    else:
        for name, chain in found.items():
            _show(name, chain, measured.get(name))
    return int(any(s.late for m in measured.values() for s in m.steps))


def _show(name: str, chain: ServiceChain, measured: MeasuredChain | None) -> None:
    print(f"{name}: {chain.definition.name}")
    if measured and measured.instances:
        share = per_cent(measured.conform / measured.instances)
        print("  " + _("{count} begun, {share} went as defined").format(count=number(measured.instances), share=share))
    names = {id_: str(step.name) for id_, step in chain.definition.steps.items()}
    passed = {(p.edge.first, p.edge.then): p for p in measured.edges} if measured else {}
    rows = []
    for e in chain.chain.edges:
        row = [f"  {names[e.first]}", names[e.then], "" if e.within_days is None else str(e.within_days)]
        p = passed.get((e.first, e.then))
        if p:
            in_time = per_cent(p.in_time / p.count) if p.in_time is not None and p.count else ""
            row += [number(p.count), in_time, "" if p.median_days is None else str(p.median_days)]
        rows.append(row)
    heads = ["  " + _("from"), _("step"), _("days at most")]
    table([*heads, _("went on"), _("in time"), _("half in days")] if measured else heads, rows, right=(2, 3, 4, 5))
    print()


def _json(chain: ServiceChain, measured: MeasuredChain | None) -> dict[str, object]:
    told: dict[str, object] = {
        "name": str(chain.definition.name), "version": chain.version,
        "steps": [{"id": s.id, "event": s.event, "service": s.service} for s in chain.chain.steps],
        "edges": [{"from": e.first, "to": e.then, "within_days": e.within_days} for e in chain.chain.edges],
    }  # fmt: skip
    return told | ({"measured": measured.json()} if measured else {})
