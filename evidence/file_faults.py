"""What is wrong with a stored original: its bytes, where it lies or lies a second time, held against its record's claim in the log.

Reads and says; what follows from it is others' (`evidence.fixity`, `evidence.repairs`, `evidence.fsck`). The sentences are of a closed
list that those three tell apart. Source: threats 1.1, T13, T15.
"""
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from common.object_store import ObjectStore
from evidence.errors import ClaimsErased
from evidence.models import EvidenceFile
from evidence.record_keys import claims_in, open_at
from tlog.canonical import Json
from tlog.claims import verify_claim
from tlog.digests import Hasher, new_sha256, new_sm3
from tlog.errors import VerificationError
from tlog.statement import parse_statement
from vault.errors import KeyUnavailable, OriginalDamaged
from vault.storage import vault_store

Claim = dict[str, Json]
FAST: Final = ("sha256",)
"""No accident and no forger gets past SHA-256, which processors compute fastest."""
BOTH: Final = ("sha256", "sm3")
NEW: Final[Mapping[str, Callable[[], Hasher]]] = {"sha256": new_sha256, "sm3": new_sm3}
CHANGED: Final = "the original has changed"
UNREADABLE: Final = "the original cannot be read"
MISSING: Final = f"{UNREADABLE} (FileNotFoundError)"
KEY_AWAY: Final = f"{UNREADABLE} (KeyUnavailable)"
"""The key that wrapped its record's is not here: one organisation's key must not keep the others' originals from being read."""
IN_CACHE: Final = 1 << 18
"""What is decrypted is digested while the processor's cache still holds it: by the mebibyte it took a fifth longer (measured)."""


def file_fault(row: EvidenceFile, store: ObjectStore | None = None) -> str | None:
    """What is wrong with the original or, in `store`, its second copy; None when it is what the claim says.

    The row comes with its record and its object.
    """
    claim = claim_or_fault(row)
    return claim if isinstance(claim, str) else original_fault(row, claim, by=FAST, store=store)


def original_fault(row: EvidenceFile, claim: Mapping[str, Json], *, by: Sequence[str], store: ObjectStore | None = None) -> str | None:
    """The same by these digests, where the claim is known. Asks the database nothing."""
    digests = {algorithm: NEW[algorithm]() for algorithm in by}
    try:
        with open_at(row, store or vault_store()) as file:
            while block := file.read(IN_CACHE):
                for digest in digests.values():
                    digest.update(block)
    except (OSError, ValueError) as broken:
        return f"{UNREADABLE} ({type(broken).__name__})"
    except KeyUnavailable:
        return KEY_AWAY
    except OriginalDamaged:
        return f"{CHANGED}: it does not decrypt"
    except VerificationError as damaged:
        return str(damaged)
    return None if all(digest.digest().hex() == claim[algorithm] for algorithm, digest in digests.items()) else CHANGED


def claim_or_fault(row: EvidenceFile) -> Claim | str:
    """The value of the file's claim; a sentence when it is missing, not what the statement lists, or cannot be opened now."""
    name, record = f"files/{row.position}", row.evidence
    try:
        listed = {each.name: each for each in parse_statement(bytes(record.statement), record.record).claims}
        held = {each.name: each for each in claims_in(record)}
        if name not in listed or name not in held:
            return f"there is no claim {name}"
        value = verify_claim(name, held[name].data, held[name].salt, listed[name].sha256, listed[name].sm3)
    except VerificationError as damaged:
        return str(damaged)
    except KeyUnavailable:
        return KEY_AWAY
    except ClaimsErased:
        return "the record's key or claims are gone, and no erasure is logged"
    assert isinstance(value, dict)
    return value
