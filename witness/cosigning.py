"""The decision: what a request to add a checkpoint is answered, and what is persisted before the answer.

The order is that of C2SP tlog-witness: malformed 400, unknown origin 404, log signature 403, old size 409, root and proof 422,
then check-and-persist in one step, then the cosignature. Nothing is signed that is not on the disk, and nothing that does
not continue what is on the disk.

What it does not do: speak HTTP (`witness.server`), or find out whether the disk is that of last week (`witness.rollback`).

Source: C2SP tlog-witness v1.0.0 with main of 2026-07; formats of this project, "settled where the specs are silent".
"""
import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import EMPTY_ROOT, verify_consistency
from tlog.note import Note, Signature, Verifier, format_note, open_note, split_note
from witness.request import AddCheckpoint, parse_add_checkpoint
from witness.store import Cosigned, Statement, Store

logger = logging.getLogger(__name__)

SIZE = "text/x.tlog.size"
TEXT = "text/plain; charset=utf-8"
PARSED_AT_ONCE = 8
"""Requests that are taken apart at one time: each may be half a megabyte, and many times that once it lies in pieces."""


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log that this witness knows: its keys (two while it changes them) and where its tiles are served."""

    origin: str
    verifiers: tuple[Verifier, ...]
    url: str

    @property
    def path(self) -> str:
        """Hex SHA-256 of the origin: the log's place in the monitoring addresses of its witnesses."""
        return hashlib.sha256(self.origin.encode()).hexdigest()


class Cosigner(Protocol):
    """Signs a checkpoint's text as seen at `timestamp` (POSIX seconds); returns the line with its newline."""

    def sign(self, text: str, timestamp: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, media type, body; the body of a refusal is one sentence."""

    status: HTTPStatus
    body: bytes
    media_type: str = TEXT


class Witness:
    """Cosigns the checkpoints of `logs` under the names of `signers`.

    `ready` says why a log may not be cosigned at all for now, None when it may; `clock` gives POSIX seconds.
    """

    def __init__(
        self, logs: Mapping[str, KnownLog], signers: tuple[Cosigner, ...], store: Store, *, clock: Callable[[], float],
        ready: Callable[[KnownLog], str | None],
    ) -> None:
        self._logs, self._signers, self._store, self._clock, self._ready = logs, signers, store, clock, ready
        self._by_path = {log.path: log for log in logs.values()}
        # Here and not around a whole request: one log's long look after the start would stand in the way of all the others.
        self._parsing = threading.BoundedSemaphore(PARSED_AT_ONCE)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request. Raises sqlite3.Error when the state cannot be read or written: nothing was signed then."""
        with self._parsing:
            try:
                request = parse_add_checkpoint(body)
            except VerificationError as fault:
                return _refused(HTTPStatus.BAD_REQUEST, str(fault))
            log = self._logs.get(request.checkpoint.origin)
            if log is None:
                return _refused(HTTPStatus.NOT_FOUND, "this witness does not know the origin")
            try:
                note = open_note(request.note, log.verifiers)
            except VerificationError as fault:
                return _refused(HTTPStatus.FORBIDDEN, str(fault))
            kept = log_note(request.note, note.signatures)
        if (reason := self._ready(log)) is not None:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        return self._step(log, request, note, kept)

    def checkpoint(self, digest: str) -> Answer:
        """The last cosigned checkpoint of the log whose origin has this hex SHA-256, with the log's lines and ours."""
        log = self._by_path.get(digest)
        cosigned = None if log is None else self._store.latest(log.origin)
        if cosigned is None:
            return _refused(HTTPStatus.NOT_FOUND, "nothing of such a log was cosigned here")
        text, lines = split_note(cosigned.note)
        return Answer(HTTPStatus.OK, format_note(text, [*(line.text for line in lines), *self._cosignatures(text, cosigned.cosigned_at)]))

    def _step(self, log: KnownLog, request: AddCheckpoint, note: Note, kept: bytes) -> Answer:
        point = request.checkpoint
        latest = self._store.latest(point.origin)
        seen = statements(point, kept, note.signatures)
        if latest is not None and latest.size == point.size and latest.root != point.root:
            # A file of before notes were remembered holds this one alone.
            seen = statements_of(latest, log) + seen
        # SPEC: "If the old size doesn't match the size of the latest checkpoint cosigned, […] respond 409".
        if request.old_size != (latest.size if latest else 0):
            self._store.remember(point.origin, seen, now=int(self._clock()))
            return _conflict(latest)
        try:
            _verify_growth(latest, request)
        except VerificationError as fault:
            if latest is not None and (point.size, point.root) == (latest.size, latest.root):
                # What was cosigned last, with a proof where none belongs: anybody can send that, and it says nothing of the log.
                self._store.remember(point.origin, seen, now=int(self._clock()))
            else:
                logger.warning("%s: a checkpoint of size %s was refused: %s", point.origin, point.size, fault)
                self._store.refuse(point.origin, seen, str(fault), now=int(self._clock()))
            return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(fault))
        # A clock that steps back must not make a later statement look like the earlier one.
        now = max(int(self._clock()), latest.cosigned_at if latest else 0)
        new = Cosigned(point.size, point.root, kept, now)
        # SPEC: "The witness MUST persist the new checkpoint before returning", and check and persist atomically: of two
        # requests that were both right a moment ago, the slower one would take the witness back to an older tree.
        if not self._store.advance(point.origin, latest, new, seen):
            return _conflict(self._store.latest(point.origin))
        return Answer(HTTPStatus.OK, "".join(self._cosignatures(note.text, new.cosigned_at)).encode())

    def _cosignatures(self, text: str, timestamp: int) -> list[str]:
        return [signer.sign(text, timestamp) for signer in self._signers]


