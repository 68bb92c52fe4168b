"""The checks of one round: policy, checkpoint, quorum, consistency, entries and tiles, timestamps. One judgement for each that was made.

Keys and policies are those recorded here, never those that the front door offers. What is judged comes from the front door alone.
Nothing is written but what `memory` and `store` keep. Source: issue of this project on watching; formats A6, A7, B, C.
"""
import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ledger.errors import AuthoritiesMisconfigured
from ledger.models import PublishedCheckpoint
from ledger.monitor.contradiction import evidence_of, keep_contradiction
from ledger.monitor.front_door import FrontDoor, ShownTree
from ledger.monitor.growth import verify_again, verify_growth
from ledger.monitor.memory import Memory, Store, remembered_tree
from ledger.policies import policies, policy_at
from ledger.selectors import log_origin, log_state
from ledger.stamping import authorities
from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import verify_consistency
from tlog.note import Note, Verifier, open_note
from tlog.policy import Policy
from tlog.tiles import consistency_proof, root_from_tiles
from tlog.timestamp import verify_token

POLICY, CHECKPOINT, QUORUM, CONSISTENCY, TILES, TIMESTAMPS = "policy", "checkpoint", "quorum", "consistency", "tiles", "timestamps"
STALE = timedelta(seconds=60)
"""So long an older checkpoint, or an older policy, is a cache that is slow; then the log was set back."""

Facts = Mapping[str, str | int]


