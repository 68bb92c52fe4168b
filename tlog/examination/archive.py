"""The zip container, read strictly: one file, one list of members, no byte that belongs to neither.

What it is for: zip readers disagree about almost everything that a hostile archive can do (two directories, members that
overlap, bytes between members, a name in the local header that differs from the one in the directory), so that a
browser, `unzip` and we could each see another package. This reader accepts the one plain shape that every reader
understands alike, and refuses the rest: members lie one behind the other from byte 0, in the order of the directory,
each local header says what the directory says, and nothing follows the end record.

    local header, name, [zip64 extra], data, [data descriptor]   ... for each member
    central directory, [zip64 end record and locator], end record (22 bytes)

Stored and deflated members, data descriptors and zip64 are understood, because archives of several GiB are streamed.

What it does not do: open files (bytes come from a `Source`), judge names or contents (`container`).

Memory: the directory and one block at a time. Time: linear in the file; no two members share a byte, and a member
inflates to at most `MAX_RATIO` times its packed size.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5; RFC 1951.
"""

import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tlog.errors import VerificationError

MAX_MEMBERS = 100_000
"""Members of one package at most: a case of five thousand records."""
MAX_DIRECTORY = 32 * 1024 * 1024
"""Bytes of the central directory at most; it is held in memory."""
MAX_RATIO = 1040
"""No deflate stream expands further (RFC 1951: 258 bytes from two bits); a directory that says so lies."""
MAX_TOTAL_RATIO = 100
"""All members together inflate to at most a GiB and this many times the file, so that a small file never costs minutes."""
BLOCK = 1 << 20
"""Bytes read, and bytes inflated, at a time."""

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_DESCRIPTOR, _UTF8 = 0x0008, 0x0800
_FLAGS = _DESCRIPTOR | _UTF8 | 0x0006  # 0x0006: how hard deflate tried, without meaning for a reader
_DOS_FOLDER = 0x10


class Source(Protocol):
    """The bytes of one file that does not change while it is examined."""

    @property
    def size(self) -> int:
        """Return the number of bytes of the file."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`; VerificationError when the file ends before."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the directory and its local header agree on it; `data_at` is the offset of its packed bytes."""

    name: str
    size: int
    packed: int
    deflated: bool
    crc: int
    data_at: int
    extra: bool


@dataclass(frozen=True, slots=True)
class Archive:
    """The members by name, in the order of the file, and where their bytes are."""

    source: Source
    members: Mapping[str, Member]

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the contents of member `name` in blocks of at most `BLOCK` bytes.

        Raises:
            VerificationError: damaged data; the last block may already have been given when the CRC is found to differ.
        """
        member, size, crc = self.members[name], 0, 0
        packed = _packed(self.source, member)
        for block in _inflated(packed, member.name) if member.deflated else packed:
            size += len(block)
            if size > member.size:
                raise VerificationError(f"{name!r} is longer than the directory says")
            crc = zlib.crc32(block, crc)
            yield block
        if size != member.size or crc != member.crc:
            raise VerificationError(f"{name!r} is damaged: size or CRC differs")

    def read(self, name: str, limit: int) -> bytes:
        """Return the contents of a small member.

        Raises:
            VerificationError: more than `limit` bytes, or damaged data.
        """
        if self.members[name].size > limit:
            raise VerificationError(f"{name!r} has {self.members[name].size} bytes where {limit} are allowed")
        return b"".join(self.chunks(name))


@dataclass(frozen=True, slots=True)
class _Header:
    """One row of the central directory."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    modified: tuple[int, int]

    @property
    def name(self) -> str:
        try:
            # SPEC: APPNOTE appendix D: without bit 11 the name is in code page 437, of which only ASCII is read alike by all.
            return self.raw_name.decode("utf-8" if self.flags & _UTF8 else "ascii")
        except UnicodeDecodeError:
            raise VerificationError(f"a member's name is not UTF-8: {self.raw_name[:60]!r}") from None


