"""The integrator alone, fsck from entry bundles, and the sequencer's memory; the work itself is in `bench.log_steps`."""
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench.figures import Figure, ratio
from bench.service import ROOT, Service, service


def log_figures(entries: int) -> Iterator[Figure]:
    """Integrator and fsck, each beside the bare loop over the same entries; then the log grows to `entries`."""
    with service() as run:
        rates = steps(run, "compare")["rates"]
    with service() as run:
        found = steps(run, "grow", str(entries))
    loop = "a bare compact-range loop of SHA-256 in Python"
    value = ratio(rates["integrator"], rates["loop"])
    shown = f"{value:.2f} ({statistics.median(rates['integrator']):,.0f} entries/s)"
    yield Figure("integrator alone (committed rows → tiles), fsync on, batches of 1,000", loop, 0.10, "0.15", value, shown)
    value = ratio(rates["whole"], rates["loop"])
    shown = f"{value:.2f} ({statistics.median(rates['whole']):,.0f} entries/s)"
    yield Figure("the whole sequencer (queue → committed rows → tiles)", loop, None, "", value, shown)
    value = ratio(rates["fsck"], rates["fsck_loop"])
    yield Figure("fsck from entry bundles", "the same compact-range loop", 0.2, "0.3", value, f"{value:.2f}")
    memory = found["memory_mib"]
    yield Figure(f"memory: sequencer at {found['entries']:,} entries", "–", 128, "flat", memory,
                 f"{memory:.0f} MiB ({memory - found['first_mib']:+.0f} since the beginning)", at_most=True)


def steps(run: Service, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.log_steps", *words], cwd=ROOT, env={**os.environ, **run.environment},
        check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
