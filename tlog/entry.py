"""The log entry: what is public of a record, for ever.

What it is for: four lines of text, one LF after each, that commit to the statement's bytes with both digests:

    cunzheng/entry/v1
    <kind: deposit | custody | procedure | erasure | incident | key>
    sha256 <base64 of SHA-256(statement)>
    sm3 <base64 of SM3(statement)>

The leaf of the Merkle tree is `tlog.merkle.leaf_hash(entry)`. Nothing personal is in it, and nothing that can be guessed:
the statement that it commits to holds only salted digests.

What it does not do: read the statement (`tlog.statement`).

Source: formats of this project, A2. A change is a new version string, and old entries verify for ever.

>>> entry = commit("deposit", b"a statement")
>>> print(entry.encode().decode(), end="")
cunzheng/entry/v1
deposit
sha256 KEYsHlslAlUFvWXFkc/kTXHIxsJb4YqHd4D2pZBPe9w=
sm3 UtlHwi+Etqg5GmiQkN34kUTM38TMsySNL9r3SOULGpA=
>>> parse_entry(entry.encode()) == verify_entry(entry.encode(), kind="deposit", statement=b"a statement") == entry
True
"""

import re
from dataclasses import dataclass

from tlog.digests import sha256, sm3
from tlog.encoding import decode_base64, encode_base64
from tlog.errors import VerificationError

KINDS = ("deposit", "custody", "procedure", "erasure", "incident", "key")
"""What a record can be; part of the wire format, so never renamed and never re-used for something else."""

_ENTRY = re.compile(
    rb"cunzheng/entry/v1\n"
    rb"(deposit|custody|procedure|erasure|incident|key)\n"
    rb"sha256 ([0-9A-Za-z+/]{43}=)\n"
    rb"sm3 ([0-9A-Za-z+/]{43}=)\n"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """The commitment to a statement: its kind and both digests of its bytes (32 bytes each)."""

    kind: str
    sha256: bytes
    sm3: bytes

    def encode(self) -> bytes:
        """Return the bytes that stand in the log.

        Raises:
            ValueError: a kind that is not in `KINDS`, or a digest that is not 32 bytes.
        """
        if self.kind not in KINDS or len(self.sha256) != 32 or len(self.sm3) != 32:
            raise ValueError("an entry needs a known kind and two digests of 32 bytes")
        text = f"cunzheng/entry/v1\n{self.kind}\nsha256 {encode_base64(self.sha256)}\nsm3 {encode_base64(self.sm3)}\n"
        return text.encode("ascii")


def commit(kind: str, statement: bytes) -> Entry:
    """Return the commitment to `statement`; its `sha256` is also what the next deposit of the case names as `previous`."""
    return Entry(kind, sha256(statement), sm3(statement))


def format_entry(kind: str, statement: bytes) -> bytes:
    """Return the bytes of the log entry that commits to `statement`.

    Raises:
        ValueError: a kind that is not in `KINDS`.
    """
    return commit(kind, statement).encode()


def parse_entry(data: bytes) -> Entry:
    """Return the commitment that an entry's bytes state.

    Raises:
        VerificationError: anything but the four lines, or digests that are not canonical base64 of 32 bytes.
    """
    if not (match := _ENTRY.fullmatch(data)):
        raise VerificationError("not a cunzheng/entry/v1")
    kind, sha256_text, sm3_text = (group.decode("ascii") for group in match.groups())
    return Entry(kind, decode_base64(sha256_text, 32), decode_base64(sm3_text, 32))


def verify_entry(data: bytes, *, kind: str, statement: bytes) -> Entry:
    """Return the commitment of an entry that is of this `kind` and commits to these bytes of a statement.

    Both digests must agree: evidence stays provable if one of the two functions falls, but a verifier that can compute
    both has no reason to believe in an entry whose halves commit to different statements.

    Raises:
        VerificationError: a malformed entry, another kind or another digest.
    """
    entry = parse_entry(data)
    # SPEC: "the entry's kind matches the statement's type".
    if entry.kind != kind:
        raise VerificationError(f"an entry of kind {entry.kind} where the statement is of kind {kind}")
    if entry.sha256 != sha256(statement):
        raise VerificationError("the entry commits to another SHA-256 of the statement")
    if entry.sm3 != sm3(statement):
        raise VerificationError("the entry commits to another SM3 of the statement")
    return entry
