"""Proofs from stored tiles: right for every record, few reads, the same from partial and from full tiles."""
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.object_store import FileObjectStore
from ledger.errors import RecordNotPublished
from ledger.models import LogState
from ledger.proofs import consistency_proof, inclusion_proof, record_proof
from ledger.selectors import covering_checkpoint, covering_checkpoints, entry_of, facts_for, log_facts, places_of
from ledger.storage import tile_reader
from tests.ledger.logs import deposit, entry, grow, leaves, sequencer
from tlog import tiles
from tlog.merkle import leaf_hash, root_hash, verify_consistency, verify_inclusion
from tlog.policy import parse_policy
from tlog.proof import verify_proof

SIZES = (1, 255, 256, 257, 600)


@pytest.fixture
def grown(store: FileObjectStore) -> FileObjectStore:
    """A log that published each of SIZES."""
    log = sequencer()
    for before, size in zip((0, *SIZES), SIZES, strict=False):
        grow(log, before, size - before)
        log.publish()
    return store


def test_the_proof_of_every_record_leads_to_the_first_checkpoint_that_covers_it(grown: FileObjectStore) -> None:
    policy = parse_policy(f"log {LogState.objects.get().vkey}\nquorum none\n")
    for index in range(SIZES[-1]):
        found = record_proof(index)
        assert found.size == next(size for size in SIZES if size > index)
        assert verify_proof(found.proof, leaf_hash=leaf_hash(entry(index)), policy=policy).size == found.size


def test_a_record_that_no_checkpoint_covers_has_no_proof_yet(grown: FileObjectStore) -> None:
    with pytest.raises(RecordNotPublished) as refused:
        record_proof(600)
    assert (refused.value.status, refused.value.code) == (409, "record-not-published")


def test_every_pair_of_published_sizes_is_consistent(grown: FileObjectStore) -> None:
    for old in SIZES:
        for new in SIZES[SIZES.index(old):]:
            roots = root_hash(leaves(old)), root_hash(leaves(new))
            verify_consistency(old_size=old, new_size=new, old_root=roots[0], new_root=roots[1], proof=consistency_proof(old, new))


def test_a_proof_is_the_same_once_its_partial_tiles_were_collected(grown: FileObjectStore) -> None:
    before = [inclusion_proof(index, 257) for index in (0, 255, 256)]
    (grown.root / "tile/0/001.p/1").unlink()
    grow(sequencer(), 600, 200)
    assert [tiles.inclusion_proof(index, 257, tile_reader(grown)) for index in (0, 255, 256)] == before


class CountingStore(FileObjectStore):
    """Counts what is opened."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opened: list[str] = []

    def open(self, name: str) -> BinaryIO:
        self.opened.append(name)
        return super().open(name)


def test_a_proof_reads_at_most_two_tiles_of_each_level(grown: FileObjectStore) -> None:
    counting = CountingStore(grown.root)
    proof = tiles.inclusion_proof(300, 600, tile_reader(counting))
    verify_inclusion(index=300, size=600, leaf_hash=leaf_hash(entry(300)), proof=proof, root=root_hash(leaves(600)))
    assert len(counting.opened) <= 4


READS: dict[str, Callable[[], object]] = {
    "proof": lambda: record_proof(3), "covering": lambda: covering_checkpoint(3), "facts": lambda: facts_for([4]),
    "places": lambda: places_of([4]), "entry": lambda: entry_of(4), "log": log_facts, "several": lambda: covering_checkpoints([3, 599]),
}


@pytest.mark.parametrize("read", READS)
def test_reads_take_a_handful_of_queries_and_scan_no_table(grown: FileObjectStore, read: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        READS[read]()
    assert 0 < len(queries) <= 6
    for query in queries.captured_queries:
        # The queue is short, or deposits are refused: the home page counts it.
        if 'COUNT(*) AS "__count" FROM "ledger_logqueue"' not in query["sql"]:
            assert full_scans(query["sql"]) == [], query["sql"]


def full_scans(statement: str) -> list[str]:
    """Steps of the plan that walk a whole table or index: no condition finds the rows, and no LIMIT ends the walk at its first ones."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            steps = [str(row[3]) for row in cursor.fetchall()]
            ended = " LIMIT " in statement and " WHERE " not in statement and not any("TEMP B-TREE" in step for step in steps)
            return [step for step in steps if step.startswith("SCAN") and not ended]
        # Tables as small as these are rightly scanned: forbidden that, the planner scans only where no index serves.
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        [[[explained]]] = cursor.fetchall()
        cursor.execute("RESET enable_seqscan")
    return list(walks(explained["Plan"]))


def walks(node: dict[str, Any], *, ended: bool = False) -> Iterator[str]:
    """Nodes of PostgreSQL's plan that read everything; `ended`: a LIMIT above takes the first rows only."""
    kind = str(node["Node Type"])
    found_by_condition = "Index Cond" in node or "Recheck Cond" in node
    if "Scan" in kind and not found_by_condition and ("Seq" in kind or not ended or "Filter" in node):
        yield kind
    for below in node.get("Plans", []):
        yield from walks(below, ended=kind == "Limit" or (ended and kind not in ("Sort", "Aggregate")))


@pytest.mark.parametrize("statement", [
    "SELECT count(*) FROM ledger_logentry",
    "SELECT ticket FROM ledger_logentry WHERE entry = entry",
    "SELECT size FROM ledger_publishedcheckpoint WHERE published_at > '2026-11-23' LIMIT 1",
    "SELECT size FROM ledger_publishedcheckpoint ORDER BY published_at LIMIT 1",
])
def test_a_scan_would_be_seen(grown: FileObjectStore, statement: str) -> None:
    assert full_scans(statement) != []


def test_places_facts_and_entries_of_tickets(grown: FileObjectStore) -> None:
    [queued] = deposit(600, 1)
    first = entry_of(1)
    assert first == (entry(0), leaf_hash(entry(0)))
    assert entry_of(queued) == (entry(600), leaf_hash(entry(600)))
    places = places_of([1, 600, queued])
    assert {ticket: place.index for ticket, place in places.items()} == {1: 0, 600: 599}
    assert places[600].leaf_hash == leaf_hash(entry(599))
    facts = facts_for([600, queued])
    assert (facts[queued].index, facts[queued].published_at) == (None, None)
    assert facts[600].published_at is not None
    assert facts[600].sequenced_at == places[600].sequenced_at
    assert facts[600].stamped_at is None


def test_many_records_share_the_look_ups_of_their_checkpoints(grown: FileObjectStore) -> None:
    indices = [599, 0, 255, 256, 3, 700, 254]
    with CaptureQueriesContext(connection) as queries:
        found = covering_checkpoints(indices)
    assert [covering and covering.size for covering in found] == [600, 1, 256, 257, 255, None, 255]
    assert found == [covering_checkpoint(index) for index in indices]
    assert len(queries) <= 14


def test_facts_of_the_log(grown: FileObjectStore) -> None:
    queued_at = timezone.now().replace(microsecond=0)
    deposit(600, 2, at=queued_at)
    facts = log_facts()
    assert (facts.size, facts.applied_size, facts.published_size, facts.stamped_size) == (600, 600, 600, 0)
    assert (facts.queue_length, facts.oldest_unpublished_at) == (2, queued_at)
    assert facts.published_at is not None
    log = sequencer()
    log.sequence()
    assert (log_facts().queue_length, log_facts().oldest_unpublished_at) == (0, queued_at)
    log.publish()
    assert log_facts().oldest_unpublished_at is None
