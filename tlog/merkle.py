"""The Merkle tree: hashes, proofs that verify, and the compact range that grows a tree without keeping it.

    leaf hash  = SHA-256(0x00 ‖ entry)          node hash = SHA-256(0x01 ‖ left ‖ right)
    empty tree = SHA-256("")                    a tree of n > 1 leaves splits at the largest power of two below n

An odd node is promoted as it is, never duplicated. A proof is a list of 32-byte hashes, nearest to the leaf first.

What it does not do: make proofs (`tlog.tiles` does, from stored tiles) or trust a size or a root: where they come from is
the caller's duty, normally a checkpoint whose signatures verified.

Source: RFC 6962 section 2.1, RFC 9162 section 2.1. Both verifiers work on the shape of the path, which size and index
alone determine, so that a proof of another length is refused before anything is hashed.

>>> leaves = [leaf_hash(entry) for entry in (b"a", b"b", b"c")]
>>> root = node_hash(node_hash(leaves[0], leaves[1]), leaves[2])
>>> root == root_hash(leaves)
True
>>> verify_inclusion(index=2, size=3, leaf_hash=leaves[2], proof=[node_hash(leaves[0], leaves[1])], root=root) == root
True
"""

import hashlib
from collections.abc import Iterable, Sequence

from tlog.encoding import MAX_NUMBER
from tlog.errors import VerificationError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
_ONE_LENGTH = {HASH_BYTES}

# Bound once: these two names are looked up for every node of every proof.
_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a log entry as a leaf (32 bytes)."""
    # SPEC: RFC 6962 2.1: the prefix keeps an entry from posing as an inner node (second preimage).
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above `left` and `right` (32 bytes each)."""
    return _sha256(b"\x01" + left + right).digest()


