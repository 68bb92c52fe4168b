"""The examiner on bytes in memory, so that a thousand damaged packages need no file."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.evidence.package_fixture import NOW
from tlog.errors import VerificationError
from tlog.examination.examiner import examine
from tlog.examination.manifest import Digest
from tlog.report import FAILED, NOT_CHECKED, Report


@dataclass(frozen=True, slots=True)
class Memory:
    """A source of bytes."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        if not 0 <= offset <= offset + length <= len(self.data):
            raise VerificationError("the file ends too early")
        return self.data[offset : offset + length]


def report_on(
    data: bytes, trust: Mapping[str, bytes] | None, *, given: Mapping[str, Digest] | None = None, now: datetime | None = NOW
) -> Report:
    """Examine a package in memory."""
    return examine(Memory(data), trust=trust, given=given or {}, now=now)


def failures(report: Report) -> set[str]:
    """The names of the checks that failed."""
    return {check.name for check in report.checks if check.outcome == FAILED}


def left_open(report: Report) -> set[str]:
    """The names of the required checks that were not made."""
    return {check.name for check in report.checks if check.outcome == NOT_CHECKED and check.required}
