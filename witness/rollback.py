"""Is this witness's file that of last week? Asked for each log after each start, before the first signature.

A file restored from a backup knows an older tree than the witness has cosigned; signing from there would let a log fork with an
honest witness's help. So the log's checkpoint and the peers' monitoring pages are read. None of them need carry our own line (a
peer's never does, and the log's newest not when we were slow), so every checkpoint under the log's key is a floor: what is larger
than ours is taken over before anything is signed, with a consistency proof from what is stored, computed from the log's tiles.

A valid cosignature of our own on more than is stored means that the file went back; that waits for an operator's `resync`. Another
root of the stored size means that the log showed two histories; both notes are kept, and nothing is signed. A file that holds
nothing of a log is that of a new witness or an emptied one, and only the operator knows which: `first_start`.

What it does not do: conclude that all is well when nothing could be read, unless the operator says so with `first_start`.

Source: threats of this project, T12; C2SP tlog-witness ("monitoring"), tlog-tiles.
"""
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import EMPTY_ROOT, verify_consistency
from tlog.note import Note, Signature, Verifier, open_note
from tlog.tiles import consistency_proof, tile_path
from witness.cosigning import KnownLog, log_note, statements, statements_of
from witness.fetching import NotReadError, fetch
from witness.request import MAX_BODY
from witness.store import Cosigned, Statement, Store

logger = logging.getLogger(__name__)

Fetch = Callable[[str, int], bytes]
FULL_TILE = 256
TILE_BYTES = 256 * 32
REMEMBERED_S = 5.0
"""So long a refusal is repeated without another look: a log asks once a second, and anyone can ask a hundred times."""
LOOK_S = 20.0
"""So long a request waits for the look that another one has begun; a request has not much longer altogether."""
UNREAD = "neither the log's checkpoint nor a peer could be read since the start, so this witness cannot tell whether its file is up to date"
EMPTY = (
    "this witness's file holds nothing of the log: start it once with --first-start if the log was never cosigned here; "
    "if it was, the file was emptied or replaced"
)
LOOKING = "this witness is still comparing its file with what the log and the peers show"


