"""What `notifications` seals: AES-256-GCM under `var/keys/webhook.key`, bound to its place.

Secrets of webhooks (the place is the endpoint's ref), addresses and numbers that people chose, codes of SMS, applicants' addresses.

    row: nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes); additional data: the place

This protects against whoever gets the database alone, a dump, a replica, a backup or a statement in a log: without the key file no
secret and no address can be read, and one moved to another row does not open. It does not protect against whoever runs code as the service,
or has the file too; keep backups of keys apart from those of the database. Web processes and workers read the file, the sequencer
need not. A lost file makes every endpoint's secret useless: rotate each of them. Addresses are unreadable then, and people choose again;
letters and codes that were under way are not sent.

An HMAC's secret has to be known to sign, so that it cannot be kept as a digest as API keys are.
Source: NIST SP 800-38D.
"""
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

from common.key_files import key_path, read_seed

KEY = "webhook"
NONCE_BYTES = 12
PURPOSE = b"cunzheng/webhook-secret/v1\n"


class SealedElsewhere(ImproperlyConfigured):
    """Another key file sealed it, or for another place: it stays unreadable, however often it is tried."""


def seal_secret(secret: bytes, place: str) -> bytes:
    """`secret` as a row holds it. Raises ImproperlyConfigured when the key file cannot be used."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher().encrypt(nonce, secret, PURPOSE + place.encode())


def open_secret(sealed: bytes, place: str) -> bytes:
    """What a row holds. Raises ImproperlyConfigured when the key file cannot be used, SealedElsewhere when another one sealed it."""
    try:
        return _cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], PURPOSE + place.encode())
    except InvalidTag as wrong:
        raise SealedElsewhere(f"A secret or an address was not sealed with {key_path(KEY)} for its place.") from wrong


def place_of_channel(person_id: int, kind: str) -> str:
    """What a person's address is bound to. An endpoint's ref is 32 hex digits, so nothing sealed for one opens for the other."""
    return f"person:{person_id}:{kind}"


def place_of_code(person_id: int, ref: str) -> str:
    """What the code of one SMS is bound to."""
    return f"code:{person_id}:{ref}"


def place_of_applicant(reference: str) -> str:
    """What an applicant's address is bound to."""
    return f"application:{reference}"


def _cipher() -> AESGCM:
    return AESGCM(read_seed(key_path(KEY)))
