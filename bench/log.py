"""The integrator alone, fsck from entry bundles, and the sequencer's memory; the work itself is in `bench.log_steps`."""
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator

from bench.figures import Figure, ratio
from bench.service import ROOT, service


def log_figures(entries: int) -> Iterator[Figure]:
    """Integrate `entries` in six parts, each beside the bare loop over the same entries; then fsck all of them."""
    with service() as run:
        done = subprocess.run(
            [sys.executable, "-m", "bench.log_steps", str(entries)], cwd=ROOT, env={**os.environ, **run.environment},
            check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    rates = found["rates"]
    value = ratio(rates["integrator"], rates["loop"])
    shown = f"{value:.2f} ({statistics.median(rates['integrator']):,.0f} entries/s)"
    loop = "a bare compact-range loop of SHA-256 in Python"
    yield Figure("integrator alone, fsync on, batches of 1,000", loop, 0.10, "0.15", value, shown)
    value = ratio(rates["fsck"], rates["fsck_loop"])
    yield Figure("fsck from entry bundles", "the same compact-range loop", 0.2, "0.3", value, f"{value:.2f}")
    memory = found["memory_mib"]
    yield Figure(f"memory: integrator after {found['entries']:,} entries", "–", 128, "flat", memory, f"{memory:.0f} MiB", at_most=True)
