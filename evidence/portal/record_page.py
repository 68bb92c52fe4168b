"""Everything that the page of one record shows: what anyone with the number may know, and nothing else (design.md §5).

No organisation, no case, no kind, no file name: those are claims, and a claim is shown only to whoever holds its file
(`evidence.disclosure`).
"""
import hashlib
from dataclasses import dataclass
from datetime import datetime

from evidence.facts import facts_of
from evidence.models import Evidence
from evidence.portal.proof_drawing import Drawing, draw
from evidence.portal.proof_path import Step, steps_of
from evidence.portal.state_words import SENTENCES, STATES, FactWords, Text, words_for
from evidence.proofs import proof_of
from evidence.stamps import stamp_of, wants_stamp
from ledger.authorities import is_test_authority
from ledger.errors import RecordNotPublished
from ledger.proofs import RecordProof
from ledger.selectors import Stamp, entry_of
from ledger.trust import witnesses_on_this_machine
from tlog.checkpoint import parse_checkpoint
from tlog.claims import ClaimDigest
from tlog.digests import sm3
from tlog.note import split_note
from tlog.proof import parse_proof
from tlog.statement import parse_statement


@dataclass(frozen=True, slots=True)
class Commitment:
    """Statement, entry and leaf as hexadecimal digests; `entry` is the entry's text."""

    statement_sha256: str
    statement_sm3: str
    claims: tuple[ClaimDigest, ...]
    entry: str
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class StampView:
    """One authority's token on the record's checkpoint; `token_sha256` is hex, `test` as in `ledger.authorities`."""

    authority: str
    gen_time: datetime
    token_sha256: str
    test: bool


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the record stands in the tree that its proof leads to, once that is published; `root` is hex."""

    index: int
    size: int
    root: str
    note: str
    steps: tuple[Step, ...]
    drawing: Drawing
    stamps: tuple[StampView, ...]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`place` is None until a published checkpoint covers the record.

    `own_stamp` is a token over the record's statement, None without one; `own_stamp_awaited`: one was asked for and is not there yet.
    """

    record: str
    received_at: datetime
    include_by: datetime
    state: Text
    sentence: Text
    words: tuple[FactWords, ...]
    commitment: Commitment
    place: LogPlace | None
    own_stamp: StampView | None
    own_stamp_awaited: bool


def record_page(record: Evidence, *, now: datetime) -> RecordPage:
    """What is public of `record` at `now`. Raises OSError when a tile cannot be read."""
    facts = facts_of(record)
    commitment = _commitment(record)
    place = _place(record, bytes.fromhex(commitment.leaf_hash))
    own = _own_stamp(record)
    only_tests = place is not None and bool(place.stamps) and all(stamp.test for stamp in place.stamps)
    return RecordPage(
        record=record.record, received_at=record.received_at, include_by=record.receipt.include_by,
        state=STATES[facts.state], sentence=SENTENCES[facts.state],
        words=words_for(facts, now=now, test_authority=only_tests, test_witnesses=witnesses_on_this_machine()),
        commitment=commitment, place=place, own_stamp=own, own_stamp_awaited=own is None and wants_stamp(record),
    )


def _commitment(record: Evidence) -> Commitment:
    statement = bytes(record.statement)
    entry, leaf_hash = entry_of(record.ticket)
    return Commitment(
        statement_sha256=hashlib.sha256(statement).hexdigest(), statement_sm3=sm3(statement).hex(),
        claims=parse_statement(statement, record=record.record).claims, entry=entry.decode("ascii"), leaf_hash=leaf_hash.hex(),
    )


def _place(record: Evidence, leaf_hash: bytes) -> LogPlace | None:
    try:
        found = proof_of(record)
    except RecordNotPublished:
        return None
    proof = parse_proof(found.proof)
    steps = steps_of(proof.index, found.size, leaf_hash, proof.hashes)
    text, _ = split_note(found.note)
    root = parse_checkpoint(text).root
    # What the page draws must lead to what the log signed; anything else is our bug and is not shown as a proof.
    assert (steps[-1].result if steps else leaf_hash) == root
    return LogPlace(
        index=proof.index, size=found.size, root=root.hex(), note=found.note.decode(), steps=steps,
        drawing=draw(proof.index, leaf_hash, steps), stamps=_stamps(found),
    )


def _own_stamp(record: Evidence) -> StampView | None:
    own = stamp_of(record)
    return None if own is None else _stamp(Stamp(own.authority, bytes(own.token), own.gen_time))


def _stamps(found: RecordProof) -> tuple[StampView, ...]:
    return tuple(_stamp(stamp) for stamp in found.stamps)


def _stamp(stamp: Stamp) -> StampView:
    return StampView(stamp.authority, stamp.gen_time, hashlib.sha256(stamp.token).hexdigest(), is_test_authority(stamp.authority))
