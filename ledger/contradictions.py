"""What becomes of what a witness says against the log: incidents, and proofs where its word can be proven.

A size that the log does not know is an incident (`witness-ahead`), which ends by itself when that witness cosigns again; a size that
a newer sequencer of this database published is known. Whatever the witness shows under the log's key is held against our own
history: two histories under one key are an incident (`fork`) that no cosignature ends, and the proof is kept as files.

A witness is not believed: without a note under the log's key there is no fork, and a refusal of what continues the witness's own
page is the witness's mistake, and a line in the operator's log. Nor does it stop anything: whether a checkpoint is published is for
the quorum alone, or one broken witness could hold up the log.

What this does not do: ask witnesses (`ledger.cosigning`), judge notes (`ledger.forks`). It runs in the sequencer's own thread, outside
transactions; the network is asked in a thread, which knows nothing of the database.

Source: threats T12, T14; formats part C.
"""
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from common.object_store import ObjectStore
from ledger.cosigning import Contradicted, Cosigning
from ledger.forks import LOOK_S, Examined, Verdict, examine, keep, open_seen, public_words, tiles_at
from ledger.incidents import FORK, WITNESS_AHEAD, end_incident, open_incident
from ledger.models import Checkpoint, Incident
from ledger.selectors import log_state
from ledger.sequencer.memory import Clock
from ledger.storage import tile_reader
from tlog.errors import VerificationError
from tlog.note import Verifier
from tlog.policy import Policy

logger = logging.getLogger(__name__)

QUIET_S = 60.0
"""Contradictions of one kind and witness are taken in so far apart: who changes its mind every second fills neither log nor disk."""
PATIENCE_S = 2 * LOOK_S
"""An examination that hangs, at a name server for example, holds up no incident for longer."""
UNREAD = "it shows no checkpoint under this log's key"
PROVEN_BEFORE = "the proof against it is kept already"


@dataclass(frozen=True, slots=True)
class Case:
    """One contradiction under examination: the size that the witness named, how large the log was then, and the keys it ever had."""

    witness: str
    named: int | None
    ours: int
    log_keys: tuple[Verifier, ...]
    examination: "Future[Examined]"
    begun: float


