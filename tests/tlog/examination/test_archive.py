"""The strict zip reader: every plain archive is read, every trick is refused."""
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.tlog.examination.in_memory import Memory
from tests.tlog.mutants import each_bit_flipped
from tlog.errors import VerificationError
from tlog.examination import archive
from tlog.examination.archive import open_archive

MEMBERS = {"one.txt": b"one", "目录/二.txt": b"two " * 50, "empty": b""}


class Pipe(io.RawIOBase):
    """A sink that cannot seek, which makes `zipfile` write data descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)

    def getvalue(self) -> bytes:
        return self.data


def zipped(
    members: Mapping[str, bytes] = MEMBERS, *, method: int = zipfile.ZIP_STORED, sink: Callable[[], Pipe | io.BytesIO] = io.BytesIO
) -> bytes:
    buffer = sink()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in members.items():
            made.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def contents(data: bytes) -> dict[str, bytes]:
    """Everything that the reader finds in an archive."""
    opened = open_archive(Memory(data))
    return {name: b"".join(opened.chunks(name)) for name in opened.members}


def directory_at(data: bytes) -> int:
    return int.from_bytes(data[-6:-2], "little")


def patched(data: bytes, at: int, layout: str, *values: object) -> bytes:
    piece = struct.pack(layout, *values)
    return data[:at] + piece + data[at + len(piece) :]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_members_are_read(method: int) -> None:
    assert contents(zipped(method=method)) == MEMBERS


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_streamed_members_with_data_descriptors_are_read(method: int) -> None:
    assert contents(zipped(method=method, sink=Pipe)) == MEMBERS


@pytest.mark.parametrize("sink", [io.BytesIO, Pipe])
def test_members_with_zip64_sizes_are_read(sink: Callable[[], Pipe | io.BytesIO]) -> None:
    buffer = sink()
    with zipfile.ZipFile(buffer, "w") as made, made.open(zipfile.ZipInfo("large"), "w", force_zip64=True) as member:
        member.write(b"not so large")
    assert contents(buffer.getvalue()) == {"large": b"not so large"}


def test_archive_of_70000_members_is_read() -> None:
    members = {f"{n}": b"" for n in range(70_000)}
    assert list(open_archive(Memory(zipped(members))).members) == list(members)


def test_archive_without_members_is_empty() -> None:
    assert contents(zipped({})) == {}


def test_large_member_is_read_in_blocks() -> None:
    data = bytes(3 * archive.BLOCK + 5)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        opened = open_archive(Memory(zipped({"zeros": data}, method=method)))
        sizes = [len(block) for block in opened.chunks("zeros")]
        assert max(sizes) <= archive.BLOCK
        assert sum(sizes) == len(data)


def test_read_refuses_more_than_its_limit() -> None:
    opened = open_archive(Memory(zipped()))
    assert opened.read("one.txt", 3) == b"one"
    with pytest.raises(VerificationError, match="3 bytes where 2 are allowed"):
        opened.read("one.txt", 2)


def test_every_truncation_is_refused() -> None:
    data = zipped(method=zipfile.ZIP_DEFLATED)
    for end in range(len(data)):
        with pytest.raises(VerificationError):
            contents(data[:end])


@pytest.mark.parametrize("data", [zipped(), zipped(method=zipfile.ZIP_DEFLATED), zipped(method=zipfile.ZIP_DEFLATED, sink=Pipe)])
def test_flipped_bit_is_refused_or_changes_no_member(data: bytes) -> None:
    changed = 0
    for mutant in each_bit_flipped(data):
        try:
            assert contents(mutant) == MEMBERS
        except VerificationError:
            changed += 1
    assert changed > 6 * len(data)


def test_bytes_before_between_and_after_members_are_refused() -> None:
    data = zipped()
    start = directory_at(data)
    second = data.index(b"PK\3\4", 4)
    for mutant in (
        b"#!/bin/sh\n" + data,
        data + b"\n",
        patched(data[:start] + b"hidden" + data[start:], -6, "<L", start + 6),
        data[:second] + b"hidden" + data[second:],
        b"hidden" + patched(zipped({}), 16, "<L", 6),
    ):
        with pytest.raises(VerificationError):
            contents(mutant)


def test_comments_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        info = zipfile.ZipInfo("one.txt")
        info.comment = b"look here"
        made.writestr(info, b"one")
    with pytest.raises(VerificationError, match="comment"):
        contents(buffer.getvalue())
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as made:
        made.comment = b"look here"
    with pytest.raises(VerificationError, match="comment"):
        contents(buffer.getvalue())


def test_name_that_occurs_twice_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("one.txt", b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("one.txt", b"two")
    with pytest.raises(VerificationError, match="occurs twice"):
        contents(buffer.getvalue())


def test_directory_in_another_order_than_the_members_is_refused() -> None:
    data = zipped({"a": b"1", "b": b"2"})
    start, end = directory_at(data), len(data) - 22
    half = (start + end) // 2
    with pytest.raises(VerificationError, match="another order"):
        contents(data[:start] + data[half:end] + data[start:half] + data[end:])


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_links_folders_and_devices_are_refused(mode: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        info = zipfile.ZipInfo("innocent")
        info.external_attr = (mode | 0o777) << 16
        made.writestr(info, b"/etc/passwd")
    with pytest.raises(VerificationError, match="not a plain file"):
        contents(buffer.getvalue())


def test_extra_fields_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        info = zipfile.ZipInfo("one.txt")
        info.extra = struct.pack("<2HL", 0x5455, 4, 0)
        made.writestr(info, b"one")
    with pytest.raises(VerificationError, match="extra field"):
        contents(buffer.getvalue())


# Offsets in a directory row: 8 flags, 10 method, 12 time, 16 CRC, 20 packed, 24 size, 28 name length, 34 disk, 42 offset.
# In a local header: 6 flags, 8 method, 14 CRC, 18 packed, 22 size, 26 name length. In the end record, from its start: 4 disk,
# 6 first disk, 8 rows here, 10 rows, 12 size, 16 start.
@pytest.mark.parametrize(
    ("place", "at", "layout", "value", "reason"),
    [
        ("row", 0, "<4s", b"PK\1\3", "bad directory row"),
        ("row", 8, "<H", 1, "encrypted"),
        ("row", 8, "<H", 0x2000, "encrypted"),
        ("row", 10, "<H", 12, "not every reader knows"),
        ("row", 12, "<H", 77, "local header differs"),
        ("row", 16, "<L", 0, "sizes or CRC differ"),
        ("row", 20, "<L", 4, "impossible size"),
        ("row", 28, "<H", 900, "cut off"),
        ("row", 34, "<H", 1, "bad directory row"),
        ("row", 42, "<L", 1, "hidden bytes"),
        ("local", 0, "<4s", b"PK\3\3", "local header differs"),
        ("local", 6, "<H", 0x800, "local header differs"),
        ("local", 8, "<H", 8, "local header differs"),
        ("local", 14, "<L", 0, "sizes or CRC differ"),
        ("local", 26, "<H", 6, "another name"),
        ("local", 30, "<3s", b"two", "another name"),
        ("end", 4, "<H", 1, "several disks"),
        ("end", 6, "<H", 1, "several disks"),
        ("end", 8, "<H", 2, "several disks"),
        ("end", 8, "<2H", (2, 2), "more than its members"),
        ("end", 8, "<2H", (4, 4), "the directory is cut off"),
        ("end", 12, "<L", 1, "does not end where"),
        ("end", 16, "<L", 0xFFFFFFFF, "zip64 end record"),
    ],
)
def test_field_that_lies_is_refused(place: str, at: int, layout: str, value: object, reason: str) -> None:
    data = zipped()
    start = {"row": directory_at(data), "local": 0, "end": len(data) - 22}[place]
    values = value if isinstance(value, tuple) else (value,)
    with pytest.raises(VerificationError, match=reason):
        contents(patched(data, start + at, layout, *values))


def test_end_record_alone_cannot_ask_for_zip64() -> None:
    with pytest.raises(VerificationError, match="no room for the zip64 end record"):
        contents(patched(zipped({}), 16, "<L", 0xFFFFFFFF))


def with_zip64_end(*, magic: bytes = b"PK\6\6", length: int = 44, here: int = 3, locator_disks: int = 1) -> bytes:
    data = zipped()
    start, end = directory_at(data), len(data) - 22
    record = struct.pack("<4sQ2H2L4Q", magic, length, 45, 45, 0, 0, here, 3, end - start, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, locator_disks)
    last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:end] + record + locator + last


def test_zip64_end_record_is_read_and_its_lies_are_refused() -> None:
    assert contents(with_zip64_end()) == MEMBERS
    for mutant in (with_zip64_end(magic=b"PK\6\5"), with_zip64_end(length=45), with_zip64_end(here=2), with_zip64_end(locator_disks=2)):
        with pytest.raises(VerificationError, match="zip64 end record"):
            contents(mutant)


def test_too_many_members_or_too_large_a_directory_is_refused_before_it_is_read() -> None:
    data = zipped()
    for fields in ((200_000, 100, 0), (10, 1 << 40, 0)):
        count, size, start = fields
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(data), 1)
        last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        source = Sparse(data + record + locator + last, size + start)
        with pytest.raises(VerificationError, match="are allowed"):
            open_archive(source)


class Sparse:
    """A file whose directory would be as large as it says, without the bytes."""

    def __init__(self, tail: bytes, directory_end: int) -> None:
        place = tail.index(b"PK\6\6")
        # The locator has to name the place of the zip64 record in this large file.
        locator = tail.index(b"PK\6\7")
        self.tail = patched(tail, locator + 8, "<Q", directory_end)[place:]
        self.size = directory_end + len(self.tail)

    def read_at(self, offset: int, length: int) -> bytes:
        at = offset - (self.size - len(self.tail))
        assert at >= 0, "the directory itself was read"
        return self.tail[at : at + length]


def test_name_that_is_not_utf8_is_refused() -> None:
    data = zipped({"ab": b"1"}).replace(b"ab", b"\xff\xfe")
    with pytest.raises(VerificationError, match="not UTF-8"):
        contents(data)


def deflated_with(packed: bytes, size: int, crc: int) -> bytes:
    """An archive with one deflated member of these raw bytes."""
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(packed), size, 1, 0) + b"x" + packed
    row = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(packed), size, 1, 0, 0, 0, 0, 0, 0) + b"x"
    return local + row + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(row), len(local), 0)


def deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


def test_damaged_deflate_streams_are_refused() -> None:
    data = b"evidence " * 99
    packed, crc = deflate(data), zlib.crc32(data)
    assert contents(deflated_with(packed, len(data), crc)) == {"x": data}
    for mutant, reason in (
        (deflated_with(packed + b"hidden", len(data), crc), "followed by bytes"),
        (deflated_with(packed[:-1], len(data), crc), "cut off|CRC differs"),
        (deflated_with(b"\xff" + packed, len(data), crc), "does not inflate"),
        (deflated_with(packed, len(data) - 1, crc), "longer than the directory says"),
        (deflated_with(packed, len(data) + 1, crc), "size or CRC differs"),
        (deflated_with(packed, len(data), crc ^ 1), "size or CRC differs"),
        (deflated_with(b"", 0, 0), "cut off"),
    ):
        with pytest.raises(VerificationError, match=reason):
            contents(mutant)


def test_bytes_after_the_end_of_a_deflate_stream_in_a_later_block_are_refused() -> None:
    engine = zlib.compressobj(0, wbits=-15)
    data = bytes(archive.BLOCK)
    packed = engine.compress(data) + engine.flush()
    first = packed + bytes(2 * archive.BLOCK - len(packed))
    with pytest.raises(VerificationError, match="followed by bytes"):
        contents(deflated_with(first, len(data), zlib.crc32(data)))


def test_bombs_are_refused_by_their_directory() -> None:
    packed = deflate(bytes(1000))
    with pytest.raises(VerificationError, match="impossible size"):
        contents(deflated_with(packed, 1 << 30, 0))
    with pytest.raises(VerificationError, match="unreasonable size"):
        contents(deflated_with(bytes(3 << 20), 3 << 30, 0))


def test_data_descriptor_that_lies_is_refused() -> None:
    data = zipped({"a": b"one"}, sink=Pipe)
    at = data.index(b"PK\7\x08")
    without_signature = data[:at] + data[at + 4 :]
    start = directory_at(data) - 4
    assert contents(patched(without_signature, len(without_signature) - 6, "<L", start)) == {"a": b"one"}
    with pytest.raises(VerificationError, match="hidden bytes after"):
        contents(patched(data, at + 4, "<L", 0))
