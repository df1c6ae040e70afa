"""Every real marginal of the invented people equals its source, to what whole people allow."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest

from torni.simulation.population import open_population
from torni.simulation.population.make import INCOME_GROWTH, make_county
from torni.simulation.population.people import BANDS, county_shares
from torni.sources import shipped

COUNTY = "15"


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> pl.DataFrame:
    population = open_population("keski-suomi", folder=tmp_path_factory.mktemp("people"))
    assert population.size == 270_043
    return pl.read_parquet(population.files[0])


@pytest.fixture(scope="module")
def codes() -> list[str]:
    table = shipped.municipalities()
    return table.filter(pl.col("county") == COUNTY)["municipality"].to_list()


def test_every_cell_has_its_residents_and_age_groups(people, codes):
    cells = shipped.table("cells").filter(pl.col("municipality").is_in(codes) & (pl.col("residents") > 0))
    had = people.group_by("x", "y").agg(
        pl.len().alias("n"),
        (pl.col("age") < 15).sum().alias("young"),
        (pl.col("age") >= 65).sum().alias("old"),
    )
    both = cells.join(had, on=["x", "y"], how="left")
    assert both["n"].to_list() == both["residents"].to_list()
    whole = both.with_columns(pl.sum_horizontal("age_0_14", "age_15_64", "age_65").alias("known")).filter(
        pl.col("known") > 0
    )
    for given, made in (("age_0_14", "young"), ("age_65", "old")):
        wanted = whole[given] * whole["residents"] / whole["known"]
        assert (wanted - whole[made]).abs().max() <= 1.0
        assert abs(wanted.sum() - whole[made].sum()) < 0.003 * wanted.sum()


def test_the_age_bands_are_the_municipalitys_own(people, codes):
    """Within each of the grid's three groups, the 2018 bands' shares, to one person in each."""
    bands = shipped.table("age_bands").filter(pl.col("municipality").is_in(codes))
    names = [c for c in bands.columns if c.startswith("age_")]
    for row in bands.iter_rows(named=True):
        ages = people.filter(pl.col("municipality") == row["municipality"])["age"].to_numpy()
        for low, high in ((15, 65), (65, 105)):
            group = ages[(ages >= low) & (ages < high)]
            inside = [(b, n) for b, n in zip(BANDS, names, strict=True) if low <= b[0] and b[1] < high]
            partly = row["age_13_15"] / 3 if low == 15 else 0.0
            whole = sum(row[n] for _, n in inside) + partly
            for (a, b), name in inside:
                assert abs(((group >= a) & (group <= b)).sum() - len(group) * row[name] / whole) <= 2


def test_women_households_and_the_median_income_of_each_municipality(people, codes):
    facts = {r["municipality"]: r for r in shipped.table("people").iter_rows(named=True)}
    for code in codes:
        here, real = people.filter(pl.col("municipality") == code), facts[code]
        assert abs((here["sex"] == "female").sum() - len(here) * real["women"] / real["pop"]) <= 1
        median = float(here.filter(pl.col("age") >= 18)["net_income_eur_month"].cast(pl.Float64).median()) * 12
        assert median == pytest.approx(real["median_income_eur_year"] * INCOME_GROWTH, rel=1e-4)
    homes = people.group_by("municipality").agg(pl.col("household").n_unique())
    made = dict(homes.iter_rows())
    wanted = {
        c: facts[c]["households"] / facts[c]["pop"] * len(people.filter(pl.col("municipality") == c)) for c in codes
    }
    assert abs(sum(made.values()) / sum(wanted.values()) - 1) < 0.03
    assert np.median([abs(made[c] / wanted[c] - 1) for c in codes]) < 0.06


def test_illnesses_and_living_alone_are_the_countys(people):
    shares = county_shares(COUNTY)
    old = people.filter(pl.col("age") >= 65)
    for name in ("diabetes", "dementia", "coronary_disease", "asthma"):
        assert abs(people[f"has_{name}"].sum() - shares[name] * len(people)) <= 3, name
    for name in ("diabetes", "dementia"):
        assert abs(old[f"has_{name}"].sum() - shares[f"{name}_65"] * len(old)) <= 3, name
    for name, low, high in (("alone_under_75", 0, 75), ("alone_75_84", 75, 85)):
        alone = people.filter((pl.col("age") >= low) & (pl.col("age") < high) & (pl.col("household_size") == 1))
        # a little more than told: whoever is left over in a cell of a few people lives alone too
        assert len(alone) == pytest.approx(shares[name] * len(people), rel=0.05), name


def test_a_home_is_in_one_cell_and_its_size_and_income_are_its_peoples(people):
    homes = people.group_by("household").agg(
        pl.len().alias("n"), pl.col("x").n_unique(), pl.col("y").n_unique(), pl.col("household_size").n_unique().alias("told"),
        pl.col("household_size").first(), pl.col("gross_income_eur_month").n_unique().alias("incomes"), pl.col("age").max(),
    )  # fmt: skip
    assert homes.select(pl.max("x", "y", "told", "incomes")).row(0) == (1, 1, 1, 1)
    assert (homes["n"] == homes["household_size"]).all()
    assert (homes["age"] < 18).mean() < 0.005


def test_facts_are_within_their_fields(people):
    from datetime import date

    from torni.services import load_library
    from torni.services.rules import load_rules

    fields = load_rules(load_library(on=date(2026, 11, 22))).fields
    for name in people.columns:
        field = fields.get(name)
        if field is not None and field.least is not None:
            assert people[name].min() >= field.least, name
            assert people[name].max() <= field.most, name
        if field is not None and field.kind == "code":
            assert set(people[name].unique()) <= set(field.codes), name


def test_the_unassessed_have_no_scales_and_stale_ones_are_missing(people):
    never = people.filter(pl.col("assessed_on").is_null())
    assert never["rai_maple"].null_count() == len(never)
    assessed = people.filter(pl.col("assessed_on").is_not_null())
    assert 0.02 < assessed["rai_maple"].null_count() / len(assessed) < 0.4


def test_the_same_seed_gives_the_same_people(tmp_path):
    """A small county, made twice, alone: the same bytes of content; another seed, other people."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_county("21", tmp_path / f"{name}.parquet", seed=seed)
    a, b, c = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in "abc")
    assert a.equals(b)
    assert not a.equals(c)
    with duckdb.connect() as connection:
        (kind,) = connection.execute(
            f"SELECT column_type FROM (DESCRIBE SELECT gross_income_eur_month FROM '{tmp_path}/a.parquet')"
        ).fetchall()[0]
    assert kind == "DECIMAL(9,2)"


