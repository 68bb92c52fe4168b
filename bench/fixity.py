"""The scrub of stored originals against the digest that Python computes of the same files, on one core; and what a second one adds."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, ratio

ROOT = Path(__file__).resolve().parent.parent


def fixity_figures(size_mib: int) -> Iterator[Figure]:
    """`size_mib` MiB of originals, in files of 8 MiB."""
    with tempfile.TemporaryDirectory(prefix="cunzheng-bench-") as folder:
        environment = {**os.environ, "CUNZHENG_VAR": folder}
        done = subprocess.run(
            [sys.executable, "-m", "bench.scrub", folder, str(size_mib)], cwd=ROOT, env=environment, capture_output=True, check=True)
    one, bare, two = json.loads(done.stdout)
    value = ratio(one, bare)
    shown = f"{value:.2f} ({statistics.median(one) / 1e6:,.0f} against {statistics.median(bare) / 1e6:,.0f} MB/s)"
    yield Figure("fixity scrub of stored files, one worker", "hashlib.file_digest on one core", 0.7, "0.85", value, shown)
    value = ratio(two, one)
    yield Figure("fixity scrub, two workers", "one worker", 1.4, "", value, f"{value:.2f} ({statistics.median(two) / 1e6:,.0f} MB/s)")
