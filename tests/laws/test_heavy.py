"""Heavy users on a small log: counted again by hand, and what was taken back left out."""

from __future__ import annotations

import math
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.supervision.heavy_users import measure_heavy

LAST = date(2026, 11, 21)
COLUMNS = {"position": pl.Int64, "client": pl.Int64, "type": pl.String, "producer": pl.String, "answers": pl.String, "data": pl.String, "day": pl.Date, "sign": pl.Int16, "replaces": pl.Int64}  # fmt: skip


def measured(rows, share=0.1):
    log = pl.DataFrame([(n, *row) for n, row in enumerate(rows, 1)], schema=COLUMNS, orient="row")
    with tempfile.TemporaryDirectory() as folder:
        log.drop("answers").write_parquet(Path(folder) / "event_1.parquet")
        done = log.filter(pl.col("answers").is_not_null()).select("position", what=pl.lit("answered"), sign=pl.lit(1))
        done.write_parquet(Path(folder) / "effect_1.parquet")
        return measure_heavy(Path(folder), share, LAST)


def visits(client, made, planned=0, producer="A", day=LAST):
    return [(client, "visit.planned", producer, None, None, day, 1, None)] * planned + [(client, "visit.made", producer, "p" if n < planned else None, None, day, 1, None) for n in range(made)]  # fmt: skip


def test_the_heaviest_tenth_by_case_manager():
    rows = [r for client in range(1, 19) for r in visits(client, 1)]
    rows += visits(19, 10, planned=12) + visits(19, 2, producer="B") + visits(20, 8, planned=8)
    rows += [(19, "case_manager.named", None, None, '{"case_manager": "veera"}', LAST, 1, None), (19, "plan.made", None, None, "{}", LAST, 1, None)]  # fmt: skip
    found = measured(rows)
    assert found.clients == 20 and found.share_of_visits == pytest.approx(20 / 38)
    m, a = found.managed, found.alone
    assert (m.clients, m.visits, m.producers, m.missed, m.planned) == (1, 12, 2, pytest.approx(2 / 12), 1)
    assert (a.clients, a.visits, a.producers, a.missed, a.planned) == (1, 8, 1, 0, 0)


def test_what_was_taken_back_or_is_older_than_a_year_does_not_count():
    rows = visits(1, 3) + visits(2, 5, day=LAST - timedelta(days=365))
    rows += [(1, "visit.made", "A", None, None, LAST, -1, 1)]
    found = measured(rows, share=1.0)
    assert found.clients == 1 and found.alone.visits == 2
    assert measured([]).clients == 0 and measured([]).share_of_visits is None


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.sampled_from([0.05, 0.1, 0.5, 1.0]))
def test_the_share_is_that_of_the_heaviest(counts, share):
    found = measured([r for client, n in enumerate(counts, 1) for r in visits(client, n)], share)
    heavy = sorted(counts, reverse=True)[: math.ceil(len(counts) * share)]
    assert found.managed.clients == 0 and found.alone.clients == len(heavy)
    assert found.share_of_visits == pytest.approx(sum(heavy) / sum(counts))
