"""Entry bundles: the entries below one tile of level 0, one after the other.

    <length, 2 bytes, big-endian> <entry> …          1 to 256 times

What it does not do: look into an entry (`tlog.entry` does) or compare it with its leaf hash.

Source: C2SP tlog-tiles, "Log entries".

>>> encode_bundle([b"one", b""])
b'\\x00\\x03one\\x00\\x00'
>>> parse_bundle(b"\\x00\\x03one\\x00\\x00")
[b'one', b'']
"""

from collections.abc import Sequence

from tlog.errors import VerificationError
from tlog.tile_names import TILE_WIDTH

MAX_ENTRY_BYTES = 65535


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bundle of 1 to 256 entries of at most 65,535 bytes each.

    Raises:
        ValueError: more or fewer entries, or a longer one.
    """
    if not 1 <= len(entries) <= TILE_WIDTH or max(map(len, entries)) > MAX_ENTRY_BYTES:
        raise ValueError("a bundle holds 1 to 256 entries of at most 65,535 bytes")
    return b"".join([part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry)])


def parse_bundle(data: bytes, width: int | None = None) -> list[bytes]:
    """Return the entries of a bundle; `width` is the number expected, None is any from 1 to 256.

    Raises:
        VerificationError: an entry is cut off, or the number of entries is another.
    """
    entries: list[bytes] = []
    start = 0
    while start < len(data):
        end = start + 2 + int.from_bytes(data[start : start + 2], "big")
        if len(data) < end or len(entries) == TILE_WIDTH:
            raise VerificationError("an entry of the bundle is cut off, or there are more than 256")
        entries.append(data[start + 2 : end])
        start = end
    if len(entries) != (width or max(len(entries), 1)):
        raise VerificationError(f"a bundle of {len(entries)} entries where {width or 'at least 1'} are expected")
    return entries
