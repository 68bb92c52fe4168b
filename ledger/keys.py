"""The two keys of the log room. `log.key` is read by the sequencer (and once by `init_service`); web processes read `receipt.key` only."""
from functools import lru_cache
from pathlib import Path

from common.key_files import key_path, read_seed
from tlog.note import Signer
from tlog.receipt import KEY_SUFFIX


def log_signer(origin: str) -> Signer:
    """The log's own signer; its key name is the origin. Raises ImproperlyConfigured when the key file is not usable."""
    return _signer(origin, key_path("log"))


def receipt_signer(origin: str) -> Signer:
    """The signer of receipts and case heads, `<origin>/receipt`. Raises ImproperlyConfigured when the key file is not usable."""
    return _signer(origin + KEY_SUFFIX, key_path("receipt"))


@lru_cache(maxsize=8)
def _signer(name: str, path: Path) -> Signer:
    return Signer.from_seed(name, read_seed(path))
