"""Whose signatures the newest checkpoint bears, by name: the log's, and each witness's with the time that it states."""
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from ledger.authorities import on_this_machine
from tlog.errors import VerificationError
from tlog.note import Signature, open_note
from tlog.policy import Policy


class ListedWitness(NamedTuple):
    """A witness of the policy, when it cosigned the newest published checkpoint (None: it did not), and whether it is a test's stand-in."""

    name: str
    vkey: str
    cosigned_at: datetime | None
    test: bool


class Signatures(NamedTuple):
    """`log` has the name of each log key that signed; `witnesses` all of the policy, cosigned or not."""

    log: tuple[str, ...]
    witnesses: tuple[ListedWitness, ...]


def signatures_of(note: bytes | None, policy: Policy) -> Signatures:
    """The signatures of a note that verify under the policy; none, with the policy's witnesses, while there is no note.

    The newest note may be of an earlier policy, none of whose keys is left: nothing in it counts then.
    """
    found: dict[tuple[str, bytes], Signature] = {}
    with suppress(VerificationError):
        found = {} if note is None else {(each.name, each.key_id): each for each in open_note(note, policy.verifiers).signatures}
    log = tuple(each.name for each in policy.log_verifiers if (each.name, each.key_id) in found)
    return Signatures(log, tuple(
        ListedWitness(
            each.name, each.verifier.vkey, _time(found.get((each.verifier.name, each.verifier.key_id))), test=on_this_machine(each.url))
        for each in policy.witnesses))


def _time(signature: Signature | None) -> datetime | None:
    return None if signature is None or signature.timestamp is None else datetime.fromtimestamp(signature.timestamp, UTC)
