"""Write the demonstration units of Keski-Suomi and Uusimaa: what open data does not hold, invented and marked so.

Sizes and producers of real centres, dental units, day centres, elder housing and private centres. Every rule is
below, nothing is random; points are real populated cells. `python tools/make_demo_units.py` renews the files.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
from pyproj import Transformer

ROOT = Path(__file__).parents[1]
DATA = ROOT / "torni" / "sources" / "data"
TO_TM35 = Transformer.from_crs(4326, 3067, always_xy=True)
TO_WGS84 = Transformer.from_crs(3067, 4326, always_xy=True)
REGIONS = {
    "keski-suomi": (["15"], "Keski-Suomen liikelaitos"),
    "uusimaa": (["1", "2", "3", "4", "90"], "Uudenmaan liikelaitos"),
}
NAMES = {
    "dental": "hammashoitola", "day_centre_elderly": "ikääntyneiden päivätoiminta",
    "day_centre_other": "vammaisten henkilöiden päivätoiminta", "elder_housing": "asumisyksikkö", "centre": "sote-keskus",
}  # fmt: skip
LACKING = {  # so that some promises break, as they would in a real region
    "dental": {"Luhanka", "Kinnula", "Multia", "Lapinjärvi"},
    "day_centre_elderly": {"Kyyjärvi", "Luhanka", "Pukkila"},
    "elder_housing": {"Kannonkoski", "Myrskylä"},
}


def main() -> None:
    cells = pl.read_parquet(DATA / "cells.parquet")
    key = pl.read_parquet(DATA / "municipalities.parquet")
    for region, (counties, enterprise) in REGIONS.items():
        places = key.filter(pl.col("county").is_in(counties)).sort("municipality")
        rows = []
        for place in places.iter_rows(named=True):
            own = cells.filter(pl.col("municipality") == place["municipality"]).sort(
                ["residents", "x", "y"], descending=[True, False, False]
            )
            for kind, per in (
                ("dental", 30_000),
                ("day_centre_elderly", 40_000),
                ("elder_housing", 15_000),
                ("day_centre_other", 50_000),
            ):
                if place["name_fi"] in LACKING.get(kind, ()) or (
                    kind == "day_centre_other" and place["residents"] < 8_000
                ):
                    continue
                count = 1 + place["residents"] // per
                for i, (x, y) in enumerate(spread(own, count)):
                    size = (
                        (
                            "L"
                            if i == 0 and place["residents"] >= 30_000
                            else "M"
                            if place["residents"] >= 6_500 and i < 2
                            else "S"
                        )
                        if kind == "dental"
                        else ""
                    )
                    rows.append(unit(place, kind, i, count, x, y, size, enterprise))
            if place["residents"] >= 18_000:  # private centres, directly chosen
                producer = "Esimerkkiterveys Oy" if place["residents"] >= 100_000 else "Malliterveys Oy"
                x, y = spread(own, 3)[-1]
                size = "L" if producer == "Esimerkkiterveys Oy" else "M"
                rows.append(unit(place, "centre", 90, 99, x, y, size, producer))
        folder = ROOT / "definitions" / "regions" / region / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        write(
            folder / "units.csv",
            ["unit_id", "name", "kinds", "municipality", "lon", "lat", "x", "y", "size", "opening", "producer"],
            rows,
        )
        write(folder / "sizes.csv", ["unit_id", "size", "opening", "producer"], sizes(region, places, enterprise))
    sites()


def spread(own: pl.DataFrame, count: int, apart_m: float = 2_500) -> list[tuple[int, int]]:
    """The most populated cells that stand at least `apart_m` from each other; the first again if there are too few."""
    chosen: list[tuple[int, int]] = []
    for x, y in own.select("x", "y").iter_rows():
        if all(np.hypot(x - a, y - b) >= apart_m for a, b in chosen):
            chosen.append((x, y))
        if len(chosen) == count:
            break
    return chosen


def unit(place: dict, kind: str, i: int, count: int, x: int, y: int, size: str, producer: str) -> list[str]:
    lon, lat = TO_WGS84.transform(x, y)
    number = f" {i + 1}" if count > 1 and i < 90 else ""
    name = f"{place['name_fi']}, {NAMES[kind]}{number}" if i < 90 else f"{producer}, {place['name_fi']}"
    opening = {"L": "ma-su 7-22", "M": "ma-pe 8-18", "S": "ma-pe 8-16"}.get(size, "")
    return [
        f"demo-{kind.replace('_', '-')}-{place['municipality']}-{i + 1}",
        name,
        kind,
        place["municipality"],
        f"{lon:.5f}",
        f"{lat:.5f}",
        str(x),
        str(y),
        size,
        opening,
        producer,
    ]


def sizes(region: str, places: pl.DataFrame, enterprise: str) -> list[list[str]]:
    """Sizes for real centres: one L in the largest city, M in the main centre of municipalities of 6,500 or more."""
    residents = dict(places.select("municipality", "residents").iter_rows())
    if region == "keski-suomi":
        names = dict(places.select("name_fi", "municipality").iter_rows())
        centres = [
            (row["site_id"], names[row["kunta_nimi"]])
            for row in csv.DictReader((ROOT / "tools" / "keski_suomi_sites.csv").open(encoding="utf-8"))
            if "health_centre" in row["roles"]
        ]
    else:
        register = pl.read_parquet(DATA / "unit_register.parquet")
        centres = [
            (row["unit_id"], row["municipality"])
            for row in register.sort("unit_id").iter_rows(named=True)
            if row["municipality"] in residents and "health_centre" in row["kinds"].split("|")
        ]
    seen: dict[str, int] = {}
    out = []
    largest = max(residents.values())
    for unit_id, municipality in centres:
        i = seen.setdefault(municipality, 0)
        seen[municipality] += 1
        size = "S"
        if residents[municipality] >= 6_500 and i < 1 + residents[municipality] // 40_000:
            size = "L" if residents[municipality] == largest and i == 0 else "M"
        opening = {"L": "ma-su 7-22", "M": "ma-pe 8-18", "S": "ma-pe 8-16"}[size]
        out.append([unit_id, size, opening, enterprise])
    return out


def sites() -> None:
    """Keski-Suomi's real sites in the form of a region's unit file (these are not invented)."""
    key = pl.read_parquet(DATA / "municipalities.parquet")
    names = dict(key.filter(pl.col("county") == "15").select("name_fi", "municipality").iter_rows())
    roles = {"health_centre": "centre", "health_centre_assumed": "centre"}
    rows = []
    for row in csv.DictReader((ROOT / "tools" / "keski_suomi_sites.csv").open(encoding="utf-8")):
        kinds = "|".join(roles.get(r, r) for r in row["roles"].split(";"))
        rows.append(
            [
                row["site_id"],
                row["site"],
                kinds,
                names[row["kunta_nimi"]],
                row["lon"],
                row["lat"],
                *(str(round(v)) for v in TO_TM35.transform(float(row["lon"]), float(row["lat"]))),
                row["coord_source"],
            ]
        )
    write(
        ROOT / "definitions" / "regions" / "keski-suomi" / "units.csv",
        ["unit_id", "name", "kinds", "municipality", "lon", "lat", "x", "y", "point_source"],
        rows,
    )


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


if __name__ == "__main__":
    main()
