"""Guidelines kept on a matrix: a closure or an opening equals measuring everything anew."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.engines.travel.guidelines import Guidelines


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**9)))
    homes, units, guidelines = draw(st.integers(1, 40)), draw(st.integers(1, 8)), draw(st.integers(1, 5))
    matrix = rng.integers(0, 5000, (homes, units)).astype(np.uint16)
    matrix[rng.random(matrix.shape) < 0.1] = 65535
    sets = [np.sort(rng.choice(units, rng.integers(0, units + 1), replace=False)) for _ in range(guidelines)]
    weight = rng.integers(0, 50, (guidelines, homes)).astype(np.float32)
    return (
        matrix,
        sets,
        weight,
        rng.choice([600, 1800, 3600], guidelines),
        rng.integers(0, 5000, homes).astype(np.uint16),
    )


def from_scratch(matrix, sets, weight, limit):
    nearest = [matrix[:, s].min(axis=1) if len(s) else np.full(len(matrix), 65535) for s in sets]
    covered = [float(w[n <= t].sum()) for n, w, t in zip(nearest, weight, limit, strict=True)]
    return covered, [float((w.astype(float) * n).sum()) for n, w in zip(nearest, weight, strict=True)]


@settings(max_examples=60)
@given(cases())
def test_closures_and_openings_equal_a_full_recomputation(case):
    matrix, sets, weight, limit, new = case
    kept = Guidelines(matrix, sets, weight, limit)
    covered, travel = from_scratch(matrix, sets, weight, limit)
    assert np.allclose(kept.now.covered, covered)
    assert np.allclose(kept.now.travel, travel)
    lost, added = kept.every_closure()
    for unit in range(matrix.shape[1]):
        covered, travel = from_scratch(matrix, [s[s != unit] for s in sets], weight, limit)
        closed = kept.close(unit)
        assert np.allclose(closed.covered, covered)
        assert np.allclose(closed.travel, travel)
        for g, s in enumerate(sets):
            if unit in s:
                slot = kept.first[g] + int(np.searchsorted(s, unit))
                assert np.isclose(kept.now.covered[g] - lost[slot], covered[g])
                assert np.isclose(kept.now.travel[g] + added[slot], travel[g])
    wider = np.column_stack([matrix, new])
    covered, travel = from_scratch(wider, [np.append(s, matrix.shape[1]) for s in sets], weight, limit)
    opened = kept.open(new)
    assert np.allclose(opened.covered, covered)
    assert np.allclose(opened.travel, travel)
