"""Receipts and case heads: what the web signs, with the receipt key, about time and order.

Ed25519 is deterministic, so a receipt signed again after a crash has the same bytes. What this does not do: insert the
receipt's row (`ledger.services.promise`) or look into the log.
Source: formats A3, A5; C2SP signed-note.
"""
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured

from ledger.keys import receipt_signer
from ledger.models import Receipt
from ledger.selectors import log_origin
from tlog.note import sign_note
from tlog.receipt import format_case_head


def signed_receipt(receipt: Receipt) -> str:
    """The receipt as a signed note; call it after the row's commit: a signature over a promise that was rolled back binds us."""
    signer = receipt_signer(log_origin())
    if receipt.key_id != signer.verifier.key_id.hex():
        raise ImproperlyConfigured(f"Receipt {receipt.pk} was promised under the key {receipt.key_id}: this is not the receipt key here.")
    return sign_note(receipt.text, [signer]).decode()


def sign_case_head(ref: str, sequence: int, statement_sha256: bytes, time: datetime) -> bytes:
    """The note that states how far a case went at `time`: 32 hex digits, sequence ≥ 1, 32 bytes."""
    text = format_case_head(ref=ref, sequence=sequence, statement_sha256=statement_sha256, time=int(time.timestamp()))
    return sign_note(text, [receipt_signer(log_origin())])


def receipt_vkey() -> str:
    """The public key under which receipts verify."""
    return receipt_signer(log_origin()).vkey
