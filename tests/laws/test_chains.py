"""Chains: the SQL over a log is the check of each instance summed up, whatever the chain and whatever has happened."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.engines.chains import Chain, Edge, MeasuredChain, Step, follow
from torni.supervision.chains import measure_on

TODAY = date(2026, 11, 22)
EVENTS = ("a.one", "b.two", "c.three", "d.four")
SERVICES = (None, "x", "y")


@st.composite
def chains(draw):
    count = draw(st.integers(2, 6))
    steps = tuple(Step(f"s{i}", draw(st.sampled_from(EVENTS)), draw(st.sampled_from(SERVICES))) for i in range(count))
    edges = []
    for i in range(
        1, count
    ):  # each has a way from an earlier one, so that every step is reached and there is no circle
        for j in draw(st.lists(st.integers(0, i - 1), min_size=1, max_size=2, unique=True)):
            edges.append(Edge(f"s{j}", f"s{i}", draw(st.one_of(st.none(), st.integers(0, 40)))))
    return Chain(steps, tuple(edges))


def measured(chain, log: pl.DataFrame, of_life=()):
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        log.write_parquet(f"{folder}/log.parquet")
        connection.execute(f"CREATE TABLE log AS SELECT * FROM read_parquet('{folder}/log.parquet')")
        return measure_on(connection, {"c": chain}, TODAY, of_life=of_life)["c"]


LOG = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.sampled_from(SERVICES), st.integers(0, 60), st.integers(1, 6)), max_size=40
)  # fmt: skip


@settings(max_examples=150)
@given(chains(), LOG)
def test_the_sql_is_the_traces_summed_up(chain, log):
    rows = [(t, s, TODAY - timedelta(days=60 - d), f"m{m}") for t, s, d, m in log]
    schema = {"type": pl.String, "service": pl.String, "day": pl.Date, "matter": pl.String}
    log = (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_row_index("position")
        .with_columns(sign=pl.lit(1), replaces=pl.lit(None, pl.Int64))
    )
    found = measured(chain, log)
    traces = [follow(chain, [r[:3] for r in rows if r[3] == m]) for m in sorted({r[3] for r in rows})]
    begun = [t for t in traces if t.begun]
    assert (found.instances, found.conform) == (len(begun), sum(t.conforms(TODAY) for t in begun))
    for passed in found.edges:
        days = sorted(d for t in begun for e, d in t.taken() if e == passed.edge)
        limit = passed.edge.within_days
        assert passed.count == len(days)
        assert passed.in_time == (None if limit is None else sum(d <= limit for d in days))
        if days:
            assert days[0] <= passed.median_days <= passed.p90_days <= days[-1]
    for stood in found.steps:
        assert stood.reached == sum(stood.step in t.reached for t in begun)
        assert stood.waiting == sum(stood.step in t.waiting() for t in begun)
        assert stood.late == sum(t.state(stood.step, TODAY) == "late" for t in begun)
        assert stood.strays == sum(stood.step in t.strays() for t in begun)
    assert MeasuredChain.read(found.json(), chain) == found


def test_what_was_taken_back_is_not_seen():
    chain = Chain((Step("a", "a.one"), Step("b", "b.two")), (Edge("a", "b", 3),))
    log = pl.DataFrame({
        "position": [1, 2, 3], "type": ["a.one", "b.two", "b.two"], "service": [None, None, None], "matter": ["m", "m", "m"],
        "day": [TODAY - timedelta(days=9)] * 3, "sign": [1, 1, -1], "replaces": [None, None, 2],
    })  # fmt: skip
    found = measured(chain, log)
    assert found.edges[0].count == 0 and found.steps[0].late == 1 and found.conform == 0


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ((Edge("a", "b"), Edge("b", "a")), "circle"),
        ((Edge("a", "c"),), "no such step"),
        ((), "no way leads"),
    ],
)
def test_a_chain_that_cannot_be_is_refused(edges, told):
    with pytest.raises(ValueError, match=told):
        Chain((Step("a", "a.one"), Step("b", "b.two")), edges)


def test_a_chain_that_names_what_is_not_there_is_told_by_its_line(tmp_path):
    import shutil

    from torni.core import places
    from torni.core.faults import BadInput
    from torni.services import load_library
    from torni.services.chain import chains as load

    root = tmp_path / "definitions"
    shutil.copytree(places.definitions(), root)
    path = root / "chains" / "home.yaml"
    path.write_text(
        path.read_text()
        .replace("event: need.reported", "event: need.reporte")
        .replace("{started: wait.start_days,", "{startd: wait.start_day,")
    )
    with pytest.raises(BadInput) as told:
        load(load_library(on=TODAY, root=root))
    said = str(told.value)
    assert (
        "chains/home.yaml:" in said
        and '"need.reporte" is not a type of event' in said
        and 'Did you mean "need.reported"?' in said
    )
    assert '"startd" is not a step' in said and '"wait.start_day" is not a parameter' in said


@settings(max_examples=50)
@given(chains(), LOG)
def test_a_life_stage_whole_is_a_clients_across_matters(chain, log):
    rows = [(t, s, TODAY - timedelta(days=60 - d), f"m{m}", m % 2) for t, s, d, m in log]
    schema = {"type": pl.String, "service": pl.String, "day": pl.Date, "matter": pl.String, "client": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("position").with_columns(sign=pl.lit(1), replaces=pl.lit(None, pl.Int64))  # fmt: skip
    found = measured(chain, frame, of_life=("c",))
    traces = [follow(chain, [r[:3] for r in rows if r[4] == client]) for client in (0, 1)]
    begun = [t for t in traces if t.begun]
    assert (found.instances, found.conform) == (len(begun), sum(t.conforms(TODAY) for t in begun))


def test_a_chain_of_one_age_is_measured_on_the_matters_that_its_promise_counts():
    """Two ages, one beginning: each chain holds its own matters to its own limit, as the promises do."""
    days = [("m1", 20, True), ("m2", 20, False), ("m3", 5, True)]
    rows = []
    for matter, took, _young in days:
        rows += [("contact", None, TODAY - timedelta(days=60), matter), ("seen", None, TODAY - timedelta(days=60 - took), matter)]  # fmt: skip
    schema = {"type": pl.String, "service": pl.String, "day": pl.Date, "matter": pl.String}
    log = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("position")
    log = log.with_columns(sign=pl.lit(1), replaces=pl.lit(None, pl.Int64))
    effects = pl.DataFrame({
        "position": [0, 2, 4, 4, 4], "promise": ["s.young", "s.adults", "s.young", "s.adults", "s.adults"], "what": ["began"] * 5,
        "sign": [1, 1, 1, 1, -1],
    })  # fmt: skip
    steps = (Step("asked", "contact"), Step("seen", "seen"))
    graphs = {n: Chain(steps, (Edge("asked", "seen", limit),)) for n, limit in (("young", 14), ("adults", 92))}
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        for name, frame in (("log", log), ("effects", effects)):
            frame.write_parquet(f"{folder}/{name}.parquet")
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{folder}/{name}.parquet')")
        found = measure_on(connection, graphs, TODAY, begun_for={"young": "s.young", "adults": "s.adults"})
    assert (found["young"].instances, found["young"].conform) == (2, 1)
    assert (found["adults"].instances, found["adults"].conform) == (1, 1)