def root_hash(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes; for tests and small trees, its cost is linear.

    Raises:
        ValueError: a hash is not 32 bytes.
    """
    tree = CompactRange()
    tree.extend(leaf_hashes)
    return tree.root()


def root_of_path(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root to which an inclusion proof leads; it proves nothing until compared with a trusted root.

    Raises:
        VerificationError: not 0 ≤ index < size < 2^63, a hash is not 32 bytes, or the proof has not the length that
            index and size demand.
    """
    if not 0 <= index < size <= MAX_NUMBER:
        raise VerificationError("leaf index outside the tree")
    # Below the level where the paths of the leaf and of the last leaf meet, every level has a sibling;
    # above it the leaf's path runs along the right border, where only left siblings exist.
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise VerificationError(f"inclusion proof of {len(proof)} hashes where {inner + border} are needed")
    _require_hashes(leaf_hash, *proof)
    digest = leaf_hash
    for sibling in proof[:inner]:
        digest = _sha256(b"\x01" + sibling + digest if index & 1 else b"\x01" + digest + sibling).digest()
        index >>= 1
    for sibling in proof[inner:]:
        digest = _sha256(b"\x01" + sibling + digest).digest()
    return digest


def verify_inclusion(*, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> bytes:
    """Verify that the leaf stands at `index` of the tree of `size` leaves with this root; return the root.

    Raises:
        VerificationError: anything is malformed, or the proof leads to another root.
    """
    # SPEC: RFC 9162 2.1.3.2.
    if root_of_path(index, size, leaf_hash, proof) != root:
        raise VerificationError("inclusion proof leads to another root")
    return root


def verify_consistency(*, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bytes:
    """Verify that the new tree begins with all leaves of the old one; return the new root.

    Equal sizes need equal roots and an empty proof. From the empty tree nothing can be proven: every tree begins with it,
    so an old size of 0 is only accepted together with a new size of 0.

    Raises:
        VerificationError: anything is malformed, or the proof does not lead to both roots.
    """
    _require_hashes(old_root, new_root, *proof)
    if not 0 <= old_size <= new_size <= MAX_NUMBER:
        raise VerificationError("tree sizes do not grow from old to new")
    if old_size == new_size:
        return _verify_same_tree(old_size, old_root, new_root, proof)
    if old_size == 0:
        raise VerificationError("a consistency proof from the empty tree means nothing")
    # SPEC: RFC 9162 2.1.4.2. The path starts at the largest complete subtree that ends at the old border; when that
    # subtree is the whole old tree, its root is known already and the proof leaves it out.
    level = (old_size & -old_size).bit_length() - 1
    last = (old_size - 1) >> level
    skip = 1 if last else 0
    inner = (last ^ ((new_size - 1) >> level)).bit_length()
    needed = skip + inner + (last >> inner).bit_count()
    if len(proof) != needed:
        raise VerificationError(f"consistency proof of {len(proof)} hashes where {needed} are needed")
    old_digest, path = (proof[0] if skip else old_root), proof[skip:]
    new_digest = old_digest
    for sibling in path[:inner]:
        if last & 1:
            old_digest, new_digest = node_hash(sibling, old_digest), node_hash(sibling, new_digest)
        else:
            new_digest = node_hash(new_digest, sibling)
        last >>= 1
    for sibling in path[inner:]:
        old_digest, new_digest = node_hash(sibling, old_digest), node_hash(sibling, new_digest)
    if old_digest != old_root or new_digest != new_root:
        raise VerificationError("consistency proof does not lead to both roots")
    return new_root


def _verify_same_tree(size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bytes:
    if proof:
        raise VerificationError("a proof between trees of one size is empty")
    if old_root != new_root or (size == 0 and old_root != EMPTY_ROOT):
        raise VerificationError("same size, but another root")
    return new_root


def _require_hashes(*items: bytes) -> None:
    # One pass in C; a generator over twenty hashes would cost a third of the verification.
    if set(map(len, items)) - _ONE_LENGTH:
        raise VerificationError("a hash is not 32 bytes")


class CompactRange:
    """The roots of the complete subtrees that a tree of `size` leaves consists of: enough to append and to know the root.

    It holds at most 63 hashes, whatever the size. It is mutable and for one owner; `hashes` is the state to store.

    >>> tree = CompactRange()
    >>> tree.append(leaf_hash(b"a"))
    >>> tree.extend([leaf_hash(b"b"), leaf_hash(b"c")])
    >>> tree.size, len(tree.hashes)
    (3, 2)
    >>> CompactRange.restore(tree.size, tree.hashes).root() == tree.root()
    True
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._hashes: list[bytes] = []

    @classmethod
    def restore(cls, size: int, hashes: Sequence[bytes]) -> "CompactRange":
        """Return the range of `size` leaves whose subtree roots, largest first, are `hashes`.

        Raises:
            ValueError: the number of hashes is not that of the one-bits of `size`, or a hash is not 32 bytes.
        """
        if size < 0 or len(hashes) != size.bit_count() or any(len(digest) != HASH_BYTES for digest in hashes):
            raise ValueError(f"not the subtree roots of a tree of {size} leaves")
        tree = cls()
        tree._size, tree._hashes = size, list(hashes)
        return tree

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first: one for each one-bit of `size`."""
        return tuple(self._hashes)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash.

        Raises:
            ValueError: it is not 32 bytes.
        """
        if len(leaf_hash) != HASH_BYTES:
            raise ValueError("a leaf hash is 32 bytes")
        hashes, size, digest = self._hashes, self._size, leaf_hash
        while size & 1:
            digest = _sha256(b"\x01" + hashes.pop() + digest).digest()
            size >>= 1
        hashes.append(digest)
        self._size += 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in order; much faster than appending them one by one. On an error nothing is added.

        Raises:
            ValueError: one is not 32 bytes.
        """
        row = list(leaf_hashes)
        if set(map(len, row)) - _ONE_LENGTH:
            raise ValueError("a leaf hash is 32 bytes")
        size, self._size = self._size, self._size + len(row)
        finished: list[bytes] = []
        # Level by level: the row takes in the old subtree of its level if there is one, pairs up, and leaves an odd last one.
        while row:
            if size & 1:
                row.insert(0, self._hashes.pop())
            if len(row) & 1:
                finished.append(row.pop())
            pairs = iter(row)
            row = [_sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            size >>= 1
        self._hashes.extend(reversed(finished))

    def root(self) -> bytes:
        """Return the root of the tree (32 bytes)."""
        if not self._hashes:
            return EMPTY_ROOT
        digest = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            digest = node_hash(left, digest)
        return digest
