"""One record: from its disclosed claims, over statement and entry, to the leaf of a stamped checkpoint.

    claim ‖ salt → digests in statement.json → digests in entry.txt → leaf hash → root → checkpoint → timestamp

What it is for: each arrow is a check of its own, so that a report tells at which step the chain is broken.

What it does not do: judge checkpoints and tokens of the log folders (`logs`), which several records share.

Source: formats of this project, A1, A2, A5, A6; C2SP tlog-proof.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tlog import checks
from tlog.canonical import Json
from tlog.checkpoint import Checkpoint
from tlog.claims import file_name, verify_claim
from tlog.digests import sha256
from tlog.entry import Entry, verify_entry
from tlog.errors import VerificationError
from tlog.examination.case import Link, link_from
from tlog.examination.container import TSA
from tlog.examination.contents import Contents
from tlog.examination.custody import HEAD
from tlog.examination.findings import Findings
from tlog.examination.logs import Folder, FolderIndex, examine_quorum, verify_checkpoint
from tlog.examination.originals import Holdings, examine_originals, file_claim_from
from tlog.examination.stamps import SKEW_S, StampJudge
from tlog.merkle import leaf_hash, verify_inclusion
from tlog.proof import Proof, parse_proof
from tlog.statement import Statement, parse_statement

_TOKEN = re.compile(rf"{TSA}\.tst")


@dataclass(frozen=True, slots=True)
class RecordResult:
    """What the rest of the examination needs of a record whose statement is well formed.

    `claims` are the names in the statement, and `claims_hold` tells whether what is disclosed of them holds;
    `statement_sha256` is hex, `link` the disclosed case claim of a deposit, `folder` the number of the log folder whose
    checkpoint the proof carries. `heads` are the disclosed claims of a statement of kind `custody` by name, and `logged`
    tells whether its entry is in the log.
    """

    kind: str
    claims: frozenset[str]
    claims_hold: bool
    statement_sha256: str
    link: Link | None
    folder: int | None
    heads: Mapping[str, Json] = field(default_factory=dict)
    logged: bool = False


def examine_record(
    findings: Findings, contents: Contents, record: str, folders: FolderIndex, stamps: StampJudge, holdings: Holdings
) -> RecordResult | None:
    """Judge one record; None when it has no statement that can be read."""
    files, base = contents.layout.records[record], f"records/{record}/"
    if "statement.json" not in files:
        return None
    raw = contents.read(base + "statement.json")
    statement = findings.attempt(
        checks.STATEMENT, record, lambda: parse_statement(raw, record), lambda made: f"{made.kind}, {len(made.claims)} claims"
    )
    if statement is None:
        return None
    values = _examine_claims(findings, contents, record, statement)
    if values is not None:
        shown = [file_claim_from(value) for name, value in values.items() if name.startswith("files/") and statement.kind == "deposit"]
        hidden = sum(claim.name.startswith("files/") and claim.name not in values for claim in statement.claims)
        examine_originals(findings, record, shown, hidden, contents.exemptions.absent_originals(record), holdings)
    folder, logged = _examine_log_path(findings, contents, record, statement, raw, folders)
    _examine_times(findings, contents, record, statement, raw, folder, stamps)
    is_deposit = statement.kind == "deposit" and values is not None and "case" in values
    return RecordResult(
        statement.kind,
        frozenset(claim.name for claim in statement.claims),
        values is not None,
        sha256(raw).hex(),
        link_from(values["case"]) if is_deposit and values is not None else None,
        folder.number if folder else None,
        {name: value for name, value in (values or {}).items() if statement.kind == "custody" and HEAD.fullmatch(name)},
        logged,
    )


def _examine_claims(findings: Findings, contents: Contents, record: str, statement: Statement) -> dict[str, Json] | None:
    """Return the values of the disclosed claims by name; None when one of them fails."""
    withheld = contents.exemptions.withheld_claims(record)
    return findings.attempt(
        checks.CLAIMS, record, lambda: _verify_claims(contents, record, statement, withheld),
        lambda values: f"{len(values)} disclosed, {len(statement.claims) - len(values)} withheld",
    )  # fmt: skip


def _verify_claims(contents: Contents, record: str, statement: Statement, withheld: frozenset[str]) -> dict[str, Json]:
    """Check every disclosed claim against the statement; what is not disclosed must be a row of exceptions.csv.

    Raises:
        VerificationError: a digest differs, a claim is missing without a row, or one is here that the statement does not list.
    """
    files, base = contents.layout.records[record], f"records/{record}/"
    values: dict[str, Json] = {}
    known = set()
    for claim in statement.claims:
        data, salt = f"claims/{file_name(claim.name)}.json", f"claims/{file_name(claim.name)}.salt"
        known |= {data, salt}
        if data in files and salt in files:
            disclosed = contents.read(base + data), contents.read(base + salt)
            values[claim.name] = verify_claim(claim.name, *disclosed, claim.sha256, claim.sm3, statement.kind)
        # A salt alone would let anyone guess the claim that is withheld.
        elif data in files or salt in files or claim.name not in withheld:
            raise VerificationError(f"claim {claim.name} is not here, or half of it, and exceptions.csv does not say so")
    if foreign := sorted(name for name in files - known if name.startswith("claims/")):
        raise VerificationError(f"the statement does not list {foreign[:3]}")
    return values


def _examine_log_path(
    findings: Findings, contents: Contents, record: str, statement: Statement, raw: bytes, folders: FolderIndex
) -> tuple[Folder | None, bool]:
    """Judge entry, leaf and inclusion; returns the folder whose checkpoint the proof carries, and whether the entry is in its tree."""
    files, base = contents.layout.records[record], f"records/{record}/"
    if "entry.txt" not in files:
        return None, False
    data = contents.read(base + "entry.txt")
    entry: Entry | None = findings.attempt(checks.ENTRY, record, lambda: verify_entry(data, kind=statement.kind, statement=raw))
    if entry is None:
        findings.skipped(checks.LEAF, record, "the entry does not hold")
        return None, False
    leaf = leaf_hash(data)
    findings.passed(checks.LEAF, record, leaf.hex())
    if "proof.tlog-proof" not in files:
        return None, False
    proof = findings.attempt(checks.INCLUSION, f"{record}: proof", lambda: parse_proof(contents.read(base + "proof.tlog-proof")))
    return _examine_inclusion(findings, record, leaf, proof, folders) if proof is not None else (None, False)


def _examine_inclusion(findings: Findings, record: str, leaf: bytes, proof: Proof, folders: FolderIndex) -> tuple[Folder | None, bool]:
    text = proof.checkpoint.rpartition(b"\n\n")[0] + b"\n"
    folder = folders.carrying(text)
    if folder is None:
        findings.failed(checks.INCLUSION, record, "the proof's checkpoint has no folder log/<n>")
        return None, False
    policy, point = folder.policy, folder.checkpoint
    if policy is None or point is None:
        findings.skipped(checks.INCLUSION, record, f"the checkpoint of log/{folder.number} does not hold")
        return folder, False
    # The proof's copy of the checkpoint may carry other cosignatures than the folder's, and is judged like it.
    if sha256(proof.checkpoint) != folder.note_sha256:
        opened = findings.attempt(
            checks.CHECKPOINT_SIGNATURE, f"{record}: proof", lambda: verify_checkpoint(proof.checkpoint, text, policy)
        )
        if opened is None:
            return folder, False
        examine_quorum(findings, f"{record}: proof", policy, opened)
    covering = findings.attempt(
        checks.INCLUSION, record, lambda: _verify_inclusion(leaf, proof, point, folders),
        lambda covering: f"entry {proof.index} of {covering.size} in {covering.origin}",
    )  # fmt: skip
    return folder, covering is not None


def _verify_inclusion(leaf: bytes, proof: Proof, point: Checkpoint, folders: FolderIndex) -> Checkpoint:
    verify_inclusion(index=proof.index, size=point.size, leaf_hash=leaf, proof=proof.hashes, root=point.root)
    # SPEC: the proof is made against the first published checkpoint that covers the record and was stamped.
    first = folders.first_stamped(point.origin, proof.index)
    if first is not None and first[0] < point.size:
        raise VerificationError(f"not the first stamped checkpoint that covers the record: log/{first[1]} is smaller and does too")
    return point


def _examine_times(
    findings: Findings, contents: Contents, record: str, statement: Statement, raw: bytes, folder: Folder | None, stamps: StampJudge
) -> None:
    """Judge the record's own tokens, and `received_at` against the earliest verified time."""
    digest, base = sha256(raw), f"records/{record}/"
    lasting: list[datetime] = list(folder.stamped_at) if folder else []
    lapsed: list[datetime] = []
    for name in sorted(filter(_TOKEN.fullmatch, contents.layout.records[record])):
        # SPEC: the imprint is SHA-256 of statement.json, never of a file.
        stamp = stamps.examine_lone(checks.TIMESTAMPS, base + name, contents.read(base + name), digest)
        if stamp is not None:
            (lasting if stamp.lasts else lapsed).append(stamp.at)
    if lasting or lapsed:
        # A token that has lapsed gives the record no time. It still contradicts: whoever left it in vouches for it.
        earliest = min([*lasting, *lapsed])
        findings.attempt(
            checks.RECEIVED_AT, record, lambda: _verify_received(statement.received_at, earliest), lambda _: _tell_time(lasting))
    else:
        # That there is no verified token is an open check already.
        findings.skipped(checks.RECEIVED_AT, record, "no verified token", required=False)


def _tell_time(lasting: list[datetime]) -> str:
    return f"stamped at {min(lasting):%Y-%m-%d %H:%M:%S} UTC" if lasting else "by a token of its own that has lapsed, and no other"


def _verify_received(received_at: datetime, stamped_at: datetime) -> None:
    # SPEC: received_at later than the record's earliest genTime plus skew fails.
    if received_at > stamped_at + timedelta(seconds=SKEW_S):
        raise VerificationError(f"received at {received_at:%Y-%m-%d %H:%M:%S}Z, stamped before, at {stamped_at:%Y-%m-%d %H:%M:%S}Z")