class Contradicted(VerificationError):
    """What is shown contradicts what is known; `facts` become public."""

    def __init__(self, sentence: str, **facts: str | int) -> None:
        super().__init__(sentence)
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check: `fault` is a sentence for the operator's log, None when it holds. Only `facts` are fit for the public."""

    subject: str
    fault: str | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint that the log signed, as the front door shows it; `note` has the verified signatures only."""

    raw: bytes
    note: Note
    point: Checkpoint
    tree: ShownTree


def examine(door: FrontDoor, memory: Memory, store: Store, *, now: datetime, until: float) -> Iterator[Judgement]:
    """Every check that can be made, in order; `until` (monotonic) bounds the new entries. Raises Away, OSError, ImproperlyConfigured."""
    yield _judged(POLICY, lambda: _policy_is_ours(door, now))
    found: list[Shown] = []
    checkpoint = _judged(CHECKPOINT, lambda: found.extend(_shown(door, memory)))
    yield checkpoint
    if not found:
        return
    [shown] = found
    yield _judged(QUORUM, lambda: _quorum_is_met(shown, now))
    consistent = _judged(CONSISTENCY, lambda: _continues(shown, memory, store, now))
    yield consistent
    if consistent.fault is None:
        yield _judged(TILES, lambda: _tiles_hold(shown, memory, store, until))
    yield _judged(TIMESTAMPS, lambda: _timestamps_hold(door, shown, now))


def _judged(subject: str, check: Callable[[], object]) -> Judgement:
    try:
        check()
    except VerificationError as fault:
        return Judgement(subject, str(fault), getattr(fault, "facts", {}))
    return Judgement(subject)


def _policy_is_ours(door: FrontDoor, now: datetime) -> None:
    served, known = door.policy(), policies()
    # One that was replaced a moment ago may still be in a cache, and one that begins just now may be served already.
    moments = (now, now + STALE, max(now - STALE, known[0].since))
    if served not in [policy_at(moment, known).text.encode() for moment in moments]:
        raise Contradicted("the policy served is not the one recorded here", served=hashlib.sha256(served).hexdigest())


def _log_verifiers() -> tuple[Verifier, ...]:
    """The keys of this log in every policy: whatever was signed under an earlier one still counts as said."""
    origin = log_origin()
    return tuple(dict.fromkeys(key for each in policies() for key in each.policy.log_verifiers if key.name == origin))


def _shown(door: FrontDoor, memory: Memory) -> list[Shown]:
    """The checkpoint shown; [] before the first one."""
    raw = door.checkpoint()
    if raw is None:
        if memory.seen is None and not log_state().published_size:
            return []
        raise Contradicted("no checkpoint is shown (404), and one was published")
    note = open_note(raw, _log_verifiers())
    point = parse_checkpoint(note.text)
    if point.origin != log_origin():
        raise Contradicted("the checkpoint is of another log")
    return [Shown(raw, note, point, door.tree(point.size))]


def _policy_of(size: int, now: datetime) -> Policy:
    """The policy under which the checkpoint of a size was published: its time of publication only says which of those recorded it is."""
    at = PublishedCheckpoint.objects.filter(size=size).values_list("published_at", flat=True).first()
    return policy_at(at or now).policy


def _quorum_is_met(shown: Shown, now: datetime) -> None:
    policy = _policy_of(shown.point.size, now)
    signatures = open_note(shown.raw, policy.verifiers).signatures
    policy.verify_log(signatures)
    try:
        policy.verify_quorum(signatures)
    except VerificationError as missing:
        raise Contradicted(str(missing), size=shown.point.size) from missing


def _continues(shown: Shown, memory: Memory, store: Store, now: datetime) -> None:
    """The checkpoint continues what was seen before, and is remembered then. Both notes are kept when it does not."""
    if memory.seen is not None:
        seen = parse_checkpoint(open_note(memory.seen, _log_verifiers()).text)
        try:
            _verify_continuation(seen, shown, memory, store)
        except VerificationError as fault:
            raise _kept(seen, shown, memory, store, fault) from fault
        if shown.point.size < seen.size:
            # SPEC: formats C: `/log/checkpoint` is cached for 10 s at most. Longer than a cache may be slow, an old one was put back.
            if now - (memory.seen_at or now) > STALE:
                raise Contradicted("an older checkpoint than before is shown", seen_size=seen.size, shown_size=shown.point.size)
            return
    memory.seen, memory.seen_at = shown.raw, now


def _verify_continuation(seen: Checkpoint, shown: Shown, memory: Memory, store: Store) -> None:
    old, new, read_tile = seen, shown.point, shown.tree.read_tile
    if new.size < old.size:
        if memory.tree.size < new.size:
            return  # nothing is known of that size yet
        if root_from_tiles(new.size, remembered_tree(store.leaves(0, new.size))) != new.root:
            raise VerificationError("the smaller tree shown is not the beginning of the one seen before")
        return
    proof = consistency_proof(old.size, new.size, read_tile)
    verify_consistency(old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof)


def _kept(seen: Checkpoint, shown: Shown, memory: Memory, store: Store, fault: VerificationError) -> Contradicted:
    files, proven = evidence_of(memory, store, seen, shown.raw, shown.tree, _log_verifiers())
    folder = keep_contradiction(store, files)
    return Contradicted(
        f"what is shown does not continue what was seen ({fault}); both are in {store.folder / folder}",
        proven=str(proven).lower(), kept=folder,
        seen_size=seen.size, seen_root=seen.root.hex(), shown_size=shown.point.size, shown_root=shown.point.root.hex())


def _tiles_hold(shown: Shown, memory: Memory, store: Store, until: float) -> None:
    verify_growth(shown.tree, shown.point, memory, store, until=until)
    verify_again(shown.tree, memory, store)


def _timestamps_hold(door: FrontDoor, shown: Shown, now: datetime) -> None:
    """The tokens of the newest stamped checkpoint verify under the pinned roots, and it is a checkpoint of this very tree."""
    data = door.timestamps()
    if data is None:
        if log_state().stamped_size:
            raise Contradicted("no timestamps are shown (404), and there are some")
        return
    note, tokens = _parse_timestamps(data)
    text = open_note(note, _log_verifiers()).text
    stamped = parse_checkpoint(text)
    if stamped.size <= shown.point.size:
        proof = consistency_proof(stamped.size, shown.point.size, shown.tree.read_tile)
        verify_consistency(
            old_size=stamped.size, new_size=shown.point.size, old_root=stamped.root, new_root=shown.point.root, proof=proof)
    try:
        roots = {authority.id: authority.roots for authority in authorities()}
    except AuthoritiesMisconfigured:
        return  # `/readyz` and the checks at start-up say so; nothing can be judged without the roots
    digest, not_before = hashlib.sha256(text.encode()).digest(), _cosigned_at(note, _policy_of(stamped.size, now))
    for authority, token in tokens:
        if authority in roots:
            verify_token(token, digest=digest, roots=roots[authority], now=now, not_before=not_before)


def _parse_timestamps(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    try:
        shown = json.loads(data)
        return shown["checkpoint"].encode(), [
            (str(each["authority"]), base64.b64decode(each["token"], validate=True)) for each in shown["timestamps"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as malformed:
        raise VerificationError("the timestamps are no answer of a log") from malformed


def _cosigned_at(note: bytes, policy: Policy) -> datetime | None:
    """The earliest cosignature, before which no timestamp can be; None without any."""
    times = [each.timestamp for each in open_note(note, policy.verifiers).signatures if each.timestamp is not None]
    return datetime.fromtimestamp(min(times), UTC) if times else None
