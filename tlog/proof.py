"""A proof of logging in one text file: that an entry is in a log, for whoever trusts the log's policy and nobody else.

    c2sp.org/tlog-proof@v1
    extra <base64>                 optional; nobody vouches for it
    index <decimal>
    <base64 of 32 bytes>           0 to 63 hashes, the leaf's sibling first
    <empty line>
    <the checkpoint, verbatim, with all its signature lines>

What it does not do: say what the entry is. The leaf hash comes from the bytes that the caller wants proven, never from the
proof; and `extra` is for the application's convenience and must be checked by other means.

Source: C2SP tlog-proof (draft of 2026).

>>> from tlog.checkpoint import format_checkpoint
>>> from tlog.merkle import leaf_hash, root_hash
>>> from tlog.note import Signer, sign_note
>>> from tlog.policy import parse_policy
>>> log = Signer.from_seed("example.com/log", bytes(32))
>>> leaves = [leaf_hash(b"one"), leaf_hash(b"two")]
>>> point = sign_note(format_checkpoint(origin="example.com/log", size=2, root=root_hash(leaves)), [log])
>>> data = format_proof(index=1, hashes=[leaves[0]], checkpoint=point)
>>> verify_proof(data, leaf_hash=leaf_hash(b"two"), policy=parse_policy(f"log {log.vkey}\\nquorum none")).size
2
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tlog.checkpoint import Checkpoint
from tlog.encoding import decimal, decode_base64, encode_base64
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES, verify_inclusion
from tlog.note import split_note
from tlog.policy import Policy, verify_checkpoint

FIRST_LINE = "c2sp.org/tlog-proof@v1"
# A tree below 2^63 leaves has no longer path.
MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """A parsed, unverified proof: 0 ≤ `index` < 2^63, up to 63 hashes of 32 bytes, a signed note, and the extra data or None."""

    index: int
    hashes: list[bytes]
    checkpoint: bytes
    extra: bytes | None


def parse_proof(data: bytes) -> Proof:
    """Return what a proof says; nothing of it is verified.

    Raises:
        VerificationError: it is malformed, or its checkpoint is no signed note.
    """
    head, separator, checkpoint = data.partition(b"\n\n")
    # Counted before anything is split: at most three lines and the hashes.
    if not separator or head.count(b"\n") > 2 + MAX_HASHES:
        raise VerificationError("a proof has an empty line, and at most 63 hashes before it")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise VerificationError("the head of a proof is ASCII") from None
    if lines.pop(0) != FIRST_LINE:
        raise VerificationError(f"a proof begins with {FIRST_LINE}")
    extra = decode_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_HASHES:
        raise VerificationError("a proof has one index line, and at most 63 hashes after it")
    hashes = [decode_base64(line, HASH_BYTES) for line in lines[1:]]
    for line in split_note(checkpoint)[1]:
        line.decode()
    return Proof(decimal(lines[0][6:]), hashes, checkpoint, extra)


def verify_proof(data: bytes, *, leaf_hash: bytes, policy: Policy, origin: str | None = None) -> Checkpoint:
    """Verify that the leaf is in a log as the policy demands; return the checkpoint that covers it.

    `leaf_hash` (32 bytes) is of the caller's own entry. `origin` is the only log accepted; None accepts whatever a log key of
    the policy signed. Times of cosignatures are not judged.

    Raises:
        VerificationError: malformed, not signed by a log of the policy, below its quorum, or not a proof for this leaf.
    """
    proof = parse_proof(data)
    point = verify_checkpoint(proof.checkpoint, policy)
    if origin is not None and point.origin != origin:
        raise VerificationError(f"the checkpoint is of {point.origin[:60]!r}, not of the log asked for")
    verify_inclusion(index=proof.index, size=point.size, leaf_hash=leaf_hash, proof=proof.hashes, root=point.root)
    return point


def format_proof(*, index: int, hashes: Sequence[bytes], checkpoint: bytes, extra: bytes | None = None) -> bytes:
    """Return the bytes of a proof: 0 ≤ index < 2^63, up to 63 hashes of 32 bytes, the signed checkpoint as published.

    Raises:
        ValueError: the result would be no proof.
    """
    lines = [FIRST_LINE, *([] if extra is None else [f"extra {encode_base64(extra)}"]), f"index {index}", *map(encode_base64, hashes)]
    data = "\n".join(lines).encode() + b"\n\n" + checkpoint
    try:
        parse_proof(data)
    except VerificationError as error:
        raise ValueError(str(error)) from None
    return data
