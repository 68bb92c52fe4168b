"""The scrub of stored originals, decrypted, against the digest that Python computes of the same files; and what a second core adds."""
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
    one, bare, two, threads = json.loads(done.stdout)
    value = ratio(one, bare)
    shown = f"{value:.2f} ({statistics.median(one) / 1e6:,.0f} against {statistics.median(bare) / 1e6:,.0f} MB/s)"
    yield Figure("fixity scrub of encrypted originals, one process", "hashlib.file_digest on one core", 0.7, "0.85", value, shown)
    value = ratio(two, one)
    yield Figure("fixity scrub, two processes", "one process", 1.4, "", value, f"{value:.2f} ({statistics.median(two) / 1e6:,.0f} MB/s)")
    value = ratio(threads, one)
    shown = f"{value:.2f} ({statistics.median(threads) / 1e6:,.0f} MB/s)"
    yield Figure("fixity scrub, two threads of one process (`--workers 2`)", "one process", None, "", value, shown)
