"""An inclusion proof told step by step: which neighbour is joined on which side, what it covers, what comes out.

Pure. The page shows these hashes so that a reader can repeat the sum; nothing here is the verdict of a verifier.
Source: RFC 9162 section 2.1.3.1 (PATH).
"""
from collections.abc import Sequence
from dataclasses import dataclass

from tlog.merkle import node_hash


@dataclass(frozen=True, slots=True)
class Step:
    """One level up: `sibling` and the node below make `result`. Hashes have 32 bytes; `covers` and `result_covers` name the
    leaves under each, as `4–7` or `5`."""

    number: int
    sibling: bytes
    sibling_is_left: bool
    covers: str
    result: bytes
    result_covers: str


def steps_of(index: int, size: int, leaf_hash: bytes, hashes: Sequence[bytes]) -> tuple[Step, ...]:
    """The steps from the leaf at `index` to the root of the tree of `size` leaves, nearest to the leaf first.

    `hashes` must be the proof for just this index and size (0 ≤ index < size), as the log makes it.
    """
    steps: list[Step] = []
    digest = leaf_hash
    borders = _borders(index, size)
    for number, (sibling, (start, split, end)) in enumerate(zip(hashes, reversed(borders), strict=True), 1):
        is_left = index >= split
        digest = node_hash(sibling, digest) if is_left else node_hash(digest, sibling)
        covers = leaves(start, split) if is_left else leaves(split, end)
        steps.append(Step(number, sibling, is_left, covers, digest, leaves(start, end)))
    return tuple(steps)


def leaves(start: int, end: int) -> str:
    """The leaves from `start` up to, not including, `end`: the first and the last, or the only one."""
    return str(start) if end - start == 1 else f"{start}–{end - 1}"


def _borders(index: int, size: int) -> list[tuple[int, int, int]]:
    """(start, split, end) of every subtree on the way from the root down to the leaf."""
    start, end, borders = 0, size, []
    while end - start > 1:
        # SPEC: RFC 9162 2.1.1: a tree of n leaves splits at the largest power of two below n.
        split = start + (1 << (end - start - 1).bit_length() - 1)
        borders.append((start, split, end))
        start, end = (split, end) if index >= split else (start, split)
    return borders
