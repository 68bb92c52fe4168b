"""The package that the service writes: a plain zip that streams, safe names and cells, and nothing missing without its row."""
import csv
import io
import os
import re
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from evidence.packages.archive import OriginalDiffers, stream_package
from evidence.packages.contents import LogFolder, Original, PackageContents, Reason, Renewal, Stamp
from evidence.packages.zip_stream import ZipStream
from tests.evidence.package_fixture import FILES, NOW, World, blocks_of, members_of, small_case
from tests.tlog.examination.in_memory import report_on
from tlog.examination.archive import open_archive
from tlog.examination.catalogue import COLUMNS
from tlog.package import FileSource
from tlog.report import Report

WORLD, CONTENTS = small_case()


def written(contents: PackageContents) -> bytes:
    return WORLD.pack(contents).data


def examined(contents: PackageContents) -> Report:
    return report_on(written(contents), WORLD.trust())


def table(data: bytes, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(members_of(data)[name].decode("utf-8-sig"), newline=""), strict=True))


# the archive


def test_archive_is_asic_e_and_stock_tools_read_it(tmp_path: Path) -> None:
    data = written(CONTENTS)
    assert data[30:38] == b"mimetype"
    assert data[38:69] == b"application/vnd.etsi.asic-e+zip"
    (tmp_path / "package.asice").write_bytes(data)
    done = subprocess.run(["unzip", "-t", "package.asice"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert (infos[0].filename, infos[0].compress_type, infos[0].extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert all(info.compress_type == zipfile.ZIP_STORED for info in infos if info.filename.startswith("evidence/"))
    assert [info.filename for info in infos[-4:]] == ["exceptions.csv", "SHA256SUMS", "META-INF/ASiCManifest.xml", "META-INF/timestamp.tst"]


def test_same_contents_give_same_bytes_but_for_the_stamp() -> None:
    token = WORLD.stamp(bytes(32))
    once, again = (b"".join(stream_package(CONTENTS, stamp=lambda _: token)) for _ in range(2))
    assert once == again


def test_stamp_is_asked_once_for_the_digest_of_the_manifest() -> None:
    asked: list[bytes] = []

    def stamp(digest: bytes) -> bytes:
        asked.append(digest)
        return WORLD.stamp(digest)

    assert report_on(WORLD.pack(CONTENTS, stamp=stamp).data, WORLD.trust()).exit_code == 0
    assert len(asked) == 1


def test_without_answer_of_an_authority_the_row_says_so_and_the_lists_hold() -> None:
    data = WORLD.pack(CONTENTS, stamp=lambda _: None).data
    assert "META-INF/timestamp.tst" not in members_of(data)
    assert ["", "META-INF/timestamp.tst", "tsa-unavailable"] in table(data, "exceptions.csv")
    assert report_on(data, WORLD.trust()).exit_code == 3


def test_originals_are_opened_when_their_turn_comes_and_pass_in_blocks() -> None:
    opened: list[str] = []

    def opening(name: str, data: bytes) -> Iterator[bytes]:
        opened.append(name)
        yield from blocks_of(data, 100)()

    first, second = CONTENTS.records
    originals = [Original(name, partial(opening, name, data)) for name, data in WORLD.deposits[0].files.items()]
    stream = stream_package(replace(CONTENTS, records=[replace(first, originals=originals), second]), stamp=WORLD.stamp)
    seen = b""
    for piece in stream:
        seen += piece
        assert (b"evidence/1/" in seen) >= bool(opened)
    assert opened == ["files/1", "files/2"]
    assert report_on(seen, WORLD.trust()).exit_code == 0


def test_large_original_passes_with_flat_memory() -> None:
    world, size = World(), 64 << 20
    made = world.deposit({"video.mp4": bytes(size)})
    point = world.publish()
    record = replace(world.record(made, point), originals=[Original("files/1", lambda: (bytes(1 << 16) for _ in range(size >> 16)))])
    contents = world.contents([record], [world.folder(point)], scope="record")
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in stream_package(contents, stamp=world.stamp)) > size
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("blocks", [[b"RIFF"], [b""], [], [b"%PDF-1.7 demanD"], [b"%PDF-1.7 demand", b"x"]])
def test_original_that_is_not_as_deposited_breaks_the_stream(blocks: list[bytes]) -> None:
    first, second = CONTENTS.records
    broken = replace(second, originals=[Original("files/1", lambda: blocks)])
    with pytest.raises(OriginalDiffers, match="催款函"):
        written(replace(CONTENTS, records=[first, broken]))


def test_original_with_another_sm3_breaks_the_stream() -> None:
    world = World()
    made = world.deposit({"a.txt": b"a"})
    point = world.publish()
    record = world.record(made, point)
    claim = next(claim for claim in record.claims if claim.name == "files/1")
    forged = replace(claim, data=re.sub(rb'"sm3":"[0-9a-f]{64}"', b'"sm3":"' + b"0" * 64 + b'"', claim.data))
    records = [replace(record, claims=[forged if c.name == "files/1" else c for c in record.claims])]
    with pytest.raises(OriginalDiffers):
        world.pack(world.contents(records, [world.folder(point)], scope="record"))


# zip64


def sparse(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file without storing its zeros."""
    with path.open("wb") as file:
        for piece in pieces:
            if piece.count(0) == len(piece) and len(piece) > 4096:
                file.seek(len(piece), os.SEEK_CUR)
            else:
                file.write(piece)


@pytest.mark.slow
def test_member_of_more_than_4_gib_is_written_and_read_back(tmp_path: Path) -> None:
    size, block = (4 << 30) + 5, bytes(1 << 20)

    def zeros() -> Iterator[bytes]:
        yield from (block for _ in range(size >> 20))
        yield bytes(size & 0xFFFFF)

    def archive() -> Iterator[bytes]:
        stream = ZipStream(NOW)
        yield from stream.add("before", b"1")
        yield from stream.add_stream("large", zeros(), size)
        yield from stream.add_stream("after", [b"2"], 1)
        yield from stream.add("last", b"3")
        yield from stream.finish()

    sparse(tmp_path / "large.zip", archive())
    with zipfile.ZipFile(tmp_path / "large.zip") as read:
        assert [(info.filename, info.file_size) for info in read.infolist()] == [("before", 1), ("large", size), ("after", 1), ("last", 1)]
        assert (read.read("after"), read.read("last")) == (b"2", b"3")
    with (tmp_path / "large.zip").open("rb") as file:
        opened = open_archive(FileSource(file, (tmp_path / "large.zip").stat().st_size))
        assert opened.members["large"].size == size
        assert b"".join(opened.chunks("last")) == b"3"
    listed = subprocess.run(["unzip", "-Z1", "large.zip"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["before", "large", "after", "last"]


def test_archive_of_more_than_65535_members_is_written_and_read_back() -> None:
    stream = ZipStream(NOW)
    data: list[bytes] = []
    for n in range(65_536):
        data += stream.add(f"{n}", b"")
    archive = b"".join([*data, *stream.finish()])
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert len(read.infolist()) == 65_536


def test_stream_of_another_length_than_announced_is_an_error() -> None:
    for blocks in ([b"1"], [b"123"]):
        with pytest.raises(ValueError, match="were announced"):
            list(ZipStream(NOW).add_stream("a", blocks, 2))


# what is in it


def test_exhibits_are_numbered_by_record_in_the_order_of_the_case() -> None:
    reversed_contents = replace(CONTENTS, records=CONTENTS.records[::-1])
    names = [name for name in members_of(written(reversed_contents)) if name.startswith("evidence/")]
    assert names == ["evidence/1/通话录音 0755.wav", "evidence/1/通话清单.json", "evidence/2/催款函.pdf"]
    assert examined(reversed_contents).exit_code == 0


def test_records_of_several_cases_stand_in_the_order_of_their_numbers() -> None:
    world = World()
    made = [world.deposit({"a": b"%d" % n}, ref=f"{n:032x}") for n in range(5)]
    point = world.publish()
    package = world.pack(world.contents([world.record(one, point) for one in made], [world.folder(point)], scope="selection"))
    rows = table(package.data, "catalogue.csv")[1:]
    assert [row[1] for row in rows] == sorted(one.number for one in made)
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5"]


def test_catalogue_says_what_the_claims_say() -> None:
    rows = table(written(CONTENTS), "catalogue.csv")
    first = dict(zip(rows[0], rows[1], strict=True))
    recording = FILES["通话录音 0755.wav"]
    assert first["file"] == "evidence/1/通话录音 0755.wav"
    assert (first["title"], first["kind"], first["source"]) == ("催收通话录音", "call_recording", "crm")
    assert first["proves"] == "债务人已收到催收通知"
    assert (first["size_bytes"], first["pages"], first["deposited_at"]) == (str(len(recording)), "1", "2026-03-02T16:00:00.123+08:00")
    assert tuple(rows[0]) == COLUMNS
    assert members_of(written(CONTENTS))["catalogue.csv"].startswith("\ufeff".encode())


def test_a_source_that_nobody_gave_is_said_to_be_missing_and_one_that_is_withheld_is_not_spoken_of() -> None:
    world = World()
    made = world.deposit({"a.txt": b"a"}, source_system=None), world.deposit({"b.txt": b"b"})
    point = world.publish()
    records = [world.record(made[0], point), world.record(made[1], point, withheld={"provenance": "withheld"})]
    head, *rows = table(world.pack(world.contents(records, [world.folder(point)])).data, "catalogue.csv")
    assert [dict(zip(head, row, strict=True))["source"] for row in rows] == ["未提供", ""]


def test_everything_absent_has_its_row() -> None:
    point = WORLD.publish()
    first = WORLD.record(WORLD.deposits[0], point, withheld={"subject": "withheld", "files/2": "erased"}, absent={"files/1": "quarantined"})
    logs = [replace(CONTENTS.logs[0], unavailable=["tsa-b"])]
    data = written(replace(CONTENTS, records=[first, CONTENTS.records[1]], logs=logs))
    assert table(data, "exceptions.csv") == [
        ["record", "item", "reason"],
        ["", "certificate.pdf", "not-yet"],
        ["", "catalogue.pdf", "not-yet"],
        ["", "verify.html", "not-yet"],
        [first.number, "subject", "withheld"],
        [first.number, "files/2", "erased"],
        [first.number, "evidence/1/通话录音 0755.wav", "quarantined"],
        ["", "log/1/tsa-b.tst", "tsa-unavailable"],
    ]
    row = table(data, "catalogue.csv")[1]
    assert (row[2], row[4]) == ("", "evidence/1/通话录音 0755.wav")


def test_erased_record_keeps_a_bare_row_in_the_catalogue() -> None:
    names: dict[str, Reason] = {claim.name: "erased" for claim in WORLD.deposits[0].claims}
    first = WORLD.record(WORLD.deposits[0], WORLD.publish(), withheld=names)
    rows = table(written(replace(CONTENTS, records=[first, CONTENTS.records[1]], scope="selection", case_head=None)), "catalogue.csv")
    assert rows[1][:5] == ["1", first.number, "", "", ""]


def test_stamps_revocation_data_and_renewals_go_where_a_verifier_looks_for_them() -> None:
    folder = replace(
        CONTENTS.logs[0],
        stamps={"tsa-a": Stamp(b"token", crl=b"list", ocsp=b"answer")},
        renewals=[Renewal(b"listing 1", b"path 1", b"token 1"), Renewal(b"listing 2", b"path 2", b"token 2")],
    )
    first, second = CONTENTS.records
    members = members_of(written(replace(CONTENTS, logs=[folder], records=[replace(first, stamps={"tsa-b": b"own"}), second])))
    assert members[f"records/{first.number}/tsa-b.tst"] == b"own"
    assert (members["log/1/tsa-a.tst"], members["log/1/tsa-a.crl"], members["log/1/tsa-a.ocsp"]) == (b"token", b"list", b"answer")
    assert [members[f"log/1/renewal-2.{end}"] for end in ("txt", "json", "tst")] == [b"listing 2", b"path 2", b"token 2"]


def test_log_folders_ascend_by_size() -> None:
    world = World()
    first = world.deposit({"a": b"a"})
    small = world.publish()
    second = world.deposit({"b": b"b"})
    large = world.publish()
    records = [world.record(first, small), world.record(second, large)]
    package = world.pack(world.contents(records, [world.folder(large), world.folder(small)]))
    assert members_of(package.data)["log/1/checkpoint.txt"] == small.text.encode()
    assert report_on(package.data, package.trust).exit_code == 0


WRONG: list[tuple[str, PackageContents]] = [
    ("0 records", replace(CONTENTS, records=[])),
    ("scope record", replace(CONTENTS, scope="record", case_head=None)),
    ("case head", replace(CONTENTS, case_head=None)),
    ("case head", replace(CONTENTS, scope="selection")),
    ("trust files", replace(CONTENTS, trust={})),
    ("trust files", replace(CONTENTS, trust={name: data for name, data in CONTENTS.trust.items() if not name.startswith("tsa/")})),
    ("without a stamp", replace(CONTENTS, logs=[LogFolder(CONTENTS.logs[0].note, {})])),
    ("authority's id", replace(CONTENTS, logs=[replace(CONTENTS.logs[0], unavailable=["TSA"])])),
    ("authority's id", replace(CONTENTS, logs=[replace(CONTENTS.logs[0], unavailable=["renewal-1"])])),
    ("disclosed or withheld", replace(CONTENTS, records=[replace(CONTENTS.records[0], claims=CONTENTS.records[0].claims[1:])])),
    ("disclosed or withheld", replace(CONTENTS, records=[replace(CONTENTS.records[0], withheld={"case": "withheld"})])),
    ("has its original", replace(CONTENTS, records=[replace(CONTENTS.records[0], originals=[])])),
    ("or has a reason", replace(CONTENTS, records=[replace(CONTENTS.records[1], originals=[Original("files/1", None)])])),
    ("or has a reason", replace(CONTENTS, records=[replace(CONTENTS.records[1], originals=[Original("files/1", list, reason="erased")])])),
]


@pytest.mark.parametrize(("reason", "contents"), WRONG, ids=[f"{n} {row[0]}" for n, row in enumerate(WRONG)])
def test_parts_that_make_no_package_are_refused_before_a_byte_is_sent(reason: str, contents: PackageContents) -> None:
    with pytest.raises(ValueError, match=reason):
        stream_package(contents, stamp=WORLD.stamp)
