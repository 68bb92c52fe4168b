"""A zip archive that is written while it is sent: forward only, nothing held but the directory.

What it is for: packages of many GiB go out with flat memory. Members that are at hand get complete local headers; a file
that streams is stored, and its CRC follows it in a data descriptor. zip64 records appear where a size or an offset needs
them and nowhere else. Equal contents give equal bytes.

What it does not do: check names (`names` does), read archives (`tlog.examination.archive` does).

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import stat
import struct
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_PLAIN, _WITH_ZIP64 = 20, 45
_UNIX = 3 << 8
_DESCRIPTOR, _UTF8 = 0x0008, 0x0800
_STORED, _DEFLATED = 0, 8
_MODE = (stat.S_IFREG | 0o644) << 16


class ZipStream:
    """Writes members one after the other; every method yields the bytes to send next, and `finish` comes last.

    `modified` (aware, 1980 to 2107) is the time that all members carry, in UTC.
    """

    def __init__(self, modified: datetime) -> None:
        at = modified.astimezone(UTC)
        self._time = at.hour << 11 | at.minute << 5 | at.second // 2
        self._date = (at.year - 1980) << 9 | at.month << 5 | at.day
        self._offset = 0
        self._directory: list[bytes] = []

    def add(self, name: str, data: bytes, *, deflate: bool = True) -> Iterator[bytes]:
        """Write a member that is at hand (below 4 GiB); it is deflated if that makes it smaller."""
        packed, method = data, _STORED
        if deflate and len(smaller := _deflated(data)) < len(data):
            packed, method = smaller, _DEFLATED
        flags, crc = self._flags(name), zlib.crc32(data)
        header = self._local(name, flags, method, crc, len(packed), len(data))
        self._enter(name, flags, method, crc, len(packed), len(data))
        yield self._sent(header + packed)

    def add_stream(self, name: str, blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Write a stored member of `size` bytes that comes in blocks.

        Raises:
            ValueError: the blocks hold more or fewer bytes; what was sent is then no archive.
        """
        flags = self._flags(name) | _DESCRIPTOR
        start, crc, seen = self._offset, 0, 0
        yield self._sent(self._local(name, flags, _STORED, 0, *((_FULL32, _FULL32) if size >= _FULL32 else (0, 0))))
        for block in blocks:
            crc = zlib.crc32(block, crc)
            seen += len(block)
            yield self._sent(block)
        if seen != size:
            raise ValueError(f"{seen} bytes where {size} were announced")
        yield self._sent(struct.pack("<4sLQQ" if size >= _FULL32 else "<4sLLL", b"PK\7\x08", crc, size, size))
        self._enter(name, flags, _STORED, crc, size, size, start)

    def finish(self) -> Iterator[bytes]:
        """Write the directory and the end record."""
        start, size, count = self._offset, sum(map(len, self._directory)), len(self._directory)
        yield from map(self._sent, self._directory)
        if count >= _FULL16 or start >= _FULL32 or size >= _FULL32:
            at = self._offset
            yield self._sent(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, _UNIX | _WITH_ZIP64, _WITH_ZIP64, 0, 0, count, count, size, start))
            yield self._sent(struct.pack("<4sLQL", b"PK\6\7", 0, at, 1))
        rows = min(count, _FULL16)
        yield self._sent(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, rows, rows, min(size, _FULL32), min(start, _FULL32), 0))

    def _sent(self, data: bytes) -> bytes:
        self._offset += len(data)
        return data

    @staticmethod
    def _flags(name: str) -> int:
        return 0 if name.isascii() else _UTF8

    def _local(self, name: str, flags: int, method: int, crc: int, packed: int, size: int) -> bytes:
        # SPEC: APPNOTE 4.5.3: saturated sizes stand in the zip64 extra field; here they are not known yet, hence zero.
        extra = struct.pack("<2H2Q", 1, 16, 0, 0) if size == _FULL32 else b""
        raw, need = name.encode(), _WITH_ZIP64 if extra else _PLAIN
        fixed = (need, flags, method, self._time, self._date, crc, packed, size, len(raw), len(extra))
        return struct.pack("<4s5H3L2H", b"PK\3\4", *fixed) + raw + extra

    def _enter(self, name: str, flags: int, method: int, crc: int, packed: int, size: int, start: int | None = None) -> None:
        """Keep the directory's row of a member that began at `start`, by default where the next byte goes."""
        offset = self._offset if start is None else start
        wide = [value for value in (size, packed, offset) if value >= _FULL32]
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        raw, need = name.encode(), _WITH_ZIP64 if wide else _PLAIN
        fixed = (_UNIX | need, need, flags, method, self._time, self._date, crc, min(packed, _FULL32), min(size, _FULL32))
        rest = (len(raw), len(extra), 0, 0, 0, _MODE, min(offset, _FULL32))
        self._directory.append(struct.pack("<4s6H3L5H2L", b"PK\1\2", *fixed, *rest) + raw + extra)


def _deflated(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()
