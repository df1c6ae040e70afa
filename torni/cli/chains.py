"""`torni chains`: the service chains as defined; on a snapshot of the log also what has happened along them, and where they leak."""

from __future__ import annotations

import argparse
import json

from torni.cli.show import table
from torni.core.clock import today
from torni.core.language import _, number, per_cent
from torni.engines.chains import MeasuredChain
from torni.services import load_library
from torni.services.chain import ServiceChain
from torni.services.chain import chains as defined
from torni.supervision.chains import chains_on


def chains(args: argparse.Namespace) -> int:
    """Exit code 1 where something along a chain is late now."""
    library = load_library(args.region, on=args.on)
    found = defined(library)
    measured: dict[str, MeasuredChain] = {}
    if args.snapshot:
        on_log = chains_on(args.snapshot, found, args.on or today())
        measured = {name: one.measured for name, one in on_log.items()}
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
        row = [f"  {names[e.first]}", names[e.then], chain.limit_text(e.first, e.then)]
        p = passed.get((e.first, e.then))
        if p:
            in_time = per_cent(p.in_time / p.count) if p.in_time is not None and p.count else ""
            row += [number(p.count), in_time, "" if p.median_days is None else str(p.median_days)]
        rows.append(row)
    heads = ["  " + _("from"), _("step"), _("at most")]
    table([*heads, _("went on"), _("in time"), _("half in days")] if measured else heads, rows, right=(3, 4, 5))
    print()


def _json(chain: ServiceChain, measured: MeasuredChain | None) -> dict[str, object]:
    told: dict[str, object] = {
        "name": str(chain.definition.name), "version": chain.version,
        "steps": [{"id": s.id, "event": s.event, "service": s.service} for s in chain.chain.steps],
        "edges": [{"from": e.first, "to": e.then, "within_days": e.within_days} for e in chain.chain.edges],
    }  # fmt: skip
    return told | ({"measured": measured.json()} if measured else {})
