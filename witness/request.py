"""The body of `add-checkpoint`, read without believing any of it.

    old <size>
    <base64 hash>            zero to 63 lines: consistency proof from `old` to the checkpoint's size
                             an empty line
    <signed checkpoint>

What it does not do: verify a signature or a proof, or look into the state (`witness.cosigning`).

Source: C2SP tlog-witness v1.0.0, "add-checkpoint".
"""
from dataclasses import dataclass

from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.encoding import decimal, decode_base64
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES
from tlog.note import MAX_SIGNATURE_LINES, split_note

MAX_BODY = 512 * 1024
"""Bytes of a request at most: 63 hashes, and 128 signature lines of which each could be an ML-DSA-44 one."""
MAX_PROOF = 63
MAX_TEXT_LINES = 16
"""Lines of a checkpoint at most: three, and extension lines, which the specification advises against."""
MAX_TEXT = 4096
"""Bytes of a checkpoint's text at most: the witness keeps the texts that it has seen lately."""
MAX_ORIGIN = 255
"""Bytes of an origin at most: what an ML-DSA-44 cosignature can hold."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request that can be read: `old_size`, `proof` (32 bytes each), the note's bytes and the checkpoint that its text is."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Return the request that `body` is.

    Raises:
        VerificationError: it is none; a sentence about the first fault.
    """
    head, separator, note = body.partition(b"\n\n")
    if not separator or not head.isascii():
        raise VerificationError("a request is an old size, proof lines, an empty line and a checkpoint")
    # Lines are counted before they are taken apart: half a megabyte of empty ones would be thirty times that as a list.
    # SPEC: tlog-witness: "The proof […] MUST NOT include more than 63 lines".
    if head.count(b"\n") > MAX_PROOF:
        raise VerificationError(f"more than {MAX_PROOF} proof lines")
    if note.count(b"\n") > MAX_TEXT_LINES + 1 + MAX_SIGNATURE_LINES:
        raise VerificationError(f"a note has at most {MAX_TEXT_LINES} lines of text and {MAX_SIGNATURE_LINES} of signatures")
    first, *lines = head.decode("ascii").split("\n")
    word, space, size = first.partition(" ")
    if word != "old" or not space:
        raise VerificationError('the first line of a request is "old <size>"')
    old_size, proof = decimal(size), tuple(decode_base64(line, HASH_BYTES) for line in lines)
    text = split_note(note)[0]
    if text.count("\n") > MAX_TEXT_LINES or len(text.encode()) > MAX_TEXT:
        raise VerificationError(f"the text of a checkpoint has at most {MAX_TEXT_LINES} lines and {MAX_TEXT} bytes")
    checkpoint = parse_checkpoint(text)
    if len(checkpoint.origin.encode()) > MAX_ORIGIN:
        raise VerificationError(f"an origin has at most {MAX_ORIGIN} bytes")
    if old_size > checkpoint.size:
        raise VerificationError("the old size is beyond the checkpoint's")
    return AddCheckpoint(old_size, proof, note, checkpoint)
