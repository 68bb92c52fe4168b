"""Names of tiles and entry bundles: which files a tree of a given size consists of.

    tile/<level>/<index>[.p/<width>]          256 hashes, or fewer for the last tile of a level
    tile/entries/<index>[.p/<width>]          the entries below tile <index> of level 0

The index is written in groups of three digits, all but the last with an "x" before them: 1234067 is x001/x234/067. A full
tile has no width in its name. Hash i of tile (L, N) is the root of the 256^L leaves that begin at (256 N + i) 256^L, so a
hash enters level L only when the tile below it is full, and nothing that was once written ever changes.

What it does not do: read or write tiles. Paths are relative to the log's prefix and have one spelling each; everything else
is refused, so that a server never answers for two names with one file.

Source: C2SP tlog-tiles.

>>> tile_path(0, 1234067, 256)
'tile/0/x001/x234/067'
>>> entries_path(273, 112)
'tile/entries/273.p/112'
>>> tile_widths(70000)
(112, 17, 1)
>>> [name.path for name in names_for_growth(255, 257)]
['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1']
"""

import re
from dataclasses import dataclass

from tlog.encoding import MAX_NUMBER
from tlog.errors import VerificationError

TILE_WIDTH = 256
MAX_LEVEL = 63

_INDEX = r"(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
_TILE_PATH = re.compile(rf"tile/(?P<level>[0-9]{{1,2}})/{_INDEX}")
_ENTRIES_PATH = re.compile(rf"tile/entries/{_INDEX}")


@dataclass(frozen=True, slots=True)
class TileName:
    """One tile: 0 ≤ `level` ≤ 63, 0 ≤ `index` < 2^63, 1 ≤ `width` ≤ 256 hashes; 256 is a full tile."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """The path below the log's prefix."""
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int) -> str:
    """Return the path of a tile (0 ≤ level ≤ 63, 0 ≤ index < 2^63, 1 ≤ width ≤ 256, 256 is full).

    Raises:
        ValueError: an argument is out of its range.
    """
    if not 0 <= level <= MAX_LEVEL:
        raise ValueError("a tile's level is 0 to 63")
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int) -> str:
    """Return the path of an entry bundle (0 ≤ index < 2^63, 1 ≤ width ≤ 256, 256 is full).

    Raises:
        ValueError: an argument is out of its range.
    """
    return f"tile/entries/{_index_path(index, width)}"


def parse_tile_path(path: str) -> TileName:
    """Return the tile that a path names.

    Raises:
        VerificationError: no tile has exactly this path.
    """
    match = _TILE_PATH.fullmatch(path)
    if match and (level := int(match["level"])) <= MAX_LEVEL:
        index, width = _index_and_width(match)
        name = TileName(level, index, width)
        if index <= MAX_NUMBER and width <= TILE_WIDTH and name.path == path:
            return name
    raise VerificationError(f"not the path of a tile: {path[:60]!r}")


def parse_entries_path(path: str) -> tuple[int, int]:
    """Return index and width of the entry bundle that a path names.

    Raises:
        VerificationError: no bundle has exactly this path.
    """
    if match := _ENTRIES_PATH.fullmatch(path):
        index, width = _index_and_width(match)
        if index <= MAX_NUMBER and width <= TILE_WIDTH and entries_path(index, width) == path:
            return index, width
    raise VerificationError(f"not the path of an entry bundle: {path[:60]!r}")


def tile_widths(size: int) -> tuple[int, ...]:
    """Return for each level of a tree of `size` leaves, lowest first, the width of its partial tile; 0 is none."""
    # SPEC: tlog-tiles: the partial tile at level L has floor(s / 256^L) mod 256 hashes; with none it is not served.
    widths = []
    while size:
        size, width = divmod(size, TILE_WIDTH)
        widths.append(width)
    return tuple(widths)


def names_for_growth(old_size: int, new_size: int) -> list[TileName]:
    """Return the tiles that differ between two sizes of a tree, lower levels first: those to write when it grows.

    They include the partial tiles of the new size. The names of level 0 are those of the entry bundles too.

    Raises:
        ValueError: not 0 ≤ old_size ≤ new_size.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError("a tree does not shrink")
    names: list[TileName] = []
    level = 0
    while old_size < new_size:
        indices = range(old_size // TILE_WIDTH, -(-new_size // TILE_WIDTH))
        names.extend(TileName(level, index, min(TILE_WIDTH, new_size - index * TILE_WIDTH)) for index in indices)
        old_size, new_size, level = old_size // TILE_WIDTH, new_size // TILE_WIDTH, level + 1
    return names


def _index_path(index: int, width: int) -> str:
    if not 0 <= index <= MAX_NUMBER or not 1 <= width <= TILE_WIDTH:
        raise ValueError("a tile's index is 0 to 2^63 - 1, its width 1 to 256")
    path = f"{index % 1000:03d}" + ("" if width == TILE_WIDTH else f".p/{width}")
    while index := index // 1000:
        path = f"x{index % 1000:03d}/{path}"
    return path


def _index_and_width(match: re.Match[str]) -> tuple[int, int]:
    # A full tile's name has no width, and ".p/256" is nobody's: written again, such a path comes out differently.
    return int(match["index"].replace("x", "").replace("/", "")), int(match["width"] or TILE_WIDTH)
