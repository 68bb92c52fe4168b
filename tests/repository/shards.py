"""The whole suite as several pytest processes, two at a time: on SQLite, measured, and where a database is told on PostgreSQL with Redis.

    python -m tests.repository.shards [--postgres URL --redis URL] [--at-once 2]

The shards share nothing: each test has a database, a folder and ports of its own, and each shard on PostgreSQL a database of Redis: the
one that is named and those below it, since counters of refused attempts stand there under the address, which all share. Those on
PostgreSQL copy one template, which is made while the first shards run. What a shard printed is shown when it ends, whole if it failed;
the failed tests of all are listed last. Coverage of the measured shards is combined into `.coverage`, which `make coverage` judges. The
exit status is 1 when a shard failed, and 2 when a folder of tests has no shard.

The browser's tests need Chromium. On PostgreSQL run the rooms that a database can surprise: pages, programs, statutes, a
full disk and the pure rooms are the same on both, and so are accounts but for their constraints, which are among the invariants. Of the
API the contract runs on both, which asks every operation. Cases, evidence, notifications and the matrix of isolation run there alone,
behind the second gate; of them what waits for locks, is killed or runs beside itself runs on SQLite, too, and all of it in `make test`.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.databases import ROOT, Template

# The longest first, so that none is left alone at the end.
SHARDS: dict[str, tuple[str, ...]] = {
    "drills": ("drills",),
    "matrix": ("test_isolation.py", "test_invariants.py", "row_security"),
    "evidence": ("evidence", "notifications"),
    "cases": ("cases", "hostile"),
    "browser": ("browser",),
    "deaths": ("faults",),
    "walks": ("ledger/test_faults.py",),
    "ledger": ("ledger", "vault"),
    "contract": ("api",),
    "people": ("accounts",),
    "start": ("repository/test_make_run.py",),
    "programs": ("repository", "sandbox", "flows", "proxy", "samples", "planted"),
    "pages": ("portal", "config", "common"),
    "proofs": ("tlog", "witness", "law", "documents"),
}
ON_POSTGRES = (
    "faults/test_kills.py", "faults/test_outages.py", "faults/test_cut_connections.py", "faults/test_clients.py",
    "ledger", "vault", "api/test_contract.py", "evidence", "notifications", "test_isolation.py", "test_invariants.py", "row_security",
    "hostile", "cases", "common", "repository/test_databases.py",
)
NOT_ON_POSTGRES = tuple(f"ledger/test_{name}.py" for name in ("agreement", "cosigning", "revocation", "timestamping", "tsa_drill"))
"""Of those, what is about servers of other people's and asks nothing of a database; making one takes longer there than most tests."""
ON_POSTGRES_ALONE = {"cases", "evidence", "hostile", "notifications", "test_isolation.py"}
ON_SQLITE_TOO = (
    *(f"cases/test_{name}.py" for name in ("case_import", "granting", "soundness")),
    *(f"evidence/test_{name}.py" for name in (
        "batch", "case_chain", "custody_batches", "deposit", "encrypting", "first_requests", "rewrapping", "second_copies", "sharing",
        "slow_authority", "telling")),
    "notifications/test_delivering.py",
)
"""Of those: who waits for a lock meets another lock there."""
UNMEASURED = {"browser", "deaths", "drills", "start", "walks"}
"""They look at whole installations from outside or do the same thousands of times; measured, they would take twice as long."""
MEASURED_ON_POSTGRES = ON_POSTGRES_ALONE - {"test_isolation.py"}
"""The matrix asks the same pages for every role and root: measured, it takes a third longer, and the pages' own tests tell as much."""
NO_TESTS = {"__pycache__", "vectors"}
IN_LINT = {"test_architecture.py"}
"""`make lint` runs it, a stage before this one."""
BROWSER = {"CUNZHENG_BROWSER": "yes"}
SAMPLES = {True: {"CUNZHENG_CONTRACT_EXAMPLES": "5"}, False: {"CUNZHENG_CONTRACT_EXAMPLES": "3"}}
"""How many bodies each operation of the contract is sent, measured or not: on PostgreSQL few, for what answers say is judged on SQLite."""
LAST_LINES = 45


