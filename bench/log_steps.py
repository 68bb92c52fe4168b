"""`python -m bench.log_steps ENTRIES`: the integrator and fsck alone, in this process, against the bare loop; prints JSON for `bench.log`.

A program of its own, because it needs the service's settings and a database, and because its memory is measured.
"""
import hashlib
import json
import os
import resource
import sys
from collections.abc import Callable

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
from ledger.services import queue_rows  # noqa: E402
from ledger.storage import log_store  # noqa: E402
from tlog.entry import Entry  # noqa: E402
from tlog.merkle import leaf_hash  # noqa: E402

BATCH = 1000


def entries(first: int, count: int) -> list[bytes]:
    digests = [hashlib.sha256(b"%d" % number).digest() for number in range(first, first + count)]
    return [Entry("deposit", digest, digest[::-1]).encode() for digest in digests]


def fill_queue(data: list[bytes]) -> None:
    for start in range(0, len(data), BATCH):
        pairs = [(entry, leaf_hash(entry)) for entry in data[start:start + BATCH]]
        with transaction.atomic():
            insert_all([queue_rows(reserve_ids(LogQueue, len(pairs)), pairs, queued_at=timezone.now())])


def main() -> None:
    each = int(sys.argv[1]) // (PAIRS + 1)
    sequencer = Sequencer(log_store(), log_signer(log_origin()), timezone.now)
    rates: dict[str, list[float]] = {"integrator": [], "loop": [], "fsck": [], "fsck_loop": []}
    for turn in range(PAIRS + 1):
        data = entries(turn * each, each)
        fill_queue(data)
        measured = {"integrator": timed(lambda: integrate(sequencer, each)), "loop": timed(lambda data=data: bare(data))}  # type: ignore[misc]
        keep(rates, measured, turn)
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    everything = entries(0, each * (PAIRS + 1))
    sequencer.publish()
    for turn in range(PAIRS + 1):
        keep(rates, {"fsck": timed(lambda: examine(len(everything))), "fsck_loop": timed(lambda: bare(everything))}, turn)
    print(json.dumps({"rates": rates, "entries": len(everything), "memory_mib": memory_mib}))


def timed(work: Callable[[], int]) -> float:
    return rate(work)


def keep(rates: dict[str, list[float]], measured: dict[str, float], turn: int) -> None:
    """The first turn warms up and is not kept."""
    for name, value in measured.items() if turn else ():
        rates[name].append(value)


def integrate(sequencer: Sequencer, count: int) -> int:
    sequencer.integrate(batch_entries=BATCH)
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
