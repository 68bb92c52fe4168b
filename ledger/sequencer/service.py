"""The sequencer as a process: turns the steps at their cadences, and starts anew after trouble.

A lost race and a database or storage that is away are met in the same way: forget the memory, say so, load again. A
Refusal or anything unforeseen ends the process. Idle it asks the queue about thirty times a second, one cheap query.
"""
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, connection

from common.failpoints import reached
from common.failures import DATABASE_FAILURES, let_go
from common.object_store import ObjectConflictError, ObjectStore
from common.stopping import Stop
from ledger.announcing import say_in_force
from ledger.closing import finish_closing
from ledger.collection import collect_partials
from ledger.contradictions import Contradictions
from ledger.cosigning import Cosigning, Round
from ledger.keys import LogSigner
from ledger.policies import adopt_policy, keep_copies, log_verifiers, policies, policy_at
from ledger.sequencer import batch
from ledger.sequencer.checkpoints import publish_checkpoint, sign_checkpoint
from ledger.sequencer.memory import Clock, Memory
from ledger.sequencer.refusals import DatabaseRefuses, LogIsClosed, LostRace, StorageConflict, StorageDamaged
from ledger.sequencer.startup import load
from ledger.sequencer.tiles import apply_tiles
from ledger.stamping import request_stamps
from ledger.witness_silence import say_heard, say_unheard
from tlog.errors import VerificationError

logger = logging.getLogger(__name__)

POLL_S = 0.03
COLLECT_INTERVAL_S = 300.0
LONGEST_PAUSE_S = 5.0


@dataclass(slots=True)
class Cadence:
    """Something that is due at most every `interval_s` seconds; due at once in the beginning."""

    interval_s: float
    last: float = float("-inf")

    def due(self) -> bool:
        return time.monotonic() - self.last >= self.interval_s

    def done(self) -> None:
        self.last = time.monotonic()