class Contradictions:
    """The contradictions of one sequencer's witnesses. Not for several threads."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fork-proof")
        self._cases: list[Case] = []
        self._quiet_until: dict[tuple[str, bool], float] = {}
        self._well: set[str] = set()

    def take_in(self, cosigning: Cosigning) -> None:
        """Take in the answers that came, and what was found out since. Raises DatabaseError; call it outside a transaction."""
        for name, fault in cosigning.news():
            if fault is None:
                self._cosigned(name)
            elif isinstance(fault, Contradicted):
                self._contradicted(name, fault, cosigning)
        self._conclude_cases()

    def _cosigned(self, name: str) -> None:
        if name not in self._well:
            end_incident(WITNESS_AHEAD, name, how="the witness cosigns again", now=self._clock())
            self._well.add(name)

    def _contradicted(self, name: str, said: Contradicted, cosigning: Cosigning) -> None:
        state = log_state()
        if said.named is not None and said.named <= state.size:
            return  # a newer sequencer of this very database asked before us
        kind = name, said.named is not None
        if time.monotonic() < self._quiet_until.get(kind, 0):
            return
        self._quiet_until[kind] = time.monotonic() + QUIET_S
        examination = self._examination(name, said.page, cosigning, state.origin)
        self._cases.append(Case(name, said.named, state.size, cosigning.log_keys, examination, time.monotonic()))

    def _examination(self, name: str, page: bytes | None, cosigning: Cosigning, origin: str) -> "Future[Examined]":
        if _is_proven(name):
            return _without(PROVEN_BEFORE)
        ours = None if page is None else _our_note(page, cosigning.log_keys, origin)
        if page is None or ours is None:
            return _without(UNREAD)
        return self._thread.submit(self._examine, ours, page, cosigning.policy, cosigning.log_keys)

    def _examine(self, ours: bytes, seen: bytes, policy: Policy, keys: tuple[Verifier, ...]) -> Examined:
        """In the thread: storage and network, no database."""
        # SPEC: tlog-policy: a log's address is where its tiles are served; the other history may be the one that the public sees.
        others = [tiles_at(url) for url in dict.fromkeys(log.url for log in policy.logs) if url is not None]
        return examine(ours, seen, read_ours=tile_reader(self._store), others=others, verifiers=keys)

    def _conclude_cases(self) -> None:
        for case in list(self._cases):
            if case.examination.done() or time.monotonic() - case.begun > PATIENCE_S:
                self._cases.remove(case)
                self._conclude(case)

    def _conclude(self, case: Case) -> None:
        try:
            found, reason = case.examination.result(timeout=0), ""
        except (VerificationError, OSError, TimeoutError) as fault:
            found, reason = None, public_words(fault)
        if found is not None and found.verdict in (Verdict.PROVEN, Verdict.CONTRADICTS):
            self._fork(case, found)
        if case.named is not None:
            self._well.discard(case.witness)
            facts: dict[str, str | int] = {"size": case.named, "ours": case.ours, "proof": _proof(found) if found else f"none: {reason}"}
            if open_incident(WITNESS_AHEAD, case.witness, facts, now=self._clock()) and found and found.verdict == Verdict.LARGER:
                self._keep(case.witness, found)
        elif reason != PROVEN_BEFORE and (found is None or found.verdict == Verdict.CONTINUED):
            logger.error("the witness %s refuses our checkpoint, and nothing that it shows contradicts it (%s): ask its operator",
                         case.witness, reason or (found and found.reason))

    def _fork(self, case: Case, found: Examined) -> None:
        known = Incident.objects.filter(code=FORK, subject=case.witness, end=None).exists()
        if known and found.verdict != Verdict.PROVEN:
            return
        folder = self._keep(case.witness, found)
        facts: dict[str, str | int] = {
            "size": found.seen.size, "root": found.seen.root.hex(), "our_size": found.ours.size, "our_root": found.ours.root.hex(),
            "proof": _proof(found), "files": folder,
        }
        open_incident(FORK, case.witness, facts, now=self._clock())
        if found.verdict == Verdict.PROVEN:
            keys = " ".join(f"--log {key.vkey}" for key in case.log_keys)
            logger.critical(
                "PROOF that this log's key signed two histories is in %s; anybody verifies it with: "
                "python -m tlog verify-fork %s/a %s/b %s", folder, folder, folder, keys)

    def _keep(self, witness: str, found: Examined) -> str:
        """The folder below `var` with what was found; "" when it could not be written, which must not stop the log."""
        try:
            folder = keep(found.files, witness=witness, now=self._clock())
        except OSError as full:
            logger.error("what the witness %s showed could not be kept: %s", witness, type(full).__name__)
            return ""
        return f"forks/{folder.name}"


def _our_note(page: bytes, keys: tuple[Verifier, ...], origin: str) -> bytes | None:
    """Our checkpoint to hold against a witness's page: that of its size, else the newest; None when the page is not the log's."""
    try:
        size = open_seen(page, keys, origin).size
    except VerificationError:
        return None
    row = Checkpoint.objects.filter(size=size).first() or Checkpoint.objects.order_by("-size").first()
    return None if row is None else bytes(row.note)


def _without(reason: str) -> "Future[Examined]":
    """An examination that is over before it began."""
    over: Future[Examined] = Future()
    over.set_exception(VerificationError(reason))
    return over


def _is_proven(name: str) -> bool:
    facts = Incident.objects.filter(code=FORK, subject=name, end=None).values_list("facts", flat=True).first()
    return facts is not None and not str(facts.get("proof", "")).startswith("none")


def _proof(found: Examined) -> str:
    return found.reason if found.verdict == Verdict.PROVEN else f"none: {found.reason}"
