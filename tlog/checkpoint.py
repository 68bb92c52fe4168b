"""A checkpoint: what a log signs about itself, and nothing else.

    <origin>                      the log's identity, non-empty
    <size>                        decimal, no leading zeros
    <base64 of the root hash>     32 bytes
    <extension line>              zero or more, non-empty; we neither write nor read any

It is the text of a signed note (`tlog.note`).

What it does not do: check a signature. A `Checkpoint` parsed from a text is as trustworthy as that text.

Source: C2SP tlog-checkpoint v1.0.0.

>>> from tlog.merkle import EMPTY_ROOT
>>> text = format_checkpoint(origin="example.com/log", size=0, root=EMPTY_ROOT)
>>> print(text, end="")
example.com/log
0
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
>>> parse_checkpoint(text).size
0
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tlog.encoding import decimal, decode_base64, encode_base64, plain_text
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` has `size` leaves (0 ≤ size < 2^63) and this `root` (32 bytes); `extensions` are its further lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text is.

    Raises:
        VerificationError: fewer than three lines, an empty line, no newline at the end, or a malformed size or root.
    """
    lines = plain_text(text).split("\n")
    # SPEC: tlog-checkpoint: "at least three non-empty lines", each ending in a newline.
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise VerificationError("a checkpoint is three or more non-empty lines")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, decimal(size), decode_base64(root, HASH_BYTES), tuple(extensions))


def format_checkpoint(*, origin: str, size: int, root: bytes, extensions: Sequence[str] = ()) -> str:
    """Return the text of a checkpoint, ready to be signed (0 ≤ size < 2^63, root of 32 bytes, lines without newline).

    Raises:
        ValueError: an argument does not fit.
    """
    text = "".join(f"{line}\n" for line in (origin, size, encode_base64(root), *extensions))
    try:
        if parse_checkpoint(text) == Checkpoint(origin, size, root, tuple(extensions)):
            return text
    except VerificationError as error:
        raise ValueError(str(error)) from None
    raise ValueError("a line of a checkpoint holds no newline")
