r"""Renewals of timestamps: the list of a checkpoint folder, the tree over many lists, and the path from one list to the root.

    renewal-<k>.txt    <64 hex digits, SHA-256>  <name>\n  ... for `checkpoint`, every .tst, .crl, .ocsp and part of an earlier renewal
    renewal-<k>.json   canonical {"hashes": [hex, …], "index": i, "size": n}
    renewal-<k>.tst    token whose imprint is SHA-256 of the 32 root bytes

What it is for: the maker's side; `tlog.examination.renewals` reads the same without trusting it. The texts of the lists are the leaves.

What it does not do: decide what is renewed and when, or ask for the token.

Source: formats of this project, A7; RFC 6962 section 2.1; RFC 4998 section 5.2 (the idea).

>>> tree = ListTree([leaf_hash(b"first"), leaf_hash(b"second"), leaf_hash(b"third")])
>>> len(tree.path(2)), tree.root() == root_of_path(2, 3, leaf_hash(b"third"), tree.path(2))
(1, True)
>>> format_path(2, 3, [])
b'{"hashes":[],"index":2,"size":3}'
"""

from collections.abc import Iterable, Mapping, Sequence

from tlog.canonical import canonical_json
from tlog.digests import sha256
from tlog.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash, root_of_path

__all__ = ["ListTree", "format_list", "format_path", "leaf_hash", "root_of_path"]


def format_list(files: Mapping[str, bytes]) -> bytes:
    """Return `renewal-<k>.txt` of a folder's older files, name to contents, in the order of their names."""
    return "".join(f"{sha256(files[name]).hex()}  {name}\n" for name in sorted(files)).encode("ascii")


def format_path(index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """Return `renewal-<k>.json`: the path (32 bytes each, nearest to the leaf first) of leaf `index` of `size`."""
    return canonical_json({"index": index, "size": size, "hashes": [digest.hex() for digest in hashes]})


class ListTree:
    """A whole Merkle tree in memory, 64 bytes for each leaf, which gives the path of any leaf.

    Level by level an odd last node is promoted as it is, which is the shape of RFC 6962.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Iterable[bytes]) -> None:
        level = b"".join(leaf_hashes)
        self._levels = [level]
        while len(level) > HASH_BYTES:
            level = _level_above(level)
            self._levels.append(level)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def root(self) -> bytes:
        """Return the root of the tree (32 bytes)."""
        return self._levels[-1] or EMPTY_ROOT

    def path(self, index: int) -> list[bytes]:
        """Return the inclusion proof of leaf `index`, 0 ≤ index < size."""
        hashes = []
        for level in self._levels[:-1]:
            if sibling := level[(index ^ 1) * HASH_BYTES : (index ^ 1) * HASH_BYTES + HASH_BYTES]:
                hashes.append(sibling)
            index >>= 1
        return hashes


def _level_above(level: bytes) -> bytes:
    pairs = range(0, len(level) - HASH_BYTES, 2 * HASH_BYTES)
    nodes = [node_hash(level[at : at + HASH_BYTES], level[at + HASH_BYTES : at + 2 * HASH_BYTES]) for at in pairs]
    odd = len(level) // HASH_BYTES % 2
    return b"".join(nodes) + (level[-HASH_BYTES:] if odd else b"")