class Sequencer:
    """One sequencer: a store, the log's signers, a clock, and the memory that `load` gave. Not for several threads."""

    def __init__(self, store: ObjectStore, signer: LogSigner, clock: Clock) -> None:
        self.store, self.signer, self.clock = store, signer, clock
        self.memory: Memory = load(store, signer, clock)
        self._policy = adopt_policy(now=self.memory.moment(clock))
        self._policy_ends: datetime | None = None
        self.cosigning = self._cosigning()
        self.follow_policy()
        self.contradictions = Contradictions(store, clock)
        self._heard = False
        self._round: Round | None = None
        self._quorum_missing = False
        self._batches = Cadence(settings.SEQUENCE_INTERVAL_S)
        self._checkpoints = Cadence(settings.CHECKPOINT_INTERVAL_S)
        self._stamps = Cadence(settings.STAMP_INTERVAL_S)
        self._collection = Cadence(COLLECT_INTERVAL_S)
        self._answers = Cadence(settings.CHECKPOINT_INTERVAL_S)
        self._closing = Cadence(settings.CHECKPOINT_INTERVAL_S)
        self._stamps_wanted = True

    def turn(self) -> bool:
        """Do whatever is due; True when a step was made."""
        # SPEC: design.md §3: while no witness was heard, deposits queue. What is committed on top of an old copy could not be taken back.
        batches = [(self._batches, self.sequence)] if self._heard else []
        steps = (
            *batches, (self._checkpoints, self.publish), (self._stamps, self.request_stamps),
            (self._collection, self.collect), (self._answers, self.take_in_answers), (self._closing, self.close),
        )
        made = False
        for cadence, step in steps:
            if cadence.due() and step():
                cadence.done()
                made = True
        return made

    def sequence(self) -> bool:
        """Steps 1 to 3 for one batch; False when the queue is empty."""
        if not self.commit_batch(batch.BATCH_ENTRIES):
            return False
        apply_tiles(self.memory, self.store)
        return True

    def commit_batch(self, limit: int) -> bool:
        """Steps 1 and 2 for at most `limit` queue rows; False when the queue is empty."""
        arrivals = batch.read_queue(limit)
        if not arrivals.tickets:
            return False
        batch.commit(self.memory, batch.plan(self.memory, arrivals, self.clock))
        return True

    def publish(self) -> bool:
        """Steps 4 to 6; False when the applied size is published, or while its witnesses are still being asked.

        A round that ends without a quorum counts as made: the next one, at the next cadence, is about what the log is by then.
        """
        if self._round is None:
            if not self._hear():
                return True
            if self._policy_ends is not None and self.memory.moment(self.clock) >= self._policy_ends:
                self.follow_policy()
            if self.memory.size == self.memory.published_size:
                return False
            self._round = self.cosigning.ask(sign_checkpoint(self.memory, self.store, self.signer, self.clock))
        over = self._round.over  # asked first: an answer that comes in between would otherwise be lost
        note = self._round.outcome()
        if note is None and not over:
            return False
        asked, self._round = self._round, None
        asked.close()
        self._tell(asked.checkpoint.size, missing=note is None)
        if note is None:
            return True
        reached("ledger.cosigned")
        if publish_checkpoint(self.memory, asked.checkpoint, note, self.store, self.clock, before=self._policy_ends):
            self._stamps_wanted = True
            self.follow_policy()  # what was published may have been the announcement of a change
        return True

    def _hear(self) -> bool:
        """Whether a witness has answered since this start, or none is needed; while none has, everybody can see that and since when."""
        if not self._heard:
            self._heard = self.cosigning.heard(self.memory.origin, self.memory.size)
            if self._heard:
                say_heard()
            else:
                self._tell(self.memory.size, missing=True)
                say_unheard(self.clock())
        return self._heard

    def follow_policy(self) -> None:
        """Go by the policy of this moment, and learn when it ends; who asks for a round asks its witnesses."""
        keep_copies()
        # The log's moment, not the clock's: after a step back, what is published would bear a time before the policy that it bears.
        now, known = self.memory.moment(self.clock), policies()
        current = policy_at(now, known)
        self._policy_ends = next((period.since for period in known if period.since > now), None)
        if current != self._policy:
            logger.warning("the policy of %s is in force", current.since.isoformat())
            self._policy = current
            self.cosigning = self._cosigning()
        say_in_force(current, now=now)

    def _cosigning(self) -> Cosigning:
        return Cosigning(self._policy.policy, self.store, published_size=self.memory.published_size, log_keys=log_verifiers())

    def take_in_answers(self) -> bool:
        """Let what the witnesses said become incidents, and proofs where it shows two histories; always True."""
        self.contradictions.take_in(self.cosigning)
        return True

    def _tell(self, size: int, *, missing: bool) -> None:
        """Say once that the quorum is missing, and once that it is there again."""
        if missing and not self._quorum_missing:
            logger.warning("no quorum for the checkpoint of size %s; nothing is published until it is there, and deposits go on", size)
        elif self._quorum_missing and not missing:
            logger.warning("the quorum is there again, at size %s", size)
        self._quorum_missing = missing

    def request_stamps(self) -> bool:
        """Step 7; False when every authority was asked about the newest published checkpoint already."""
        if not self._stamps_wanted:
            return False
        self._stamps_wanted = not request_stamps(now=self.memory.moment(self.clock))
        reached("ledger.stamps-requested")
        return True

    def close(self) -> bool:
        """Raises LogIsClosed when a log that takes nothing more is published and stamped to its last entry."""
        if finish_closing(self.store, self.clock):
            raise LogIsClosed(origin=self.memory.origin, size=self.memory.size)
        return True

    def collect(self) -> bool:
        collect_partials(self.store, now=self.clock())
        return True


def run(make: Callable[[], Sequencer], stop: Stop) -> None:
    """Run until `stop`. Raises Refusal; what nobody foresaw ends the process with its traceback."""
    sequencer: Sequencer | None = None
    troubles = 0
    while not stop.is_asked():
        try:
            if sequencer is None:
                sequencer = make()
                logger.info("sequencer of %s at size %s", sequencer.memory.origin, sequencer.memory.size)
            made, troubles = sequencer.turn(), 0
        except LostRace as lost:
            logger.warning("another sequencer was faster (%s); loading the log again", lost)
            sequencer, made = None, False
        except ObjectConflictError as conflict:
            raise StorageConflict(name=str(conflict)) from conflict
        except VerificationError as damaged:
            raise StorageDamaged(detail=str(damaged)) from damaged
        except IntegrityError as refused:
            raise DatabaseRefuses(detail=type(refused.__cause__ or refused).__name__) from refused
        except (OSError, *DATABASE_FAILURES) as broken:
            troubles += 1
            logger.warning("storage or database away (%s); nothing is half-written, trying again", describe(broken))
            sequencer, made = None, False
            let_go(broken)
            connection.close()
            stop.wait(min(0.1 * 2 ** min(troubles, 6), LONGEST_PAUSE_S))
        if not made:
            stop.wait(POLL_S)


def describe(broken: Exception) -> str:
    """Class and system error of a failure; never its text, which may quote a row."""
    return f"{type(broken).__name__}{f' {broken.strerror}' if isinstance(broken, OSError) and broken.strerror else ''}"
