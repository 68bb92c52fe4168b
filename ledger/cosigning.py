"""Asking witnesses for cosignatures of one signed checkpoint: all at once, within a second, in threads of their own.

What it is for: a checkpoint is published when the policy's quorum has cosigned it (`Round.outcome`). The sequencer starts a round and
goes on with its work; no transaction is open while a witness is asked.

What it does not do: publish, retry (the next round asks about a newer checkpoint), or believe an answer: a line counts only when it
verifies under the key that the policy gives for that witness. What a witness says against the log is collected here (`Cosigning.news`);
what becomes of it is for `ledger.contradictions`, because these threads have no business in the database.

Source: C2SP tlog-witness v1.0.0, tlog-policy; formats of this project, parts B and C.
"""
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http import HTTPStatus

from common.bounded_http import Answered, Limits, NoAnswer, get_any, post_for_any
from common.object_store import ObjectStore
from ledger.measurements import WITNESS, measured
from ledger.models import Checkpoint
from ledger.sequencer.refusals import WitnessAhead
from ledger.storage import tile_reader
from tlog.checkpoint import parse_checkpoint
from tlog.encoding import decimal, encode_base64
from tlog.errors import VerificationError
from tlog.note import Signature, Verifier, format_note, open_note, split_note
from tlog.policy import NO_QUORUM, Policy, Witness
from tlog.tiles import consistency_proof

logger = logging.getLogger(__name__)

BUDGET_S = 1.0
GRACE_S = 0.25
"""So long a quorum waits for the other witnesses that answered last time: their cosignatures are worth having, but no delay."""
MAX_ANSWER, MAX_PAGE = 16 * 1024, 512 * 1024
SKEW_S = 300
"""A cosignature from further ahead of our clock is not taken: no timestamp may be earlier than it (formats A7)."""
SIZE = "text/x.tlog.size"
MEANING: dict[int, str] = {HTTPStatus.FORBIDDEN: " (it does not know this log's key)", HTTPStatus.NOT_FOUND: " (it does not know this log)"}


class WitnessRefused(Exception):
    """A witness gave no cosignature; a sentence about why."""


class Contradicted(WitnessRefused):
    """What a witness knows is not continued by our checkpoint.

    `named` is a size beyond our checkpoint that it has cosigned, None when it refused the consistency proof; `page` is what it showed
    as its last checkpoint right after, unverified, None when that could not be read.
    """

    def __init__(self, sentence: str, *, named: int | None, page: bytes | None) -> None:
        super().__init__(sentence)
        self.named, self.page = named, page


@dataclass(slots=True)
class Correspondent:
    """One witness of the policy with what it last told: the size it cosigned, and whether it cosigned in the last round."""

    witness: Witness
    size: int
    thread: ThreadPoolExecutor
    answers: bool = True
    heard: "Future[int] | None" = None
    """The last question about what it cosigned last."""
    last: "Future[str] | None" = None
    taken: "Future[str] | None" = None
    """The question whose answer `news` gave last."""

    @property
    def busy(self) -> bool:
        """Still at an earlier question: a name server that hangs is bounded by the system alone, and questions would pile up behind it."""
        return any(question is not None and not question.done() for question in (self.heard, self.last))

    def note_answer(self) -> None:
        """Take in what became of the last question, however late, and say so when that is news."""
        if self.last is None:
            return
        fault = self.last.exception() if self.last.done() else TimeoutError("it does not answer in time")
        if fault is not None:
            self.note_fault(fault)
        elif not self.answers:
            logger.warning("the witness %s cosigns again", self.witness.name)
            self.answers = True

    def note_fault(self, fault: BaseException) -> None:
        if self.answers:
            logger.warning("the witness %s does not cosign: %s", self.witness.name, fault)
        self.answers = False


