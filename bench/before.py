"""Batch deposits now against the code as it was before kinds, record keys and the trail's ends in the log, both running, in turn.

The earlier code comes from this repository's history and is measured by its own driver, with this checkout's packages. A checkout without
that history cannot measure this, and says so.
"""
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import PAIRS, Figure, ratio
from bench.service import ROOT

BEFORE = "af83cacd2f4d430cfd10422d5ddb5d05bbc1fc43"
PROGRAM = """
import sys
from bench.deposits import batches, records_per_second
from bench.service import service
with service(workers=2) as run:
    run.start_sequencer()
    for line in sys.stdin:
        print(records_per_second(run, batches(8)), flush=True)
        run.wait_until_published()
"""


def before_figures() -> Iterator[Figure]:
    now, then = [], []
    with earlier_checkout() as folder, driver(ROOT) as ours, driver(folder) as theirs:
        for turn in range(PAIRS + 1):
            found = measured(ours), measured(theirs)
            if turn:
                now.append(found[0])
                then.append(found[1])
    value = ratio(now, then)
    shown = f"{value:.2f} ({statistics.median(now):,.0f} against {statistics.median(then):,.0f} records/s)"
    yield Figure("batch deposit over HTTP, with kinds and custody", f"the code of {BEFORE[:7]}", 0.9, "1", value, shown)


@contextmanager
def earlier_checkout() -> Iterator[Path]:
    """The files of the commit, in a folder of their own. Raises FileNotFoundError where the history does not reach back to it."""
    with tempfile.TemporaryDirectory(prefix="cunzheng-before-") as folder:
        archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=False)
        if archive.returncode:
            raise FileNotFoundError(f"commit {BEFORE[:7]} is not in this checkout's history: fetch it with: git fetch --unshallow")
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


@contextmanager
def driver(checkout: Path) -> Iterator["subprocess.Popen[str]"]:
    """A service of this checkout that measures once for each line it is sent."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.communicate(timeout=60)


def measured(process: "subprocess.Popen[str]") -> float:
    """Records in a second."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())
