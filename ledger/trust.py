"""The trust folder of formats A5: what a verifier needs besides a package, for convenience; it proves nothing by itself.

    policy.txt   policies/<end>.txt (earlier ones)   receipt.vkey   tsa/<id>.pem

And what follows from the policies: whose quorum a published checkpoint bears, and since when one is missing.
"""
import ssl
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from django.utils import timezone

from ledger.authorities import on_this_machine
from ledger.errors import AuthoritiesMisconfigured
from ledger.models import PublishedCheckpoint
from ledger.pinned import retired_roots
from ledger.policies import log_keys_at, policies, policy_at, policy_in_force
from ledger.policy_text import MOMENT
from ledger.receipts import receipt_vkey
from ledger.selectors import unpublished_since
from ledger.stamping import authorities, authority_ids
from ledger.witness_silence import unheard_since
from tlog.errors import VerificationError
from tlog.note import Verifier, open_note
from tlog.policy import NO_QUORUM, parse_policy

PATIENCE = timedelta(seconds=10)
"""Longer than witnesses usually take."""


class Quorum(NamedTuple):
    """The witnesses, by their names in the policy, whose cosignatures are its quorum, of so many in the policy."""

    names: tuple[str, ...]
    of: int


def policy_text() -> str:
    """The tlog-policy in force."""
    return policy_at(timezone.now()).text


def earlier_policies() -> dict[str, str]:
    """Texts of the policies that were replaced, by their (exclusive) end as formats A5 spells it."""
    begun = [known for known in policies() if known.since <= timezone.now()]
    return {f"{later.since:{MOMENT}}": earlier.text for earlier, later in pairwise(begun)}


def witness_verifiers() -> tuple[Verifier, ...]:
    """The keys of every witness of every policy, each once; none without a policy file, whatever the log's own key is."""
    found = {(key.name, key.key_id): key for known in policies() if "\nwitness " in known.text for key in known.policy.witness_verifiers}
    return tuple(found.values())


def witnesses_on_this_machine() -> set[str]:
    """Those of the policy's witnesses that run on this very machine: they prove nothing to anybody else."""
    return {witness.name for witness in policy_in_force().witnesses if on_this_machine(witness.url)}


def quorum_missing_since(now: datetime) -> datetime | None:
    """Since when committed entries wait for the policy's quorum, or the sequencer for any witness to answer.

    None while neither has waited longer than witnesses usually take.
    """
    if policy_in_force().quorum == NO_QUORUM:
        return None
    since = min((since for since in (unpublished_since(), unheard_since(now)) if since is not None), default=None)
    return since if since is not None and now - since > PATIENCE else None


def quorums_of(sizes: Collection[int]) -> dict[int, Quorum]:
    """Those published checkpoints that bear the quorum of the policy under which they were published.

    Not among them is what was published under a policy without a quorum: what nobody was asked for is not called witnessed.
    """
    known = policies() if sizes else []
    rows = PublishedCheckpoint.objects.filter(size__in=sizes).values_list("size", "note", "published_at")
    found = {size: _quorum_of(bytes(note), policy_at(at, known).text) for size, note, at in rows}
    return {size: quorum for size, quorum in found.items() if quorum is not None}


# A list of a hundred records asks about a handful of checkpoints, again and again; a note never changes.
@lru_cache(maxsize=1024)
def _quorum_of(note: bytes, text: str) -> Quorum | None:
    policy = parse_policy(text)
    if policy.quorum == NO_QUORUM:
        return None
    try:
        signatures = open_note(note, policy.verifiers).signatures
        policy.verify_log(signatures)
        return Quorum(tuple(witness.name for witness in policy.verify_quorum(signatures)), len(policy.witnesses))
    except VerificationError:
        return None


def vkeys_text() -> str:
    """The log's public keys in force, two while it changes them, and the receipt's, one a line."""
    return "".join(f"{vkey}\n" for vkey in (*(key.vkey for key in log_keys_at(timezone.now())), receipt_vkey()))


def trust_files() -> dict[str, bytes]:
    """Path in the trust folder → bytes. Raises ImproperlyConfigured when the log is not set up, AuthoritiesMisconfigured."""
    files = {"policy.txt": policy_text().encode(), "receipt.vkey": f"{receipt_vkey()}\n".encode()}
    files |= {f"policies/{end}.txt": text.encode() for end, text in earlier_policies().items()}
    for authority in authorities():
        roots = dict.fromkeys(authority.roots)
        files[f"tsa/{authority.id}.pem"] = _pem(roots)
    # An authority that is not asked any more has stamped what its roots still have to prove.
    try:
        retired = retired_roots(authority_ids())
    except ValueError as wrong:
        raise AuthoritiesMisconfigured from wrong
    return files | {f"tsa/{name}": _pem(dict.fromkeys(roots)) for name, roots in retired.items()}


def _pem(certificates: Iterable[bytes]) -> bytes:
    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode()
