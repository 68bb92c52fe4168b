"""Which fonts documents are set in, and which characters these can show.

The typeface comes from a package, so that a bare machine sets the same paper as any other; fonts of the machine are never looked at. A
folder of further fonts adds what the package's lacks. Of a font only the table of its characters is read here.
Source: OpenType 1.9, "cmap": formats 4 and 12, the ones that a font of today is asked for.
"""
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn

PACKAGED = pylopdf_fonts_zh_cn.sans_path()
SUFFIXES = frozenset({".otf", ".ttf", ".ttc", ".otc"})
COLLECTION = b"ttcf"
UNICODE = frozenset({(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)})
"""(platform, encoding) of tables that go by Unicode code points."""


@dataclass(frozen=True, slots=True)
class Typefaces:
    """The package's font, and those below `folder` where one is named."""

    folder: Path | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        return (PACKAGED.parent, *([self.folder] if self.folder else []))

    def characters(self) -> frozenset[int]:
        """The code points that at least one of the fonts has a glyph for. Raises OSError, ValueError for a file that is no font."""
        added = sorted(path for path in self.folder.rglob("*") if path.suffix.lower() in SUFFIXES) if self.folder else []
        return frozenset().union(*(characters_of(path) for path in (PACKAGED, *added)))


@cache
def characters_of(path: Path) -> frozenset[int]:
    """The code points of a font file, or of all fonts of a collection. Raises OSError, ValueError."""
    data = path.read_bytes()
    try:
        return frozenset(point for face in _faces(data) for point in _code_points(data, face))
    except (struct.error, IndexError) as fault:
        raise ValueError(f"{path.name} is not a font") from fault


def _faces(data: bytes) -> tuple[int, ...]:
    """Where each font of the file begins."""
    if not data.startswith(COLLECTION):
        return (0,)
    count: int = struct.unpack_from(">I", data, 8)[0]
    return struct.unpack_from(f">{count}I", data, 12)


def _code_points(data: bytes, face: int) -> Iterator[int]:
    table = _table(data, face, b"cmap")
    for number in range(_short(data, table + 2)):
        platform, encoding, offset = struct.unpack_from(">HHI", data, table + 4 + 8 * number)
        if (platform, encoding) in UNICODE:
            at = table + offset
            form = _short(data, at)
            if form == 4:
                yield from _segments(data, at)
            elif form == 12:
                yield from _groups(data, at)


def _table(data: bytes, face: int, tag: bytes) -> int:
    for number in range(_short(data, face + 4)):
        name, _, offset, _ = struct.unpack_from(">4sIII", data, face + 12 + 16 * number)
        if name == tag:
            return int(offset)
    raise IndexError(tag)


def _groups(data: bytes, at: int) -> Iterator[int]:
    """SPEC: format 12: groups of first code point, last code point, and the first's glyph; glyph 0 is the one for what is missing."""
    count: int = struct.unpack_from(">I", data, at + 12)[0]
    for number in range(count):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * number)
        yield from range(first if glyph else first + 1, last + 1)


def _segments(data: bytes, at: int) -> Iterator[int]:
    """SPEC: format 4: last and first code points, deltas and offsets as four parallel arrays."""
    count = _short(data, at + 6) // 2
    lasts, firsts, deltas, offsets = (at + 14, at + 16 + 2 * count, at + 16 + 4 * count, at + 16 + 6 * count)
    for number in range(count):
        first, last, delta, offset = (_short(data, array + 2 * number) for array in (firsts, lasts, deltas, offsets))
        for point in range(first, min(last, 0xFFFE) + 1):
            if _short(data, offsets + 2 * number + offset + 2 * (point - first)) if offset else (point + delta) & 0xFFFF:
                yield point


def _short(data: bytes, at: int) -> int:
    return int(struct.unpack_from(">H", data, at)[0])
