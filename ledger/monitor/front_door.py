"""The log's public address as a stranger asks it: one GET after the other, each within limits, all within one deadline.

Two things are kept apart: `Away`, nobody answers as a log does, and VerificationError, somebody does and what is shown is wrong or
missing. Nothing that is returned here has been verified. Source: C2SP tlog-tiles, tlog-checkpoint; formats C.
"""
import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus

from common.bounded_http import Limits, NoAnswer, Trouble, get_any
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES
from tlog.tiles import TILE_WIDTH, entries_path, parse_bundle, tile_path

MAX_NOTE, MAX_TEXT, MAX_TILE = 512 * 1024, 1024 * 1024, TILE_WIDTH * HASH_BYTES
MAX_BUNDLE = TILE_WIDTH * (2 + 0xFFFF)
TILES_REMEMBERED = 64


class Away(Exception):
    """The front door gives no answer of a log; a sentence about what it does instead."""


class FrontDoor:
    """`url` is the log's prefix without a slash at the end; `fetch_s` seconds for one answer, until `deadline` (monotonic) for all."""

    def __init__(self, url: str, *, fetch_s: float, deadline: float) -> None:
        self._url, self._fetch_s, self._deadline = url, fetch_s, deadline

    def checkpoint(self) -> bytes | None:
        """The newest note; None when there is none (404). Raises Away, VerificationError."""
        return self._ask("checkpoint", MAX_NOTE)

    def policy(self) -> bytes:
        """Raises Away, VerificationError."""
        return self._need("policy", MAX_TEXT)

    def timestamps(self) -> bytes | None:
        """JSON about the newest stamped checkpoint; None when there is none (404). Raises Away, VerificationError."""
        return self._ask("timestamps", MAX_TEXT)

    def tree(self, size: int) -> "ShownTree":
        """The tiles and bundles of the tree of `size` leaves."""
        return ShownTree(self._narrow_or_full, size)

    def _narrow_or_full(self, name: Callable[[int], str], width: int, limit: int) -> bytes:
        # SPEC: tlog-tiles: a partial tile may be deleted once the full one exists; readers fall back to the full one.
        partial = self._ask(name(width), limit) if width < TILE_WIDTH else None
        return self._need(name(TILE_WIDTH), limit) if partial is None else partial

    def _need(self, path: str, limit: int) -> bytes:
        body = self._ask(path, limit)
        if body is None:
            raise VerificationError(f"{path} is not there (404)")
        return body

    def _ask(self, path: str, limit: int) -> bytes | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Away(f"{path}: the round's time was over")
        try:
            answer = get_any(f"{self._url}/{path}", limits=Limits(min(self._fetch_s, left), limit))
        except NoAnswer as none:
            if none.trouble is Trouble.TOO_LARGE:
                raise VerificationError(f"{path} has more than {limit} bytes") from none
            raise Away(f"{path}: {none.trouble}") from none
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise Away(f"{path}: status {answer.status}")
        return answer.body


class ShownTree:
    """What the front door shows of one tree size; the tiles asked last are asked once."""

    def __init__(self, fetch: Callable[[Callable[[int], str], int, int], bytes], size: int) -> None:
        self.size, self._fetch = size, fetch
        self._tile = lru_cache(maxsize=TILES_REMEMBERED)(self._fetch_tile)

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """The first `width` hashes of a tile of this size. Raises Away, VerificationError."""
        return self._tile(level, index)[: width * HASH_BYTES]

    def read_entries(self, index: int) -> list[bytes]:
        """The entries of a bundle of this size. Raises Away, VerificationError."""
        width = min(TILE_WIDTH, self.size - index * TILE_WIDTH)
        data = self._fetch(lambda written: entries_path(index, written), width, MAX_BUNDLE)
        return parse_bundle(data)[:width]

    def _fetch_tile(self, level: int, index: int) -> bytes:
        width = min(TILE_WIDTH, (self.size >> 8 * level) - index * TILE_WIDTH)
        data = self._fetch(lambda written: tile_path(level, index, written), width, MAX_TILE)
        if len(data) not in (width * HASH_BYTES, MAX_TILE):
            raise VerificationError(f"{tile_path(level, index, width)} has {len(data)} bytes")
        return data[: width * HASH_BYTES]