@dataclass(frozen=True, slots=True)
class Shard:
    name: str
    parts: tuple[str, ...]
    environment: dict[str, str]
    measured: bool = False

    def run(self, template: "Future[Template] | None" = None) -> tuple["Shard", int, str, float]:
        """(itself, exit status, what it printed, seconds)."""
        made = {"CUNZHENG_TEMPLATE": template.result().run.prefix} if template and self.postgres else {}
        began = time.monotonic()
        words = [sys.executable, "-m", "pytest", "--durations=25", *(["--cov", "--cov-report="] if self.measured else [])]
        files = (part for parts in SHARDS.values() for part in parts if "/" in part)
        outside = NOT_ON_POSTGRES if self.postgres else ()
        left_out = [*outside, *(file for file in files if file.partition("/")[0] in self.parts)]
        elsewhere = (f"--ignore=tests/{file}" for file in left_out)
        done = subprocess.run([*words, *(f"tests/{part}" for part in self.parts), *elsewhere], cwd=ROOT, check=False,
                              env={**self.environment, **made}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        return self, done.returncode, done.stdout, time.monotonic() - began

    @property
    def postgres(self) -> bool:
        return "DATABASE_URL" in self.environment

    @property
    def data(self) -> Path:
        return ROOT / f".coverage-{self.name}"


def unplaced(tests: Path) -> set[str]:
    """Folders and files of tests that no shard names, and such names that are not there. A file below a folder has a shard of its own."""
    there = {path.name for path in tests.iterdir() if path.is_dir() or path.match("test_*.py")} - NO_TESTS - IN_LINT
    return there ^ {part for parts in SHARDS.values() for part in parts if "/" not in part}


def on_postgres(parts: Sequence[str]) -> tuple[str, ...]:
    """What of a shard runs on PostgreSQL, too; a file where `ON_POSTGRES` names only that of its folder, or the shard only that."""
    files = (part for part in parts if "/" in part and part.partition("/")[0] in ON_POSTGRES)
    return (*(part for part in ON_POSTGRES if part in parts or part.partition("/")[0] in parts), *files)


def shards(postgres: str, redis: str) -> Iterator[Shard]:
    plain = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    server, _, database = redis.rpartition("/")
    for turn, (name, parts) in enumerate(SHARDS.items()):
        kept = on_postgres(parts) if postgres else ()
        alone = ON_POSTGRES_ALONE.intersection(kept)
        here = (*(part for part in parts if part not in alone), *(file for file in ON_SQLITE_TOO if file.partition("/")[0] in alone))
        if name in UNMEASURED:
            yield Shard(name, here, {**plain, **BROWSER})
        else:
            yield measured(Shard(name, here, {**plain, **SAMPLES[True]}))
        if kept:
            services = {"DATABASE_URL": postgres, "CELERY_BROKER_URL": f"{server}/{int(database) - turn}"}
            there = Shard(f"{name}-on-postgresql", kept, {**plain, **SAMPLES[False], **services})
            yield measured(there) if alone & MEASURED_ON_POSTGRES else there


def measured(shard: Shard) -> Shard:
    return replace(shard, measured=True, environment={**shard.environment, "COVERAGE_FILE": str(shard.data)})


@contextmanager
def shared_template(postgres: str) -> Iterator["Future[Template] | None"]:
    """One for all shards on PostgreSQL, since making it takes longer than some of these; None when there are none."""
    if not postgres:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="cunzheng-template-") as folder, ThreadPoolExecutor(1) as maker:
        making = maker.submit(Template, postgres, Path(folder))
        yield making
        making.result().drop()


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
    with ThreadPoolExecutor(options.at_once) as threads, shared_template(options.postgres) as template:
        for ended in as_completed([threads.submit(shard.run, template) for shard in chosen]):
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
