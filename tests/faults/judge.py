"""The judge: what was acknowledged is held against the rows, the published log and the vault; every difference has a name.

It believes neither the service nor the depositors' memory of anything but bytes that they sent and receipts that they hold.
`test_kills.py` shows that it sees what it looks for. What this does not do: mend, or tell why.
"""
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from django.db.models import Prefetch

from common.errors import DomainError
from evidence.custody_batches import KIND as CUSTODY
from evidence.models import CustodyCommitment, Evidence, EvidenceFile
from evidence.record_keys import open_original
from evidence.selectors import claims_of
from ledger.models import LogEntry, LogQueue, OwnStatement
from tests.faults.depositors import Acknowledged
from tests.faults.published_log import PublishedLog
from tlog.claims import parse_claim
from tlog.entry import commit
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash
from tlog.receipt import open_receipt
from tlog.verifier import Verifier


@dataclass(slots=True)
class Verdict:
    """What is wrong, by kind; all empty when nothing is."""

    lost: list[str] = field(default_factory=list)
    false_receipts: list[str] = field(default_factory=list)
    changed_receipts: list[str] = field(default_factory=list)
    duplicate_leaves: list[str] = field(default_factory=list)
    duplicate_records: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)

    def faults(self) -> dict[str, list[str]]:
        """The kinds that are not empty, each shortened to what a person can read."""
        found: dict[str, list[str]] = {each.name: getattr(self, each.name) for each in fields(self)}
        return {kind: [*texts[:5], *([f"… {len(texts)} in all"] if len(texts) > 5 else [])] for kind, texts in found.items() if texts}


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One record as the database has it: its serial is read from the sealed claims, its leaf made anew from the statement."""

    record: Evidence
    serial: str
    case: Mapping[str, Any]
    leaf: bytes


def judge(acknowledged: Sequence[Acknowledged], log: PublishedLog, receipt_vkey: str) -> Verdict:
    """Hold all acknowledgements against everything that is there now."""
    verdict = Verdict()
    places = {leaf: index for index, leaf in enumerate(log.leaves)}
    rows = {row.record.record: row for row in read_rows()}
    for one in acknowledged:
        judge_acknowledged(one, rows, places, Verifier.from_vkey(receipt_vkey), verdict)
    verdict.duplicate_leaves += [leaf.hex() for leaf, count in Counter(log.leaves).items() if count > 1]
    judge_records(acknowledged, rows.values(), verdict)
    judge_log(log, places, rows, verdict)
    judge_chains(list(rows.values()), places, verdict)
    return verdict


def read_rows() -> Iterator[Row]:
    # Each file with its object in one query: in two, the worker that puts equal files together may come between them.
    files = Prefetch("files", EvidenceFile.objects.select_related("stored_object"))
    for record in Evidence.objects.select_related("case").prefetch_related(files).iterator(chunk_size=500):
        values: dict[str, Any] = {claim.name: parse_claim(claim.name, claim.data) for claim in claims_of(record)}
        leaf = leaf_hash(commit("deposit", bytes(record.statement)).encode())
        yield Row(record, values["subject"]["metadata"]["call_id"], values["case"], leaf)


def judge_acknowledged(one: Acknowledged, rows: Mapping[str, Row], places: Mapping[bytes, int], key: Verifier, verdict: Verdict) -> None:
    """Every answer has a true receipt, all answers to one request are the same, and what they name is there."""
    if len({answer["receipt"] for answer in one.answers}) != 1:
        verdict.changed_receipts.append(one.request.serial)
    for answer in one.answers:
        numbers = [record["record"] for record in answer["records"]]
        try:
            receipt = open_receipt(answer["receipt"].encode(), [key])
        except VerificationError as fault:
            verdict.false_receipts.append(f"{one.request.serial}: {fault}")
            continue
        if [number for number, _ in receipt.leaves] != numbers or len(numbers) != one.request.count:
            verdict.false_receipts.append(f"{one.request.serial}: the receipt does not name the records of the answer")
        for (number, leaf), serial in zip(receipt.leaves, one.request.serials(), strict=True):
            judge_promise(number, leaf, serial, rows.get(number), places, verdict)
        for row in filter(None, (rows.get(number) for number in numbers)):
            verdict.originals += original_faults(row.record, one.request.originals)


def judge_promise(number: str, leaf: bytes, serial: str, row: Row | None, places: Mapping[bytes, int], verdict: Verdict) -> None:
    where = f"{serial} {number}"
    if row is None:
        verdict.lost.append(f"{where}: no such record")
    elif (row.leaf, row.serial) != (leaf, serial):
        verdict.false_receipts.append(f"{where}: the receipt names another leaf, or the record is another's")
    if leaf not in places:
        verdict.lost.append(f"{where}: its leaf is not in the published log")


def original_faults(record: Evidence, originals: Sequence[bytes]) -> Iterator[str]:
    """The vault holds exactly the bytes that were sent, in their order; a batch's records have none there."""
    files = [file for file in sorted(record.files.all(), key=lambda file: file.position) if file.stored_object is not None]
    if len(files) != len(originals):
        yield f"{record.record}: {len(files)} originals for {len(originals)} files"
        return
    for file, sent in zip(files, originals, strict=True):
        try:
            with open_original(file) as original:
                found = hashlib.sha256(original.read()).digest()
        except FileNotFoundError:
            yield f"{record.record}: files/{file.position} is not in the vault"
            continue
        except DomainError as fault:
            yield f"{record.record}: files/{file.position}: {fault.code}"
            continue
        if found != sent:
            yield f"{record.record}: files/{file.position} holds other bytes"


