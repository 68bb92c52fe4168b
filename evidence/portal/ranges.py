"""One stretch of a file that somebody asks for by bytes: what a player needs to begin in the middle. Pure.

Several stretches at once are answered with the whole, as the standard allows. Source: RFC 9110 14.
"""
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

ONE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)
BLOCK = 1 << 16


class OutOfRange(Exception):
    """There is nothing at that place."""


def stretch(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte, both included; None when the whole is to be sent. Raises OutOfRange.

    >>> [stretch(each, 10) for each in ("bytes=0-", "bytes=2-3", "bytes=-4", "bytes=8-99", "bytes=0-1,4-5", "")]
    [(0, 9), (2, 3), (6, 9), (8, 9), None, None]
    """
    found = ONE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(size - 1, int(found[2] or size - 1))
    if first > last:
        # Asked for from behind its end it is unsatisfiable; from behind to before it is no range at all.
        if first >= size or not found[1]:
            raise OutOfRange
        return None
    return first, last


@dataclass(frozen=True, slots=True)
class Between:
    """The bytes of an opened file from `first` to `last`. To be iterated over, or closed."""

    file: BinaryIO
    first: int
    last: int

    def __iter__(self) -> Iterator[bytes]:
        with self.file as file:
            if file.seekable():
                file.seek(self.first)
            else:
                for at in range(0, self.first, BLOCK):
                    file.read(min(BLOCK, self.first - at))
            left = self.last - self.first + 1
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block

    def close(self) -> None:
        """For whoever goes away before the first byte; may be called twice."""
        self.file.close()
