"""Time and memory of an examination are bounded, whatever the package holds."""
import subprocess
import sys
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.evidence.package_fixture import START, World, members_of, resealed, small_package
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


@pytest.mark.parametrize("rows", [5_000, 50_000])
def test_time_grows_with_the_number_of_rows_and_no_faster(rows: int) -> None:
    members = members_of(PACKAGE.data)
    members["exceptions.csv"] += b"".join(b",log/1/tsa-%d.tst,tsa-unavailable\r\n" % n for n in range(rows))
    began = time.process_time()
    assert report_on(resealed(members), PACKAGE.trust).exit_code == 2
    assert time.process_time() - began < 5


def test_equal_files_and_equal_claims_do_not_multiply() -> None:
    world = World()
    made = world.deposit({f"{n}.txt": b"" for n in range(1000)})
    point = world.publish()
    package = world.pack(world.contents([world.record(made, point)], [world.folder(point)], scope="record"))
    members = members_of(package.data) | {f"evidence/1/copy {n}": b"" for n in range(20_000)}
    began = time.process_time()
    assert report_on(resealed(members, stamp=world.stamp), package.trust).exit_code == 0
    assert time.process_time() - began < 10


def test_case_of_five_hundred_records_is_examined_in_seconds() -> None:
    world = World(witnesses=3, threshold=2)
    folders, records = [], []
    for batch in range(1, 11):
        made = [world.deposit({"a.txt": b"%d" % n}) for n in range(50)]
        at = START + timedelta(seconds=50 * batch)
        point = world.publish(at)
        folders.append(world.folder(point, at))
        records += [world.record(one, point) for one in made]
    package = world.pack(world.contents(records, folders))
    began = time.process_time()
    assert report_on(package.data, package.trust).exit_code == 0
    assert time.process_time() - began < 10


def test_copies_of_a_checkpoint_are_refused_in_linear_time() -> None:
    members = members_of(PACKAGE.data)
    folder = {name.removeprefix("log/1/"): data for name, data in members.items() if name.startswith("log/1/")}
    copies = {f"log/{n}/{name}": data for n in range(2, 600) for name, data in folder.items()}
    began = time.process_time()
    assert failures(report_on(resealed(members | copies), PACKAGE.trust)) == {checks.LOG_FOLDERS, checks.TIMESTAMPS}
    assert time.process_time() - began < 10