def judge_records(acknowledged: Sequence[Acknowledged], rows: Collection[Row], verdict: Verdict) -> None:
    """Each record that was asked for is there once, and none that nobody asked for. All requests were acknowledged in the end."""
    asked = {serial for one in acknowledged for serial in one.request.serials()}
    counts = Counter(row.serial for row in rows)
    verdict.duplicate_records += [f"{serial}: {count} records" for serial, count in counts.items() if count > 1]
    verdict.strangers += [f"record of {serial}, which nobody has an answer to" for serial in counts if serial not in asked]


def judge_log(log: PublishedLog, places: Mapping[bytes, int], rows: Mapping[str, Row], verdict: Verdict) -> None:
    """The log holds the leaves of records and of trails' ends, all of them and nothing else, and none of a record waits any more.

    The job that puts ends of trails into the log runs while we judge: what it has just queued may wait, and be published under our eyes.
    """
    # Asked before and after what waits, so that none which came meanwhile is missed there, or called a stranger.
    before, leaves = ends_of_trails(), {row.leaf for row in rows.values()}
    waiting = {bytes(leaf) for leaf in LogQueue.objects.values_list("leaf_hash", flat=True)}
    sequenced = {leaf_hash(bytes(entry)) for entry in LogEntry.objects.values_list("entry", flat=True)}
    trails = ends_of_trails()
    own = {leaf_hash(commit(each.kind, bytes(each.statement)).encode()): each for each in OwnStatement.objects.select_related("incident")}
    verdict.strangers += [f"leaf {index}, which no record has: {word_of(own.get(leaf))}" for leaf, index in places.items()
                          if leaf not in leaves | trails.keys()]
    verdict.lost += [f"{row.record.record}: recorded, but not in the log" for row in rows.values() if row.leaf not in places]
    verdict.lost += [f"{number}: ends of trails, not in the log" for leaf, number in before.items()
                     if leaf not in places.keys() | waiting | sequenced]
    if (waiting := waiting - trails.keys()) or log.size != len(rows) + len(trails.keys() & places.keys()):
        verdict.strangers.append(f"{log.size} leaves and {len(waiting)} in the queue for {len(rows)} records and {len(trails)} of trails")


def ends_of_trails() -> dict[bytes, str]:
    """The number of each statement of ends of trails, by the leaf that it has in the log."""
    return {leaf_hash(commit(CUSTODY, bytes(each.statement)).encode()): each.record for each in CustodyCommitment.objects.all()}


def word_of(own: OwnStatement | None) -> str:
    """What the service itself put there; an incident is told by its code, for none belongs into an ordeal."""
    if own is None:
        return "nobody's"
    return f"{own.kind} {own.incident.code} {own.incident.subject}" if hasattr(own, "incident") else own.kind


def judge_chains(rows: Sequence[Row], places: Mapping[bytes, int], verdict: Verdict) -> None:
    """Each case is 1..n, each record names the statement before it, and the log's order follows the case's."""
    cases: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.record.case_sequence):
        cases.setdefault(row.record.case_id, []).append(row)
    for chain in cases.values():
        verdict.chains += chain_faults(chain, lambda row: places.get(row.leaf, -1))
    if waiting := [case.ref for case in {row.record.case for row in rows} if case.sequence != len(cases[case.pk])]:
        verdict.chains.append(f"heads that are not the last record: {waiting}")


def chain_faults(chain: Sequence[Row], place: Callable[[Row], int]) -> Iterator[str]:
    previous, last = None, -1
    for number, row in enumerate(chain, 1):
        claimed = (row.record.case_sequence, row.case["sequence"], row.case["previous"])
        if claimed != (number, number, previous):
            yield f"{row.record.record}: {claimed} where ({number}, {number}, {previous}) follows"
        if place(row) <= last:
            yield f"{row.record.record}: stands in the log before its predecessor"
        previous, last = commit("deposit", bytes(row.record.statement)).sha256.hex(), place(row)