def open_archive(source: Source) -> Archive:
    """Read the directory and every local header of a zip file.

    Raises:
        VerificationError: not a zip file, or not of the plain shape that this module describes.
    """
    directory = _find_directory(source)
    headers = _central_headers(source.read_at(directory.start, directory.size), directory.count)
    members: dict[str, Member] = {}
    expected = 0
    for header, following in zip(headers, [*(later.offset for later in headers[1:]), directory.start], strict=False):
        # SPEC: no byte of the file outside the listed members, and no member inside another.
        if header.offset != expected:
            raise VerificationError(f"hidden bytes, or another order, before {header.name!r}")
        member = _member(source, header, following)
        if member.name in members:
            raise VerificationError(f"{member.name!r} occurs twice")
        members[member.name] = member
        expected = following
    if expected != directory.start:
        raise VerificationError("hidden bytes before the directory")
    if sum(member.size for member in members.values()) > (1 << 30) + MAX_TOTAL_RATIO * source.size:
        raise VerificationError("the members inflate to an unreasonable size")
    return Archive(source, members)


@dataclass(frozen=True, slots=True)
class _Directory:
    start: int
    size: int
    count: int


def _find_directory(source: Source) -> _Directory:
    """Read the end record, which must be the last 22 bytes of the file, and the zip64 one where there is one."""
    at = source.size - _END.size
    if at < 0:
        raise VerificationError("not a zip file: too short")
    magic, disk, first_disk, here, count, size, start, comment = _END.unpack(source.read_at(at, _END.size))
    # SPEC: nothing after the directory. A comment could hold a second archive, which other readers would find first.
    if magic != b"PK\5\6" or comment:
        raise VerificationError("not a zip file, cut off, or with a comment or bytes after its directory")
    if disk or first_disk or here != count:
        raise VerificationError("an archive of several disks")
    if _FULL16 in (here, count) or _FULL32 in (size, start):
        at, (count, size, start) = _find_directory64(source, at)
    if start + size != at:
        raise VerificationError("the directory does not end where the end record begins")
    if count > MAX_MEMBERS or size > MAX_DIRECTORY:
        raise VerificationError(f"{count} members in a directory of {size} bytes where {MAX_MEMBERS} in {MAX_DIRECTORY} are allowed")
    return _Directory(start, size, count)


def _find_directory64(source: Source, end: int) -> tuple[int, tuple[int, int, int]]:
    """Return where the zip64 end record begins, and its count, size and start of the directory."""
    at = end - _END64_LOCATOR.size - _END64.size
    if at < 0:
        raise VerificationError("no room for the zip64 end record")
    magic, disk, found, disks = _END64_LOCATOR.unpack(source.read_at(end - _END64_LOCATOR.size, _END64_LOCATOR.size))
    if (magic, disk, found, disks) != (b"PK\6\7", 0, at, 1):
        raise VerificationError("the zip64 end record is not where it has to be")
    magic, length, _made, _need, disk, first_disk, here, count, size, start = _END64.unpack(source.read_at(at, _END64.size))
    if (magic, length, disk, first_disk, here) != (b"PK\6\6", _END64.size - 12, 0, 0, count):
        raise VerificationError("bad zip64 end record")
    return at, (count, size, start)


def _central_headers(data: bytes, count: int) -> list[_Header]:
    headers: list[_Header] = []
    at = 0
    while len(headers) < count:
        if len(data) - at < _CENTRAL.size:
            raise VerificationError("the directory is cut off")
        fields = _CENTRAL.unpack_from(data, at)
        name_size, extra_size, comment_size = fields[10:13]
        at += _CENTRAL.size
        rest = data[at:at + name_size + extra_size]
        if comment_size or len(rest) != name_size + extra_size:
            raise VerificationError(f"the directory is cut off, or has a comment, at {rest[:name_size][:60]!r}")
        headers.append(_central_header(fields, rest[:name_size], rest[name_size:]))
        at += len(rest)
    if at != len(data):
        raise VerificationError("the directory holds more than its members")
    return headers


def _central_header(fields: tuple[Any, ...], raw_name: bytes, extra: bytes) -> _Header:
    magic, _made, _need, flags, method, time, date, crc, packed, size, *_lengths, disk, _internal, external, offset = fields
    size, packed, offset = _widen(extra, size, packed, offset)
    header = _Header(raw_name, flags, method, crc, packed, size, offset, (time, date))
    if magic != b"PK\1\2" or disk:
        raise VerificationError("bad directory row")
    # SPEC: a verifier refuses a link. Folders, devices and sockets too: a package holds plain files only.
    if stat.S_IFMT(external >> 16) not in (0, stat.S_IFREG) or external & _DOS_FOLDER:
        raise VerificationError(f"not a plain file: {header.name!r}")
    if flags & ~_FLAGS or method not in (_STORED, _DEFLATED):
        raise VerificationError(f"encrypted, or packed in a way that not every reader knows: {header.name!r}")
    if (method == _STORED and packed != size) or size > MAX_RATIO * packed:
        raise VerificationError(f"impossible size: {header.name!r}")
    return header


