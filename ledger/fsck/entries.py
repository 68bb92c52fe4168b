"""Walk all entries in order and derive everything again: batches, roots, tiles, bundles, and the roots that were signed.

Where row and storage disagree, the root of the batch decides which of the two was changed, so that a finding names the
culprit. Memory is flat: one batch of entries, the edges of two trees.
"""
from collections.abc import Iterator, Sequence
from datetime import datetime

from ledger.fsck.finding import Finding
from ledger.fsck.snapshot import Examined
from ledger.models import Checkpoint, LogBatch, LogEntry
from ledger.sequencer.batch import BATCH_ENTRIES, digest_rows
from ledger.storage import read_entries, read_object
from tlog.errors import VerificationError
from tlog.merkle import CompactRange, leaf_hash
from tlog.tile_edge import Tile, TileEdge
from tlog.tiles import TILE_WIDTH, entries_path


class EntryWalk:
    """The examination of entries; afterwards `edge` is the edge of the whole tree and `batches` its number of batches."""

    def __init__(self, examined: Examined) -> None:
        self.examined = examined
        self.tree = CompactRange()
        self.edge = TileEdge()
        self.digest = b""

    def examine(self) -> Iterator[Finding]:
        last_time: datetime | None = None
        for batch in LogBatch.objects.order_by("size").iterator():
            if last_time is not None and batch.sequenced_at < last_time:
                yield Finding(f"ledger_logbatch {batch.size}", "sequenced before the batch before it")
            last_time = batch.sequenced_at
            yield from self._batch(batch)
        yield from self._ends()

    def _batch(self, batch: LogBatch) -> Iterator[Finding]:
        start, size = self.tree.size, batch.size
        rows = self._rows(start, size)
        yield from self._numbering(start, size, rows)
        if len(rows) != size - start:
            # The tree goes on with what storage holds, or one lost row would be reported for every later batch too.
            leaves = self._stored_leaves(start, size)
            if len(leaves) != size - start:
                yield Finding(f"ledger_logbatch {size}", "neither the database nor storage has all of its entries")
                return
        else:
            leaves, findings = self._judged(batch, [leaf_hash(entry) for _, _, entry in rows])
            yield from findings
            yield from self._digest(batch, start, [ticket for _, ticket, _ in rows], leaves)
        self.digest = bytes(batch.rows_sha256)
        yield from self._grow(size, leaves)

    def _rows(self, start: int, size: int) -> list[tuple[int, int | None, bytes]]:
        found = LogEntry.objects.filter(index__gte=start, index__lt=size).order_by("index").values_list("index", "ticket", "entry")
        return [(index, ticket, bytes(entry)) for index, ticket, entry in found]

    def _numbering(self, start: int, size: int, rows: Sequence[tuple[int, int | None, bytes]]) -> Iterator[Finding]:
        """Gaps between the indices."""
        expected = start
        for index in [*(index for index, _, _ in rows), size]:
            if index > expected:
                yield Finding(f"ledger_logentry {expected}", f"{index - expected} row(s) are missing from here on")
            expected = index + 1

    def _judged(self, batch: LogBatch, leaves: list[bytes]) -> tuple[list[bytes], list[Finding]]:
        """The leaves to go on with: the rows', or those of storage when only they lead to the batch's root."""
        start = self.tree.size
        if self._root_with(leaves) == bytes(batch.root):
            return leaves, []
        stored = self._stored_leaves(start, batch.size)
        if len(stored) != len(leaves) or self._root_with(stored) != bytes(batch.root):
            return leaves, [Finding(f"ledger_logbatch {batch.size}", "the root is not that of the entries")]
        pairs = enumerate(zip(leaves, stored, strict=True), start)
        wrong = [index for index, (row, leaf) in pairs if row != leaf]
        return stored, [Finding(f"ledger_logentry {index}", "the entry is not the one that the log holds") for index in wrong]

    def _root_with(self, leaves: Sequence[bytes]) -> bytes:
        tree = CompactRange.restore(self.tree.size, self.tree.hashes)
        tree.extend(leaves)
        return tree.root()

    def _stored_leaves(self, start: int, end: int) -> list[bytes]:
        """Leaf hashes from storage, as far as it has them."""
        leaves: list[bytes] = []
        for index in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
            width = min(TILE_WIDTH, end - index * TILE_WIDTH)
            if len(leaves) > BATCH_ENTRIES + TILE_WIDTH:
                break  # no batch is that long
            try:
                leaves += map(leaf_hash, read_entries(self.examined.store, index, width))
            except (OSError, VerificationError):
                break
        return leaves[start % TILE_WIDTH:]

    def _digest(self, batch: LogBatch, start: int, tickets: Sequence[int | None], leaves: Sequence[bytes]) -> Iterator[Finding]:
        digest = digest_rows(self.digest, start, batch.sequenced_at, batch.oldest_queued_at, tickets, leaves)
        if digest != bytes(batch.rows_sha256):
            yield Finding(
                f"ledger_logentry {start} to {batch.size - 1}, or ledger_logbatch {batch.size}",
                "tickets of the entries or times of the batch are not those that were committed (rows_sha256)",
            )

    def _grow(self, size: int, leaves: Sequence[bytes]) -> Iterator[Finding]:
        """Extend both trees, stopping at each signed size within; compare full tiles and signed roots."""
        signed = list(Checkpoint.objects.filter(size__gt=self.tree.size, size__lte=size).order_by("size").values_list("size", "root"))
        start = self.tree.size
        for stop, root in [*signed, (size, None)]:
            part = leaves[self.tree.size - start:stop - start]
            self.tree.extend(part)
            for tile in self.edge.extend(part):
                yield from self._full_tile(tile)
            if root is None:
                continue
            if bytes(root) != self.tree.root():
                yield Finding(f"ledger_checkpoint of size {stop}", "the root is not that of the entries")
            yield from self._partial_tiles(stop)

    def _full_tile(self, tile: Tile) -> Iterator[Finding]:
        name, data = tile
        # Beyond `applied_size` nothing is promised yet; what is there already must be right all the same.
        promised = (name.index + 1) * TILE_WIDTH ** (name.level + 1) <= self.examined.state.applied_size
        yield from self._object(name.path, data, promised=promised)
        if name.level == 0:
            yield from self._bundle(name.index, data, promised=promised)

    def _object(self, path: str, data: bytes, *, promised: bool) -> Iterator[Finding]:
        try:
            if read_object(self.examined.store, path) != data:
                yield Finding(path, "the stored bytes are not those of the entries")
        except FileNotFoundError:
            if promised:
                yield Finding(path, "the object is missing")

    def _bundle(self, index: int, tile: bytes, *, promised: bool) -> Iterator[Finding]:
        path = entries_path(index, TILE_WIDTH)
        try:
            if b"".join(map(leaf_hash, read_entries(self.examined.store, index, TILE_WIDTH))) != tile:
                yield Finding(path, "the stored entries are not those of the log")
        except FileNotFoundError:
            if promised:
                yield Finding(path, "the object is missing")
        except VerificationError as malformed:
            yield Finding(path, str(malformed))

    def _partial_tiles(self, size: int) -> Iterator[Finding]:
        """The partial tiles of a signed size are there, unless their full tiles made them superfluous and they were collected."""
        for name, data in self.edge.partial_tiles():
            filled_at = (name.index + 1) * TILE_WIDTH ** (name.level + 1)
            promised = filled_at > self.examined.state.collected_size
            yield from self._object(name.path, data, promised=promised)
            if name.level == 0 and promised:
                try:
                    self.examined.store.open(entries_path(name.index, name.width)).close()
                except FileNotFoundError:
                    yield Finding(entries_path(name.index, name.width), "the object is missing")

    def _ends(self) -> Iterator[Finding]:
        """The state row is where the batches end, and no entry lies beyond."""
        state = self.examined.state
        if (state.size, bytes(state.root)) != (self.tree.size, self.tree.root()):
            yield Finding("ledger_logstate", "size and root are not those of the entries")
        for index in LogEntry.objects.filter(index__gte=self.tree.size).order_by("index").values_list("index", flat=True)[:10]:
            yield Finding(f"ledger_logentry {index}", "the entry lies beyond the last batch")
        if state.applied_size and not LogBatch.objects.filter(size=state.applied_size).exists():
            yield Finding("ledger_logstate", "applied_size is not the size of a batch")
