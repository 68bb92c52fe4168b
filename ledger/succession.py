"""The log that goes on after a closed or frozen one: prepared before the closing, opened after the final checkpoint.

    <folder>/keys/{log,receipt,search}.key   policy.txt   trust/tsa/*.pem   predecessor.json

A successor is another installation: its own folder, origin, keys and database. `predecessor.json` is all that it needs of the old one: the
final checkpoint with the policy that judges it, and organisations with their API keys, so that clients change nothing but the address. Its
first entry names its predecessor's end, so that whoever follows the one log finds the other, in both directions.

What this does not do: carry records or cases. A case begins anew in the successor: a package of either log is complete by itself.

Source: design.md §4 ("a new origin per period, old shard frozen with a final checkpoint"); docs/adr/0013.
"""
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts.handover import Accounts, accounts_in, accounts_out
from common.key_files import make_seed, read_seed
from ledger.closing import final_checkpoint
from ledger.installation import FOLDERS, KEYS, ORIGIN, install
from ledger.models import LogState, OwnStatement
from ledger.own_statements import claims_of, write_own_statement
from ledger.selectors import Closing, Successor, log_state
from tlog.canonical import Json
from tlog.encoding import encode_base64
from tlog.note import Signer
from tlog.policy import parse_policy, verify_checkpoint

PREDECESSOR = "predecessor"
HANDOVER = "predecessor.json"


@dataclass(frozen=True, slots=True)
class Handover:
    """What the old log hands to the new one. `note` is the final checkpoint, `policy` the one that it was published under.

    `closing_record` is None when the old log was frozen and could not say a last word.
    """

    predecessor_vkey: str
    closing_record: str | None
    note: str
    policy: str
    successor_origin: str
    successor_vkey: str
    accounts: Accounts


def prepare(folder: Path, origin: str, url: str) -> Successor:
    """Make the successor's folders and keys; may be repeated. Raises ImproperlyConfigured, OSError."""
    if not ORIGIN.fullmatch(origin) or origin == log_state().origin:
        raise ImproperlyConfigured(f"{origin!r} is not a name for a new log: a URL without scheme that no other log bears.")
    if folder.resolve() == Path(settings.VAR_DIR).resolve():
        raise ImproperlyConfigured(f"{folder} is this log's own folder: the successor needs one of its own.")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700 if name == "keys" else 0o755)
    for name in KEYS:
        make_seed(folder / "keys" / f"{name}.key")
    return Successor(origin, Signer.from_seed(origin, read_seed(folder / "keys" / "log.key")).vkey, url)


def hand_over(folder: Path, successor: Successor, said: Closing | None) -> Path:
    """Write what the successor is opened with; may be repeated. The file's path. `said` is None for a frozen log.

    Raises VerificationError when the final checkpoint lacks its quorum, OSError.
    """
    final = final_checkpoint(log_state())
    closing_record = None if said is None else said.record
    handover = Handover(
        final.vkey, closing_record, final.note.decode(), final.policy, successor.origin, successor.vkey, accounts_out())
    roots = Path(settings.VAR_DIR) / "trust" / "tsa"
    if roots.is_dir():
        shutil.copytree(roots, folder / "trust" / "tsa", dirs_exist_ok=True)
    if settings.POLICY and not (folder / "policy.txt").exists():
        (folder / "policy.txt").write_text(successor_policy(final.policy, successor), encoding="utf-8")
    path = folder / HANDOVER
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({name: getattr(handover, name) for name in Handover.__slots__}, file, ensure_ascii=False, indent=1)
    return path


def successor_policy(text: str, successor: Successor) -> str:
    """The same witnesses and quorum for the new log's key."""
    kept = [line for line in text.splitlines() if line.split()[:1] != ["log"]]
    address = f" {successor.url.rstrip('/')}/log" if successor.url else ""
    return "\n".join([f"log {successor.vkey}{address}", *kept, ""])


def read_handover(path: Path) -> Handover:
    """What `hand_over` wrote. Raises ImproperlyConfigured when it cannot be read."""
    try:
        return Handover(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as unusable:
        raise ImproperlyConfigured(f"{path} is not what `manage.py close_log` wrote: write it again.") from unusable


def predecessor_claim(handover: Handover) -> dict[str, Json]:
    """The value of the claim `predecessor`: where the old log ended. Raises VerificationError unless its policy's quorum cosigned that."""
    end = verify_checkpoint(handover.note.encode(), parse_policy(handover.policy))
    return {
        "origin": end.origin, "vkey": handover.predecessor_vkey, "size": end.size, "root": encode_base64(end.root),
        "closing": handover.closing_record,
    }


def open_successor(handover: Handover, *, now: datetime) -> bool:
    """Open the log of this installation as the successor, in one transaction: log, accounts, first entry. False when it was open before.

    Raises ImproperlyConfigured when this installation is another log, or not the one that the closing named; VerificationError.
    """
    claim = predecessor_claim(handover)
    if handover.successor_origin != settings.ORIGIN:
        raise ImproperlyConfigured(f"CUNZHENG_ORIGIN={settings.ORIGIN!r}, but the closed log named {handover.successor_origin!r}.")
    with transaction.atomic():
        if LogState.objects.filter(pk=1).exists():
            if _predecessor_named() != claim:
                raise ImproperlyConfigured("This database holds a log already: a successor needs a database of its own.")
            return False
        install()
        if log_state().vkey != handover.successor_vkey:
            raise ImproperlyConfigured(f"The key in {settings.VAR_DIR} is not {handover.successor_vkey}, which the closed log named.")
        accounts_in(handover.accounts)
        write_own_statement("key", {PREDECESSOR: claim}, now=now)
    return True


def _predecessor_named() -> Mapping[str, Json] | None:
    first = OwnStatement.objects.order_by("id").first()
    claim = None if first is None else claims_of(first).get(PREDECESSOR)
    return claim if isinstance(claim, dict) else None
