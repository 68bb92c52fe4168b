"""Proof of misbehaviour: two statements under one log key that cannot both be true.

An honest log signs one history. It forked, and anyone can see it offline, when the same key signed for the same origin

- two checkpoints of the same size with different roots, or
- two checkpoints of any size in which one index holds two different leaves.

What it does not do: conclude anything from two checkpoints of different sizes alone. That no consistency proof was produced
between them is not evidence: a missing answer can be blamed on the network.

A side is given as a signed checkpoint, as a tlog-proof, or as a pair (tlog-proof, leaf hash). A bare tlog-proof names its leaf
in its `extra` line: 32 bytes are the leaf hash, other lengths are the entry itself. Nobody vouches for that line, and nobody
needs to: the inclusion proof binds it to the signed root.

Source: formats of this project, part C; RFC 9162 section 11.3 (misbehaving logs).

>>> from tlog.checkpoint import format_checkpoint
>>> from tlog.note import Signer, sign_note
>>> log = Signer.from_seed("example.com/log", bytes(32))
>>> one, other = (sign_note(format_checkpoint(origin="example.com/log", size=1, root=root), [log]) for root in (bytes(32), b"x" * 32))
>>> str(verify_fork(one, other, log_verifiers=[log.verifier]))
'same size, different roots'
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES, verify_inclusion
from tlog.merkle import leaf_hash as hash_leaf
from tlog.note import Verifier, open_note
from tlog.proof import FIRST_LINE, Proof, parse_proof

Side = bytes | tuple[bytes, bytes]
"""A signed checkpoint, a tlog-proof, or a tlog-proof with its leaf hash (32 bytes)."""


class Fork(StrEnum):
    """The kinds of fork."""

    SAME_SIZE = "same size, different roots"
    SAME_INDEX = "same index, different leaves"


@dataclass(frozen=True, slots=True)
class _Statement:
    """What one side shows: a checkpoint, the log keys that signed it, and the proof with its leaf hash if there is one."""

    point: Checkpoint
    keys: frozenset[tuple[str, bytes]]
    proof: Proof | None
    leaf_hash: bytes | None


def verify_fork(a: Side, b: Side, *, log_verifiers: Iterable[Verifier]) -> Fork:
    """Verify that two statements of one log contradict each other; return how.

    Raises:
        VerificationError: a side is malformed or not signed by the log, they are of different logs, or they do not contradict
            each other: then they prove nothing.
    """
    verifiers = tuple(log_verifiers)
    one, other = _read(a, verifiers), _read(b, verifiers)
    if one.point.origin != other.point.origin or not one.keys & other.keys:
        raise VerificationError("the two are not of one origin under one log key")
    if one.point.size == other.point.size and one.point.root != other.point.root:
        return Fork.SAME_SIZE
    (index, leaf), (other_index, other_leaf) = _proven_leaf(one), _proven_leaf(other)
    if index == other_index and leaf != other_leaf:
        return Fork.SAME_INDEX
    raise VerificationError("the two do not contradict each other")


def _read(side: Side, verifiers: tuple[Verifier, ...]) -> _Statement:
    data, leaf_hash = side if isinstance(side, tuple) else (side, None)
    proof = None
    if data.startswith(FIRST_LINE.encode() + b"\n"):
        proof = parse_proof(data)
        data = proof.checkpoint
        if leaf_hash is None and proof.extra is not None:
            leaf_hash = proof.extra if len(proof.extra) == HASH_BYTES else hash_leaf(proof.extra)
    note = open_note(data, verifiers)
    keys = frozenset((signature.name, signature.key_id) for signature in note.signatures)
    return _Statement(parse_checkpoint(note.text), keys, proof, leaf_hash)


def _proven_leaf(statement: _Statement) -> tuple[int, bytes]:
    point, proof, leaf_hash = statement.point, statement.proof, statement.leaf_hash
    if proof is None or leaf_hash is None:
        raise VerificationError("without a proven leaf on each side the two prove nothing")
    verify_inclusion(index=proof.index, size=point.size, leaf_hash=leaf_hash, proof=proof.hashes, root=point.root)
    return proof.index, leaf_hash
