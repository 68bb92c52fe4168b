"""Set-up of a service, once: folders, keys, the log's origin and its state row. May be repeated; an existing part stays as it is.

The origin is the log's identity for ever. In production it is set; in development it is drawn at random, so that two
installations never share one (design.md §5).
"""
import re
import secrets
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from common.key_files import key_path, make_seed
from ledger.keys import first_signer, log_signer
from ledger.models import LogState
from ledger.policies import log_keys_at, recorded_first_key
from ledger.sequencer.refusals import KeyMissing
from tlog.merkle import EMPTY_ROOT

KEYS = ("log", "receipt", "search", "webhook", "personal")
FOLDERS = ("keys", "log", "vault", "trust")
# A scheme-less URL of visible ASCII; "+" would end the name in a vkey.
ORIGIN = re.compile(r"[a-z0-9.:-]+(/[A-Za-z0-9._~-]+)*", re.ASCII)


def install() -> list[str]:
    """Make what is missing; one line for each thing made. Raises ImproperlyConfigured, OSError."""
    made = [f"folder {folder}" for folder in FOLDERS if _make_folder(Path(settings.VAR_DIR) / folder)]
    # A log that has begun makes no first key: it may have another by now, and the file may have been taken away. Its database may be lost.
    begun = LogState.objects.exists() or recorded_first_key(settings.ORIGIN) is not None
    made += [f"key {key_path(name)}" for name in KEYS if not (begun and name == "log") and make_seed(key_path(name))]
    return made + _make_state()


def _make_folder(folder: Path) -> bool:
    if folder.is_dir():
        return False
    folder.mkdir(parents=True, mode=0o700 if folder.name == "keys" else 0o755)
    return True


def _make_state() -> list[str]:
    state = LogState.objects.filter(pk=1).first()
    if state is not None:
        _require_same_log(state)
        return []
    origin = settings.ORIGIN or _fresh_origin()
    if not ORIGIN.fullmatch(origin):
        raise ImproperlyConfigured(f"CUNZHENG_ORIGIN={origin!r} is not a URL without scheme, such as log.example.org/2026.")
    first = recorded_first_key(origin) or first_signer(origin).verifier
    LogState.objects.create(pk=1, origin=origin, vkey=first.vkey, root=EMPTY_ROOT)
    return [f"log {origin}"]


def _fresh_origin() -> str:
    if not settings.EMBEDDED:
        raise ImproperlyConfigured("CUNZHENG_ORIGIN is not set: an operator names the log in production, for example log.example.org/2026.")
    return f"localhost/cunzheng/{secrets.token_hex(4)}"


def _require_same_log(state: LogState) -> None:
    if settings.ORIGIN not in ("", state.origin):
        raise ImproperlyConfigured(f"CUNZHENG_ORIGIN={settings.ORIGIN!r}, but this database holds {state.origin!r}: a log keeps its name.")
    try:
        log_signer(state.origin).signers([key.vkey for key in log_keys_at(timezone.now())])
    except KeyMissing as missing:
        raise ImproperlyConfigured(str(missing)) from missing
