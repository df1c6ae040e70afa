"""A tree of hashes shows what is among what it stands for, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torni.facts.merkle import EMPTY, consistency, inclusion, is_consistent, leaf, node, root, root_by

# RFC 6962's own trial data (certificate-transparency, merkletree/tree_test.go): these leaves, and the roots of the first so many.
LEAVES = [bytes.fromhex(told) for told in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
SIZES = st.integers(1, 70)


def leaves(size: int) -> list[bytes]:
    return [leaf(b"%d" % n) for n in range(size)]


def by_definition(of: list[bytes]) -> bytes:
    """The root as the standard defines it: the greatest power of two to the left."""
    if len(of) < 2:
        return of[0] if of else EMPTY
    half = 1
    while half * 2 < len(of):
        half *= 2
    return node(by_definition(of[:half]), by_definition(of[half:]))


@pytest.mark.parametrize(("size", "told"), ROOTS.items())
def test_the_roots_are_those_of_the_standards_own_trial_data(size, told):
    assert root([leaf(content) for content in LEAVES[:size]]).hex() == told


@given(SIZES)
def test_the_root_is_the_standards(size):
    assert root(leaves(size)) == by_definition(leaves(size))


@given(SIZES, st.data())
def test_each_leaf_leads_to_the_root_and_no_other_does(size, data):
    all_, index = leaves(size), data.draw(st.integers(0, size - 1))
    path = inclusion(all_, index)
    assert len(path) <= (size - 1).bit_length()
    assert root_by(all_[index], index, size, path) == root(all_)
    assert root_by(leaf(b"another"), index, size, path) != root(all_)
    assert root_by(all_[index], index, size, [*path, EMPTY]) is None
    assert root_by(all_[index], size, size, path) is None
    if path:
        assert root_by(all_[index], index, size, path[:-1]) is None


@given(SIZES, st.data())
def test_an_earlier_root_is_shown_to_stand_for_a_part(size, data):
    all_, earlier = leaves(size), data.draw(st.integers(1, size))
    before, path = root(all_[:earlier]), consistency(all_, earlier)
    assert is_consistent(earlier, before, size, root(all_), path)
    changed = [leaf(b"another"), *all_[1:]]
    assert not is_consistent(earlier, before, size, root(changed), consistency(changed, earlier))
    assert not is_consistent(earlier, leaf(b"another"), size, root(all_), path)
    if path:
        assert not is_consistent(earlier, before, size, root(all_), path[:-1])
