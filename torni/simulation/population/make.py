"""The population as files: one county a Parquet file, made once for a seed and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from torni.core import places
from torni.core.language import Message
from torni.core.progress import each
from torni.services import regions
from torni.simulation.population.needs import frame, needs
from torni.simulation.population.people import people
from torni.sources import shipped

SEED = 2026
BORN = date(2026, 11, 22)  # the day the invented facts are as of; a population does not grow older by itself
INCOME_GROWTH = 1.24  # from the medians of 2017 to 2026: invented, the medians of 2026 are not in the material


@dataclass(frozen=True)
class Population:
    """A region's invented people: `files` of Parquet, `size` rows, and the version of what made them. `only`: the municipalities
    whose people they are, where the region is not whole counties; the files have their neighbours too."""

    region: str
    files: tuple[Path, ...]
    size: int
    version: str
    only: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The rows as a table expression for DuckDB."""
        return _rows(self.files, self.only)


def _rows(files: Sequence[Path], only: Sequence[str]) -> str:
    rows = "read_parquet([" + ", ".join("'" + str(f).replace("'", "''") + "'" for f in files) + "])"
    listed = ", ".join(f"'{code}'" for code in only)
    return f"(SELECT * FROM {rows} WHERE municipality IN ({listed}))" if only else rows


def open_population(region: str, *, seed: int = SEED, folder: Path | None = None) -> Population:
    """The population of a region, made where it is not there yet: county by county, of which a region of chosen municipalities has
    only its own.

    `region`: an id or a name.
    The same seed gives the same people, whatever else is asked for.
    """
    found = regions.find(region)
    codes = found.codes()
    counties = _counties_of(codes)
    only = codes if set(counties) - set(found.counties) else ()
    kept = (folder or places.cache() / "population") / _version(seed)
    files = []
    for county in each(counties, Message("The invented people, county by county")):
        path = kept / f"county_{county}.parquet"
        if not _whole(path):  # it is only kept: cut short, it is made again, and the same
            make_county(county, path, seed=seed)
        files.append(path)
    with duckdb.connect() as connection:
        (size,) = connection.execute(f"SELECT count(*) FROM {_rows(files, only)}").fetchone() or (0,)
    return Population(found.id, tuple(files), int(size), _version(seed), only)


def _whole(path: Path) -> bool:
    """Is the file there, and a whole one: the end of a Parquet file says what is in it."""
    try:
        return bool(pl.scan_parquet(path).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        return False


def make_county(county: str, path: Path, *, seed: int = SEED) -> None:
    """One county's people into a file, complete or not at all."""
    rng = np.random.default_rng([seed, int(county)])
    made = people(county, rng=rng, income_growth=INCOME_GROWTH)
    needs(made, today=BORN, rng=rng)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        raw = Path(scratch) / "raw.parquet"
        frame(made).write_parquet(raw, compression="uncompressed")
        ready = Path(scratch) / "ready.parquet"
        with duckdb.connect(config={"threads": 2}) as connection:
            connection.execute(
                f"COPY (SELECT * EXCLUDE (household_gross_cents, net_cents, spouse_net_cents, fees_paid_cents, bmi_tenths), "
                f"{_money('household_gross_cents', 'gross_income_eur_month')}, {_money('net_cents', 'net_income_eur_month')}, "
                f"{_money('spouse_net_cents', 'spouse_net_income_eur_month')}, {_money('fees_paid_cents', 'fees_paid_this_year_eur')}, "
                f"CAST(CAST(bmi_tenths AS DECIMAL(4,0)) * CAST('0.1' AS DECIMAL(2,1)) AS DECIMAL(4,1)) AS bmi "
                f"FROM read_parquet('{raw}')) TO '{ready}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
            )
        os.replace(ready, path)


def _money(cents: str, name: str) -> str:
    return f"CAST(CAST({cents} AS DECIMAL(9,0)) * CAST('0.01' AS DECIMAL(3,2)) AS DECIMAL(9,2)) AS {name}"


@cache
def _version(seed: int) -> str:
    """Names the people: the seed, the data they rest on, and the code that makes them."""
    text = f"{seed} {INCOME_GROWTH} {BORN}"
    for name in ("cells", "age_bands", "people", "county_shares", "municipalities"):
        text += shipped.version(name)
    for file in ("people.py", "needs.py", "make.py"):
        text += hashlib.sha256((Path(__file__).parent / file).read_bytes()).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _counties_of(municipalities: Sequence[str]) -> list[str]:
    table = shipped.municipalities()
    return sorted(set(table.filter(table["municipality"].is_in(list(municipalities)))["county"].to_list()))