@dataclass(slots=True)
class Round:
    """One checkpoint before its witnesses. Not for several threads; `outcome` is asked again and again until it is over."""

    checkpoint: Checkpoint
    policy: Policy
    asked: list[tuple[Correspondent, "Future[str]"]]
    began: float = field(default_factory=time.monotonic)
    quorum_since: float | None = None

    def outcome(self) -> bytes | None:
        """The note with every cosignature so far once the quorum is there and nobody is worth waiting for; None until then."""
        text, lines = split_note(bytes(self.checkpoint.note))
        note = format_note(text, [*(line.text for line in lines), *self._lines()])
        try:
            self.policy.verify_quorum(open_note(note, self.policy.verifiers).signatures)
        except VerificationError:
            return None
        now = time.monotonic()
        self.quorum_since = self.quorum_since or now
        waiting = any(not future.done() and known.answers for known, future in self.asked)
        return None if waiting and now - self.quorum_since < GRACE_S else note

    @property
    def over(self) -> bool:
        """Everybody answered, or had the time to."""
        return all(future.done() for _, future in self.asked) or time.monotonic() - self.began > 2 * BUDGET_S

    def close(self) -> None:
        """Take in the answers that are there; the others are taken in before the next question."""
        for known, future in self.asked:
            if future.done():
                known.note_answer()

    def _lines(self) -> list[str]:
        return [future.result() for _, future in self.asked if future.done() and future.exception() is None]


