"""A tried change as files: a workbook, a GeoJSON of the units after it."""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from torni.core.language import _
from torni.network.what_if import WhatIf
from torni.sources.coordinates import to_degrees


def workbook(found: WhatIf) -> bytes:
    """An xlsx: promises before and after, minutes by municipality and by age, units after, and what it rests on."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, table in (
            (_("promises"), found.table()), (_("minutes"), found.minutes), (_("by age"), found.minutes_by_age),
            (_("units"), units_table(found)), (_("basis"), basis(found)),
        ):  # fmt: skip
            table.write_excel(book, worksheet=name[:31], autofit=True)
    return out.getvalue()


def units_table(found: WhatIf) -> pl.DataFrame:
    """The units after the plan with degrees: unit_id, name, kinds, municipality, lon, lat, size, opening, invented."""
    units = found.network.units
    lon, lat = to_degrees(units["x"].to_numpy(), units["y"].to_numpy())
    return units.select(
        "unit_id", "name", pl.col("kinds").list.join("|"), "municipality", pl.Series("lon", lon).round(6),
        pl.Series("lat", lat).round(6), "size", "opening", "producer", (pl.col("invented") | pl.col("size_invented")).alias("invented"),
    )  # fmt: skip


def basis(found: WhatIf) -> pl.DataFrame:
    """What the figures rest on: the plan, the day, versions and assumptions."""
    rows = [
        ("plan", str(found.plan)),
        ("as_of", str(found.network.as_of)),
        ("definitions", found.network.library.whole_version),
    ]
    rows += [(f"data: {k}", v) for k, v in found.network.data_versions.items()]
    seen = dict.fromkeys(str(a) for c in found.changes for a in c.after.assumptions)
    rows += [("assumption", text) for text in seen]
    if any(c.after.invented for c in found.changes):
        rows.append(("invented", _("depends on units or sizes invented for demonstration")))
    return pl.DataFrame(rows, schema=["what", "value"], orient="row")


def geojson(found: WhatIf) -> dict[str, Any]:
    """The units after the plan as points (WGS84)."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
                "properties": {k: v for k, v in row.items() if k not in ("lon", "lat")},
            }
            for row in units_table(found).iter_rows(named=True)
        ],
    }
