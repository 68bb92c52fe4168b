"""The audit of receipts: every promise ever given, held against the log as it is published. A broken one becomes an incident.

First the published log is made sure of: the checkpoint's signature and its quorum, then every tile in storage up to the signed root.
After that a leaf that stands in a tile is included, whoever computes the proof, and the rest is looking leaves up. The database
does that with temporary tables, so memory is flat however many receipts there are.

A receipt is breached when a leaf of it is in no published checkpoint by include-by, and stays so in history when the leaf is
published later: the incident ends, it does not vanish. The receipts of the service's own incidents share one incident, or an
incident that cannot be published would be the next day's incident, every day.

What this does not do: mend anything, or examine what no receipt promises (`ledger.fsck` does). While the published log contradicts
itself no promise is judged by it: that is the incident then.

Source: formats A3 ("an auditor command finds it"); threats of this project, 1.1 (Nessie2023).
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection

from common.bulk import insert_into
from ledger.fsck.finding import Finding
from ledger.fsck.snapshot import snapshot
from ledger.incidents import RECEIPT_BREACHED, SELF_CHECK_FAILED, end_incident, open_incident
from ledger.keys import receipt_signer
from ledger.models import Incident, LogEntry, PublishedCheckpoint, Receipt
from ledger.policies import policy_at
from ledger.selectors import log_origin
from ledger.storage import log_store, tile_reader
from tlog.checkpoint import Checkpoint
from tlog.errors import VerificationError
from tlog.merkle import EMPTY_ROOT, HASH_BYTES, CompactRange, leaf_hash
from tlog.note import Signer, sign_note
from tlog.policy import verify_checkpoint
from tlog.receipt import open_receipt
from tlog.tile_edge import TileEdge
from tlog.tiles import TILE_WIDTH, ReadTile
from tlog.times import format_time

CHUNK = 200
KEPT_FINDINGS = 100
"""A log that is wrong everywhere fills no memory with saying so."""
PROMISED = {"receipt": "bigint", "include_by": "bigint", "leaf": "bytea"}
PUBLISHED = {"place": "bigint", "leaf": "bytea"}
SUBJECT = "audit of receipts"
OWN = "receipts of incidents"

CALLED = f"""
    CASE WHEN receipt IN (SELECT receipt_id FROM ledger_ownstatement WHERE kind = 'incident') THEN '{OWN}' ELSE 'receipt ' || receipt END
"""  # noqa: S608 - no word of these comes from outside
OWED = f"""
    SELECT receipt, COUNT(*), {CALLED} FROM audit_promised WHERE include_by < %s
    AND NOT EXISTS (SELECT 1 FROM audit_published WHERE audit_published.leaf = audit_promised.leaf)
    GROUP BY receipt ORDER BY receipt
"""  # noqa: S608
# Those that no incident tells of yet: a promise that was kept too late is news once, and history ever after.
LATE = f"""
    SELECT receipt, leaves, subject FROM (
        SELECT receipt, COUNT(*) AS leaves, {CALLED} AS subject
        FROM audit_promised JOIN audit_published ON audit_published.leaf = audit_promised.leaf
        JOIN ledger_receipt ON ledger_receipt.id = receipt
        WHERE ledger_receipt.include_by < (SELECT published_at FROM ledger_publishedcheckpoint WHERE size > place ORDER BY size LIMIT 1)
        GROUP BY receipt
    ) AS late WHERE subject NOT IN (SELECT subject FROM ledger_incident WHERE code = '{RECEIPT_BREACHED}') ORDER BY receipt
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Breach:
    """So many `leaves` of a receipt were not published by include-by; `owed`: they are not published yet. `subject`: the incident's."""

    receipt: int
    leaves: int
    subject: str
    owed: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What became of `receipts` receipts: `breaches` are those owed now, and those kept too late of which no incident tells yet.

    `size` is that of the published log; with a finding it contradicts itself, and no receipt was judged by it.
    """

    size: int
    receipts: int
    breaches: tuple[Breach, ...]
    findings: tuple[Finding, ...]


def audit_receipts(*, now: datetime) -> Audit:
    """Audit every receipt and record what was found; may be repeated, and may run while the service works. Call it outside a transaction.

    Raises ImproperlyConfigured before `init_service`; OSError, DatabaseError when storage or database is away.
    """
    with snapshot():
        audit = _examine(now)
    _record(audit, now)
    return audit


def _examine(now: datetime) -> Audit:
    findings: list[Finding] = []
    _prepare()
    published = PublishedCheckpoint.objects.order_by("-size").first()
    size = 0
    try:
        point = _verified(published)
        size = point.size
        findings += islice(_place_leaves(point), KEPT_FINDINGS)
    except (VerificationError, FileNotFoundError) as wrong:
        findings.append(Finding("published log", f"it does not lead to its own checkpoint: {wrong}"))
    findings += islice(_promises(), KEPT_FINDINGS)
    _execute("CREATE INDEX audit_published_leaf ON audit_published (leaf)")
    breaches = () if findings else tuple(_breaches(now))
    return Audit(size, Receipt.objects.count(), breaches, tuple(findings))


def _prepare() -> None:
    kind = "bytea" if connection.vendor == "postgresql" else "blob"
    _execute(f"CREATE TEMPORARY TABLE audit_promised (receipt bigint, include_by bigint, leaf {kind})")
    _execute(f"CREATE TEMPORARY TABLE audit_published (place bigint, leaf {kind})")


def _verified(published: PublishedCheckpoint | None) -> Checkpoint:
    """The published checkpoint under the log's key with the quorum of its policy. Raises VerificationError."""
    if published is None:
        return Checkpoint(log_origin(), 0, EMPTY_ROOT, ())
    point = verify_checkpoint(bytes(published.note), policy_at(published.published_at).policy)
    if (point.origin, point.size) != (log_origin(), published.size):
        raise VerificationError("the published note is of another log or size")
    return point


