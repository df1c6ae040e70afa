"""The indicators of a year: the same figure on DuckDB and on Spark, for every municipality and quarter, from the same text."""

from __future__ import annotations

from datetime import date

import pytest

from tests.contracts import engines
from tests.contracts.test_same_answers import ENGINES
from torni.facts import opening
from torni.facts.snapshot import snapshot
from torni.needs.indicators import QUARTERS, REGION, measure, told
from torni.services import load_library

LAST = date(2026, 11, 20)


@pytest.mark.parametrize("engine", [pytest.param("spark", marks=ENGINES[2].marks)])
def test_every_figure_is_the_same(engine, invented_year, tmp_path):
    library = load_library("keski-suomi", on=date(2026, 11, 22))
    with opening.connect(invented_year, autocommit=True) as connection:
        made = snapshot(connection, tmp_path, persons=True)
    ours = measure(made.folder, library, LAST)
    with engines.spark_cluster() as (spark, _folder):
        for what in ("event", "effect"):
            spark.read.parquet(str(made.folder / f"{what}_*.parquet")).createOrReplaceTempView(f"{what}s")
        theirs = told(library, LAST, lambda query: [tuple(r) for r in spark.sql(query).collect()], dialect="spark")
    assert theirs.equals(ours)
    assert len(ours.filter(municipality=REGION)) == QUARTERS * len(library.indicators)
    assert ours["municipality"].n_unique() > 15
