"""What this service can say of a file and a record number: every link from the file to the stamped checkpoint, judged anew.

The same checks, by the same names and the same pure code, as the offline verifier. It is a convenience: who doubts this
service takes the package and verifies it elsewhere.
Source: formats A6 (order and names of checks).
"""
from datetime import datetime, timedelta
from functools import partial

from common.tenancy import opened
from evidence.custody import Happening
from evidence.disclosure import Disclosure, disclose_file
from evidence.models import Evidence
from evidence.trail import LOOKED_UP_AT_ONCE, append_rows, append_with_retries, note_happening, to_the_millisecond
from ledger.checkpoint_folders import folder_of
from ledger.errors import RecordNotPublished
from ledger.pinned import pinned_roots
from ledger.policies import policy_at
from ledger.proofs import RecordProof, record_proof
from ledger.selectors import entry_of, places_of
from ledger.stamping import authorities
from tlog import checks
from tlog.checkpoint import parse_checkpoint
from tlog.claims import parse_claim, verify_claim
from tlog.digests import sha256
from tlog.entry import verify_entry
from tlog.errors import VerificationError
from tlog.examination.findings import Findings
from tlog.examination.stamps import verify_archived
from tlog.merkle import leaf_hash, verify_inclusion
from tlog.note import open_note, split_note
from tlog.policy import NO_QUORUM
from tlog.proof import parse_proof
from tlog.report import PASSED, Report
from tlog.statement import Statement, parse_statement

SKEW = timedelta(seconds=300)


def verify_file(number: str, file_sha256: bytes, file_sm3: bytes | None, *, by: Happening, now: datetime) -> Report:
    """Judge a file, given by its digests (`file_sm3` None: not given), against a record. That it was, and `by` whom, is in its trail first.

    Raises RecordNotFound for an unknown number and for a digest of no file of the record alike, DisclosureLimited, ClaimsErased,
    AuthoritiesMisconfigured, TrailBusy; its trail says nothing then.
    """
    disclosed = disclose_file(number, file_sha256, today=now.date())
    findings = Findings()
    _original(findings, disclosed, file_sm3)
    statement = _statement(findings, disclosed)
    entry = _entry(findings, disclosed)
    proof = _proof(findings, disclosed, entry)
    if proof is not None and statement is not None:
        _times(findings, statement, proof, now)
    # After all that can refuse: of a file that nobody was told of the trail must not say that it was verified.
    note_happening(disclosed.record.pk, by, now=now)
    return findings.report()


def note_examined(report: Report, by: Happening, *, now: datetime) -> None:
    """That a package was examined, and `by` whom, into the trail of each record of ours that it leads to our log. Raises TrailBusy.

    A number that stands in a package without such a path leaves nothing: anybody can write numbers.
    """
    led = (check.reason for check in report.checks if check.name == checks.INCLUSION and check.outcome == PASSED)
    numbers = sorted({reason.partition(":")[0] for reason in led})
    for first in range(0, len(numbers), LOOKED_UP_AT_ONCE):
        ids = [id_ for number in numbers[first:first + LOOKED_UP_AT_ONCE] if (id_ := _id_of(number)) is not None]
        with opened(records=",".join(map(str, ids))):
            append_with_retries(lambda ids=ids: append_rows({id_: [by] for id_ in ids}, at=to_the_millisecond(now)))  # type: ignore[misc]


def _id_of(number: str) -> int | None:
    """None for what is no deposit: a statement about trails has a number, too."""
    with opened(record=number):
        return Evidence.objects.filter(record=number).values_list("pk", flat=True).first()


def _original(findings: Findings, disclosed: Disclosure, file_sm3: bytes | None) -> None:
    name = disclosed.claim.name

    def judge() -> str:
        value = parse_claim(name, disclosed.claim.data)
        assert isinstance(value, dict)
        # The digest led us to this claim; SM3 is the second, independent opinion.
        if file_sm3 is not None and value["sm3"] not in (None, file_sm3.hex()):
            raise VerificationError("SM3 differs")
        return name

    findings.attempt(checks.ORIGINALS, name, judge)