def _verify_growth(latest: Cosigned | None, request: AddCheckpoint) -> None:
    """Check the checkpoint against the last one cosigned. Raises VerificationError."""
    point = request.checkpoint
    if point.size == 0 and point.root != EMPTY_ROOT:
        raise VerificationError("a tree of size 0 has the root of the empty tree")
    if latest is None or latest.size == 0:
        # SPEC: "If old size is 0, the proof MUST be empty": every tree continues the empty one.
        if request.proof:
            raise VerificationError("from the empty tree there is nothing to prove")
        return
    verify_consistency(
        old_size=latest.size, new_size=point.size, old_root=latest.root, new_root=point.root, proof=request.proof)


def log_note(data: bytes, verified: Iterable[Signature]) -> bytes:
    """The note with one verified line of each key: what strangers appended would be served under our name otherwise.

    One, because an ECDSA key can sign one text in any number of ways, and a note holds no more than so many lines.
    """
    wanted = {(line.name, line.key_id): line.signature for line in reversed(tuple(verified))}
    text, lines = split_note(data)
    found = dict.fromkeys(line.text for line in lines if wanted.get((line.name, (parts := line.decode())[0])) == parts[1])
    return format_note(text, found)


def statements(point: Checkpoint, note: bytes, verified: Iterable[Signature]) -> list[Statement]:
    """What a note says under each log key that signed it; `note` is as `log_note` gives it."""
    keys = dict.fromkeys(f"{line.name}+{line.key_id.hex()}" for line in verified)
    return [Statement(point.size, point.root, key, note) for key in keys]


def statements_of(stored: Cosigned, log: KnownLog) -> list[Statement]:
    """What the note that was cosigned last says; nothing when the operator has removed its key since."""
    try:
        note = open_note(stored.note, log.verifiers)
        return statements(parse_checkpoint(note.text), stored.note, note.signatures)
    except VerificationError:
        return []


def _conflict(latest: Cosigned | None) -> Answer:
    return Answer(HTTPStatus.CONFLICT, b"%d\n" % (latest.size if latest else 0), SIZE)


def _refused(status: HTTPStatus, sentence: str) -> Answer:
    return Answer(status, f"{sentence}\n".encode())
