"""The keys of the log room, as files below `var/keys`. Those of the log are read by the sequencer and by an operator's commands only; web
processes read `receipt.key`.

    log.key   log-<key id>.key   receipt.key

The log began with `log.key`; each later key has a file of its own. Which of them sign is not said here: a policy names the keys in force
(`ledger.policies`), and a file that none names signs nothing.
"""
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from common.key_files import fresh_seed, keep_seed, key_path, read_seed
from ledger.sequencer.refusals import KeyMissing
from tlog.note import Signer
from tlog.receipt import KEY_SUFFIX


class LogSigner:
    """The log's own signers; their key name is the origin. The files are read anew each time: a key is added while the service runs."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def signers(self, vkeys: Collection[str]) -> tuple[Signer, ...]:
        """A signer for each public key, in their order.

        Raises KeyMissing when one has no file, ImproperlyConfigured when a key file cannot be used.
        """
        folder = key_path("log").parent
        found = {signer.vkey: signer for signer in (_signer(self._origin, path) for path in sorted(folder.glob("log*.key")))}
        for vkey in vkeys:
            if vkey not in found:
                raise KeyMissing(folder=str(folder), vkey=vkey)
        return tuple(found[vkey] for vkey in vkeys)


def log_signer(origin: str) -> LogSigner:
    """What signs checkpoints; nothing is read yet."""
    return LogSigner(origin)


def first_signer(origin: str) -> Signer:
    """The signer of `log.key`, with which a log begins. Raises ImproperlyConfigured when the key file is not usable."""
    return _signer(origin, key_path("log"))


def make_log_key(origin: str) -> Signer:
    """Make a further key of the log, durable, in a file of its own; it signs nothing before a policy names it. Raises OSError."""
    seed = fresh_seed()
    signer = Signer.from_seed(origin, seed)
    keep_seed(log_key_path(signer.verifier.key_id), seed)
    return signer


def log_key_path(key_id: bytes) -> Path:
    """The file of a log key that is not the first; `key_id` is 4 bytes."""
    return key_path(f"log-{key_id.hex()}")


def receipt_signer(origin: str) -> Signer:
    """The signer of receipts and case heads, `<origin>/receipt`. Raises ImproperlyConfigured when the key file is not usable."""
    return _kept_signer(origin + KEY_SUFFIX, key_path("receipt"))


@lru_cache(maxsize=8)
def _kept_signer(name: str, path: Path) -> Signer:
    return _signer(name, path)


def _signer(name: str, path: Path) -> Signer:
    return Signer.from_seed(name, read_seed(path))
