"""The sequencer as a process: turns the steps at their cadences, and starts anew after trouble.

A lost race and a database or storage that is away are met in the same way: forget the memory, say so, load again. A
Refusal or anything unforeseen ends the process. Idle it asks the queue about thirty times a second, one cheap query.
"""
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection

from common.failpoints import reached
from common.failures import let_go
from common.object_store import ObjectConflictError, ObjectStore
from ledger.collection import collect_partials
from ledger.sequencer import batch
from ledger.sequencer.checkpoints import publish_checkpoint, sign_checkpoint
from ledger.sequencer.memory import Clock, Memory
from ledger.sequencer.refusals import DatabaseRefuses, LostRace, StorageConflict, StorageDamaged
from ledger.sequencer.startup import load
from ledger.sequencer.tiles import GROUP_ENTRIES, apply_tiles
from ledger.stamping import request_stamps
from tlog.errors import VerificationError
from tlog.note import Signer

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
    """One sequencer: a store, the log's signer, a clock, and the memory that `load` gave. Not for several threads."""

    def __init__(self, store: ObjectStore, signer: Signer, clock: Clock) -> None:
        self.store, self.signer, self.clock = store, signer, clock
        self.memory: Memory = load(store, signer, clock)
        self._batches = Cadence(settings.SEQUENCE_INTERVAL_S)
        self._checkpoints = Cadence(settings.CHECKPOINT_INTERVAL_S)
        self._stamps = Cadence(settings.STAMP_INTERVAL_S)
        self._collection = Cadence(COLLECT_INTERVAL_S)
        self._stamps_wanted = True

    def turn(self) -> bool:
        """Do whatever is due; True when a step was made."""
        steps = (
            (self._batches, self.sequence), (self._checkpoints, self.publish), (self._stamps, self.request_stamps),
            (self._collection, self.collect),
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
        """Steps 4 to 6 for the applied size; False when it is published."""
        if self.memory.size == self.memory.published_size:
            return False
        checkpoint = sign_checkpoint(self.memory, self.store, self.signer, self.clock)
        publish_checkpoint(self.memory, checkpoint, self.store, self.clock)
        self._stamps_wanted = True
        return True

    def request_stamps(self) -> bool:
        """Step 7; False when every authority was asked about the newest published checkpoint already."""
        if not self._stamps_wanted:
            return False
        self._stamps_wanted = not request_stamps(now=self.memory.moment(self.clock))
        reached("ledger.stamps-requested")
        return True

    def collect(self) -> bool:
        collect_partials(self.store, now=self.clock())
        return True

    def integrate(self, *, batch_entries: int = batch.BATCH_ENTRIES) -> None:
        """Steps 1 to 3 until the queue is empty, without regard to cadences; tiles are written for several batches at once."""
        while self.commit_batch(batch_entries):
            if self.memory.size - self.memory.applied_size >= GROUP_ENTRIES - batch_entries:
                apply_tiles(self.memory, self.store)
        apply_tiles(self.memory, self.store)


def run(make: Callable[[], Sequencer], stop: threading.Event) -> None:
    """Run until `stop`. Raises Refusal; what nobody foresaw ends the process with its traceback."""
    sequencer: Sequencer | None = None
    troubles = 0
    while not stop.is_set():
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
        except (OSError, DatabaseError) as broken:
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
