"""Examine the whole log from its entries up: every tile, root, index, signature, promise and stamp is derived or verified again.

It names what is wrong and where; it mends nothing. It may run while the service works: the database is read in one
snapshot, and what looks wrong in storage is judged by the state afterwards.
"""
from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from common.append_only import missing_guards
from ledger.fsck.bundles import examine_bundles
from ledger.fsck.checkpoints import examine_checkpoints, examine_copy
from ledger.fsck.entries import EntryWalk
from ledger.fsck.finding import EXAMINATIONS, Finding, register_examination
from ledger.fsck.objects import examine_objects
from ledger.fsck.own_statements import examine_own_statements
from ledger.fsck.promises import examine_promises
from ledger.fsck.renewals import examine_renewals
from ledger.fsck.snapshot import Examined, snapshot, state_now
from ledger.fsck.stamps import examine_stamps
from ledger.selectors import log_state
from ledger.storage import log_store
from tlog.errors import VerificationError
from tlog.note import Verifier

__all__ = ["EXAMINATIONS", "Finding", "examine_bundles", "examine_log", "register_examination"]


def examine_log() -> Iterator[Finding]:
    """Every finding in the log; nothing when all is well. Call it outside a transaction."""
    for name in missing_guards(connection):
        yield Finding(name, "the append-only guard is missing or disabled")
    with snapshot():
        try:
            state = log_state()
        except ImproperlyConfigured:
            yield Finding("ledger_logstate", "the row is missing, or the service was never set up")
            return
        try:
            verifier = Verifier.from_vkey(state.vkey)
        except VerificationError as malformed:
            yield Finding("ledger_logstate", f"vkey: {malformed}")
            return
        examined = Examined(state, log_store(), verifier)
        walk = EntryWalk(examined)
        yield from walk.examine()
        yield from examine_checkpoints(examined)
        yield from examine_promises(examined)
        yield from examine_stamps()
        yield from examine_renewals()
        yield from examine_own_statements()
    now = state_now()
    yield from examine_objects(examined, walk.edge, now)
    yield from examine_copy(examined, now)
