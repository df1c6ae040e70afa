"""A tree of hashes over what was written, in order (RFC 9162): a root of 32 bytes stands for all of it.

Whoever has kept a root can be shown by a few hashes that something is among what it stands for (inclusion), and that a later root
stands for the same and more (consistency). A leaf and a node are hashed apart, so that neither can be taken for the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf(content: bytes) -> bytes:
    return sha256(b"\0" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of these leaves' hashes; of none the hash of nothing."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes by which one leaf leads to the root, the nearest first."""
    path, level = [], list(leaves)
    while len(level) > 1:
        if (beside := index ^ 1) < len(level):
            path.append(level[beside])
        level, index = _above(level), index >> 1
    return path


def root_by(hashed: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root to which a leaf's hash leads by its path in a tree of so many leaves; None where the path is no such."""
    if not 0 <= index < size:
        return None
    last, steps = size - 1, iter(path)
    while last:
        if index & 1 or index < last:
            beside = next(steps, None)
            if beside is None:
                return None
            hashed = node(beside, hashed) if index & 1 else node(hashed, beside)
        index, last = index >> 1, last >> 1
    return hashed if next(steps, None) is None else None


def consistency(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """The hashes by which the root of the first so many leaves is shown to stand for a part of what the root of all stands for."""
    if not 0 < earlier <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} has no earlier one of {earlier}")
    return list(_consistent(leaves, earlier, whole=True))


def _consistent(leaves: Sequence[bytes], earlier: int, whole: bool) -> Iterator[bytes]:
    if earlier == len(leaves):
        if not whole:
            yield root(leaves)
        return
    half = _half(len(leaves))
    if earlier <= half:
        yield from _consistent(leaves[:half], earlier, whole)
        yield root(leaves[half:])
    else:
        yield from _consistent(leaves[half:], earlier - half, False)
        yield root(leaves[:half])


def is_consistent(earlier: int, before: bytes, size: int, now: bytes, path: Sequence[bytes]) -> bool:
    """Does the path show that the earlier root's leaves are the first of those of the root now? (RFC 9162, 2.1.4.2)"""
    if earlier == size:
        return not path and before == now
    if not 0 < earlier < size or not path:
        return False
    steps = list(path) if earlier & (earlier - 1) else [before, *path]
    index, last = earlier - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if index & 1 or index == last:
            old, new = node(step, old), node(step, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node(new, step)
        index, last = index >> 1, last >> 1
    return not last and old == before and new == now


def _above(level: list[bytes]) -> list[bytes]:
    above = [sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
    return [*above, level[-1]] if len(level) & 1 else above


def _half(size: int) -> int:
    """The greatest power of two below it."""
    return 1 << ((size - 1).bit_length() - 1)