def test_a_region_of_chosen_municipalities_has_their_people_and_nobody_elses(tmp_path_factory, own_regions, people):
    """A region need not be whole counties: a rehearsal of two municipalities reckons those two, and the same persons as the county has."""
    folder = tmp_path_factory.mktemp("chosen")
    for name, text, chosen in (
        ("koe", "municipalities: ['729', '216']", ["729", "216"]),
        ("both", "counties: ['15']\nmunicipalities: ['729']", None),
        ("across", "counties: ['91']\nmunicipalities: ['216']", ["216"]),
    ):
        (own_regions / name).mkdir(parents=True)
        (own_regions / name / "region.yaml").write_text(f"name: {{fi: {name}, sv: {name}, en: {name}}}\n{text}\n")
        found = open_population(name, folder=folder)
        rows = pl.DataFrame(duckdb.sql(f"SELECT person FROM {found.sql}").fetchall(), schema=["person"], orient="row")
        assert found.size == len(rows)
        from_here = rows.filter(pl.col("person") // 10_000_000 == 15)
        wanted = people if chosen is None else people.filter(pl.col("municipality").is_in(chosen))
        assert set(from_here["person"]) == set(wanted["person"])
        if name != "across":
            assert len(from_here) == len(rows)


def test_a_spouse_in_care_is_told_of_every_couple_as_the_spouse_lives(people):
    couples = people.filter(pl.col("lived_with_spouse"))
    assert couples["spouse_in_long_term_care"].null_count() == 0
    assert people.filter(~pl.col("lived_with_spouse"))["spouse_in_long_term_care"].null_count() == len(people) - len(
        couples
    )
    cared = people.filter(pl.col("lived_with_spouse") & pl.col("housing").is_in(["round_the_clock", "institution"]))
    assert couples["spouse_in_long_term_care"].sum() == len(cared)
