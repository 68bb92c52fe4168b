"""The Merkle tree: published vectors, every small tree against RFC 6962's own definition, and proofs that must not verify.

Every bit of every hash of every proof is flipped for trees of up to 20 leaves, and by `make faults` for all of up to 128. In
`make test` one bit of each hash is flipped for the larger ones, another one each time, so that every bit position is met
hundreds of times: all of them cost minutes.
"""
import base64
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.sizes import sized
from tests.tlog import rfc6962
from tlog.errors import VerificationError
from tlog.merkle import (
    EMPTY_ROOT,
    CompactRange,
    leaf_hash,
    node_hash,
    root_hash,
    root_of_path,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parent.parent / "vectors"
INCLUSION = sorted(VECTORS.glob("inclusion/**/*.json"))
REFERENCE: dict[str, Any] = json.loads((VECTORS / "reference_tree.json").read_text())
LARGEST, ALL_BITS = 128, sized(20, 128)


def refused(function: Any, **arguments: Any) -> bool:
    try:
        function(**arguments)
    except VerificationError:
        return True
    return False


def flips(hashes: list[bytes], every_bit: bool, turn: int) -> Iterator[list[bytes]]:
    """The same hashes with one bit flipped: every one of them, or one of each hash, which one depending on `turn`."""
    for place, item in enumerate(hashes):
        number = int.from_bytes(item, "big")
        for bit in range(256) if every_bit else [(turn * 37 + place * 101) % 256]:
            flipped = (number ^ (1 << bit)).to_bytes(32, "big")
            yield [*hashes[:place], flipped, *hashes[place + 1 :]]


@pytest.mark.parametrize("file", INCLUSION, ids=lambda file: str(file.relative_to(VECTORS)))
def test_published_inclusion_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    root, leaf = base64.b64decode(vector["root"]), base64.b64decode(vector["leafHash"])
    proof = [base64.b64decode(item) for item in vector["proof"] or []]
    call: dict[str, Any] = {"index": vector["leafIdx"], "size": vector["treeSize"], "leaf_hash": leaf, "proof": proof, "root": root}
    if vector["wantErr"]:
        with pytest.raises(VerificationError):
            verify_inclusion(**call)
    else:
        assert verify_inclusion(**call) == root


def test_there_are_as_many_vectors_as_published() -> None:
    assert len(INCLUSION) == 98


def test_reference_tree_has_the_published_node_hashes_and_roots() -> None:
    rows = [[bytes.fromhex(item) for item in row] for row in REFERENCE["node_hashes_by_level_hex"]]
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in REFERENCE["leaf_inputs_hex"]]
    assert leaves == rows[0]
    for below, above in pairwise(rows):
        assert [node_hash(below[i], below[i + 1]) for i in range(0, len(below), 2)] == above
    roots = [root_hash(leaves[:size]).hex() for size in range(1, 9)]
    assert roots == REFERENCE["root_hashes_size_1_to_8_hex"]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_hash([]) == EMPTY_ROOT == rfc6962.mth(0, 0)


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_inclusion_of_every_leaf_verifies_and_no_flipped_bit_does(size: int) -> None:
    root = rfc6962.mth(0, size)
    for index in range(size):
        leaf, proof = rfc6962.leaf(index), rfc6962.path(index, 0, size)
        place: dict[str, Any] = {"index": index, "size": size}
        assert verify_inclusion(**place, leaf_hash=leaf, proof=proof, root=root) == root
        # The leaf, the root and the proof are one list, so that each of them is corrupted in turn.
        for first, last, *middle in flips([leaf, root, *proof], size <= ALL_BITS, size + index):
            assert refused(verify_inclusion, **place, leaf_hash=first, proof=middle, root=last)


@pytest.mark.parametrize("size", range(1, 33))
def test_an_inclusion_proof_fits_no_other_index_and_no_other_length(size: int) -> None:
    root = rfc6962.mth(0, size)
    for index in range(size):
        leaf, proof = rfc6962.leaf(index), rfc6962.path(index, 0, size)
        for other in {*range(-1, size + 2)} - {index}:
            assert refused(verify_inclusion, index=other, size=size, leaf_hash=leaf, proof=proof, root=root)
        for wrong in [*([*proof[:i], *proof[i + 1 :]] for i in range(len(proof))), [*proof, root], [root, *proof], [*proof, b""]]:
            assert refused(verify_inclusion, index=index, size=size, leaf_hash=leaf, proof=wrong, root=root)
        for cut in (31, 0):
            assert refused(verify_inclusion, index=index, size=size, leaf_hash=leaf[:cut], proof=proof, root=root)
            assert refused(verify_inclusion, index=index, size=size, leaf_hash=leaf, proof=proof, root=root[:cut])
            for i, item in enumerate(proof):
                short = [*proof[:i], item[:cut], *proof[i + 1 :]]
                assert refused(verify_inclusion, index=index, size=size, leaf_hash=leaf, proof=short, root=root)


@pytest.mark.parametrize("new", range(1, LARGEST + 1))
def test_consistency_of_every_pair_verifies_and_no_flipped_bit_does(new: int) -> None:
    new_root = rfc6962.mth(0, new)
    for old in range(1, new + 1):
        old_root, proof = rfc6962.mth(0, old), rfc6962.proof(old, new)
        sizes: dict[str, Any] = {"old_size": old, "new_size": new}
        assert verify_consistency(**sizes, old_root=old_root, new_root=new_root, proof=proof) == new_root
        for first, last, *middle in flips([old_root, new_root, *proof], new <= ALL_BITS, old + new):
            assert refused(verify_consistency, **sizes, old_root=first, new_root=last, proof=middle)


