"""Reads a QR code off the path that a page draws, as a telephone would from a clean picture: no correction of errors, bytes only.

Source: ISO/IEC 18004. Which modules are patterns and how blocks interleave is told by the encoder's tables, and by nothing that draws.
"""
import re

from qrcode import base, util

MASKS = (
    lambda y, x: (y + x) % 2, lambda y, _x: y % 2, lambda _y, x: x % 3, lambda y, x: (y + x) % 3, lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3, lambda y, x: (y * x % 2 + y * x % 3) % 2, lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)
QUIET = 4


def read_path(path: str, side: int) -> str:
    """The text of the code of which the dark runs are these. Raises ValueError when it is none, or its edge is not free."""
    dark = {(int(y), x) for at, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path) for x in range(int(at), int(at) + int(run))}
    size = side - 2 * QUIET
    if any(not (QUIET <= y < QUIET + size and QUIET <= x < QUIET + size) for y, x in dark):
        raise ValueError("the quiet zone is not quiet")
    grid = [[(y + QUIET, x + QUIET) in dark for x in range(size)] for y in range(size)]
    version = (size - 17) // 4
    told = int("".join("01"[grid[8][x]] for x in (0, 1, 2, 3, 4)), 2) ^ 0b10101
    level, mask = told >> 3, told & 0b111
    bits = "".join("01"[grid[y][x] ^ (MASKS[mask](y, x) == 0)] for y, x in _data_places(size, version))
    data = _in_order([int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)], base.rs_blocks(version, level))
    stream = "".join(f"{byte:08b}" for byte in data)
    if stream[:4] != "0100":
        raise ValueError("not in bytes")
    width = 8 if version < 10 else 16
    count = int(stream[4 : 4 + width], 2)
    return bytes(int(stream[at : at + 8], 2) for at in range(4 + width, 4 + width + 8 * count, 8)).decode()


def _data_places(size: int, version: int) -> list[tuple[int, int]]:
    fixed = {(y, x) for y in range(9) for x in range(9)} | {(y, x) for y in range(9) for x in range(size - 8, size)}
    fixed |= {(y, x) for y in range(size - 8, size) for x in range(9)} | {(6, x) for x in range(size)} | {(y, 6) for y in range(size)}
    centres = util.pattern_position(version)
    for row in centres:
        for column in centres:
            if (row, column) not in {(6, 6), (6, size - 7), (size - 7, 6)}:
                fixed |= {(row + y, column + x) for y in range(-2, 3) for x in range(-2, 3)}
    if version >= 7:
        fixed |= {(y, x) for y in range(6) for x in range(size - 11, size - 8)}
        fixed |= {(y, x) for y in range(size - 11, size - 8) for x in range(6)}
    places, up = [], True
    for right in [*range(size - 1, 6, -2), *range(5, 0, -2)]:
        for y in range(size - 1, -1, -1) if up else range(size):
            places += [(y, x) for x in (right, right - 1) if (y, x) not in fixed]
        up = not up
    return places


def _in_order(codewords: list[int], blocks: list[base.RSBlock]) -> list[int]:
    apart: list[list[int]] = [[] for _ in blocks]
    waiting = iter(codewords)
    for n in range(max(block.data_count for block in blocks)):
        for block, own in zip(blocks, apart, strict=True):
            if n < block.data_count:
                own.append(next(waiting))
    return [each for own in apart for each in own]