def _statement(findings: Findings, disclosed: Disclosure) -> Statement | None:
    record = disclosed.record.record
    statement = findings.attempt(checks.STATEMENT, record, lambda: parse_statement(bytes(disclosed.record.statement), record))
    if statement is not None:
        listed = {claim.name: claim for claim in statement.claims}[disclosed.claim.name]
        claim = disclosed.claim
        findings.attempt(checks.CLAIMS, claim.name, lambda: verify_claim(claim.name, claim.data, claim.salt, listed.sha256, listed.sm3))
    return statement


def _entry(findings: Findings, disclosed: Disclosure) -> bytes:
    entry, promised = entry_of(disclosed.record.ticket)
    findings.attempt(checks.ENTRY, disclosed.record.record, lambda: verify_entry(
        entry, kind="deposit", statement=bytes(disclosed.record.statement)))

    def same_leaf() -> bytes:
        if leaf_hash(entry) != promised:
            raise VerificationError("the leaf is not the one that the receipt promised")
        return promised

    findings.attempt(checks.LEAF, disclosed.record.record, same_leaf)
    return entry


def _proof(findings: Findings, disclosed: Disclosure, entry: bytes) -> RecordProof | None:
    record = disclosed.record.record
    place = places_of([disclosed.record.ticket]).get(disclosed.record.ticket)
    try:
        if place is None:
            raise RecordNotPublished
        found = record_proof(place.index)
    except RecordNotPublished:
        findings.skipped(checks.INCLUSION, record, "not in a published checkpoint yet")
        return None
    policy = policy_at(found.published_at).policy

    def included() -> str:
        proof = parse_proof(found.proof)
        point = parse_checkpoint(split_note(proof.checkpoint)[0])
        verify_inclusion(index=proof.index, size=point.size, leaf_hash=leaf_hash(entry), proof=list(proof.hashes), root=point.root)
        return f"entry {proof.index} of {point.size}"

    findings.attempt(checks.INCLUSION, record, included, str)
    findings.attempt(
        checks.CHECKPOINT_SIGNATURE, record, lambda: policy.verify_log(open_note(found.note, policy.verifiers).signatures))
    if policy.quorum == NO_QUORUM:
        findings.skipped(checks.WITNESS_QUORUM, record, "the policy says quorum none", required=False)
    else:
        findings.attempt(
            checks.WITNESS_QUORUM, record, lambda: policy.verify_quorum(open_note(found.note, policy.verifiers).signatures),
            lambda cosigned: ", ".join(witness.name for witness in cosigned))
    return found


def _retired(authority_id: str) -> tuple[bytes, ...]:
    """The roots of an authority that is not asked any more; () when they are gone, and its token is refused then."""
    try:
        return pinned_roots(authority_id)
    except ValueError:
        return ()


def _times(findings: Findings, statement: Statement, proof: RecordProof, now: datetime) -> None:
    text = split_note(proof.note)[0].encode()
    roots = {authority.id: authority.roots for authority in authorities()}
    folder = folder_of(proof.size)
    archived = {} if folder is None else folder.files
    times = []
    for stamp in proof.stamps:
        # What was archived about revocation when the token was taken judges here as it does in a package.
        judge = partial(
            verify_archived, stamp.token, sha256(text), roots=roots.get(stamp.authority) or _retired(stamp.authority), now=now,
            crls=[archived[name] for name in (f"{stamp.authority}.crl",) if name in archived],
            answers=[archived[name] for name in (f"{stamp.authority}.ocsp",) if name in archived])
        stamped_at = findings.attempt(checks.TIMESTAMPS, stamp.authority, judge, datetime.isoformat)
        times += [stamped_at] if stamped_at is not None else []
    if not proof.stamps:
        findings.skipped(checks.TIMESTAMPS, statement.record, "no token yet")

    def in_order() -> None:
        if statement.received_at > min(times) + SKEW:
            raise VerificationError("received later than stamped")

    if times:
        findings.attempt(checks.RECEIVED_AT, statement.record, in_order)
