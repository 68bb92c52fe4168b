"""`python -m bench.log_steps compare | grow SIZE`: the integrator and fsck alone, in this process; prints JSON for `bench.log`.

The integrator is step 3 of design.md §3, as everywhere in the field: what grows the tree and its tiles by entries whose
places are decided. `whole` has steps 1 and 2 as well, of which PostgreSQL takes the larger part.

A program of its own, because it needs the service's settings and a database, and because its memory is measured.
"""
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402 - Django first
from django.utils import timezone  # noqa: E402

from bench.figures import PAIRS, rate  # noqa: E402
from bench.loops import compact_range  # noqa: E402
from common.bulk import insert_all, reserve_ids  # noqa: E402
from ledger.fsck import examine_bundles  # noqa: E402
from ledger.keys import log_signer  # noqa: E402
from ledger.models import LogQueue  # noqa: E402
from ledger.selectors import log_origin  # noqa: E402
from ledger.sequencer.service import Sequencer  # noqa: E402
from ledger.sequencer.tiles import apply_tiles  # noqa: E402
from ledger.services import queue_rows  # noqa: E402
from ledger.storage import log_store  # noqa: E402
from tlog.entry import Entry  # noqa: E402
from tlog.merkle import leaf_hash  # noqa: E402

BATCH, PART, STEP = 1000, 50_000, 20_000


def entries(first: int, count: int) -> list[bytes]:
    digests = [hashlib.sha256(b"%d" % number).digest() for number in range(first, first + count)]
    return [Entry("deposit", digest, digest[::-1]).encode() for digest in digests]


def fill_queue(data: list[bytes]) -> None:
    for start in range(0, len(data), BATCH):
        pairs = [(entry, leaf_hash(entry)) for entry in data[start:start + BATCH]]
        with transaction.atomic():
            insert_all([queue_rows(reserve_ids(LogQueue, len(pairs)), pairs, queued_at=timezone.now())])


def main() -> None:
    print(json.dumps(grown(int(sys.argv[2])) if sys.argv[1] == "grow" else compared()))


def compared() -> dict[str, object]:
    """Rates of integrator and fsck beside the bare loop's, over `PAIRS` parts of a log after one that is not counted."""
    sequencer = Sequencer(log_store(), log_signer(log_origin()), timezone.now)
    rates: dict[str, list[float]] = {"integrator": [], "whole": [], "loop": [], "fsck": [], "fsck_loop": []}
    for turn in range(PAIRS + 1):
        data = entries(turn * PART, PART)
        fill_queue(data)
        committed = timed(lambda: commit(sequencer, PART))
        applied = timed(lambda: integrate(sequencer, PART))
        whole = 1 / (1 / committed + 1 / applied)
        keep(rates, {"integrator": applied, "whole": whole, "loop": timed(lambda data=data: bare(data))}, turn)  # type: ignore[misc]
    everything = entries(0, PART * (PAIRS + 1))
    sequencer.publish()
    for turn in range(PAIRS + 1):
        keep(rates, {"fsck": timed(lambda: examine(len(everything))), "fsck_loop": timed(lambda: bare(everything))}, turn)
    return {"rates": rates}


def grown(size: int) -> dict[str, object]:
    """Grow the log to `size` entries as a running sequencer does; this process's peak after the first step and at the end."""
    sequencer = Sequencer(log_store(), log_signer(log_origin()), timezone.now)
    peaks: list[float] = []
    while sequencer.memory.size < size:
        fill_queue(entries(sequencer.memory.size, STEP))
        while sequencer.sequence():
            continue
        sequencer.publish()
        peaks.append(peak_mib())
    return {"entries": sequencer.memory.size, "first_mib": peaks[0], "memory_mib": peaks[-1]}


def peak_mib() -> float:
    """This process's VmHWM. Not ru_maxrss, which a process inherits: it would be the peak of the program that started us."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


def timed(work: Callable[[], int]) -> float:
    return rate(work)


def keep(rates: dict[str, list[float]], measured: dict[str, float], turn: int) -> None:
    """The first turn warms up and is not kept."""
    for name, value in measured.items() if turn else ():
        rates[name].append(value)


def commit(sequencer: Sequencer, count: int) -> int:
    """Steps 1 and 2: from the queue into the log, batch by batch."""
    while sequencer.commit_batch(BATCH):
        pass
    return count


def integrate(sequencer: Sequencer, count: int) -> int:
    """Step 3: from the committed rows to roots compared and tiles durable."""
    apply_tiles(sequencer.memory, sequencer.store)
    return count


def bare(data: list[bytes]) -> int:
    compact_range(data)
    return len(data)


def examine(count: int) -> int:
    findings = list(examine_bundles())
    assert not findings, findings[:3]
    return count


if __name__ == "__main__":
    main()