@pytest.mark.parametrize("new", range(1, 33))
def test_a_consistency_proof_fits_no_other_old_size_and_no_other_length(new: int) -> None:
    new_root = rfc6962.mth(0, new)
    for old in range(1, new):
        old_root, proof = rfc6962.mth(0, old), rfc6962.proof(old, new)
        for other in {*range(-1, new + 2)} - {old}:
            assert refused(verify_consistency, old_size=other, new_size=new, old_root=old_root, new_root=new_root, proof=proof)
        for wrong in [*([*proof[:i], *proof[i + 1 :]] for i in range(len(proof))), [*proof, new_root], [old_root, *proof], []]:
            assert refused(verify_consistency, old_size=old, new_size=new, old_root=old_root, new_root=new_root, proof=wrong)


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    root = rfc6962.mth(0, 5)
    assert verify_consistency(old_size=5, new_size=5, old_root=root, new_root=root, proof=[]) == root
    assert refused(verify_consistency, old_size=5, new_size=5, old_root=root, new_root=root, proof=[root])
    assert refused(verify_consistency, old_size=5, new_size=5, old_root=root, new_root=rfc6962.mth(0, 6), proof=[])


def test_the_empty_tree_is_consistent_with_itself_only() -> None:
    root = rfc6962.mth(0, 5)
    assert verify_consistency(old_size=0, new_size=0, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[]) == EMPTY_ROOT
    assert refused(verify_consistency, old_size=0, new_size=0, old_root=root, new_root=root, proof=[])
    assert refused(verify_consistency, old_size=0, new_size=5, old_root=EMPTY_ROOT, new_root=root, proof=[])


@pytest.mark.parametrize("index", range(1, 64))
def test_a_leaf_right_behind_the_tree_is_outside_of_it(index: int) -> None:
    root, proof = rfc6962.mth(0, index + 1), rfc6962.path(index, 0, index + 1)
    assert refused(verify_inclusion, index=index, size=index, leaf_hash=rfc6962.leaf(index), proof=proof, root=root)


def test_sizes_end_at_2_to_the_63() -> None:
    path = [rfc6962.leaf(number) for number in range(63)]
    largest = 2**63 - 1
    root = root_of_path(0, largest, rfc6962.leaf(0), path)
    assert verify_inclusion(index=0, size=largest, leaf_hash=rfc6962.leaf(0), proof=path, root=root) == root
    assert refused(verify_inclusion, index=0, size=largest + 1, leaf_hash=rfc6962.leaf(0), proof=path, root=root)
    same: dict[str, Any] = {"old_root": root, "new_root": root, "proof": []}
    assert verify_consistency(old_size=largest, new_size=largest, **same) == root
    assert refused(verify_consistency, old_size=largest + 1, new_size=largest + 1, old_root=root, new_root=root, proof=[])


def test_an_unbounded_proof_is_refused_before_it_is_hashed() -> None:
    root = rfc6962.mth(0, 5)
    assert refused(verify_inclusion, index=0, size=5, leaf_hash=rfc6962.leaf(0), proof=[root] * 10**6, root=root)


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_a_compact_range_knows_the_root_however_it_grew(size: int) -> None:
    leaves = [rfc6962.leaf(number) for number in range(size)]
    one_by_one = CompactRange()
    for leaf in leaves:
        one_by_one.append(leaf)
    assert (one_by_one.size, one_by_one.root()) == (size, rfc6962.mth(0, size))
    for old in range(size + 1):
        grown = CompactRange()
        grown.extend(leaves[:old])
        grown = CompactRange.restore(grown.size, grown.hashes)
        grown.extend(iter(leaves[old:]))
        assert (grown.size, grown.hashes) == (size, one_by_one.hashes)


@given(st.lists(st.integers(0, 700), max_size=8))
def test_a_compact_range_does_not_care_how_leaves_are_batched(batches: list[int]) -> None:
    tree, size = CompactRange(), 0
    for batch in batches:
        tree.extend(rfc6962.leaf(number) for number in range(size, size + batch))
        size += batch
    assert (tree.size, tree.root()) == (size, rfc6962.mth(0, size))


def test_a_compact_range_takes_only_hashes_and_only_the_right_number() -> None:
    tree = CompactRange()
    tree.extend([rfc6962.leaf(0)] * 3)
    with pytest.raises(ValueError, match="32 bytes"):
        tree.append(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        tree.extend([rfc6962.leaf(3), b"short"])
    assert tree.root() == root_hash([rfc6962.leaf(0)] * 3)
    for size, hashes in [(-1, tree.hashes), (2, tree.hashes), (3, tree.hashes[:1]), (3, (b"", b""))]:
        with pytest.raises(ValueError, match="not the subtree roots"):
            CompactRange.restore(size, hashes)


@given(st.integers(-2, 2**64), st.integers(-2, 2**64), st.binary(max_size=33), st.lists(st.binary(max_size=33), max_size=70))
def test_any_numbers_and_bytes_give_a_value_or_an_error(index: int, size: int, root: bytes, proof: list[bytes]) -> None:
    assert refused(verify_inclusion, index=index, size=size, leaf_hash=root, proof=proof, root=root[::-1]) or proof == []
    assert refused(verify_consistency, old_size=index, new_size=size, old_root=root, new_root=root[::-1], proof=proof) or index == size
