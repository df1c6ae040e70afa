"""`torni search`: services, promises, units and producers of a region, by parts of their names."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from torni import network
from torni.core.language import _, number
from torni.network.search import search as find


def search(args: argparse.Namespace) -> int:
    """Exit code 1 where nothing is found."""
    found = find(network.load(args.region, on=args.on, invented=not args.real_only), args.text)
    if args.json:
        print(json.dumps({kind: [asdict(hit) for hit in hits] for kind, hits in found.hits.items()}, ensure_ascii=False, indent=2))  # fmt: skip
        return int(not found.count)
    heads = {"service": _("Services"), "promise": _("Promises"), "unit": _("Units"), "producer": _("Producers")}
    for kind, hits in found.hits.items():
        if hits:
            print(f"{heads[kind]} ({number(len(hits) + found.more[kind])})")
        for hit in hits:
            print(f"  {hit.id}: {hit.name}" if hit.id != hit.name else f"  {hit.name}")
    if not found.count:
        print(_("Nothing was found."))
    return int(not found.count)
