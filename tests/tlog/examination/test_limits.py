"""Time and memory of an examination are bounded, whatever the package holds."""
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.databases import ROOT
from tests.evidence.package_fixture import START, Built, World, members_of, resealed, small_package
from tests.tlog.examination.in_memory import failures, report_on
from tlog import checks
from tlog.errors import VerificationError
from tlog.examination import exceptions
from tlog.examination.exceptions import parse_csv, parse_exceptions

PACKAGE = small_package()
MIB = 1 << 20


VERIFY = """
import re, sys
from tlog.__main__ import main
code = main(["verify", *sys.argv[1:]])
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)
"""


def examined_as_process(package: Path) -> tuple[int, int]:
    """Exit status and peak memory in MiB of the command line. The kernel's figure after a fork would include ours."""
    done = subprocess.run([sys.executable, "-c", VERIFY, str(package)], cwd=ROOT, capture_output=True, check=False)
    return done.returncode, int(done.stderr) // 1024


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_large_originals_are_hashed_with_flat_memory(tmp_path: Path, method: int) -> None:
    package = tmp_path / "package.asice"
    with zipfile.ZipFile(package, "w") as archive:
        for name, data in members_of(PACKAGE.data).items():
            archive.writestr(zipfile.ZipInfo(name), data)
        zeros = zipfile.ZipInfo("evidence/9/zeros")
        zeros.compress_type = method
        with archive.open(zeros, "w") as member:
            for _ in range(256):
                member.write(bytes(MIB))
    exit_code, peak_mib = examined_as_process(package)
    assert exit_code == 2
    assert peak_mib < 128


def test_exceptions_have_a_largest_number_of_rows() -> None:
    header, rows = b"record,item,reason\r\n", [b",a/%d.x,not-yet\r\n" % n for n in range(exceptions.MAX_ROWS + 1)]
    assert len(parse_exceptions(header + b"".join(rows[:-1]))) == exceptions.MAX_ROWS
    with pytest.raises(VerificationError, match="more than"):
        parse_exceptions(header + b"".join(rows))


def test_endless_cell_is_refused() -> None:
    with pytest.raises(VerificationError, match="field larger than field limit"):
        list(parse_csv(b"record,item,reason\r\n,\"" + b"a" * MIB, ("record", "item", "reason")))


def lines_run(act: Callable[[], object]) -> int:
    """How many lines of Python `act` runs, each turn of a loop counted: what time would say, on any machine and however busy it is."""
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return counting

    measuring = sys.gettrace()
    sys.settrace(counting)
    try:
        act()
    finally:
        sys.settrace(measuring)
    return count


def judge_growth(make: Callable[[int], Callable[[], object]], few: int) -> None:
    """Four times as much may take four times as long, and a tenth more; `make(number)` prepares what is then counted."""
    assert lines_run(make(4 * few)) < 4.4 * lines_run(make(few))


def test_a_count_that_grows_with_the_square_is_seen() -> None:
    def pairs(number: int) -> Callable[[], object]:
        return lambda: [(first, second) for first in range(number) for second in range(first)]

    with pytest.raises(AssertionError):
        judge_growth(pairs, 50)


def test_time_grows_with_the_number_of_rows_and_no_faster() -> None:
    def more_rows(rows: int) -> Callable[[], object]:
        members = members_of(PACKAGE.data)
        members["exceptions.csv"] += b"".join(b",log/1/tsa-%d.tst,tsa-unavailable\r\n" % n for n in range(rows))
        return lambda: examined(resealed(members), PACKAGE, exit_code=2)

    judge_growth(more_rows, 2_000)


def examined(data: bytes, package: Built, *, exit_code: int) -> None:
    assert report_on(data, package.trust).exit_code == exit_code


def test_equal_files_and_equal_claims_do_not_multiply() -> None:
    def equal_ones(number: int) -> Callable[[], object]:
        world = World()
        made = world.deposit({f"{n}.txt": b"" for n in range(number)})
        point = world.publish()
        package = world.pack(world.contents([world.record(made, point)], [world.folder(point)], scope="record"))
        members = members_of(package.data) | {f"evidence/1/copy {n}": b"" for n in range(10 * number)}
        return lambda: examined(resealed(members, stamp=world.stamp), package, exit_code=0)

    judge_growth(equal_ones, 100)


def test_case_of_many_records_is_examined_in_linear_time() -> None:
    def case_of(batches: int) -> Callable[[], object]:
        world = World(witnesses=3, threshold=2)
        folders, records = [], []
        for batch in range(1, batches + 1):
            made = [world.deposit({"a.txt": b"%d" % n}) for n in range(20)]
            at = START + timedelta(seconds=50 * batch)
            point = world.publish(at)
            folders.append(world.folder(point, at))
            records += [world.record(one, point) for one in made]
        package = world.pack(world.contents(records, folders))
        return lambda: examined(package.data, package, exit_code=0)

    judge_growth(case_of, 3)


def test_copies_of_a_checkpoint_are_refused_in_linear_time() -> None:
    members = members_of(PACKAGE.data)
    folder = {name.removeprefix("log/1/"): data for name, data in members.items() if name.startswith("log/1/")}

    def copies(number: int) -> Callable[[], object]:
        more = {f"log/{n}/{name}": data for n in range(2, number + 2) for name, data in folder.items()}
        return lambda: refused(resealed(members | more))

    judge_growth(copies, 30)


def refused(data: bytes) -> None:
    assert failures(report_on(data, PACKAGE.trust)) == {checks.LOG_FOLDERS, checks.TIMESTAMPS}
