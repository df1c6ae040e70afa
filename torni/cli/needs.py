"""`torni needs`: a county's need against the nation's, what makes it, and the funding that follows."""

from __future__ import annotations

import argparse
import json

from torni.cli.show import table
from torni.core.faults import bad_input
from torni.core.language import _, number, per_cent, t
from torni.needs import funding, need
from torni.needs.variables import variable_name
from torni.services import load_library

MOST = 8


def needs(args: argparse.Namespace) -> int:
    library = load_library(args.region, on=args.on)
    counties = library.region.counties
    if len(counties) != 1 or library.region.municipalities:
        raise bad_input(args.region, t("is not one county"), t("Ask for one county, such as keski-suomi."))
    found, paid = need(library, counties[0], args.year), funding(library, counties[0])
    if args.json:
        print(
            json.dumps(
                {
                    "region": library.region.id, "county": counties[0], "year": found.year, "coefficient": round(found.total, 6),
                    "sectors": {s: round(v, 6) for s, v in found.sectors.items()},
                    "parts": [{k: round(v, 6) if isinstance(v, float) else v for k, v in r.items()} for r in found.parts.iter_rows(named=True)],
                    "elder_share_effect": round(found.elder_share_effect, 6),
                    "funding": {
                        "year": paid.year, "residents": paid.residents, "eur": {s: round(v) for s, v in paid.euros.items()}, "eur_total": round(paid.total),
                        "eur_per_resident": round(paid.per_resident, 2),
                    },
                },
                ensure_ascii=False, indent=2,
            )
        )  # fmt: skip
        return 0
    sectors = {"health": _("health care"), "social": _("social care"), "elder": _("elder care")}
    print(_("{region}: need {total} of the nation's, {year}").format(region=library.region.name, total=number(found.total, 3), year=found.year) + "\n")  # fmt: skip
    rows = [
        [sectors[s], number(found.sectors[s], 3), number(found.weights[s], 4), number(paid.euros[s] / 1e6, 1)]
        for s in found.sectors
    ]
    table([_("sector"), _("need"), _("weight"), _("funding {year}, M€").format(year=paid.year)], rows, right=(1, 2, 3))
    print("\n" + _("Need-based funding {year}: {total} M€, {each} € a resident").format(year=paid.year, total=number(paid.total / 1e6, 1), each=number(paid.per_resident)) + "\n")  # fmt: skip
    shown = found.parts.head(MOST)
    rows = [
        [variable_name(r["variable"]), sectors[r["sector"]], _share(r["share"]), _share(r["national_share"]), f"{'+' if r['effect'] >= 0 else '−'}{number(abs(r['effect']), 4)}"]
        for r in shown.iter_rows(named=True)
    ]  # fmt: skip
    rows.append([_("share of those over 64"), sectors["elder"], "", "", f"{'+' if found.elder_share_effect >= 0 else '−'}{number(abs(found.elder_share_effect), 4)}"])  # fmt: skip
    table([_("what makes it"), _("sector"), _("here"), _("nation"), _("effect")], rows, right=(2, 3, 4))
    return 0


def _share(value: float) -> str:
    """A share of residents as per cent; a mean, such as that of a logarithm, as it is."""
    return per_cent(value) if value <= 1 else number(value, 2)
