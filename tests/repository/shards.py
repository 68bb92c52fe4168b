"""The whole suite as several pytest processes, two at a time: on SQLite, measured, and where a database is told on PostgreSQL with Redis.

    python -m tests.repository.shards [--postgres URL --redis URL] [--at-once 2]

The shards share nothing: each test has a database, a folder and ports of its own, and each shard on PostgreSQL a database of Redis: the
one that is named and those below it, since counters of refused attempts stand there under the address, which all share. What a shard
printed is shown when it ends, whole if it failed; the failed tests of all are listed last. Coverage of the shards on SQLite is combined
into `.coverage`, which `make coverage` judges. The exit status is 1 when a shard failed, and 2 when a folder of tests has no shard.

The browser's tests need Chromium. On PostgreSQL run the rooms that a database can surprise: pages, programs, statutes, a
full disk and the pure rooms are the same on both, and so are accounts but for their constraints, which are among the invariants. Of the
API the contract runs on both, which asks every operation.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.databases import ROOT

# The longest first, so that none is left alone at the end.
SHARDS: dict[str, tuple[str, ...]] = {
    "browser": ("browser",),
    "drills": ("drills",),
    "deaths": ("faults",),
    "walks": ("ledger/test_faults.py",),
    "ledger": ("ledger", "vault"),
    "contract": ("api",),
    "people": ("accounts",),
    "start": ("repository/test_make_run.py",),
    "programs": ("repository", "sandbox", "flows", "proxy", "samples", "planted"),
    "evidence": ("evidence", "notifications"),
    "matrix": ("test_isolation.py", "test_invariants.py", "test_architecture.py", "row_security", "hostile", "cases"),
    "pages": ("portal", "config", "common"),
    "proofs": ("tlog", "witness", "law"),
}
ON_POSTGRES = (
    "faults/test_kills.py", "faults/test_outages.py", "faults/test_cut_connections.py", "faults/test_clients.py",
    "ledger", "vault", "api/test_contract.py", "evidence", "notifications", "test_isolation.py", "test_invariants.py", "row_security",
    "hostile", "cases", "common",
)
NOT_ON_POSTGRES = tuple(f"ledger/test_{name}.py" for name in ("agreement", "cosigning", "revocation", "timestamping", "tsa_drill"))
"""Of those, what is about servers of other people's and asks nothing of a database; making one takes longer there than most tests."""
UNMEASURED = {"browser", "deaths", "drills", "start", "walks"}
"""They look at whole installations from outside or do the same thousands of times; measured, they would take twice as long."""
NO_TESTS = {"__pycache__", "vectors"}
BROWSER = {"CUNZHENG_BROWSER": "yes"}
SAMPLES = {True: {"CUNZHENG_CONTRACT_EXAMPLES": "10"}, False: {"CUNZHENG_CONTRACT_EXAMPLES": "3"}}
"""How many bodies each operation of the contract is sent, measured or not: on PostgreSQL few, for what answers say is judged on SQLite."""
LAST_LINES = 45


@dataclass(frozen=True, slots=True)
class Shard:
    name: str
    parts: tuple[str, ...]
    environment: dict[str, str]
    measured: bool

    def run(self) -> tuple["Shard", int, str, float]:
        """(itself, exit status, what it printed, seconds)."""
        began = time.monotonic()
        words = [sys.executable, "-m", "pytest", "--durations=25", *(["--cov", "--cov-report="] if self.measured else [])]
        files = (part for parts in SHARDS.values() for part in parts if "/" in part)
        outside = NOT_ON_POSTGRES if "DATABASE_URL" in self.environment else ()
        left_out = [*outside, *(file for file in files if file.partition("/")[0] in self.parts)]
        elsewhere = (f"--ignore=tests/{file}" for file in left_out)
        done = subprocess.run([*words, *(f"tests/{part}" for part in self.parts), *elsewhere], cwd=ROOT, env=self.environment, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return self, done.returncode, done.stdout, time.monotonic() - began

    @property
    def data(self) -> Path:
        return ROOT / f".coverage-{self.name}"


def unplaced(tests: Path) -> set[str]:
    """Folders and files of tests that no shard names, and such names that are not there. A file below a folder has a shard of its own."""
    there = {path.name for path in tests.iterdir() if path.is_dir() or path.match("test_*.py")} - NO_TESTS
    return there ^ {part for parts in SHARDS.values() for part in parts if "/" not in part}


def on_postgres(parts: Sequence[str]) -> tuple[str, ...]:
    """What of a shard runs on PostgreSQL, too; a file where `ON_POSTGRES` names only that of its folder, or the shard only that."""
    files = (part for part in parts if "/" in part and part.partition("/")[0] in ON_POSTGRES)
    return (*(part for part in ON_POSTGRES if part in parts or part.partition("/")[0] in parts), *files)


def shards(postgres: str, redis: str) -> Iterator[Shard]:
    plain = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    server, _, database = redis.rpartition("/")
    for turn, (name, parts) in enumerate(SHARDS.items()):
        if name in UNMEASURED:
            yield Shard(name, parts, {**plain, **BROWSER}, measured=False)
        else:
            yield Shard(name, parts, {**plain, **SAMPLES[True], "COVERAGE_FILE": str(ROOT / f".coverage-{name}")}, measured=True)
        kept = on_postgres(parts)
        if postgres and kept:
            services = {"DATABASE_URL": postgres, "CELERY_BROKER_URL": f"{server}/{int(database) - turn}"}
            yield Shard(f"{name}-on-postgresql", kept, {**plain, **SAMPLES[False], **services}, measured=False)


def combine(measured: Sequence[Shard]) -> int:
    """Make `.coverage` of the shards' data; the exit status."""
    files = [str(shard.data) for shard in measured if shard.data.exists()]
    words = [sys.executable, "-m", "coverage", "combine", *files]
    return subprocess.run(words, cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.repository.shards")
    parser.add_argument("--postgres", default="")
    parser.add_argument("--redis", default="")
    parser.add_argument("--at-once", type=int, default=2)
    options = parser.parse_args(arguments)
    if wrong := unplaced(ROOT / "tests"):
        print(f"without a place in tests/repository/shards.py, or without tests: {', '.join(sorted(wrong))}")
        return 2
    # Whoever stops this stops its shards.
    os.setpgrp()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    chosen = list(shards(options.postgres, options.redis))
    failed: list[str] = []
    with ThreadPoolExecutor(options.at_once) as threads:
        for ended in as_completed([threads.submit(shard.run) for shard in chosen]):
            shard, status, said, seconds = ended.result()
            lines = said.splitlines()
            shown = lines if status else lines[-LAST_LINES:]
            print(f"\n---- {shard.name}: exit {status} after {seconds:.0f} s", *shown, sep="\n", flush=True)
            if status:
                named = [line for line in lines if re.match("(FAILED|ERROR) ", line)]
                failed += [f"{shard.name}: {line}" for line in named or [f"exit {status}"]]
    missing = combine([shard for shard in chosen if shard.measured])
    print("\n---- all shards", *(failed or ["passed"]), sep="\n", flush=True)
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