class Cosigning:
    """The witnesses of a policy, one thread for each: who hangs, hangs alone. `clock`: POSIX seconds.

    `log_keys` are the keys that the log had before: what a witness cosigned last may bear only those.
    """

    def __init__(
        self, policy: Policy, store: ObjectStore, *, published_size: int, log_keys: tuple[Verifier, ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.policy, self._store, self._clock = policy, store, clock
        self.log_keys = tuple(dict.fromkeys((*policy.log_verifiers, *log_keys)))
        # The last published size is what a witness has most likely cosigned last; one that has not says so.
        self._known = [
            Correspondent(witness, published_size, ThreadPoolExecutor(1, thread_name_prefix=f"witness-{witness.name}"))
            for witness in policy.witnesses if witness.url is not None
        ]

    def heard(self, origin: str, size: int) -> bool:
        """Whether the witnesses were heard before the first signature after a start: none knows more of the log than this database.

        False when none of them answers; True at once when the policy asks for no quorum. Takes `BUDGET_S` at most and a little.
        Raises WitnessAhead.
        """
        if self.policy.quorum == NO_QUORUM:
            return True
        asked = []
        for known in self._known:
            if not known.busy:
                known.heard = known.thread.submit(self._monitored_size, known.witness, origin)
                asked.append((known, known.heard))
        wait([future for _, future in asked], timeout=1.5 * BUDGET_S)
        for known, future in asked:
            if (fault := future.exception() if future.done() else TimeoutError("it does not answer in time")) is not None:
                known.note_fault(fault)
        sizes = [(known, future.result()) for known, future in asked if future.done() and future.exception() is None]
        for known, seen in sizes:
            # SPEC: design.md §3; threats T12. A database and a storage that were restored together agree with each other.
            if seen > size:
                raise WitnessAhead(witness=known.witness.name, size=seen, ours=size)
        return bool(sizes)

    def _monitored_size(self, witness: Witness, origin: str) -> int:
        """The size that a witness cosigned last, 0 for none. Raises WitnessRefused when it cannot be told."""
        try:
            answer = monitoring_page(witness, origin)
            if answer.status == HTTPStatus.NOT_FOUND:
                return 0
            text = open_note(answer.body, self.log_keys).text
            checkpoint = parse_checkpoint(text)
        except (NoAnswer, VerificationError) as unheard:
            raise WitnessRefused(f"{type(unheard).__name__}: {unheard}") from unheard
        if checkpoint.origin != origin:
            raise WitnessRefused("its page is of another log")
        return checkpoint.size

    def ask(self, checkpoint: Checkpoint) -> Round:
        """Start a round over a signed checkpoint whose tiles are durable."""
        note, asked = bytes(checkpoint.note), []
        for known in self._known:
            known.note_answer()
            if not known.busy:
                known.last = known.thread.submit(self._cosigned, known, note)
                asked.append((known, known.last))
        return Round(checkpoint, self.policy, asked)

    def _cosigned(self, known: Correspondent, note: bytes) -> str:
        """The witness's line for this checkpoint. Raises WitnessRefused."""
        deadline = time.monotonic() + BUDGET_S
        with measured(WITNESS, known.witness.name):
            for _ in range(2):  # a witness that knows another size says which, once
                line = self._asked_once(known, note, deadline)
                if line is not None:
                    known.size = parse_checkpoint(split_note(note)[0]).size
                    return line
            raise WitnessRefused("it named two sizes in a row")

    def _asked_once(self, known: Correspondent, note: bytes, deadline: float) -> str | None:
        """A verified line; None when the witness named another size, which is remembered. Raises WitnessRefused."""
        text = split_note(note)[0]
        size = parse_checkpoint(text).size
        old = min(known.size, size)
        try:
            proof = consistency_proof(old, size, tile_reader(self._store)) if 0 < old < size else []
            body = "\n".join([f"old {old}", *map(encode_base64, proof), "", ""]).encode() + note
            limits = Limits(max(0.05, deadline - time.monotonic()), MAX_ANSWER)
            answer = post_for_any(f"{_prefix(known.witness)}/add-checkpoint", body, content_type="text/plain", limits=limits)
        except (NoAnswer, OSError, VerificationError) as away:
            raise WitnessRefused(f"{type(away).__name__}: {away}") from away
        if answer.status == HTTPStatus.CONFLICT and answer.media_type == SIZE:
            named = named_size(answer.body)
            if named > size:
                # Never a guess: either it was asked by a newer sequencer of this log, or this database is an old copy, or the log forked.
                raise self._contradicted(f"it cosigned size {named} already, and this checkpoint has {size}", known.witness, text, named)
            known.size = named
            return None
        if answer.status == HTTPStatus.OK:
            return verified_line(text, answer.body, known.witness, now=self._clock())
        # As a literal: a stranger's line breaks and escapes would forge lines of the operator's log.
        sentence = f"status {answer.status}{MEANING.get(answer.status, '')}: {answer.body[:200].decode(errors='replace').strip()!r}"
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise self._contradicted(sentence, known.witness, text)
        raise WitnessRefused(sentence)

    def _contradicted(self, sentence: str, witness: Witness, text: str, named: int | None = None) -> Contradicted:
        """Look at once at what the witness knows instead: in a moment it may know more."""
        try:
            answer = monitoring_page(witness, parse_checkpoint(text).origin)
        except NoAnswer:
            return Contradicted(sentence, named=named, page=None)
        return Contradicted(sentence, named=named, page=answer.body if answer.status == HTTPStatus.OK else None)

    def news(self) -> Iterator[tuple[str, BaseException | None]]:
        """Each answer that came since the last call, once: the witness's name, and None when it cosigned. Not for several threads."""
        for known in self._known:
            if known.last is not None and known.last.done() and known.last is not known.taken:
                known.note_answer()
                known.taken = known.last
                yield known.witness.name, known.last.exception()


def monitoring_page(witness: Witness, origin: str) -> Answered:
    """What a witness shows of this log. Raises NoAnswer."""
    url = f"{_prefix(witness)}/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"
    return get_any(url, limits=Limits(BUDGET_S, MAX_PAGE))


def _prefix(witness: Witness) -> str:
    """The witness's address; an operator may have written a slash at its end, and a doubled one is another page."""
    return (witness.url or "").rstrip("/")


def named_size(body: bytes) -> int:
    """The size in the body of a 409. Raises WitnessRefused."""
    try:
        return decimal(body.decode("ascii").removesuffix("\n"))
    except (UnicodeDecodeError, VerificationError) as fault:
        raise WitnessRefused("it answers 409 without a size") from fault


def verified_line(text: str, body: bytes, witness: Witness, *, now: float) -> str:
    """The one line of `body` that is the witness's cosignature of the checkpoint `text`. Raises WitnessRefused."""
    try:
        note = text.encode() + b"\n" + body
        opened = open_note(note, [witness.verifier])
        # The body could move the empty line, and the signature would be of another text than the checkpoint's.
        if opened.text != text:
            raise VerificationError("it is of another text")
        [signature] = opened.signatures
        [line] = [each.text for each in split_note(note)[1] if _is(each.name, *each.decode(), signature)][:1]
    except (VerificationError, ValueError) as fault:
        raise WitnessRefused(f"its answer is no cosignature of its key: {fault}") from fault
    if signature.timestamp is None or signature.timestamp > now + SKEW_S:
        raise WitnessRefused("its clock is ahead of ours")
    return line


def _is(name: str, key_id: bytes, blob: bytes, signature: Signature) -> bool:
    return (name, key_id, blob) == (signature.name, signature.key_id, signature.signature)
