"""Laws of travel times: the fast engine equals the plain one, and both obey common sense."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from torni.engines.travel import Mode, RoadGraph
from torni.engines.travel.graph import FORBIDDEN, ONE_WAY, arcs
from torni.engines.travel.trips import Travel

CLASSES = ("fast", "slow", "closed")
MODE = Mode(
    "test", {"fast": 80, "slow": 30}, joining_kmh=20, joining_detour=1.2, within_cell_km=0.1, end_min=0.5, direct_km=0.8
)
slow_ok = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def networks(draw):
    """Small networks of any shape: islands, one-ways, parallel roads, loops, ferries, forbidden classes."""
    rng = np.random.default_rng(draw(st.integers(0, 10**9)))
    nodes, edges = draw(st.integers(2, 30)), draw(st.integers(1, 60))
    x, y = rng.uniform(0, 8000, nodes), rng.uniform(0, 8000, nodes)
    tail, head = rng.integers(0, nodes, edges), rng.integers(0, nodes, edges)
    length = np.maximum(1, np.hypot(x[tail] - x[head], y[tail] - y[head]) * rng.uniform(1, 1.5, edges)).astype(np.int32)
    kind = rng.choice([0, 0, 1, 1, 2], edges).astype(np.int16)
    kind[0] = 0
    graph = RoadGraph(
        x, y, tail.astype(np.int32), head.astype(np.int32), length, kind, CLASSES,
        rng.choice([0, 0, ONE_WAY, 7, 63, 27, 27], edges).astype(np.uint8), np.where(rng.random(edges) < 0.1, 600, 0).astype(np.int32),
    )  # fmt: skip
    graph.fixed_s[0] = 0
    homes, units = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    return graph, rng.uniform(-500, 8500, (2, homes)), rng.uniform(-500, 8500, (2, units))


@slow_ok
@given(networks())
def test_the_fast_engine_equals_plain_dijkstra_exactly(case):
    graph, homes, units = case
    plain, fast = (Travel(graph, MODE, *homes, engine) for engine in ("plain", "fast"))
    assert np.array_equal(plain.matrix(*units), fast.matrix(*units))
    groups = [np.arange(units.shape[1]), np.array([0])]
    for a, b in zip(plain.nearest(*units, groups), fast.nearest(*units, groups), strict=True):
        assert np.array_equal(a, b)


@slow_ok
@given(networks(), st.sampled_from(["car", "bicycle", "walk"]), st.sampled_from([0.5, 2.0, 8.0]))
def test_every_network_answers_by_every_means(case, means, piece_km):
    """Whatever is closed to whom: an answer, the same by both engines, and no trip quicker than straight at full speed."""
    graph, homes, units = case
    mode = MODE.replace(means=means, piece_km=piece_km)
    plain, fast = (Travel(graph, mode, *homes, engine).matrix(*units) for engine in ("plain", "fast"))
    assert np.array_equal(plain, fast)
    assert (plain >= 30).all(), "half a minute at the end, always"


@slow_ok
@given(networks())
def test_the_nearest_is_the_least_of_the_matrix(case):
    graph, homes, units = case
    travel = Travel(graph, MODE, *homes, "plain")
    (nearest,) = travel.nearest(*units, [np.arange(units.shape[1])])
    assert np.array_equal(nearest, travel.matrix(*units).min(axis=1))


@slow_ok
@given(networks(), st.floats(1.01, 3))
def test_a_faster_road_never_lengthens_a_trip(case, factor):
    graph, homes, units = case
    before, after = (Travel(graph, mode, *homes, "plain").matrix(*units) for mode in (MODE, MODE.faster(factor)))
    assert (after <= before).all()


@slow_ok
@given(networks())
def test_a_closed_road_never_shortens_a_trip(case):
    graph, homes, units = case
    closed = RoadGraph(
        **{
            **graph.__dict__,
            "road_class": np.where(np.arange(len(graph.tail)) % 3 == 1, 2, graph.road_class).astype(np.int16),
        }
    )
    before = np.asarray(_by_node(graph, units))
    after = np.asarray(_by_node(closed, units))
    assert (after >= before).all()


@slow_ok
@given(networks(), st.integers(0, 10**6))
def test_a_loose_piece_of_the_map_changes_no_trip(case, seed):
    """A yard that nothing joins, beside a home: six points of it are nearer than any road, and lead nowhere."""
    graph, homes, units = case
    usable = arcs(graph, MODE)
    assume(((usable.forward_ds < FORBIDDEN) & (graph.fixed_s == 0) & (graph.length_m > 200)).any())
    at = homes[:, seed % homes.shape[1]]
    n, yard = graph.nodes, np.arange(11)
    more = RoadGraph(
        np.concatenate([graph.x, at[0] + yard]), np.concatenate([graph.y, at[1] + yard * 0.0]),
        np.concatenate([graph.tail, n + yard[:-1]]).astype(np.int32), np.concatenate([graph.head, n + yard[1:]]).astype(np.int32),
        np.concatenate([graph.length_m, np.ones(10)]).astype(np.int32), np.concatenate([graph.road_class, np.zeros(10)]).astype(np.int16),
        CLASSES, np.concatenate([graph.closed, np.zeros(10)]).astype(np.uint8), np.concatenate([graph.fixed_s, np.zeros(10)]).astype(np.int32),
    )  # fmt: skip
    before, after = (Travel(g, MODE, *homes, "plain").matrix(*units) for g in (graph, more))
    assert np.array_equal(before, after)


def _by_node(graph, units):
    """Road times alone: closing a road may move where a home joins, so the joints are kept out."""
    from torni.engines.travel import plain

    network = plain.backward_network(graph.nodes, arcs(graph, MODE))
    return plain.to_each(network, graph.nodes, np.arange(min(units.shape[1], graph.nodes)))


@slow_ok
@given(networks())
def test_a_slow_clear_search_agrees(case):
    """Bellman-Ford over the arcs, written out: the oracle of the oracle."""
    graph, _, _ = case
    one = arcs(graph, MODE)
    reached = np.full(graph.nodes, int(FORBIDDEN))
    reached[0] = 0
    for _ in range(graph.nodes):
        for tail, head, cost in zip(one.tail.tolist(), one.head.tolist(), one.cost_ds.tolist(), strict=True):
            reached[tail] = min(reached[tail], reached[head] + cost)
    from torni.engines.travel import plain

    assert np.array_equal(
        np.minimum(reached, FORBIDDEN),
        plain.to_each(plain.backward_network(graph.nodes, one), graph.nodes, np.array([0]))[:, 0],
    )


def test_walkers_are_not_bound_by_one_way_streets():
    graph = RoadGraph(np.array([0.0, 5000.0]), np.zeros(2), np.array([0], np.int32), np.array([1], np.int32), np.array([5000], np.int32),
                      np.zeros(1, np.int16), ("street",), np.full(1, ONE_WAY, np.uint8), np.zeros(1, np.int32))  # fmt: skip
    assert len(arcs(graph, Mode("car", {"street": 40})).tail) == 1
    assert len(arcs(graph, Mode("walk", {"street": 5}, means="walk")).tail) == 2


def test_a_ferry_costs_its_crossing_whatever_the_speed():
    graph = RoadGraph(np.array([0.0, 900.0]), np.zeros(2), np.array([0], np.int32), np.array([1], np.int32), np.array([1], np.int32),
                      np.zeros(1, np.int16), ("ferry",), np.zeros(1, np.uint8), np.array([1500], np.int32))  # fmt: skip
    costs = [int(arcs(graph, Mode("car", {"ferry": kmh})).cost_ds[0]) for kmh in (10, 100)]
    assert costs[0] - costs[1] <= 4
    assert costs[1] >= 15_000


@pytest.mark.parametrize("change", [{"joining_kmh": 0}, {"joining_detour": -1}])
def test_a_mode_that_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match="above 0"):
        MODE.replace(**change)


def test_a_network_with_a_loose_end_is_refused():
    with pytest.raises(ValueError, match="names a node outside"):
        RoadGraph(np.zeros(1), np.zeros(1), np.array([0], np.int32), np.array([3], np.int32), np.array([1], np.int32),
                  np.zeros(1, np.int16), ("a",), np.zeros(1, np.uint8), np.zeros(1, np.int32))  # fmt: skip