def _widen(extra: bytes, *fields: int) -> Iterator[int]:
    """Replace each saturated 32-bit field by its 64-bit value in the zip64 extra field, the only one allowed.

    Other extra fields (times, owners, Unicode names) are bytes that nothing protects, and a second name for a member.
    """
    count = fields.count(_FULL32)
    want = struct.pack("<2H", 1, 8 * count) if count else b""
    if extra[:4] != want or len(extra) != len(want) + 8 * count:
        raise VerificationError("an extra field that is not the zip64 one, or not of its shape")
    wide = iter(struct.unpack_from(f"<{count}Q", extra, len(want)))
    return (next(wide) if field == _FULL32 else field for field in fields)


def _member(source: Source, header: _Header, following: int) -> Member:
    """Compare the local header, and the data descriptor if there is one, with the directory's row."""
    fixed = source.read_at(header.offset, _LOCAL.size + len(header.raw_name))
    magic, _need, flags, method, time, date, crc, packed, size, name_size, extra_size = _LOCAL.unpack_from(fixed)
    if (magic, flags, method, (time, date)) != (b"PK\3\4", header.flags, header.method, header.modified):
        raise VerificationError(f"local header differs: {header.name!r}")
    if name_size != len(header.raw_name) or fixed[_LOCAL.size:] != header.raw_name:
        raise VerificationError(f"another name in the local header of {header.name!r}")
    data_at = header.offset + len(fixed) + extra_size
    size, packed = _widen(source.read_at(data_at - extra_size, extra_size), size, packed)
    later = bool(flags & _DESCRIPTOR) and (crc, packed, size) == (0, 0, 0)
    if not later and (crc, packed, size) != (header.crc, header.packed, header.size):
        raise VerificationError(f"sizes or CRC differ in the local header of {header.name!r}")
    gap = following - data_at - header.packed
    if gap < 0 or not _gap_is_right(source.read_at(following - gap, gap) if gap <= 24 else b"?", header):
        raise VerificationError(f"hidden bytes after {header.name!r}, or it overlaps the next member")
    return Member(header.name, header.size, header.packed, header.method == _DEFLATED, header.crc, data_at, extra_size > 0)


def _gap_is_right(gap: bytes, header: _Header) -> bool:
    """Tell whether the bytes between the data and the next header are the data descriptor that the flags announce."""
    if not header.flags & _DESCRIPTOR:
        return gap == b""
    # SPEC: APPNOTE 4.3.9: CRC and sizes of 4 or 8 bytes, with a signature or without.
    wide = struct.pack("<L2Q", header.crc, header.packed, header.size)
    narrow = struct.pack("<3L", header.crc, header.packed & _FULL32, header.size & _FULL32)
    fits = max(header.packed, header.size) <= _FULL32
    return any(gap in (body, b"PK\7\x08" + body) for body in ((narrow, wide) if fits else (wide,)))


def _packed(source: Source, member: Member) -> Iterator[bytes]:
    for at in range(0, member.packed, BLOCK):
        yield source.read_at(member.data_at + at, min(BLOCK, member.packed - at))


def _inflated(packed: Iterator[bytes], name: str) -> Iterator[bytes]:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in packed:
        waiting = piece
        while True:
            try:
                block = engine.decompress(waiting, BLOCK)
            except zlib.error as error:
                raise VerificationError(f"{name!r} does not inflate: {error}") from None
            # Output may wait inside the engine when all input is consumed; a full block is the sign of it.
            waiting = engine.unconsumed_tail
            if engine.unused_data:
                raise VerificationError(f"{name!r} is followed by bytes that do not belong to it")
            yield block
            if not waiting and len(block) < BLOCK:
                break
    if not engine.eof:
        raise VerificationError(f"{name!r} is cut off")