def fetched(url: str, limit: int) -> bytes:
    """`fetching.fetch` by position. Raises NotReadError."""
    return fetch(url, limit=limit)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A checkpoint under the log's key, found outside: the note with the log's lines, what it states under each key, and the time
    of our own cosignature in it, None without one."""

    checkpoint: Checkpoint
    note: bytes
    statements: tuple[Statement, ...]
    cosigned_at: int | None


class RollbackCheck:
    """Says of each log, once after the start, whether it may be cosigned; `own` are this witness's verifiers.

    `peers` are the addresses under which other witnesses answer `/<hex sha256(origin)>/checkpoint`; `clock` gives POSIX seconds.
    """

    def __init__(
        self, store: Store, own: tuple[Verifier, ...], *, peers: tuple[str, ...], clock: Callable[[], float],
        first_start: bool = False, resync: bool = False, read: Fetch = fetched, monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._own, self._peers, self._clock, self._read = store, own, peers, clock, read
        self._first_start, self._resync, self._monotonic = first_start, resync, monotonic
        self._passed: set[str] = set()
        self._refused: dict[str, tuple[float, str]] = {}
        # One for each log: a log that answers slowly must not hold up another.
        self._locks: dict[str, threading.Lock] = {}

    def __call__(self, log: KnownLog) -> str | None:
        """None when the log may be cosigned, else the reason why not. Asks the network until it may."""
        if log.origin in self._passed:
            return None
        lock = self._locks.setdefault(log.origin, threading.Lock())
        if not lock.acquire(timeout=LOOK_S):
            return LOOKING
        try:
            if log.origin in self._passed:
                return None
            refused = self._refused.get(log.origin)
            if refused is not None and self._monotonic() < refused[0]:
                return refused[1]
            reason = self._judge(log)
            self._store.set_trouble(log.origin, reason, now=int(self._clock()))
            if reason is None:
                self._passed.add(log.origin)
            else:
                self._refused[log.origin] = (self._monotonic() + REMEMBERED_S, reason)
                logger.error("%s is not cosigned: %s", log.origin, reason)
            return reason
        finally:
            lock.release()

    def _judge(self, log: KnownLog) -> str | None:
        stored, sightings = self._store.latest(log.origin), self._look(log)
        if (reason := self._two_histories(log, stored, sightings)) is not None:
            return reason
        ahead = sorted((each for each in sightings if stored is None or each.checkpoint.size > stored.size),
                       key=lambda each: (each.checkpoint.size, each.cosigned_at is None))
        own = [each.checkpoint.size for each in ahead if each.cosigned_at is not None]
        if own and not (self._resync and (stored is not None or self._first_start)):
            return _rolled_back(stored, own[-1])
        if stored is None and not self._first_start:
            return EMPTY
        if not sightings and not self._first_start:
            return UNREAD
        if stored is None and ahead:
            # A file that holds nothing has nothing to continue: it begins with what we cosigned once, else with the largest.
            begin = own[-1] if own else ahead[-1].checkpoint.size
            ahead = [each for each in ahead if each.checkpoint.size >= begin]
        # From the smallest on: whatever was shown must continue the one before, not the stored one alone.
        for floor in ahead:
            try:
                stored = self._adopt(log, stored, floor)
            except (VerificationError, NotReadError) as fault:
                size = stored.size if stored else 0
                word = "resync is impossible" if own else (
                    f"size {floor.checkpoint.size} is under the log's key, and that it continues size {size} could not be shown")
                return f"{word}: {fault}"
        return None

    def _two_histories(self, log: KnownLog, stored: Cosigned | None, sightings: list[Sighting]) -> str | None:
        """Remember what was seen, contradictions whole; the reason to refuse when one size was shown with two roots."""
        known = statements_of(stored, log) if stored else []
        # The root of what is stored counts whoever's key is on it: a log that changes its key still has one history.
        roots = {stored.size: stored.root} if stored else {}
        reason = None
        seen = list(known)
        for each in sightings:
            point = each.checkpoint
            seen += each.statements
            if roots.setdefault(point.size, point.root) != point.root:
                reason = f"the log showed two histories: two roots of size {point.size} are signed with its key; both notes are kept"
        self._store.remember(log.origin, seen, now=int(self._clock()))
        return reason

    def _look(self, log: KnownLog) -> list[Sighting]:
        """The checkpoints of this log, under its key, that it and the peers show."""
        path, found = f"/{log.path}/checkpoint", []
        for url in (f"{log.url}/checkpoint", *(peer + path for peer in self._peers)):
            try:
                data = self._read(url, MAX_BODY)
                note = open_note(data, (*log.verifiers, *self._own))
                checkpoint = parse_checkpoint(note.text)
                by_log = _signed_by(note, log.verifiers)
                if checkpoint.origin != log.origin or not by_log:
                    raise VerificationError(f"{url} shows no checkpoint under the key of {log.origin}")
                if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
                    raise VerificationError(f"{url} shows an empty tree with the root of another")
            except (NotReadError, VerificationError) as fault:
                logger.warning("after the start: %s", fault)
                continue
            kept = log_note(data, by_log)
            times = [each.timestamp or 0 for each in _signed_by(note, self._own)]
            found.append(Sighting(checkpoint, kept, tuple(statements(checkpoint, kept, by_log)), max(times, default=None)))
        return found

    def _adopt(self, log: KnownLog, stored: Cosigned | None, floor: Sighting) -> Cosigned:
        """Take over a checkpoint that continues what is stored, and return it. Raises VerificationError, NotReadError."""
        point = floor.checkpoint
        if stored is not None and stored.size == point.size:
            return stored  # two pages showed one checkpoint
        if stored is not None and stored.size:

            def read_tile(level: int, index: int, width: int) -> bytes:
                try:
                    return self._read(f"{log.url}/{tile_path(level, index, width)}", TILE_BYTES)
                except NotReadError:
                    if width == FULL_TILE:
                        raise
                    # SPEC: tlog-tiles: partial tiles may be gone once the full one is there.
                    return self._read(f"{log.url}/{tile_path(level, index, FULL_TILE)}", TILE_BYTES)[:width * 32]

            proof = consistency_proof(stored.size, point.size, read_tile)
            verify_consistency(old_size=stored.size, new_size=point.size, old_root=stored.root, new_root=point.root, proof=proof)
        moment = int(self._clock()) if floor.cosigned_at is None else floor.cosigned_at
        new = Cosigned(point.size, point.root, floor.note, max(moment, stored.cosigned_at if stored else 0))
        if not self._store.advance(log.origin, stored, new, floor.statements):
            raise VerificationError("another process of this witness is at work on the same file")
        logger.warning("%s: took over the checkpoint of size %s that was seen outside", log.origin, point.size)
        return new


def _rolled_back(stored: Cosigned | None, size: int) -> str:
    ends, words = (f"ends at {stored.size}", "--resync") if stored else ("holds nothing of the log", "--first-start --resync")
    return f"this witness was rolled back: it cosigned size {size} once and its file {ends}; start it once with {words}"


def _signed_by(note: Note, verifiers: tuple[Verifier, ...]) -> list[Signature]:
    keys = {(key.name, key.key_id) for key in verifiers}
    return [each for each in note.signatures if (each.name, each.key_id) in keys]
