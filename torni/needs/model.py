"""The need coefficient of a county: THL's model applied to the county's shares, and what in them makes it high or low.

A sector's need is the sum of each variable's coefficient (euros) by its share of residents; elder care counts per resident over 64.
A coefficient is the county's sum by the nation's; the whole weighs the three sectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

from torni.core.faults import bad_input
from torni.core.language import t
from torni.services.library import Library
from torni.sources import shipped

Sector = Literal["health", "social", "elder"]
SECTORS: tuple[Sector, ...] = ("health", "social", "elder")
NATION = "all"


@dataclass(frozen=True)
class ModelledNeed:
    """A county's need in a year against the nation's, which is 1.

    `sectors`: each sector's coefficient; `total` weighs them. `parts`: variable, sector, share, national_share, effect: how much
    of the total's distance from 1 the variable makes; together with what the share of the elderly makes (`elder_share_effect`)
    they make the whole of it.
    """

    county: str
    year: int
    sectors: Mapping[Sector, float]
    weights: Mapping[Sector, float]
    total: float
    parts: pl.DataFrame
    elder_share_effect: float


@dataclass(frozen=True)
class Funding:
    """The need-based funding of a year: euros by sector, in all, and for a resident. Other parts of funding are not in it."""

    county: str
    year: int
    residents: int
    coefficients: Mapping[Sector, float]
    euros: Mapping[Sector, float]

    @property
    def total(self) -> float:
        return sum(self.euros.values())

    @property
    def per_resident(self) -> float:
        return self.total / self.residents


def need(library: Library, county: str, year: int) -> ModelledNeed:
    """A county's need in a year of the model's data. `county`: a code; an unknown one, or a year without data, is a fault."""
    table = _sums().filter(pl.col("year") == year)
    if not len(table):
        known = _sums()["year"].unique().sort().to_list()
        raise bad_input(str(year), t("the need model has no data of that year"), t("Ask for {first}–{last}.", first=known[0], last=known[-1]))  # fmt: skip
    own = table.filter(pl.col("county") == county)
    if not len(own):
        raise bad_input(
            county,
            t("the need model does not tell of this county"),
            t("It tells of the mainland's counties and Helsinki."),
        )
    mine, nation = own.row(0, named=True), table.filter(pl.col("county") == NATION).row(0, named=True)
    sectors: dict[Sector, float] = {s: mine[s] / nation[s] for s in SECTORS}
    weights: dict[Sector, float] = {s: library.number(f"need.weight.{s}") for s in SECTORS}
    total = sum(weights[s] * sectors[s] for s in SECTORS)
    parts = _parts(county, year, weights, mine, nation)
    share = weights["elder"] * (mine["elder_share"] / nation["elder_share"] - 1)
    return ModelledNeed(county, year, sectors, weights, total, parts, share)


def funding(library: Library, county: str) -> Funding:
    """The county's need-based euros in the library's year, by the mean of the coefficients of three and four years before.

    The base euros and the residents are those that the year's funding was reckoned with; a year without them is a fault.
    """
    year = library.as_of.year
    means: dict[Sector, float] = {
        s: sum(need(library, county, y).sectors[s] for y in (year - 4, year - 3)) / 2 for s in SECTORS
    }
    residents = shipped.table("need_residents").filter((pl.col("county") == county) & (pl.col("year") == year))
    if not len(residents):
        raise bad_input(str(year), t("funding of that year is not in the data"), t("Ask for a day of 2026."))
    count = int(residents["population"][0])
    euros: dict[Sector, float] = {s: library.number(f"need.base.{s}") * means[s] * count for s in SECTORS}
    return Funding(county, year, count, means, euros)


@cache
def _sums() -> pl.DataFrame:
    """Each county and year: the sectors' euros for a resident, and the share of those over 64."""
    priced = shipped.table("need_shares").join(shipped.table("need_coefficients"), on="row")
    sums = priced.group_by("county", "year").agg(*((pl.col("share") * pl.col(s)).sum().alias(s) for s in SECTORS))
    return sums.join(shipped.table("need_residents"), on=["county", "year"]).with_columns(
        pl.col("elder") * pl.col("elder_share")
    )


def _parts(
    county: str, year: int, weights: Mapping[Sector, float], mine: Mapping[str, float], nation: Mapping[str, float]
) -> pl.DataFrame:
    """Each variable's effect on the total: the difference of shares, priced, by the nation's sum and the sector's weight."""
    shares = shipped.table("need_shares").filter(pl.col("year") == year)
    joined = (
        shares.filter(pl.col("county") == county)
        .join(
            shares.filter(pl.col("county") == NATION).select("row", pl.col("share").alias("national_share")), on="row"
        )
        .join(shipped.table("need_coefficients"), on="row")
    )
    out = []
    for sector in SECTORS:
        elderly = mine["elder_share"] if sector == "elder" else 1.0
        factor = weights[sector] * elderly / nation[sector]
        out.append(
            joined.filter(pl.col(sector).is_not_null()).select(
                "variable", pl.lit(sector).alias("sector"), "share", "national_share",
                ((pl.col("share") - pl.col("national_share")) * pl.col(sector) * factor).alias("effect"),
            )
        )  # fmt: skip
    return pl.concat(out).sort(pl.col("effect").abs(), descending=True)