def _place_leaves(point: Checkpoint) -> Iterator[Finding]:
    """Fill `audit_published` from the published tiles; whatever they or the database's places contradict.

    Raises VerificationError when the tiles do not lead to the signed root, FileNotFoundError when one is missing.
    """
    read_tile = tile_reader(log_store())
    tree, edge = CompactRange(), TileEdge()
    for index in range(-(-point.size // TILE_WIDTH)):
        start, width = index * TILE_WIDTH, min(TILE_WIDTH, point.size - index * TILE_WIDTH)
        tile = read_tile(0, index, width)
        leaves = [tile[at:at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
        tree.extend(leaves)
        for name, expected in edge.extend(leaves):
            _require(read_tile, name.level, name.index, expected)
        insert_into("audit_published", PUBLISHED, list(enumerate(leaves, start)))
        yield from _misplaced(start, leaves)
    for name, expected in edge.partial_tiles():
        _require(read_tile, name.level, name.index, expected)
    if (tree.size, tree.root()) != (point.size, point.root):
        raise VerificationError(f"the published tiles do not lead to the signed root of size {point.size}")


def _require(read_tile: ReadTile, level: int, index: int, expected: bytes) -> None:
    if level and read_tile(level, index, len(expected) // HASH_BYTES) != expected:
        raise VerificationError(f"tile {index} of level {level} is not that of the tiles below it")


def _misplaced(start: int, leaves: Sequence[bytes]) -> Iterator[Finding]:
    """Entries that the database places where the published log has another leaf."""
    rows = LogEntry.objects.filter(index__gte=start, index__lt=start + len(leaves)).values_list("index", "entry")
    placed = {index: leaf_hash(bytes(entry)) for index, entry in rows}
    for index, leaf in enumerate(leaves, start):
        if placed.get(index) != leaf:
            yield Finding(f"ledger_logentry {index}", "the published log has another leaf in this place, or the row is missing")


def _promises() -> Iterator[Finding]:
    """Fill `audit_promised` from every receipt; those that promise nothing that can be read."""
    signer = receipt_signer(log_origin())
    rows: list[tuple[int, int, bytes]] = []
    for receipt in Receipt.objects.order_by("id").iterator(CHUNK):
        try:
            rows += _promised(receipt, signer)
        except (ValueError, VerificationError) as wrong:
            yield Finding(f"ledger_receipt {receipt.pk}", f"text: {wrong}")
        if len(rows) >= CHUNK:
            insert_into("audit_promised", PROMISED, rows)
            rows = []
    if rows:
        insert_into("audit_promised", PROMISED, rows)


def _promised(receipt: Receipt, signer: Signer) -> list[tuple[int, int, bytes]]:
    """Its leaves, each with the receipt and include-by. Raises ValueError or VerificationError when its text is no receipt."""
    # The text is signed here once more: whatever has that signature is what the depositor holds.
    promise = open_receipt(sign_note(receipt.text, [signer]), [signer.verifier])
    if receipt.include_by != datetime.fromtimestamp(promise.include_by, UTC):
        raise VerificationError("include_by is not that of the text")
    return [(receipt.pk, promise.include_by, leaf) for _, leaf in promise.leaves]


def _breaches(now: datetime) -> Iterator[Breach]:
    # SPEC: formats A3: "A receipt whose leaf is not in a published checkpoint by include-by is a breach".
    yield from (Breach(receipt, leaves, subject, owed=True) for receipt, leaves, subject in _select(OWED, [int(now.timestamp())]))
    yield from (Breach(receipt, leaves, subject, owed=False) for receipt, leaves, subject in _select(LATE))


def _record(audit: Audit, now: datetime) -> None:
    """Incidents that begin and end by this audit; one of a promise that was kept too late does both at once."""
    if audit.findings:
        first = audit.findings[0]
        open_incident(SELF_CHECK_FAILED, SUBJECT, {"where": first.where, "what": first.what, "findings": len(audit.findings)}, now=now)
        return
    end_incident(SELF_CHECK_FAILED, SUBJECT, how=f"the published log of size {audit.size} is in order", now=now)
    for breach in audit.breaches:
        open_incident(RECEIPT_BREACHED, breach.subject, _facts(breach, audit.size), now=now)
    owed = {breach.subject for breach in audit.breaches if breach.owed}
    for subject in Incident.objects.filter(code=RECEIPT_BREACHED, end=None).values_list("subject", flat=True):
        if subject not in owed:
            end_incident(RECEIPT_BREACHED, subject, how=f"published late; included in the log of size {audit.size}", now=now)


def _facts(breach: Breach, size: int) -> dict[str, str | int]:
    receipt = Receipt.objects.get(pk=breach.receipt)
    return {
        "include_by": format_time(receipt.include_by), "entries": breach.leaves, "published": "not yet" if breach.owed else "late",
        "published_size": size,
    }


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _select(statement: str, parameters: Sequence[int] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows
