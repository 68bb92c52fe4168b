"""What the examiner does with containers that are no package, or too large, or that change under its hands."""
import io
import zipfile
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.package_fixture import members_of, resealed, small_case, small_package, zipped
from tests.tlog.examination.in_memory import Memory, failures, left_open, report_on
from tlog import checks
from tlog.examination.container import ESSENTIAL, size_limit
from tlog.examination.examiner import examine
from tlog.report import FAILED, Report

PACKAGE = small_package()
MEMBERS = members_of(PACKAGE.data)


def why(report: Report) -> str:
    return "; ".join(check.reason for check in report.checks if check.outcome == FAILED)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_container(data: bytes) -> None:
    assert failures(report_on(data, PACKAGE.trust)) == {checks.CONTAINER}


@pytest.mark.parametrize("name", ESSENTIAL[1:])
def test_without_its_essential_members_nothing_can_be_said(name: str) -> None:
    report = report_on(zipped({other: data for other, data in MEMBERS.items() if other != name}), PACKAGE.trust)
    assert failures(report) == {checks.MEMBERS}
    assert name in why(report)
    assert {check.name for check in report.checks} <= {checks.CONTAINER, checks.MEMBERS}


def deflated(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def forced_zip64() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in MEMBERS.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                member.write(data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped({}), "stored mimetype"),
        (zipped({name: MEMBERS[name] for name in sorted(MEMBERS)}), "stored mimetype"),
        (zipped({"mimetype ": b"", **MEMBERS}), "stored mimetype"),
        (deflated(MEMBERS), "stored mimetype"),
        (forced_zip64(), "stored mimetype"),
        (zipped({**MEMBERS, "mimetype": b"application/zip"}), "mimetype is not that of ASiC-E"),
        (zipped({**MEMBERS, "mimetype": MEMBERS["mimetype"] + b"\n"}), "mimetype is not that of ASiC-E"),
        (zipped({**MEMBERS, "mimetype": bytes(5000)}), "5000 bytes where 1024 are allowed"),
    ],
)
def test_container_that_is_not_asic_e_is_refused(data: bytes, reason: str) -> None:
    report = report_on(data, PACKAGE.trust)
    assert checks.CONTAINER in failures(report)
    assert reason in why(report)


@pytest.mark.parametrize(
    "name", ["package.json", "records/CZ-20261123-4K7QM-X2R9D-0/entry.txt", "log/1/tsa-a.tst", "log/9/x.crl", "VERIFY.txt"]
)
def test_member_that_is_too_large_to_be_held_is_refused_before_it_is_read(name: str) -> None:
    limit = size_limit(name)
    assert limit is not None
    members = {key: data for key, data in MEMBERS.items() if key != "mimetype"} | {name: bytes(limit + 1)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), MEMBERS["mimetype"])
        for key, data in members.items():
            archive.writestr(zipfile.ZipInfo(key), data, zipfile.ZIP_DEFLATED if key == name else zipfile.ZIP_STORED)
    report = report_on(buffer.getvalue(), PACKAGE.trust)
    assert failures(report) == {checks.CONTAINER}
    assert f"where {limit} are allowed" in why(report)


def test_damaged_member_is_found_by_its_crc() -> None:
    at = PACKAGE.data.index(b"%PDF-1.7 demand")
    report = report_on(PACKAGE.data[:at] + b"x" + PACKAGE.data[at + 1 :], PACKAGE.trust)
    assert failures(report) == {checks.CONTAINER}
    assert "damaged" in why(report)


def test_file_that_ends_in_the_middle_is_refused() -> None:
    for end in range(0, len(PACKAGE.data), 997):
        assert failures(report_on(PACKAGE.data[:end], PACKAGE.trust)) == {checks.CONTAINER}


@dataclass
class Changing:
    """A file in which one byte changes after it was read so many times."""

    memory: Memory
    reads: int
    at: int

    @property
    def size(self) -> int:
        return self.memory.size

    def read_at(self, offset: int, length: int) -> bytes:
        data = self.memory.read_at(offset, length)
        if offset <= self.at < offset + length:
            self.reads -= 1
            if self.reads >= 0:
                return data
            return data[: self.at - offset] + b"\xff" + data[self.at - offset + 1 :]
        return data


def test_file_that_changes_while_it_is_read_is_refused() -> None:
    data = zipped(MEMBERS)
    at = data.rindex(MEMBERS["log/1/checkpoint"])
    whole = Changing(Memory(data), reads=10**9, at=at)
    assert examine(whole, trust=PACKAGE.trust, given={}, now=None).exit_code == 3
    report = examine(Changing(Memory(data), reads=1, at=at), trust=PACKAGE.trust, given={}, now=None)
    assert "reading again: 'log/1/checkpoint' is damaged" in why(report)


def test_failed_claim_leaves_it_open_which_files_belong_here() -> None:
    name = next(name for name in MEMBERS if name.endswith("claims/files-1.salt"))
    world, _ = small_case()
    report = report_on(resealed({**MEMBERS, name: bytes(32)}, stamp=world.stamp), PACKAGE.trust)
    assert failures(report) == {checks.CLAIMS}
    assert left_open(report) == {checks.ORIGINALS, checks.CASE_COMPLETE}
